"""Rows that are no pupil's: totals, a repeated line of headers, the example of a template."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array
from dropout_risk.records.pupils.pupil_index import NO_PUPIL
from dropout_risk.records.values import FAULTS, is_text

_FAULT = FAULTS.index("no_pupil_row")
_TOTAL = (
    r"(?:总|合|小|共|累)计.*|总数|汇总|平均(?:分|值|数)?|最[高低](?:分|值)|(?:grand|sub)?total(?:s|rows?)?\d*|"
    r"sum|sums|average|averages|mean|avg\.?|rowcount|subtotals?"
)
_EXAMPLE = (
    r"(?:示例|样例|范例|例如|例[:：]|模板|必填|选填|填写说明|填表说明|填报说明|说明[:：]|注[:：]|备注[:：]|制表人|填表人|审核人).*|"
    r"(?:example|sample|template|placeholder|e\.g\.|required|optional)(?:[^a-z].*|(?:student|pupil|id)?)"
)
_FOOTER = (
    r"(?:共|总共)\d+(?:人|名|位|条|行|页|个).*|第\d+页.*|打印(?:人|者|日期|时间).*|导出(?:人|日期|时间).*|"
    r"(?:printed|generated|exported|prepared)(?:by|on|at)[^a-z]*.+|page\d+(?:of|/)\d+|endof(?:report|file|list)|"
    r"(?:record|row|student|pupil)count\W*\d+|\W*confidential\W*"
)
_NEAR = (
    "(?i)共|第|打印|导出|printed|generated|exported|prepared|page|end|confidential|计|总|汇|平均|最|total|sum|average|mean|avg|count|例|模板|填|说明|注|制表|审核|"
    "example|sample|template|placeholder|e.g|required|optional"
)
_NO_PUPIL = re.compile(f"(?:{_TOTAL}|{_EXAMPLE}|{_FOOTER})", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\u3000_\-]+")


class PupilWords:
    """Tells ids that name no pupil from those that do; ``headers`` are those under which ids may stand.

    >>> PupilWords(["学号"]).are_none(["合 计", "EXAMPLE-001", "学号", "S-1", "Total:", "7"])
    [True, True, True, False, True, False]
    """

    def __init__(self, headers: Sequence[str]) -> None:
        self._headers = frozenset(_bare_text(header) for header in headers)
        self._near = "|".join((_NEAR, *(re.escape(header[:3]) for header in headers if header)))

    @staticmethod
    @lru_cache(maxsize=64)
    def under(headers: tuple[str, ...]) -> PupilWords:
        """Give those of some headers, made once."""
        return PupilWords(headers)

    def are_none(self, ids: Sequence[str | None]) -> list[bool]:
        """Say of each id whether it names no pupil."""
        return [self._is_none(text) for text in ids]

    def _is_none(self, text: str | None) -> bool:
        if text is None or text.isdigit():
            return False
        bare = _bare_text(text)
        return bare in self._headers or _NO_PUPIL.fullmatch(bare) is not None

    def fault_ids(self, ids: Any, faults: Array) -> tuple[Any, Array]:
        """Take such words out of a column of ids, and mark their rows."""
        if isinstance(ids, list) or not is_text(ids.type):
            return ids, faults
        near = pc.fill_null(pc.match_substring_regex(ids, self._near), False).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(near)
        bad = rows[self.are_none(ids.take(pa.array(rows)).to_pylist())] if len(rows) else rows
        if not len(bad):
            return ids, faults
        faults = np.array(faults, np.uint8)
        faults[bad] = _FAULT
        return pc.if_else(pa.array(faults == _FAULT), None, ids), faults

    def fault_rows(self, array: Any, rows: Array, faults: Array) -> tuple[Array, Array]:
        """Mark such words among the ids that belong to no pupil known."""
        unknown = np.flatnonzero(rows < NO_PUPIL)
        if not len(unknown):
            return rows, faults
        texts = [array[k] for k in unknown] if isinstance(array, list) else _texts_at(array, unknown)
        known = dict.fromkeys(texts)
        none = dict(zip(known, self.are_none(list(known)), strict=True))
        bad = unknown[[none[text] for text in texts]]
        if len(bad):
            rows, faults = np.array(rows), np.array(faults, np.uint8)
            rows[bad], faults[bad] = NO_PUPIL, _FAULT
        return rows, faults


def _texts_at(array: Any, rows: Array) -> list[str | None]:
    taken = array.take(pa.array(rows))
    if pa.types.is_dictionary(taken.type):
        taken = taken.cast(taken.type.value_type)
    return list(taken.to_pylist()) if is_text(taken.type) else [None] * len(rows)


def _bare_text(text: str) -> str:
    return _BETWEEN.sub("", text.strip().lower()).rstrip(":：")
