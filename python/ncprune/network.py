"""A network from what the caller has: a module of PyTorch, an ONNX file, its bytes, or a result."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import io
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ncprune.errors import InputError
from ncprune.torch_types import is_module

if TYPE_CHECKING:
    import torch

INPUT = "input"
SCORES = "scores"
_OPSET = 17  # the first that has LayerNormalization


@dataclass
class Network:
    """A network as the program reads it.

    Attributes
    ----------
    name : str
        What to call it in messages.
    onnx : bytes or None
        The file's bytes; None if the file is read where it lies.
    path : str
        The file, if it lies somewhere.
    classes : int or None
        Its number of scores, if a module told it.
    """

    name: str
    onnx: bytes | None = None
    path: str = ""
    classes: int | None = None

    def write(self, folder: str, stem: str) -> str:
        """The path of the file, which is written to ``folder`` if it does not lie somewhere."""
        if self.onnx is None:
            return self.path
        path = os.path.join(folder, f"{stem}.onnx")
        with open(path, "wb") as file:
            file.write(self.onnx)
        return path


def as_network(model: Any, samples: NDArray[Any] | None, name: str = "model") -> Network:
    """The network of ``model``.

    Parameters
    ----------
    model
        A ``torch.nn.Module``, the path or the bytes of an ONNX file, an ``onnx.ModelProto``, or
        what a function of this package returned.
    samples
        Inputs [at most 32, ...], with which a module is exported.
    name
        What to call it in messages.

    Raises
    ------
    InputError
        If it is none of these, cannot be read, or PyTorch cannot export it.
    """
    if isinstance(model, Network):
        return dataclasses.replace(model, name=name)
    if is_module(model):
        if samples is None:
            raise InputError(f"{name} is a module of PyTorch, whose export needs an input; wanted "
                             "x, or example=, an array of samples [N, ...]")
        onnx, classes = export(model, samples, name)
        return Network(name, onnx, classes=classes)
    if hasattr(model, "onnx") and isinstance(model.onnx, bytes):
        return Network(name, model.onnx)
    if isinstance(model, (bytes, bytearray)):
        return Network(name, bytes(model))
    if isinstance(model, (str, os.PathLike)):
        path = os.path.abspath(os.fspath(model))
        if not os.path.isfile(path):
            raise InputError(f"{os.fspath(model)}: there is no such file; wanted an ONNX file")
        return Network(os.fspath(model), path=path)
    if hasattr(model, "SerializeToString"):
        return Network(name, model.SerializeToString())
    raise InputError(f"{name} is of type {type(model).__name__}; wanted a torch.nn.Module, or the "
                     "path or bytes of an ONNX file")


def read_bytes(network: Network) -> bytes:
    """The bytes of the network's file."""
    return Path(network.path).read_bytes() if network.onnx is None else network.onnx


def export(module: torch.nn.Module, samples: NDArray[Any],
           name: str = "model") -> tuple[bytes, int]:
    """The bytes of the ONNX file of ``module`` in evaluation mode, and its number of scores.

    Weights keep the names of the parameters, and nothing is folded or fused, so that every weight
    of the file can be brought back. The module stays as it is, on its device.

    Raises
    ------
    InputError
        If the module does not give scores [N, K], or PyTorch cannot export it.
    """
    import torch

    module = unwrapped(module)
    with in_evaluation(module):
        inputs = as_input(module, samples[:2] if len(samples) > 1 else samples[[0, 0]])
        kind = type(module).__name__
        try:
            with torch.no_grad():
                scores = module(inputs)
        except Exception as error:  # whatever the module's own code raises
            raise InputError(f"{name} ({kind}) fails on an input of shape "
                             f"{list(inputs.shape)}: {first_line(error)}") from error
        if not isinstance(scores, torch.Tensor):
            raise InputError(f"{name} ({kind}) gives a {type(scores).__name__}; wanted one tensor "
                             "of scores, [N, K]")
        if scores.ndim < 1 or scores.shape[0] != inputs.shape[0] or scores.ndim > 2 and \
                any(size != 1 for size in scores.shape[2:]):
            raise InputError(f"{name} ({kind}) gives scores of shape {list(scores.shape)} for an "
                             f"input of shape {list(inputs.shape)}; wanted [N, K]")
        onnx = _exported(module, inputs, f"{name} ({kind})")
    return onnx, int(scores.shape[1]) if scores.ndim > 1 else 1


def _exported(module: torch.nn.Module, inputs: torch.Tensor, name: str) -> bytes:
    import torch

    keywords: dict[str, Any] = {
        "export_params": True,
        # EVAL would fuse BatchNormalization into convolutions.
        "training": torch.onnx.TrainingMode.PRESERVE,
        "do_constant_folding": False,
        "opset_version": _OPSET,
        "input_names": [INPUT],
        "output_names": [SCORES],
        "dynamic_axes": {INPUT: {0: "N"}, SCORES: {0: "N"}}}
    if "dynamo" in inspect.signature(torch.onnx.export).parameters:
        keywords["dynamo"] = False
    # Attention whose result needs no gradient would run in a fused operator without an ONNX form.
    inputs = inputs.detach().requires_grad_(inputs.is_floating_point())
    file = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.enable_grad(), \
                contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            torch.onnx.export(module, (inputs,), file, **keywords)
    except Exception as error:  # the exporter raises errors of many types
        raise InputError(f"{name}: PyTorch cannot export it as ONNX: {first_line(error)}") \
            from error
    return file.getvalue()


def first_line(error: Exception) -> str:
    """The first line of an error's text, or its type."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def unwrapped(module: torch.nn.Module) -> torch.nn.Module:
    """The module inside DataParallel or DistributedDataParallel."""
    import torch

    while isinstance(module, (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)):
        module = module.module
    return module


@contextlib.contextmanager
def in_evaluation(module: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode; afterwards every part is in the mode in which it was."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def as_input(module: torch.nn.Module, samples: NDArray[Any]) -> torch.Tensor:
    """Samples on the device of the module and, if they are floats, in its floating type."""
    import torch

    inputs = torch.from_numpy(np.ascontiguousarray(samples))
    for parameter in module.parameters():
        if parameter.is_floating_point():
            return inputs.to(parameter.device,
                             parameter.dtype if inputs.is_floating_point() else None)
    return inputs


def module_scores(module: torch.nn.Module, samples: NDArray[Any]) -> NDArray[np.float32]:
    """What the module gives in evaluation mode, float [N, K]."""
    import torch

    with in_evaluation(module), torch.no_grad():
        scores = module(as_input(module, samples))
    return np.asarray(scores.float().cpu().reshape(len(samples), -1))
