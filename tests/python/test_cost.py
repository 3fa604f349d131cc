"""What a call from Python costs beside the program."""

import resource
import statistics
import subprocess
import unittest

import numpy as np
from support import Case

import ncprune
from ncprune import program

SAMPLES, FEATURES, CLASSES = 12000, 200, 5


def seconds():
    """CPU time of this process and of all that ended below it."""
    return sum(usage.ru_utime + usage.ru_stime
               for usage in map(resource.getrusage,
                                (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


class Cost(Case):
    def test_pruning_costs_at_most_1_3_times_the_program_s_time(self):
        rng = np.random.default_rng(0)
        y = np.arange(SAMPLES) % CLASSES
        x = (rng.normal(size=(SAMPLES, FEATURES)) + 2 * np.eye(FEATURES)[y]).astype(np.float32)
        np.savez(self.folder / "data.npz", x=x, y=y)
        ncprune.train(x, y, arch="mlp:300,100", epochs=1, threads=1,
                      progress=False).save(self.folder / "net.onnx")
        ratios = []
        for _ in range(3):
            start = seconds()
            subprocess.run([program.find(), "prune", "net.onnx", "--data", "npz:data.npz",
                            "--threads", "1", "--quiet", "-o", "pruned.onnx"], cwd=self.folder,
                           check=True, stdout=subprocess.DEVNULL)
            between = seconds()
            result = ncprune.prune(self.folder / "net.onnx", x, y, threads=1, progress=False)
            ratios.append((seconds() - between) / (between - start))
        self.assertEqual(result.onnx, (self.folder / "pruned.onnx").read_bytes())
        self.assertLess(statistics.median(ratios), 1.3)


if __name__ == "__main__":
    unittest.main()
