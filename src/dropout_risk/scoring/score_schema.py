"""The columns in which scores are written: one row per pupil, with everything that the reply holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.explanation.reasons import REASON, SIDES

if TYPE_CHECKING:
    from dropout_risk.scoring.risk_model import RiskModel

IDS = ("student_id", "school_id", "class_id", "responsible_id")
NUMBERS = ("risk", "low", "high", "band", "rank_in_school", "base_log_odds", "background", "log_odds")
ALERT = pa.struct(
    [
        pa.field("rule", pa.string()),
        pa.field("since", pa.date32()),
        pa.field("text", pa.string()),
        pa.field("route", pa.string()),
        pa.field("days", pa.int64()),
    ]
)
GAP = pa.struct([pa.field("text", pa.string()), pa.field("sensitive", pa.bool_())])
HELP = pa.struct(
    [
        pa.field("kind", pa.string()),
        pa.field("because", pa.list_(pa.string())),
        pa.field("text", pa.string()),
    ]
)
ERROR = pa.struct([pa.field(name, pa.string()) for name in ("code", "field", "message", "hint")])


def score_schema(model: RiskModel, sentences: bool = True, *, student_id: Any = None) -> pa.Schema:
    """Give the schema of a model's scores.

    Parameters
    ----------
    model : RiskModel
        Its features are the fields of ``contributions``.
    sentences : bool, default=True
        Whether reasons, alerts and everything else in words is there.
    student_id : pyarrow.DataType, optional
        The type of the pupils' ids; by default strings.

    Returns
    -------
    pyarrow.Schema
        ``student_id, school_id, class_id, responsible_id``; ``risk, low, high, band``; ``rank_in_school``
        (null until everyone of the school is scored); ``base_log_odds``, ``background`` (whose mean the base
        is), ``log_odds`` and ``contributions``, a struct with one number per feature: base and contributions,
        added in their order, are the log-odds, bit by bit. With sentences also ``domains, causes, raising,
        lowering, other, other_points, risk_within, alerts, missing, warnings, suggested_help``, as in the
        reply. ``error`` says why a pupil could not be scored; all other columns but the ids are null then.
    """
    fields = [pa.field("student_id", pa.string() if student_id is None else student_id)]
    fields += [pa.field(name, pa.string()) for name in IDS[1:]]
    kinds = {"band": pa.string(), "rank_in_school": pa.int32(), "background": pa.string()}
    fields += [pa.field(name, kinds.get(name, pa.float64())) for name in NUMBERS]
    fields.append(pa.field("contributions", numbers_of(model.catalogue.names)))
    if sentences:
        fields += [pa.field("domains", numbers_of(DOMAINS)), pa.field("causes", numbers_of(CAUSES))]
        fields += [pa.field(side, pa.list_(REASON)) for side in SIDES]
        fields += [
            pa.field("other", pa.float64()),
            pa.field("other_points", pa.float64()),
            pa.field("risk_within", pa.list_(pa.float64())),
            pa.field("alerts", pa.list_(ALERT)),
            pa.field("missing", pa.list_(GAP)),
            pa.field("warnings", pa.list_(pa.string())),
            pa.field("suggested_help", pa.list_(HELP)),
        ]
    return pa.schema([*fields, pa.field("error", ERROR)])


def numbers_of(names: Any) -> pa.DataType:
    """Give the type of a struct of numbers."""
    return pa.struct([pa.field(str(name), pa.float64()) for name in names])
