"""Puts the weights of a pruned file into the module of PyTorch that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ncprune.errors import InputError
from ncprune.weight_names import MASK, ORIGINAL, Weights

if TYPE_CHECKING:
    import torch

Undo = Callable[[], None]


def parameter_names(module: torch.nn.Module) -> set[str]:
    """The names of parameters and buffers that an export of ``module`` can hold, also those that
    torch.nn.utils.prune has split into two."""
    names = set(module.state_dict())
    return names | {name.removesuffix(ORIGINAL) for name in names if name.endswith(ORIGINAL)}


def put(module: torch.nn.Module, weights: Weights) -> Undo:
    """Puts ``weights`` into ``module``, whose layers shrink where weights have fewer rows.

    Parameters keep their identity, so that an optimizer that holds them goes on. A layer without
    bias gets one if pruning added it.

    Returns
    -------
    callable
        Restores the module.

    Raises
    ------
    InputError
        If a layer cannot have these weights; the module is then unchanged.
    """
    undo: list[Undo] = []

    def restore() -> None:
        while undo:
            undo.pop()()

    try:
        shrunk: list[str] = []
        for name, value in weights.values.items():
            if _put_value(module, name, value, undo):
                shrunk.append(name)
        for name, value in weights.added.items():
            _add_bias(module, name, value, undo)
        for owner in sorted({name.rpartition(".")[0] for name in shrunk}):
            _settle_sizes(module, owner, weights.groups, undo)
    except BaseException:
        restore()
        raise
    return restore


def masks(values: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.bool_]]:
    """Where matrices and kernels are not zero, for those that have zeros."""
    found = {name: np.asarray(value != 0) for name, value in values.items()
             if value.ndim > 1 and value.dtype.kind == "f"}
    return {name: mask for name, mask in found.items() if not mask.all()}


def put_masks(module: torch.nn.Module, found: dict[str, NDArray[np.bool_]]) -> None:
    """Registers masks with torch.nn.utils.prune, which multiplies the weights by them in every
    forward pass: training leaves their zeros."""
    import torch
    from torch.nn.utils import prune

    for name, mask in found.items():
        owner, own = _owner(module, name)
        shape = tuple(getattr(owner, own).shape)
        if shape != mask.shape:
            raise InputError(f"'{name}' has the shape {list(shape)}, its mask {list(mask.shape)}; "
                             "apply() the result to the module first")
    for name, mask in found.items():
        owner, own = _owner(module, name)
        tensor = getattr(owner, own)
        ours = torch.from_numpy(mask).to(tensor.device)
        if hasattr(owner, own + MASK):
            getattr(owner, own + MASK).data.copy_(ours)
            _recompute(owner, own)
        else:
            prune.custom_from_mask(owner, own, ours)  # type: ignore[no-untyped-call]


def remove_masks(module: torch.nn.Module) -> torch.nn.Module:
    """Makes the zeros of all masks of torch.nn.utils.prune permanent and removes the masks."""
    from torch.nn.utils import prune

    for part in module.modules():
        for name in [key for key, _ in part.named_parameters(recurse=False)]:
            own = name.removesuffix(ORIGINAL)
            if own != name and hasattr(part, own + MASK):
                prune.remove(part, own)  # type: ignore[no-untyped-call]
    return module


def _owner(module: torch.nn.Module, name: str) -> tuple[torch.nn.Module, str]:
    path, _, own = name.rpartition(".")
    try:
        owner = module.get_submodule(path)
    except AttributeError:
        owner = None
    if owner is None or not hasattr(owner, own):
        raise InputError(f"the module has no parameter '{name}'; wanted the module that was pruned")
    return owner, own


def _recompute(owner: torch.nn.Module, own: str) -> None:
    """What torch.nn.utils.prune does before each forward pass."""
    import torch

    with torch.no_grad():
        setattr(owner, own, getattr(owner, own + ORIGINAL) * getattr(owner, own + MASK))


def _put_value(module: torch.nn.Module, name: str, value: NDArray[Any], undo: list[Undo]) -> bool:
    """Returns whether the shape changed."""
    owner, own = _owner(module, name)
    if own + MASK in owner._buffers:
        undo.append(lambda: _recompute(owner, own))
        changed = _put_tensor(owner, own + ORIGINAL, value, name, undo)
        _put_tensor(owner, own + MASK, np.asarray(value != 0), name, undo)
        _recompute(owner, own)
        return changed
    return _put_tensor(owner, own, value, name, undo)


def _put_tensor(owner: torch.nn.Module, own: str, value: NDArray[Any], name: str,
                undo: list[Undo]) -> bool:
    import torch

    tensor = getattr(owner, own)
    with torch.no_grad():
        new = torch.from_numpy(np.array(value)).to(tensor.device, tensor.dtype)
        if tensor.ndim != new.ndim or any(a < b for a, b in zip(tensor.shape, new.shape)):
            raise InputError(f"'{name}' has the shape {list(tensor.shape)}, the pruned network's "
                             f"{list(new.shape)}; wanted the module that was pruned")
        if tensor.shape == new.shape:
            old = tensor.detach().clone()
            tensor.data.copy_(new)

            def put_back() -> None:
                tensor.data.copy_(old)

            undo.append(put_back)
            return False
        before, gradient = tensor.data, tensor.grad if tensor.requires_grad else None
        tensor.data = new
        if tensor.requires_grad:
            tensor.grad = None

    def restore() -> None:
        tensor.data = before
        if tensor.requires_grad:
            tensor.grad = gradient

    undo.append(restore)
    return True


def _add_bias(module: torch.nn.Module, weight: str, value: NDArray[Any], undo: list[Undo]) -> None:
    import torch

    owner, own = _owner(module, weight)
    if own != "weight" or "bias" not in owner._parameters or owner.bias is not None:
        raise InputError(f"the layer of '{weight}' has no place for the bias that the pruned "
                         "network has; prune with finish=\"keep\" and head=\"keep\", or save the "
                         "result as ONNX")
    like = owner.weight
    bias = torch.from_numpy(np.array(value)).to(like.device, like.dtype)
    owner.bias = torch.nn.Parameter(bias, requires_grad=like.requires_grad)
    undo.append(lambda: setattr(owner, "bias", None))


def _settle_sizes(module: torch.nn.Module, path: str, groups: dict[str, int],
                  undo: list[Undo]) -> None:
    """Gives a layer with smaller weights the attributes that go with them."""
    owner = module.get_submodule(path)
    sizes = dict(_sizes(owner, path, groups))
    before = {key: getattr(owner, key) for key in sizes}
    undo.append(lambda: owner.__dict__.update(before))
    owner.__dict__.update(sizes)


def _sizes(owner: torch.nn.Module, path: str,
           groups: dict[str, int]) -> Iterator[tuple[str, object]]:
    from torch import nn

    weight: Any = getattr(owner, "weight", None)
    if isinstance(owner, (nn.Conv1d, nn.Conv2d, nn.Conv3d)):
        own = groups.get(f"{path}.weight" if path else "weight", owner.groups)
        yield from (("groups", own), ("out_channels", weight.shape[0]),
                    ("in_channels", weight.shape[1] * own))
    elif type(owner) is nn.Linear:
        yield from (("out_features", weight.shape[0]), ("in_features", weight.shape[1]))
    elif isinstance(owner, nn.modules.batchnorm._NormBase):  # also of InstanceNorm
        like = owner.running_mean if weight is None else weight
        yield "num_features", like.shape[0]
    elif isinstance(owner, nn.LayerNorm):
        yield "normalized_shape", tuple(weight.shape)
    elif isinstance(owner, nn.Embedding):
        yield "embedding_dim", weight.shape[1]
    elif isinstance(owner, nn.PReLU):
        yield "num_parameters", weight.shape[0]
    else:
        raise InputError(f"'{path or 'the module'}' ({type(owner).__name__}) holds weights that "
                         "became smaller, and only Linear, Conv, BatchNorm, InstanceNorm, "
                         "LayerNorm, Embedding and PReLU can be made smaller; save the result as "
                         "ONNX, or prune without structured=")
