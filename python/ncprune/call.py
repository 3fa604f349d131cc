"""One call of the program: its files in a private folder, its options, and the JSON it writes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncprune import options, program
from ncprune.data import Data
from ncprune.network import Network

# Options that say how data are read, which are the same in every command about a result.
SHARED = ("data_root", "imbalance", "validation", "seed", "threads", "device", "memory")


class Call:
    """A call of ``ncprune COMMAND``. As a context manager it owns a folder, which is removed at its
    end, however that comes about."""

    def __init__(self, command: str, given: Mapping[str, object], progress: bool | None) -> None:
        self.command = command
        self.progress = progress
        self.names: dict[str, str] = {}
        self._options = options.arguments(command, given)
        self._folder = tempfile.TemporaryDirectory(prefix="ncprune-")

    def __enter__(self) -> Call:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._folder.cleanup()

    def file(self, name: str) -> str:
        """The path of a file in the folder."""
        return os.path.join(self._folder.name, name)

    def network(self, network: Network, stem: str) -> str:
        """The path of the network's file."""
        path = network.write(self._folder.name, stem)
        self.names[path] = network.name
        return path

    def run(self, arguments: Sequence[str], data: Data | None = None) -> int:
        """Runs the program; returns 0, or 2 if a promise was not kept. Raises as program.run()."""
        own = [] if data is None else [f"--data={data.spec}"]
        names = self.names | ({} if data is None else data.names)
        return program.run([self.command, *arguments, *own, *self._options],
                           progress=self.progress, names=names)

    def bytes_of(self, name: str) -> bytes:
        """What the program wrote to the file ``name`` of the folder."""
        return Path(self.file(name)).read_bytes()

    def json_of(self, name: str) -> Any:
        """The JSON that the program wrote to the file ``name`` of the folder."""
        return json.loads(self.bytes_of(name))

    def array_of(self, name: str) -> NDArray[Any]:
        """The array that the program wrote to the file ``name`` of the folder."""
        return np.array(np.load(self.file(name), allow_pickle=False))


def shared(given: Mapping[str, object]) -> dict[str, object]:
    """The options in ``given`` that every command about the same data takes."""
    return {key: given[key] for key in SHARED if given.get(key) is not None}
