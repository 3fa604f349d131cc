"""Which parameter of a module each weight of an exported and pruned ONNX file belongs to."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncprune.errors import InputError
from ncprune.onnx_file import Graph, Node

# Operators whose inputs from the second on are weights that pruning changes.
_WEIGHTED = {"Gemm", "MatMul", "Conv", "ConvTranspose", "BatchNormalization", "LayerNormalization"}
# Of torch.nn.utils.prune: weight = weight_orig * weight_mask.
ORIGINAL = "_orig"
MASK = "_mask"


@dataclass(frozen=True)
class Source:
    """Where a value of a graph comes from: the parameter and how its axes were exchanged."""

    parameter: str
    axes: tuple[int, ...] = ()  # empty: as they are

    def transposed(self, axes: tuple[int, ...]) -> Source:
        """The source of the value whose axes are exchanged once more."""
        combined = tuple(self.axes[axis] for axis in axes) if self.axes else axes
        return Source(self.parameter, combined)

    def of_parameter(self, value: NDArray[Any]) -> NDArray[Any]:
        """The value as the parameter holds it."""
        return value.transpose(tuple(np.argsort(self.axes))) if self.axes else value


@dataclass
class Weights:
    """The weights of a pruned file by the names of the module's parameters and buffers.

    Attributes
    ----------
    values : dict
        Every parameter and buffer that the file holds.
    added : dict
        Biases that pruning added, by the parameter whose layer has none.
    groups : dict
        The groups of each convolution, by the parameter that is its kernel.
    """

    values: dict[str, NDArray[Any]] = field(default_factory=dict)
    added: dict[str, NDArray[Any]] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)


def stored_names(exported: Graph) -> set[str]:
    """The names of parameters and buffers in an exported graph, as far as the graph tells them:
    equal ones are stored once, with an Identity for every further name."""
    names = set(exported.initializers)
    names |= {node.outputs[0] for node in exported.nodes
              if node.op_type == "Identity" and node.inputs[0] in names}
    return names | {name.removesuffix(ORIGINAL) for name in names}


def sources(exported: Graph, parameters: Container[str]) -> dict[str, Source]:
    """The values of an exported graph that are parameters, perhaps transposed or masked."""
    found = {name: Source(name) for name in exported.initializers if name in parameters}
    for node in exported.nodes:
        if not node.inputs or not node.outputs or node.inputs[0] not in found:
            continue
        source = found[node.inputs[0]]
        if node.op_type in ("Identity", "Cast"):
            found[node.outputs[0]] = source if node.outputs[0] not in parameters else Source(
                node.outputs[0])
        elif node.op_type == "Transpose":
            axes = node.integers.get("perm")
            if axes is None:
                axes = list(range(exported.initializers[source.parameter].ndim))[::-1]
            found[node.outputs[0]] = source.transposed(tuple(axes))
        elif node.op_type == "Mul":
            name = _masked(node, found)
            if name:
                found[node.outputs[0]] = Source(name)
    return found


def _masked(node: Node, found: dict[str, Source]) -> str:
    """The parameter of which the node is the product of original and mask; else empty."""
    names = sorted(found[name].parameter for name in node.inputs if name in found)
    if len(names) != 2 or not names[0].endswith(MASK) or not names[1].endswith(ORIGINAL):
        return ""
    name = names[0].removesuffix(MASK)
    return name if name == names[1].removesuffix(ORIGINAL) else ""


def weights(exported: Graph, pruned: Graph, parameters: Container[str]) -> Weights:
    """Brings the weights of ``pruned`` back to the parameters from which ``exported`` was made.

    Raises
    ------
    InputError
        If a weight that pruning changed has no parameter of its own.
    """
    known = sources(exported, parameters)
    constants = {node.outputs[0]: node.tensor for node in exported.nodes
                 if node.tensor is not None and node.outputs}
    found = Weights()
    for name, value in pruned.initializers.items():
        if value.dtype.kind not in "fbiu":
            continue
        if name in known:
            _keep(found.values, known[name].parameter, known[name].of_parameter(value))
        elif name in exported.initializers:
            raise InputError(f"the module has no parameter '{name}'; wanted the module that was "
                             "pruned")
        elif name in constants:
            if value.dtype.kind == "f" and not np.array_equal(value, constants[name]):
                raise _without_place(name)
        elif _is_weight(pruned, name):
            _keep(found.added, _layer_of_bias(pruned, name, known), value)
    for node in pruned.nodes:
        if node.op_type in ("Conv", "ConvTranspose") and node.inputs[1] in known:
            found.groups[known[node.inputs[1]].parameter] = node.integers.get("group", [1])[0]
    return found


def _keep(values: dict[str, NDArray[Any]], parameter: str, value: NDArray[Any]) -> None:
    if parameter in values and not np.array_equal(values[parameter], value):
        raise InputError(f"'{parameter}' is the weight of several layers, which pruning changed in "
                         "different ways; a module can hold only one of them")
    values[parameter] = value


def _is_weight(graph: Graph, name: str) -> bool:
    for node in graph.nodes:
        if node.op_type in _WEIGHTED and name in node.inputs[1:]:
            return True
        if node.op_type == "Add" and name in node.inputs and _product_beside(graph, node, name):
            return True
    return False


def _product_beside(graph: Graph, add: Node, name: str) -> Node | None:
    """The MatMul whose product the node adds ``name`` to."""
    others = [value for value in add.inputs if value != name]
    for node in graph.nodes:
        if node.op_type == "MatMul" and others and others[0] in node.outputs:
            return node
    return None


def _layer_of_bias(graph: Graph, name: str, known: dict[str, Source]) -> str:
    """The parameter that is the weight of the layer to which the bias ``name`` was added."""
    for node in graph.nodes:
        layer: Node | None = None
        if node.op_type in ("Gemm", "Conv") and name in node.inputs[2:]:
            layer = node
        elif node.op_type == "Add" and name in node.inputs:
            layer = _product_beside(graph, node, name)
        if layer is not None and layer.inputs[1] in known:
            return known[layer.inputs[1]].parameter
    raise _without_place(name)


def _without_place(name: str) -> InputError:
    return InputError(f"the module has no parameter for the weight '{name}' of the pruned network, "
                      "which is computed from others or a constant; prune with finish=\"keep\" and "
                      "head=\"keep\", or save the result as ONNX")
