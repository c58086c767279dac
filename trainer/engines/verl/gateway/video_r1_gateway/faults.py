"""What went wrong, as the client is told of it."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException

from .wire import GatewayError

_NO_SPACE = ("No space left on device", f"os error {errno.ENOSPC}", "Disk quota exceeded", "unexpected pos")
"""How libraries that raise errors of their own say it; the last is what torch says of an archive that was cut short."""


def as_gateway_error(error: BaseException) -> GatewayError:
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, CheckpointException) and error.failures:
        # It holds those of all ranks, and is no Exception.
        [first, *_] = error.failures.values()
        return as_gateway_error(first[0])
    if isinstance(error, torch.OutOfMemoryError):
        return GatewayError(
            "engine-failed",
            f"The accelerator has no memory left: {error}",
            remedy="Lower microBatchTokens or sampleTokens, take more ranks, or set offload or lora, in the run file's engine.",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return GatewayError("disk-full", f"No space is left: {error}", place=error.filename)
    if any(words in str(error) for words in _NO_SPACE):
        return GatewayError("disk-full", f"No space is left: {error}")
    return GatewayError("engine-failed", f"{type(error).__name__}: {error}")


def traced(error: Exception) -> GatewayError:
    """The same, with where it was raised in the log."""
    told = as_gateway_error(error)
    if told is not error:
        traceback.print_exc()
    return told


def on_first_rank(work: Callable[[], None]) -> None:
    """Work that rank 0 does for all, which wait for it. What it fails with, all fail with, so that none waits for ever."""
    fault: list[GatewayError | None] = [None]
    if dist.get_rank() == 0:
        try:
            work()
        except Exception as error:
            fault[0] = traced(error)
    dist.broadcast_object_list(fault, src=0, device=torch.device("cpu"))
    if fault[0] is not None:
        raise fault[0]
