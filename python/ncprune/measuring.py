"""evaluate(), compare() and gate(): the functions that measure networks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ncprune.arguments import data_of, network_of
from ncprune.call import Call
from ncprune.data import Data
from ncprune.errors import InputError
from ncprune.measurements import Comparison, Evaluation, Gate


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
    data = data_of("evaluate", x, y, options)
    try:
        with Call("evaluate", options, progress) as call:
            arguments = [call.network(network_of(model, data, name), f"network{k}")
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


def _of_two(command: str, before: Any, after: Any, data: Data, progress: bool | None,
            options: dict[str, Any]) -> Any:
    """What the command prints about two networks, as JSON."""
    try:
        with Call(command, options, progress) as call:
            call.run([call.network(network_of(before, data, "before"), "before"),
                      call.network(network_of(after, data, "after"), "after"),
                      f"--json={call.file('result.json')}"], data)
            return call.json_of("result.json")
    finally:
        data.close()


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
    data = data_of("compare", x, y, options)
    return Comparison(_of_two("compare", before, after, data, progress, options))


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
    data = data_of("gate", x, y, options)
    return Gate(_of_two("gate", before, after, data, progress, options))
