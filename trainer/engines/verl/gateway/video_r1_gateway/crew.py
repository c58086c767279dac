"""The ranks of one machine. Rank 0 hears the client and gives every command to all; each takes its share and answers rank 0.

Commands pass over sockets between the processes and over no collective, so that a pause of any length times nothing out, and a
rank's fault is told by itself.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Callable

import numpy as np
import torch
import torch.distributed as dist

from .faults import traced
from .frames import StoredFrames
from .rank import Rank
from .settings import Settings
from .wire import GatewayError

Report = Callable[[dict[str, Any]], None]
_PATIENCE_SECONDS = 30.0
"""A rank that failed leaves others waiting in a collective: they are given this long, then all end."""
PULSE_SECONDS = float(os.environ.get("VIDEO_R1_PULSE_SECONDS", "5"))
MOST_MISSED = 24
"""Pulses that may fail to come before a rank is taken to hang. Counted, so that a machine that slept is no silence."""


class Frames:
    """The frames that a command is about."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredFrames] = {}

    def __call__(self, key: str) -> np.ndarray:
        try:
            return self.stored[key].pixels()
        except KeyError:
            raise GatewayError("bad-media", "The frames of a prompt were not sent.", place=key) from None


class Crew:
    """Rank 0's hold on all ranks, itself among them."""

    def __init__(self, settings: Settings, folder: Path):
        self._frames = Frames()
        self._folder = folder
        self._reports: dict[int, Report] = {}
        self.rank = Rank(settings, self._frames, self._report)
        self._links: list[Connection] = []
        self._answers: SimpleQueue[tuple[int, int, Any]] = SimpleQueue()
        self._sending = threading.Lock()
        self._missed: dict[int, int] = {}
        """By rank, how many pulses did not come."""
        self._processes: dict[int, int] = {}
        if dist.get_world_size() > 1:
            self._meet(folder)
            threading.Thread(target=self._watch, daemon=True).start()

    @property
    def size(self) -> int:
        return dist.get_world_size()

    def run(
        self, method: str, params: dict[str, Any], call: int, frames: dict[str, StoredFrames], report: Report
    ) -> list[Any]:
        """Has every rank carry out a command; gives what each found. Raises GatewayError, the first rank's that failed."""
        self._reports[call] = report
        try:
            self._tell(("run", call, method, params, frames))
            self._frames.stored = frames
            own: Any
            try:
                own = self.rank.execute(method, params, call)
            except Exception as error:
                own = traced(error)
            if isinstance(own, GatewayError):
                self._give_up_later(call, own)
            found = {0: own, **self._others(call)}
            for rank in sorted(found):
                if isinstance(found[rank], GatewayError):
                    raise found[rank]
            return [found[rank] for rank in sorted(found)]
        finally:
            self._reports.pop(call, None)

    def abort(self, call: int) -> None:
        self.rank.endings.abort(call)
        self._tell(("abort", call))

    def end(self, call: int, answer: int) -> None:
        self.rank.endings.end(call, answer)
        self._tell(("end", call, answer))

    def close(self) -> None:
        self._tell(("close",))

    def _others(self, call: int) -> dict[int, Any]:
        found: dict[int, Any] = {}
        while len(found) < len(self._links):
            rank, of, value = self._answers.get()
            if of == call:
                found[rank] = value
        return found

    def _meet(self, folder: Path) -> None:
        key = secrets.token_bytes(32)
        with Listener(str(folder / "ranks.sock"), "AF_UNIX", backlog=self.size, authkey=key) as listener:
            dist.broadcast_object_list([listener.address, key], src=0, device=torch.device("cpu"))
            for _ in range(self.size - 1):
                link = listener.accept()
                self._links.append(link)
                rank, self._processes[rank] = link.recv()
                threading.Thread(target=self._hear, args=(link, rank), daemon=True).start()

    def _hear(self, link: Connection, rank: int) -> None:
        self._missed[rank] = 0
        try:
            while True:
                kind, call, value = link.recv()
                self._missed[rank] = 0
                if kind == "pulse":
                    continue
                if kind == "report":
                    self._report(call, value)
                    continue
                if isinstance(value, GatewayError):
                    self._give_up_later(call, value)
                self._answers.put((rank, call, value))
        except (EOFError, OSError):
            self._end(f"Rank {rank} is gone.")

    def _watch(self) -> None:
        """A rank that was stopped, or hangs in the kernel, breaks no connection: it falls silent."""
        while True:
            time.sleep(PULSE_SECONDS)
            for rank in list(self._missed):
                self._missed[rank] += 1
                if self._missed[rank] > MOST_MISSED:
                    seconds = MOST_MISSED * PULSE_SECONDS
                    self._end(f"Rank {rank} is gone: nothing was heard of it for {seconds:g} s.", self._processes[rank])

    def _give_up_later(self, call: int, error: GatewayError) -> None:
        """Has the others end their answers; ends all where the call is not over by then, as they wait for the one that failed."""
        self.abort(call)

        def look() -> None:
            if call in self._reports:
                self._end(f"A rank failed and left the others waiting: {error}")

        timer = threading.Timer(_PATIENCE_SECONDS, look)
        timer.daemon = True
        timer.start()

    def _end(self, why: str, silent: int | None = None) -> None:
        """`silent` is a process that would not hear of the end."""
        print(why, file=sys.stderr, flush=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        if silent is not None:
            with suppress(ProcessLookupError):
                os.kill(silent, signal.SIGKILL)
        os._exit(13)

    def _report(self, call: int, event: dict[str, Any]) -> None:
        report = self._reports.get(call)
        if report is not None:
            report(event)

    def _tell(self, message: tuple[Any, ...]) -> None:
        with self._sending:
            for link in self._links:
                link.send(message)


def follow(settings: Settings) -> None:
    """The life of a rank other than 0: carries out commands until rank 0 says it is over, or is gone."""
    where: list[Any] = [None, None]
    dist.broadcast_object_list(where, src=0, device=torch.device("cpu"))
    address, key = where
    link = Client(address, "AF_UNIX", authkey=key)
    link.send((dist.get_rank(), os.getpid()))
    sending = threading.Lock()

    def say(message: tuple[Any, ...]) -> None:
        with sending:
            link.send(message)

    frames = Frames()
    rank = Rank(settings, frames, lambda call, event: say(("report", call, event)))
    commands: SimpleQueue[Any] = SimpleQueue()

    def hear() -> None:
        try:
            while True:
                kind, *rest = link.recv()
                if kind == "abort":
                    rank.endings.abort(rest[0])
                elif kind == "end":
                    rank.endings.end(*rest)
                elif kind == "close":
                    os._exit(0)
                else:
                    commands.put(rest)
        except (EOFError, OSError):
            os._exit(13)

    def pulse() -> None:
        while True:
            time.sleep(PULSE_SECONDS)
            try:
                say(("pulse", None, None))
            except OSError:
                os._exit(13)

    for work in (hear, pulse):
        threading.Thread(target=work, daemon=True).start()
    while True:
        call, method, params, stored = commands.get()
        frames.stored = stored
        try:
            value = rank.execute(method, params, call)
        except Exception as error:
            value = traced(error)
        say(("answer", call, value))
