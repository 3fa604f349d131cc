"""The work of surgeon.cpp in PyTorch, on the folder that `surgeon prepare` wrote.

surgeon_pytorch.py FOLDER THREADS REPEATS [check]

One line on standard output: seconds (medians over repeats) of the statistics, of the pruning and of
both, peak memory in MB. With `check` instead the error of both pruned networks, layer by layer, and
how much their masks share: both with the row weights that `surgeon run` wrote to the folder.
"""

import os
import resource
import statistics
import sys
import time

import onnx
import torch
from onnx import numpy_helper

SPARSITY = 0.98
KAPPA = 3.0
SHRINKAGE = 20.0
DAMPING = 0.01
BATCH = 2048


def read_weights(path):
    """The weights [out, in] of a chain of Gemm and Relu, in order."""
    graph = onnx.load(path).graph
    tensors = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    weights = []
    for node in graph.node:
        if node.op_type == "Gemm":
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            weight = tensors[node.input[1]]
            weights.append((weight if transposed else weight.t()).contiguous())
    return weights


def read_samples(folder):
    labels_path = os.path.join(folder, "labels.i64")
    inputs_path = os.path.join(folder, "inputs.f32")
    n = os.path.getsize(labels_path) // 8
    labels = torch.from_file(labels_path, size=n, dtype=torch.int64)
    inputs = torch.from_file(inputs_path, size=os.path.getsize(inputs_path) // 4)
    return inputs.view(n, -1), labels


def layer_inputs(weights, x):
    """The inputs of the layers 0 .. len(weights)."""
    values = [x]
    for weight in weights:
        values.append(torch.relu(values[-1] @ weight.t()))
    return values


class Classes:
    """Counts, weights of the classes and of their samples in the scatter term."""

    def __init__(self, labels):
        self.counts = labels.bincount().double()
        self.pi = (self.counts > 0).double()
        self.pi /= self.pi.sum()
        freedom = (self.counts - 1).clamp(min=0)
        own = self.pi * freedom / (freedom + SHRINKAGE)
        to_pool = (self.pi - own).sum()
        self.weights = own / self.counts.clamp(min=1) + to_pool / self.counts.sum()


class Sums:
    """Weighted products of y and x over the samples, and their class sums."""

    def __init__(self, classes, rows, columns):
        self.classes = classes
        self.product = torch.zeros(rows, columns, dtype=torch.float64)
        self.y = torch.zeros(len(classes.counts), rows, dtype=torch.float64)
        self.x = torch.zeros(len(classes.counts), columns, dtype=torch.float64)

    def add(self, y, x, labels):
        root = self.classes.weights[labels].sqrt().float().unsqueeze(1)
        scaled = x * root
        self.product += (scaled if y is x else y * root).t() @ scaled
        self.x.index_add_(0, labels, x.double())
        if y is x:
            self.y = self.x
        else:
            self.y.index_add_(0, labels, y.double())

    def moment(self):
        c = self.classes
        y_means = self.y / c.counts.clamp(min=1).unsqueeze(1)
        x_means = self.x / c.counts.clamp(min=1).unsqueeze(1)
        scatter = self.product - (y_means.t() * (c.weights * c.counts)) @ x_means
        return scatter + KAPPA * (y_means.t() * c.pi) @ x_means

    def metric(self):
        """The moment of x with itself, lifted above the rounding of float products."""
        result = self.moment()
        result.diagonal().add_(4e-7 * self.product.trace())
        return result


def metrics_of(weights, inputs, labels, classes):
    """The metric of the dense network's layers, in one pass."""
    sums = [Sums(classes, w.shape[1], w.shape[1]) for w in weights]
    for begin in range(0, len(labels), BATCH):
        batch = slice(begin, begin + BATCH)
        for s, x in zip(sums, layer_inputs(weights[:-1], inputs[batch])):
            s.add(x, x, labels[batch])
    return [s.metric() for s in sums]


def cross_moments(dense, pruned, layer, inputs, labels, classes):
    """Metric and cross moment of a layer behind pruned ones."""
    m, d = dense[layer].shape
    gram, product = Sums(classes, d, d), Sums(classes, m, d)
    for begin in range(0, len(labels), BATCH):
        batch = slice(begin, begin + BATCH)
        x = layer_inputs(pruned[:layer], inputs[batch])[-1]
        z = layer_inputs(dense[:layer], inputs[batch])[-1] @ dense[layer].t()
        gram.add(x, x, labels[batch])
        product.add(z, x, labels[batch])
    return gram.metric(), product.moment()


def output_weights(weights, inputs, labels, classes):
    """How much the class scores depend on each unit: random signs, at most 256 samples a class."""
    num_classes = len(classes.counts)
    members = [(labels == c).nonzero().flatten() for c in range(num_classes)]
    chosen = torch.cat([m[torch.randperm(len(m))[:256]] for m in members])
    picked = labels[chosen]
    share = (classes.pi / picked.bincount(minlength=num_classes).clamp(min=1))[picked]
    z, x = [], inputs[chosen].requires_grad_()
    for weight in weights:
        z.append((torch.relu(z[-1]) if z else x) @ weight.t())
    signs = torch.randint(0, 2, z[-1].shape).mul(2).sub(1).float()
    gradients = torch.autograd.grad(z[-1], z[:-1], signs - signs.mean(1, keepdim=True))
    return [share @ g.square().double() for g in gradients]


def damped(metric):
    ridge = DAMPING * metric.diagonal().mean()
    return metric + ridge * torch.eye(len(metric), dtype=torch.float64), ridge


def largest(scores, keep):
    flat = scores.flatten()
    mask = torch.zeros(flat.shape, dtype=torch.bool)
    mask[flat.topk(keep, sorted=False).indices] = True
    return mask.view(scores.shape)


def allocate(weights, keep):
    """Weights kept per layer: density ~ (outputs + inputs) / weights; a layer that would keep more
    than it has stays whole."""
    whole = set()
    while True:
        left = keep - sum(weights[i].numel() for i in whole)
        sides = sum(sum(w.shape) for i, w in enumerate(weights) if i not in whole)
        shares = [w.numel() if i in whole else left * sum(w.shape) / sides for i, w in enumerate(weights)]
        full = {i for i, w in enumerate(weights) if i not in whole and shares[i] > w.numel()}
        if not full:
            return [round(share) for share in shares]
        whole |= full


def search_support(metric, cross, row_weights, keep):
    scale = metric.diagonal().sqrt()
    row_scale = row_weights.clamp(min=float(row_weights.mean()) * 1e-6).sqrt().unsqueeze(1)
    target = cross / scale * row_scale
    target = (target / target.square().mean().sqrt()).float()
    eigenvalues, eigenvectors = torch.linalg.eigh(metric / scale / scale.unsqueeze(1))
    eigenvalues, eigenvectors = eigenvalues.float().clamp(min=0), eigenvectors.float()

    def solve(right, rho):
        return ((right @ eigenvectors) / (eigenvalues + rho)) @ eigenvectors.t()

    rho = 0.03
    start = solve(target, 1e-6)
    mask = checked = largest(start.square(), keep)
    sparse, dual = start * mask, torch.zeros_like(target)
    for iteration in range(1, 301):
        dense = solve(target - dual + rho * sparse, rho)
        moved = dense + dual / rho
        mask = largest(moved.square(), keep)
        sparse = moved * mask
        dual += rho * (dense - sparse)
        if iteration % 3 == 0:
            if rho >= 0.7 and torch.equal(mask, checked):
                break
            rho *= 1.05
            checked = mask
    return mask


def refit(metric, cross, mask):
    """The exact least squares of every row on its own support."""
    solution = torch.zeros_like(cross)
    for i, row in enumerate(mask):
        kept = row.nonzero().flatten()
        if len(kept):
            factor = torch.linalg.cholesky(metric[kept][:, kept])
            solution[i, kept] = torch.cholesky_solve(cross[i, kept].unsqueeze(1), factor).squeeze(1)
    return solution


def measure(weights, inputs, labels):
    classes = Classes(labels)
    metric = metrics_of(weights[:1], inputs, labels, classes)[0]
    return classes, metric, output_weights(weights, inputs, labels, classes)


def prune(weights, inputs, labels, measured):
    classes, first_metric, row_weights = measured
    kept = allocate(weights[:-1], round((1 - SPARSITY) * sum(w.numel() for w in weights[:-1])))
    pruned = list(weights)
    for layer, weight in enumerate(weights[:-1]):
        if layer == 0:  # nothing before it changed
            metric, cross = first_metric, weight.double() @ first_metric
        else:
            metric, cross = cross_moments(weights, pruned, layer, inputs, labels, classes)
        metric, ridge = damped(metric)
        cross = cross + ridge * weight.double()
        mask = search_support(metric, cross, row_weights[layer], kept[layer])
        pruned[layer] = refit(metric, cross, mask).float()
    return pruned


def errors(dense, pruned, inputs, labels):
    """Squared error of each layer's outputs before the ReLU, averaged over classes, relative."""
    share = (1 / labels.bincount().double().clamp(min=1))[labels]
    lost, whole = [0.0] * len(dense), [0.0] * len(dense)
    for begin in range(0, len(labels), BATCH):
        batch = slice(begin, begin + BATCH)
        before = layer_inputs(dense[:-1], inputs[batch])
        after = layer_inputs(pruned[:-1], inputs[batch])
        for i, (a, b) in enumerate(zip(before, after)):
            z = a @ dense[i].t()
            whole[i] += float(share[batch] @ z.square().sum(1).double())
            lost[i] += float(share[batch] @ (b @ pruned[i].t() - z).square().sum(1).double())
    return [a / b for a, b in zip(lost, whole)]


def check(folder, weights, inputs, labels):
    ours = read_weights(os.path.join(folder, "pruned.onnx"))
    classes, metric, _ = measure(weights, inputs, labels)
    path = os.path.join(folder, "row_weights.f64")
    row_weights = torch.from_file(path, size=os.path.getsize(path) // 8, dtype=torch.float64)
    row_weights = row_weights.split([len(w) for w in weights[:-1]])
    theirs = prune(weights, inputs, labels, (classes, metric, row_weights))
    our_errors = errors(weights, ours, inputs, labels)
    their_errors = errors(weights, theirs, inputs, labels)
    print("| layer | kept: ncprune | PyTorch | masks share | error: ncprune | PyTorch |")
    print("|---|---|---|---|---|---|")
    for i, (a, b, a_error, b_error) in enumerate(zip(ours, theirs, our_errors, their_errors)):
        a_kept, b_kept = int((a != 0).sum()), int((b != 0).sum())
        if a_kept != b_kept:
            sys.exit(f"layer {i + 1}: {a_kept} weights kept by ncprune, {b_kept} by PyTorch")
        shared = int(((a != 0) & (b != 0)).sum()) / max(a_kept, b_kept)
        print(
            f"| {i + 1} | {a_kept} | {b_kept} | {100 * shared:.1f} % "
            f"| {a_error:.5f} | {b_error:.5f} |"
        )


def main():
    folder, threads, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    weights = read_weights(os.path.join(folder, "dense.onnx"))
    inputs, labels = read_samples(folder)
    if sys.argv[4:] == ["check"]:
        check(folder, weights, inputs, labels)
        return
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        measured = measure(weights, inputs, labels)
        middle = time.perf_counter()
        prune(weights, inputs, labels, measured)
        end = time.perf_counter()
        times.append((middle - start, end - middle, end - start))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(*(f"{statistics.median(t):.3f}" for t in zip(*times)), peak)


if __name__ == "__main__":
    main()
