"""Writes test/fixtures/frames.json: frame choice and sizes as qwen-vl-utils and torch compute them.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install torch numpy requests packaging pillow
    /tmp/fidelity/bin/pip install --no-deps qwen-vl-utils==0.0.8
    /tmp/fidelity/bin/pip install --no-deps --target /tmp/fidelity/later qwen-vl-utils==0.0.14
    /tmp/fidelity/bin/python test/fidelity/frames.py /tmp/fidelity/later

Version 0.0.8 rounds the number of frames half to even; later ones, and the copy that Video-R1 installs, round down. Only
their arithmetic is called, so torchvision need not be there.
"""

import json
import random
import sys
import types
from pathlib import Path

import torch

for name in ("torchvision", "torchvision.io", "torchvision.transforms"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["torchvision"].io = sys.modules["torchvision.io"]
sys.modules["torchvision"].transforms = sys.modules["torchvision.transforms"]
sys.modules["torchvision"].__version__ = "0"
sys.modules["torchvision.transforms"].InterpolationMode = object

from qwen_vl_utils import vision_process as qwen  # noqa: E402

for name in [name for name in sys.modules if name.startswith("qwen_vl_utils")]:
    del sys.modules[name]
sys.path.insert(0, sys.argv[1])
from qwen_vl_utils import vision_process as later  # noqa: E402

versions = {"half-even": qwen, "down": later}
assert qwen.__file__ != later.__file__
rng = random.Random(20250327)
qwen.logger.disabled = later.logger.disabled = True


def frames(version, total, fps, rule):
    try:
        count = version.smart_nframes({"fps": rule[0], "min_frames": rule[1], "max_frames": rule[2]}, total, fps)
    except ValueError:
        return None, None
    return torch.linspace(0, total - 1, count).round().long().tolist(), count / max(total, 1e-6) * fps


videos = [(n, fps) for n in range(2, 40) for fps in (1, 2, 24, 25, 30)]
videos += [(rng.randint(2, 2000), rng.choice([1, 5, 10, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60])) for _ in range(200)]
videos += [(rng.randint(2000, 90000), 30000 / 1001) for _ in range(20)]
rules = [(2.0, 4, 16), (2.0, 4, 16), (2.0, 4, 768), (1.0, 3, 33), (0.5, 8, 64), (4.0, 2, 5)]
chosen = []
for i, (total, fps) in enumerate(videos):
    rule = rules[i % len(rules)]
    for rounding, version in versions.items():
        indices, sample_fps = frames(version, total, fps, rule)
        chosen.append(
            dict(totalFrames=total, fps=fps, framesPerSecond=rule[0], minFrames=rule[1], maxFrames=rule[2], frameRounding=rounding, indices=indices, sampleFps=sample_fps)
        )

shapes = [(h, w) for h in (1, 13, 14, 28, 42, 70, 98, 224) for w in (1, 14, 27, 28, 41, 42, 43, 500)]
shapes += [(rng.randint(1, 4000), rng.randint(1, 4000)) for _ in range(200)] + [(50, 10000), (50, 10001), (10001, 50), (360, 640), (272, 640), (568, 320), (144, 176), (1080, 1920)]
limits = [(100352, 105369), (3136, 100352), (3136, 3292), (4 * 784, 16384 * 784), (256 * 784, int(256 * 784 * 1.05))]
sizes = []
for i, (h, w) in enumerate(shapes):
    for low, high in (limits[i % len(limits)], limits[0]):
        try:
            size = list(qwen.smart_resize(h, w, factor=28, min_pixels=low, max_pixels=high))
        except ValueError:
            size = None
        if size and 0 in size:
            continue  # a side of no pixels; later versions and ours keep one patch
        sizes.append(dict(height=h, width=w, minPixels=low, maxPixels=high, size=size))

target = Path(__file__).parent.parent / "fixtures" / "frames.json"
target.write_text(json.dumps(dict(frames=chosen, sizes=sizes), separators=(",", ":")).replace("},{", "},\n{") + "\n")
print(target, len(chosen), "videos,", sum(c["indices"] is None for c in chosen), "refused;", len(sizes), "sizes,", sum(s["size"] is None for s in sizes), "refused")
