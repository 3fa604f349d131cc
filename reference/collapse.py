"""The Neural-Collapse measurements in numpy: writes tests/golden/collapse.json.

Features h and a head W h + b. Pseudo-inverses are taken of the [d, d] matrices themselves. Features
are small multiples of 1/8, so that floats hold them; class 2 has a single sample, class 3 none.
"""
import itertools
import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "collapse.json"


def distance(a, b):
    return np.linalg.norm(a / np.linalg.norm(a) - b / np.linalg.norm(b))


def seli(counts):
    """Gram matrices of class means and of classifier rows (Thrampoulidis et al. 2022)."""
    root = np.sqrt(counts)
    k = len(counts)
    v, l, ut = np.linalg.svd((np.eye(k) - 1 / k) @ np.diag(root))
    return np.diag(1 / root) @ ut.T @ np.diag(l) @ ut @ np.diag(1 / root), v @ np.diag(l) @ v.T


def frame(vectors, target):
    """NC2 of vectors in rows."""
    k = len(vectors)
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = np.array([vectors[a] @ vectors[b] / lengths[a] / lengths[b]
                        for a, b in itertools.combinations(range(k), 2)])
    return {"norm_variation": lengths.std() / lengths.mean(), "cosine_deviation": cosines.std(),
            "cosine_error": abs(cosines + 1 / (k - 1)).max(),
            "etf_distance": distance(vectors @ vectors.T, np.eye(k) - 1 / k),
            "seli_distance": distance(vectors @ vectors.T, target)}


def measure(features, labels, weight, bias):
    classes = np.unique(labels)
    k = len(classes)
    own = [features[labels == c] for c in classes]
    means = np.array([h.mean(0) for h in own])
    scatters = [(h - h.mean(0)).T @ (h - h.mean(0)) / len(h) for h in own]
    variance = np.array([np.trace(s) for s in scatters])
    centred = means - means.mean(0)
    between = centred.T @ centred / k
    within = sum(scatters) / k
    inverse = np.linalg.pinv(between, rcond=1e-10)
    rank = np.linalg.matrix_rank(between, tol=1e-10)
    pairs = list(itertools.combinations(range(k), 2))
    cdnv = [(variance[a] + variance[b]) / 2 / ((means[a] - means[b]) ** 2).sum() for a, b in pairs]
    target_means, target_weights = seli(np.array([len(h) for h in own]))
    rows = weight[classes]
    disagreement = [np.mean([np.argmax(weight @ h + bias)
                             != classes[np.argmin(((means - h) ** 2).sum(1))] for h in hs])
                    for hs in own]
    return {
        "rank": rank, "nc1": np.trace(within @ inverse) / k,
        "class_nc1": [np.trace(s @ inverse) / k for s in scatters],
        "trace_ratio": np.trace(within) / np.trace(between),
        "cdnv": np.mean(cdnv), "worst_cdnv": max(cdnv),
        "worst_pair": classes[list(pairs[int(np.argmax(cdnv))])],
        "vci": 1 - np.trace(np.linalg.pinv(within + between, rcond=1e-10) @ between) / rank,
        "means": frame(centred, target_means), "gram": centred @ centred.T,
        "class_variance": variance, "class_length": np.linalg.norm(centred, axis=1),
        "weights": frame(rows, target_weights), "self_duality": distance(rows, centred),
        "disagreement": np.mean(disagreement), "class_disagreement": disagreement}


def main():
    random = np.random.default_rng(0)

    def eighths(*shape):
        return random.integers(-12, 13, shape) / 8

    labels = np.repeat([0, 1, 2, 4], [7, 4, 1, 5])
    cases = {}
    # Wider than the classes are many (with a dead and a constant feature), and narrower.
    for name, d in (("wide", 7), ("narrow", 2)):
        centres = eighths(5, d)
        features = eighths(len(labels), d) + 2 * centres[labels]
        if d > 4:
            features[:, 1], features[:, 3] = 0, 1.375
        weight, bias = centres + eighths(5, d), eighths(5)
        cases[name] = {"features": features, "weight": weight, "bias": bias,
                       "wanted": measure(features, labels, weight, bias)}
    golden = {"labels": labels, "classes": 5, "present": np.unique(labels), "cases": cases}

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value

    GOLDEN.write_text(json.dumps(plain(golden), indent=1) + "\n")


if __name__ == "__main__":
    main()
