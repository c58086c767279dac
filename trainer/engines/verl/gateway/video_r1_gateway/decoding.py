"""What makes a token cheaper where many answers are written at once: keys and values in place, and none copied for the queries that share them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface, Cache, DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

_NAME = "video_r1_grouped"


class _Held(DynamicLayer):
    """Keys and values of a layer with room for all that is to come; transformers' own would copy them for each token."""

    def __init__(self, length: int):
        super().__init__()
        self._length = length

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            rows, heads, _, width = key_states.shape
            self._all = [key_states.new_empty(rows, heads, self._length, width) for _ in range(2)]
        begin = self.get_seq_length()
        end = begin + key_states.shape[-2]
        for held, states in zip(self._all, (key_states, value_states)):
            held[:, :, begin:end] = states
        self.keys, self.values = (held[:, :, :end] for held in self._all)
        return self.keys, self.values


def cache_of(layers: int, length: int) -> Cache:
    """For rows of at most `length` tokens."""
    return Cache(layers=[_Held(length) for _ in range(layers)])


def _grouped(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **options: Any
) -> tuple[Tensor, None]:
    """As sdpa; of one token, the queries [rows, heads, 1, width] that share a key stand as rows of it."""
    rows, heads, length, width = query.shape
    if length > 1:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)
    grouped = query.reshape(rows, key.shape[1], heads // key.shape[1], width)
    seen = scaled_dot_product_attention(grouped, key, value, attn_mask=attention_mask, scale=options.get("scaling"))
    return seen.reshape(rows, 1, heads, width), None


AttentionInterface.register(_NAME, _grouped)
AttentionMaskInterface.register(_NAME, sdpa_mask)


@contextmanager
def grouped_attention(config: Any) -> Iterator[None]:
    """While answers are written; another attention than sdpa is left as it is."""
    before = config._attn_implementation
    if before == "sdpa":
        config._attn_implementation = _NAME
    try:
        yield
    finally:
        config._attn_implementation = before
