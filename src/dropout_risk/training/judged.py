"""What a fitted model says of the test rows, beside what happened."""

from __future__ import annotations

from scipy.special import expit

from dropout_risk.evaluation.calibration_figures import Judged
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.training.parts import Parts, Positions


def judged(model: CalibratedModel, parts: Parts, rows: Positions) -> Judged:
    """Score some rows, with intervals and sets.

    Parameters
    ----------
    model : CalibratedModel
        That did not train on the rows.
    parts : Parts
        Of the cohort.
    rows : array of int
        Row numbers, such as ``parts.test``.
    """
    X, days = parts.X(rows), parts.days(rows)
    contributions, interval = model.with_interval(X)
    return Judged(
        outcomes=parts.y(rows),
        risks=expit(contributions.log_odds),
        pupils=parts.students(rows),
        schools=parts.cohorts(rows)["school_id"].to_numpy(dtype=object),
        days=days,
        interval=interval,
        open_outcomes=model.open_outcomes(X),
        groups={"day": days},
    )
