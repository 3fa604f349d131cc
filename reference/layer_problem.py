"""The layer problem's formulas in numpy: writes tests/golden/layer_problem.json.

A layer z = W x + b whose input became x~ because the layer before it was pruned. Inputs and weights
are small multiples of 1/8, so that float products of them are exact.
"""
import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "layer_problem.json"
KAPPA, BALANCE, SHRINKAGE, DAMPING = 3.0, 0.75, 20.0, 0.01


def moments(samples, labels, targets, centred):
    """H [d, d] and C [m, d]: sum_c pi_c (S*_c + kappa (mu_c - mu)(mu_c - mu)^T) of (x~, x~) and
    (z, x~); mu = 0 unless `centred`."""
    classes = range(labels.max() + 1)
    counts = np.array([(labels == c).sum() for c in classes])
    pi = counts ** (1 - BALANCE) / (counts ** (1 - BALANCE)).sum()

    def covariance(y, x):
        return (y - y.mean(0)).T @ (x - x.mean(0)) / len(x)

    def metric(y):
        own = [covariance(y[labels == c], samples[labels == c]) for c in classes]
        pool = sum(n * s for n, s in zip(counts, own)) / counts.sum()
        y_means = np.array([y[labels == c].mean(0) for c in classes])
        x_means = np.array([samples[labels == c].mean(0) for c in classes])
        y_centre, x_centre = (pi @ y_means, pi @ x_means) if centred else (0, 0)
        total = 0
        for c in classes:
            a = (counts[c] - 1) / (counts[c] - 1 + SHRINKAGE)
            between = np.outer((y_means - y_centre)[c], (x_means - x_centre)[c])
            total = total + pi[c] * (a * own[c] + (1 - a) * pool + KAPPA * between)
        return total

    def mean(y):
        return pi @ np.array([y[labels == c].mean(0) for c in classes])

    return {"pi": pi, "metric": metric(samples), "cross": metric(targets),
            "input_mean": mean(samples), "target_mean": mean(targets)}


def refit(found, weight, mask):
    """V: row by row, the minimum of V_i H V_i^T - 2 V_i C_i^T on the row's support, with H + r I and
    C + r W, r = damping * mean diagonal of H."""
    ridge = DAMPING * np.trace(found["metric"]) / len(found["metric"])
    metric = found["metric"] + ridge * np.eye(len(found["metric"]))
    cross = found["cross"] + ridge * weight
    solution = np.zeros_like(weight)
    for i, row in enumerate(mask):
        if row.any():
            solution[i, row] = np.linalg.solve(metric[np.ix_(row, row)], cross[i, row])
    return {"damped_metric": metric, "damped_cross": cross, "solution": solution}


def main():
    random = np.random.default_rng(0)

    def eighths(*shape):
        return random.integers(-12, 13, shape) / 8

    labels = np.repeat([0, 1, 2], [6, 1, 3])  # class 1 has a single sample
    inputs = eighths(len(labels), 5) + np.eye(5)[labels]
    first_dense = eighths(5, 5)
    first_pruned = first_dense * (random.random((5, 5)) < 0.6)
    weight, bias = eighths(3, 5), eighths(3)
    mask = np.array([[1, 0, 0, 1, 0], [1, 1, 0, 1, 1], [0, 0, 0, 0, 0]], bool)
    golden = {"options": {"kappa": KAPPA, "balance": BALANCE, "shrinkage": SHRINKAGE,
                          "damping": DAMPING},
              "inputs": inputs, "labels": labels, "first_dense": first_dense,
              "first_pruned": first_pruned, "weight": weight, "bias": bias, "mask": mask}
    for name, offset in (("without_bias", 0 * bias), ("with_bias", bias)):
        targets = inputs @ first_dense.T @ weight.T + offset
        found = moments(inputs @ first_pruned.T, labels, targets, name == "with_bias")
        golden[name] = found | refit(found, weight, mask)

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return value.tolist() if isinstance(value, np.ndarray) else value

    GOLDEN.write_text(json.dumps(plain(golden), indent=1) + "\n")


if __name__ == "__main__":
    main()
