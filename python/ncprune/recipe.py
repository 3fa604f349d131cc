"""A recipe: every setting that decides how a network is pruned."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ncprune.errors import InputError

VERSION = 2

Part = TypeVar("Part")


@dataclass(frozen=True)
class Method:
    """The parts of a method; ``ncprune.methods()`` lists the methods.

    Attributes
    ----------
    name : str
        The method that the recipe started from, for people.
    criterion, allocation, pattern, solver, search_metric, repair : str
        The parts, named as in ``ncprune prune --help``.
    rounds : int
        Rounds of pruning, each with new scores; 1 to 1000.
    sweeps : int
        Passes over the layers; 1 to 10.
    """

    name: str
    criterion: str
    allocation: str
    pattern: str
    solver: str
    search_metric: str
    repair: str
    rounds: int = 1
    sweeps: int = 1


@dataclass(frozen=True)
class Metric:
    """The Neural-Collapse metric.

    Attributes
    ----------
    kappa : float
        Weight of the class means.
    balance : float
        0 averages over samples, 1 over classes.
    shrinkage : float
        Class size, in samples, at which half of the scatter is the pool's.
    damping : float
        Ridge, as a share of the metric's mean diagonal.
    margin : float
        Share of a sample's weight that depends on its indecision.
    noise : float
        Standard deviation of the input noise to prepare for.
    """

    kappa: float = 1.0
    balance: float = 1.0
    shrinkage: float = 20.0
    damping: float = 0.01
    margin: float = 0.0
    noise: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A recipe as the library holds it; ``docs/recipes.md`` specifies its JSON.

    Attributes
    ----------
    method : Method
        The parts of the method.
    remove : str
        What ``share`` refers to: ``weights``, which become zero, or ``units``, ``parameters`` or
        ``macs``, for which whole units are removed.
    share : float
        The share to remove, in [0, 1).
    round_to : int
        A layer that loses units keeps a multiple of this number; 1 to 1024.
    finish : str or None
        ``keep``, ``match``, ``recalibrate`` or ``refine``; None: the method's choice.
    head : str
        ``keep``, ``realign`` or ``refit``.
    metric : Metric
        The metric of criterion, search, repair and finish.
    seed : int
        Of all random draws, 0 or more.
    """

    method: Method
    remove: str = "weights"
    share: float = 0.9
    round_to: int = 1
    finish: str | None = None
    head: str = "keep"
    metric: Metric = field(default_factory=Metric)
    seed: int = 0

    @classmethod
    def from_json(cls, source: Mapping[str, Any] | str | os.PathLike[str]) -> Recipe:
        """The recipe in a dictionary, in a JSON text, or in a JSON file.

        A dictionary or file with an entry ``recipe``, such as a plan or the output of ``prune
        --json``, gives that entry.

        Raises
        ------
        InputError
            If a setting is missing, unknown or of another version.
        """
        content: Any = source
        if not isinstance(source, Mapping):
            text = os.fspath(source)
            try:
                content = json.loads(text if text.lstrip().startswith("{") else
                                     Path(text).read_text())
            except (OSError, ValueError) as error:
                raise InputError(f"recipe: {error}") from None
        if isinstance(content, Mapping) and isinstance(content.get("recipe"), Mapping):
            content = content["recipe"]
        if not isinstance(content, Mapping) or content.get("ncprune_recipe") != VERSION:
            raise InputError(f"recipe: wanted a recipe of version {VERSION}")
        entries = {key: value for key, value in content.items() if key != "ncprune_recipe"}
        entries["method"] = _part(Method, entries.get("method"), "method")
        entries["metric"] = _part(Metric, entries.get("metric"), "metric")
        return _part(cls, entries, "recipe")

    def to_json(self) -> dict[str, Any]:
        """The recipe as the library writes it, for ``json.dumps()``."""
        content: dict[str, Any] = {"ncprune_recipe": VERSION, **dataclasses.asdict(self)}
        content["method"] = {key.replace("_", "-"): value
                             for key, value in content["method"].items()}
        if self.finish is None:
            del content["finish"]
        return content


def _part(kind: type[Part], content: Any, where: str) -> Part:
    if not isinstance(content, Mapping):
        raise InputError(f"recipe: '{where}' is missing")
    settings = {key.replace("-", "_"): value for key, value in content.items()}
    try:
        return kind(**settings)
    except TypeError as error:
        raise InputError(f"recipe: {where}: {str(error).partition(') ')[2] or error}") from None
