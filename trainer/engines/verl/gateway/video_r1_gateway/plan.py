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


def micro_batches(sequences: list[Sequence], ranks: int, budget: int) -> list[list[list[Sequence]]]:
    """[rank][micro-batch][sequence]; ranks have equally many, the last ones of some empty."""
    parts = shares([one.length for one in sequences], ranks)
    own = [
        [[sequences[part[i]] for i in batch] for batch in batches([sequences[i].length for i in part], budget)]
        for part in parts
    ]
    most = max(len(one) for one in own)
    return [one + [[] for _ in range(most - len(one))] for one in own]
