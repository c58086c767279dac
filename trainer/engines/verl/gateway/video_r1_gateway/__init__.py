"""The gateway of the verl engine: primitives over verl's workers, spoken over a socket. It knows no question and no reward."""

PROTOCOL = 1
