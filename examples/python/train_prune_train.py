"""Trains a network with PyTorch on imbalanced data, prunes it, trains on with masks, exports it.

    python3 train_prune_train.py [pruned.onnx]

Three kinds of strokes in small pictures; the third has a twentieth of the others' samples.
"""

import sys

import numpy as np
import torch
from torch import nn

import ncprune

CLASSES = ["horizontal", "vertical", "diagonal"]


def strokes(counts, seed):
    """Pictures [N, 1, 12, 12] of float32 and their classes [N]."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(counts)), counts)
    x = rng.normal(0, 0.45, (len(y), 1, 12, 12)).astype(np.float32)
    for picture, label in zip(x[:, 0], y):
        at, line = rng.integers(2, 10), np.arange(8) + rng.integers(0, 5)
        picture[at if label == 0 else line, at if label == 1 else line] += 1
    return x, y


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 36, 32), nn.ReLU(), nn.Linear(32, len(CLASSES)))


def train(net, x, y, epochs, rate):
    """Trains with Adam; every class counts alike."""
    weight = torch.tensor(len(y) / (len(CLASSES) * np.bincount(y)), dtype=torch.float32)
    loss = nn.CrossEntropyLoss(weight)
    optimizer = torch.optim.Adam(net.parameters(), rate)
    samples = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    net.train()
    for _ in range(epochs):
        for inputs, labels in torch.utils.data.DataLoader(samples, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            loss(net(inputs), labels).backward()
            optimizer.step()
    net.eval()


def main(path):
    torch.manual_seed(0)
    x, y = strokes([800, 800, 40], seed=0)
    x_test, y_test = strokes([200, 200, 200], seed=1)
    test = {"x_test": x_test, "y_test": y_test, "classes": CLASSES}

    net = network()
    train(net, x, y, epochs=6, rate=1e-3)
    result = ncprune.prune(net, x, y, sparsity=0.97, **test)
    print(result.recall)

    result.apply(net)  # the weights of the pruned network
    result.apply_masks(net)  # whose zeros training leaves as they are
    train(net, x, y, epochs=3, rate=5e-4)
    ncprune.remove_masks(net)
    ncprune.export(net, path, x[:1])

    trained = ncprune.evaluate({"dense": result.dense, "pruned": result, "trained on": path}, x, y,
                               **test)
    print(trained)
    zeros = sum(int((weight == 0).sum()) for weight in net.parameters())
    print(f"{zeros} of {sum(weight.numel() for weight in net.parameters())} weights are zero")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "trained.onnx")
