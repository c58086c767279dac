"""The losses as functions of the log-probabilities of answer tokens. Their formulas are those of the controller's losses.ts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_LOG_RATIO = 10.0


@dataclass
class Terms:
    """What a loss takes of answer tokens beside their log-probabilities; arrays are [tokens] float32, of all sequences in order."""

    kind: str
    weights: np.ndarray
    advantages: np.ndarray | None = None
    old: np.ndarray | None = None
    reference: np.ndarray | None = None
    clip_low: float = 0.0
    clip_high: float = 0.0
    beta: float = 0.0
    of_answer: bool = False
    """The ratio is that of the whole answer (GSPO), not of each token."""

    @staticmethod
    def read(params: dict[str, Any]) -> "Terms":
        loss = params["loss"]
        if loss["kind"] == "cross-entropy":
            return Terms("cross-entropy", params["weights"])
        return Terms(
            "policy",
            params["weights"],
            loss["advantages"],
            loss["old"],
            loss["reference"],
            loss["clipLow"],
            loss["clipHigh"],
            loss["beta"],
            loss["ratio"] == "sequence",
        )


@dataclass
class Sums:
    """Sums over the answer tokens given; `loss` carries the gradient."""

    loss: Tensor
    kl: float = 0.0
    clipped: float = 0.0


def answer_loss(terms: Terms, logprobs: Tensor, answer: slice) -> Sums:
    """Of one answer: `logprobs` [tokens] float32, `answer` where its tokens stand in the arrays of `terms`."""

    def of(values: np.ndarray | None) -> Tensor:
        return torch.from_numpy(np.array(values[answer])).to(logprobs.device)  # type: ignore[index]

    weights = of(terms.weights)
    if terms.kind == "cross-entropy":
        return Sums(-(weights * logprobs).sum())
    advantages = of(terms.advantages)
    log_ratios = logprobs - of(terms.old)
    if terms.of_answer:
        counted = (weights != 0).to(log_ratios.dtype)
        ratio = torch.exp((log_ratios * counted).sum() / counted.sum().clamp(min=1)).expand_as(log_ratios)
    else:
        ratio = torch.exp(log_ratios)
    bounded = ratio.clamp(1 - terms.clip_low, 1 + terms.clip_high)
    clipped = bounded * advantages < ratio * advantages
    surrogate = torch.where(clipped, (bounded * advantages).detach(), ratio * advantages)
    loss, kl = -surrogate, torch.zeros_like(surrogate)
    if terms.reference is not None:
        kl = k3(logprobs, of(terms.reference))
        loss = loss + terms.beta * kl
    return Sums((weights * loss).sum(), kl.detach().sum().item(), clipped.sum().item())


def k3(logprobs: Tensor, reference: Tensor) -> Tensor:
    """exp(d) - d - 1 with d = reference - logprob, clamped: the k3 estimate of KL(policy || reference) of each token."""
    difference = (reference - logprobs).clamp(-MOST_LOG_RATIO, MOST_LOG_RATIO)
    return torch.expm1(difference) - difference
