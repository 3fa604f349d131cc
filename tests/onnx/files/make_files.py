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


class Convolutions(nn.Module):
    """What convolutional networks do between their convolutions, on [N, 1, 3, 4]."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Hardswish())
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.dilated = nn.Conv2d(8, 4, 2, padding=(1, 2), dilation=(2, 1))
        self.up = nn.ConvTranspose2d(4, 4, 2, stride=2, output_padding=1)
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1), nn.Hardsigmoid())
        self.fc = nn.Linear(12, 3)

    def forward(self, x):
        x = self.stem(x)
        x = x * self.gate(x)
        n, c, h, w = x.size()  # ShuffleNet's shuffle
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = x.chunk(2, 1)
        x = torch.cat([b, nn.functional.relu6(a)], 1) + nn.functional.silu(self.depthwise(x))
        x = nn.functional.max_pool2d(x, 2, 1, ceil_mode=True)
        x = self.up(self.dilated(x))
        x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
        x = nn.functional.avg_pool2d(nn.functional.pad(x, (1, 0, 0, 1)), 3, 2, padding=1)
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3)), torch.flatten(x[:, :, :1, :1], 1)], 1)
        return self.fc(x)


class Attention(nn.Module):
    """A block of a vision transformer on three tokens of four numbers."""

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(4)
        self.qkv = nn.Linear(4, 12)
        self.out = nn.Linear(4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 4))
        self.mlp = nn.Sequential(nn.LayerNorm(4), nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))
        self.head = nn.Linear(4, 3)
        self.register_buffer("masked", ~torch.ones(4, 4).tril().bool())

    def forward(self, x):
        x = torch.cat([self.token.expand(x.size(0), -1, -1), x], 1)
        n, tokens, width = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, tokens, 3, 2, 2).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1) / 2 ** 0.5).masked_fill(self.masked, float("-inf"))
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, tokens, width))
        return self.head((x + self.mlp(x))[:, 0])


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
for opset in (9, 11, 13, 17):
    save(f"convolutions{opset}", Convolutions(), shape=(1, 3, 4), opset_version=opset, **kept)
    save(f"attention{opset}", Attention(), shape=(3, 4), opset_version=opset)
