"""Statistics of counts by scipy: writes tests/golden/inference.json. Needs Debian's python3-scipy."""
import json
import pathlib

import numpy as np
from scipy import stats

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "inference.json"


def holm(p):
    order = np.argsort(p)
    adjusted = np.minimum.accumulate(np.ones(len(p)))
    largest = 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = largest
    return adjusted.tolist()


def calibration_error(scores, labels):
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    confidence, right = shares.max(1), shares.argmax(1) == labels
    edges = np.linspace(0, 1, 16)
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def main():
    intervals = []
    for successes, trials, confidence in [(0, 10, 0.95), (10, 10, 0.95), (3, 10, 0.95), (45, 45, 0.99),
                                          (617, 1000, 0.9), (1, 100000, 0.95)]:
        found = stats.binomtest(successes, trials).proportion_ci(confidence, "exact")
        intervals.append([successes, trials, confidence, found.low, found.high])
    pairs = [[lost, gained, stats.binomtest(lost, lost + gained).pvalue]
             for lost, gained in [(1, 0), (0, 5), (9, 2), (31, 12), (400, 352)]]
    p_values = [0.01, 0.04, 0.03, 0.005, 0.5]
    rng = np.random.default_rng(0)
    scores = (rng.integers(-24, 25, (60, 3)) / 8).round(3)
    labels = rng.integers(0, 3, 60)
    few = rng.normal(0.3, 1, 12)
    many = np.concatenate([rng.normal(0.2, 1, 60), np.repeat([0.5, -0.5], 8)])
    table = rng.integers(0, 12, (9, 5)).astype(float)  # with ties
    friedman = stats.friedmanchisquare(*table.T)
    GOLDEN.write_text(json.dumps({
        "clopper_pearson": intervals, "mcnemar": pairs, "p_values": p_values, "holm": holm(p_values),
        "scores": scores.tolist(), "labels": labels.tolist(),
        "calibration_error": calibration_error(scores, labels),
        "wilcoxon": [[few.tolist(), stats.wilcoxon(few, mode="exact").pvalue],
                     [many.tolist(), stats.wilcoxon(many, mode="approx").pvalue]],
        "friedman": {"scores": table.tolist(), "statistic": friedman.statistic,
                     "p_value": friedman.pvalue,
                     "mean_ranks": stats.rankdata(-table, axis=1).mean(0).tolist()},
        "normal_range": [[k, p, stats.studentized_range.ppf(p, k, np.inf)]
                         for k, p in [(2, 0.95), (5, 0.95), (10, 0.95), (30, 0.99)]]}, indent=1) + "\n")


main()
