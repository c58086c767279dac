"""What models take of memory in the gateway's engine, measured: `verl_memory.py CASES PORT`, the cases as JSON.

Of each case [{folder with a config.json, settings, shape}] it prints a line: numbers of parameters, bytes of weights, gradients and
moments, and most bytes that live at the same time in a pass with its backward, beside what stood before.
"""

import gc
import json
import os
import sys

os.environ.update(HF_HUB_OFFLINE="1", VERL_PLATFORM="cpu", RANK="0", LOCAL_RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[2])

import numpy as np
import torch
import torch.distributed as dist
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten
from transformers import AutoConfig, Qwen2_5_VLForConditionalGeneration
from video_r1_gateway.platform_cpu import use_cpu

use_cpu()
dist.init_process_group("cpu:gloo")
from video_r1_gateway.loss import Terms
from video_r1_gateway.model import Model, _local
from video_r1_gateway.plan import Medium, Prompt, Sequence
from video_r1_gateway.settings import Settings


class Live(TorchDispatchMode):
    """Most bytes of tensors that live at the same time: what stood before it was entered does not count."""

    def __init__(self):
        super().__init__()
        self.refs, self.most, self.sum = {}, 0, 0
        before = (one.untyped_storage() for one in gc.get_objects() if type(one) in (torch.Tensor, torch.nn.Parameter))
        self.known = {storage._cdata: StorageWeakRef(storage) for storage in before}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for one in tree_flatten(out)[0]:
            if type(one) in (torch.Tensor, torch.nn.Parameter):
                self.see(one.untyped_storage())
        if self.sum > self.most:
            self.refs = {key: ref for key, ref in self.refs.items() if not ref[0].expired()}
            self.sum = sum(size for _, size in self.refs.values())
            self.most = max(self.most, self.sum)
        return out

    def see(self, storage):
        # The place of one that is gone is given to another.
        if storage._cdata in self.known and not self.known[storage._cdata].expired():
            return
        self.known.pop(storage._cdata, None)
        _, size = self.refs.get(storage._cdata, (None, 0))
        self.refs[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
        self.sum += storage.nbytes() - size


def bytes_of(values):
    return sum(_local(one).numel() * one.element_size() for one in values)


def measured(folder, settings, shape):
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(folder)
    Qwen2_5_VLForConditionalGeneration(config).save_pretrained(folder)
    rows, columns, pairs = shape["rows"], shape["columns"], shape["pairs"]
    vision = pairs * rows * columns // 4
    frames = np.zeros((2 * pairs, rows * 14, columns * 14, 3), np.uint8)
    model = Model(folder, "policy", Settings.read({**settings, "device": "cpu"}), lambda key: frames)
    length, answer, count = shape["promptTokens"], shape["answerTokens"], shape["answers"]
    tokens = np.full(length, 7, np.int32)
    tokens[2 : 2 + vision] = config.video_token_id
    tokens[1], tokens[2 + vision] = config.vision_start_token_id, config.vision_end_token_id
    positions = np.ascontiguousarray(np.broadcast_to(np.arange(length, dtype=np.int32), (3, length)))
    medium = Medium("video", "a", columns * 14, rows * 14, tuple(range(2 * pairs)), False, 2, vision)
    prompt = Prompt(tokens, positions, length, 0, (medium,))
    sequences = [Sequence(prompt, np.full(answer, 9, np.int64), i, i * answer) for i in range(count)]
    terms = Terms("cross-entropy", np.full(count * answer, 1 / (count * answer), np.float32))
    with Live() as live:
        model.forward_backward(sequences, terms, None)
    gradients = bytes_of([one.grad for one in model.module.parameters() if one.grad is not None])
    model.optim_step(dict(learningRate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weightDecay=0, gradClipNorm=1))
    moments = [value for state in model.engine.optimizer.state.values() for name, value in state.items() if name != "step"]
    total, trained = model.parameters
    weights = bytes_of(model.module.parameters())
    return dict(parameters=total, trained=trained, weights=weights, gradients=gradients, moments=bytes_of(moments), backward=live.most)


for case in json.loads(sys.argv[1]):
    print("measured " + json.dumps(measured(**case)), flush=True)
dist.destroy_process_group()
