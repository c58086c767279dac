"""Writes test/fixtures/groups.json: rewards and advantages of groups as numpy computes them, for both presets.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install numpy
    /tmp/fidelity/bin/python test/fidelity/groups.py

Stated from the equations (Video-R1 eq. 1, 2, 3, 5) and from what the released trainer does, apart from the product's code:
arrays and masks here, a loop with explanations there.
"""

import json
import random
from pathlib import Path

import numpy as np

rng = random.Random(20250327)


def paper(accuracy, format, lengths, shuffled, temporal, length_bonus):
    correct = accuracy > 0.1
    p, q = correct.mean(), (shuffled > 0.1).mean() if temporal else None
    passed = bool(p > 0.8 * q) if temporal else None
    rewards = accuracy.copy()
    if passed:
        rewards[correct] += 0.3
    inside = (lengths >= 320) & (lengths <= 512) & correct if length_bonus else np.zeros(len(lengths), bool)
    bonus = np.where(inside, 0.1, 0.0)
    rewards += bonus
    return p, q, passed, bonus, rewards, 0.0


def upstream(accuracy, format, lengths, shuffled, temporal, length_bonus):
    correct = accuracy > 0.1
    p, q = accuracy.mean(), shuffled.mean() if temporal else None
    passed = bool(p >= 0.8 * q) if temporal else None
    rewards = accuracy + format
    if passed:
        rewards[correct] += 0.3
    bonus = np.zeros(len(lengths))
    if length_bonus and correct.sum() > 1:
        bonus[correct & (lengths >= 320) & (lengths <= 512)] = 0.2
    rewards = rewards + bonus
    return p, q, passed, bonus, rewards, 1e-4


def group(n):
    """Accuracies of the kinds that occur: right or wrong, fractions, all alike, at the threshold."""
    kind = rng.choice(["binary", "binary", "fraction", "alike", "edge"])
    if kind == "binary":
        share = rng.random()
        return [float(rng.random() < share) for _ in range(n)]
    if kind == "fraction":
        return [round(rng.random(), 3) for _ in range(n)]
    if kind == "alike":
        return [rng.choice([0.0, 1.0])] * n
    return [rng.choice([0.0, 0.1, 0.1000001, 0.5, 1.0]) for _ in range(n)]


cases = []
for number in range(80):
    name, rule = rng.choice([("paper", paper), ("upstream", upstream)]) if number >= 40 else [("paper", paper), ("upstream", upstream)][number % 2]
    n = rng.choice([1, 2, 3, 4, 8, 8, 8, 16])
    video = rng.random() < 0.8
    temporal = rng.random() < 0.9
    length_bonus = rng.random() < 0.9
    given = dict(
        data_type="video" if video else "image",
        accuracy=group(n),
        format=[float(rng.random() < 0.8) for _ in range(n)],
        lengths=[rng.choice([1, 319, 320, 321, 400, 512, 513, 768, rng.randint(1, 768)]) for _ in range(n)],
        shuffled_accuracy=group(rng.choice([max(1, n // 2), n])) if video else [],
        temporal=temporal,
        len_control=length_bonus,
    )
    a, f, l, s = (np.array(given[key], dtype=np.float64) for key in ("accuracy", "format", "lengths", "shuffled_accuracy"))
    p, q, passed, bonus, rewards, epsilon = rule(a, f, l, s, temporal and video, length_bonus)
    std = float(rewards.std(ddof=1)) if n > 1 else 0.0
    flat = float(np.ptp(rewards)) < 1e-9
    advantages = np.zeros(n) if flat else (rewards - rewards.mean()) / (std + epsilon)
    cases.append(
        dict(
            preset=name,
            input=given,
            output=dict(
                p=float(p),
                p_shuffled=None if q is None else float(q),
                temporal_pass=passed,
                temporal_reward=0.3 if passed else 0.0,
                length_bonus=bonus.tolist(),
                rewards=rewards.tolist(),
                mean=float(rewards.mean()),
                std=0.0 if flat else std,
                advantages=advantages.tolist(),
            ),
        )
    )

target = Path(__file__).parent.parent / "fixtures" / "groups.json"
target.write_text(json.dumps(cases, separators=(",", ":")).replace('},{"preset', '},\n{"preset') + "\n")
print(target, len(cases), "groups,", sum(c["output"]["temporal_pass"] is True for c in cases), "pass the temporal test,", sum(c["output"]["std"] == 0 for c in cases), "flat")
