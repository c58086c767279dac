"""Writes test/fixtures/statistics.json: intervals and tests as numpy and scipy compute them.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install numpy scipy
    /tmp/fidelity/bin/python test/fidelity/intervals.py

The bootstrap's bounds depend on the draws, so they agree only to about what 10,000 resamples leave open; tests allow for it.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

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


def paired(n):
    first, second = rng.random(n), rng.random(n)
    low, high = stats.ttest_rel(first, second).confidence_interval(0.95)
    return {"first": first.tolist(), "second": second.tolist(), "mean": (first - second).mean(), "low": low, "high": high}


def power(difference, n):
    """Of a two-sided t test at 5 %, for a difference in units of its standard deviation; the wrong tail is left out."""
    return stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, difference * np.sqrt(n))


pairs = [paired(n) for n in [2, 5, 12]]
detectable = [
    {"n": n, "difference": optimize.brentq(lambda difference: power(difference, n) - 0.8, 0.01, 6)}
    for n in [3, 4, 5, 8, 10, 30, 31, 60, 200]
]

fixture = Path(__file__).parents[1] / "fixtures" / "statistics.json"
content = {"mcnemar": mcnemar, "means": means, "student": student, "paired": pairs, "detectable": detectable}
fixture.write_text(json.dumps(content, indent=1) + "\n")
