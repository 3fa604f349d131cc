"""Writes the networks of this folder with PyTorch's exporter, and PyTorch's own scores for them.

NAME.onnx, NAME.inputs.f32 [5, 12] and NAME.scores.f32 [5, 3], raw little-endian floats.
Run with Debian's python3-torch 1.13 and python3-onnx 1.12: /usr/bin/python3 make_files.py
"""

import pathlib

import torch
from torch import nn

HERE = pathlib.Path(__file__).parent


class ByReshape(nn.Module):
    """Reshapes as older code does, by view()."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        return self.fc(x.view(x.size(0), 12) if self.training else x.view(-1, 12))


def save(name, network, shape=(12,), dynamic=True, **options):
    torch.manual_seed(5)
    network.eval()
    inputs = torch.randn(5, *shape)
    axes = {"input": {0: "batch"}, "scores": {0: "batch"}} if dynamic else None
    torch.onnx.export(
        network, inputs[:1], str(HERE / f"{name}.onnx"), input_names=["input"],
        output_names=["scores"], dynamic_axes=axes, **{"opset_version": 13, **options})
    inputs.numpy().tofile(HERE / f"{name}.inputs.f32")
    network.eval()(inputs).detach().numpy().tofile(HERE / f"{name}.scores.f32")


def mlp(bias=True, batchnorm=False, dropout=False):
    layers = [nn.Flatten(), nn.Linear(12, 6, bias=bias)]
    if batchnorm:
        layers.append(nn.BatchNorm1d(6))
        layers[-1].running_mean.normal_()
        layers[-1].running_var.uniform_(0.5, 2)
    layers.append(nn.ReLU())
    if dropout:
        layers.append(nn.Dropout(0.25))
    layers.append(nn.Linear(6, 3, bias=bias))
    return nn.Sequential(*layers)


def equal_weights():
    network = nn.Sequential(nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh(),
                            nn.Linear(12, 3))
    network[2].load_state_dict(network[0].state_dict())
    return network


torch.manual_seed(3)
kept = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
save("bias", mlp(), shape=(3, 4))
save("no_bias", mlp(bias=False))
save("batchnorm_kept", mlp(batchnorm=True), **kept)
save("batchnorm_folded", mlp(batchnorm=True))
save("dropout_kept", mlp(dropout=True), training=torch.onnx.TrainingMode.TRAINING,
     do_constant_folding=False)
save("equal_weights", equal_weights())
save("opset9", mlp(), opset_version=9)
save("opset17", nn.Sequential(mlp(), nn.LeakyReLU(0.2), nn.Sigmoid()), opset_version=17)
save("fixed_batch", mlp(), dynamic=False)
save("reshape", ByReshape(), shape=(2, 6))
