"""Keyword arguments as options of the program's commands."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping

from ncprune import program
from ncprune.errors import InputError

_OPTION = re.compile(r"^  (?:-\w,)?--([a-z][a-z-]*)(.*)$", re.MULTILINE)

# What the package gives itself.
_OWN = {"help", "version", "output", "json", "scores", "quiet", "recipe", "data", "classes",
        "dry-run", "networks", "results"}


def takes_value(command: str) -> dict[str, bool]:
    """The options of ``ncprune COMMAND``, and whether each takes a value; others are switches."""
    found: dict[str, bool] = {}
    for name, rest in _OPTION.findall(program.help_text("") + "\n" + program.help_text(command)):
        # A switch has only its description, two spaces or more behind its name.
        found[name] = bool(rest) and not rest.startswith("  ")
    return found


def names(command: str) -> list[str]:
    """The keyword arguments that a function of this name takes as options of the program."""
    return sorted(name.replace("-", "_") for name in takes_value(command) if name not in _OWN)


def arguments(command: str, given: Mapping[str, object]) -> list[str]:
    """The keyword arguments ``given`` as arguments of ``ncprune COMMAND``.

    ``True`` sets a switch; ``None`` and ``False`` leave an option out; a list gives an option
    several times, and a dictionary gives it as ``KEY=VALUE`` for each entry.

    Raises
    ------
    InputError
        On an unknown name, with those that are near it, and on a value of another kind.
    """
    known = takes_value(command)
    result: list[str] = []
    for keyword, value in given.items():
        option = keyword.replace("_", "-")
        if option not in known or option in _OWN:
            raise unknown_option(command, keyword)
        if value is None or value is False:
            continue
        if not known[option]:
            if value is not True:
                raise InputError(f"{keyword} is {value!r}; wanted True or False")
            result.append(f"--{option}")
            continue
        if value is True:
            raise InputError(f"{keyword} is True; wanted a value")
        result += [f"--{option}={text}" for text in _texts(keyword, value)]
    return result


def unknown_option(command: str, keyword: str) -> InputError:
    """The error for a keyword that is none, with those that are near it."""
    near = difflib.get_close_matches(keyword, names(command), n=3, cutoff=0.5)
    hint = f"; near names: {', '.join(near)}" if near else ""
    return InputError(f"{command} has no option '{keyword}'{hint}")


def _texts(keyword: str, value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        return [f"{_text(keyword, key)}={_text(keyword, each)}" for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        return [_text(keyword, each) for each in value]
    return [_text(keyword, value)]


def _text(keyword: str, value: object) -> str:
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if hasattr(value, "item"):  # a number of NumPy or PyTorch
        value = value.item()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    raise InputError(f"{keyword} is {value!r}; wanted a number or a text")
