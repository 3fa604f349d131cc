"""prune(), finetune(), train() and export(): the functions that make networks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ncprune.arguments import closed_on_error, data_of, first_samples, network_of
from ncprune.call import Call
from ncprune.data import Data
from ncprune.network import Network, as_network, read_bytes
from ncprune.recipe import Recipe
from ncprune.results import Pruned, Trained, WrittenNetwork


def prune(model: Any, x: Any = None, y: Any = None, *, recipe: Recipe | Mapping[str, Any] | None
          = None, progress: bool | None = None, **options: Any) -> Pruned:
    """Prunes a network with labelled data, without losing the rare classes.

    Parameters
    ----------
    model
        A ``torch.nn.Module`` that gives class scores [N, K], the path or bytes of an ONNX file, or
        what a function of this package returned. It stays as it is.
    x
        The training inputs as the network takes them, [N, ...]: an array or tensor, or a
        ``DataLoader``, which is read once and should not augment or drop samples. Bytes [N, height,
        width], [N, channels, height, width] or [N, height, width, channels] are pictures and become
        [0, 1].
    y
        The labels: whole numbers [N] from 0 to K - 1, or zeros and ones [N, L] if several labels
        may belong to a sample. None for a ``DataLoader``.
    x_test, y_test
        Samples that only measure. Without them, a fifth of every class is set aside.
    classes : sequence of str
        The names of the K classes.
    data : str
        Data that the program reads itself, instead of ``x``: ``ncprune datasets`` lists them.
    example
        Inputs [N, ...] with which a module is exported, if ``data`` is given.
    recipe
        A recipe to start from; other options change it.
    progress
        Whether to show progress on ``sys.stderr``; by default on a terminal and in a notebook.
    options
        Those of ``ncprune prune``, with _ for -: ``sparsity=0.9``, the share of weights to remove,
        or ``structured=0.5``, the share of units; ``method="surgeon"``, ``finish``, ``head``,
        ``allocation``, ``pattern``, ``seed``, ``threads``, ``max_class_drop`` (points), ...

    Returns
    -------
    Pruned

    Raises
    ------
    InputError
        On data, a network or options that cannot be used. Nothing is written.
    ProgramError
        If the program is missing, has another version, or fails.
    """
    data = data_of("prune", x, y, options)
    with closed_on_error(data):
        dense = network_of(model, data)
        if recipe is not None:
            recipe = recipe if isinstance(recipe, Recipe) else Recipe.from_json(recipe)
            options.setdefault("seed", recipe.seed)
        with Call("prune", options, progress) as call:
            arguments = [call.network(dense, "dense"), f"--output={call.file('pruned.onnx')}",
                         f"--json={call.file('result.json')}"]
            if recipe is not None:
                Path(call.file("recipe.json")).write_text(json.dumps(recipe.to_json()))
                call.names[call.file("recipe.json")] = "recipe"
                arguments.append(f"--recipe={call.file('recipe.json')}")
            call.run(arguments, data)
            details = call.json_of("result.json")
            return Pruned(call.bytes_of("pruned.onnx"), details, dense, data, options)


def finetune(model: Any, x: Any = None, y: Any = None, *, teacher: Any = None,
             progress: bool | None = None, **options: Any) -> Trained:
    """Trains a pruned network further with the program; pruned weights stay zero.

    Parameters
    ----------
    model, x, y, x_test, y_test, classes, data, example, progress
        As for ``prune()``.
    teacher
        A network to distil from, in any form that ``model`` may have.
    options
        Those of ``ncprune finetune``: ``epochs``, ``batch`` (samples per step), ``learning_rate``,
        ``loss``, ``patience`` (epochs), ...

    Returns
    -------
    Trained

    Raises
    ------
    InputError, ProgramError
        As ``prune()``.
    """
    data = data_of("finetune", x, y, options)
    with closed_on_error(data):
        start = network_of(model, data)
        with Call("finetune", options, progress) as call:
            arguments = [call.network(start, "network"), f"--output={call.file('trained.onnx')}",
                         f"--json={call.file('result.json')}"]
            if teacher is not None:
                path = call.network(network_of(teacher, data, "teacher"), "teacher")
                arguments.append(f"--teacher={path}")
            call.run(arguments, data)
            return Trained(call.bytes_of("trained.onnx"), call.json_of("result.json"), start, data,
                           options)


def train(x: Any = None, y: Any = None, *, progress: bool | None = None, **options: Any) -> Trained:
    """Trains a network of the program's own architectures.

    Parameters
    ----------
    x, y, x_test, y_test, classes, data, progress
        As for ``prune()``.
    options
        Those of ``ncprune train``: ``arch="mlp:256,64"``, ``epochs``, ``batch``, ``loss``, ...

    Returns
    -------
    Trained

    Raises
    ------
    InputError, ProgramError
        As ``prune()``.
    """
    data = data_of("train", x, y, options)
    with closed_on_error(data), Call("train", options, progress) as call:
        call.run([f"--output={call.file('trained.onnx')}", f"--json={call.file('result.json')}"],
                 data)
        onnx = call.bytes_of("trained.onnx")
        return Trained(onnx, call.json_of("result.json"), Network("the network", onnx), data,
                       options)


def export(model: Any, path: str | os.PathLike[str], example: Any) -> None:
    """Writes a ``torch.nn.Module`` as the ONNX file that ``prune()`` would read, with the zeros of
    masks of ``torch.nn.utils.prune`` put in.

    Parameters
    ----------
    model
        The module, which stays as it is.
    path
        The file.
    example
        Inputs [N, ...] as the module takes them.

    Raises
    ------
    InputError
        If PyTorch cannot export the module, or the file cannot be written.
    """
    data = Data("")
    data.samples = first_samples(example)
    source = as_network(model, data.samples)
    WrittenNetwork(read_bytes(source), {}, source, data, {}).save(path)
