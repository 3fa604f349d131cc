"""Results as tables: text of 80 columns, HTML for notebooks, data frames."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas

_WIDTH = 80


def data_frame(columns: Mapping[str, Sequence[Any]], index: str) -> pandas.DataFrame:
    """A pandas data frame whose index is the column ``index``.

    Raises
    ------
    ImportError
        Without pandas.
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("to_frame() needs pandas (pip install pandas, or apt install "
                          "python3-pandas)") from None
    return pandas.DataFrame(dict(columns)).set_index(index)


def as_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side, the first to the left and the others to the right, in at most 80
    characters; long names of rows are cut."""
    widths = [max(len(row[k]) for row in [header, *rows]) for k in range(len(header))]
    widths[0] = max(6, min(widths[0], _WIDTH - sum(width + 2 for width in widths[1:])))
    lines = []
    for row in [header, *rows]:
        name = row[0] if len(row[0]) <= widths[0] else row[0][:widths[0] - 1] + "…"
        cells = [name.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:]))]
        lines.append("  ".join(cells)[:_WIDTH].rstrip())
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def as_html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same as an HTML table."""
    def line(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', header)}</thead><tbody>{body}</tbody></table>"


class Recall:
    """The recall of every class, network by network, on samples that pruning did not use.

    Attributes
    ----------
    classes : list of str
        The K classes.
    samples : array
        Test samples of each class, int64 [K].
    rare : array
        Whether the class is rare in the training data, bool [K].
    networks : dict
        The recall of each network, float64 [K], as a fraction in [0, 1]; not a number for a class
        without test samples. ``prune()`` names the networks ``dense`` and ``pruned``.
    """

    def __init__(self, classes: Sequence[str], samples: Sequence[int], rare: Sequence[int],
                 networks: Mapping[str, Sequence[float | None]]) -> None:
        self.classes = list(classes)
        self.samples: NDArray[np.int64] = np.asarray(samples, np.int64)
        self.rare: NDArray[np.bool_] = np.isin(np.arange(len(self.classes)), list(rare))
        self.networks: dict[str, NDArray[np.float64]] = {
            name: np.asarray([np.nan if value is None else value for value in values], np.float64)
            for name, values in networks.items()}

    @property
    def dense(self) -> NDArray[np.float64]:
        """The dense network's recall of each class, a fraction in [0, 1], [K]."""
        return self["dense"]

    @property
    def pruned(self) -> NDArray[np.float64]:
        """The pruned network's recall of each class, a fraction in [0, 1], [K]."""
        return self["pruned"]

    def __getitem__(self, network: str) -> NDArray[np.float64]:
        return self.networks[network]

    def __len__(self) -> int:
        return len(self.classes)

    def to_frame(self) -> pandas.DataFrame:
        """A pandas data frame: a row for each class; samples, rare, and the networks' recall as
        fractions. Raises ImportError without pandas."""
        return data_frame({"class": self.classes, "samples": self.samples.tolist(),
                           "rare": self.rare.tolist(),
                           **{name: values.tolist() for name, values in self.networks.items()}},
                          "class")

    def _table(self) -> tuple[list[str], list[list[str]]]:
        header = ["recall (%)", "samples", *self.networks]
        rows = [[f"{name} *" if rare else name, str(samples),
                 *(_percent(values[k]) for values in self.networks.values())]
                for k, (name, samples, rare) in enumerate(zip(self.classes, self.samples,
                                                              self.rare))]
        means = [_percent(_mean(values)) for values in self.networks.values()]
        rows.append(["balanced accuracy", str(int(self.samples.sum())), *means])
        return header, rows

    def __str__(self) -> str:
        note = "\n* rare in the training data" if self.rare.any() else ""
        return as_text(*self._table()) + note

    __repr__ = __str__

    def _repr_html_(self) -> str:
        note = "<p>* rare in the training data</p>" if self.rare.any() else ""
        return as_html(*self._table()) + note


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{100 * value:.1f}"
