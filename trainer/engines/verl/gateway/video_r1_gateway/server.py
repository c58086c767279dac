"""Rank 0's end of the socket: one client at a time. What can wait is carried out in turn; what can't, at once, in the thread that hears."""

from __future__ import annotations

import hmac
import os
import platform
import socket
import threading
import time
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from typing import Any

import torch

from . import PROTOCOL
from .checks import check, check_frames
from .crew import Crew
from .faults import traced
from .frames import FrameSpool, StoredFrames
from .plan import read_prompts
from .rank import joined
from .settings import Settings
from .wire import GatewayError, encode, receive

_LOSS_MEANS = ["answer", "token", "constant"]
_OPTIMIZER_KEYS = ["learningRate", "beta1", "beta2", "epsilon", "weightDecay", "gradClipNorm"]


_GREETING_SECONDS = 10.0
"""Less than a client waits for its own greeting: who says nothing must not keep it out."""
_MOST_GREETING = 64 * 2**10
_SILENCE_SECONDS = 600.0
"""A client asks every few seconds whether this gateway lives. One that is gone with its machine, or behind a tunnel, closes nothing."""


_Requests = SimpleQueue["dict[str, Any] | None"]


class Server:
    def __init__(self, settings: Settings, crew: Crew, spool: FrameSpool, token: str, stay: bool):
        self.settings, self.crew, self.spool, self.token, self.stay = settings, crew, spool, token, stay
        self._sending = threading.Lock()
        self._connection: socket.socket | None = None
        self._calls = 0
        self._call_of: dict[Any, int] = {}
        self._vocabularies: dict[int, int] = {}
        """Of each model, how many tokens it knows."""
        self._busy: tuple[str, float] | None = None
        self._is_resting = False

    def serve(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._greet(connection):
                # Without --stay it ends with the process that started it.
                connection.settimeout(_SILENCE_SECONDS if self.stay else None)
                self._attend(connection)
                if not self.stay:
                    return
            connection.close()

    def _greet(self, connection: socket.socket) -> bool:
        """The first message must be the right one."""
        late = threading.Timer(_GREETING_SECONDS, _cut, (connection,))
        late.start()
        try:
            message = receive(connection, _MOST_GREETING, 0)
            if message is None:
                return False
            identity, method, params = _read(message)
            if method != "hello":
                raise GatewayError("bad-request", "The first message must be hello.")
            said = str(params.get("token", "")).encode(errors="replace")
            if not hmac.compare_digest(said, self.token.encode()):
                raise GatewayError(
                    "bad-request",
                    "The token is not this gateway's.",
                    remedy="Name the token file that it was started with.",
                )
            if params.get("protocol") != PROTOCOL:
                raise GatewayError(
                    "bad-request", f"This gateway speaks protocol {PROTOCOL}, the client {params.get('protocol')}."
                )
            self._send(connection, {"id": identity, "result": self._hello()})
            return True
        except GatewayError as error:
            self._send(connection, {"id": None, "error": error.to_json()})
            return False
        except OSError:
            return False
        finally:
            late.cancel()

    def _attend(self, connection: socket.socket) -> None:
        self._connection = connection
        requests: _Requests = SimpleQueue()
        threading.Thread(target=self._hear, args=(connection, requests), daemon=True).start()
        while (message := self._next_request(requests)) is not None:
            identity, method, params = _read(message)
            self._busy = (method, time.monotonic())
            call = self._call_of.setdefault(identity, self._next())
            answer: dict[str, Any]
            try:
                handler = getattr(self, f"_do_{method}", None)
                if handler is None:
                    raise GatewayError("bad-request", f"There is no method {method}.")
                answer = {
                    "result": handler(
                        params, call, lambda event: self._send(connection, {"id": identity, "event": event})
                    )
                }
            except Exception as error:
                answer = {"error": traced(error).to_json()}
            self._busy = None
            self._call_of.pop(identity, None)
            self._send(connection, {"id": identity, **answer})
            if method == "shutdown":
                break
        self._leave()

    def _next_request(self, requests: _Requests) -> dict[str, Any] | None:
        """Where nobody asks for long, the accelerators' memory is given back until someone does."""
        minutes = self.settings.restAfterMinutes
        if minutes is not None and self._vocabularies and not self._is_resting:
            try:
                return requests.get(timeout=60 * minutes)
            except Empty:
                self._rest()
        return requests.get()

    def _rest(self) -> None:
        try:
            self._is_resting = all(self._of_itself("rest", {}))
        except Exception as error:
            print(f"The models can't rest: {traced(error)}", flush=True)
            return
        if self._is_resting:
            print("Nobody asked for long: the models rest in the machine's memory.", flush=True)
        else:
            print("Nobody asked for long; the models stay, as a snapshot is held.", flush=True)

    def _of_itself(self, method: str, params: dict[str, Any]) -> list[Any]:
        """A command that no client asked for."""
        return self.crew.run(method, params, self._next(), {}, lambda _: None)

    def _hear(self, connection: socket.socket, requests: _Requests) -> None:
        try:
            while (message := receive(connection)) is not None:
                self._take(connection, message, requests)
        except GatewayError as error:
            print(f"The client sent what is no message: {error}", flush=True)
            self._send(connection, {"id": None, "error": error.to_json()})
            _cut(connection)
        except OSError as error:
            print(f"The client's socket failed: {error}", flush=True)
        if not self.stay:
            # Whatever is being computed, nobody waits for it.
            self.spool.close()
            self.crew.close()
            os._exit(3)
        if connection is self._connection:
            for call in list(self._call_of.values()):
                self.crew.abort(call)
        requests.put(None)

    def _take(self, connection: socket.socket, message: dict[str, Any], requests: _Requests) -> None:
        identity, method, params = _read(message)
        if method == "ping":
            busy = self._busy
            said = (
                {"busy": None, "forMs": 0}
                if busy is None
                else {"busy": busy[0], "forMs": int(1000 * (time.monotonic() - busy[1]))}
            )
            self._send(connection, {"id": identity, "result": said})
        elif method in ("abort", "end"):
            of, answer = params.get("of"), params.get("answer")
            if not isinstance(of, int) or (method == "end" and not isinstance(answer, int)):
                error = GatewayError("bad-request", f"{method} names a request by its number, and end an answer.")
                self._send(connection, {"id": identity, "error": error.to_json()})
                return
            call = self._call_of.get(of)
            if call is not None:
                self.crew.abort(call) if method == "abort" else self.crew.end(call, answer)
            self._send(connection, {"id": identity, "result": {}})
        else:
            self._call_of[identity] = self._next()
            requests.put(message)

    def _send(self, connection: socket.socket, message: dict[str, Any]) -> None:
        data = encode(message)
        with self._sending:
            try:
                connection.sendall(data)
            except OSError:
                pass

    def _leave(self) -> None:
        """What the client held is let go; the next one begins anew."""
        for model in sorted(self._vocabularies):
            self._of_itself("unload", {"model": model})
        self._vocabularies.clear()
        self._call_of.clear()
        self._is_resting = False

    def _next(self) -> int:
        self._calls += 1
        return self._calls

    def _stored(self, params: dict[str, Any]) -> dict[str, StoredFrames]:
        keys = {medium.key for prompt in read_prompts(params) for medium in prompt.media if not medium.blank}
        return {key: self.spool[key] for key in keys}

    def _all(self, method: str, params: dict[str, Any], call: int, report: Any) -> list[Any]:
        check(method, params, self._vocabularies, self.spool.__getitem__)
        if self._is_resting and method not in ("memory", "unload"):
            self._of_itself("wake", {})
            self._is_resting = False
            print("The models are back.", flush=True)
        frames = self._stored(params) if "prompts" in params else {}
        return self.crew.run(method, params, call, frames, report)

    # Each of the methods of the wire.

    def _do_frames(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        frames = params.get("frames")
        if not isinstance(frames, list):
            raise GatewayError("bad-request", "frames must be a list.")
        for number, one in enumerate(frames):
            check_frames(one, f"frames[{number}]")
        return {"missing": self.spool.wanted(frames)}

    def _do_putFrames(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        check_frames(params, "putFrames")
        self.spool.put(params["key"], params["width"], params["height"], params["count"], params.get("pixels"))
        return {}

    def _do_createModel(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        [made, *_] = self._all("createModel", params, call, report)
        self._vocabularies[params["model"]] = made.pop("vocabulary")
        return made

    def _do_sample(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        self._all("sample", params, call, report)
        return {}

    def _do_forward(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        parts = self._all("forward", params, call, report)
        entropy = joined([part["entropy"] for part in parts]) if params["entropy"] else None
        return {"logprobs": joined([part["logprobs"] for part in parts]), "entropy": entropy, "grids": _grids(params)}

    def _do_forwardBackward(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        parts = self._all("forwardBackward", params, call, report)
        sums = {key: parts[0][key] for key in ("loss", "kl", "clipped")}
        return {**sums, "logprobs": joined([part["logprobs"] for part in parts]), "grids": _grids(params)}

    def _do_optimStep(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        return {"gradNorm": self._all("optimStep", params, call, report)[0]}

    def _do_saveState(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        return {"optimizerStep": self._all("saveState", params, call, report)[0]}

    def _do_memory(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        parts = self._all("memory", params, call, report)
        by_rank = [part["bytes"] for part in parts]
        return {"bytes": sum(by_rank), "tensors": sum(part["tensors"] for part in parts), "byRank": by_rank}

    def _do_unload(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        self._all("unload", params, call, report)
        self._vocabularies.pop(params["model"], None)
        return {}

    def _plain(method: str) -> Any:  # type: ignore[misc]
        def do(self: "Server", params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
            self._all(method, params, call, report)
            return {}

        return do

    _do_snapshot, _do_restore, _do_release = _plain("snapshot"), _plain("restore"), _plain("release")
    _do_publish = _plain("publish")

    def _do_shutdown(self, params: dict[str, Any], call: int, report: Any) -> dict[str, Any]:
        return {}

    def _hello(self) -> dict[str, Any]:
        settings = self.settings
        ranks, on = self.crew.size, "GPU" if settings.device == "cuda" else "CPU"
        many = f"{ranks} ranks" if ranks > 1 else "one rank"
        return {
            "protocol": PROTOCOL,
            "gateway": "1",
            "versions": {
                "python": platform.python_version(),
                **{name: _version(name) for name in ("torch", "transformers", "verl", "vllm", "ray")},
            },
            "mode": settings.mode,
            "ranks": ranks,
            "nodes": settings.nodes,
            "device": settings.device,
            "devices": _devices(settings.device),
            "sampler": settings.sampler,
            "capabilities": _capabilities(settings),
            "why": f"verl's FSDP2 engine on {many} of the {on}, in {settings.computes_in}; answers by transformers' generate",
        }


def _read(message: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
    """What every request has. Raises GatewayError."""
    identity, method, params = message.get("id"), message.get("method"), message.get("params")
    if not isinstance(identity, int) or not isinstance(method, str) or not isinstance(params, dict):
        raise GatewayError("bad-request", "A message must have a number (id), a method and an object of params.")
    return identity, method, params


def _cut(connection: socket.socket) -> None:
    """Ends a connection, for the thread that reads from it too."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _capabilities(settings: Settings) -> dict[str, Any]:
    is_trainer = settings.sampler == "generate"
    return {
        "chunks": ["text", "special", "image", "video"],
        "losses": ["cross-entropy", "policy"],
        "lossMeans": _LOSS_MEANS,
        "ratios": ["token", "sequence"],
        "fullParameters": settings.lora is None,
        "entropy": True,
        "sampledEntropy": is_trainer,
        "samplerIsTrainer": is_trainer,
        "seeds": "same batch" if is_trainer else "best effort",
        "topAlternatives": 20 if is_trainer else 0,
        "optimizerKeys": _OPTIMIZER_KEYS,
        "reference": True,
        "exactKl": False,
        "prefix": True,
        "snapshot": True,
        "abort": True,
    }


def _grids(params: dict[str, Any]) -> list[list[int]]:
    return [list(medium.grid) for prompt in read_prompts(params) for medium in prompt.media]


def _devices(device: str) -> list[dict[str, Any]]:
    if device == "cpu":
        return [
            {
                "name": platform.processor() or "CPU",
                "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            }
        ]
    every = (torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count()))
    return [{"name": one.name, "memoryBytes": one.total_memory} for one in every]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
