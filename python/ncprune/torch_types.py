"""Tells what is of PyTorch, without loading it."""

from __future__ import annotations

import sys


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a tensor of PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_module(model: object) -> bool:
    """Whether ``model`` is a ``torch.nn.Module``; PyTorch is not loaded for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)
