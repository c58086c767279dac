"""The forward of a model that says of the wanted tokens alone how likely they are: no logits are made of any other place."""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from .layout import Layout
from .vision import VisionTower

_CHUNK = 1024
"""Wanted tokens whose logits are in memory at a time, where the gradient's intermediate values are computed again."""


def score_with(module: nn.Module, tower: VisionTower, checkpointed: bool) -> None:
    """Gives a Qwen2.5-VL a forward that takes a layout and gives {"log_probs", "entropy"} of its scored tokens, [scored] float32."""

    def forward(self: nn.Module, layout: Layout, entropy: bool, **_: Any) -> dict[str, Tensor]:
        embedded = tower.shown(self.get_input_embeddings()(layout.ids), layout.media, layout.seen)  # type: ignore[operator]
        out = self.model.language_model(  # type: ignore[operator, union-attr]
            input_ids=None,
            inputs_embeds=embedded,
            attention_mask=_mask(layout, self.config._attn_implementation, embedded.dtype),  # type: ignore[union-attr]
            position_ids=layout.positions,
            use_cache=False,
        )
        hidden = out.last_hidden_state.flatten(0, 1)[layout.scored]

        def likelihood(part: Tensor, labels: Tensor) -> tuple[Tensor, Tensor | None]:
            logits = self.lm_head(part).float()  # type: ignore[operator]
            whole = logits.logsumexp(dim=-1)
            spread = whole - (logits.softmax(dim=-1) * logits).sum(dim=-1) if entropy else None
            return logits.gather(1, labels[:, None])[:, 0] - whole, spread

        parts = []
        for part, labels in zip(hidden.split(_CHUNK), layout.labels.split(_CHUNK)):
            again = checkpointed and torch.is_grad_enabled()
            parts.append(
                checkpoint(likelihood, part, labels, use_reentrant=False) if again else likelihood(part, labels)
            )
        found = {"log_probs": torch.cat([logprobs for logprobs, _ in parts])}
        return {**found, "entropy": torch.cat([spread for _, spread in parts])} if entropy else found

    module.forward = MethodType(forward, module)  # type: ignore[method-assign]


def _mask(layout: Layout, attention: str, dtype: torch.dtype) -> Tensor | None:
    if layout.allowed is None or attention != "eager":
        return layout.allowed
    added = torch.zeros_like(layout.allowed, dtype=dtype)
    return added.masked_fill(~layout.allowed, torch.finfo(dtype).min)
