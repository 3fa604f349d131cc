"""Writes torchvision's networks, with weights at random, as their exporter has them:
export_models.py FOLDER NAME@PIXELS... makes NAME.onnx, NAME.inputs.f32 (two images) and
NAME.wanted.f32, the class scores PyTorch gives them."""

import pathlib
import sys
import warnings

import torch
import torchvision

CLASSES = 10


def network(name):
    torch.manual_seed(0)
    options = {"weights": None, "num_classes": CLASSES}
    if name in ("googlenet", "inception_v3"):
        options |= {"aux_logits": False, "init_weights": False}
    model = getattr(torchvision.models, name)(**options)
    for module in model.modules():  # statistics that are not those of an identity
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.8, 1.2)
        if isinstance(module, torch.nn.Linear) and not module.weight.any():
            torch.nn.init.normal_(module.weight, 0, 0.02)  # a head that starts at zero
    return model.eval()


def main():
    folder = pathlib.Path(sys.argv[1])
    warnings.filterwarnings("ignore")
    for argument in sys.argv[2:]:
        name, pixels = argument.split("@")
        model = network(name)
        inputs = torch.randn(2, 3, int(pixels), int(pixels))
        with torch.no_grad():
            model(inputs).numpy().tofile(folder / f"{name}.wanted.f32")
        inputs.numpy().tofile(folder / f"{name}.inputs.f32")
        torch.onnx.export(model, inputs[:1], str(folder / f"{name}.onnx"), input_names=["input"],
                          output_names=["logits"], dynamic_axes={"input": {0: "N"}},
                          opset_version=16)


main()
