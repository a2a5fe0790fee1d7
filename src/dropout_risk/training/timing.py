"""How the risk spreads over its horizon: fitted on the training rows, judged on the test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dropout_risk.evaluation.resampling import Resampling
from dropout_risk.evaluation.section import Section
from dropout_risk.evaluation.timing import TimedOutcomes
from dropout_risk.evaluation.timing_section import timing_section
from dropout_risk.features.cohort import Cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.timing import Timing
from dropout_risk.settings import Settings
from dropout_risk.training.parts import Parts, Positions


@dataclass(frozen=True)
class FittedTiming:
    """When pupils drop out, as learned before the test.

    Parameters
    ----------
    timing : Timing
        Sooner or later by score; it is shipped.
    alike : tuple of float
        The share of the horizon's dropouts before each of ``timing.thirds``, of all pupils together:
        what the timing is judged beside.
    """

    timing: Timing
    alike: tuple[float, ...]


def fit_timing(
    classifier: RiskClassifier, parts: Parts, histories: Histories, settings: Settings
) -> FittedTiming:
    """Learn when pupils of a given score drop out, from the rows whose outcome was known before the test.

    A training row's score is that of the fold model that did not see it; rows set aside to calibrate were
    seen by none.
    """
    rows = np.concatenate([parts.train, parts.calibration])
    log_odds = classifier.out_of_fold_
    if len(parts.calibration):
        log_odds = np.append(log_odds, classifier.decision_function(parts.X(parts.calibration)))
    outcomes = outcomes_of(parts, rows, histories, settings)
    timing = Timing.fit(log_odds, outcomes.days, outcomes.dropped_out, settings.outcome.horizon_days)
    when = outcomes.days[outcomes.dropped_out]
    return FittedTiming(timing, tuple(float((when < day).mean()) for day in timing.thirds))


def timing(
    fitted: FittedTiming,
    classifier: RiskClassifier,
    parts: Parts,
    histories: Histories,
    settings: Settings,
    *,
    resampling: Resampling | None,
) -> Section:
    """Judge on the test rows how well it is said when."""
    risk = classifier.predict_proba(parts.X(parts.test))[:, 1]
    days = fitted.timing.thirds
    outcomes = outcomes_of(parts, parts.test, histories, settings)
    return timing_section(outcomes, fitted.timing.within(risk, days), days, fitted.alike, resampling)


def outcomes_of(parts: Parts, rows: Positions, histories: Histories, settings: Settings) -> TimedOutcomes:
    """Give when the pupils of some labelled rows dropped out."""
    horizon, events = settings.outcome.horizon_days, settings.outcome.events
    chosen = Cohort(parts.cohort.frame.iloc[rows].reset_index(drop=True))
    days = chosen.days_to_outcome(histories, horizon, events).to_numpy()
    return TimedOutcomes.of(days, parts.y(rows) == 1)
