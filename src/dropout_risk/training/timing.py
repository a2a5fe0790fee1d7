"""How the risk spreads over its horizon: fitted on the training rows, judged on the test rows."""

from __future__ import annotations

from dropout_risk.evaluation.section import Section
from dropout_risk.evaluation.timing import TimedOutcomes, timing_section
from dropout_risk.features.cohort import Cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.timing import Timing
from dropout_risk.settings import Settings
from dropout_risk.training.parts import Parts, Positions


def fit_timing(classifier: RiskClassifier, parts: Parts, histories: Histories, settings: Settings) -> Timing:
    """Learn when pupils of a given score drop out, from the rows whose outcome was known before the test."""
    rows = parts.before_test
    log_odds = classifier.decision_function(parts.X(rows))
    outcomes = outcomes_of(parts, rows, histories, settings)
    return Timing.fit(log_odds, outcomes.days, outcomes.dropped_out, settings.outcome.horizon_days)


def timing(
    fitted: Timing, classifier: RiskClassifier, parts: Parts, histories: Histories, settings: Settings
) -> Section:
    """Judge on the test rows how well it is said when."""
    risk = classifier.predict_proba(parts.X(parts.test))[:, 1]
    days = fitted.thirds
    outcomes = outcomes_of(parts, parts.test, histories, settings)
    return timing_section(outcomes, fitted.within(risk, days), days, risk)


def outcomes_of(parts: Parts, rows: Positions, histories: Histories, settings: Settings) -> TimedOutcomes:
    """Give when the pupils of some labelled rows dropped out."""
    horizon, events = settings.outcome.horizon_days, settings.outcome.events
    chosen = Cohort(parts.cohort.frame.iloc[rows].reset_index(drop=True))
    days = chosen.days_to_outcome(histories, horizon, events).to_numpy()
    return TimedOutcomes.of(days, parts.y(rows) == 1)
