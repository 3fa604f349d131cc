"""The solvers' published formulas in numpy: writes tests/golden/solvers.json.

ExactOBS (Frantar, Alistarh 2022), SparseGPT (Frantar, Alistarh 2023) and Wanda (Sun, Liu, Bair,
Kolter 2024) on one layer each of two sizes; the wider one fills one block of SparseGPT's columns
and a part of a second, and its last group of 2:4 is half a group. Samples and weights come from
formulas that the test repeats.
"""
import json
import pathlib

import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden" / "solvers.json"
DAMPING = 0.01
BLOCK = 128
N, M = 2, 4


def numbers(rows, columns, a, b, c):
    """Multiples of 1/512 in [-1, 1], exact in float: ((a i + b j + c i j + j^2) mod 1021 - 510) / 512."""
    i, j = np.ogrid[:rows, :columns]
    return ((a * i + b * j + c * i * j + j * j) % 1021 - 510) / 512


def obs_row(weight, inverse, limit, count):
    """`count` times the weight of the smallest w_p^2 / [H^-1]_pp goes, as long as `limit` allows.
    What is left of the row, which went, and the error each raised."""
    w, inv, gone, losses = weight.copy(), inverse.copy(), [], []
    while len(gone) < count:
        allowed = [p for p in range(len(w)) if p not in gone and limit(p, gone)]
        if not allowed:
            break
        p = min(allowed, key=lambda q: w[q] ** 2 / inv[q, q])
        losses.append(w[p] ** 2 / inv[p, p] / 2)
        w -= inv[:, p] * (w[p] / inv[p, p])
        inv -= np.outer(inv[:, p], inv[p]) / inv[p, p]
        gone.append(p)
        w[gone] = 0
    return w, gone, losses


def exact_obs(weight, metric, keep, pattern):
    """Every row loses its weights one by one; the traces' cheapest next steps are taken over all
    rows ("layer"), to an equal number in each ("row"), or to the end of every group ("2:4")."""
    rows, d = weight.shape
    inverse = np.linalg.inv(metric)

    def limit(p, gone):
        if pattern != "2:4":
            return True
        size = min(M, d - p // M * M)
        return sum(q // M == p // M for q in gone) < size - N

    losses = [obs_row(w, inverse, limit, d)[2] for w in weight]
    if pattern == "layer":
        steps = [0] * rows
        for _ in range(rows * d - keep):
            steps[min((i for i in range(rows) if steps[i] < d),
                      key=lambda i: losses[i][steps[i]])] += 1
    else:
        steps = [d - keep // rows if pattern == "row" else d] * rows
    return np.array([obs_row(w, inverse, limit, s)[0] for w, s in zip(weight, steps)])


def largest(scores, keep, pattern):
    """The mask of the largest scores; of 2:4, `scores` holds one group."""
    mask = np.zeros(scores.shape, bool)
    if pattern == "layer":
        mask.flat[np.argsort(-scores, axis=None, kind="stable")[:keep]] = True
    else:
        per_row = N if pattern == "2:4" else round(keep / len(scores))
        np.put_along_axis(mask, np.argsort(-scores, axis=1, kind="stable")[:, :per_row], True, 1)
    return mask


def sparsegpt(weight, metric, keep, pattern):
    """A column at a time; the mask of a block of columns (2:4: of a group) when it is reached. Up to
    the end of a block the wanted share is kept, to the nearest whole number."""
    w, (rows, d) = weight.copy(), weight.shape
    u = np.linalg.cholesky(np.linalg.inv(metric)).T  # H^-1 = U^T U
    mask = np.ones(w.shape, bool)
    for begin in range(0, d, BLOCK):
        end = min(begin + BLOCK, d)
        step = M if pattern == "2:4" else BLOCK
        for j in range(begin, end):
            if (j - begin) % step == 0:
                part = slice(j, min(j + step, end))
                scores = w[:, part] ** 2 / np.diag(u)[part] ** 2
                share = round(keep / (rows * d) * rows * end) - mask[:, :begin].sum()
                mask[:, part] = largest(scores, share, pattern)
            error = np.where(mask[:, j], 0, w[:, j]) / u[j, j]
            w[:, j:] -= np.outer(error, u[j, j:])  # what the published code does block by block
    return w * mask


def wanda(weight, samples, keep, pattern):
    scores = np.abs(weight) * np.linalg.norm(samples, axis=0)
    if pattern != "2:4":
        return weight * largest(scores, keep, pattern)
    groups = [largest(scores[:, g:g + M], keep, pattern) for g in range(0, weight.shape[1], M)]
    return weight * np.concatenate(groups, axis=1)


def plain(solution):
    return {"mask": ["".join(map(str, row)) for row in (solution != 0).astype(int)],
            "kept": [float(f"{value:.10g}") for value in solution[solution != 0]]}


def main():
    golden = {"damping": DAMPING, "problems": []}
    # In the last ones a row's losses fall again here and there, and every cut is taken.
    sizes = [(5, 12, 32, 25), (3, 150, 256, 189)] + [(1, 9, 16, keep) for keep in range(1, 9)]
    for rows, d, count, keep in sizes:
        samples, weight = numbers(count, d, 317, 59, 13), numbers(rows, d, 401, 173, 29)
        moment = samples.T @ samples / count
        metric = moment + DAMPING * np.trace(moment) / d * np.eye(d)
        solutions = {}
        for pattern in ("layer", "row", "2:4"):
            solutions[pattern] = {"obc": plain(exact_obs(weight, metric, keep, pattern)),
                                  "sparsegpt": plain(sparsegpt(weight, metric, keep, pattern)),
                                  "wanda": plain(wanda(weight, samples, keep, pattern))}
        golden["problems"].append({"rows": rows, "columns": d, "samples": count, "keep": keep,
                                   "patterns": solutions})
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
