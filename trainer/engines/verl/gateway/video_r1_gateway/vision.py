"""Frames to patches, and what the vision tower makes of them.

A medium goes through the tower once in a pass, however many answers it has there. Where nothing is trained its features are
kept until the weights change; a pass that trains the tower never takes kept ones.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from typing import Callable, Iterable, Iterator, Protocol, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .plan import Medium
from .wire import GatewayError

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
PATCH, MERGE = 14, 2


class Pixels(Protocol):
    def __call__(self, key: str) -> np.ndarray:
        """[frames, height, width, 3] uint8"""
        ...


def patches(frames: Tensor, order: tuple[int, ...]) -> Tensor:
    """[frames, height, width, 3] uint8 to [pairs * rows * columns, 1176] float32, as Qwen2.5-VL's processor makes them.

    A patch is channel, frame, y, x; patches stand in 2 x 2 blocks, row by row of blocks (`Qwen2VLImageProcessor._preprocess`).
    """
    device = frames.device
    mean, std = torch.tensor(MEAN, device=device), torch.tensor(STD, device=device)
    seen = (frames[list(order)].float() / 255 - mean) / std
    pairs, rows, columns = len(order) // 2, frames.shape[1] // PATCH, frames.shape[2] // PATCH
    cut = seen.reshape(pairs, 2, rows // MERGE, MERGE, PATCH, columns // MERGE, MERGE, PATCH, 3)
    return cut.permute(0, 2, 5, 3, 6, 8, 1, 4, 7).reshape(pairs * rows * columns, 3 * 2 * PATCH * PATCH)


class VisionTower:
    """Gives the features of the media of the present pass.

    `begin` names a pass's media before it; each goes through the tower once in it.
    """

    def __init__(self, visual: nn.Module, pixels: Pixels, most_bytes: int = 2 * 2**30):
        self.visual = visual
        self.pixels = pixels
        self.most_bytes = most_bytes
        self.agree: Callable[[bool], bool] = lambda need: need
        """Whether any rank needs the tower in this pass: then all run it, as they share its weights."""
        self.trained = False
        self.computed = 0
        """Media that went through the tower, for tests and figures."""
        self._is_base = False
        self._kept: OrderedDict[tuple[bool, Medium], Tensor] = OrderedDict()
        self._media: list[Medium] = []
        self._features: dict[Medium, Tensor] | None = None
        self._nothing: Tensor | None = None

    @property
    def device(self) -> torch.device:
        return (
            next(self.visual.buffers()).device if list(self.visual.buffers()) else next(self.visual.parameters()).device
        )

    def forget(self) -> None:
        """The weights have changed, or the memory is wanted."""
        self._kept.clear()
        self.end()

    @property
    def kept_bytes(self) -> int:
        return sum(one.numel() * one.element_size() for one in self._kept.values())

    def begin(self, media: Iterable[Medium], training: bool) -> None:
        """To be called before a pass over prompts with these media."""
        self._media = list(dict.fromkeys(media))
        self._features, self._nothing = None, None
        self.trained = training

    def end(self) -> None:
        """The pass is over: what only it needed is let go."""
        self._media, self._features, self._nothing = [], None, None

    @contextmanager
    def without_adapter(self, is_base: bool) -> Iterator[None]:
        """The base under an adapter makes other features of the same media: they are kept apart."""
        self._is_base = is_base
        try:
            yield
        finally:
            self._is_base = False

    def shown(self, embedded: Tensor, media: Sequence[Medium], places: Tensor) -> Tensor:
        """[rows, tokens, hidden] embedded tokens with the features of media in their places, counted over all rows."""
        features = self._all()
        if len(media) > 0:
            seen = torch.cat([features[one] for one in media]).to(embedded.dtype)
            return embedded.flatten(0, 1).index_copy(0, places, seen).view_as(embedded)
        # Times 0: text alone leaves the tower's weights in every rank's graph.
        return embedded if self._nothing is None else embedded + 0.0 * self._nothing.mean().to(embedded.dtype)

    def _all(self) -> dict[Medium, Tensor]:
        if self._features is not None:
            return self._features
        kept = {one: self._kept[self._key(one)] for one in self._media if self._key(one) in self._kept}
        wanted = self._media if self.trained else [one for one in self._media if one not in kept]
        if not (self.trained or self.agree(len(wanted) > 0)):
            self._features = kept
            return self._features
        made = self._run([self._patches(one) for one in wanted], [one.grid for one in wanted])
        fresh = dict(zip(wanted, made))
        self.computed += len(wanted)
        if not self.trained:
            self._keep(fresh)
        self._features = {**kept, **fresh}
        return self._features

    def _run(self, pixel_values: list[Tensor], grids: list[tuple[int, int, int]]) -> list[Tensor]:
        if not grids:
            self._nothing = self._through(torch.zeros(16, 3 * 2 * PATCH * PATCH, device=self.device), [(1, 4, 4)])
            return []
        tokens = [t * h * w // MERGE**2 for t, h, w in grids]
        return list(self._through(torch.cat(pixel_values), grids).split(tokens))

    def _through(self, values: Tensor, grids: list[tuple[int, int, int]]) -> Tensor:
        made = self.visual(values.type(self.visual.dtype), grid_thw=torch.tensor(grids, device=values.device))
        return made.pooler_output if hasattr(made, "pooler_output") else made

    def _patches(self, medium: Medium) -> Tensor:
        pairs, rows, columns = medium.grid
        if medium.blank:
            return torch.zeros(pairs * rows * columns, 3 * 2 * PATCH * PATCH, device=self.device)
        frames = self.pixels(medium.key)
        if frames.shape[1:3] != (medium.height, medium.width) or max(medium.order) >= len(frames):
            raise GatewayError(
                "bad-media", f"Frames of {frames.shape} are not {medium.width} x {medium.height}.", place=medium.key
            )
        return patches(torch.from_numpy(np.array(frames)).to(self.device), medium.order)

    def _keep(self, fresh: dict[Medium, Tensor]) -> None:
        for medium, features in fresh.items():
            self._kept[self._key(medium)] = features.detach().clone()
        present = [self._key(medium) for medium in self._media]
        for key in present:
            if key in self._kept:
                self._kept.move_to_end(key)
        while self.kept_bytes > self.most_bytes:
            oldest = next(iter(self._kept))
            if oldest in present:
                break
            del self._kept[oldest]

    def _key(self, medium: Medium) -> tuple[bool, Medium]:
        return self._is_base, medium
