"""Writes test/fixtures/qwen.json: what transformers 5.24 computes with three tiny Qwen2.5-VL models.

    npm run setup:python
    .cache/python/bin/python test/fidelity/qwen.py [OUTPUT]

Weights, pixels and tokens come from the counter-based numbers of trainer/engines/tfjs/random.ts, written down here a second
time, so that no weights need be kept. Logits are kept for some rows; a gradient by its norm and its products with eight
vectors of random signs, whose differences estimate the norm of the difference of the whole.
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

np.seterr(over="ignore")
U = np.uint32


def mix(x):
    h = np.asarray(x, U)
    h = (h ^ (h >> U(16))) * U(0x85EBCA6B)
    h = (h ^ (h >> U(13))) * U(0xC2B2AE35)
    return h ^ (h >> U(16))


def hash_seed(seed, name):
    h = mix(U(seed) ^ U(0x51ED270B))
    for character in name:
        h = mix(h ^ (U(ord(character) + 1) * U(0x01000193)))
    return h


def uniform(key, count):
    n = np.arange(count, dtype=U)
    a = mix(mix(U(key) ^ U(0x9E3779B9)) + n * U(0x9E3779B1))
    b = mix(a + mix((U(key) * U(0x27D4EB2F)) ^ (n + U(0x165667B1))))
    return ((a >> U(5)).astype(np.float64) * 67108864 + (b >> U(6))) / 9007199254740992


def weight(name, shape):
    """A parameter by its name in the published checkpoints: norms about 1, the rest about 0."""
    values = 2 * uniform(hash_seed(5, name), int(np.prod(shape))) - 1
    if name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "layernorm.weight", "ln_q.weight")):
        values = 1 + 0.3 * values
    elif name.endswith(".bias"):
        values = 0.3 * values
    elif name in ("model.embed_tokens.weight", "lm_head.weight"):
        values = 0.8 * values
    else:
        values = values * (2.2 / np.sqrt(np.prod(shape[1:])))
    return torch.tensor(values.astype(np.float32).reshape(shape))


def published(name):
    """The name that transformers 5 gives a parameter, as the published checkpoints have it."""
    return name.replace("model.visual.", "visual.").replace("model.language_model.", "model.")


def signs(name, count):
    return np.where(uniform(hash_seed(9, name), count) < 0.5, -1.0, 1.0)


def pixels(name, frames, height, width):
    return np.floor(256 * uniform(hash_seed(7, name), frames * height * width * 3)).astype(np.uint8).reshape(
        frames, height, width, 3
    )


def floats(values):
    return base64.b64encode(np.ascontiguousarray(values, np.float32).tobytes()).decode()


MODELS = {
    "windows of 2 x 2, tied": dict(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        vocab_size=96, rms_norm_eps=1e-6, rope_theta=1000000.0, mrope_section=[1, 1, 2], tie_word_embeddings=True,
        vision=dict(depth=2, hidden_size=16, intermediate_size=24, num_heads=2, window_size=56,
                    fullatt_block_indexes=[1], tokens_per_second=2),
    ),
    "windows of 4 x 4, one key head": dict(
        hidden_size=48, intermediate_size=64, num_hidden_layers=3, num_attention_heads=3, num_key_value_heads=1,
        vocab_size=101, rms_norm_eps=1e-5, rope_theta=10000.0, mrope_section=[2, 3, 3], tie_word_embeddings=False,
        vision=dict(depth=3, hidden_size=32, intermediate_size=36, num_heads=2, window_size=112,
                    fullatt_block_indexes=[1], tokens_per_second=25),
    ),
    "windows of one token, a key head each": dict(
        hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4,
        vocab_size=88, rms_norm_eps=1e-6, rope_theta=100.0, mrope_section=[2, 2, 4], tie_word_embeddings=False,
        vision=dict(depth=2, hidden_size=32, intermediate_size=48, num_heads=4, window_size=28,
                    fullatt_block_indexes=[], tokens_per_second=4),
    ),
}
IMAGE, VIDEO, PAD, START, END = 1, 2, 0, 3, 4


def text(name, count, vocabulary):
    return [("text", [int(t) for t in 8 + np.floor((vocabulary - 8) * uniform(hash_seed(3, name), count))])]


def medium(kind, name, frames, height, width, seconds=None):
    return [("text", [START]), (kind, dict(name=name, frames=frames, height=height, width=width, seconds=seconds)),
            ("text", [END])]


def cases(v):
    return {
        "text": [text("words", 20, v)],
        "image": [text("before", 3, v) + medium("image", "picture", 1, 84, 140) + text("after", 9, v)],
        "video": [text("before", 4, v) + medium("video", "clip", 6, 56, 84, 0.28) + text("after", 24, v)],
        # The last frame pair's time lies far beyond the text behind it, where the answer goes on.
        "a long video": [text("before", 4, v) + medium("video", "film", 6, 56, 56, 25.0) + text("after", 5, v)],
        "several": [
            text("one", 2, v) + medium("image", "small", 1, 28, 56) + text("two", 5, v)
            + medium("video", "first", 4, 112, 56, 0.5) + text("three", 22, v)
            + medium("video", "second", 4, 28, 28, 1.0) + text("four", 1, v) + medium("image", "wide", 1, 56, 168)
            + text("five", 30, v)
        ],
        "left padding": [
            text("long", 6, v) + medium("video", "longer", 4, 56, 56, 1.0) + text("tail", 30, v),
            text("short", 7, v),
            medium("image", "lone", 1, 56, 28) + text("end", 4, v),
        ],
    }


def patchify(frames):
    """[frames, height, width, 3] -> [patches, 1176], the layout of Qwen2VLImageProcessor for a pair of frames at a time."""
    mean = torch.tensor([0.48145466, 0.4578275, 0.40821073]).view(1, 3, 1, 1)
    std = torch.tensor([0.26862954, 0.26130258, 0.27577711]).view(1, 3, 1, 1)
    x = (torch.tensor(frames).permute(0, 3, 1, 2).float() / 255 - mean) / std
    if x.shape[0] % 2 == 1:
        x = torch.cat([x, x[-1:]])
    t, h, w = x.shape[0] // 2, x.shape[2] // 14, x.shape[3] // 14
    x = x.view(t, 2, 3, h // 2, 2, 14, w // 2, 2, 14).permute(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return x.reshape(t * h * w, 1176), [t, h, w]


def processed(case, shown):
    """Patches of a still image by the real processor; `patchify` must give the same."""
    processor = Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28, "longest_edge": 1 << 24})
    made = processor(images=[Image.fromarray(shown[0])], return_tensors="np")
    ours, grid = patchify(shown)
    assert made["image_grid_thw"][0].tolist() == grid, case
    assert np.abs(made["pixel_values"] - ours.numpy()).max() < 1e-6, case
    return made["pixel_values"]


def build(model):
    vision = model["vision"]
    config = Qwen2_5_VLConfig(
        text_config=dict(
            {k: model[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                                   "num_key_value_heads", "vocab_size", "rms_norm_eps", "tie_word_embeddings")},
            rope_parameters=dict(rope_type="default", rope_theta=model["rope_theta"],
                                 mrope_section=model["mrope_section"]),
            bos_token_id=PAD, eos_token_id=PAD, pad_token_id=PAD,
        ),
        vision_config=dict(vision, out_hidden_size=model["hidden_size"], patch_size=14, temporal_patch_size=2,
                           spatial_merge_size=2),
        image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START, vision_end_token_id=END,
        tie_word_embeddings=model["tie_word_embeddings"],
    )
    torch.manual_seed(0)
    net = Qwen2_5_VLForConditionalGeneration(config).float().eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(weight(published(name), tuple(parameter.shape)))
    return net


def inputs(prompts, answers=None):
    """The model's inputs: prompts (and answers behind them) padded on the left."""
    rows, types, images, videos, image_grids, video_grids, seconds = [], [], [], [], [], [], []
    for i, prompt in enumerate(prompts):
        tokens, kinds = [], []
        for kind, content in prompt:
            if kind == "text":
                tokens += content
                kinds += [0] * len(content)
                continue
            frames = pixels(content["name"], content["frames"], content["height"], content["width"])
            frames = frames[content.get("order", range(len(frames)))]
            patches, grid = patchify(np.repeat(frames, 2, 0) if kind == "image" else frames)
            if content.get("blank"):
                patches = torch.zeros_like(patches)
            count = grid[0] * grid[1] * grid[2] // 4
            tokens += [IMAGE if kind == "image" else VIDEO] * count
            kinds += [1 if kind == "image" else 2] * count
            (images if kind == "image" else videos).append(patches)
            (image_grids if kind == "image" else video_grids).append(grid)
            if kind == "video":
                seconds.append(content["seconds"])
        if answers is not None:
            tokens = tokens + answers[i]
            kinds = kinds + [0] * len(answers[i])
        rows.append(tokens)
        types.append(kinds)
    longest = max(map(len, rows))
    made = dict(
        input_ids=torch.tensor([[PAD] * (longest - len(r)) + r for r in rows]),
        mm_token_type_ids=torch.tensor([[0] * (longest - len(r)) + r for r in types], dtype=torch.int32),
        attention_mask=torch.tensor([[0] * (longest - len(r)) + [1] * len(r) for r in rows]),
    )
    if images:
        made |= dict(pixel_values=torch.cat(images), image_grid_thw=torch.tensor(image_grids))
    if videos:
        made |= dict(pixel_values_videos=torch.cat(videos), video_grid_thw=torch.tensor(video_grids),
                     second_per_grid_ts=torch.tensor(seconds))
    return made


def positions(net, given):
    if "image_grid_thw" not in given and "video_grid_thw" not in given:
        n = given["input_ids"].shape[1]
        return torch.arange(n).expand(3, 1, n)
    keys = ("input_ids", "mm_token_type_ids", "image_grid_thw", "video_grid_thw", "second_per_grid_ts", "attention_mask")
    return net.model.get_rope_index(**{k: given[k] for k in keys if k in given})[0]


def measure(net, name, prompts, vocabulary):
    given = inputs(prompts)
    place = positions(net, given)
    with torch.no_grad():
        logits = net(**given).logits
    written = net.generate(**given, do_sample=False, max_new_tokens=64, min_new_tokens=64, eos_token_id=None,
                           pad_token_id=PAD)[:, given["input_ids"].shape[1]:]
    answers = [[t for _, content in text(f"answer {i}", 5 + 3 * i, vocabulary) for t in content]
               for i in range(len(prompts))]
    full = inputs(prompts, answers)
    labels = torch.full_like(full["input_ids"], -100)
    for i, answer in enumerate(answers):
        labels[i, -len(answer):] = torch.tensor(answer)
    net.zero_grad()
    loss = net(**full, labels=labels).loss
    loss.backward()
    gradients = {}
    for parameter_name, parameter in net.named_parameters():
        key = published(parameter_name)
        g = np.zeros(parameter.numel()) if parameter.grad is None else parameter.grad.double().numpy().ravel()
        gradients[key] = [float(np.linalg.norm(g))] + [float(g @ signs(f"{key} {k}", g.size)) for k in range(8)]
    result = []
    for i, prompt in enumerate(prompts):
        length = int(given["attention_mask"][i].sum())
        rows = sorted({round(r) for r in np.linspace(0, length - 1, 14)})
        own = logits[i, -length:]
        result.append(dict(
            prompt=[[kind, content] for kind, content in prompt],
            answer=answers[i],
            positions=place[:, i, -length:].tolist(),
            rows=rows,
            logits=floats(own[rows].numpy()),
            greedy=written[i].tolist(),
        ))
    return dict(name=name, sequences=result, loss=float(loss), gradients=gradients)


def main():
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "fixtures" / "qwen.json"
    torch.set_num_threads(1)
    models = []
    for name, model in MODELS.items():
        net = build(model)
        # A reference without fused kernels, whose sums are the ones that the equations state.
        net.set_attn_implementation("eager")
        config = json.loads(net.config.to_json_string(use_diff=False))
        vocabulary = model["vocab_size"]
        models.append(dict(
            name=name,
            config=config,
            parameters={published(n): list(p.shape) for n, p in net.named_parameters()},
            cases=[measure(net, case, prompts, vocabulary) for case, prompts in cases(vocabulary).items()],
        ))
    patches = []
    for name, height, width in (("tall", 112, 28), ("square", 56, 56)):
        made = processed(name, pixels(name, 1, height, width))
        at = np.floor(made.size * uniform(hash_seed(11, name), 400)).astype(int)
        patches.append(dict(name=name, height=height, width=width, patches=made.shape[0],
                            at=at.tolist(), values=floats(made.ravel()[at])))
    output.write_text(json.dumps(dict(source="transformers 5.24.0", models=models, patches=patches)) + "\n")


if __name__ == "__main__":
    main()
