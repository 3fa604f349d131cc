#!/usr/bin/env python3
"""Writes two small networks for pictures as PyTorch and Keras's converter export them, to
tests/golden/picture_scores_*.onnx, and the scores that the whole pipeline of Pillow, torchvision and
PyTorch gives to pictures of tests/data/images, to tests/golden/picture_scores.json. Needs Debian's
python3-torchvision and python3-onnx: /usr/bin/python3 reference/picture_scores.py
"""
import json
import pathlib
import warnings

import onnx
import torch
from onnx import TensorProto, helper
from PIL import Image, ImageOps
from torch import nn
from torchvision import transforms
from torchvision.transforms import InterpolationMode

TESTS = pathlib.Path(__file__).resolve().parent.parent / "tests"
FILES = ("colour.png", "exif6.jpg", "lossy.webp")
SIDE = 12


class Block(nn.Module):
    """ResNet's operators in one block."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
                                  nn.MaxPool2d(3, 2, 1))
        self.body = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(),
                                  nn.Conv2d(6, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6))
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        x = self.stem(x)
        return self.head(torch.relu(self.body(x) + x).mean((2, 3)))


def network():
    torch.manual_seed(0)
    model = Block()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    return model.eval()


def channels_last(file):
    """The network with a Transpose in front, as Keras's converter writes it."""
    model = onnx.load(file)
    for node in model.graph.node:
        for i, value in enumerate(node.input):
            if value == "x":
                node.input[i] = "x_nchw"
    model.graph.node.insert(0, helper.make_node("Transpose", ["x"], ["x_nchw"], perm=[0, 3, 1, 2]))
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", SIDE, SIDE, 3]))
    return model


def main():
    warnings.filterwarnings("ignore")
    model = network()
    plain = TESTS / "golden" / "picture_scores_nchw.onnx"
    torch.onnx.export(model, torch.zeros(1, 3, SIDE, SIDE), str(plain), input_names=["x"],
                      output_names=["scores"], dynamic_axes={"x": {0: "N"}}, opset_version=16)
    onnx.save(channels_last(plain), TESTS / "golden" / "picture_scores_nhwc.onnx")
    pipelines = {
        ("nchw", f"resize=16&crop={SIDE}&mean=imagenet"): [
            transforms.Resize(16), transforms.CenterCrop(SIDE), transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))],
        ("nhwc", f"resize=14&crop={SIDE}&interpolation=bicubic&range=255&mean=127.5&std=127.5&layout=nhwc"): [
            transforms.Resize(14, InterpolationMode.BICUBIC), transforms.CenterCrop(SIDE),
            transforms.PILToTensor(), lambda pixels: pixels.float() / 127.5 - 1]}
    wanted = []
    for (layout, options), steps in pipelines.items():
        pictures = [ImageOps.exif_transpose(Image.open(TESTS / "data" / "images" / file)).convert("RGB")
                    for file in FILES]
        with torch.no_grad():
            scores = model(torch.stack([transforms.Compose(steps)(picture) for picture in pictures]))
        wanted.append({"network": layout, "options": options, "files": FILES,
                       "scores": [[round(score, 6) for score in row] for row in scores.tolist()]})
    (TESTS / "golden" / "picture_scores.json").write_text(
        json.dumps(wanted, separators=(",", ":")).replace("},{", "},\n{") + "\n")


main()
