"""The programs in examples/python run as they are."""

import os
import subprocess
import sys
import unittest

from support import ROOT, Case


class Examples(Case):
    def test_train_prune_train(self):
        program = ROOT / "examples" / "python" / "train_prune_train.py"
        done = subprocess.run([sys.executable, program, "net.onnx"], cwd=self.folder,
                              env=os.environ | {"PYTHONPATH": str(ROOT / "python")},
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("trained on", done.stdout)
        self.assertIn("40368 of 41843 weights are zero", done.stdout)
        self.assertGreater((self.folder / "net.onnx").stat().st_size, 160000)

    def test_every_example_is_run(self):
        programs = [path.name for path in (ROOT / "examples" / "python").glob("*.py")]
        self.assertEqual(programs, ["train_prune_train.py"])


if __name__ == "__main__":
    unittest.main()
