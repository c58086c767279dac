"""Writes test/fixtures/statistics.json: intervals and tests as numpy and scipy compute them.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install numpy scipy
    /tmp/fidelity/bin/python test/fidelity/statistics.py

The bootstrap's bounds depend on the draws, so they agree only to about what 10,000 resamples leave open; tests allow for it.
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

rng = np.random.default_rng(20250327)

mcnemar = [
    {"b": b, "c": c, "p": stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0}
    for b, c in [(0, 0), (1, 0), (5, 0), (0, 6), (3, 9), (10, 10), (12, 25), (200, 260), (4000, 4300)]
]


def bootstrap(values):
    result = stats.bootstrap(
        (values,), np.mean, n_resamples=200_000, method="percentile", batch=2000, random_state=rng
    )
    low, high = result.confidence_interval
    return {"values": values.tolist(), "mean": values.mean(), "low": low, "high": high}


means = [
    bootstrap((rng.random(40) < 0.3).astype(float)),
    bootstrap((rng.random(156) < 0.8).astype(float)),
    bootstrap(rng.integers(0, 11, 60) / 10),
    bootstrap(rng.integers(-1, 2, 80).astype(float)),
]


def seeds(values):
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    return {"values": list(values), "mean": np.mean(values), "low": low, "high": high}


student = [seeds(rng.random(n).tolist()) for n in [2, 3, 5, 10, 31, 32, 60]]

fixture = Path(__file__).parents[1] / "fixtures" / "statistics.json"
fixture.write_text(json.dumps({"mcnemar": mcnemar, "means": means, "student": student}, indent=1) + "\n")
