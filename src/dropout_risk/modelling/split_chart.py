"""The picture of splits in time; matplotlib is imported where it draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dropout_risk.errors import MissingExtraError
from dropout_risk.modelling.split_dates import AsOfDates, DateBlock
from dropout_risk.modelling.split_fold import Fold

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = {
    "train": "#1b4f8a",
    "labels not known in time": "#e0b252",
    "test": "#a83232",
    "not used": "#dddddd",
}
MOST_DRAWN = 12


def split_chart(folds: Sequence[Fold], dates: AsOfDates, horizon_days: int) -> Figure:
    """Draw one band per split over school days, the first split on top.

    Where schools or pupils are left out a band has two halves: above who trains, below who is left out.
    The line behind the last training date is the window its labels look at: it ends before the test.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    drawn = folds[:MOST_DRAWN]
    figure = Figure(figsize=(10, 1.6 + 0.5 * len(drawn)), layout="constrained")
    axes = figure.subplots()
    days, first, last = dates.bounds()
    cells = list(zip(days, first.astype(float).tolist(), strict=True))
    width = 0.9 * float(np.diff(first).min()) if len(first) > 1 else 1.0
    for place, fold in enumerate(drawn):
        _draw_band(axes, place, fold, cells, width)
        end = int(last[np.searchsorted(days, fold.block.train[-1])])
        axes.plot([end, end + horizon_days], [place + 0.45] * 2, color="black", linewidth=1.2, marker="|")
    axes.set_yticks(range(len(drawn)), [_name(place, fold) for place, fold in enumerate(drawn)], fontsize=8)
    axes.set_xticks(first, [str(day)[:10] for day in days], rotation=45, ha="right", fontsize=8)
    axes.set(ylim=(len(drawn) - 0.4, -0.6), xlabel="as-of date, spaced by school days")
    axes.set_title(_title(len(folds), len(drawn), horizon_days), fontsize=10)
    _draw_key(figure)
    return figure


def _draw_band(axes: Any, place: int, fold: Fold, cells: Sequence[tuple[Any, float]], width: float) -> None:
    halves: list[tuple[bool | None, float, float]] = [(None, place - 0.35, 0.7)]
    if fold.aside is not None:
        halves = [(False, place - 0.35, 0.34), (True, place + 0.01, 0.34)]
    for is_aside, low, height in halves:
        for day, start in cells:
            colour = COLOURS[_state(fold.block, day, is_aside)]
            axes.broken_barh([(start, width)], (low, height), facecolors=colour)


def _state(block: DateBlock, day: Any, is_aside: bool | None) -> str:
    """Say what becomes of the rows of a date; None where nobody is left out."""
    if is_aside is not False and day in block.test:
        return "test"
    if not is_aside and day in block.train:
        return "train"
    return "labels not known in time" if not is_aside and day < block.test[0] else "not used"


def _name(place: int, fold: Fold) -> str:
    return f"split {place}" + (f"\n{fold.left_out} left out" if fold.left_out else "")


def _title(number: int, drawn: int, horizon_days: int) -> str:
    shown = "" if drawn == number else f", the first {drawn} drawn"
    return f"{number} split(s) in time, labels look {horizon_days} school days ahead{shown}"


def _draw_key(figure: Any) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    key: list[Any] = [Patch(color=colour, label=name) for name, colour in COLOURS.items()]
    key.append(Line2D([], [], color="black", marker="|", label="labels of the last training date"))
    figure.legend(handles=key, loc="outside lower center", ncols=len(key), fontsize=8, frameon=False)
