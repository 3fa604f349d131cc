"""Finds the program `ncprune`, runs it, and turns its messages into progress and exceptions."""

from __future__ import annotations

import codecs
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from ncprune.errors import InputError, ProgramError, ProgramWarning
from ncprune.version import __version__

VARIABLE = "NCPRUNE_PROGRAM"

DONE = 0
MISTAKE = 1
NOT_KEPT = 2  # a promise

# torchrun, mpirun and srun tell the program to share its work with other processes. A call from
# Python is one process.
_LAUNCHERS = ("RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "SLURM_PROCID",
              "SLURM_NTASKS")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ERASE = "\r\x1b[K"  # with which the program erases a progress bar
_PATIENCE = 5.0  # seconds between asking a process to end and ending it


def find() -> str:
    """The path of the program, whose version is that of the package.

    It is looked for in ``$NCPRUNE_PROGRAM``, then in the folder ``bin`` of the installed package,
    then in ``$PATH``.

    Raises
    ------
    ProgramError
        If there is none, it cannot be started, or its version differs in its first two numbers.
    """
    given = os.environ.get(VARIABLE)
    packaged = Path(__file__).parent / "bin" / "ncprune"
    if given:
        path = shutil.which(given)
        if path is None:
            raise ProgramError(f"{VARIABLE} is '{given}'; wanted the path of the program ncprune")
    elif packaged.is_file():
        path = str(packaged)
    else:
        path = shutil.which("ncprune")
        if path is None:
            raise ProgramError("the program ncprune is not in PATH; install it, or set "
                               f"{VARIABLE} to its path")
    _require_version(path, os.stat(path).st_mtime_ns)
    return path


@functools.lru_cache(maxsize=8)
def _require_version(path: str, changed: int) -> None:
    wanted = __version__.rsplit(".", 1)[0]
    version = _answer(path, "--version").strip()
    if version.split(".")[:2] != wanted.split("."):
        raise ProgramError(f"{path}: is version '{version[:40]}' of ncprune; the Python package "
                           f"needs {wanted}")


def _answer(path: str, *arguments: str) -> str:
    try:
        done = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
        raise ProgramError(f"{path}: cannot be started: {error}") from None
    if done.returncode != 0:
        raise ProgramError(f"{path}: ended with exit code {done.returncode} when asked for "
                           f"{arguments[-1]}")
    return done.stdout


@functools.lru_cache(maxsize=64)
def _help(path: str, changed: int, command: str) -> str:
    return _answer(path, *([command] if command else []), "--help")


def help_text(command: str = "") -> str:
    """What ``ncprune COMMAND --help`` prints."""
    path = find()
    return _help(path, os.stat(path).st_mtime_ns, command)


def show_progress(wanted: bool | None) -> bool:
    """Whether progress is shown: by default on a terminal and in a notebook."""
    if wanted is not None:
        return wanted
    return _is_terminal() or "ipykernel" in sys.modules


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):
        return False


def run(arguments: Sequence[str], *, progress: bool | None = None,
        names: Mapping[str, str] | None = None) -> int:
    """Runs the program and waits for it.

    Parameters
    ----------
    arguments
        The command and its options.
    progress
        Whether the program's progress bars and remarks go to ``sys.stderr`` as they come.
    names
        What to call files in messages, by their paths.

    Returns
    -------
    int
        The exit code: 0, or 2 if a promise was not kept.

    Raises
    ------
    InputError
        With the program's own line.
    ProgramError
        If the program cannot be started or does not end as it should.
    KeyboardInterrupt
        After the program was ended.
    """
    shown = show_progress(progress)
    command = [find(), *arguments, *([] if shown else ["--quiet"])]
    environment = {key: value for key, value in os.environ.items() if key not in _LAUNCHERS}
    messages = _Messages(shown, names or {})
    with tempfile.TemporaryFile() as printed:
        ours, theirs = _error_channel(shown)
        try:
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=printed,
                                           stderr=theirs, env=environment, start_new_session=True)
            except OSError as error:
                raise ProgramError(f"{command[0]}: cannot be started: {error.strerror}") from None
            finally:
                os.close(theirs)
            try:
                _forward(ours, messages)
                code = process.wait()
            except BaseException:  # also Ctrl-C
                _end(process)
                messages.erase()
                raise
        finally:
            os.close(ours)
        printed.seek(0)
        output = printed.read().decode(errors="replace")
    messages.finish()
    if code in (DONE, NOT_KEPT):
        return code
    if code == MISTAKE:
        raise InputError(messages.last_error or "the program gave no reason", output)
    if code < 0:
        raise ProgramError(f"the program was ended by {_signal_name(-code)}", output)
    raise ProgramError(messages.last_error or f"the program ended with exit code {code}", output)


def _error_channel(shown: bool) -> tuple[int, int]:
    """Two ends, ours and the program's; a terminal if the program is to draw progress bars."""
    if not shown:
        return os.pipe()
    import pty
    import tty
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    return ours, theirs


def _forward(channel: int, messages: _Messages) -> None:
    while True:
        try:
            data = os.read(channel, 65536)
        except OSError:  # how a terminal ends
            return
        if not data:
            return
        messages.add(data)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and all that it started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            pass
        try:
            process.wait(_PATIENCE)
            break
        except subprocess.TimeoutExpired:
            continue
    try:  # what outlived it
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


class _Messages:
    """The program's standard error: bars and remarks to show, warnings, and the last error."""

    def __init__(self, shown: bool, names: Mapping[str, str]) -> None:
        self.last_error = ""
        self._shown = shown
        self._names = sorted(names.items(), key=lambda item: -len(item[0]))
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._pending = ""
        self._bar = False

    def add(self, data: bytes) -> None:
        self._pending += self._decoder.decode(data)
        *lines, self._pending = self._pending.split("\n")
        for line in lines:
            self._line(line)
        if "\r" in self._pending:  # a bar, or its end with the beginning of a line
            bar, erase, rest = self._pending.rpartition(_ERASE)
            if rest.startswith("ncprune: ") or not rest:
                self._show(bar + erase)
                self._bar = False
                self._pending = rest
            elif not "ncprune: ".startswith(rest):
                self._bar = True  # before it is shown, so that an interrupt erases it
                self._show(self._pending)
                self._pending = ""

    def finish(self) -> None:
        if self._pending:
            self._line(self._pending)
        self._pending = ""

    def erase(self) -> None:
        if self._bar:
            self._show(_ERASE)

    def _show(self, text: str) -> None:
        if self._shown and text:
            sys.stderr.write(text)
            sys.stderr.flush()

    def _line(self, line: str) -> None:
        bar, erase, text = line.rpartition(_ERASE)
        if self._bar and not erase:
            erase = _ERASE
        self._show(bar + erase)
        self._bar = False
        text = _COLOUR.sub("", text).rstrip("\r")
        for path, name in self._names:
            text = text.replace(path, name)
        if text.startswith("ncprune: warning: "):
            warnings.warn(text.removeprefix("ncprune: warning: "), ProgramWarning,
                          stacklevel=_frames_below_caller())
        elif text.startswith("ncprune: info: "):
            self._show(text + "\n")
        elif text.startswith("ncprune: "):
            self.last_error = text.removeprefix("ncprune: ")
        elif text:
            self._show(text + "\n")
            self.last_error = self.last_error or text


def _frames_below_caller() -> int:
    """The depth of the first frame that is not of this package, for warnings."""
    depth, frame = 1, sys._getframe(1)
    folder = os.path.dirname(__file__)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) == folder:
        frame = frame.f_back
        depth += 1
    return depth
