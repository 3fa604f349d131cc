"""The exceptions of the package."""

from __future__ import annotations


class Error(Exception):
    """Any error of this package, one line that says what was given and what was wanted.

    Attributes
    ----------
    output : str
        What the program had printed before, if it ran.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class InputError(Error, ValueError):
    """The caller's mistake: data, a network or an option that cannot be used."""


class ProgramError(Error, RuntimeError):
    """The program is missing, has another version, or ended by a bug or a signal."""


class ProgramWarning(UserWarning):
    """A warning that the program printed."""
