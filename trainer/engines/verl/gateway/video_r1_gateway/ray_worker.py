"""A rank as one of verl's workers in a Ray cluster, beside the same process's part of the sampler where that is vLLM."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Any

if os.environ.get("VERL_PLATFORM") == "cpu":
    from .platform_cpu import use_cpu

    use_cpu()

import numpy as np
import ray
from omegaconf import OmegaConf
from verl.single_controller.base.decorator import Dispatch, register
from verl.utils.distributed import initialize_global_process_group_ray
from verl.workers.engine_workers_tinker import TinkerActorRolloutRefWorker

from .faults import traced
from .rank import Rank
from .settings import Settings
from .wire import GatewayError


@ray.remote(num_cpus=0)
class Post:
    """What passes between the gateway and workers while they compute: what was written, and which answers are to end."""

    def __init__(self) -> None:
        self._written: list[tuple[int, dict[str, Any] | None]] = []
        self._endings: list[tuple[Any, ...]] = []
        self._changed = asyncio.Event()
        self._heard: dict[int, float] = {}

    async def write(self, call: int, event: dict[str, Any] | None) -> None:
        self._written.append((call, event))
        self._wake()

    async def read(self, silence: float) -> tuple[list[tuple[int, dict[str, Any] | None]], list[int]]:
        """What was written since the last time; waits a second for it. Nothing, of a call, says that it is over.

        Beside it, the ranks of which nothing was heard for so many seconds.
        """
        if not self._written:
            await self._change()
        written, self._written = self._written, []
        now = time.monotonic()
        return written, sorted(rank for rank, heard in self._heard.items() if now - heard > silence)

    async def end(self, ending: tuple[Any, ...]) -> None:
        self._endings.append(ending)
        self._wake()

    async def endings(self, rank: int, since: int) -> list[tuple[Any, ...]]:
        """Asked again and again by every rank, which says that it lives."""
        self._heard[rank] = time.monotonic()
        if len(self._endings) <= since:
            await self._change()
        return self._endings[since:]

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _change(self) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), 1)
        except asyncio.TimeoutError:
            pass


class RemoteFrames:
    """Frames out of Ray's object store: each node holds them once."""

    def __init__(self) -> None:
        self.references: dict[str, ray.ObjectRef] = {}

    def __call__(self, key: str) -> np.ndarray:
        try:
            return ray.get(self.references[key])
        except KeyError:
            raise GatewayError("bad-media", "The frames of a prompt were not sent.", place=key) from None


class GatewayWorker(TinkerActorRolloutRefWorker):
    """`command` is given to all workers at once, as a rank of one machine is given it by rank 0.

    Where vLLM samples, verl's own part of it and its way to send weights there are the base class's; what it sends is the policy.
    """

    def __init__(self, settings: Settings, post: Any):
        super().__init__(
            config=OmegaConf.create({"actor": {"strategy": "fsdp2"}, "rollout": {}, "ref": {}, "model": {}}),
            role="actor",
        )
        # A device that has gloo needs it once.
        initialize_global_process_group_ray(backend="cpu:gloo" if settings.device == "cpu" else None)
        self._frames = RemoteFrames()
        self._post = post
        self._settings = settings
        self._gateway = Rank(settings, self._frames, lambda call, event: ray.get(post.write.remote(call, event)))
        threading.Thread(target=self._hear, daemon=True).start()

    @register(dispatch_mode=Dispatch.ONE_TO_ALL)
    def command(self, method: str, params: dict[str, Any], call: int, frames: dict[str, Any]) -> Any:
        """What this rank found, or the GatewayError that it failed with."""
        self._frames.references = frames
        try:
            found = self._gateway.execute(method, params, call)
        except Exception as error:
            return traced(error)
        if method == "createModel" and params["role"] == "policy" and self.actor is None:
            self._take_policy(params["model"])
        if method == "unload" and params["model"] not in self._gateway.models and not self._gateway.models:
            self.actor = None
        return found

    @register(dispatch_mode=Dispatch.ONE_TO_ALL)
    def open_sampler(self, config: dict[str, Any]) -> None:
        """Builds this process's part of vLLM, in verl's way; `config` is verl's of rollout and model."""
        self.config = OmegaConf.create(config)
        self.role = "rollout"
        super().init_model()
        self.role = "actor_rollout"

    def _take_policy(self, number: int) -> None:
        """verl sends the weights of `actor.engine` to its sampler."""

        class Actor:
            engine = self._gateway.models[number].engine

        self.actor = Actor()  # type: ignore[assignment]

    def _hear(self) -> None:
        seen = 0
        while True:
            try:
                endings = ray.get(self._post.endings.remote(self.rank, seen))
            except Exception:
                time.sleep(1)
                continue
            for kind, *of in endings:
                self._gateway.endings.abort(of[0]) if kind == "abort" else self._gateway.endings.end(*of)
            seen += len(endings)
