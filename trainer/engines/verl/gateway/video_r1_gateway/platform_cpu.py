"""verl has no platform for a machine without an accelerator; it takes one through its registry."""

from __future__ import annotations

from contextlib import contextmanager
from types import ModuleType
from typing import Any, Iterator, Optional

import torch
from verl.plugin.platform.platform_base import PlatformBase
from verl.plugin.platform.platform_manager import PlatformRegistry


def _device_module() -> ModuleType:
    """What verl calls of `torch.cuda`, for a processor: nothing is kept by a device."""
    module = ModuleType("torch_cpu")
    none = {
        name: (lambda *_a, **_k: 0)
        for name in ("memory_allocated", "memory_reserved", "max_memory_allocated", "max_memory_reserved")
    }
    calls = {
        **none,
        "is_available": lambda: True,
        "empty_cache": lambda: None,
        "ipc_collect": lambda: None,
        "reset_peak_memory_stats": lambda *_a: None,
        "synchronize": lambda *_a: None,
        "current_device": lambda: "cpu",
        "device_count": lambda: 1,
        "set_device": lambda *_a: None,
        "mem_get_info": lambda *_a: (1, 1),
        "get_rng_state": torch.get_rng_state,
        "set_rng_state": torch.set_rng_state,
        "manual_seed": torch.manual_seed,
    }
    for name, call in calls.items():
        setattr(module, name, call)
    return module


class PlatformCPU(PlatformBase):
    """One processor, gloo between ranks; profiling and memory calls do nothing."""

    _module = _device_module()

    device_name = property(lambda self: "cpu")
    vendor_name = property(lambda self: "cpu")
    device_module = property(lambda self: self._module)

    def is_available(self) -> bool:
        return True

    def current_device(self) -> Any:
        return "cpu"

    def device_count(self) -> int:
        return 1

    def set_device(self, device_index: int) -> None:
        pass

    def synchronize(self, device_index: Optional[int] = None) -> None:
        pass

    def manual_seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def manual_seed_all(self, seed: int) -> None:
        torch.manual_seed(seed)

    def set_allocator_settings(self, settings: str) -> None:
        pass

    def empty_cache(self) -> None:
        pass

    def get_device_capability(self, device_index: int = 0) -> tuple[Optional[int], Optional[int]]:
        return None, None

    def communication_backend_name(self) -> str:
        return "gloo"

    def visible_devices_envvar(self) -> str:
        return "VIDEO_R1_VISIBLE_PROCESSORS"

    @contextmanager
    def nvtx_range(self, msg: str) -> Iterator[None]:
        yield

    def profiler_start(self) -> None:
        pass

    def profiler_stop(self) -> None:
        pass

    def ray_resource_name(self) -> str:
        return "CPU"

    def ray_noset_envvars(self) -> list[str]:
        return []

    def ray_resource_options(self, num_gpus: float) -> dict[str, Any]:
        return {"num_cpus": num_gpus}

    def is_ipc_supported(self) -> bool:
        return False

    def cudart(self) -> Any:
        return None


def use_cpu() -> None:
    """To be called before anything of verl asks for its platform."""
    PlatformRegistry.register(platform="cpu")(PlatformCPU)
