"""Who computes what: sequences to ranks, and each rank's to micro-batches. Every rank works out the same plan from the same request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence as Many

import numpy as np


@dataclass(frozen=True)
class Medium:
    """Frames of a prompt in the order in which the model sees them; `order` has an even length: two frames make a patch."""

    kind: str
    key: str
    width: int
    height: int
    order: tuple[int, ...]
    blank: bool
    first_token: int
    tokens: int
    fps: float | None = None

    @property
    def grid(self) -> tuple[int, int, int]:
        """Frame pairs, rows and columns of 14 x 14 patches."""
        return len(self.order) // 2, self.height // 14, self.width // 14


@dataclass(frozen=True)
class Prompt:
    tokens: np.ndarray
    """[tokens] int32"""
    positions: np.ndarray
    """[3, tokens] int32: time, row, column"""
    next: int
    """Position, on all axes, of the first token behind the prompt."""
    begun: int
    media: tuple[Medium, ...]


@dataclass(frozen=True)
class Sequence:
    """A prompt and an answer to it. `index` is its number in the request; `first` that of its first answer token among all."""

    prompt: Prompt
    tokens: np.ndarray
    index: int
    first: int

    @property
    def length(self) -> int:
        return len(self.prompt.tokens) + len(self.tokens)

    @property
    def fed(self) -> int:
        """Answer tokens that go through a model: the last one predicts nothing that is wanted."""
        return max(len(self.tokens) - 1, 0)

    @property
    def answer(self) -> slice:
        """Its answer tokens among those of all sequences."""
        return slice(self.first, self.first + len(self.tokens))


def read_prompts(params: dict) -> list[Prompt]:
    return [_prompt(one) for one in params["prompts"]]


def _prompt(one: dict) -> Prompt:
    tokens = np.asarray(one["tokens"], np.int32)
    media = tuple(
        Medium(
            m["kind"],
            m["key"],
            m["width"],
            m["height"],
            tuple(m["order"]),
            bool(m["blank"]),
            m["firstToken"],
            m["tokens"],
            m.get("fps"),
        )
        for m in one["media"]
    )
    positions = np.asarray(one["positions"], np.int32).reshape(len(tokens), 3).T
    return Prompt(tokens, np.ascontiguousarray(positions), one["next"], one.get("begun", 0), media)


def read_sequences(params: dict, prompts: list[Prompt]) -> list[Sequence]:
    first = 0
    sequences = []
    for index, one in enumerate(params["sequences"]):
        tokens = np.asarray(one["tokens"], np.int64)
        sequences.append(Sequence(prompts[one["prompt"]], tokens, index, first))
        first += len(tokens)
    return sequences


def shares(costs: Many[int], ranks: int) -> list[range]:
    """Cuts items, in order, into one stretch for each rank, of costs as even as can be; a stretch may be empty."""
    ends = np.concatenate([[0], np.cumsum(np.asarray(costs, np.int64))])
    wanted = [ends[-1] * rank / ranks for rank in range(ranks + 1)]
    cuts = [int(np.abs(ends - at).argmin()) for at in wanted]
    cuts[0], cuts[-1] = 0, len(costs)
    return [range(cuts[rank], max(cuts[rank], cuts[rank + 1])) for rank in range(ranks)]


def batches(lengths: Many[int], budget: int) -> list[list[int]]:
    """Items, in order, in batches whose rows, padded to the longest, hold at most `budget` tokens; at least one each."""
    made: list[list[int]] = []
    longest = 0
    for index, length in enumerate(lengths):
        longest = max(longest, length)
        if not made or (len(made[-1]) + 1) * longest > budget:
            made.append([])
            longest = length
        made[-1].append(index)
    return made


MOST_IN_ROW = 8192
"""Tokens of a row that holds several answers: what they may see of one another takes a square of that side."""


@dataclass(frozen=True)
class Row:
    """A prompt and answers to it that stand behind it in one row of a pass; none of them sees another."""

    prompt: Prompt
    sequences: tuple[Sequence, ...]

    @property
    def length(self) -> int:
        return len(self.prompt.tokens) + sum(one.fed for one in self.sequences)

    def takes(self, other: Sequence, hidden: int, budget: int) -> bool:
        """Whether another answer costs less behind this row than in one of its own.

        A decoder layer of width d has about 18 d^2 weights, so a token costs 36 d^2 operations and a pair of a token and one
        that it may see 4 d: n tokens cost 9 d n + n^2 in that measure, seen pairs or not.
        """
        prompt, behind = len(self.prompt.tokens), self.length - len(self.prompt.tokens)
        fits = self.length + other.fed <= min(budget, MOST_IN_ROW)
        return other.prompt is self.prompt and fits and 2 * other.fed * behind < prompt * (9 * hidden + prompt)


def rows_of(sequences: list[Sequence], hidden: int, budget: int) -> list[Row]:
    """Sequences, in order, with answers to the same prompt in one row where that is cheaper for a model of width `hidden`."""
    made: list[Row] = []
    for one in sequences:
        if made and made[-1].takes(one, hidden, budget):
            made[-1] = Row(one.prompt, (*made[-1].sequences, one))
        else:
            made.append(Row(one.prompt, (one,)))
    return made


def micro_batches(sequences: list[Sequence], ranks: int, budget: int, hidden: int | None) -> list[list[list[Row]]]:
    """[rank][micro-batch][row]; ranks have equally many micro-batches, the last ones of some empty.

    `hidden` is the model's width; None where an attention can't hold several answers in one row.
    """
    own: list[list[list[Row]]] = []
    for part in shares([one.length for one in sequences], ranks):
        mine = [sequences[i] for i in part]
        rows = [Row(one.prompt, (one,)) for one in mine] if hidden is None else rows_of(mine, hidden, budget)
        own.append([[rows[i] for i in batch] for batch in batches([row.length for row in rows], budget)])
    most = max(len(one) for one in own)
    return [one + [[] for _ in range(most - len(one))] for one in own]
