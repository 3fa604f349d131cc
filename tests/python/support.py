"""Small data, small networks, and the program that ctest names."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
os.environ.setdefault("NCPRUNE_PROGRAM", str(ROOT / "build" / "ncprune"))
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np  # noqa: E402

FEATURES = 20
CLASSES = 3


def imbalanced(samples: int = 900, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """x [N, 20] of float32 and y [N]: three classes in the ratio 6 : 6 : 1."""
    rng = np.random.default_rng(seed)
    y = rng.choice(CLASSES, samples, p=[6 / 13, 6 / 13, 1 / 13])
    y[:CLASSES] = np.arange(CLASSES)
    x = rng.normal(size=(samples, FEATURES)).astype(np.float32)
    x[:, :CLASSES] += 3 * np.eye(CLASSES, dtype=np.float32)[y]
    return x, y


def trained(module, x, y, steps: int = 60):
    """The module, trained on all samples at once."""
    import torch

    torch.manual_seed(0)
    optimizer = torch.optim.Adam(module.parameters(), 1e-2)
    inputs, labels = torch.as_tensor(x), torch.as_tensor(y)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(module(inputs), labels).backward()
        optimizer.step()
    return module


def perceptron(x, y, bias: bool = True):
    """A trained perceptron 20-32-16-3."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    return trained(nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 16, bias=bias),
                                 nn.ReLU(), nn.Linear(16, CLASSES)), x, y)


class Case(unittest.TestCase):
    """A test whose temporary files lie in a folder of its own, which must be empty at the end."""

    def setUp(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.temporary = Path(self._folder.name) / "temporary"
        self.temporary.mkdir()
        self._usual = tempfile.tempdir
        tempfile.tempdir = str(self.temporary)
        self.folder = Path(self._folder.name)

    def tearDown(self) -> None:
        tempfile.tempdir = self._usual
        self._folder.cleanup()

    def assert_no_file_left(self) -> None:
        self.assertEqual(list(self.temporary.iterdir()), [])

    def error(self, kind, action) -> str:
        """The message of the exception, of one line, after which no file is left."""
        with self.assertRaises(kind) as caught:
            action()
        message = str(caught.exception)
        self.assertNotIn("\n", message)
        self.assertNotIn(str(self.temporary), message)
        self.assert_no_file_left()
        return message
