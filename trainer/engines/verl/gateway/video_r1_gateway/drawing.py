"""Which token is drawn: from the nucleus of the likeliest, with numbers that depend on the seed and the place alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

_WORD = np.uint32


def _mix(x: np.ndarray) -> np.ndarray:
    """MurmurHash3's finaliser."""
    h = x.astype(_WORD)
    h = (h ^ (h >> _WORD(16))) * _WORD(0x85EBCA6B)
    h = (h ^ (h >> _WORD(13))) * _WORD(0xC2B2AE35)
    return h ^ (h >> _WORD(16))


def uniform(seeds: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The n-th number of each seed, in [0, 1) with 53 bits: the same that the embedded engine draws with."""
    with np.errstate(over="ignore"):
        seed, n = seeds.astype(_WORD), n.astype(_WORD)
        a = _mix(_mix(seed ^ _WORD(0x9E3779B9)) + n * _WORD(0x9E3779B1))
        b = _mix(a + _mix((seed * _WORD(0x27D4EB2F)) ^ (n + _WORD(0x165667B1))))
    return ((a >> _WORD(5)).astype(np.float64) * 67108864 + (b >> _WORD(6))) / 9007199254740992


@dataclass(frozen=True)
class Options:
    most_tokens: int
    temperature: float
    top_p: float
    top_k: int
    alternatives: int
    banned: np.ndarray
    end_tokens: frozenset[int]

    @staticmethod
    def read(params: dict[str, Any]) -> "Options":
        ends = frozenset(params["endTokens"])
        keys = ("maxTokens", "temperature", "topP", "topK", "alternatives")
        return Options(*(params[key] for key in keys), np.asarray(params["banned"], np.int64), ends)


def draw(logits: Tensor, numbers: np.ndarray, options: Options) -> Tensor:
    """[rows] the token of each row of `logits` [rows, vocabulary], by its number in [0, 1); banned ones never."""
    allowed = logits.clone()
    allowed[:, torch.from_numpy(options.banned).to(logits.device)] = float("-inf")
    if options.temperature == 0:
        return allowed.argmax(dim=-1)
    weights = torch.softmax(allowed / options.temperature, dim=-1)
    if 0 < options.top_k < weights.shape[1]:
        weights = weights * _likeliest(weights, options.top_k)
    if options.top_p < 1:
        weights = weights * _nucleus(weights, options.top_p)
    u = torch.from_numpy(numbers).to(weights.device)
    sums = weights.double().cumsum(dim=-1)
    drawn = torch.searchsorted(sums, (u * sums[:, -1])[:, None], right=True)[:, 0]
    # Rounding may lead behind the last token that has a weight.
    last = weights.shape[1] - 1 - (weights.flip(-1) > 0).to(torch.uint8).argmax(dim=-1)
    return torch.minimum(drawn, last)


def _likeliest(weights: Tensor, most: int) -> Tensor:
    """1 for the `most` largest of each row, of equals the first."""
    ordered = _descending(weights)
    return _largest(weights, ordered, torch.full_like(ordered[:, :1], most, dtype=torch.long))


def _nucleus(weights: Tensor, top_p: float) -> Tensor:
    """1 for the likeliest of each row that sum to at least `top_p` of the whole, of equals the first."""
    ordered = _descending(weights)
    sums = ordered.double().cumsum(dim=-1)
    inside = sums - ordered < top_p * ordered.double().sum(dim=-1, keepdim=True)
    return _largest(weights, ordered, inside.sum(dim=-1, keepdim=True))


def _descending(weights: Tensor) -> Tensor:
    """Each row's values, the largest first. On a processor numpy sorts values alone many times faster than torch, which sorts places too."""
    if weights.device.type == "cpu":
        return torch.from_numpy(np.sort(weights.numpy(), axis=-1)).flip(-1)
    return weights.sort(dim=-1, descending=True).values


def _largest(weights: Tensor, ordered: Tensor, counts: Tensor) -> Tensor:
    """1 for the `counts` [rows, 1] largest of each row, of equals the first."""
    least = ordered.gather(1, counts - 1)
    above, equal = weights > least, weights == least
    left = counts - above.sum(dim=-1, keepdim=True)
    return (above | (equal & (equal.cumsum(dim=-1) <= left))).to(weights.dtype)
