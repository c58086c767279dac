"""One model over verl's FSDP2 engine: scored, trained, stepped, saved. Every rank holds its shard and calls the same methods in the same order."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, Optional

import numpy as np
import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)
from torch.distributed.fsdp import FSDPModule
from verl.trainer.config import CheckpointConfig
from verl.workers.config import FSDPEngineConfig, FSDPOptimizerConfig, HFModelConfig
from verl.workers.engine.fsdp.transformer_impl import FSDPEngineWithLMHead
from verl.workers.engine_workers_tinker import _apply_optim_step_params

from .faults import as_gateway_error, on_first_rank, traced
from .layout import NO_ROWS, Layout, lay_out
from .loss import Terms, answer_loss
from .plan import Row, Sequence, micro_batches
from .scoring import score_with
from .settings import Settings
from .vision import Pixels, VisionTower
from .weights import require_whole, require_whole_adapter
from .wire import GatewayError

_SHORT = {"float32": "fp32", "bfloat16": "bf16"}
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
_ALL_LINEAR = "all-linear"


class GatewayEngine(FSDPEngineWithLMHead):
    """verl's engine over layouts, with the media of a pass taken from the frames on the rank, and with no state for a reference."""

    tower: VisionTower
    pixels: Optional[Pixels] = None
    freeze_vision = False
    is_reference = False
    wants_entropy = False
    computes_in = "float32"

    def _build_module(self) -> nn.Module:
        module = super()._build_module()
        require_whole(module, self.model_config.local_path)
        assert self.pixels is not None
        self.tower = VisionTower(module.model.visual, self.pixels)
        score_with(module, self.tower, self.model_config.enable_gradient_checkpointing)
        if self.freeze_vision:
            module.model.visual.requires_grad_(False)
        if self.is_reference:
            # Weights alone: the frequencies of positions lose too much in bfloat16.
            for one in module.parameters():
                one.data = one.data.to(_DTYPES[self.computes_in])
        return module

    def _build_lora_module(self, module: nn.Module) -> nn.Module:
        module = super()._build_lora_module(module)
        folder = getattr(self.model_config, "lora_adapter_path", None)
        if folder is not None:
            require_whole_adapter(module, folder)
        return module

    def _build_optimizer(self, module: nn.Module) -> Any:
        if self.is_reference:
            module.requires_grad_(False)
            return None
        # Vectors (biases and norms) do not decay, as in transformers' trainer.
        trained = [one for one in module.parameters() if one.requires_grad]
        groups = [[one for one in trained if one.dim() > 1], [one for one in trained if one.dim() <= 1]]
        config = self.optimizer_config
        return torch.optim.AdamW(
            [{"params": group, "decays": number == 0} for number, group in enumerate(groups) if group],
            lr=config.lr,
            betas=config.betas,
            weight_decay=0.0,
        )

    def _build_lr_scheduler(self, optimizer: Any) -> Any:
        return None

    def prepare_model_inputs(self, micro_batch: Layout) -> Any:
        return {"layout": micro_batch, "entropy": self.wants_entropy}, {}

    def prepare_model_outputs(self, output: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        return output


def model_config(folder: str, settings: Settings) -> HFModelConfig:
    lora = settings.lora
    targets = None if lora is None else (lora.targets or _ALL_LINEAR)
    return HFModelConfig(
        path=folder,
        load_tokenizer=False,
        use_remove_padding=False,
        enable_gradient_checkpointing=settings.computes_again,
        override_config={"attn_implementation": settings.attention},
        **({} if lora is None else {"lora_rank": lora.rank, "lora_alpha": lora.alpha, "target_modules": targets}),
        **({"exclude_modules": ".*visual.*"} if lora is not None and settings.freezeVision else {}),
    )


def engine_config(settings: Settings) -> FSDPEngineConfig:
    """Weights are float32 and computed with in the settings' precision."""
    computes = _SHORT[settings.computes_in]
    return FSDPEngineConfig(
        strategy="fsdp2",
        fsdp_size=-1,
        model_dtype="float32",
        mixed_precision={"param_dtype": computes, "reduce_dtype": "fp32", "buffer_dtype": "fp32"},
        use_torch_compile=False,
        forward_only=False,
        offload_policy=settings.offload and settings.device != "cpu",
        # Else every rank holds the whole gradient from the first micro-batch to the last.
        use_no_sync_for_gradient_accumulation=settings.ranks == 1,
        use_dynamic_bsz=False,
        micro_batch_size_per_gpu=1,
    )


class Model:
    """A policy or a reference in the engine, over all ranks."""

    def __init__(self, folder: str, role: str, settings: Settings, pixels: Pixels):
        self.folder, self.role, self.settings, self.pixels = folder, role, settings, pixels
        adapter = Path(folder, "adapter_config.json")
        base = json.loads(adapter.read_text())["base_model_name_or_path"] if adapter.exists() else folder
        engine = GatewayEngine.__new__(GatewayEngine)
        engine.pixels, engine.freeze_vision, engine.is_reference = pixels, settings.freezeVision, role == "reference"
        engine.computes_in = settings.computes_in
        config = model_config(base, settings)
        if adapter.exists():
            object.__setattr__(config, "lora_adapter_path", folder)
        GatewayEngine.__init__(
            engine,
            config,
            engine_config(settings),
            FSDPOptimizerConfig(lr=1e-6),
            CheckpointConfig(),
        )
        try:
            engine._build_model_optimizer()
        except (OSError, ValueError, LookupError, AttributeError, SafetensorError) as error:
            raise _unloadable(error, folder) from error
        except RuntimeError as error:
            # As transformers and torch say that a tensor has another shape than the configuration asks for.
            if isinstance(error, torch.OutOfMemoryError) or "mismatch" not in str(error):
                raise
            raise _unloadable(error, folder) from error
        self.engine = engine
        self._require_finite(folder)
        self.steps = 0
        self.has_gradient = False
        self.adapter_is_new = settings.lora is not None and not adapter.exists()
        self.snapshots: dict[int, list[tuple[Tensor, Tensor]]] = {}
        self._snapshot_steps: dict[int, int] = {}
        self._snapshot_states: dict[int, dict[Tensor, Any]] = {}
        dist.barrier()

    @torch.no_grad()
    def _require_finite(self, folder: str) -> None:
        """All ranks find the same, so that none waits for one that failed."""
        bad = next((name for name, one in self.module.named_parameters() if not _local(one).isfinite().all()), None)
        if _agree(bad is not None):
            raise GatewayError(
                "bad-model",
                "The weights hold values that are not finite" + ("." if bad is None else f", in {bad}."),
                place=folder,
                remedy="Use another checkpoint.",
            )

    @property
    def module(self) -> nn.Module:
        return self.engine.module

    @property
    def inner(self) -> Any:
        """The model itself, without what an adapter wraps around it."""
        return self.module.base_model.model if self.settings.lora else self.module  # type: ignore[union-attr]

    @property
    def tower(self) -> VisionTower:
        return self.engine.tower

    @property
    def parameters(self) -> tuple[int, int]:
        """All, and those that are trained."""
        counts = [(one.numel(), one.requires_grad) for one in self.module.parameters()]
        return sum(count for count, _ in counts), sum(count for count, trained in counts if trained)

    @property
    def vocabulary(self) -> int:
        return self.inner.config.text_config.vocab_size

    def forward(self, sequences: list[Sequence], entropy: bool, base: bool = False) -> dict[str, np.ndarray]:
        """Log-probability, and entropy in nats, of the answer tokens of this rank's share, by sequence number.

        `base` leaves an adapter out.
        """
        answers: dict[str, dict[int, np.ndarray]] = {"logprobs": {}, "entropy": {}}
        adapter: AbstractContextManager = self.engine.disable_adapter() if base else nullcontext()
        with self.engine.eval_mode(), torch.no_grad(), adapter, self.tower.without_adapter(base):
            for rows in self._own(sequences):
                layout, out = self._through(rows, entropy=entropy)
                for name, values in (("logprobs", out["log_probs"]), ("entropy", out.get("entropy"))):
                    if rows and values is not None:
                        found = values.cpu().numpy()
                        answers[name].update((one.index, found[place]) for one, place in layout.answers)
            self._reshard()
        return answers  # type: ignore[return-value]

    def forward_backward(
        self, sequences: list[Sequence], terms: Terms, prompt_weights: np.ndarray | None
    ) -> dict[str, Any]:
        """Adds the gradient of the loss, summed over all ranks, to what is held since the last step."""
        totals = torch.zeros(3, dtype=torch.float64)
        logprobs: dict[int, np.ndarray] = {}
        own = self._own(sequences)
        try:
            with self.engine.train_mode(zero_grad_on_exit=False):
                for number, batch in enumerate(own):
                    with self.engine._gradient_sync_context(is_last_micro_batch=number == len(own) - 1):
                        sums, scored = self._loss(batch, terms, prompt_weights)
                    totals += torch.tensor(sums, dtype=torch.float64)
                    logprobs.update(scored)
        except Exception:
            # It may hold a part of what failed.
            self._void_gradient()
            raise
        dist.all_reduce(totals)
        loss, kl, clipped = totals.tolist()
        if not np.isfinite(loss):
            self._void_gradient()
            raise GatewayError(
                "not-finite",
                f"The loss is {loss}; no weight was changed.",
                remedy="Lower the learning rate, or go back to the last checkpoint.",
            )
        self.has_gradient = True
        return {"loss": loss, "kl": kl, "clipped": clipped, "logprobs": logprobs}

    def _void_gradient(self) -> None:
        self.engine.optimizer_zero_grad()
        self.has_gradient = False

    def optim_step(self, step: dict[str, float]) -> float:
        """@returns the gradient's norm before clipping"""
        if not self.has_gradient:
            raise GatewayError("bad-request", "There is no gradient to step with.")
        optimizer = self.engine.optimizer
        with self.engine.train_mode(zero_grad_on_exit=True):
            _apply_optim_step_params(
                optimizer,
                {
                    "lr": float(step["learningRate"]),
                    "betas": (float(step["beta1"]), float(step["beta2"])),
                    "eps": float(step["epsilon"]),
                },
            )
            for group in optimizer.param_groups:
                group["weight_decay"] = float(step["weightDecay"]) if group["decays"] else 0.0
            clip = float(step["gradClipNorm"])
            object.__setattr__(self.engine.optimizer_config, "clip_grad", clip if clip > 0 else float("inf"))
            norm = self.engine.optimizer_step()
        self.has_gradient = False
        if not np.isfinite(norm):
            raise GatewayError(
                "not-finite",
                "The gradient holds values that are not finite; no weight was changed.",
                remedy="Lower the learning rate, or go back to the last checkpoint.",
            )
        self.steps += 1
        self.adapter_is_new = False
        return norm

    def snapshot(self, number: int) -> None:
        self.snapshots[number] = [(one, one.detach().clone()) for one in self._state()]
        self._snapshot_steps[number] = self.steps
        optimizer = self.engine.optimizer
        self._snapshot_states[number] = {} if optimizer is None else {**optimizer.state}

    @torch.no_grad()
    def restore(self, number: int) -> None:
        """Weights and optimizer as they were, bit for bit; a gradient that is held is void."""
        if number not in self.snapshots:
            raise GatewayError("bad-request", f"There is no snapshot {number}.")
        kept = self.snapshots[number]
        for live, copy in kept:
            live.copy_(copy)
        self.steps = self._snapshot_steps[number]
        if self.engine.optimizer is not None:
            # One that came between may have left other tensors, or none.
            self.engine.optimizer.state.clear()
            self.engine.optimizer.state.update(self._snapshot_states[number])
            self._void_gradient()
        self.tower.forget()

    def release(self, number: int) -> None:
        for kept in (self.snapshots, self._snapshot_steps, self._snapshot_states):
            kept.pop(number, None)

    def save(self, folder: str) -> int:
        """Weights in Hugging Face's layout (with an adapter: that alone), and the optimizer's state in shards that any number of ranks reads."""
        state = get_model_state_dict(self.module, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
        on_first_rank(
            lambda: (
                _write_adapter(self.module, state, folder, self.engine.model_config.local_path)
                if self.settings.lora
                else _write_weights(self.module, state, folder)
            )
        )
        if self.steps > 0:
            held = get_optimizer_state_dict(
                self.module, self.engine.optimizer, options=StateDictOptions(cpu_offload=True)
            )
            try:
                dcp.save({"optimizer": held}, checkpoint_id=str(Path(folder, "optimizer")))
            except CheckpointException as error:
                raise as_gateway_error(error) from error
        dist.barrier()
        return self.steps

    def load_optimizer(self, folder: str) -> None:
        """Of the steps that the controller wrote beside the weights."""
        state = Path(folder, "optimizer.json")
        try:
            steps = int(json.loads(state.read_text())["step"])
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise GatewayError(
                "bad-model", "The file does not say how many steps the optimizer took.", place=str(state)
            ) from error
        if steps == 0:
            return
        place = Path(folder, "optimizer")
        held = {"optimizer": get_optimizer_state_dict(self.module, self.engine.optimizer)}
        try:
            dcp.load(held, checkpoint_id=str(place))
        except (Exception, CheckpointException) as error:
            raise GatewayError(
                "bad-model",
                f"The optimizer's state can't be read: {as_gateway_error(error)}",
                place=str(place),
                remedy="Go on from another checkpoint, or begin with this one's weights.",
            ) from error
        set_optimizer_state_dict(self.module, self.engine.optimizer, held["optimizer"])
        self.steps = steps

    @torch.no_grad()
    def take_weights(self, other: "Model") -> None:
        """Becomes a copy of another model of the same shape."""
        state = get_model_state_dict(other.module, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
        set_model_state_dict(
            self.module, state, options=StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
        )
        self.tower.forget()

    def to(self, device: str) -> None:
        """Moves weights and optimizer between the accelerator and the machine's memory."""
        self.tower.forget()
        self.engine.to(device, model=True, optimizer=True, grad=True)

    @property
    def bytes(self) -> int:
        """Of weights, gradient, optimizer state, snapshots and kept features on this rank."""
        held = [*self._state(), *(copy for kept in self.snapshots.values() for _, copy in kept)]
        gradients = [one.grad for one in self.module.parameters() if one.grad is not None]
        return sum(_local(one).numel() * one.element_size() for one in (*held, *gradients)) + self.tower.kept_bytes

    @property
    def tensors(self) -> int:
        return len(self._state()) + len(self.tower._kept)

    def gathered(self) -> "Gathered":
        return Gathered(self.module)

    def autocast(self) -> AbstractContextManager:
        dtype = self.engine._autocast_dtype
        return nullcontext() if dtype == torch.float32 else torch.autocast(self.settings.device, dtype=dtype)

    def _own(self, sequences: list[Sequence]) -> list[list[Row]]:
        hidden = None if self._packs else self.inner.config.text_config.hidden_size
        return micro_batches(sequences, dist.get_world_size(), self.settings.microBatchTokens, hidden)[dist.get_rank()]

    @property
    def _packs(self) -> bool:
        """Flash attention finds by itself where rows end that stand behind one another, and takes no mask."""
        return self.settings.attention == "flash_attention_2"

    def _loss(
        self, rows: list[Row], terms: Terms, prompt_weights: np.ndarray | None
    ) -> tuple[list[float], dict[int, np.ndarray]]:
        ranks = dist.get_world_size()
        told: list[float] = [0.0, 0.0, 0.0]
        scored: dict[int, np.ndarray] = {}

        def loss_function(model_output: dict[str, Tensor], data: Layout, dp_group: Any = None) -> tuple[Tensor, dict]:
            values = model_output["log_probs"]
            # A rank that has nothing to do takes part with a loss of 0.
            total = values.sum() * 0.0
            for number, (one, place) in enumerate(data.answers if rows else ()):
                sums = answer_loss(terms, values[place], one.answer)
                total = total + sums.loss
                told[1] += sums.kl
                told[2] += sums.clipped
                scored[one.index] = values[place].detach().cpu().numpy()
                if prompt_weights is not None:
                    total = total - float(prompt_weights[one.index]) * values[data.prompts[number]].sum()
            told[0] = total.item()
            # FSDP takes the mean of the ranks' gradients; the loss is their sum.
            return total * ranks, {}

        self._through(rows, entropy=False, loss=loss_function, prompts=prompt_weights is not None)
        return told, scored

    def _through(
        self, rows: list[Row], *, entropy: bool, loss: Any = None, prompts: bool = False
    ) -> tuple[Layout, dict[str, Tensor]]:
        """One pass of verl's engine; `loss` makes it one with a backward."""
        self.tower.agree = _agree
        self.tower.begin(
            (one for row in rows for one in row.prompt.media), loss is not None and not self.settings.freezeVision
        )
        layout = lay_out(rows or NO_ROWS, packed=self._packs, prompts=prompts)
        self.engine.wants_entropy = entropy
        value, out = self.engine.forward_step(layout, loss_function=loss, forward_only=loss is None)
        if loss is not None:
            value.backward()
        self.tower.end()
        return layout, out["model_output"]

    def _reshard(self) -> None:
        for one in self.module.modules():
            if isinstance(one, FSDPModule):
                one.reshard()

    def _state(self) -> list[Tensor]:
        """Local tensors of weights and optimizer."""
        weights = [_local(one) for one in self.module.parameters()]
        optimizer = self.engine.optimizer
        states = (
            []
            if optimizer is None
            else [
                _local(value)
                for state in optimizer.state.values()
                for value in state.values()
                if isinstance(value, Tensor)
            ]
        )
        return [*weights, *states]


class Gathered:
    """Holds the whole weights on every rank while answers are sampled, so that no rank waits for another between tokens.

    What FSDP would do before and behind each of its parts is nothing then, and is left out.
    """

    def __init__(self, module: nn.Module):
        self.parts = [one for one in module.modules() if isinstance(one, FSDPModule)]
        self.hooks = [(one._forward_pre_hooks, one._forward_hooks) for one in self.parts]  # type: ignore[attr-defined]

    def __enter__(self) -> None:
        for one in self.parts:
            one.set_reshard_after_forward(False, recurse=False)
            one.unshard()
            one._forward_pre_hooks, one._forward_hooks = OrderedDict(), OrderedDict()  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        for one, (before, behind) in zip(self.parts, self.hooks):
            one._forward_pre_hooks, one._forward_hooks = before, behind  # type: ignore[attr-defined]
            one.set_reshard_after_forward(True, recurse=False)
            one.reshard()


def _unloadable(error: Exception, folder: str) -> GatewayError:
    return GatewayError(
        "bad-model", f"The model can't be loaded: {traced(error)}", place=folder, remedy="Use another checkpoint."
    )


def _agree(need: bool) -> bool:
    if dist.get_world_size() == 1:
        return need
    said = torch.tensor([int(need)])
    dist.all_reduce(said, op=dist.ReduceOp.MAX)
    return bool(said.item())


def _local(value: Tensor) -> Tensor:
    value = value.detach()
    return value.to_local() if hasattr(value, "to_local") else value


def _write_weights(module: nn.Module, state: dict[str, Tensor], folder: str) -> None:
    """As transformers writes them: under the names of the Hub, in files of at most 5 GB with an index, tied weights once."""
    if module.config.tie_word_embeddings:  # type: ignore[union-attr]
        state.pop("lm_head.weight", None)
    module.save_pretrained(folder, state_dict=state, max_shard_size="5GB")  # type: ignore[operator]


def _write_adapter(module: nn.Module, state: dict[str, Tensor], folder: str, base: str) -> None:
    adapter = {
        re.sub(r"\.default(?=\.|$)", "", name): value.contiguous() for name, value in state.items() if "lora_" in name
    }
    save_file(adapter, str(Path(folder, "adapter_model.safetensors")), metadata={"format": "pt"})
    config = module.peft_config["default"]  # type: ignore[index, union-attr]
    config.base_model_name_or_path = base
    config.save_pretrained(folder)
