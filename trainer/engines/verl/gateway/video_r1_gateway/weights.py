"""Whether a model's files hold all of it: what they lack, transformers and peft fill with random numbers and go on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Iterable

from safetensors import safe_open
from torch import nn

from .wire import GatewayError

_COMPUTED = ".inv_freq"
"""Rotary frequencies, which older versions save."""


def require_whole(module: nn.Module, folder: str) -> None:
    """Raises GatewayError where a parameter of the model is in none of the folder's files."""
    wanted = {_published(name) for name, _ in module.named_parameters()}
    _require(wanted, map(_published, _names(Path(folder), "model")), folder)


def require_whole_adapter(module: nn.Module, folder: str) -> None:
    """The same of an adapter, whose file may hold nothing more either: it would be left out."""
    names = (name for name, _ in module.named_parameters())
    wanted = {re.sub(r"\.default(?=\.|$)", "", name) for name in names if ".lora_" in name}
    found = set(_names(Path(folder), "adapter_model"))
    _require(wanted, found, folder)
    _require(found, wanted, folder, "the adapter that adapter_config.json describes")


def _require(wanted: set[str], found: Iterable[str], folder: str, where: str = "its files") -> None:
    missing = sorted(wanted.difference(found))
    if missing:
        raise GatewayError(
            "bad-model",
            f"{len(missing)} of {len(wanted)} tensors are not in {where}, such as {missing[0]}.",
            place=folder,
            remedy="Use another checkpoint; this one was cut short or changed.",
        )


def _names(folder: Path, stem: str) -> set[str]:
    index = folder / f"{stem}.safetensors.index.json"
    files = (
        {folder / name for name in json.loads(index.read_text())["weight_map"].values()}
        if index.exists()
        else {folder / f"{stem}.safetensors"}
    )
    names: set[str] = set()
    for file in files:
        with safe_open(str(file), "pt") as tensors:
            names.update(tensors.keys())
    return {name for name in names if not name.endswith(_COMPUTED)}


def _published(name: str) -> str:
    """Without the words that versions of transformers put before it."""
    return re.sub(r"^(model\.)?(language_model\.)?(model\.)?", "", name)
