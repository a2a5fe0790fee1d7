"""Scores of some pupils as Arrow rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import PUPIL_ERRORS, SET_APART
from dropout_risk.text import Language


def _texts(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.string()) for name in names]


def _numbers(names: Any) -> pa.DataType:
    return pa.struct([pa.field(str(name), pa.float64()) for name in names])


_REASON = pa.struct(
    [
        *_texts("feature", "domain", "cause", "label", "text"),
        pa.field("value", pa.float64()),
        *_texts("unit"),
        pa.field("comparison", pa.struct([*_texts("kind"), pa.field("value", pa.float64())])),
        pa.field("data_age_days", pa.int64()),
        pa.field("contribution", pa.float64()),
        pa.field("points", pa.float64()),
        pa.field("missing", pa.bool_()),
        pa.field("actionable", pa.bool_()),
        *_texts("state"),
    ]
)
_ALERT = pa.struct(
    [*_texts("rule"), pa.field("since", pa.string()), *_texts("text", "route"), pa.field("days", pa.int64())]
)
_HELP = pa.struct([*_texts("kind"), pa.field("because", pa.list_(pa.string())), *_texts("text")])
_SENTENCES = [
    pa.field("domains", _numbers(DOMAINS)),
    pa.field("causes", _numbers(CAUSES)),
    pa.field("raising", pa.list_(_REASON)),
    pa.field("lowering", pa.list_(_REASON)),
    pa.field("other", pa.float64()),
    pa.field("alerts", pa.list_(_ALERT)),
    pa.field("missing", pa.list_(pa.string())),
    pa.field("warnings", pa.list_(pa.string())),
    pa.field("suggested_help", pa.list_(_HELP)),
]
_ERROR = pa.struct(_texts("code", "field", "message", "hint"))


def score_schema(model: RiskModel, sentences: bool, student_id: pa.DataType) -> pa.Schema:
    """Give the columns of the scores; ``error`` says why a pupil could not be scored."""
    floats = [pa.field(name, pa.float64()) for name in ("risk", "low", "high")]
    return pa.schema(
        [
            pa.field("student_id", student_id),
            *_texts("school_id", "class_id", "responsible_id"),
            *floats,
            *_texts("band"),
            pa.field("rank_in_school", pa.int32()),
            pa.field("base_log_odds", pa.float64()),
            pa.field("log_odds", pa.float64()),
            *(_SENTENCES if sentences else []),
            pa.field("error", _ERROR),
        ]
    )


def score_rows(
    model: RiskModel,
    histories: Histories,
    as_of: DateLike,
    schema: pa.Schema,
    *,
    language: Language | None,
    context: ClassContext | None = None,
) -> pa.Table:
    """Score everyone of some whole classes who is at school on a date."""
    members = np.flatnonzero(members_on(histories.on(as_of)))
    scores = model.score_histories(histories, as_of, members, language=language, context=context)
    rows = []
    for pupil in scores.pupils:
        row = pupil.to_dict() | {"low": pupil.interval[0], "high": pupil.interval[1]}
        row |= {name: getattr(pupil, name) for name in ("school_id", "class_id", "responsible_id")}
        rows.append(row)
    rows += [{"student_id": error.student_id, "error": error.to_dict()} for error in scores.errors]
    message, hint = (text.to(scores.language) for text in PUPIL_ERRORS[SET_APART])
    for student in histories.set_apart:
        told = {"code": SET_APART, "field": "students", "message": message, "hint": hint}
        rows.append({"student_id": student, "error": told})
    return pa.Table.from_pylist(rows, schema=schema)
