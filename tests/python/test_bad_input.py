"""The caller's mistakes: one clear exception, no process and no file left."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
import unittest
from unittest import mock

import numpy as np
import torch
from support import CLASSES, FEATURES, ROOT, Case, imbalanced, perceptron
from torch import nn

import ncprune

X, Y = imbalanced()


class BadData(Case):
    @classmethod
    def setUpClass(cls):
        cls.net = perceptron(X, Y)

    def refused(self, x, y=None, **options):
        return self.error(ncprune.InputError, lambda: ncprune.prune(self.net, x, y, **options))

    def test_labels_out_of_range(self):
        y = Y.copy()
        y[7] = CLASSES
        self.assertEqual(self.refused(X, y), "y: sample 7 has label 3; wanted 0 to 2, because the "
                                             "network has 3 scores")
        y[7] = -1
        self.assertEqual(self.refused(X, y), "y: sample 7 has label -1; wanted 0 or more")

    def test_labels_that_are_no_whole_numbers(self):
        y = Y.astype(float)
        y[5] = 0.5
        self.assertEqual(self.refused(X, y), "y: sample 5 has label 0.5; wanted a whole number")
        y[5] = np.nan
        self.assertIn("sample 5 has label nan", self.refused(X, y))
        self.assertIn("y holds elements of type <U1", self.refused(X, np.array(["a"] * len(X))))

    def test_numbers_that_are_not_finite(self):
        for bad in (np.nan, np.inf, 1e300):
            x = X.astype(np.float64)
            x[11, 3] = bad
            self.assertEqual(self.refused(x, Y),
                             "x: sample 11 holds a value that is not a finite number")
        batches = [(torch.from_numpy(X[:500]), torch.from_numpy(Y[:500])),
                   (torch.full((2, FEATURES), np.nan), torch.tensor([0, 1]))]
        self.assertEqual(self.refused(batches),
                         "x: sample 500 holds a value that is not a finite number")

    def test_not_finite_in_the_test_samples(self):
        x = X.copy()
        x[2] = np.inf
        self.assertIn("x_test: sample 2 holds", self.refused(X, Y, x_test=x, y_test=Y))

    def test_a_file_that_is_not_finite(self):
        x = X.copy()
        x[4] = np.nan
        np.save(self.folder / "x.npy", x)
        held = np.load(self.folder / "x.npy", mmap_mode="r")
        self.assertEqual(self.refused(held, Y),
                         "x: sample 4 holds a value that is not a finite number")

    def test_other_lengths_and_shapes(self):
        self.assertEqual(self.refused(X, Y[:-1]),
                         "x has 900 samples, y has 899; wanted as many")
        self.assertIn("x has the shape [900]; wanted", self.refused(X[:, 0], Y))
        self.assertIn("y has the shape [0]", self.refused(X, Y[:0]))
        self.assertIn("y is missing", self.refused(X))
        self.assertIn("x is missing", self.refused(None))
        self.assertIn("wanted an array or a tensor", self.refused("x.npy", Y))
        self.assertIn("fails on an input of shape [2, 19]", self.refused(X[:, :-1], Y))
        self.assertIn("the loader gave no batch", self.refused([]))

    def test_names_of_classes(self):
        self.assertEqual(self.refused(X, Y, classes=["a", "b"]),
                         "classes: 2 names; the labels need 3")
        self.assertIn("occurs twice", self.refused(X, Y, classes=["a", "b", "a"]))
        self.assertIn("is not a name", self.refused(X, Y, classes=["a", "b", "c\nd"]))

    def test_options(self):
        self.assertEqual(self.refused(X, Y, sparsty=0.5),
                         "prune has no option 'sparsty'; near names: sparsity")
        self.assertIn("prune has no option 'output'", self.refused(X, Y, output="file.onnx"))
        self.assertIn("1.5", self.refused(X, Y, sparsity=1.5))
        self.assertIn("unknown method 'magic'", self.refused(X, Y, method="magic"))
        self.assertIn("wanted True or False", self.refused(X, Y, shrink=3))
        self.assertIn("wanted a value", self.refused(X, Y, sparsity=True))
        self.assertIn("recipe", self.refused(X, Y, recipe={"share": 0.5}))


class BadNetworks(Case):
    def refused(self, model, **options):
        return self.error(ncprune.InputError, lambda: ncprune.prune(model, X, Y, **options))

    def test_a_module_that_cannot_be_exported(self):
        class Unknown(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(FEATURES, CLASSES)

            def forward(self, x):
                return torch.fft.rfft(self.layer(x)).real.new_zeros(len(x), CLASSES) + \
                    torch.fft.irfft(torch.fft.rfft(self.layer(x)), CLASSES)

        model = Unknown()
        self.assertIn("model (Unknown): PyTorch cannot export it as ONNX", self.refused(model))
        self.assertTrue(model.training)

    def test_a_module_that_fails_or_gives_no_scores(self):
        self.assertIn("fails on an input of shape [2, 20]", self.refused(nn.Linear(3, 3)))
        self.assertIn("gives scores of shape [2, 4, 5]", self.refused(nn.Unflatten(1, (4, 5))))
        self.assertIn("gives a tuple", self.refused(nn.LSTM(FEATURES, 3)))

    def test_files_and_other_things(self):
        self.assertIn("there is no such file", self.refused("missing.onnx"))
        self.assertEqual(self.refused(b"no model"), "model: not an ONNX model, or truncated")
        self.assertIn("model is of type int", self.refused(3))
        self.assertIn("needs an input", self.error(
            ncprune.InputError,
            lambda: ncprune.prune(nn.Linear(784, 10), data="fashion-mnist")))


class BadProgram(Case):
    def script(self, text):
        path = self.folder / "ncprune"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return mock.patch.dict(os.environ, NCPRUNE_PROGRAM=str(path))

    def refused(self):
        return self.error(ncprune.ProgramError, ncprune.methods)

    def test_a_missing_program(self):
        with mock.patch.dict(os.environ, NCPRUNE_PROGRAM="/nowhere/ncprune"):
            self.assertIn("NCPRUNE_PROGRAM is '/nowhere/ncprune'", self.refused())
        with mock.patch.dict(os.environ, PATH="/nowhere"):
            del os.environ["NCPRUNE_PROGRAM"]
            self.assertIn("the program ncprune is not in PATH", self.refused())

    def test_another_version(self):
        with self.script("echo 7.1.3"):
            self.assertIn("is version '7.1.3' of ncprune; the Python package needs",
                          self.refused())

    def test_a_program_that_fails(self):
        version = ncprune.__version__
        asked = f'[ "$1" = --version ] && echo {version} && exit; [ "$2" = --help ] && echo "' \
                '  --json FILE" && exit; [ "$1" = --help ] && exit;'
        with self.script(f"{asked} echo 'ncprune: internal error: x' >&2; exit 3"):
            self.assertEqual(self.refused(), "internal error: x")
        with self.script(f"{asked} kill -9 $$"):
            self.assertEqual(self.refused(), "the program was ended by signal 9 (SIGKILL)")
        with self.script("exit 4"):
            self.assertIn("ended with exit code 4", self.refused())


class Interrupts(Case):
    def test_ends_the_program_and_leaves_no_file(self):
        for shown in (False, True):
            with self.subTest(progress=shown):
                timer = threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT))
                timer.start()
                start = time.monotonic()
                with self.assertRaises(KeyboardInterrupt), mock.patch("sys.stderr"):
                    ncprune.train(np.tile(X, (40, 1)), np.tile(Y, 40), arch="mlp:500,500",
                                  epochs=100000, threads=1, progress=shown)
                self.assertLess(time.monotonic() - start, 20)
                self.assert_no_file_left()
                children = subprocess.run(["pgrep", "-P", str(os.getpid())], capture_output=True,
                                          text=True).stdout.split()
                self.assertEqual([c for c in children if "ncprune" in command_of(c)], [])


def command_of(process):
    try:
        with open(f"/proc/{process}/comm") as file:
            return file.read()
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
