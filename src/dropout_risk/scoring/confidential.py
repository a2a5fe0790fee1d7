"""Rows of scores without results of psychological tests: what a file for teachers may hold.

Test results are confidential. Whoever reads the rows learns that a test plays a part and whom to ask; the
values stay with the counsellor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.explanation.reasons import REASON, SIDES
from dropout_risk.text import Language, Text

CONFIDENTIAL = "psychology"
ASK = Text(
    zh="心理测评（结果保密，请与心理教师沟通）", en="Well-being test (confidential: ask the counsellor)"
)
_TOLD = ("domain", "text", "contribution", "points")


def without_tests(rows: pa.RecordBatch, catalogue: FeatureCatalogue, language: Language) -> pa.RecordBatch:
    """Leave out the results of psychological tests.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        Of :func:`dropout_risk.scoring.score_schema.score_schema`.
    catalogue : FeatureCatalogue
        Says which features are made from tests.
    language : {"zh", "en"}
        The language of the sentence that stands in for them.

    Returns
    -------
    pyarrow.RecordBatch
        Of the same columns. All confidential reasons of a pupil on one side are one, at the place of the
        strongest, with the sum of their contributions and points, and with a sentence that says whom to ask;
        all that tells of a
        single test is empty. Contributions of single tests are null (their sum
        stays in ``domains``), tests are named neither in ``missing`` nor in ``suggested_help``.
    """
    hidden = [name for name, feature in catalogue.items() if feature.domain == CONFIDENTIAL]
    columns = {name: rows[name] for name in rows.schema.names}
    columns["contributions"] = _without(rows["contributions"], hidden)
    if "raising" in columns:
        columns |= {side: _merged(rows[side], ASK.to(language)) for side in SIDES}
        told = pc.invert(rows["missing"].flatten().field("sensitive"))
        columns["missing"] = _kept(rows["missing"], told, rows["missing"].flatten())
        columns["suggested_help"] = _unnamed(rows["suggested_help"], hidden)
    arrays = [columns[name] for name in rows.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)


def _without(contributions: pa.StructArray, hidden: list[str]) -> pa.StructArray:
    fields = list(contributions.type)
    parts = [
        pa.nulls(len(part), part.type) if field.name in hidden else part
        for field, part in zip(fields, contributions.flatten(), strict=True)
    ]
    return pa.StructArray.from_arrays(parts, fields=fields, mask=pc.is_null(contributions))


def _merged(column: pa.ListArray, ask: str) -> pa.ListArray:
    """Put the confidential reasons of each list together, in the place of the first."""
    reasons = column.flatten()
    parts = dict(zip([field.name for field in REASON], reasons.flatten(), strict=True))
    secret = np.asarray(pc.equal(parts["domain"], CONFIDENTIAL).to_numpy(zero_copy_only=False), dtype=bool)
    if not secret.any():
        return column
    of_list = _lists(column)
    first = secret & ~_seen_before(secret, of_list)
    mask = pa.array(secret)
    for name in ("contribution", "points"):
        own = parts[name].to_numpy()
        sums = np.bincount(of_list[secret], weights=own[secret], minlength=len(column))
        parts[name] = pa.array(np.where(secret, sums[of_list], own))
    parts["text"] = pc.if_else(mask, ask, parts["text"])
    for field in REASON:
        if field.name not in _TOLD:
            parts[field.name] = _emptied(parts[field.name], secret)
    merged = pa.StructArray.from_arrays([parts[field.name] for field in REASON], fields=list(REASON))
    return _kept(column, pa.array(~secret | first), merged)


def _emptied(column: pa.Array, secret: npt.NDArray[np.bool_]) -> pa.Array:
    """Leave nothing to read in some rows: no number, no word, and neither yes nor no."""
    if pa.types.is_string(column.type):
        return pc.if_else(pa.array(secret), "", column)
    if pa.types.is_boolean(column.type):
        return pc.and_(column, pa.array(~secret))
    return column.take(pa.array(np.arange(len(column)), mask=secret))


def _unnamed(column: pa.ListArray, hidden: list[str]) -> pa.ListArray:
    """Take the names of confidential features out of what help is suggested for."""
    helps = column.flatten()
    kind, because, text = helps.flatten()
    named = because.flatten()
    told = pc.invert(pc.is_in(named, pa.array(hidden, pa.string())))
    fields = list(column.type.value_type)
    parts = [kind, _kept(because, told, named), text]
    return _kept(column, pa.array(np.ones(len(helps), dtype=bool)),
                 pa.StructArray.from_arrays(parts, fields=fields))  # fmt: skip


def _kept(column: pa.ListArray, kept: Any, items: pa.Array) -> pa.ListArray:
    """Give each list those of its items that are kept."""
    counts = np.bincount(_lists(column)[kept.to_numpy(zero_copy_only=False)], minlength=len(column))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    nulls = pc.is_null(column) if column.null_count else None
    return pa.ListArray.from_arrays(offsets, items.filter(kept), type=column.type, mask=nulls)


def _lists(column: pa.ListArray) -> npt.NDArray[np.int64]:
    """Give the list of each item."""
    counts = pc.fill_null(column.value_lengths(), 0).to_numpy()
    return np.repeat(np.arange(len(column)), counts)


def _seen_before(marked: npt.NDArray[np.bool_], of_list: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say which items come after a marked one of the same list."""
    before: npt.NDArray[np.int64] = np.cumsum(marked) - marked
    start = np.searchsorted(of_list, of_list, side="left")
    return np.asarray(before > before[start])
