"""Refuse to train on leaks: the checks of the rows and of the records, before anything is fitted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.record_leaks import chosen_check, future_check
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.leak_finding import ELSEWHERE
from dropout_risk.modelling.leaks import LeakReport, find_leaks
from dropout_risk.settings import Settings
from dropout_risk.training.parts import Parts


def refuse_leaks(
    histories: Histories, parts: Parts, catalogue: FeatureCatalogue, settings: Settings
) -> LeakReport:
    """Look for leaks in the rows that train, calibrate and test, and in how they were made.

    Parameters
    ----------
    histories : Histories
        What was recorded.
    parts : Parts
        The rows, by what they are used for.
    catalogue : FeatureCatalogue
        The features.
    settings : Settings
        ``leaks.allowed`` names the columns that are honest after all, each with its reason.

    Returns
    -------
    LeakReport
        For the evaluation report; what it holds is allowed.

    Raises
    ------
    LeakError
        With every finding that nobody has allowed.
    """
    rows = np.sort(np.concatenate([parts.before_test, parts.test]))
    found = find_leaks(
        parts.X(rows),
        parts.y(rows),
        parts.students(rows),
        test=np.isin(rows, parts.test, assume_unique=True),
    )
    left = [
        replace(check, not_judged=ELSEWHERE) if check.name == "known_late" else check
        for check in found.checks
    ]
    outcome = settings.outcome
    report = (
        replace(found, checks=tuple(left))
        .with_checks(
            [
                future_check(histories, parts.cohort, parts.features, catalogue),
                chosen_check(histories, parts.cohort, outcome.horizon_days, outcome.events),
            ]
        )
        .allowing(settings.leaks.allowed, catalogue)
    )
    report.require_none()
    return report
