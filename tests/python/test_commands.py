"""The functions of the package and what they return."""

import dataclasses
import json
import os
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
from support import ROOT, Case, imbalanced, perceptron

import ncprune
from ncprune import options, program

X, Y = imbalanced()
NAMES = ["good", "scratch", "a crack that nobody has ever seen, in a place that nobody looks at"]
QUICK = {"threads": 1, "progress": False}


class Commands(Case):
    @classmethod
    def setUpClass(cls):
        cls.net = perceptron(X, Y)
        cls.result = ncprune.prune(cls.net, X, Y, sparsity=0.9, classes=NAMES, **QUICK)

    @classmethod
    def tearDownClass(cls):
        cls.result.close()

    def test_prune(self):
        self.assertEqual(repr(self.result), "<ncprune.Pruned by surgeon: 90.0 % of the weights "
                                            "removed>")
        self.assertIsNone(self.result.kept)
        self.result.save(self.folder / "pruned.onnx")
        self.assertEqual((self.folder / "pruned.onnx").read_bytes(), self.result.onnx)
        with self.assertRaisesRegex(ncprune.InputError, "No such file or directory"):
            self.result.save("/nowhere/pruned.onnx")
        self.result.report(self.folder / "report.html", progress=False)
        self.assertIn("scratch", (self.folder / "report.html").read_text())
        self.assert_no_file_left()

    def test_recall_is_measured_on_samples_that_pruning_did_not_use(self):
        recall = self.result.recall
        self.assertEqual(recall.classes, NAMES)
        self.assertEqual(int(recall.samples.sum()), 180)  # a fifth
        self.assertTrue(((recall.pruned >= 0) & (recall.pruned <= 1)).all())
        again = ncprune.evaluate({"dense": self.net, "pruned": self.result}, X, Y, classes=NAMES,
                                 **QUICK).recall
        np.testing.assert_array_equal(again.pruned, recall.pruned)
        np.testing.assert_array_equal(again["dense"], recall.dense)

    def test_recall_as_text_page_and_frame(self):
        recall = self.result.recall
        lines = str(recall).splitlines()
        self.assertLessEqual(max(map(len, lines)), 80)
        self.assertIn("balanced accuracy", lines[-1])
        self.assertIn("<td>scratch</td>", self.result._repr_html_())
        pandas = mock.Mock()
        with mock.patch.dict(sys.modules, pandas=pandas):
            recall.to_frame()
        columns = pandas.DataFrame.call_args[0][0]
        self.assertEqual(list(columns), ["class", "samples", "rare", "dense", "pruned"])
        with mock.patch.dict(sys.modules, pandas=None):
            with self.assertRaisesRegex(ImportError, "needs pandas"):
                recall.to_frame()

    def test_a_promise(self):
        kept = ncprune.prune(self.net, X, Y, min_recall={"0": 0.1}, sparsity=0.6, **QUICK)
        self.assertTrue(kept.kept)
        broken = ncprune.prune(self.net, X, Y, max_class_drop=0.001, **QUICK)
        self.assertFalse(broken.kept)

    def test_evaluate(self):
        found = ncprune.evaluate([self.net, self.result], X, Y, x_test=X[:50], y_test=Y[:50],
                                 scores=True, **QUICK)
        self.assertEqual(found.scores["network 1"].shape, (50, 3))
        right = found.scores["network 2"].argmax(1) == Y[:50]
        self.assertAlmostEqual(found.networks["network 2"]["overall_accuracy"], right.mean())
        self.assertIn("network 1", str(found))
        self.assert_no_file_left()

    def test_compare_and_gate(self):
        changes = ncprune.compare(self.net, self.result, X, Y, classes=NAMES, **QUICK)
        self.assertEqual([row["name"] for row in changes.classes], NAMES)
        self.assertLess(changes.balanced_accuracy["change"], 0)
        same = ncprune.gate(self.net, self.net, X, Y, max_class_drop=40, confidence=0.6,
                            classes=NAMES, **QUICK)
        self.assertTrue(same)
        gate = ncprune.gate(self.net, self.result, X, Y, classes=NAMES, max_class_drop=0.1,
                            **QUICK)
        self.assertFalse(gate)
        self.assertIn("FAILED", gate.verdict)
        for table in (changes, gate):
            self.assertLessEqual(max(len(line) for line in str(table).splitlines()), 80)
            self.assertIn("scratch", table._repr_html_())
        self.assert_no_file_left()

    def test_finetune_and_train(self):
        tuned = ncprune.finetune(self.result, X, Y, epochs=2, teacher=self.net, classes=NAMES,
                                 **QUICK)
        self.assertEqual(len(tuned.history), 3)
        net = perceptron(X, Y)
        tuned.apply(net)
        self.assertGreater(int((net[0].weight == 0).sum()), 500)
        network = ncprune.train(X, Y, arch="mlp:16,8", epochs=2, classes=NAMES, **QUICK)
        self.assertIn("of 2", repr(network))
        self.assertEqual(ncprune.evaluate(network, X, Y, **QUICK).recall.classes, NAMES)

    def test_study(self):
        (self.folder / "grid.toml").write_text(
            'data = "synthetic:3,8,60?spread=2"\nimbalance = ["none"]\n'
            'architecture = "mlp:16,8"\nseeds = [0]\nmethods = ["magnitude"]\nsparsities = [0.5]\n[train]\nepochs = 1\n')
        rows = ncprune.study(self.folder / "grid.toml", self.folder / "rows.db", **QUICK)
        self.assertEqual({row["method"] for row in rows}, {"dense", "magnitude"})

    def test_methods(self):
        found = {method.name: method for method in ncprune.methods()}
        self.assertIn("--finish", found["surgeon"].parts)


class Recipes(Case):
    def test_a_recipe_equals_the_program_s(self):
        net = perceptron(X, Y)
        first = ncprune.prune(net, X, Y, sparsity=0.7, method="wanda", repair="least-squares",
                              kappa=2, seed=3, **QUICK)
        self.assertEqual(first.recipe.to_json(), first.details["recipe"])
        self.assertEqual(ncprune.Recipe.from_json(json.dumps(first.recipe.to_json())), first.recipe)
        again = ncprune.prune(net, X, Y, recipe=first.recipe, **QUICK)
        self.assertEqual(again.recipe, first.recipe)
        self.assertEqual(again.onnx, first.onnx)
        other = dataclasses.replace(first.recipe, share=0.5, finish="keep")
        self.assertEqual(ncprune.prune(net, X, Y, recipe=other, **QUICK).recipe, other)
        more = ncprune.prune(net, X, Y, recipe=first.recipe, sparsity=0.8, **QUICK)
        self.assertEqual(more.recipe, dataclasses.replace(first.recipe, share=0.8))

    def test_what_is_no_recipe(self):
        recipe = {"ncprune_recipe": 2, "method": {"name": "x"}, "metric": {}}
        for bad in ({}, recipe, "{", "/nowhere.json", recipe | {"ncprune_recipe": 9}):
            self.assertIn("recipe", self.error(ncprune.InputError,
                                               lambda: ncprune.Recipe.from_json(bad)))


class Program(unittest.TestCase):
    def test_its_version_is_the_package_s(self):
        version = subprocess.run([program.find(), "--version"], capture_output=True, text=True)
        self.assertEqual(version.stdout.strip(), ncprune.__version__)

    def test_the_options_are_those_of_its_help(self):
        known = options.takes_value("prune")
        self.assertTrue(known["sparsity"] and known["storage"] and known["threads"])
        self.assertFalse(known["shrink"] or known["force"])
        for command in ("prune", "evaluate", "compare", "gate", "finetune", "train", "study"):
            self.assertIn("threads", options.names(command))
            self.assertNotIn("output", options.names(command))
            with self.assertRaisesRegex(ncprune.InputError, "near names: threads"):
                options.arguments(command, {"thread": 1})

    def test_values_become_arguments(self):
        self.assertEqual(
            options.arguments("prune", {"sparsity": np.float32(0.5), "shrink": True, "force": False,
                                        "seed": None, "round_to": 8, "structured": None,
                                        "min_recall": {"a": 0.5, "b": 0.75}}),
            ["--sparsity=0.5", "--shrink", "--round-to=8", "--min-recall=a=0.5",
             "--min-recall=b=0.75"])


class Progress(Case):
    def test_bars_and_remarks_go_to_standard_error_as_they_come(self):
        written = []

        def write(text):
            written.append(text)
            if " % " in text:  # a bar; training would go on for hours
                raise KeyboardInterrupt

        with mock.patch("sys.stderr") as stderr, self.assertRaises(KeyboardInterrupt):
            stderr.write = write
            ncprune.train(X, Y, arch="mlp:30", epochs=10**6, threads=1, progress=True)
        self.assertIn("a fifth of every class", written[0])
        self.assertRegex("".join(written), r"\r\x1b\[K.* \[#*\.+\] +\d+ % .*\r\x1b\[K")

    def test_warnings_are_warnings(self):
        with self.assertWarnsRegex(ncprune.ProgramWarning, "rather hot"):
            messages = program._Messages(False, {})
            messages.add(b"ncprune: \x1b[33mwarning\x1b[m: rather ")
            messages.add(b"hot\nncprune: bad /tmp/x")
            messages.finish()
        self.assertEqual(messages.last_error, "bad /tmp/x")


class Package(Case):
    def test_builds_a_wheel_without_a_network(self):
        copy = self.folder / "python"
        subprocess.run(["cp", "-r", ROOT / "python", copy], check=True)
        subprocess.run([sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps",
                        "--no-index", "-q", "-w", self.folder, copy], check=True,
                       env=os.environ | {"TMPDIR": str(self.folder)}, capture_output=True)
        wheel, = self.folder.glob("*.whl")
        self.assertEqual(wheel.name, f"ncprune-{ncprune.__version__}-py3-none-any.whl")
        sys.path.insert(0, str(wheel))
        listed = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel],
                                capture_output=True, text=True).stdout
        self.assertIn("ncprune/py.typed", listed)
        sys.path.remove(str(wheel))


if __name__ == "__main__":
    unittest.main()
