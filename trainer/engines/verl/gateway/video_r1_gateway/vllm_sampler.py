"""Answers by vLLM, over verl's rollout servers beside its workers. They share the accelerators: vLLM sleeps while the policy computes.

vLLM counts positions and cuts patches by itself from the same frames; what it gives of its log-probabilities is the sampler's own.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Callable
from uuid import uuid4

import numpy as np
from omegaconf import DictConfig, OmegaConf

from .plan import Medium, Prompt, read_prompts
from .settings import Settings
from .wire import GatewayError

Report = Callable[[dict[str, Any]], None]


def sampler_config(settings: Settings, folder: str) -> DictConfig:
    """verl's configuration of rollout and model, with what differs from its defaults; `folder` holds the model."""
    lora = settings.lora
    model = {
        "_target_": "verl.workers.config.HFModelConfig",
        "path": folder,
        "override_config": {"attn_implementation": settings.attention},
        # vLLM is given base and adapter as one.
        "lora": {"merge": lora is not None},
        **({} if lora is None else {"lora_rank": lora.rank, "lora_alpha": lora.alpha}),
    }
    rollout = {
        "_target_": "verl.workers.config.RolloutConfig",
        "name": "vllm",
        "mode": "async",
        "dtype": settings.computes_in,
        "n_gpus_per_node": settings.ranks // settings.nodes,
        "tensor_model_parallel_size": settings.tensorParallel,
        "gpu_memory_utilization": settings.samplerMemory,
        "free_cache_engine": True,
        "load_format": "dummy",
        "layered_summon": False,
        # Of the model itself: temperature and top-p are the draw's.
        "logprobs_mode": "raw_logprobs",
        "calculate_log_probs": True,
        "skip_tokenizer_init": False,
        "prompt_length": settings.sampleTokens,
        "response_length": settings.sampleTokens,
        "full_determinism": False,
        "disable_log_stats": True,
        "prometheus": {"_target_": "verl.workers.config.PrometheusConfig", "enable": False},
        "disaggregation": {"_target_": "verl.workers.config.DisaggregationConfig", "enabled": False},
        "checkpoint_engine": {
            "_target_": "verl.workers.config.CheckpointEngineConfig",
            "backend": "naive",
            "update_weights_bucket_megabytes": 2048,
            "engine_kwargs": {},
        },
    }
    return OmegaConf.create({"model": model, "rollout": rollout, "actor": {"strategy": "fsdp2"}, "ref": {}})


class VllmSampler:
    """All rollout servers. Weights are synchronised before the first answer behind a change of the policy."""

    def __init__(self, settings: Settings, folder: str, workers: Any):
        from verl.checkpoint_engine.base import CheckpointEngineManager
        from verl.utils.config import omega_conf_to_dataclass
        from verl.workers.rollout.llm_server import LLMServerClient, LLMServerManager

        class Client(LLMServerClient):
            def _vllm_request_id(self, request_id: str) -> str:
                return request_id

        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        config = sampler_config(settings, folder)
        workers.open_sampler(OmegaConf.to_container(config))
        whole = OmegaConf.create(
            {
                "actor_rollout_ref": config,
                "trainer": {"n_gpus_per_node": config.rollout.n_gpus_per_node, "nnodes": settings.nodes},
            }
        )
        manager = LLMServerManager.create(whole, workers)
        self._client = manager.get_client(Client)
        self._replicas = manager.get_replicas()
        self._weights = CheckpointEngineManager(
            omega_conf_to_dataclass(config.rollout.checkpoint_engine), workers, self._replicas
        )
        self._open: dict[tuple[int, int], str] = {}
        self._ended: set[tuple[int, int]] = set()
        # Its memory can only be let go when all of it was taken once.
        self._run(
            self._client.generate(
                "warm-up", prompt_ids=[1, 2, 3], sampling_params={"max_tokens": 1, "temperature": 0.0}
            )
        )
        self._weights.sleep_replicas()
        self.awake = False

    def publish(self) -> None:
        """The present weights, and none of what vLLM keeps of media and prompts under others."""
        if self.awake:
            self.sleep()
        self._weights.update_weights()
        self._run(asyncio.gather(*(one.clear_kv_cache() for one in self._replicas)))
        self.awake = True

    def sleep(self) -> None:
        if self.awake:
            self._weights.sleep_replicas()
            self.awake = False

    def close(self) -> None:
        import ray

        for server in (server for replica in self._replicas for server in replica.servers):
            ray.kill(server)
        self._loop.call_soon_threadsafe(self._loop.stop)

    def sample(self, params: dict[str, Any], call: int, pixels: Callable[[str], np.ndarray], report: Report) -> None:
        if not self.awake:
            self.publish()
        prompts = read_prompts(params)
        media = [_media(prompt, pixels) for prompt in prompts]
        self._run(self._all(params, call, prompts, media, report))
        self._ended = {one for one in self._ended if one[0] != call}

    def abort(self, call: int) -> None:
        for of, answer in list(self._open):
            if of == call:
                self._abort((of, answer))

    def end(self, call: int, answer: int) -> None:
        self._ended.add((call, answer))
        self._abort((call, answer))

    async def _all(
        self, params: dict[str, Any], call: int, prompts: list[Prompt], media: list[dict[str, Any]], report: Report
    ) -> None:
        async def one(answer: int, prompt: int, seed: int) -> None:
            name, key = uuid4().hex, (call, answer)
            self._open[key] = name
            try:
                out = await self._client.generate(
                    name,
                    prompt_ids=prompts[prompt].tokens.tolist(),
                    sampling_params=_drawn(params, seed),
                    **media[prompt],
                )
            finally:
                del self._open[key]
            report({"finished": [_finished(answer, out, params, key in self._ended)]})

        await asyncio.gather(
            *(one(number, said["prompt"], said["seed"]) for number, said in enumerate(params["answers"]))
        )

    def _abort(self, key: tuple[int, int]) -> None:
        name = self._open.get(key)
        if name is not None:
            for replica in self._replicas:
                asyncio.run_coroutine_threadsafe(replica.abort_request(name), self._loop)

    def _run(self, work: Any) -> Any:
        async def waited() -> Any:
            return await work

        return asyncio.run_coroutine_threadsafe(waited(), self._loop).result()


def _drawn(params: dict[str, Any], seed: int) -> dict[str, Any]:
    return {
        "max_tokens": params["maxTokens"],
        "temperature": params["temperature"],
        "top_p": params["topP"],
        "top_k": params["topK"] or -1,
        "seed": seed,
        "logprobs": True,
        "stop_token_ids": list(params["endTokens"]),
        "ignore_eos": True,
        "logit_bias": {int(token): -100.0 for token in params["banned"]},
        "detokenize": False,
    }


def _finished(answer: int, out: Any, params: dict[str, Any], was_ended: bool) -> dict[str, Any]:
    tokens = np.asarray(out.token_ids, np.int32)
    is_whole = out.stop_reason != "aborted" or was_ended
    at_end = len(tokens) > 0 and int(tokens[-1]) in params["endTokens"]
    return {
        "answer": answer,
        "tokens": tokens,
        "logprobs": np.asarray(out.log_probs or [], np.float32),
        "entropy": None,
        "alternatives": None,
        "stopReason": "aborted" if not is_whole else "stop" if at_end or was_ended else "length",
    }


def _media(prompt: Prompt, pixels: Callable[[str], np.ndarray]) -> dict[str, Any]:
    """Frames as they are: neither resized nor chosen again, so that the vision tokens are those that were counted."""
    images = [_frames(one, pixels)[0] for one in prompt.media if one.kind == "image"]
    videos = [_video(one, pixels) for one in prompt.media if one.kind == "video"]
    if not prompt.media:
        return {}
    given = {"image_data": images or None, "video_data": videos or None}
    return {**given, "mm_processor_kwargs": {"do_resize": False, **({"do_sample_frames": False} if videos else {})}}


def _frames(medium: Medium, pixels: Callable[[str], np.ndarray]) -> np.ndarray:
    if medium.blank:
        raise GatewayError(
            "bad-request",
            "vLLM is given pixels, and frames without content have none.",
            remedy="Ask this with the sampler generate.",
        )
    return np.ascontiguousarray(pixels(medium.key)[list(medium.order)])


def _video(medium: Medium, pixels: Callable[[str], np.ndarray]) -> tuple[np.ndarray, dict[str, Any]]:
    frames, fps = _frames(medium, pixels), medium.fps or 2.0
    said = {
        "fps": fps,
        "duration": len(frames) / fps,
        "total_num_frames": len(frames),
        "frames_indices": list(range(len(frames))),
    }
    return frames, {**said, "video_backend": "video_r1", "do_sample_frames": False}
