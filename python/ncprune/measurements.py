"""Measurements of networks: recall of every class, changes between two networks, promises."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ncprune.tables import Recall, as_html, as_text, data_frame

if TYPE_CHECKING:
    import pandas


def recall_of(details: Mapping[str, Any], names: Sequence[str]) -> Recall:
    """The recall in what ``evaluate --json`` wrote, with other names for the networks."""
    return Recall(details["classes"], details["samples"], details["minority"],
                  {name: network["recall"] for name, network in zip(names, details["networks"])})


class Evaluation:
    """Measurements of networks on test samples, as ``evaluate()`` returns them.

    Attributes
    ----------
    recall : Recall
        The recall of every class.
    networks : dict
        All measurements of each network as the program reports them: balanced accuracy, AUROC,
        ... as fractions in [0, 1].
    scores : dict or None
        The class scores of each network, float [N, K], in the order of the test samples, if they
        were asked for.
    details : dict
        What the program reports as JSON.
    """

    def __init__(self, details: dict[str, Any], names: Sequence[str],
                 scores: NDArray[Any] | None) -> None:
        self.details = details
        self.recall = recall_of(details, names)
        self.networks: dict[str, dict[str, Any]] = dict(zip(names, details["networks"]))
        self.scores = None if scores is None else dict(zip(names, scores))

    def to_frame(self) -> pandas.DataFrame:
        """A pandas data frame of the recall (Recall.to_frame())."""
        return self.recall.to_frame()

    def __str__(self) -> str:
        return str(self.recall)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.recall._repr_html_()


class _ClassTable:
    """Details with a list of classes that is shown as a table."""

    _columns: Mapping[str, str] = {}

    def __init__(self, details: dict[str, Any]) -> None:
        self.details = details

    @property
    def classes(self) -> list[dict[str, Any]]:
        """Everything that is known of each class."""
        return list(self.details["classes"])

    def to_frame(self) -> pandas.DataFrame:
        """A pandas data frame, a row for each class. Raises ImportError without pandas."""
        rows = self.classes
        return data_frame({key: [row.get(key) for row in rows] for key in rows[0]}, "name")

    def _table(self) -> tuple[list[str], list[list[str]]]:
        rows = [[_shown(row.get(key), key) for key in self._columns] for row in self.classes]
        return list(self._columns.values()), rows

    def _summary(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{as_text(*self._table())}\n{textwrap.fill(self._summary(), 80)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"{as_html(*self._table())}<p>{html.escape(self._summary())}</p>"


def _shown(value: Any, key: str) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{100 * value:.1f}" if "recall" in key or "drop" in key else f"{value:.3f}"
    return str(value)


class Comparison(_ClassTable):
    """What changed between two networks, as ``compare()`` returns it.

    Attributes
    ----------
    details : dict
        What the program reports as JSON, among others every sample that is judged differently.
    """

    _columns = {"name": "class", "samples": "samples", "recall_before": "before (%)",
                "recall_after": "after (%)", "lost": "lost", "gained": "gained",
                "p_value_holm": "p (Holm)"}

    @property
    def balanced_accuracy(self) -> dict[str, float]:
        """Before, after, and the change with the ends ``low`` and ``high`` of its interval, as
        fractions."""
        return dict(self.details["balanced_accuracy"])

    def _summary(self) -> str:
        change = self.balanced_accuracy
        return (f"balanced accuracy {100 * change['before']:.1f} -> {100 * change['after']:.1f} % "
                f"({100 * change['low']:+.1f} to {100 * change['high']:+.1f})")


class Gate(_ClassTable):
    """Whether a network keeps every class of another, as ``gate()`` returns it. True if it does.

    Attributes
    ----------
    details : dict
        What the program reports as JSON.
    """

    _columns = {"name": "class", "samples": "samples", "recall_before": "before (%)",
                "recall_after": "after (%)", "most_drop": "falls at most by", "kept": "kept"}

    @property
    def kept(self) -> bool:
        """Whether the promise is shown to be kept."""
        return bool(self.details["kept"])

    @property
    def verdict(self) -> str:
        """The verdict in a line."""
        return str(self.details["verdict"])

    def __bool__(self) -> bool:
        return self.kept

    def _summary(self) -> str:
        return self.verdict
