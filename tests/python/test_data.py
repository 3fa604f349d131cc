"""Arrays, tensors and loaders become the same files, without a copy where one is not needed."""

import gc
import os
import resource
import unittest
from pathlib import Path

import numpy as np
import torch
from support import Case, imbalanced

import ncprune
from ncprune.data import array_data, as_network_inputs

X, Y = imbalanced(130)


def files(data):
    folder = Path(data.spec.removeprefix("npz:"))
    return {path.stem: np.load(path) for path in folder.glob("*.npy")}


class Files(Case):
    def assert_holds(self, data, x, y):
        found = files(data)
        np.testing.assert_array_equal(found["x"], x)
        np.testing.assert_array_equal(found["y"], y)
        data.close()
        self.assert_no_file_left()

    def test_arrays_tensors_and_loaders_are_the_same(self):
        loader = torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y)), batch_size=32)
        for x, y in ((X, Y), (X.astype(np.float64), Y.astype(np.int32)), (X.tolist(), Y.tolist()),
                     (torch.from_numpy(X), torch.from_numpy(Y)), (np.asfortranarray(X), Y[:, None]),
                     (torch.from_numpy(X).requires_grad_(), Y.astype(float)), (X[::1], Y),
                     (torch.from_numpy(X).T.contiguous().T, Y), (loader, None),
                     (np.repeat(X, 2, axis=1)[:, ::2], Y)):
            data = array_data(x, y)
            np.testing.assert_array_equal(data.samples, X[:32])
            self.assert_holds(data, X, Y)

    def test_halves_and_whole_numbers(self):
        half = X.astype(np.float16)
        self.assert_holds(array_data(half, Y), half.astype(np.float32), Y)
        short = torch.from_numpy(X).bfloat16()
        self.assert_holds(array_data(short, Y), short.float().numpy(), Y)
        tokens = np.arange(260).reshape(130, 2)
        data = array_data(tokens, Y)
        self.assertEqual(data.samples.dtype, np.int64)
        self.assert_holds(data, tokens, Y)

    def test_labels_as_a_matrix(self):
        several = (np.arange(260).reshape(130, 2) % 3 == 0).astype(bool)
        self.assert_holds(array_data(X, several), X, several)
        self.assertIn("y: sample 0 has label 2; wanted 0 or 1", self.error(
            ncprune.InputError, lambda: array_data(X, np.full((130, 2), 2))))

    def test_many_parts(self):
        x = np.random.default_rng(0).normal(size=(5000, 1000))  # more than is converted at once
        y = np.arange(5000) % 2
        self.assert_holds(array_data(x, y), x.astype(np.float32), y)

    def test_a_whole_file_is_not_copied(self):
        np.save(self.folder / "x.npy", X)
        held = np.load(self.folder / "x.npy", mmap_mode="r")
        data = array_data(held, Y)
        self.assertTrue(os.path.islink(Path(data.spec.removeprefix("npz:")) / "x.npy"))
        self.assert_holds(data, X, Y)
        self.assertTrue((self.folder / "x.npy").exists())
        for part, y in ((held[:100], Y[:100]), (held + 1, Y), (held[::-1], Y)):
            data = array_data(part, y)
            self.assertFalse(os.path.islink(Path(data.spec.removeprefix("npz:")) / "x.npy"))
            self.assert_holds(data, np.array(part), y)

    def test_they_go_when_nothing_refers_to_them(self):
        data = array_data(X, Y)
        self.assertEqual(len(list(self.temporary.iterdir())), 1)
        del data
        gc.collect()
        self.assert_no_file_left()

    def test_writing_takes_no_copy_in_memory(self):
        x = np.ones((6000, 4000))  # 192 MB
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        array_data(x, np.arange(6000) % 2).close()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        self.assertLess(1024 * grown, 0.4 * x.nbytes)

    def test_pictures_of_bytes(self):
        grey = np.full((2, 4, 5), 255, np.uint8)
        self.assertEqual(as_network_inputs(grey).shape, (2, 1, 4, 5))
        self.assertEqual(as_network_inputs(grey).max(), 1)
        self.assertEqual(as_network_inputs(np.zeros((2, 4, 5, 3), np.uint8)).shape, (2, 3, 4, 5))
        self.assertEqual(as_network_inputs(np.zeros((2, 3, 4, 5), np.uint8)).shape, (2, 3, 4, 5))
        self.assertEqual(as_network_inputs(np.zeros((2, 5), np.uint8)).dtype, np.uint8)


if __name__ == "__main__":
    unittest.main()
