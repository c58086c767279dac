"""Writes test/fixtures/temporal.json: whether p stands above mu p~ (Video-R1 eq. 1), exactly and in float32.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install numpy
    /tmp/fidelity/bin/python test/fidelity/temporal.py

`counts`: scores of 0 or 1, compared as fractions with mu as its decimal. Of every pair of group sizes n, m and every number k
of right answers of n, the most right answers j of m at which k/n > mu j/m holds, and at which >= holds, as base-17 digits;
"-" where none does. `scores`: fractional accuracies, half of them within 1e-6 of a tie, compared in float32 as numpy has it.
"""

import json
import random
from fractions import Fraction
from pathlib import Path

import numpy as np

digits = "0123456789abcdefg"
sizes = range(2, 17)


def most(holds, m):
    found = [j for j in range(m + 1) if holds(j)]
    # A smaller j passes wherever a larger one does.
    assert found == list(range(len(found)))
    return digits[found[-1]] if found else "-"


counts = {}
for mu in ["0.1", "0.3", "0.3333", "0.5", "0.7", "0.8", "0.9", "1.1"]:
    exact = Fraction(mu)
    for n in sizes:
        rows = []
        for m in sizes:
            above = "".join(most(lambda j: Fraction(k, n) > exact * Fraction(j, m), m) for k in range(n + 1))
            least = "".join(most(lambda j: Fraction(k, n) >= exact * Fraction(j, m), m) for k in range(n + 1))
            rows.append(f"{above} {least}")
        counts[f"{mu} {n}"] = rows

rng = random.Random(20250327)


def group(n, decimals):
    return [round(rng.random(), decimals) for _ in range(n)]


def verdicts(ordered, shuffled, mu):
    p, q = (np.array(values, dtype=np.float32).mean() for values in (ordered, shuffled))
    bar = np.float32(mu) * q
    assert p.dtype == bar.dtype == np.float32
    return bool(p > bar), bool(p >= bar), abs(float(p) - float(bar)) < 1e-6


scores = []
wanted = {True: 120, False: 40}
while sum(wanted.values()) > 0:
    n, m, decimals = rng.choice(sizes), rng.choice(sizes), rng.choice([1, 1, 2, 3])
    mu = rng.choice([0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.1])
    ordered = group(n, decimals)
    # The same scores in another order: a tie but for rounding.
    shuffled = rng.sample(ordered, n) if mu == 1.0 and rng.random() < 0.5 else group(m, decimals)
    if all(score in (0.0, 1.0) for score in ordered + shuffled):
        continue
    above, least, near = verdicts(ordered, shuffled, mu)
    if wanted[near] == 0:
        continue
    wanted[near] -= 1
    scores.append([mu, ordered, shuffled, above, least])

target = Path(__file__).parent.parent / "fixtures" / "temporal.json"
text = json.dumps({"counts": counts, "scores": scores}, separators=(",", ":"))
target.write_text(text.replace('],"', '],\n"').replace("false],[", "false],\n[").replace("true],[", "true],\n[") + "\n")
print(target, len(counts), "rows of counts,", len(scores), "fractional cases")
