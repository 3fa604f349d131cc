"""The arguments about data and networks that the functions of the package share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ncprune.data import (Data, array_data, as_array, as_network_inputs, named_data,
                          to_numpy)
from ncprune.errors import InputError
from ncprune.network import Network, as_network

_DATA = ("x_test", "y_test", "classes", "data", "example")


def data_of(command: str, x: Any, y: Any, given: dict[str, Any]) -> Data:
    """The data of a call; takes the arguments about data out of ``given``."""
    own = {key: given.pop(key, None) for key in _DATA}
    if own["data"] is not None:
        if x is not None or own["x_test"] is not None:
            raise InputError(f"{command}: x and data are given; wanted one of them")
        data = named_data(os.fspath(own["data"]))
        if own["classes"] is not None:
            raise InputError(f"{command}: classes goes with x; the data '{data.spec}' name theirs")
    elif x is None:
        raise InputError(f"{command}: x is missing; wanted arrays x and y, a DataLoader as x, or "
                         "data=, as in ncprune datasets")
    else:
        data = array_data(x, y, own["x_test"], own["y_test"], own["classes"])
    if own["example"] is not None:
        data.samples = first_samples(own["example"])
    return data


def first_samples(example: Any) -> NDArray[Any]:
    """At most 32 inputs as a network takes them, of ``example`` [N, ...]."""
    array = as_array(example, "example")
    part = to_numpy(array[:32])
    if part.ndim < 2 or len(part) == 0:
        raise InputError(f"example has the shape {list(part.shape)}; wanted samples, [N, ...]")
    return as_network_inputs(part.astype(np.float32) if part.dtype == np.float64 else part)


@contextmanager
def closed_on_error(data: Data) -> Iterator[None]:
    """The data's files go at once if the call fails."""
    try:
        yield
    except BaseException:
        data.close()
        raise


def network_of(model: Any, data: Data, name: str = "model") -> Network:
    """The network of ``model``, which has a score for every label of the data."""
    network = as_network(model, data.samples, name)
    if network.classes is not None:
        data.require_classes(network.classes)
    return network
