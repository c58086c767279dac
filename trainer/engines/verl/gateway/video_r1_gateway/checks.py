"""Requests, held to what they may be before any rank begins: one that failed on a single rank would leave the others waiting for it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, Callable

import numpy as np

from .frames import StoredFrames
from .wire import GatewayError

_MERGED = 28
"""Pixels of a token's side: 2 x 2 patches of 14."""

Params = dict[str, Any]


def check(method: str, params: Params, vocabularies: dict[int, int], frames: Callable[[str], StoredFrames]) -> None:
    """`vocabularies` has the number of tokens of each model. Raises GatewayError, which names the key."""
    if method == "createModel":
        _check_new(params, vocabularies)
    if method not in _OF_MODEL:
        return
    model = _whole(params, "model")
    if model not in vocabularies:
        if method in ("unload", "release"):
            return
        raise _fault(f"There is no model {model}.")
    if method in ("snapshot", "restore", "release"):
        _whole(params, "snapshot")
    if method == "saveState" and not Path(_text(params, "folder")).is_dir():
        raise GatewayError(
            "bad-request",
            "The folder to save into is not there.",
            place=params["folder"],
            remedy="A gateway on another machine must see the run's folder under the same path.",
        )
    if method == "optimStep":
        _check_step(params)
    if method in ("sample", "forward", "forwardBackward"):
        _check_prompts(_list(params, "prompts"), vocabularies[model], frames)
    if method == "sample":
        _check_sample(params, vocabularies[model])
    if method in ("forward", "forwardBackward"):
        _check_sequences(params, vocabularies[model])
    if method == "forward":
        _choice(params, "entropy", (True, False))
    if method == "forwardBackward":
        _check_loss(params)


_OF_MODEL = (
    *("sample", "forward", "forwardBackward", "optimStep", "saveState"),
    *("snapshot", "restore", "release", "publish", "unload"),
)


def check_frames(one: Any, where: str) -> None:
    """The name and size of frames."""
    if not isinstance(one, dict):
        raise _fault(f"{where} must be objects.")
    _text(one, "key", where)
    for key in ("width", "height", "count"):
        _whole(one, key, 1, where=where)


def _check_new(params: Params, vocabularies: dict[int, int]) -> None:
    number = _whole(params, "model")
    if number in vocabularies:
        raise _fault(f"There is a model {number} already.")
    _choice(params, "role", ("policy", "reference"))
    optimizer = _choice(params, "optimizer", (True, False))
    folder, copied = params.get("folder"), params.get("copyOf")
    if (folder is None) == (copied is None):
        raise _fault("A model is of a folder or a copy of another: one of folder and copyOf.")
    if copied is not None:
        if _whole(params, "copyOf") not in vocabularies:
            raise _fault(f"There is no model {copied}.")
        if optimizer:
            raise _fault("A copy has no optimizer's state.")
        return
    _require_model(Path(_text(params, "folder")))


def _require_model(folder: Path) -> None:
    if not folder.is_dir():
        raise GatewayError(
            "bad-model",
            "The gateway's machine has no such folder.",
            place=str(folder),
            remedy="A gateway elsewhere must see the project under the same path, as on a file system that both share.",
        )
    adapter = folder / "adapter_config.json"
    if adapter.is_file():
        _require_base(adapter)
    elif not (folder / "config.json").is_file():
        raise GatewayError("bad-model", "The folder holds no model: there is no config.json.", place=str(folder))


def _require_base(adapter: Path) -> None:
    try:
        base = json.loads(adapter.read_text())["base_model_name_or_path"]
        there = Path(base, "config.json").is_file()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GatewayError(
            "bad-model", "The file names no model that the adapter is beside.", place=str(adapter)
        ) from error
    if not there:
        raise GatewayError(
            "bad-model",
            f"The model that the adapter is beside is not there: {base}.",
            place=str(adapter),
            remedy="Put it back, or name its new place in the file (base_model_name_or_path).",
        )


def _check_step(params: Params) -> None:
    for key in ("learningRate", "epsilon", "weightDecay", "gradClipNorm"):
        _number(params, key)
    for key in ("beta1", "beta2"):
        if not 0 <= _number(params, key) < 1:
            raise _fault(f"{key} must be from 0 to below 1; it is {params[key]}.")


def _check_prompts(prompts: list[Any], vocabulary: int, frames: Callable[[str], StoredFrames]) -> None:
    for number, one in enumerate(prompts):
        where = f"prompts[{number}]"
        if not isinstance(one, dict):
            raise _fault(f"{where} must be an object.")
        tokens = _tokens(one, "tokens", vocabulary, where)
        if len(tokens) == 0:
            raise _fault(f"{where} has no tokens.")
        if len(_integers(one, "positions", where)) != 3 * len(tokens):
            raise _fault(f"{where}: {len(tokens)} tokens have {len(one['positions'])} positions, not 3 each.")
        _whole(one, "next", where=where)
        _whole(one, "begun", 0, len(tokens), where=where)
        behind = 0
        for place, medium in enumerate(_list(one, "media", where)):
            behind = _check_medium(medium, f"{where}.media[{place}]", behind, len(tokens), frames)


def _check_medium(
    medium: Any, where: str, behind: int, prompt_tokens: int, frames: Callable[[str], StoredFrames]
) -> int:
    """@returns the place of the token behind it"""
    check_frames({"count": 1, **medium} if isinstance(medium, dict) else medium, where)
    _choice(medium, "kind", ("image", "video"), where)
    blank = _choice(medium, "blank", (True, False), where)
    width, height, order = medium["width"], medium["height"], _list(medium, "order", where)
    if width % _MERGED or height % _MERGED:
        raise _fault(f"{where} is of {width} x {height}, not of whole {_MERGED} x {_MERGED} tokens.", "bad-media")
    if len(order) == 0 or len(order) % 2:
        raise _fault(f"{where} shows {len(order)} frames; two make a patch.", "bad-media")
    if not blank:
        stored = frames(medium["key"])
        if (stored.width, stored.height) != (width, height):
            said = f"{stored.width} x {stored.height}, not of {width} x {height}"
            raise _fault(f"{where}: its frames are of {said}.", "bad-media")
        bad = next((one for one in order if not (_is_whole(one) and 0 <= one < stored.count)), None)
        if bad is not None:
            raise _fault(f"{where} shows frame {bad} of {stored.count}.", "bad-media")
    first, count = _whole(medium, "firstToken", 0, where=where), _whole(medium, "tokens", 1, where=where)
    needed = len(order) // 2 * (height // _MERGED) * (width // _MERGED)
    if count != needed:
        raise _fault(f"{where} has {count} tokens in its prompt, and its frames make {needed}.", "bad-media")
    if first < behind or first + count > prompt_tokens:
        raise _fault(f"{where}: tokens {first} to {first + count} are not its own in a prompt of {prompt_tokens}.")
    return first + count


def _check_sample(params: Params, vocabulary: int) -> None:
    for number, one in enumerate(_list(params, "answers")):
        where = f"answers[{number}]"
        if not isinstance(one, dict):
            raise _fault(f"{where} must be an object.")
        _whole(one, "prompt", 0, len(params["prompts"]) - 1, where=where)
        _whole(one, "seed", 0, 2**32 - 1, where=where)
    _whole(params, "maxTokens", 1)
    _whole(params, "topK", 0)
    _whole(params, "alternatives", 0, vocabulary)
    if _number(params, "temperature") < 0:
        raise _fault(f"temperature must be 0 or more; it is {params['temperature']}.")
    if not 0 < _number(params, "topP") <= 1:
        raise _fault(f"topP must be above 0 and at most 1; it is {params['topP']}.")
    if len(np.unique(_tokens(params, "banned", vocabulary))) >= vocabulary:
        raise _fault("banned leaves no token to draw.")
    if not all(_is_whole(one) for one in _list(params, "endTokens")):
        raise _fault("endTokens must be whole numbers.")


def _check_sequences(params: Params, vocabulary: int) -> None:
    for number, one in enumerate(_list(params, "sequences")):
        where = f"sequences[{number}]"
        if not isinstance(one, dict):
            raise _fault(f"{where} must be an object.")
        _whole(one, "prompt", 0, len(params["prompts"]) - 1, where=where)
        _tokens(one, "tokens", vocabulary, where)


def _check_loss(params: Params) -> None:
    sequences = params["sequences"]
    answer_tokens = sum(len(one["tokens"]) for one in sequences)
    if answer_tokens == 0:
        raise _fault("There is no answer token to train on.")
    _floats(params, "weights", answer_tokens)
    if params.get("promptWeights") is not None:
        _floats(params, "promptWeights", len(sequences))
    loss = params.get("loss")
    if not isinstance(loss, dict):
        raise _fault("loss must be an object.")
    if _choice(loss, "kind", ("cross-entropy", "policy"), "loss") == "cross-entropy":
        return
    for key in ("advantages", "old") if loss.get("reference") is None else ("advantages", "old", "reference"):
        _floats(loss, key, answer_tokens, "loss")
    for key in ("clipLow", "clipHigh", "beta"):
        _number(loss, key, "loss")
    _choice(loss, "ratio", ("token", "sequence"), "loss")


def _fault(message: str, code: str = "bad-request") -> GatewayError:
    return GatewayError(code, message)


def _named(key: str, where: str) -> str:
    return f"{where}.{key}" if where else key


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong(of: Params, key: str, where: str, wanted: str) -> GatewayError:
    said = f"it is {of[key]!r:.80}" if key in of else "it is missing"
    return _fault(f"{_named(key, where)} must be {wanted}; {said}.")


def _whole(of: Params, key: str, least: int | None = None, most: int | None = None, *, where: str = "") -> int:
    value = of.get(key)
    if not _is_whole(value):
        raise _wrong(of, key, where, "a whole number")
    if (least is not None and value < least) or (most is not None and value > most):
        span = f"at least {least}" if most is None else f"from {least} to {most}"
        raise _wrong(of, key, where, f"a whole number {span}")
    return value  # type: ignore[return-value]


def _number(of: Params, key: str, where: str = "") -> float:
    value = of.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _wrong(of, key, where, "a finite number")
    return value


def _text(of: Params, key: str, where: str = "") -> str:
    if not isinstance(of.get(key), str):
        raise _wrong(of, key, where, "a text")
    return of[key]


def _list(of: Params, key: str, where: str = "") -> list[Any]:
    if not isinstance(of.get(key), list):
        raise _wrong(of, key, where, "a list")
    return of[key]


def _choice(of: Params, key: str, choices: tuple[Any, ...], where: str = "") -> Any:
    value = of.get(key)
    if not any(value is one or (isinstance(one, str) and value == one) for one in choices):
        raise _wrong(of, key, where, f"one of {', '.join(map(str, choices))}")
    return value


def _array(of: Params, key: str, dtype: type, wanted: str, where: str) -> np.ndarray:
    value = of.get(key)
    if not isinstance(value, np.ndarray) or value.dtype != dtype:
        raise _wrong(of, key, where, wanted)
    return value


def _integers(of: Params, key: str, where: str = "") -> np.ndarray:
    return _array(of, key, np.int32, "an array of i4", where)


def _floats(of: Params, key: str, count: int, where: str = "") -> None:
    found = _array(of, key, np.float32, "an array of f4", where)
    if len(found) != count:
        raise _fault(f"{_named(key, where)} must have {count} values; it has {len(found)}.")


def _tokens(of: Params, key: str, vocabulary: int, where: str = "") -> np.ndarray:
    found = _integers(of, key, where)
    if len(found) and not (0 <= found.min() and found.max() < vocabulary):
        bad = found[(found < 0) | (found >= vocabulary)][0]
        raise _fault(f"{_named(key, where)} holds token {bad}; the model has {vocabulary}.")
    return found
