"""A ResNet-18 of torchvision through pruning, training with zeros kept, export and ONNX Runtime."""

import unittest

import numpy as np
import torch
import torchvision
from support import Case

import ncprune
from ncprune.network import module_scores

SAMPLES = 300
PIXELS = 32
CLASSES = 3
QUICK = {"progress": False, "force": True}  # its weights are random


def pictures():
    rng = np.random.default_rng(0)
    y = np.arange(SAMPLES) % CLASSES
    x = rng.normal(size=(SAMPLES, 3, PIXELS, PIXELS)).astype(np.float32)
    x += 0.5 * np.eye(CLASSES, 3, dtype=np.float32)[y][:, :, None, None]
    return x, y


def network():
    torch.manual_seed(0)
    net = torchvision.models.resnet18(weights=None, num_classes=CLASSES)
    for module in net.modules():  # statistics that are not those of an identity
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    return net.eval()


def epoch(net, x, y):
    net.train()
    optimizer = torch.optim.SGD(net.parameters(), 1e-3, momentum=0.9)
    for begin in range(0, SAMPLES, 50):
        optimizer.zero_grad()
        scores = net(torch.from_numpy(x[begin:begin + 50]))
        torch.nn.functional.cross_entropy(scores, torch.from_numpy(y[begin:begin + 50])).backward()
        optimizer.step()
    net.eval()


class ResNet18(Case):
    def in_onnx_runtime(self, model, x):
        y = np.arange(len(x)) % CLASSES
        found = ncprune.evaluate({"net": model}, x, y, x_test=x, y_test=y, scores=True,
                                 runtime="onnxruntime", progress=False)
        return found.scores["net"]

    def assert_same_scores(self, net, model, x):
        wanted = module_scores(net, x)
        difference = np.abs(self.in_onnx_runtime(model, x) - wanted).max()
        self.assertLess(difference, 1e-4 * max(1, np.abs(wanted).max()))

    def hand_over(self, **options):
        x, y = pictures()
        net = network()
        result = ncprune.prune(net, x, y, **options, **QUICK)
        result.apply(net)
        self.assert_same_scores(net, result.onnx, x[:20])
        if "sparsity" in options:
            result.apply_masks(net)
        epoch(net, x, y)
        for name, mask in result.masks().items() if "sparsity" in options else ():
            ncprune.remove_masks(net)
            self.assertTrue((net.get_parameter(name).detach().numpy()[~mask] == 0).all(), name)
        ncprune.export(net, self.folder / "trained.onnx", x[:2])
        self.assert_same_scores(net, self.folder / "trained.onnx", x[:20])
        return net, result

    def test_weights(self):
        net, result = self.hand_over(sparsity=0.9, method="wanda", finish="match")
        self.assertEqual(len(result.masks()), 20)
        zeros = sum(int((p == 0).sum()) for p in net.parameters() if p.ndim > 1)
        self.assertGreater(zeros, 0.85 * sum(p.numel() for p in net.parameters()))

    def test_units(self):
        net, _ = self.hand_over(structured=0.5, method="magnitude", finish="match")
        before = sum(p.numel() for p in network().parameters())
        self.assertLess(sum(p.numel() for p in net.parameters()), 0.4 * before)


if __name__ == "__main__":
    unittest.main()
