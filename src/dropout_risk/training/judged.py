"""What a fitted model says of the test rows, beside what happened."""

from __future__ import annotations

from scipy.special import expit

from dropout_risk.evaluation.calibration_figures import Judged, Labels
from dropout_risk.evaluation.fairness_groups import audit_groups
from dropout_risk.features.cohort import Cohort
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.training.parts import Parts, Positions


def judged(
    model: CalibratedModel, parts: Parts, rows: Positions, records: SchoolRecords | None = None
) -> Judged:
    """Score some rows, with intervals and sets.

    Parameters
    ----------
    model : CalibratedModel
        That did not train on the rows.
    parts : Parts
        Of the cohort.
    rows : array of int
        Row numbers, such as ``parts.test``.
    records : SchoolRecords, optional
        Which groups the pupils belong to; risks are then judged by each of them.
    """
    X, days = parts.X(rows), parts.days(rows)
    groups = {} if records is None else _recorded(records, parts, rows)
    contributions, interval = model.with_interval(X)
    return Judged(
        outcomes=parts.y(rows),
        risks=expit(contributions.log_odds),
        pupils=parts.students(rows),
        schools=parts.cohorts(rows)["school_id"].to_numpy(dtype=object),
        days=days,
        interval=interval,
        open_outcomes=model.open_outcomes(X),
        groups={"day": days} | groups,
    )


def _recorded(records: SchoolRecords, parts: Parts, rows: Positions) -> dict[str, Labels]:
    """Give the groups that fairness is audited by; schools are told from the rows themselves."""
    groups = audit_groups(records, Cohort(parts.cohort.frame.iloc[rows].reset_index(drop=True)))
    return {str(name): groups[name].to_numpy() for name in groups if name != "school"}
