"""Writes test/fixtures/positions.json: M-RoPE positions of random prompts by `get_rope_index` of two generations of transformers.

    python3 -m venv /tmp/older && /tmp/older/bin/pip install torch transformers==4.49.0
    .cache/python/bin/python test/fidelity/positions.py
    /tmp/older/bin/python test/fidelity/positions.py

Each run replaces the part of the generation that it finds. Prompts are the same for both.
"""

import json
import random
from pathlib import Path

import torch
import transformers
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

GENERATION = "5.x" if transformers.__version__.startswith("5.") else "4.49"
OUTPUT = Path(__file__).parent.parent / "fixtures" / "positions.json"
IMAGE, VIDEO, START, TEXT = 1, 2, 3, 9


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


def positions(tokens_per_second, spans):
    sizes = dict(hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
                 vocab_size=16, max_position_embeddings=512)
    vision = dict(depth=1, hidden_size=16, intermediate_size=16, num_heads=2, out_hidden_size=16,
                  tokens_per_second=tokens_per_second)
    ids = dict(image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=START)
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
    given = torch.tensor([tokens])
    media = dict(
        image_grid_thw=torch.tensor(images) if images else None,
        video_grid_thw=torch.tensor(videos) if videos else None,
        second_per_grid_ts=torch.tensor(seconds) if seconds else None,
        attention_mask=torch.ones_like(given),
    )
    if not images and not videos:
        return [list(range(len(tokens)))] * 3, len(tokens)
    if GENERATION == "5.x":
        config = Qwen2_5_VLConfig(
            text_config=dict(sizes, rope_parameters=dict(rope_type="default", rope_theta=1e4, mrope_section=[1, 1, 2])),
            vision_config=vision, **ids)
        kinds = (given == IMAGE).int() + 2 * (given == VIDEO).int()
        place, delta = Qwen2_5_VLForConditionalGeneration(config).model.get_rope_index(
            given, mm_token_type_ids=kinds, **media)
    else:
        config = Qwen2_5_VLConfig(**sizes, **ids, vision_config=vision,
                                  rope_scaling=dict(type="mrope", mrope_section=[1, 1, 2]))
        place, delta = Qwen2_5_VLForConditionalGeneration(config).get_rope_index(given, **media)
    return place[:, 0].tolist(), len(tokens) + int(delta)


def main():
    cases = []
    for tokens_per_second, spans in prompts():
        place, following = positions(tokens_per_second, spans)
        cases.append(dict(tokensPerSecond=tokens_per_second, spans=spans, positions=place, next=following))
    kept = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {}
    kept[GENERATION] = dict(source=f"transformers {transformers.__version__}", cases=cases)
    OUTPUT.write_text(json.dumps(kept, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
