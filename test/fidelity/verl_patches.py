"""How far the gateway's patches are from those of Hugging Face's image processor, for frames of several sizes, and its uniform numbers.

    VERL_PYTHON test/fidelity/verl_patches.py

Prints one JSON object: the largest difference of patches, and numbers of `uniform(seed, n)`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

sys.path.insert(0, str(Path(__file__).parents[2] / "trainer/engines/verl/gateway"))
from video_r1_gateway.vision import patches  # noqa: E402


def main() -> None:
    generator = np.random.default_rng(0)
    processor = Qwen2VLImageProcessorPil(patch_size=14, temporal_patch_size=2, merge_size=2, do_resize=False)
    largest = 0.0
    for height, width in ((28, 28), (56, 84), (140, 28), (112, 168)):
        frames = generator.integers(0, 256, (6, height, width, 3), dtype=np.uint8)
        order = (4, 1, 0, 0, 5, 2)
        made = patches(torch.from_numpy(frames), order).numpy()
        for pair in range(3):
            both = [frames[order[2 * pair]], frames[order[2 * pair + 1]]]
            ones = [processor(images=[one], return_tensors="np")["pixel_values"].reshape(-1, 3, 2, 14, 14) for one in both]
            # Of an image the processor takes each frame twice: a pair has one from each.
            wanted = np.stack([ones[0][:, :, 0], ones[1][:, :, 0]], axis=2).reshape(len(ones[0]), -1)
            own = made.reshape(3, -1, made.shape[1])[pair]
            largest = max(largest, float(np.abs(own - wanted).max()))
    from video_r1_gateway.drawing import uniform

    seeds = np.array([0, 1, 7, 123456, 4294967295])
    print(json.dumps({"largest": largest, "uniform": uniform(np.repeat(seeds, 3), np.tile([0, 1, 500], 5)).tolist()}))


main()
