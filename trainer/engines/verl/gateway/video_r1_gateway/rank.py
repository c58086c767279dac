"""What one rank does of a command. Every rank is given the same commands in the same order, and takes its share."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np
import torch

from .loss import Terms
from .model import Model
from .plan import read_prompts, read_sequences
from .sampling import Endings, sample
from .settings import Settings
from .vision import Pixels
from .wire import GatewayError


class Rank:
    def __init__(self, settings: Settings, pixels: Pixels, report: Callable[[int, dict[str, Any]], None]):
        """`report` tells rank 0 what was written of a `sample` call."""
        self.settings, self.pixels, self.report = settings, pixels, report
        self.models: dict[int, Model] = {}
        self.bases: dict[int, int] = {}
        """References that are a policy without its adapter."""
        self.endings = Endings()

    def execute(self, method: str, params: dict[str, Any], call: int) -> Any:
        try:
            return getattr(self, f"_{method}")(params, call)
        finally:
            self.endings.forget(call)

    def _createModel(self, params: dict[str, Any], call: int) -> dict[str, int]:
        number, role, folder, copied = params["model"], params["role"], params["folder"], params["copyOf"]
        source = None if copied is None else self._model(copied)
        if source is not None and source.adapter_is_new and role == "reference":
            self.bases[number] = copied
            total, trained = source.parameters
            return {"parameters": total - trained, "trainable": 0, "vocabulary": source.vocabulary}
        model = Model(folder if source is None else source.folder, role, self.settings, self.pixels)
        if source is not None:
            model.take_weights(source)
        if params["optimizer"]:
            model.load_optimizer(folder)
        self.models[number] = model
        total, trained = model.parameters
        return {"parameters": total, "trainable": trained, "vocabulary": model.vocabulary}

    def _sample(self, params: dict[str, Any], call: int) -> None:
        sample(self._model(params["model"]), params, call, self.endings, lambda event: self.report(call, event))

    def _forward(self, params: dict[str, Any], call: int) -> dict[str, Any]:
        number = params["model"]
        base = self.bases.get(number)
        model = self._model(number if base is None else base)
        return model.forward(read_sequences(params, read_prompts(params)), params["entropy"], base is not None)

    def _forwardBackward(self, params: dict[str, Any], call: int) -> dict[str, Any]:
        sequences = read_sequences(params, read_prompts(params))
        return self._policy(params).forward_backward(sequences, Terms.read(params), params["promptWeights"])

    def _optimStep(self, params: dict[str, Any], call: int) -> float:
        norm = self._policy(params).optim_step(params)
        # The policy's are of other weights now. Those of a reference would stay right; each step shows it other media.
        for model in self.models.values():
            model.tower.forget()
        return norm

    def _snapshot(self, params: dict[str, Any], call: int) -> None:
        self._model(params["model"]).snapshot(params["snapshot"])

    def _restore(self, params: dict[str, Any], call: int) -> None:
        self._model(params["model"]).restore(params["snapshot"])

    def _release(self, params: dict[str, Any], call: int) -> None:
        if params["model"] in self.models:
            self.models[params["model"]].release(params["snapshot"])

    def _saveState(self, params: dict[str, Any], call: int) -> int:
        return self._model(params["model"]).save(params["folder"])

    def _publish(self, params: dict[str, Any], call: int) -> None:
        """The sampler computes with the trainer's own weights."""

    def _rest(self, params: dict[str, Any], call: int) -> bool:
        """Whether they do: a snapshot goes back into the tensors that it was taken of, which stay where they are for it."""
        models = self.models.values()
        if any(model.snapshots for model in models):
            return False
        for model in models:
            model.to("cpu")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True

    def _wake(self, params: dict[str, Any], call: int) -> None:
        for model in self.models.values():
            model.to(self.settings.device)

    def _unload(self, params: dict[str, Any], call: int) -> None:
        self.models.pop(params["model"], None)
        self.bases.pop(params["model"], None)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _memory(self, params: dict[str, Any], call: int) -> dict[str, int]:
        models = self.models.values()
        held = sum(model.bytes for model in models)
        if torch.cuda.is_available():
            held = torch.cuda.memory_allocated()
        return {"bytes": held, "tensors": sum(model.tensors for model in models)}

    def _model(self, number: int) -> Model:
        try:
            return self.models[number]
        except KeyError:
            raise GatewayError("bad-request", f"There is no model {number}.") from None

    def _policy(self, params: dict[str, Any]) -> Model:
        model = self._model(params["model"])
        if model.role != "policy":
            raise GatewayError("bad-request", "A reference is not trained.")
        return model


def joined(parts: list[dict[int, np.ndarray]]) -> np.ndarray:
    """What ranks found of their sequences, in the order of the sequences."""
    found = {index: values for part in parts for index, values in part.items()}
    arrays = [found[index] for index in sorted(found)]
    return np.concatenate(arrays).astype(np.float32) if arrays else np.zeros(0, np.float32)
