"""What the run file says of the engine, as the controller sends it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Optional


@dataclass(frozen=True)
class Lora:
    rank: int
    alpha: int
    targets: Optional[list[str]] = None


@dataclass(frozen=True)
class Settings:
    """The names are those of the run file."""

    device: str = "cpu"
    mode: str = "spmd"
    ranks: int = 1
    nodes: int = 1
    sampler: str = "generate"
    precision: Optional[str] = None
    lora: Optional[Lora] = None
    freezeVision: bool = False
    offload: bool = False
    gradientCheckpointing: Optional[bool] = None
    attention: str = "sdpa"
    microBatchTokens: int = 16384
    sampleTokens: int = 65536
    tensorParallel: int = 1
    samplerMemory: float = 0.5
    ray: Optional[str] = None
    restAfterMinutes: Optional[float] = None
    others: dict[str, Any] = field(default_factory=dict)

    @staticmethod
    def read(said: dict[str, Any]) -> "Settings":
        known = {one.name for one in fields(Settings)}
        values = {key: value for key, value in said.items() if key in known and value is not None}
        if isinstance(values.get("lora"), dict):
            values["lora"] = Lora(**values["lora"])
        return Settings(**values, others={key: value for key, value in said.items() if key not in known})

    @property
    def computes_again(self) -> bool:
        """Activations are not kept for the backward pass. Memory is what a GPU lacks, and time a CPU."""
        return self.device != "cpu" if self.gradientCheckpointing is None else self.gradientCheckpointing

    @property
    def computes_in(self) -> str:
        """float32 or bfloat16"""
        return self.precision or ("float32" if self.device == "cpu" else "bfloat16")
