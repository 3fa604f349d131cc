"""The functions of the package: each runs a command of the program."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ncprune import network as networks
from ncprune.call import Call
from ncprune.data import Data, array_data, as_array, as_network_inputs, named_data
from ncprune.errors import InputError
from ncprune.measurements import Comparison, Evaluation, Gate
from ncprune.network import Network, as_network
from ncprune.recipe import Recipe
from ncprune.results import Pruned, Trained, WrittenNetwork

_DATA = ("x_test", "y_test", "classes", "data", "example")


def _data_of(command: str, x: Any, y: Any, given: dict[str, Any]) -> Data:
    """The data of a call; takes the arguments about data out of ``given``."""
    own = {key: given.pop(key, None) for key in _DATA}
    if own["data"] is not None:
        if x is not None or own["x_test"] is not None:
            raise InputError(f"{command}: x and data are given; wanted one of them")
        data = named_data(os.fspath(own["data"]))
        if own["classes"] is not None:
            raise InputError(f"{command}: classes goes with x; the data '{data.spec}' name theirs")
    elif x is None:
        raise InputError(f"{command}: x is missing; wanted arrays x and y, a DataLoader as x, or "
                         "data=, as in ncprune datasets")
    else:
        data = array_data(x, y, own["x_test"], own["y_test"], own["classes"])
    if own["example"] is not None:
        data.samples = _samples(own["example"])
    return data


def _samples(example: Any) -> np.ndarray[Any, Any]:
    array = as_array(example, "example")
    part = np.asarray(array[:32].cpu() if networks.is_tensor(array) else array[:32])
    if part.ndim < 2 or len(part) == 0:
        raise InputError(f"example has the shape {list(part.shape)}; wanted samples, [N, ...]")
    return as_network_inputs(part.astype(np.float32) if part.dtype == np.float64 else part)


@contextmanager
def _closed_on_error(data: Data) -> Iterator[None]:
    """The data's files go at once if the call fails."""
    try:
        yield
    except BaseException:
        data.close()
        raise


def _network(model: Any, data: Data, name: str = "model") -> Network:
    network = as_network(model, data.samples, name)
    if network.classes is not None:
        data.require_classes(network.classes)
    return network


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
    data = _data_of("prune", x, y, options)
    with _closed_on_error(data):
        dense = _network(model, data)
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
    data = _data_of("finetune", x, y, options)
    with _closed_on_error(data):
        start = _network(model, data)
        with Call("finetune", options, progress) as call:
            arguments = [call.network(start, "network"), f"--output={call.file('trained.onnx')}",
                         f"--json={call.file('result.json')}"]
            if teacher is not None:
                path = call.network(_network(teacher, data, "teacher"), "teacher")
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
    data = _data_of("train", x, y, options)
    with _closed_on_error(data), Call("train", options, progress) as call:
        call.run([f"--output={call.file('trained.onnx')}", f"--json={call.file('result.json')}"],
                 data)
        onnx = call.bytes_of("trained.onnx")
        return Trained(onnx, call.json_of("result.json"), Network("the network", onnx), data,
                       options)


def evaluate(models: Any, x: Any = None, y: Any = None, *, scores: bool = False,
             progress: bool | None = None, **options: Any) -> Evaluation:
    """Measures the recall of every class, of one network or several.

    Parameters
    ----------
    models
        A network, a list of them, or a dictionary of them by name; in any form that ``prune()``
        takes.
    x, y, x_test, y_test, classes, data, example, progress
        As for ``prune()``: measured is on ``x_test``, or on the fifth of ``x`` that ``prune()``
        does not use. Give both functions the same data, ``seed``, ``validation`` and ``imbalance``.
    scores
        Whether to keep the class scores of every test sample.
    options
        Those of ``ncprune evaluate``: ``runtime="onnxruntime"``, ``noise``, ...

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError, ProgramError
        As ``prune()``.
    """
    named = _named(models)
    data = _data_of("evaluate", x, y, options)
    try:
        with Call("evaluate", options, progress) as call:
            arguments = [call.network(_network(model, data, name), f"network{k}")
                         for k, (name, model) in enumerate(named.items())]
            arguments.append(f"--json={call.file('result.json')}")
            if scores:
                arguments.append(f"--scores={call.file('scores.npy')}")
            call.run(arguments, data)
            found = call.array_of("scores.npy") if scores else None
            return Evaluation(call.json_of("result.json"), list(named), found)
    finally:
        data.close()


def _named(models: Any) -> dict[str, Any]:
    if isinstance(models, Mapping):
        named = {str(name): model for name, model in models.items()}
    elif isinstance(models, (list, tuple)):
        named = {_name(model, f"network {k + 1}"): model for k, model in enumerate(models)}
        if len(named) < len(models):
            named = {f"network {k + 1}": model for k, model in enumerate(models)}
    else:
        named = {_name(models, "network"): models}
    if not named:
        raise InputError("evaluate: no networks; wanted at least one")
    return named


def _name(model: Any, usual: str) -> str:
    return Path(model).stem if isinstance(model, (str, os.PathLike)) else usual


def compare(before: Any, after: Any, x: Any = None, y: Any = None, *, progress: bool | None = None,
            **options: Any) -> Comparison:
    """Shows what changed between two networks, class by class, and what chance explains.

    Parameters
    ----------
    before, after
        Networks in any form that ``prune()`` takes.
    x, y, x_test, y_test, classes, data, example, progress
        As for ``evaluate()``.
    options
        Those of ``ncprune compare``: ``confidence``, in (0, 1), ``runtime``, ...

    Returns
    -------
    Comparison

    Raises
    ------
    InputError, ProgramError
        As ``prune()``.
    """
    data = _data_of("compare", x, y, options)
    try:
        with Call("compare", options, progress) as call:
            call.run([call.network(_network(before, data, "before"), "before"),
                      call.network(_network(after, data, "after"), "after"),
                      f"--json={call.file('result.json')}"], data)
            return Comparison(call.json_of("result.json"))
    finally:
        data.close()


def gate(before: Any, after: Any, x: Any = None, y: Any = None, *, progress: bool | None = None,
         **options: Any) -> Gate:
    """Checks whether a network is shown to keep every class of another one.

    Parameters
    ----------
    before, after
        Networks in any form that ``prune()`` takes. ``before`` may be the path of a ``.json`` file
        that the program wrote.
    x, y, x_test, y_test, classes, data, example, progress
        As for ``evaluate()``.
    options
        Those of ``ncprune gate``: ``max_class_drop`` (points; 2 if nothing is given),
        ``min_recall={"class": 0.8}``, ``confidence``, ``junit``, ``markdown``, ...

    Returns
    -------
    Gate
        True if the promise is kept. One that is not kept is no error.

    Raises
    ------
    InputError, ProgramError
        As ``prune()``.
    """
    data = _data_of("gate", x, y, options)
    try:
        with Call("gate", options, progress) as call:
            call.run([call.network(_network(before, data, "before"), "before"),
                      call.network(_network(after, data, "after"), "after"),
                      f"--json={call.file('result.json')}"], data)
            return Gate(call.json_of("result.json"))
    finally:
        data.close()


def study(grid: str | os.PathLike[str], results: str | os.PathLike[str], *,
          progress: bool | None = None, **options: Any) -> list[dict[str, Any]]:
    """Runs the grid of a TOML file, or what is left of it.

    Parameters
    ----------
    grid
        The TOML file; ``docs/studies.md`` describes it.
    results
        The database of the results. Cells that are in it are not run again.
    options
        Those of ``ncprune study``: ``jobs`` (processes), ``report`` (an HTML page), ...

    Returns
    -------
    list of dict
        A row for each cell that the database holds, as the program writes them as JSON.

    Raises
    ------
    InputError, ProgramError
        As ``prune()``.
    """
    with Call("study", options, progress) as call:
        call.run([os.fspath(grid), f"--results={os.fspath(results)}",
                  f"--json={call.file('result.json')}"])
        return list(call.json_of("result.json")["rows"])


@dataclass(frozen=True)
class MethodInfo:
    """A method of pruning.

    Attributes
    ----------
    name : str
        For ``prune(..., method=name)``.
    summary : str
        What it does.
    source : str
        Author and year.
    parts : str
        The options that turn any other method into it.
    """

    name: str
    summary: str
    source: str
    parts: str


def methods() -> list[MethodInfo]:
    """The methods of pruning that the program has.

    Raises
    ------
    ProgramError
        As ``prune()``.
    """
    with Call("methods", {}, False) as call:
        call.run([f"--json={call.file('result.json')}"])
        return [MethodInfo(**entry) for entry in call.json_of("result.json")]


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
    data.samples = _samples(example)
    source = as_network(model, data.samples)
    WrittenNetwork(networks.read_bytes(source), {}, source, data, {}).save(path)
