"""A second identifier in ``students``, such as a national number beside the school's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bools, Ints, Longs
from dropout_risk.records.files.readers import read_batches
from dropout_risk.records.pupils.unused_columns import read_unused, taken_batches
from dropout_risk.records.rows import Draft
from dropout_risk.records.values import as_text
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import Text

NOBODY = -2


@dataclass(frozen=True, eq=False)
class OtherIds:
    """The identifiers under the other headers of ids, as text, with the pupil of each.

    An identifier that two pupils share leads to neither. ``contested`` marks the pupils whose own id is the
    other identifier of somebody else.
    """

    own: frozenset[str]
    headers: tuple[str, ...]
    texts: tuple[Any, ...]
    pupils: tuple[Ints, ...]
    contested: Bools

    @classmethod
    def of(cls, draft: Draft, mapping: RecordsMapping, ids: Any) -> OtherIds | None:
        """Read them where a part of ``students`` has several columns of ids; else None."""
        headers = {span.part.header: mapping.headers("students", span.part.header) for span in draft.spans}
        spare = {name for found in headers.values() for name in found.spare if is_id(name, mapping)}
        if not spare:
            return None
        rows = np.arange(len(draft))
        found = read_unused(draft, mapping, rows, spare.__contains__)
        own = frozenset(plain_form(known.chosen["student_id"]) for known in headers.values() if known.chosen)
        texts, pupils = [], []
        contested = np.zeros(len(ids), np.bool_)
        for values in found.values():
            text, pupil = _each_once(values, draft.values["student_id"])
            texts.append(text)
            pupils.append(pupil)
            at = pc.fill_null(pc.index_in(ids.cast(pa.string()), value_set=text), -1).to_numpy()
            named = at >= 0
            contested[named] |= pupil[at[named]] != np.flatnonzero(named)
        return cls(own, tuple(map(plain_form, found)), tuple(texts), tuple(pupils), contested)

    def under(self, header: str) -> int | None:
        """Give the number of the column that has this header; None where it is none of them."""
        name = plain_form(header)
        return self.headers.index(name) if name in self.headers and name not in self.own else None

    def find(self, texts: Any, columns: Sequence[int] | None = None) -> Ints:
        """Give the pupil of each text, -2 for nobody; in some of the columns, by default in all."""
        rows = np.full(len(texts), NOBODY, np.int32)
        for number in range(len(self.texts)) if columns is None else columns:
            at = pc.fill_null(pc.index_in(texts, value_set=self.texts[number]), -1).to_numpy(
                zero_copy_only=False
            )
            there = (at >= 0) & (rows == NOBODY)
            rows[there] = self.pupils[number][at[there]]
        return rows


def is_id(header: str, mapping: RecordsMapping) -> bool:
    """Say whether a header of ``students`` means an identifier."""
    return "student_id" in mapping.headers("students", [header]).chosen


def _each_once(values: Any, pupil: Ints) -> tuple[Any, Ints]:
    """Give the texts that lead to one pupil only, and the pupil of each."""
    texts = pa.array(values, pa.string())
    given = np.flatnonzero(texts.is_valid().to_numpy(zero_copy_only=False) & (pupil >= 0))
    encoded = texts.take(pa.array(given)).dictionary_encode()
    code, own = encoded.indices.to_numpy(zero_copy_only=False), pupil[given]
    first, last = (np.full(len(encoded.dictionary), -1, np.int32) for _ in range(2))
    ordered = np.argsort(own, kind="stable")
    last[code[ordered]] = own[ordered]
    first[code[ordered[::-1]]] = own[ordered[::-1]]
    one = np.flatnonzero(first == last)
    return encoded.dictionary.take(pa.array(one)), first[one]


# --- Ids that stand in a column of students which nobody said to be one of ids ---

_LOOKED_AT = 2000
_ENDLESS = 1 << 62
_MOSTLY = 0.9
_LIKE_ID = re.compile(r"(^|_)(id|ids|no|nr|num|number|code|upn|uid)\.?($|_)|id$|号|码|编号")


_ELSEWHERE = Text(
    zh="这些学号在 students 的“{header}”列中：在映射文件的 [columns.students] 中"
    "把它写在现用列之后，作为 student_id",
    en="the ids stand in column {header!r} of students: name it, after the one in use, as student_id under "
    "[columns.students] in the mapping",
)


def explain_unknown(draft: Draft, students: Draft, mapping: RecordsMapping) -> None:
    """Name the column of ``students`` in which most ids stand that belong to nobody."""
    unknown = [found for found in draft.findings if found.rule.name == "unknown_pupil" and not found.detail]
    rows = np.concatenate([np.zeros(0, np.int64), *(found.rows for found in unknown)])[:_LOOKED_AT]
    if not len(rows):
        return
    texts = pc.unique(_ids_of(draft, np.sort(rows), mapping)).drop_null()
    for part in [span.part for span in students.spans]:
        used = set(mapping.headers("students", part.header).chosen.values())
        for header in part.header:
            if header not in used and _LIKE_ID.search(plain_form(header)) and _holds_ids(part, header, texts):
                detail = _ELSEWHERE.filled(header=header)
                draft.findings[:] = [
                    replace(found, detail=detail) if any(found is other for other in unknown) else found
                    for found in draft.findings
                ]
                return


def _holds_ids(part: Any, header: str, texts: Any) -> bool:
    """Say whether a column tells rows apart and holds most of some ids."""
    columns = [
        pa.array(batch.columns[0], pa.string()) if isinstance(batch.columns[0], list) else batch.columns[0]
        for batch in read_batches(part, [header])
    ]
    column = pa.chunked_array([as_text(values)[0] for values in columns], pa.string()).drop_null()
    if pc.count_distinct(column).as_py() < max(_MOSTLY * len(column), 1):
        return False
    return bool((pc.sum(pc.is_in(texts, value_set=pc.unique(column))).as_py() or 0) * 2 > len(texts))


def _ids_of(draft: Draft, rows: Longs, mapping: RecordsMapping) -> Any:
    """Read the ids of some rows again as text; rows come in their order."""
    found = []
    starts = [span.start for span in draft.spans]
    for span, stop in zip(draft.spans, [*starts[1:], _ENDLESS], strict=True):
        wanted = rows[slice(*np.searchsorted(rows, [span.start, stop]))] - span.start
        header = mapping.headers(draft.table.name, span.part.header).chosen.get("student_id")
        if len(wanted) and header is not None:
            found += [text for _, (text,) in taken_batches(span.part, [header], wanted)]
    return pa.array([text for texts in found for text in texts], pa.string())
