"""Numbers that stand for "not known" in files of other systems, such as 999, 9999 and -1."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bools
from dropout_risk.records.rows import EMPTIED, Draft, is_empty
from dropout_risk.records.values import EMPTY

_FEW = 128


def check_unknown_codes(draft: Draft) -> None:
    """Set rows apart in which a number is a code for "not known"; where a value may be missing, empty it."""
    for column in draft.table.columns:
        if not column.codes_for_unknown:
            continue
        name, codes = column.name, column.codes_for_unknown
        mask = _is_code(draft, name, codes)
        if not np.count_nonzero(mask):
            continue
        if column.nullable and not column.lenient:
            draft.warn("code_for_unknown", name, mask, EMPTIED)
            draft.values[name] = np.where(mask, EMPTY[column.kind], draft.values[name])
        else:
            draft.fault("code_for_unknown", name, mask)


def _is_code(draft: Draft, name: str, codes: tuple[float, ...]) -> Bools:
    values = draft.values[name]
    if len(values) and not values.strides[0] and is_empty(values[:1], draft.table[name].kind).all():
        return np.zeros(len(values), np.bool_)
    if len(values) <= _FEW and not {*codes} & {*values.tolist()}:
        return np.zeros(len(values), np.bool_)
    return np.asarray(np.logical_or.reduce([values == code for code in codes]))
