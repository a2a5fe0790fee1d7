"""Registered Python functions of one pupil's known history, for what no measure can express."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from dropout_risk.arrays import Array, Floats
from dropout_risk.catalogue import measures as declared
from dropout_risk.errors import UnknownFeatureError, nearest
from dropout_risk.features.inputs import Inputs, MeasureFunction
from dropout_risk.histories.snapshot import Snapshot, Window
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import RUNS

PupilFunction = Callable[[Mapping[str, Any]], float]
_FUNCTIONS: dict[str, PupilFunction] = {}
KINDS = ("recorded", "present", *STATUSES.kinds[1:])
DATES = ("date", "known", "until")


def register_pupil_function(name: str) -> Callable[[PupilFunction], PupilFunction]:
    """Register a function of one pupil's known history under the name that a catalogue uses.

    A bundle holds only the name: where it is loaded, the same function must be registered first.

    Parameters
    ----------
    name : str
        The name used in ``measures.PupilFunction``.

    Examples
    --------
    >>> @register_pupil_function("number_of_marks")
    ... def number_of_marks(history):
    ...     return float(len(history["grades"]["percent"]))
    """

    def register(function: PupilFunction) -> PupilFunction:
        _FUNCTIONS[name] = function
        return function

    return register


def pupil_function(measure: declared.PupilFunction, window: Window, inputs: Inputs) -> Floats:
    """Call the function once per pupil with what is known of it: arrays of days and of dated rows.

    ``attendance`` holds one truth value per school day and kind, the last school day before the date at
    the end; the other tables that features read hold parallel arrays, words as words, dates as dates.
    """
    if measure.function not in _FUNCTIONS:
        raise UnknownFeatureError(
            f"No pupil function is registered as {measure.function!r}.",
            hint=nearest(measure.function, _FUNCTIONS),
        )
    function = _FUNCTIONS[measure.function]
    return np.array([function(history) for history in _pupil_histories(inputs.snapshot)], dtype=np.float64)


def _pupil_histories(snapshot: Snapshot) -> Iterator[dict[str, Any]]:
    """Give each pupil's known history, without a trace of the others it is computed with."""
    known_rows = {name: snapshot.rows(name) for name, table in RUNS.items() if table.source == name}
    tables = {name: _in_words(rows, snapshot.histories.words) for name, rows in known_rows.items()}
    bounds = {name: rows.offsets for name, rows in known_rows.items()}
    days = {kind: snapshot.days(kind) for kind in KINDS}
    held = np.clip(snapshot.end, 0, snapshot.calendar.lengths[snapshot.histories.calendar_row])
    for pupil in range(len(snapshot)):
        history: dict[str, Any] = {
            "attendance": {kind: bits[pupil, snapshot.n_days - held[pupil] :] for kind, bits in days.items()}
        }
        for name, rows in tables.items():
            own = slice(*bounds[name][pupil : pupil + 2])
            history[name] = {column: values[own] for column, values in rows.items() if column != "pupil"}
        yield history


def _in_words(rows: Mapping[str, Array], words: dict[str, tuple[str, ...]]) -> dict[str, Array]:
    """Give rows with words for codes (None for none) and dates for ordinals, as a copy."""
    named = {}
    for column, values in rows.items():
        if column in words:
            named[column] = np.array([*words[column], None], dtype=object)[values]
        elif column in DATES:
            named[column] = values.astype("datetime64[D]")
        else:
            named[column] = values.copy()
    return named


MEASURES: dict[type[declared.Measure], MeasureFunction] = {declared.PupilFunction: pupil_function}
