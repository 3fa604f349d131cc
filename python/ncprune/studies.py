"""study() and methods()."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from ncprune.call import Call


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
