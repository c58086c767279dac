"""How the rows of a pass are laid out for the model: their tokens, what each may see, and where what is wanted is predicted."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from .plan import Medium, Prompt, Row, Sequence

_NOTHING = Prompt(np.zeros(1, np.int32), np.zeros((3, 1), np.int32), 1, 0, ())
NO_ROWS = [Row(_NOTHING, (Sequence(_NOTHING, np.zeros(1, np.int64), -1, 0),))]
"""What a rank without work passes through the model, as all ranks share the weights."""


@dataclass(frozen=True)
class Layout:
    """`scored` and the places of media count the tokens of all rows, padding too."""

    ids: Tensor
    """[rows, tokens]"""
    positions: Tensor
    """[4, rows, tokens]: place in the sequence, time, row, column"""
    allowed: Tensor | None
    """[rows, 1, tokens, tokens] whether a token sees another; None where each sees those before it in its row."""
    scored: Tensor
    """[scored] tokens behind which one is wanted: the answers' in the order of sequences, then the prompts'."""
    labels: Tensor
    """[scored] the tokens wanted there"""
    seen: Tensor
    """[vision tokens] places of the media's tokens, in the order of `media`"""
    media: tuple[Medium, ...]
    answers: tuple[tuple[Sequence, slice], ...]
    """Where among the scored each sequence's answer stands."""
    prompts: tuple[slice, ...]
    """The same of each sequence's prompt, where prompts are scored; sequences of one row share them."""

    def to(self, device: torch.device | str | int) -> "Layout":
        tensors = {one.name: value for one in fields(self) if isinstance(value := getattr(self, one.name), Tensor)}
        return replace(self, **{name: value.to(device) for name, value in tensors.items()})


def lay_out(rows: list[Row], *, packed: bool, prompts: bool) -> Layout:
    """Rows one under the other, padded on the right; `packed` puts them behind one another instead, as flash attention wants them.

    `prompts` has the tokens of prompts scored too, those that stand for media never.
    """
    lengths = [row.length for row in rows]
    width = sum(lengths) if packed else max(lengths)
    shape = (1, width) if packed else (len(rows), width)
    starts = list(accumulate(lengths[:-1], initial=0)) if packed else [width * i for i in range(len(rows))]
    ids = np.zeros(shape, np.int64)
    positions = np.zeros((4, *shape), np.int64)
    if not packed:
        positions[0] = np.arange(width)
    scored, labels, seen = _Places(), _Places(), _Places()
    answers: list[tuple[Sequence, slice]] = []
    for row, start in zip(rows, starts):
        length = row.length
        ids.reshape(-1)[start : start + length] = np.concatenate(
            [row.prompt.tokens, *(one.tokens[:-1] for one in row.sequences)]
        )
        positions.reshape(4, -1)[:, start : start + length] = _positions(row)
        at = start + len(row.prompt.tokens)
        for one in row.sequences:
            count = len(one.tokens)
            answers.append((one, slice(scored.count, scored.count + count)))
            # What follows the prompt is predicted by its last token, whichever answer it is of.
            scored.add(np.concatenate([[start + len(row.prompt.tokens) - 1], at + np.arange(one.fed)])[:count])
            labels.add(one.tokens)
            at += one.fed
        for medium in row.prompt.media:
            seen.add(start + medium.first_token + np.arange(medium.tokens))
    of_prompts: list[slice] = []
    if prompts:
        for row, start in zip(rows, starts):
            predicted = _predicted(row.prompt)
            of_prompts += [slice(scored.count, scored.count + len(predicted))] * len(row.sequences)
            scored.add(start + predicted - 1)
            labels.add(row.prompt.tokens[predicted])
    several = any(len(row.sequences) > 1 for row in rows)
    return Layout(
        torch.from_numpy(ids),
        torch.from_numpy(positions),
        torch.from_numpy(np.stack([_allowed(row, width) for row in rows])[:, None]) if several else None,
        scored.tensor,
        labels.tensor,
        seen.tensor,
        tuple(medium for row in rows for medium in row.prompt.media),
        tuple(answers),
        tuple(of_prompts),
    )


class _Places:
    def __init__(self) -> None:
        self.count = 0
        self._parts: list[np.ndarray] = []

    def add(self, places: np.ndarray) -> None:
        self._parts.append(places)
        self.count += len(places)

    @property
    def tensor(self) -> Tensor:
        return torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *self._parts]).astype(np.int64))


def _positions(row: Row) -> np.ndarray:
    """[4, tokens]; every answer counts on from the prompt."""
    prompt = row.prompt
    counted = np.arange(len(prompt.tokens))
    parts = [np.concatenate([counted[None], prompt.positions])]
    for one in row.sequences:
        behind = np.arange(one.fed)
        parts.append(
            np.concatenate([(len(counted) + behind)[None], np.broadcast_to(prompt.next + behind, (3, len(behind)))])
        )
    return np.concatenate(parts, axis=1)


def _allowed(row: Row, width: int) -> np.ndarray:
    """[tokens, tokens]: a token of an answer sees the prompt and its own answer up to itself; padding sees what is before it."""
    allowed = np.tri(width, dtype=bool)
    first = len(row.prompt.tokens)
    begin = first
    for one in row.sequences:
        allowed[begin:, first:begin] = False
        begin += one.fed
    return allowed


def _predicted(prompt: Prompt) -> np.ndarray:
    """Its tokens from the second on, without those that stand for media."""
    counted = np.ones(len(prompt.tokens), bool)
    counted[0] = False
    for medium in prompt.media:
        counted[medium.first_token : medium.first_token + medium.tokens] = False
    return np.flatnonzero(counted)
