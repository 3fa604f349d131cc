"""Networks that the program wrote, and the way back into a module of PyTorch."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ncprune import onnx_file, torch_weights, weight_names
from ncprune.call import Call, shared
from ncprune.data import Data, array_data
from ncprune.errors import InputError
from ncprune.measurements import recall_of
from ncprune.network import Network, module_scores, read_bytes, unwrapped
from ncprune.recipe import Recipe
from ncprune.tables import Recall
from ncprune.torch_types import is_module

if TYPE_CHECKING:
    import torch

# How far scores may differ, relative to the largest or to 1, by the element size of the weights.
_TOLERANCE = {2: 3e-2, 4: 1e-3, 8: 1e-3}


class WrittenNetwork:
    """A network that the program wrote.

    Attributes
    ----------
    onnx : bytes
        Its ONNX file.
    details : dict
        What the program reports as JSON.
    """

    def __init__(self, onnx: bytes, details: dict[str, Any], source: Network, data: Data,
                 given: Mapping[str, object]) -> None:
        self.onnx = onnx
        self.details = details
        self._source = source
        self._data = data
        self._given = dict(given)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the ONNX file, completely or not at all.

        Raises
        ------
        InputError
            If it cannot be written; a file of this name is then unchanged.
        """
        path = Path(path)
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with open(handle, "wb") as file:
                    file.write(self.onnx)
                os.chmod(name, 0o666 & ~_umask())
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from None

    def close(self) -> None:
        """Removes the files that hold the data. They also go when nothing refers to the result any
        more and when Python ends."""
        self._data.close()

    def apply(self, model: torch.nn.Module) -> torch.nn.Module:
        """Puts all weights of the network into the module that it was made from, in place.

        Weights, biases and the values of BatchNormalization become those of the file, whose scores
        the module then has. Layers shrink if units were removed; a layer without bias gets one if
        pruning added it. Parameters keep their identity. Where ``torch.nn.utils.prune`` has masks,
        they become those of the new zeros.

        Parameters
        ----------
        model
            The module that was pruned, or another of the same kind.

        Returns
        -------
        torch.nn.Module
            ``model``.

        Raises
        ------
        InputError
            If the module cannot hold the weights, or would give other scores: its code then
            computes with sizes that no longer fit. The module is unchanged.
        """
        if not is_module(model):
            raise InputError(f"apply() takes a torch.nn.Module, not {type(model).__name__}")
        module = unwrapped(model)
        restore = torch_weights.put(module, self._weights(module))
        try:
            self._require_scores(module)
        except BaseException:
            restore()
            raise
        return model

    def masks(self, model: torch.nn.Module | None = None) -> dict[str, NDArray[np.bool_]]:
        """Where weights are not zero, by the names of parameters, for all that have zeros.

        Parameters
        ----------
        model
            The module whose names are wanted, if it was not the module itself that was pruned.

        Returns
        -------
        dict
            Arrays of bool in the shapes of the parameters.
        """
        return torch_weights.masks(self._weights(None if model is None else
                                                 unwrapped(model)).values)

    def apply_masks(self, model: torch.nn.Module) -> torch.nn.Module:
        """Registers masks() with ``torch.nn.utils.prune``, so that training leaves zeros as they
        are. ``remove_masks()`` makes them permanent. Call it after apply().

        Raises
        ------
        InputError
            If a parameter is missing or has another shape.
        """
        module = unwrapped(model)
        torch_weights.put_masks(module, self.masks(module))
        return model

    def _weights(self, module: torch.nn.Module | None) -> weight_names.Weights:
        exported = onnx_file.read_graph(read_bytes(self._source))
        names = (weight_names.stored_names(exported) if module is None
                 else torch_weights.parameter_names(module))
        found = weight_names.weights(exported, onnx_file.read_graph(self.onnx), names)
        if not found.values:
            raise InputError("no weight of the ONNX file has the name of a parameter of the module")
        return found

    def _require_scores(self, module: torch.nn.Module) -> None:
        """Compares the module with the file on a few samples."""
        samples = self._data.samples
        if samples is None:
            return
        try:
            given = module_scores(module, samples)
        except Exception as error:  # whatever the module's own code raises
            raise InputError("the module computes with sizes that no longer fit: "
                             f"{str(error).splitlines()[0] if str(error) else error!r}; save the "
                             "result as ONNX, or prune without structured=") from error
        graph = onnx_file.read_graph(self.onnx)
        wanted = self._scores(samples, max(2, given.shape[1]), _last_operator(graph) == "Sigmoid"
                              and given.shape[1] > 1)
        given = _as_logits(given, wanted, _last_operator(graph))
        if given.shape != wanted.shape:
            raise InputError(f"the module gives {given.shape[1]} scores, the pruned network "
                             f"{wanted.shape[1]}")
        size = max((p.element_size() for p in module.parameters()), default=4)
        difference = float(np.abs(given - wanted).max())
        if not difference <= _TOLERANCE.get(size, 3e-2) * max(1.0, float(np.abs(wanted).max())):
            raise InputError("with these weights the module gives other scores than the pruned "
                             f"network (by up to {difference:.2g}), because it computes with sizes "
                             "or weights of its own; save the result as ONNX")

    def _scores(self, samples: NDArray[Any], count: int, several: bool) -> NDArray[np.float32]:
        """The program's scores, float [N, count], of inputs [N, ...]; ``several``: of labels of
        which several may belong to a sample."""
        how = {key: value for key, value in shared(self._given).items()
               if key in ("threads", "device", "memory")}
        labels = np.ones((len(samples), count), int) if several else np.arange(len(samples)) % count
        data = array_data(samples, labels, samples, labels, [f"class {k}" for k in range(count)])
        try:
            with Call("evaluate", how | {"validation": 0}, False) as call:
                path = call.network(Network("the result", self.onnx), "result")
                call.run([path, f"--scores={call.file('scores.npy')}"], data)
                return np.array(call.array_of("scores.npy")[0])
        finally:
            data.close()


def _umask() -> int:
    value = os.umask(0)
    os.umask(value)
    return value


def _last_operator(graph: onnx_file.Graph) -> str:
    return next((node.op_type for node in graph.nodes if graph.outputs and
                 graph.outputs[0] in node.outputs), "")


def _as_logits(scores: NDArray[Any], wanted: NDArray[Any], last: str) -> NDArray[Any]:
    """The module's scores in the form of the program's, which has those before a closing Softmax or
    Sigmoid and two for a single logit; only differences between a sample's scores count after a
    Softmax."""
    with np.errstate(divide="ignore"):
        if last == "Softmax":
            scores = np.log(scores)
        elif last == "Sigmoid":
            scores = np.log(scores) - np.log1p(-scores)
    if scores.shape[1] == 1 and wanted.shape[1] == 2:
        return np.concatenate([wanted[:, :1], wanted[:, :1] + scores], axis=1)
    if last in ("Softmax", "LogSoftmax"):
        shift = wanted.mean(axis=1, keepdims=True) - scores.mean(axis=1, keepdims=True)
        return np.asarray(scores + shift)
    return scores


class Pruned(WrittenNetwork):
    """A pruned network, as ``prune()`` returns it."""

    _recall: Recall | None = None

    @property
    def recall(self) -> Recall:
        """The recall of every class, dense and pruned, on test samples that pruning did not see.

        It is measured when it is first asked for.
        """
        if self._recall is None:
            with Call("evaluate", shared(self._given), False) as call:
                paths = [call.network(network, stem) for stem, network in self._networks()]
                call.run([*paths, f"--json={call.file('result.json')}"], self._data)
                self._recall = recall_of(call.json_of("result.json"), ["dense", "pruned"])
        return self._recall

    @property
    def dense(self) -> Network:
        """The dense network, which ``evaluate()``, ``compare()`` and ``gate()`` take."""
        return self._source

    @property
    def recipe(self) -> Recipe:
        """Every setting with which the network was pruned."""
        return Recipe.from_json(self.details["recipe"])

    @property
    def kept(self) -> bool | None:
        """Whether the promise of ``max_class_drop=`` or ``min_recall=`` is kept; None without
        one."""
        promise = self.details.get("promise")
        return None if promise is None else bool(promise["kept"])

    def report(self, path: str | os.PathLike[str], *, brief: bool = True,
               progress: bool | None = None, **options: Any) -> None:
        """Writes the report on dense and pruned network.

        Parameters
        ----------
        path
            A file that ends in ``.html``, ``.md``, ``.json`` or ``.csv``.
        brief
            Whether to skip corruptions, attacks and sensitivity, which take minutes.
        options
            Of ``ncprune report``.
        """
        given = shared(self._given) | options | {"brief": brief}
        with Call("report", given, progress) as call:
            paths = [call.network(network, stem) for stem, network in self._networks()]
            call.run([*paths, f"--output={os.fspath(path)}"], self._data)

    def _networks(self) -> list[tuple[str, Network]]:
        return [("dense", self._source), ("pruned", Network("the pruned network", self.onnx))]

    def __repr__(self) -> str:
        if "sparsity" in self.details:
            what = f"{100 * self.details['sparsity']:.1f} % of the weights removed"
        else:
            size = self.details["parameters"]
            what = f"parameters {size['before']} -> {size['after']}"
        return f"<ncprune.Pruned by {self.details['method']}: {what}>"

    def _repr_html_(self) -> str:
        return self.recall._repr_html_()


class Trained(WrittenNetwork):
    """A network that ``train()`` or ``finetune()`` trained."""

    @property
    def history(self) -> list[dict[str, Any]]:
        """The epochs: loss, learning rate, accuracy on the validation samples as fractions, and
        seconds."""
        return list(self.details["history"])

    @property
    def best_epoch(self) -> int:
        """The epoch whose network was written."""
        return int(self.details["best_epoch"])

    def __repr__(self) -> str:
        return f"<ncprune.Trained: epoch {self.best_epoch} of {len(self.history)}>"
