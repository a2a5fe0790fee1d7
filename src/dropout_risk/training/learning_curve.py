"""Fit the chosen candidate again on growing numbers of training pupils."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.evaluation.learning_curve import Size, learning_curve_section
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.evaluation.section import Section
from dropout_risk.modelling.splits import calibration_part
from dropout_risk.settings import Settings
from dropout_risk.training.parts import Parts

if TYPE_CHECKING:
    from dropout_risk.modelling.classifier import RiskClassifier

SHARES = (0.15, 0.3, 0.6)
FEWEST_DROPOUTS = 20
MOST_ROWS = 50_000
"""Training rows up to which the curve is drawn unless the settings say otherwise."""


def learning_curve(
    classifier: RiskClassifier, parts: Parts, held_out: HeldOut, settings: Settings
) -> Section | None:
    """Give the learning curve; None where it is not wanted or too few pupils drop out for a smaller fit."""
    wanted = settings.evaluation.learning_curve
    if not (len(parts.before_test) < MOST_ROWS if wanted is None else wanted):
        return None
    sizes = [size for share in SHARES if (size := _fitted_on(share, classifier, parts, settings)) is not None]
    if not sizes:
        return None
    everybody = Size(len(set(parts.students(parts.before_test))), held_out.p)
    drawn = held_out.resampling(settings.evaluation.replicates)
    return learning_curve_section(held_out, [*sizes, everybody], drawn)


def _fitted_on(share: float, classifier: RiskClassifier, parts: Parts, settings: Settings) -> Size | None:
    """Fit on a share of the pupils, calibrated across two folds; None where too few of a class are left."""
    from sklearn.base import clone

    students = parts.students(parts.before_test)
    # another seed than the one that set pupils aside to calibrate on, or nobody of those would be drawn
    rows = parts.before_test[calibration_part(students, share, settings.models.seed + 1)]
    if parts.fewest_pupils_of_a_class(rows) < FEWEST_DROPOUTS:
        return None
    smaller = clone(classifier).set_params(model=classifier.selection_.chosen, folds=2, leaks="ignore")
    smaller.fit(parts.X(rows), parts.y(rows), groups=parts.students(rows))
    return Size(len(set(parts.students(rows))), smaller.predict_proba(parts.X(parts.test))[:, 1])
