"""Reads from an ONNX file what the package needs: nodes, initializers and metadata."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncprune.errors import InputError

# By TensorProto.DataType. BFLOAT16 (16) is read as the bits of its number.
_TYPES = {1: "<f4", 2: "u1", 3: "i1", 4: "<u2", 5: "<i2", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2",
          11: "<f8", 12: "<u4", 13: "<u8", 16: "<u2"}
_BFLOAT16 = 16
_EXTERNAL = 1


@dataclass
class Node:
    """A node: its operator, the names of the values it reads and gives, and whole-number
    attributes."""

    op_type: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    integers: dict[str, list[int]] = field(default_factory=dict)
    tensor: NDArray[Any] | None = None  # of a Constant


@dataclass
class Graph:
    """The graph of a model, with its metadata."""

    nodes: list[Node] = field(default_factory=list)
    initializers: dict[str, NDArray[Any]] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


def read_graph(model: bytes) -> Graph:
    """Reads the bytes of an ONNX file whose weights lie in the file itself.

    Raises
    ------
    InputError
        If they are none.
    """
    graph = Graph()
    try:
        for number, value in _fields(memoryview(model)):
            if number == 7:
                _read_graph(value, graph)
            elif number == 14:
                entry = {n: bytes(v).decode() for n, v in _fields(value)}
                graph.metadata[entry.get(1, "")] = entry.get(2, "")
    except (IndexError, ValueError, TypeError, struct.error) as error:
        raise InputError(f"not an ONNX model that can be read: {error}") from None
    return graph


def _read_graph(data: memoryview, graph: Graph) -> None:
    for number, value in _fields(data):
        if number == 1:
            graph.nodes.append(_node(value))
        elif number == 5:
            name, tensor = _tensor(value)
            graph.initializers[name] = tensor
        elif number == 12:
            graph.outputs += [bytes(v).decode() for n, v in _fields(value) if n == 1]
        elif number == 15:
            name, tensor = _sparse_tensor(value)
            graph.initializers[name] = tensor


def _node(data: memoryview) -> Node:
    node = Node()
    for number, value in _fields(data):
        if number == 1:
            node.inputs.append(bytes(value).decode())
        elif number == 2:
            node.outputs.append(bytes(value).decode())
        elif number == 3:
            node.name = bytes(value).decode()
        elif number == 4:
            node.op_type = bytes(value).decode()
        elif number == 5:
            _attribute(value, node)
    return node


def _attribute(data: memoryview, node: Node) -> None:
    name, integers = "", []
    for number, value in _fields(data):
        if number == 1:
            name = bytes(value).decode()
        elif number in (3, 8):
            integers += _integers(value)
        elif number == 5:
            node.tensor = _tensor(value)[1]
    if integers:
        node.integers[name] = integers


def _tensor(data: memoryview) -> tuple[str, NDArray[Any]]:
    name, kind, shape = "", 0, []
    raw: Any = None
    numbers: list[int] = []
    packed: list[NDArray[Any]] = []
    for number, value in _fields(data):
        if number == 1:
            shape += _integers(value)
        elif number == 2:
            kind = value
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9:
            raw = value
        elif number in (5, 7, 11):
            numbers += _integers(value)
        elif number in (4, 10):
            packed.append(np.frombuffer(value, "<f4" if number == 4 else "<f8"))
        elif number == 14 and value == _EXTERNAL:
            raise ValueError(f"the weight '{name}' lies in another file")
    if kind not in _TYPES:
        return name, np.zeros(shape, object)  # a text or the like
    dtype = np.dtype(_TYPES[kind])
    if raw is not None:
        values = np.frombuffer(raw, dtype)
    elif packed:
        values = np.concatenate(packed).astype(dtype)
    elif kind == 10:  # halves are held as the bits of their numbers
        values = np.array(numbers, "<u2").view("<f2")
    else:
        values = np.array(numbers, np.int64).astype(dtype)
    if kind == _BFLOAT16:
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return name, values.reshape(shape)


def _sparse_tensor(data: memoryview) -> tuple[str, NDArray[Any]]:
    shape: list[int] = []
    for number, value in _fields(data):
        if number == 1:
            name, values = _tensor(value)
        elif number == 2:
            places = _tensor(value)[1]
        elif number == 3:
            shape += _integers(value)
    dense = np.zeros(shape, values.dtype)
    if places.ndim == 2:
        dense[tuple(places.T)] = values
    else:
        dense.reshape(-1)[places] = values
    return name, dense


def _integers(value: Any) -> list[int]:
    """One whole number or packed ones."""
    if isinstance(value, int):
        return [_signed(value)]
    numbers, position = [], 0
    while position < len(value):
        number, position = _varint(value, position)
        numbers.append(_signed(number))
    return numbers


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a message of Protocol Buffers: their numbers and values."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        kind = key & 7
        if kind == 0:
            value: Any
            value, position = _varint(data, position)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value = data[position:position + size]
            position += size
        elif kind == 2:
            size, position = _varint(data, position)
            value = data[position:position + size]
            position += size
        else:
            raise ValueError(f"a field of kind {kind}")
        if position > len(data):
            raise ValueError("truncated")
        yield key >> 3, value
