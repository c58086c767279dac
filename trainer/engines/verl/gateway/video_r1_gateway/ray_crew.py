"""The ranks of a Ray cluster: workers of verl on many nodes, which are given every command as those of one machine are."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RayError
from verl.single_controller.ray import RayClassWithInitArgs, RayResourcePool, RayWorkerGroup

from .crew import MOST_MISSED, PULSE_SECONDS, Report
from .frames import StoredFrames
from .ray_worker import GatewayWorker, Post
from .settings import Settings
from .wire import GatewayError

_PACKAGE = Path(__file__).parent
_OF_THE_POLICY = ("forward", "forwardBackward", "optimStep", "restore", "saveState", "createModel", "rest")
"""What needs the accelerators that vLLM shares; behind it vLLM is given the weights anew."""


class RayCrew:
    """Has the same face as `Crew`."""

    def __init__(self, settings: Settings, folder: Path):
        self.settings = settings
        self._folder = folder
        self._session = _join(settings)
        self._reports: dict[int, Report] = {}
        self._put: dict[str, ray.ObjectRef] = {}
        self._post = Post.remote()
        per_node = settings.ranks // settings.nodes
        self._pool = RayResourcePool(
            [per_node] * settings.nodes, use_gpu=settings.device == "cuda", max_colocate_count=1
        )
        self._is_closed = False
        self._over: dict[int, threading.Event] = {}
        self._sampler: Any = None
        self._sampled: int | None = None
        """The policy whose answers vLLM writes; another one's are written by the workers."""
        worker = RayClassWithInitArgs(ray.remote(GatewayWorker), settings, self._post)
        try:
            self.workers = RayWorkerGroup(self._pool, worker, device_name=settings.device)
        except RayError as error:
            raise GatewayError(
                "engine-failed",
                f"The cluster gives no {settings.ranks} workers: {error}",
                remedy="ray status says what it has.",
            ) from error
        threading.Thread(target=self._hear, daemon=True).start()

    @property
    def size(self) -> int:
        return self.settings.ranks

    def run(
        self, method: str, params: dict[str, Any], call: int, frames: dict[str, StoredFrames], report: Report
    ) -> list[Any]:
        if self._sampler is not None and method == "publish":
            self._sampler.publish()
            return [None]
        if self._sampler is not None and method == "sample" and params["model"] == self._sampled:
            self._sampler.sample(params, call, lambda key: frames[key].pixels(), report)
            return [None]
        if self._sampler is not None and method in _OF_THE_POLICY:
            self._sampler.sleep()
        found = self._ask(method, params, call, frames, report)
        if (
            method == "createModel"
            and params["role"] == "policy"
            and self.settings.sampler == "vllm"
            and self._sampler is None
        ):
            from .vllm_sampler import VllmSampler

            self._sampler, self._sampled = VllmSampler(self.settings, params["folder"], self.workers), params["model"]
        if method == "unload" and params["model"] == self._sampled:
            self._sampler.close()
            self._sampler = self._sampled = None
        return found

    def abort(self, call: int) -> None:
        if self._sampler is not None:
            self._sampler.abort(call)
        self._post.end.remote(("abort", call))

    def end(self, call: int, answer: int) -> None:
        if self._sampler is not None:
            self._sampler.end(call, answer)
        self._post.end.remote(("end", call, answer))

    def _ask(
        self, method: str, params: dict[str, Any], call: int, frames: dict[str, StoredFrames], report: Report
    ) -> list[Any]:
        self._reports[call] = report
        try:
            references = {key: self._reference(key, stored) for key, stored in frames.items()}
            found = self.workers.command(method, params, call, references)
            if method == "sample":
                self._settle(call)
        except RayActorError as error:
            # What is left of the group can't go on without it.
            self._end(f"A worker is gone: {error}")
        finally:
            self._reports.pop(call, None)
        fault = next((one for one in found if isinstance(one, GatewayError)), None)
        if fault is not None:
            raise fault
        return found

    def close(self) -> None:
        self._is_closed = True
        ray.shutdown()
        if self._session is not None:
            shutil.rmtree(self._session, ignore_errors=True)

    def _reference(self, key: str, stored: StoredFrames) -> ray.ObjectRef:
        if key not in self._put:
            if len(self._put) > 4096:
                self._put.clear()
            self._put[key] = ray.put(stored.pixels())
        return self._put[key]

    def _hear(self) -> None:
        silence = MOST_MISSED * PULSE_SECONDS
        while not self._is_closed:
            try:
                written, silent = ray.get(self._post.read.remote(silence))
            except RayError as error:
                if not self._is_closed:
                    self._end(f"The Ray cluster is gone: {error}")
                return
            if silent:
                self._end(f"Rank {silent[0]} is gone: nothing was heard of it for {silence:g} s.")
            self._tell(written)

    def _end(self, why: str) -> None:
        print(why, file=sys.stderr, flush=True)
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        os._exit(13)

    def _settle(self, call: int) -> None:
        """What was written before a call ended is told before its end is."""
        over = self._over[call] = threading.Event()
        ray.get(self._post.write.remote(call, None))
        over.wait(60)
        del self._over[call]

    def _tell(self, written: list[tuple[int, dict[str, Any] | None]]) -> None:
        for call, event in written:
            report = self._reports.get(call)
            if event is None:
                self._over[call].set()
            elif report is not None:
                report(event)


def _join(settings: Settings) -> str | None:
    """The cluster by its address, else one of this machine. The package goes along with the workers.

    @returns the folder that a cluster of our own makes in the system's temporary one, and leaves there
    """
    names = ("VERL_PLATFORM", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS")
    env = {name: os.environ[name] for name in names if name in os.environ}
    if settings.ray is None:
        local = {"num_cpus": settings.ranks + 1} if settings.device == "cpu" else {}
        path = os.pathsep.join([str(_PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        context = ray.init(
            address="local", include_dashboard=False, runtime_env={"env_vars": {**env, "PYTHONPATH": path}}, **local
        )
        return context.address_info["session_dir"]
    try:
        ray.init(address=settings.ray, runtime_env={"env_vars": env, "py_modules": [str(_PACKAGE)]})
    except (RayError, ConnectionError, ValueError) as error:
        raise GatewayError(
            "engine-failed",
            f"There is no Ray cluster at {settings.ray}: {error}",
            remedy="ray start --head begins one.",
        ) from error
    return None
