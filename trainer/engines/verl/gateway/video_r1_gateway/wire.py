"""What passes over the socket: u32 length of the JSON, u32 length of the binary, the JSON in UTF-8, the binary; little endian.

An array in the binary is said in the JSON as {"$": dtype, "at": byte offset, "n": count}.
"""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

import numpy as np

MOST_JSON = 64 * 2**20
MOST_BINARY = 2**31
_DTYPES = {"f4": np.dtype("<f4"), "i4": np.dtype("<i4"), "u1": np.dtype("u1")}
_NAMES = {"float32": "f4", "int32": "i4", "uint8": "u1"}
_HEADER = struct.Struct("<II")


class GatewayError(Exception):
    """A fault that the client is told of: a code of the client's errors, what is wrong, and where known its place and remedy."""

    def __init__(self, code: str, message: str, *, place: str | None = None, remedy: str | None = None):
        super().__init__(message)
        self.code, self.place, self.remedy = code, place, remedy

    def __reduce__(self) -> tuple[Any, ...]:
        return _error, (self.code, str(self), self.place, self.remedy)

    def to_json(self) -> dict[str, str]:
        said = {"code": self.code, "message": str(self), "place": self.place, "remedy": self.remedy}
        return {key: value for key, value in said.items() if value is not None}


def _error(code: str, message: str, place: str | None, remedy: str | None) -> GatewayError:
    return GatewayError(code, message, place=place, remedy=remedy)


def encode(message: dict[str, Any]) -> bytes:
    """A message with its arrays, float32, int32 or uint8, taken out into the binary part."""
    parts: list[bytes] = []
    at = 0

    def plain(value: Any) -> Any:
        nonlocal at
        if isinstance(value, np.ndarray):
            data = np.ascontiguousarray(value).tobytes()
            said = {"$": _NAMES[value.dtype.name], "at": at, "n": int(value.size)}
            padding = -len(data) % 4
            parts.append(data + b"\0" * padding)
            at += len(data) + padding
            return said
        if isinstance(value, dict):
            return {key: plain(one) for key, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        if isinstance(value, np.generic):
            return value.item()
        return value

    text = json.dumps(plain(message), separators=(",", ":"), allow_nan=False).encode()
    return _HEADER.pack(len(text), at) + text + b"".join(parts)


def decode(text: bytes, binary: bytes) -> dict[str, Any]:
    """A message with its arrays put back. Raises GatewayError `bad-request`."""

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            return _array(value, binary) if "$" in value else {key: whole(one) for key, one in value.items()}
        return [whole(one) for one in value] if isinstance(value, list) else value

    try:
        message = whole(json.loads(text, parse_constant=_no_number))
    except (ValueError, RecursionError) as error:
        raise GatewayError("bad-request", f"A message is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise GatewayError("bad-request", "A message must be an object.")
    return message


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _array(said: dict[str, Any], binary: bytes) -> np.ndarray:
    dtype, at, count = _DTYPES.get(str(said.get("$"))), said.get("at"), said.get("n")
    if dtype is None or not isinstance(at, int) or not isinstance(count, int) or at < 0 or count < 0 or at % 4 != 0:
        raise GatewayError("bad-request", f"This names no array: {said}")
    if at + count * dtype.itemsize > len(binary):
        raise GatewayError("bad-request", f"An array of {count} ends behind the message's {len(binary)} bytes.")
    return np.frombuffer(binary, dtype, count, at)


def receive(
    connection: socket.socket, most_json: int = MOST_JSON, most_binary: int = MOST_BINARY
) -> dict[str, Any] | None:
    """The next message; None where the other end closed. Raises GatewayError `bad-request` for what is none."""
    header = _exactly(connection, _HEADER.size)
    if header is None:
        return None
    json_bytes, binary_bytes = _HEADER.unpack(header)
    if json_bytes > most_json or binary_bytes > most_binary:
        raise GatewayError("bad-request", f"A message of {json_bytes} and {binary_bytes} bytes is too long.")
    text = _exactly(connection, json_bytes)
    binary = _exactly(connection, binary_bytes)
    return None if text is None or binary is None else decode(text, binary)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    data = bytearray(count)
    view = memoryview(data)
    while view:
        got = connection.recv_into(view)
        if got == 0:
            return None
        view = view[got:]
    return bytes(data)
