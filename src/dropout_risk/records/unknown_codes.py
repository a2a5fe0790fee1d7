"""Numbers that stand for "not known" in files of other systems, such as 999, 9999 and -1."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bools
from dropout_risk.records.rows import EMPTIED, Draft, is_empty

_HIGH: tuple[float, ...] = (999.0, 9999.0, 99999.0)
_LOW = (-9.0, -99.0, -999.0, -9999.0)
_DAYS = ("days_enrolled", "days_absent", "days_excused", "days_late")
# a score of -1 may be of a scale around zero; where no number is negative, negative codes are named as such
_CODES: dict[str, dict[str, tuple[float, ...]]] = {
    "students": {"grade_level": (*_HIGH, *_LOW, 99.0, -1.0), "distance_km": _HIGH},
    "attendance_totals": dict.fromkeys(_DAYS, _HIGH),
    "grades": {"max_score": _HIGH},
    "wellbeing": {"score": (*_HIGH, *_LOW)},
    "discipline": {"days": _HIGH},
}


def check_unknown_codes(draft: Draft) -> None:
    """Set rows apart in which a number is a code for "not known"; where a value may be missing, empty it."""
    for name, codes in _CODES.get(draft.table.name, {}).items():
        mask = _is_code(draft, name, codes)
        column = draft.table[name]
        if not np.count_nonzero(mask):
            continue
        if column.nullable and not column.lenient:
            draft.warn("code_for_unknown", name, mask, EMPTIED)
            draft.values[name] = np.where(mask, np.nan, draft.values[name])
        else:
            draft.fault("code_for_unknown", name, mask)


def _is_code(draft: Draft, name: str, codes: tuple[float, ...]) -> Bools:
    values = draft.values[name]
    if len(values) and not values.strides[0] and is_empty(values[:1], draft.table[name].kind).all():
        return np.zeros(len(values), np.bool_)
    return np.isin(values, codes)
