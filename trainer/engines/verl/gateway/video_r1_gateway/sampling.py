"""Answers by transformers' `generate`: each row draws with the numbers of its own seed, is told as it is written, and can be ended."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from types import MethodType
from typing import Any, Callable

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn
from transformers import (
    Cache,
    DynamicCache,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.modeling_outputs import CausalLMOutputWithPast

from .decoding import cache_of, grouped_attention
from .drawing import Options, draw, uniform
from .model import Model
from .plan import Prompt, batches, read_prompts, shares
from .wire import GatewayError

_REPORT_SECONDS = 0.05


class Endings:
    """What ends answers before their time; written by the thread that hears the client, read between tokens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: set[int] = set()
        self._some: dict[int, set[int]] = {}

    def abort(self, call: int) -> None:
        with self._lock:
            self._all.add(call)

    def end(self, call: int, answer: int) -> None:
        with self._lock:
            self._some.setdefault(call, set()).add(answer)

    def of(self, call: int) -> tuple[bool, set[int]]:
        with self._lock:
            return call in self._all, set(self._some.get(call, ()))

    def forget(self, call: int) -> None:
        with self._lock:
            self._all.discard(call)
            self._some.pop(call, None)


@dataclass
class Row:
    """An answer that is written."""

    answer: int
    prompt: Prompt
    seed: int
    tokens: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    other_tokens: list[np.ndarray] = field(default_factory=list)
    other_logprobs: list[np.ndarray] = field(default_factory=list)
    told: int = 0
    stop: str | None = None

    def finished(self, alternatives: int) -> dict[str, Any]:
        def joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
            return np.concatenate(parts).astype(dtype) if parts else np.zeros(0, dtype)

        others = {"tokens": joined(self.other_tokens, np.int32), "logprobs": joined(self.other_logprobs, np.float32)}
        return {
            "answer": self.answer,
            "tokens": np.asarray(self.tokens, np.int32),
            "logprobs": np.asarray(self.logprobs, np.float32),
            "entropy": np.asarray(self.entropy, np.float32),
            "alternatives": others if alternatives > 0 else None,
            "stopReason": self.stop,
        }


Report = Callable[[dict[str, Any]], None]


def sample(model: Model, params: dict[str, Any], call: int, endings: Endings, report: Report) -> None:
    """Writes this rank's share of the answers, in batches that fit the settings' `sampleTokens`."""
    options = Options.read(params)
    prompts = read_prompts(params)
    rows = [Row(number, prompts[one["prompt"]], one["seed"]) for number, one in enumerate(params["answers"])]
    lengths = [len(row.prompt.tokens) + options.most_tokens for row in rows]
    own = [rows[i] for i in shares(lengths, dist.get_world_size())[dist.get_rank()]]
    with model.engine.eval_mode(), torch.no_grad(), model.gathered(), model.autocast():
        for batch in batches(
            [len(row.prompt.tokens) + options.most_tokens for row in own], model.settings.sampleTokens
        ):
            _write(model, [own[i] for i in batch], options, call, endings, report)


def _write(model: Model, rows: list[Row], options: Options, call: int, endings: Endings, report: Report) -> None:
    inner = model.inner
    writer = _Writer(rows, options, call, endings, report)
    if endings.of(call)[0]:
        writer.close()
        return
    device = model.tower.device
    model.tower.agree = lambda need: need
    model.tower.begin((medium for row in rows for medium in row.prompt.media), False)
    inputs = {name: value.to(device) for name, value in _padded(rows).items()}
    before = inner.__dict__.get("forward")
    inner.forward = MethodType(_sampling_forward(model, rows), inner)
    text = inner.config.text_config
    cache = cache_of(text.num_hidden_layers, inputs["input_ids"].shape[1] + options.most_tokens)
    # What a checkpoint names (a repetition penalty, other tokens to end with) would be added to what is asked for.
    named, inner.generation_config = inner.generation_config, GenerationConfig()
    try:
        with grouped_attention(text):
            inner.generate(
                **inputs,
                past_key_values=cache,
                generation_config=GenerationConfig(
                    do_sample=False, max_new_tokens=options.most_tokens, use_cache=True, pad_token_id=0
                ),
                logits_processor=LogitsProcessorList([writer]),
                stopping_criteria=StoppingCriteriaList([_Done(writer)]),
                # The weights are whole here: a rank that has fewer answers, or none, must not be waited for.
                synced_gpus=False,
            )
    finally:
        inner.generation_config = named
        if before is None:
            del inner.forward
        else:
            inner.forward = before
        model.tower.end()
    writer.close()


def _sampling_forward(model: Model, rows: list[Row]) -> Callable[..., CausalLMOutputWithPast]:
    """The logits of the last token alone. A prompt and its media go through once, whatever number of answers it has."""
    first_of: dict[int, int] = {}
    for number, row in enumerate(rows):
        first_of.setdefault(id(row.prompt), number)
    firsts = list(first_of.values())
    own = [firsts.index(first_of[id(row.prompt)]) for row in rows]

    def prefill(self: nn.Module, input_ids: Tensor, mask: Tensor, positions: Tensor, cache: Cache) -> Tensor:
        ids = input_ids[firsts]
        seen = _seen([rows[first].prompt for first in firsts], ids.shape[1]).to(ids.device)
        media = [medium for first in firsts for medium in rows[first].prompt.media]
        once = DynamicCache()
        out = self.model.language_model(  # type: ignore[operator, union-attr]
            input_ids=None,
            inputs_embeds=model.tower.shown(self.get_input_embeddings()(ids), media, seen),  # type: ignore[operator]
            attention_mask=mask[firsts],
            position_ids=positions[:, firsts],
            past_key_values=once,
            use_cache=True,
        )
        for number, layer in enumerate(once.layers):
            cache.update(layer.keys[own], layer.values[own], number)  # type: ignore[index]
        return out.last_hidden_state[own, -1:]

    def forward(
        self: nn.Module,
        input_ids: Tensor,
        attention_mask: Tensor,
        position_ids: Tensor,
        past_key_values: Cache,
        **_: Any,
    ) -> CausalLMOutputWithPast:
        if past_key_values.get_seq_length() == 0:
            hidden = prefill(self, input_ids, attention_mask, position_ids, past_key_values)
        else:
            out = self.model.language_model(  # type: ignore[operator, union-attr]
                input_ids=input_ids,
                attention_mask=attention_mask,
                position_ids=position_ids,
                past_key_values=past_key_values,
                use_cache=True,
            )
            hidden = out.last_hidden_state[:, -1:]
        logits = self.lm_head(hidden)  # type: ignore[operator]
        return CausalLMOutputWithPast(logits=logits, past_key_values=past_key_values)

    return forward


def _seen(prompts: list[Prompt], width: int) -> Tensor:
    """[vision tokens] places of the media's tokens in prompts padded on the left."""
    places = [
        width * (number + 1) - len(prompt.tokens) + medium.first_token + np.arange(medium.tokens)
        for number, prompt in enumerate(prompts)
        for medium in prompt.media
    ]
    return torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *places]))


def _padded(rows: list[Row]) -> dict[str, Tensor]:
    """Prompts, padded on the left; positions [4, rows, tokens], of which the first counts all tokens."""
    width = max(len(row.prompt.tokens) for row in rows)
    ids = np.zeros((len(rows), width), np.int64)
    mask = np.zeros_like(ids)
    positions = np.zeros((4, len(rows), width), np.int64)
    for number, row in enumerate(rows):
        left = width - len(row.prompt.tokens)
        ids[number, left:] = row.prompt.tokens
        mask[number, left:] = 1
        positions[0, number, left:] = np.arange(width - left)
        positions[1:, number, left:] = row.prompt.positions
    named = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
    return {name: torch.from_numpy(value) for name, value in named.items()}


class _Writer(LogitsProcessor):
    """Draws each row's token; what `generate` then takes as the likeliest is what was drawn."""

    def __init__(self, rows: list[Row], options: Options, call: int, endings: Endings, report: Report):
        self.rows, self.options, self.call, self.endings, self.report = rows, options, call, endings, report
        self.reported = time.monotonic()
        self.ended: list[Row] = []

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        logits = scores.float()
        if not bool(torch.isfinite(logits.logsumexp(dim=-1)).all()):
            raise GatewayError(
                "not-finite",
                "The model's logits are not finite: nothing can be drawn.",
                remedy="Go back to the last checkpoint, and lower the learning rate.",
            )
        drawn = draw(logits, self._numbers(), self.options)
        logprobs = torch.log_softmax(logits, dim=-1)
        entropy = -(logprobs.exp() * logprobs).sum(dim=-1)
        of_drawn = logprobs.gather(1, drawn[:, None])[:, 0]
        others = torch.topk(logprobs, self.options.alternatives, dim=-1) if self.options.alternatives > 0 else None
        tokens, values, entropies = drawn.tolist(), of_drawn.tolist(), entropy.tolist()
        other_tokens = others.indices.cpu().numpy() if others else None
        other_values = others.values.cpu().numpy() if others else None
        for number, row in enumerate(self.rows):
            if row.stop is not None:
                continue
            row.tokens.append(tokens[number])
            row.logprobs.append(values[number])
            row.entropy.append(entropies[number])
            if other_tokens is not None and other_values is not None:
                row.other_tokens.append(other_tokens[number])
                row.other_logprobs.append(other_values[number])
            if tokens[number] in self.options.end_tokens:
                self._end(row, "stop")
            elif len(row.tokens) >= self.options.most_tokens:
                self._end(row, "length")
        aborted, ends = self.endings.of(self.call)
        for row in self.rows:
            if row.stop is None and (aborted or row.answer in ends):
                self._end(row, "aborted" if aborted else "stop")
        if time.monotonic() - self.reported >= _REPORT_SECONDS:
            self.flush()
        return torch.full_like(scores, float("-inf")).scatter_(1, drawn[:, None], 0.0)

    def close(self) -> None:
        for row in self.rows:
            if row.stop is None:
                self._end(row, "aborted")
        self.flush()

    def flush(self) -> None:
        added = [
            {"answer": row.answer, "tokens": np.asarray(row.tokens[row.told :], np.int32)}
            for row in self.rows
            if len(row.tokens) > row.told
        ]
        for row in self.rows:
            row.told = len(row.tokens)
        if added:
            self.report({"added": added})
        if self.ended:
            self.report({"finished": [row.finished(self.options.alternatives) for row in self.ended]})
        self.ended = []
        self.reported = time.monotonic()

    def _numbers(self) -> np.ndarray:
        """[rows] in [0, 1): of each seed the number that its next token is drawn with."""
        seeds = np.array([row.seed for row in self.rows])
        return uniform(seeds, np.array([row.prompt.begun + len(row.tokens) for row in self.rows]))

    def _end(self, row: Row, why: str) -> None:
        row.stop = why
        self.ended.append(row)


class _Done(StoppingCriteria):
    def __init__(self, writer: _Writer):
        self.writer = writer

    def __call__(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        return torch.tensor([row.stop is not None for row in self.writer.rows], device=input_ids.device)
