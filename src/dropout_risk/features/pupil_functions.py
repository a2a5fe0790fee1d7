"""Registered Python functions of one pupil's known history, for what no measure can express."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dropout_risk.catalogue import measures as declared
from dropout_risk.errors import UnknownFeatureError, nearest
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction
from dropout_risk.histories.snapshot import Window

PupilFunction = Callable[[Mapping[str, Any]], float]
_FUNCTIONS: dict[str, PupilFunction] = {}


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
    """Call the function once per pupil with what is known of it: arrays of days and of dated rows."""
    if measure.function not in _FUNCTIONS:
        raise UnknownFeatureError(
            f"No pupil function is registered as {measure.function!r}.", hint=nearest(measure.function, _FUNCTIONS)
        )
    function = _FUNCTIONS[measure.function]
    return np.array([function(_history(inputs, pupil)) for pupil in range(len(inputs.known))], dtype=np.float64)


def _history(inputs: Inputs, pupil: int) -> dict[str, Any]:
    known = inputs.known
    tables = {"grades": known.grades.rows, "wellbeing": known.wellbeing, "family": known.family}
    history: dict[str, Any] = {
        name: {column: values[rows["pupil"] == pupil] for column, values in rows.items()}
        for name, rows in tables.items()
    }
    history["attendance"] = {
        kind: known.days(kind)[pupil] for kind in ("recorded", "absent", "unexcused", "late", "suspended")
    }
    return history


MEASURES: dict[type[declared.Measure], MeasureFunction] = {declared.PupilFunction: pupil_function}
