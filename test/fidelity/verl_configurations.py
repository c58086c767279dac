"""Builds verl's own configuration for settings of a run file, without a GPU and without a model: its dataclasses refuse what they can't take.

    VERL_PYTHON test/fidelity/verl_configurations.py MODEL_FOLDER < settings.json

Reads a list of the run file's `engine`; prints for each what verl makes of it, or why it refuses.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "trainer/engines/verl/gateway"))
from verl.utils.config import omega_conf_to_dataclass  # noqa: E402
from video_r1_gateway.model import engine_config, model_config  # noqa: E402
from video_r1_gateway.settings import Settings  # noqa: E402
from video_r1_gateway.vllm_sampler import sampler_config  # noqa: E402


def configured(said: dict, folder: str) -> dict:
    settings = Settings.read(said)
    if settings.others:
        raise ValueError(f"unknown settings {sorted(settings.others)}")
    policy = engine_config(settings)
    model = model_config(folder, settings)
    found = {
        "strategy": policy.strategy,
        "weights": policy.model_dtype,
        "computed in": policy.mixed_precision["param_dtype"],
        "gradients": policy.mixed_precision["reduce_dtype"],
        "offload": policy.offload_policy,
        "lora": [model.lora_rank, model.lora_alpha],
        "left out of lora": model.exclude_modules,
        "checkpointing": model.enable_gradient_checkpointing,
    }
    if settings.sampler == "vllm":
        config = sampler_config(settings, folder)
        rollout, sampled = omega_conf_to_dataclass(config.rollout), omega_conf_to_dataclass(config.model)
        found["vllm"] = {
            "tensor parallel": rollout.tensor_model_parallel_size,
            "memory": rollout.gpu_memory_utilization,
            "log-probabilities": rollout.logprobs_mode,
            "dtype": rollout.dtype,
            "gpus a node": rollout.n_gpus_per_node,
            "weights by": rollout.checkpoint_engine.backend,
            "merged": sampled.lora.get("merge", False),
        }
    return found


print(json.dumps([configured(said, sys.argv[1]) for said in json.load(sys.stdin)]))
