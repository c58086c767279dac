"""Writes test/fixtures/positions.json: M-RoPE positions of random prompts, and of answers to them, by three generations of transformers.

A prompt's positions are `get_rope_index`'s. An answer's are taken from two sources, which must agree: a `generate()` that is run
and watched, and `get_rope_index` over prompt and answer in one pass, as in training.

    python3 -m venv /tmp/older && /tmp/older/bin/pip install torch transformers==4.49.0
    .cache/python/bin/python test/fidelity/positions.py
    .cache/verl/bin/python test/fidelity/positions.py
    /tmp/older/bin/python test/fidelity/positions.py

Each run replaces the part of the generation that it finds, in the file above or the one that is named. Prompts are the same for all.
"""

import json
import random
import sys
from pathlib import Path

import torch
import transformers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

VERSION = tuple(int(part) for part in transformers.__version__.split(".")[:2])
GENERATION = "5.18" if VERSION >= (5, 18) else "5.0" if VERSION >= (5, 0) else "4.49"
OUTPUT = Path(__file__).parent.parent / "fixtures" / "positions.json"
IMAGE, VIDEO, START, TEXT = 1, 2, 3, 9
ANSWER = 3


def prompts():
    rng = random.Random(20261125)
    for _ in range(120):
        spans = [["text", rng.randint(1, 9)]]
        for _ in range(rng.randint(0, 4)):
            kind = rng.choice(["image", "video"])
            grid = [1 if kind == "image" else rng.randint(1, 8), 2 * rng.randint(1, 6), 2 * rng.randint(1, 6)]
            # Frames per second of the videos in Video-R1's data, and what a choice of frames makes of them.
            seconds = None if kind == "image" else rng.choice([1.0, 0.5, 2 / 3, 0.28, 0.04, 2 / 1.9, 4.2])
            spans += [[kind, grid, seconds], ["text", rng.randint(2, 12)]]
        yield rng.choice([1, 2, 4, 25]), spans


def model_of(tokens_per_second):
    sizes = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
                 vocab_size=16, max_position_embeddings=512)
    vision = dict(depth=1, hidden_size=16, intermediate_size=16, num_heads=2, out_hidden_size=16, fullatt_block_indexes=[0],
                  tokens_per_second=tokens_per_second)
    ids = dict(image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START)
    if GENERATION != "4.49":
        config = Qwen2_5_VLConfig(
            text_config=dict(sizes, rope_parameters=dict(rope_type="default", rope_theta=1e4, mrope_section=[1, 1, 2])),
            vision_config=vision, **ids)
    else:
        config = Qwen2_5_VLConfig(**sizes, **ids, vision_config=vision,
                                  rope_scaling=dict(type="mrope", mrope_section=[1, 1, 2]))
    return Qwen2_5_VLForConditionalGeneration(config).eval()


def rope_index(model, tokens, media):
    given = torch.tensor([tokens])
    if GENERATION != "4.49":
        kinds = (given == IMAGE).int() + 2 * (given == VIDEO).int()
        return model.model.get_rope_index(given, mm_token_type_ids=kinds, attention_mask=torch.ones_like(given), **media)[0]
    return model.get_rope_index(given, attention_mask=torch.ones_like(given), **media)[0]


def generated(model, tokens, media):
    """Positions of the tokens that are fed back while an answer is written."""
    given = torch.tensor([tokens])
    decoder = model.model.language_model if GENERATION != "4.49" else model.model
    seen = []
    watch = decoder.register_forward_pre_hook(lambda _, args, kwargs: seen.append(kwargs["position_ids"]), with_kwargs=True)
    pixels = {}
    for kind, name in (("image", "pixel_values"), ("video", "pixel_values_videos")):
        grids = media[f"{kind}_grid_thw"]
        if grids is not None:
            pixels[name] = torch.zeros(int(grids.prod(-1).sum()), 3 * 2 * 14 * 14)
    if GENERATION != "4.49":
        pixels["mm_token_type_ids"] = (given == IMAGE).int() + 2 * (given == VIDEO).int()
    with torch.no_grad():
        model.generate(given, attention_mask=torch.ones_like(given), do_sample=False, min_new_tokens=ANSWER + 1,
                       max_new_tokens=ANSWER + 1, suppress_tokens=[IMAGE, VIDEO, START], pad_token_id=0, **media, **pixels)
    watch.remove()
    steps = seen[-ANSWER:]
    assert len(seen) == ANSWER + 1 and all(step.shape[-1] == 1 for step in steps)
    return [[int(axis) for axis in step[-3:, 0, 0]] for step in steps]


def positions(model, spans):
    tokens, images, videos, seconds = [], [], [], []
    for i, span in enumerate(spans):
        if span[0] == "text":
            tokens += [TEXT] * span[1]
            # The older generation finds media by the token before them.
            if i + 1 < len(spans):
                tokens[-1] = START
            continue
        t, h, w = span[1]
        tokens += [IMAGE if span[0] == "image" else VIDEO] * (t * h * w // 4)
        (images if span[0] == "image" else videos).append(span[1])
        if span[0] == "video":
            seconds.append(span[2])
    media = dict(
        image_grid_thw=torch.tensor(images) if images else None,
        video_grid_thw=torch.tensor(videos) if videos else None,
        second_per_grid_ts=torch.tensor(seconds) if seconds else None,
    )
    if not images and not videos:
        return [list(range(len(tokens)))] * 3, len(tokens)
    whole = rope_index(model, tokens + [TEXT] * ANSWER, media)
    answer = generated(model, tokens, media)
    assert whole[:, 0, len(tokens):].T.tolist() == answer, (spans, whole[:, 0, len(tokens):], answer)
    first = answer[0][0]
    assert answer == [[first + i] * 3 for i in range(ANSWER)]
    return rope_index(model, tokens, media)[:, 0].tolist(), first


def main():
    cases = []
    models = {rate: model_of(rate) for rate in (1, 2, 4, 25)}
    for tokens_per_second, spans in prompts():
        place, following = positions(models[tokens_per_second], spans)
        cases.append(dict(tokensPerSecond=tokens_per_second, spans=spans, positions=place, next=following))
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    kept = json.loads(output.read_text()) if output.exists() else {}
    kept[GENERATION] = dict(source=f"transformers {transformers.__version__}", cases=cases)
    output.write_text(json.dumps(kept, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
