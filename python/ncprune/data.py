"""Samples as files that the program reads in parts: arrays, tensors and loaders of PyTorch."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ncprune.errors import InputError
from ncprune.torch_types import is_tensor

Array = NDArray[Any]

_CHUNK_BYTES = 1 << 24  # that are converted at once
_HEADER_BYTES = 256  # of the .npy files that are written
_CHECKED = 32  # samples that are kept, to compare scores with
_KINDS = "b1 i1 i2 i4 i8 u1 u2 u4 u8 f4".split()


class Data:
    """What the program's ``--data`` says, and the files behind it.

    Attributes
    ----------
    spec : str
        The value of ``--data``.
    samples : array or None
        The first samples as the network takes them, [at most 32, ...]; None for data that the
        program finds by their name.
    names : dict
        What to call the files in messages, by path.
    """

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.samples: Array | None = None
        self.names: dict[str, str] = {}
        self.most_label = -1
        self._where_most = ""
        self._remove: Callable[[], object] | None = None

    def own(self, folder: str) -> None:
        """Makes ``folder`` a part of the data, which goes with them."""
        self._remove = weakref.finalize(self, shutil.rmtree, folder, True)

    def close(self) -> None:
        """Removes the files."""
        if self._remove is not None:
            self._remove()

    def note_labels(self, name: str, labels: Array) -> None:
        """Keeps the largest label of [N] and where it is, for require_classes()."""
        if labels.ndim > 1:
            return
        place = int(labels.argmax())
        if int(labels[place]) > self.most_label:
            self.most_label = int(labels[place])
            self._where_most = f"{name}: sample {place}"

    def require_classes(self, count: int) -> None:
        """Raises InputError if a label has no score in a network of ``count`` scores."""
        if self.most_label >= max(count, 2):  # one logit stands for two classes
            raise InputError(f"{self._where_most} has label {self.most_label}; wanted 0 to "
                             f"{max(count, 2) - 1}, because the network has {count} scores")


def named_data(spec: str) -> Data:
    """Data that the program reads itself, such as ``"fashion-mnist"`` or ``"csv:FILE?..."``."""
    return Data(spec)


def array_data(x: Any, y: Any = None, x_test: Any = None, y_test: Any = None,
               classes: Sequence[str] | None = None) -> Data:
    """Samples in memory, as files in a private folder that goes with the result.

    Parameters
    ----------
    x
        Inputs as the network takes them, [N, ...]: an array, a tensor or a data frame; or a
        ``DataLoader`` or other iterable of pairs of a batch of inputs and a batch of labels, which
        is read once. Bytes [N, height, width], [N, channels, height, width] or [N, height, width,
        channels] are pictures and become [0, 1]. Floats of 64 bits become floats of 32. A whole
        ``.npy`` file opened with ``numpy.load(..., mmap_mode="r")`` is read where it lies; other
        arrays are written out in parts, without another copy in memory.
    y
        Labels: whole numbers [N] from 0 to K - 1, or zeros and ones [N, L] of samples that may have
        several labels. None if ``x`` gives pairs.
    x_test, y_test
        Samples that only measure. Without them, the program sets a fifth of every class aside.
    classes
        Names of the K classes.

    Raises
    ------
    InputError
        That names the first sample which cannot be used.
    """
    folder = tempfile.mkdtemp(prefix="ncprune-")
    data = Data(f"npz:{folder}")
    data.own(folder)
    try:
        _fill(data, Path(folder), {"": (x, y), "_test": (x_test, y_test)}, classes)
    except OSError as error:
        data.close()
        if error.errno == errno.ENOSPC:
            raise InputError(f"{tempfile.gettempdir()}: no space left for the data; TMPDIR names "
                             "another folder") from None
        raise
    except BaseException:
        data.close()
        raise
    return data


def _fill(data: Data, folder: Path, parts: dict[str, tuple[Any, Any]],
          classes: Sequence[str] | None) -> None:
    for ending, (x, y) in parts.items():
        if ending and x is None and y is None:
            continue
        names = (f"x{ending}", f"y{ending}")
        files = tuple(folder / f"{name}.npy" for name in names)
        if y is None:
            labels, samples = _write_batches(x, files[0], names)
        else:
            labels = _as_labels(as_array(y, names[1]), names[1])
            samples = _write_inputs(as_array(x, names[0]), files[0], names[0])
            count = len(x)
            if count != len(labels):
                raise InputError(f"{names[0]} has {count} samples, {names[1]} has {len(labels)}; "
                                 "wanted as many")
        with open(files[1], "wb") as file:
            file.write(_header(labels.dtype, labels.shape))
            file.write(labels.tobytes())
        data.note_labels(names[1], labels)
        data.names |= {str(file): name for file, name in zip(files, names)}
        if not ending:
            data.samples = samples
    data.names[str(folder)] = "the data"
    if classes is not None:
        names_of_classes = list(classes)
        _require_names(names_of_classes, data.most_label)
        (folder / "classes.txt").write_text("".join(f"{name}\n" for name in names_of_classes))
        data.names[str(folder / "classes.txt")] = "classes"


def _require_names(classes: list[str], most_label: int) -> None:
    for name in classes:
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise InputError(f"classes: {name!r} is not a name")
    if len(set(classes)) < len(classes):
        raise InputError("classes: a name occurs twice")
    if len(classes) <= most_label:
        raise InputError(f"classes: {len(classes)} names; the labels need {most_label + 1}")


def as_array(value: Any, name: str) -> Any:
    """An array, or a tensor that only converts in parts; without a copy where that can be."""
    if is_tensor(value):
        value = value.detach()
        halves = value.dtype.is_floating_point and value.element_size() < 4
        return value if halves or value.device.type != "cpu" else value.numpy()
    if hasattr(value, "to_numpy"):  # pandas
        value = value.to_numpy()
    if isinstance(value, np.ndarray):
        return value
    if isinstance(value, (str, bytes)) or not isinstance(value, (list, tuple)):
        raise InputError(f"{name} is of type {type(value).__name__}; wanted an array or a tensor")
    try:
        return np.asarray(value)
    except ValueError:
        raise InputError(f"{name}: rows of different lengths; wanted an array") from None


def to_numpy(part: Any) -> Array:
    """The part of an array or tensor as an array; halves of PyTorch become floats."""
    if isinstance(part, np.ndarray):
        return part
    part = part.cpu()
    return np.asarray(part.float() if part.dtype.is_floating_point else part)


def _as_labels(labels: Any, name: str) -> Array:
    """The labels as int64 [N] or uint8 [N, L]."""
    values = to_numpy(labels)
    if values.ndim not in (1, 2) or values.size == 0:
        raise InputError(f"{name} has the shape {list(values.shape)}; wanted a label for each "
                         "sample, [N], or zeros and ones, [N, L]")
    if values.dtype.kind not in "biuf":
        raise InputError(f"{name} holds {_type_name(values)}; wanted whole numbers from 0 on")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    whole = values.astype(np.int64) if values.dtype.kind != "f" else _whole(values, name)
    low, high = (0, None) if whole.ndim == 1 else (0, 1)
    bad = whole < low if high is None else (whole < low) | (whole > high)
    if bad.any():
        place = tuple(np.argwhere(bad)[0])
        wanted = "0 or more" if high is None else "0 or 1"
        raise InputError(f"{name}: sample {place[0]} has label {whole[place]}; wanted {wanted}")
    return whole if whole.ndim == 1 else whole.astype(np.uint8)


def _whole(values: Array, name: str) -> Array:
    with np.errstate(invalid="ignore"):
        whole = values.astype(np.int64)
        bad = whole != values
    if bad.any():
        place = tuple(np.argwhere(bad)[0])
        raise InputError(f"{name}: sample {place[0]} has label {values[place]}; wanted a whole "
                         "number")
    return whole


def _type_name(values: Array) -> str:
    return "objects" if values.dtype.kind == "O" else f"elements of type {values.dtype}"


def _as_inputs(values: Array, name: str, first: int) -> Array:
    """Inputs in a type that the program reads, row after row; ``first`` is their first sample."""
    if values.dtype.kind not in "biuf":
        raise InputError(f"{name} holds {_type_name(values)}; wanted numbers")
    if values.dtype.kind != "f":
        return np.ascontiguousarray(values)
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(values, dtype="<f4")
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        raise InputError(f"{name}: sample {first + int(finite.argmin())} holds a value that is not "
                         "a finite number")
    return values


def _header(dtype: np.dtype[Any], shape: Sequence[int]) -> bytes:
    """The header of a .npy file (format 1.0), always of the same length."""
    text = repr({"descr": dtype.str, "fortran_order": False, "shape": tuple(shape)})
    return b"\x93NUMPY\x01\x00" + (_HEADER_BYTES - 10).to_bytes(2, "little") + (
        text.ljust(_HEADER_BYTES - 11) + "\n").encode()


def _write_inputs(x: Any, path: Path, name: str) -> Array:
    """Writes x [N, ...] to ``path`` and returns its first samples."""
    if x.ndim < 2 or 0 in x.shape:
        raise InputError(f"{name} has the shape {list(x.shape)}; wanted [N, features] or pictures")
    if (whole := _file_behind(x)) is not None:
        os.symlink(whole, path)
        return as_network_inputs(_as_inputs(np.array(x[:_CHECKED]), name, 0))
    rows = max(1, _CHUNK_BYTES * len(x) // max(1, _bytes_of(x)))
    with open(path, "wb") as file:
        for first in range(0, len(x), rows):
            part = _as_inputs(to_numpy(x[first:first + rows]), name, first)
            if first == 0:
                file.write(_header(part.dtype, x.shape))
                samples = np.array(part[:_CHECKED])
            file.write(part.data)
    return as_network_inputs(samples)


def _bytes_of(x: Any) -> int:
    return int(x.nbytes if isinstance(x, np.ndarray) else x.numel() * x.element_size())


def _file_behind(x: Any) -> str | None:
    """The .npy file that holds just this array, if the program can read it as it is."""
    if not isinstance(x, np.memmap) or x.filename is None or x.mode not in ("r", "r+", "w+"):
        return None
    if x.dtype.str[1:] not in _KINDS or not x.flags.c_contiguous or x.dtype.byteorder == ">":
        return None
    try:
        held = np.load(x.filename, mmap_mode="r")
    except (OSError, ValueError):
        return None
    if not isinstance(held, np.memmap):
        return None
    same = (held.shape, held.dtype, held.offset) == (x.shape, x.dtype, x.offset)
    return os.path.abspath(x.filename) if same and held.flags.c_contiguous else None


def _write_batches(batches: Any, path: Path, names: tuple[str, str]) -> tuple[Array, Array]:
    """Writes the inputs of pairs of batches; returns all labels and the first inputs."""
    if not isinstance(batches, Iterable) or hasattr(batches, "shape"):
        raise InputError(f"{names[1]} is missing; wanted a label for every sample of {names[0]}")
    labels: list[Array] = []
    samples: list[Array] = []
    count = 0
    with open(path, "wb") as file:
        file.write(bytes(_HEADER_BYTES))
        first: Array | None = None
        for batch in batches:
            part, own = _pair(batch, names, count)
            if first is None:
                first = part
            elif (part.shape[1:], part.dtype) != (first.shape[1:], first.dtype):
                raise InputError(f"{names[0]}: sample {count} has the shape "
                                 f"{list(part.shape[1:])}; those before have "
                                 f"{list(first.shape[1:])}")
            if count < _CHECKED:
                samples.append(np.array(part[:_CHECKED]))
            file.write(part.data)
            labels.append(own)
            count += len(part)
        if first is None:
            raise InputError(f"{names[0]}: the loader gave no batch")
        _finish(file, first.dtype, (count, *first.shape[1:]))
    return np.concatenate(labels), as_network_inputs(np.concatenate(samples)[:_CHECKED])


def _finish(file: BinaryIO, dtype: np.dtype[Any], shape: Sequence[int]) -> None:
    file.seek(0)
    file.write(_header(dtype, shape))


def _pair(batch: Any, names: tuple[str, str], count: int) -> tuple[Array, Array]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise InputError(f"{names[0]}: batch of type {type(batch).__name__}; wanted pairs of "
                         "inputs and labels")
    part = _as_inputs(to_numpy(as_array(batch[0], names[0])), names[0], count)
    own = _as_labels(as_array(batch[1], names[1]), names[1])
    if part.ndim < 2 or len(part) != len(own):
        raise InputError(f"{names[0]}: a batch of shape {list(part.shape)} with {len(own)} labels; "
                         "wanted [N, ...] and N labels")
    return part, own


def as_network_inputs(part: Array) -> Array:
    """Inputs as the program hands them to a network: bytes that are pictures become [0, 1], with
    the channels before height and width."""
    if part.dtype != np.uint8 or part.ndim not in (3, 4):
        return part
    values = part.astype(np.float32) / np.float32(255)
    if values.ndim == 3:
        return values[:, None]
    if values.shape[1] in (1, 3) or values.shape[3] not in (1, 3):
        return values
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))
