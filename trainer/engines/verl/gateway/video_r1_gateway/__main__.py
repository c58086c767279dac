"""`python -m video_r1_gateway`, under torchrun where there are several ranks: serves one client and ends with it."""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from . import PROTOCOL

if TYPE_CHECKING:
    from .crew import Crew
    from .ray_crew import RayCrew
    from .settings import Settings


def main() -> int:
    options = _options()
    _leave_nothing_of_the_launcher()
    _end_with(options.owner)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    said = json.loads(options.config)
    # Read where the libraries load. Threads that spin while they wait take the processors from other ranks and programs.
    for name, value in {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}.items():
        os.environ.setdefault(name, value)
    # Of engines that are not asked for.
    warnings.filterwarnings("ignore", message=".* engine is not available", category=UserWarning)
    import torch

    device = said.get("device", "auto")
    said["device"] = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.update(HF_HUB_OFFLINE="1", VERL_PLATFORM="cpu" if said["device"] == "cpu" else "nvidia")
    for name, value in {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}.items():
        os.environ.setdefault(name, value)
    if said["device"] == "cpu":
        _share_processors(torch)
        from .platform_cpu import use_cpu

        use_cpu()
    from .frames import FrameSpool
    from .server import Server
    from .settings import Settings

    settings = Settings.read(said)
    if settings.mode == "spmd":
        import torch.distributed as dist

        from .crew import follow

        _join(torch, dist, settings.device)
        if dist.get_rank() != 0:
            follow(settings)
            return 0
    spool = FrameSpool()
    try:
        crew = _crew(settings, spool.folder)
        host, _, port = options.listen.rpartition(":")
        with socket.create_server((host, int(port))) as listener:
            token = Path(options.token_file).read_text().strip()
            if not token:
                sys.exit(f"The token file {options.token_file} is empty: anybody would know it.")
            _ready(Path(options.ready), "%s:%d" % listener.getsockname()[:2])
            try:
                Server(settings, crew, spool, token, options.stay).serve(listener)
            finally:
                crew.close()
    finally:
        spool.close()
    return 0


def _crew(settings: "Settings", folder: Path) -> "Crew | RayCrew":
    if settings.mode == "spmd":
        from .crew import Crew

        return Crew(settings, folder)
    from .ray_crew import RayCrew

    return RayCrew(settings, folder)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="video_r1_gateway", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0", help="host:port; port 0 takes a free one")
    parser.add_argument("--ready", required=True, help="file that is written when the gateway can be spoken to")
    parser.add_argument("--token-file", required=True, help="file with the token that a client must know")
    parser.add_argument("--config", default="{}", help="the run file's engine, as JSON")
    parser.add_argument("--owner", type=int, help="process that this gateway is to end with, whoever started its ranks")
    parser.add_argument("--stay", action="store_true", help="wait for the next client when one is gone")
    return parser.parse_args()


def _join(torch: object, dist: object, device: str) -> None:
    """The group of all ranks. Nothing waits in it while the run stands still, so its time-out is for what hangs."""
    if "MASTER_PORT" not in os.environ:
        with socket.create_server(("127.0.0.1", 0)) as free:
            os.environ["MASTER_PORT"] = str(free.getsockname()[1])
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))  # type: ignore[attr-defined]
    backend = "cpu:gloo" if device == "cpu" else "cpu:gloo,cuda:nccl"
    dist.init_process_group(backend, timeout=timedelta(minutes=30))  # type: ignore[attr-defined]


def _share_processors(torch: object) -> None:
    """Threads that spin for one another on shared processors are many times slower than fewer ones."""
    if "OMP_NUM_THREADS" not in os.environ:
        ranks = int(os.environ["WORLD_SIZE"])
        torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // ranks))  # type: ignore[attr-defined]


def _end_with(owner: int | None) -> None:
    """Linux ends this process with the one that started it; elsewhere, and for who started that, a thread looks."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent and (owner is None or _is_alive(owner)):
            time.sleep(1)
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def _leave_nothing_of_the_launcher() -> None:
    """torchrun makes a folder for what ranks die of, and leaves it. Ours say that in the log."""
    for folder in Path(os.environ.get("TORCHELASTIC_ERROR_FILE", "/")).parents:
        if folder.name.startswith("torchelastic_") and folder.parent == Path(tempfile.gettempdir()):
            shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _ready(file: Path, address: str) -> None:
    said = json.dumps({"protocol": PROTOCOL, "address": address, "pid": os.getpid()})
    handle, beside = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w") as out:
        out.write(said)
    os.replace(beside, file)


if __name__ == "__main__":
    sys.exit(main())
