"""Writes test/fixtures/agreement.json: Cohen's kappa of scikit-learn, Krippendorff's alpha of the krippendorff package, their
bootstrap intervals by drawing items, and F1 of spans by SciPy's and networkx's own matching.

    python3 -m venv /tmp/fidelity && /tmp/fidelity/bin/pip install numpy scipy scikit-learn krippendorff networkx
    /tmp/fidelity/bin/python test/fidelity/agreement.py

A value is null where the statistic is not defined, and where fewer than two items have two ratings: these packages give 0 or
1 there, or warn. The bounds of intervals depend on the draws, so they agree only to about what the resamples leave open.
"""

import itertools
import json
import warnings
from pathlib import Path

import krippendorff
import networkx as nx
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import cohen_kappa_score

warnings.simplefilter("ignore")
rng = np.random.default_rng(20260213)
MISSING = -1


def kappa(first, second):
    common = (first != MISSING) & (second != MISSING)
    first, second = first[common], second[common]
    if common.sum() < 2 or len(set(first) | set(second)) < 2:
        return None
    return float(cohen_kappa_score(first, second))


def alpha(table, values):
    rated = (table != MISSING).sum(axis=0)
    pairable = table[:, rated >= 2]
    if pairable.shape[1] < 2 or len(set(pairable[pairable != MISSING])) < 2:
        return None
    counts = np.array([[(column == value).sum() for value in range(values)] for column in table.T])
    return float(krippendorff.alpha(value_counts=counts, value_domain=list(range(values)), level_of_measurement="nominal"))


def table_of(raters, items, values, missing, agree, shares):
    """Raters copy the item's true value with a chance, and else draw one."""
    truth = rng.choice(values, items, p=shares)
    drawn = rng.choice(values, (raters, items), p=shares)
    table = np.where(rng.random((raters, items)) < agree, truth, drawn)
    return np.where(rng.random((raters, items)) < missing, MISSING, table)


def case(name, table, values):
    return {
        "name": name,
        "values": values,
        "ratings": table.tolist(),
        "kappas": [
            {"first": i, "second": j, "kappa": kappa(table[i], table[j])}
            for i, j in itertools.combinations(range(len(table)), 2)
        ],
        "alpha": alpha(table, values),
    }


cases = []
for raters in range(2, 7):
    for values, shares, kind in [
        (2, [0.5, 0.5], "even"),
        (2, [0.95, 0.05], "rare"),
        (3, [0.6, 0.25, 0.15], "verdicts"),
        (3, [0.97, 0.02, 0.01], "rare verdicts"),
    ]:
        for missing in [0.0, 0.4]:
            table = table_of(raters, int(rng.integers(8, 40)), values, missing, rng.random(), shares)
            cases.append(case(f"{raters} raters, {kind}, {missing} missing", table, values))
cases.append(case("one category", np.zeros((3, 9), int), 2))
cases.append(case("one category with gaps", table_of(4, 12, 2, 0.5, 1.0, [1.0, 0.0]), 2))
cases.append(case("each rater another category", np.array([[0] * 6, [1] * 6]), 2))
cases.append(case("all agree", np.array([[0, 1, 2, 0, 1, 2]] * 3), 3))
cases.append(case("all disagree", np.array([[0, 1, 0, 1], [1, 0, 1, 0]]), 2))
cases.append(case("no item in common", np.array([[0, 1, MISSING, MISSING], [MISSING, MISSING, 1, 0]]), 2))
cases.append(case("one item in common", np.array([[0, 1, MISSING], [MISSING, 0, 1]]), 2))
cases.append(case("nothing rated", np.full((2, 4), MISSING), 2))


def bootstrap(table, statistic, draws=20_000):
    values = []
    undefined = 0
    for _ in range(draws):
        value = statistic(table[:, rng.integers(0, table.shape[1], table.shape[1])])
        if value is None:
            undefined += 1
        else:
            values.append(value)
    low, high = np.percentile(values, [2.5, 97.5])
    return {"low": low, "high": high, "undefined": undefined / draws}


def quick_kappa(table):
    """As `kappa` for two raters who rated all; the fast form of the definition, held to scikit-learn below."""
    observed = (table[0] == table[1]).mean()
    shares = [np.bincount(row, minlength=3) / table.shape[1] for row in table]
    chance = shares[0] @ shares[1]
    return None if chance == 1 else (observed - chance) / (1 - chance)


def quick_alpha(table):
    """The same for alpha where nothing is missing."""
    counts = np.stack([(table == value).sum(axis=0) for value in range(3)])
    raters, total = table.shape[0], table.size
    disagreement = (raters**2 - (counts**2).sum(axis=0)).sum() / (raters - 1)
    chance = total**2 - (counts.sum(axis=1) ** 2).sum()
    return None if chance == 0 else 1 - (total - 1) * disagreement / chance


intervals = []
for name, raters, items, values, shares, agree in [
    ("64 items, two of them", 2, 64, 3, [0.6, 0.25, 0.15], 0.7),
    ("64 items, a rare category", 2, 64, 2, [0.93, 0.07], 0.9),
    ("400 items, two of them", 2, 400, 2, [0.7, 0.3], 0.6),
    ("150 items, four of them", 4, 150, 3, [0.5, 0.3, 0.2], 0.6),
]:
    table = table_of(raters, items, values, 0.0, agree, shares)
    quick, exact = (quick_kappa, kappa(*table)) if raters == 2 else (quick_alpha, alpha(table, values))
    assert abs(quick(table) - exact) < 1e-12
    intervals.append(
        {"name": name, "values": values, "ratings": table.tolist(), "value": exact, **bootstrap(table, quick)}
    )


def matched(first, second, overlapping):
    """Pairs of a maximum matching, by two implementations that know nothing of each other."""

    def fits(a, b):
        return max(a[0], b[0]) < min(a[1], b[1]) if overlapping else a == b

    first, second = sorted(set(first)), sorted(set(second))
    if not first or not second:
        return 0
    weights = np.array([[fits(a, b) for b in second] for a in first], dtype=int)
    rows, columns = linear_sum_assignment(weights, maximize=True)
    pairs = int(weights[rows, columns].sum())
    graph = nx.Graph()
    left = [("first", i) for i in range(len(first))]
    graph.add_nodes_from(left)
    graph.add_nodes_from(("second", j) for j in range(len(second)))
    graph.add_edges_from((("first", i), ("second", j)) for i, j in zip(*np.nonzero(weights)))
    assert len(nx.bipartite.hopcroft_karp_matching(graph, left)) // 2 == pairs
    return pairs


def spans_of(length, count):
    ends = rng.integers(0, length, (count, 2))
    return [(int(min(a, b)), int(max(a, b)) + 1) for a, b in ends]


def nearly(spans, length):
    """What another one would mark: some the same, some moved, some left out."""
    found = []
    for start, end in spans:
        luck = rng.random()
        if luck < 0.4:
            found.append((start, end))
        elif luck < 0.8:
            start = max(0, start + int(rng.integers(-3, 4)))
            found.append((start, max(start + 1, min(length, end + int(rng.integers(-3, 4))))))
    return found


CATEGORIES = ["order", "frames"]
span_cases = []
for number in range(24):
    items = []
    for _ in range(int(rng.integers(1, 7))):
        length = int(rng.integers(10, 60))
        item = {"first": {}, "second": {}}
        for category in CATEGORIES:
            spans = spans_of(length, int(rng.integers(0, 6)) if number % 6 else 0)
            other = nearly(spans, length) + spans_of(length, int(rng.integers(0, 3)) if number % 6 else 0)
            item["first"][category], item["second"][category] = spans, other
        items.append(item)
    scores = {}
    for name, overlapping in [("exact", False), ("overlapping", True)]:
        scores[name] = {}
        for category in [*CATEGORIES, None]:
            both = first = second = 0
            for item in items:
                for each in CATEGORIES if category is None else [category]:
                    both += matched(item["first"][each], item["second"][each], overlapping)
                    first += len(set(item["first"][each]))
                    second += len(set(item["second"][each]))
            scores[name][category or "overall"] = {
                "both": both,
                "onlyFirst": first - both,
                "onlySecond": second - both,
                "f1": None if first + second == 0 else 2 * both / (first + second),
            }
    span_cases.append({"items": items, "scores": scores})

fixture = Path(__file__).parents[1] / "fixtures" / "agreement.json"
content = {"tables": cases, "intervals": intervals, "spans": span_cases}
lines = [
    f' "{name}": [\n' + ",\n".join("  " + json.dumps(one) for one in value) + "\n ]" for name, value in content.items()
]
fixture.write_text("{\n" + ",\n".join(lines) + "\n}\n")
