"""From PyTorch to the program and back: the same scores at every hand-over."""

import unittest

import numpy as np
import torch
from support import CLASSES, FEATURES, Case, imbalanced, perceptron, trained
from torch import nn
from torch.nn.utils import prune as torch_prune

import ncprune
from ncprune.network import module_scores

X, Y = imbalanced()
QUICK = {"threads": 1, "progress": False}


def images(samples=240, pixels=12, channels=1, seed=0):
    """Pictures [N, channels, 12, 12] with a bright row, column or diagonal, and their classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(samples) % CLASSES
    x = rng.normal(0, 0.3, (samples, channels, pixels, pixels)).astype(np.float32)
    for image, label in zip(x, y):
        at = rng.integers(2, pixels - 2)
        line = np.arange(pixels)
        image[:, at if label == 0 else line, at if label == 1 else line] += 1
    return x, y


class Tokens(nn.Module):
    """Four tokens of 5 numbers each."""

    def forward(self, x):
        return x.reshape(-1, 4, 5)


class Transformer(nn.Module):
    """Tokens, attention, LayerNorm, a linear head. The number of heads is
    fixed, or follows from the weights."""

    def __init__(self, fixed=True, heads=2, width=16):
        super().__init__()
        self.sizes = (heads, -1) if fixed else (-1, width // heads)
        self.embed = nn.Sequential(Tokens(), nn.Linear(5, width))
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x):
        x = self.embed(x)
        n, tokens, _ = x.shape
        qkv = self.qkv(self.norm(x)).reshape(n, tokens, 3, *self.sizes).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        weights = (q @ k.transpose(-2, -1) * 8 ** -0.5).softmax(-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(n, tokens, -1))
        x = x + self.down(torch.relu(self.up(x)))
        return self.head(x.mean(1))


class Convolutional(nn.Module):
    """A residual block, a depthwise convolution, BatchNorm, and a layer without bias."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.a = nn.Conv2d(8, 12, 3, padding=1, bias=False)
        self.norm_a = nn.BatchNorm2d(12)
        self.b = nn.Conv2d(12, 8, 3, padding=1)
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.norm_d = nn.BatchNorm2d(8)
        self.last = nn.Conv2d(8, 16, 1, stride=2, bias=False)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        x = x + self.b(torch.relu(self.norm_a(self.a(x))))
        x = torch.relu(self.norm_d(self.depth(x)))
        return self.head(torch.relu(self.last(x)).mean((2, 3)))


def difference(module, result, x):
    """The largest difference between the scores of the module and of the file in ONNX Runtime."""
    y = np.arange(len(x)) % CLASSES
    found = ncprune.evaluate({"file": result.onnx}, x, y, x_test=x, y_test=y, scores=True,
                             runtime="onnxruntime", **QUICK)
    return float(np.abs(found.scores["file"] - module_scores(module, x)).max())


class HandOver(Case):
    def assert_same_scores(self, module, result, x):
        self.assertLess(difference(module, result, x), 1e-4)

    def test_an_export_has_the_module_s_scores(self):
        for module, x in ((perceptron(X, Y), X[:20]), (Transformer().eval(), X[:20]),
                          (Convolutional().eval(), images(20)[0])):
            ncprune.export(module, self.folder / "net.onnx", x[:2])
            found = ncprune.evaluate(self.folder / "net.onnx", x, np.arange(20) % CLASSES,
                                     x_test=x, y_test=np.arange(20) % CLASSES, scores=True,
                                     runtime="onnxruntime", **QUICK)
            np.testing.assert_allclose(found.scores["net"], module_scores(module, x), atol=1e-4)

    def test_weights(self):
        for bias in (True, False):
            net = perceptron(X, Y, bias)
            result = ncprune.prune(net, torch.from_numpy(X), torch.from_numpy(Y), sparsity=0.8,
                                   **QUICK)
            self.assertIs(result.apply(net), net)
            self.assert_same_scores(net, result, X[:50])
            zeros = sum(int((net[k].weight == 0).sum()) for k in (0, 2))
            self.assertAlmostEqual(zeros / (32 * 20 + 16 * 32), 0.8, delta=0.01)

    def test_units(self):
        net = perceptron(X, Y)
        result = ncprune.prune(net, X, Y, structured=0.5, **QUICK)
        parameters = list(net.parameters())
        result.apply(net)
        self.assertEqual([(net[k].in_features, net[k].out_features) for k in (0, 2, 4)],
                         [(20, 16), (16, 8), (8, 3)])
        self.assert_same_scores(net, result, X[:50])
        self.assertTrue(all(a is b for a, b in zip(parameters, net.parameters())))
        result.apply(net)  # once more
        trained(net, X, Y, steps=2)

    def test_convolutions(self):
        x, y = images()
        for options in ({"sparsity": 0.7}, {"structured": 0.5},
                        {"sparsity": 0.7, "head": "realign"},
                        {"sparsity": 0.7, "repair": "bias", "finish": "recalibrate"}):
            with self.subTest(**options):
                net = trained(Convolutional(), x, y, 40)
                result = ncprune.prune(net, x, y, **options, **QUICK)
                self.assertTrue(net.training)
                result.apply(net)
                self.assertTrue(net.training)
                self.assert_same_scores(net, result, x[:30])
                if "structured" in options:
                    self.assertEqual((net.depth.groups, net.depth.in_channels),
                                     (net.depth.weight.shape[0],) * 2)
                    self.assertLess(net.depth.groups, 8)
                    self.assertEqual(net.norm_a.num_features, net.a.out_channels)
                trained(net, x, y, 2)

    def test_a_transformer(self):
        net = trained(Transformer(), X, Y)
        result = ncprune.prune(net, X, Y, sparsity=0.6, **QUICK)
        result.apply(net)
        self.assert_same_scores(net, result, X[:50])

    def test_attention_whose_number_of_heads_follows_from_the_weights_shrinks(self):
        net = trained(Transformer(fixed=False), X, Y)
        result = ncprune.prune(net, X, Y, structured=0.5, **QUICK)
        result.apply(net)
        self.assertEqual((net.qkv.out_features, net.out.in_features, net.up.out_features),
                         (24, 8, 16))
        self.assert_same_scores(net, result, X[:50])

    def test_the_attention_of_pytorch(self):
        net = nn.Sequential(Tokens(), nn.Linear(5, 16),
                            nn.TransformerEncoderLayer(16, 2, 32, dropout=0, batch_first=True),
                            nn.Flatten(), nn.Linear(64, CLASSES))
        trained(net, X, Y)
        result = ncprune.prune(net, X, Y, sparsity=0.6, **QUICK)
        self.assertIn("2.self_attn.in_proj_weight", result.masks())
        result.apply(net)
        self.assert_same_scores(net, result, X[:50])
        small = ncprune.prune(net, X, Y, structured=0.5, **QUICK)
        with self.assertRaisesRegex(ncprune.InputError, r"'2.self_attn' \(MultiheadAttention\)"):
            small.apply(net)
        self.assert_same_scores(net, result, X[:50])

    def test_a_module_whose_sizes_no_longer_fit_stays_as_it_is(self):
        net = trained(Transformer(), X, Y)
        result = ncprune.prune(net, X, Y, structured=0.5, **QUICK)
        before = {name: value.clone() for name, value in net.state_dict().items()}
        with self.assertRaisesRegex(ncprune.InputError, "no longer fit|gives other scores"):
            result.apply(net)
        self.assertEqual(list(before), list(net.state_dict()))
        for name, value in net.state_dict().items():
            self.assertTrue(torch.equal(value, before[name]), name)
        self.assertEqual(net.up.out_features, 32)

    def test_another_module_stays_as_it_is(self):
        result = ncprune.prune(perceptron(X, Y), X, Y, sparsity=0.5, **QUICK)
        other = nn.Sequential(nn.Linear(FEATURES, 5), nn.ReLU(), nn.Linear(5, CLASSES))
        before = other[0].weight.clone()
        with self.assertRaisesRegex(ncprune.InputError, "wanted the module that was"):
            result.apply(other)
        self.assertTrue(torch.equal(other[0].weight, before))
        with self.assertRaisesRegex(ncprune.InputError, "takes a torch.nn.Module"):
            result.apply("net.onnx")

    def test_a_weight_of_two_layers(self):
        net = nn.Sequential(nn.Linear(FEATURES, FEATURES), nn.ReLU(), nn.Linear(FEATURES, FEATURES),
                            nn.ReLU(), nn.Linear(FEATURES, 16), nn.ReLU(), nn.Linear(16, CLASSES))
        net[2].weight = net[0].weight
        trained(net, X, Y)
        result = ncprune.prune(net, X, Y, sparsity=0.5, **QUICK)
        self.assertEqual(set(result.masks()), {"4.weight"})  # the program leaves the others
        result.apply(net)
        self.assert_same_scores(net, result, X[:50])

    def test_softmax_and_one_logit(self):
        net = nn.Sequential(*perceptron(X, Y), nn.Softmax(1))
        ncprune.prune(net, X, Y, sparsity=0.5, **QUICK).apply(net)
        y = (Y == 2).astype(int)
        one = nn.Sequential(nn.Linear(FEATURES, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(),
                            nn.Linear(16, 1))
        optimizer = torch.optim.Adam(one.parameters(), 1e-2)
        for _ in range(60):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(
                one(torch.from_numpy(X))[:, 0], torch.from_numpy(y).float()).backward()
            optimizer.step()
        ncprune.prune(one, X, y, sparsity=0.5, **QUICK).apply(one)
        self.assertGreater(int((one[0].weight == 0).sum()), 100)

    def test_a_double_module(self):
        net = perceptron(X, Y).double()
        result = ncprune.prune(net, X, Y, sparsity=0.5, **QUICK)
        result.apply(net)
        self.assertEqual(net[0].weight.dtype, torch.float64)
        self.assert_same_scores(net, result, X[:20])


class Masks(Case):
    def test_training_with_masks_keeps_zeros(self):
        net = perceptron(X, Y)
        result = ncprune.prune(net, X, Y, sparsity=0.8, **QUICK)
        masks = result.masks()
        self.assertEqual({name: mask.shape for name, mask in masks.items()},
                         {"0.weight": (32, 20), "2.weight": (16, 32)})
        result.apply(net)
        result.apply_masks(net)
        trained(net, X, Y, 5)
        ncprune.remove_masks(net)
        self.assertEqual(set(net.state_dict()), set(perceptron(X, Y).state_dict()))
        for name, mask in masks.items():
            weight = net.get_parameter(name).detach().numpy()
            np.testing.assert_array_equal(weight[~mask], 0)
            self.assertTrue((weight[mask] != 0).all())

    def test_masks_of_pytorch_are_exported_and_become_those_of_the_result(self):
        net = perceptron(X, Y)
        torch_prune.l1_unstructured(net[0], "weight", amount=0.5)
        ncprune.export(net, self.folder / "masked.onnx", X[:2])
        found = ncprune.evaluate(self.folder / "masked.onnx", X, Y, x_test=X, y_test=Y, scores=True,
                                 **QUICK)
        np.testing.assert_allclose(found.scores["masked"], module_scores(net, X), atol=1e-4)
        result = ncprune.prune(net, X, Y, sparsity=0.8, **QUICK)
        result.apply(net)
        self.assertLess(difference(net, result, X[:50]), 1e-4)
        np.testing.assert_array_equal(net[0].weight_mask.numpy() != 0, result.masks()["0.weight"])
        trained(net, X, Y, 3)
        self.assertTrue((net[0].weight[net[0].weight_mask == 0] == 0).all())
        result.apply_masks(net)
        self.assertTrue(hasattr(net[2], "weight_mask"))

    def test_masks_of_another_shape(self):
        result = ncprune.prune(perceptron(X, Y), X, Y, sparsity=0.8, **QUICK)
        with self.assertRaisesRegex(ncprune.InputError, r"'0.weight' has the shape \[16, 20\]"):
            net = perceptron(X, Y)
            ncprune.prune(net, X, Y, structured=0.5, **QUICK).apply(net)
            result.apply_masks(net)


if __name__ == "__main__":
    unittest.main()
