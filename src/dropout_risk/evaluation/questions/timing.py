"""How well it is said when pupils drop out: time-dependent AUC and Brier score, and concordance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats, Positions
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.parts import Parts
from dropout_risk.evaluation.resampling import Interval, Resampling
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    all_of,
    inside_bounds,
    with_interval,
)
from dropout_risk.evaluation.trained_model import FittedTiming, TrainedModel
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.timing import Timing
from dropout_risk.settings import Settings
from dropout_risk.text import CLAUSES, Text


@dataclass(frozen=True, eq=False)
class TimedOutcomes:
    """When rows dropped out, or until when they were seen to stay.

    ``days`` are school days from the as-of date to the dropout (from 0), or to the end of what was observed;
    ``dropped_out`` says whether the pupil dropped out on that day.
    """

    days: npt.NDArray[np.int64]
    dropped_out: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, days: npt.ArrayLike, dropped_out: npt.ArrayLike) -> Self:
        """Check that the two belong together."""
        when, out = np.asarray(days, dtype=np.int64), np.asarray(dropped_out, dtype=bool)
        if when.shape != out.shape or when.ndim != 1 or when.size == 0:
            raise EvaluationError(f"Days and outcomes must be two lists of one length, got {when.shape}.")
        return cls(when, out)

    def within(self, day: int) -> tuple[npt.NDArray[np.bool_], Floats]:
        """Say who dropped out before a day, and weigh rows against those who were lost sight of.

        A dropout counts with one over the chance of not having been lost until then, a row still there
        with one over the chance until ``day``, and a row lost earlier not at all (inverse probability
        of censoring weights, Graf et al. 1999).
        """
        before = self.dropped_out & (self.days < day)
        still = self.days >= day
        weight = np.zeros(len(self.days))
        weight[before] = 1 / self._seen(self.days[before])
        if still.any():
            weight[still] = 1 / self._seen(np.array([day]))
        return before, weight

    def _seen(self, days: npt.NDArray[np.int64]) -> Floats:
        """Give the Kaplan-Meier chance of still being in sight on some days."""
        lost, at = np.unique(self.days[~self.dropped_out], return_counts=True)
        staying = len(self.days) - np.searchsorted(np.sort(self.days), lost, side="left")
        gone = np.searchsorted(np.sort(self.days[self.dropped_out]), lost, side="right")
        gone -= np.searchsorted(np.sort(self.days[self.dropped_out]), lost, side="left")
        chance = np.concatenate([[1.0], np.cumprod(1 - at / np.maximum(staying - gone, 1))])
        return np.asarray(chance[np.searchsorted(lost, days, side="left")])


def timed_metrics(outcomes: TimedOutcomes, risk_within: npt.ArrayLike, days: Sequence[int]) -> pd.DataFrame:
    """Measure risks within several numbers of days, all weighed against censoring.

    Gives one row per day: ``observed`` share, ``mean_risk``, cumulative/dynamic ``auc`` (dropouts before the
    day against those still there on it), ``brier``, and ``brier_of_one_curve`` (everybody gets the observed
    share).
    """
    risks = np.asarray(risk_within, dtype=np.float64)
    if risks.shape != (len(outcomes.days), len(days)):
        raise EvaluationError(f"Risks have shape {risks.shape}, wanted {(len(outcomes.days), len(days))}.")
    rows = [_metrics_on_day(outcomes, risks[:, position], day) for position, day in enumerate(days)]
    return pd.DataFrame(rows, index=pd.Index(list(days), name="days"))


def _metrics_on_day(outcomes: TimedOutcomes, risk: Floats, day: int) -> dict[str, float]:
    before, weight = outcomes.within(day)
    observed = float(np.average(before, weights=weight)) if weight.any() else np.nan
    counted = weight > 0
    return {
        "observed": observed,
        "mean_risk": float(risk.mean()),
        "auc": _weighted_auc(before[counted], risk[counted], weight[counted]),
        "brier": float(np.average((risk - before) ** 2, weights=weight)),
        "brier_of_one_curve": observed * (1 - observed),
    }


def _weighted_auc(before: npt.NDArray[np.bool_], risk: Floats, weight: Floats) -> float:
    if before.all() or not before.any():
        return float("nan")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(before, risk, sample_weight=weight))


def concordance_index(outcomes: TimedOutcomes, risk: npt.ArrayLike) -> float:
    """Give the share of pairs in which who dropped out earlier had the higher risk (Harrell's C).

    A pair counts if one dropped out while the other was still in sight; equal risks count a half.
    NaN where there is no such pair.
    """
    value = np.asarray(risk, dtype=np.float64)
    order = np.argsort(outcomes.days, kind="stable")
    days, out, value = outcomes.days[order], outcomes.dropped_out[order], value[order]
    rank = np.unique(value, return_inverse=True)[1]
    agreed = pairs = 0.0
    for position in np.flatnonzero(out):
        later = np.searchsorted(days, days[position], side="right")
        censored_then = (days[:later] == days[position]) & ~out[:later]
        other = np.concatenate([rank[:later][censored_then], rank[later:]])
        agreed += float((other < rank[position]).sum()) + 0.5 * float((other == rank[position]).sum())
        pairs += len(other)
    return agreed / pairs if pairs else float("nan")


# --- What the report says of timing: whether it beats one curve for all, and is right in the mean ---

HEAD = (
    Text(zh="教学日", en="Within school days"),
    Text(zh="实际比例", en="Observed share"),
    Text(zh="平均风险", en="Mean risk"),
    "AUC",
    "Brier",
    Text(zh="Brier（时间分布人人相同）", en="Brier, days spread alike for all"),
)
MEANING = Text(
    zh="在各期限内的风险由整个预测期的风险按时间分摊，期限越长风险越高，各期限的学生排序相同："
    "AUC之差只来自辍学时间，不是另有判断。一致性指数{concordance:.3f}。",
    en="The risk within fewer days is the risk of the whole horizon spread over time, so it never falls with "
    "the days, and all of them order pupils alike: their AUCs differ by who drops out when, not by another "
    "judgement. Concordance {concordance:.3f}.",
)
CENSORED = Text(
    zh="有{rows}行未观察到期末，按删失加权。",
    en="{rows} rows were not observed to the end and are weighed as censored.",
)
ALIKE = Text(
    zh="把每人的风险按同一条时间曲线分摊，平均Brier之差为{by}：模型说的“何时”{verdict}。",
    en="Against the same risks spread over the days alike for all, the mean Brier score differs by {by}: "
    "when a pupil drops out is told {verdict}.",
)
VERDICTS = {
    "better": Text(zh="比这条曲线准", en="better than by that one curve"),
    "worse": Text(zh="不如这条曲线准", en="worse than by that one curve"),
    "alike": Text(zh="看不出比这条曲线准", en="no better than by that one curve, as far as can be seen"),
}
NOT_WORSE = Question(
    "timing_not_worse_than_one_curve",
    "时间分布不劣于统一曲线",
    Text(
        zh="何时辍学是否说得不差于人人同一条曲线",
        en="whether it says when no worse than one curve for everybody",
    ),
)
OF_THE_MEAN = Question(
    "timing_of_the_mean",
    "时间分布的均值",
    Text(
        zh="较短时间内的风险是否太高或太低", en="whether risks within a shorter time are too high or too low"
    ),
)
MOST_AWAY = 0.15
"""Largest difference between the share of dropouts before a day and that of the risks."""
SPREAD = Text(
    zh="预测期内辍学的，有{observed:.0%}在{day}个教学日内辍学，按风险应为{said:.0%}：相差{away}，"
    "区间不得超出±{most}",
    en="of the dropouts of the whole horizon {observed:.0%} fall within {day} school days, by the risks "
    "{said:.0%}: a difference of {away}, whose interval must lie within {most}",
)
NO_DAYS = Text(zh="没有更短的期限可供判断", en="there are no shorter horizons to judge")


def timing_section(
    outcomes: TimedOutcomes,
    risk_within: npt.ArrayLike,
    days: Sequence[int],
    alike: npt.ArrayLike,
    resampling: Resampling | None = None,
) -> Section:
    """Write the measures of the risks within several numbers of days as a section of the report.

    The days rise, and the last is the horizon. ``alike`` is the share of the horizon's dropouts before each
    day, learned elsewhere and the same for everybody: spreading each pupil's risk by it keeps the order of
    pupils, so that only timing can be better. Without ``resampling`` no check can be made.
    """
    risks = np.asarray(risk_within, dtype=np.float64)
    spread = risks[:, -1:] * np.asarray(alike, dtype=np.float64)
    table = timed_metrics(outcomes, risks, days).drop(columns="brier_of_one_curve")
    table["brier_alike"] = timed_metrics(outcomes, spread, days)["brier"]
    gap = float((table["brier"] - table["brier_alike"]).mean())
    draws = resampling or Resampling.once(len(outcomes.days))
    ends = _gap_interval(outcomes, risks, spread, days, draws)
    beside = ALIKE.filled(
        by=with_interval(gap, ends, digits=5, form="+"), verdict=VERDICTS[_timing_verdict(ends)]
    )
    agreement = concordance_index(outcomes, risks[:, -1])
    said = [MEANING.filled(concordance=agreement), beside]
    lost = int((~outcomes.dropped_out & (outcomes.days < days[-1])).sum())
    not_worse = NOT_WORSE.answered(
        None if ends is None else _timing_verdict(ends) != "worse", _without_stop(beside)
    )
    return TIMING.section(
        [*said, CENSORED.filled(rows=lost)] if lost else said,
        [_timing_table(table)],
        _timing_figures(table) | {"concordance": agreement, "brier_less_alike": gap},
        [not_worse, _mean_check(outcomes, risks, days, draws)],
    )


def _without_stop(sentence: Text) -> Text:
    """Take the full stop from a sentence that stands in brackets."""
    return Text(zh=sentence.zh.removesuffix("。"), en=sentence.en.removesuffix("."))


def _timing_table(table: pd.DataFrame) -> SectionTable:
    rows: list[tuple[Cell, ...]] = [
        (str(day), *line) for day, line in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    return SectionTable(TIMING.title, HEAD, tuple(rows))


def _timing_figures(table: pd.DataFrame) -> dict[str, float]:
    by_day = {
        f"{name}_{day}": float(table.loc[day, name]) for day in table.index for name in ("auc", "brier")
    }
    return by_day | {"integrated_brier": float(table["brier"].mean())}


def _gap_interval(
    outcomes: TimedOutcomes, risks: Floats, spread: Floats, days: Sequence[int], resampling: Resampling
) -> Interval | None:
    """Give the interval of the mean difference of the Brier scores, schools or pupils drawn again."""
    drawn = []
    for position, day in enumerate(days):
        before, weight = outcomes.within(day)
        gap = (risks[:, position] - before) ** 2 - (spread[:, position] - before) ** 2
        sums = resampling.sums(np.column_stack([weight * gap, weight]))
        drawn.append(sums[:, 0] / np.maximum(sums[:, 1], 1e-12))
    return resampling.interval(np.mean(drawn, axis=0))


def _timing_verdict(ends: Interval | None) -> str:
    if ends is None or ends.low <= 0 <= ends.high:
        return "alike"
    return "better" if ends.high < 0 else "worse"


def _mean_check(outcomes: TimedOutcomes, risks: Floats, days: Sequence[int], resampling: Resampling) -> Check:
    """Check on each day but the last that as great a share of the dropouts falls before it as is said."""
    whole = outcomes.within(days[-1])
    found = []
    for position, day in enumerate(days[:-1]):
        before, weight = outcomes.within(day)
        columns = np.column_stack([before * weight, whole[0] * whole[1], risks[:, position], risks[:, -1]])
        observed, said = _dropout_shares(columns.sum(axis=0)[None, :])
        first, second = _dropout_shares(resampling.sums(columns))
        ends = resampling.interval(first - second)
        away = with_interval(float(observed[0] - said[0]), ends, form="+")
        shares = {"observed": float(observed[0]), "said": float(said[0])}
        passed = None if ends is None else inside_bounds((ends.low, ends.high), (-MOST_AWAY, MOST_AWAY))
        found.append((passed, SPREAD.filled(day=day, away=away, most=MOST_AWAY, **shares)))
    if not found:
        return OF_THE_MEAN.answered(None, NO_DAYS)
    return OF_THE_MEAN.answered(
        all_of(passed for passed, _ in found), CLAUSES.joined([said for _, said in found])
    )


def _dropout_shares(sums: Floats) -> tuple[Floats, Floats]:
    """Give the observed share and that of the risks; not defined where nobody drops out."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[:, 0] / sums[:, 1], sums[:, 2] / sums[:, 3]


# --- How the risk spreads over its horizon: fitted on the training rows, judged on the test rows ---


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
    outcomes = timed_outcomes(parts, rows, histories, settings)
    timing = Timing.fit(log_odds, outcomes.days, outcomes.dropped_out, settings.outcome.horizon_days)
    when = outcomes.days[outcomes.dropped_out]
    return FittedTiming(timing, tuple(float((when < day).mean()) for day in timing.thirds))


def _section_of(trained: TrainedModel) -> Section:
    """Judge on the test rows how well it is said when."""
    timing, parts = trained.when.timing, trained.parts
    days = timing.thirds
    outcomes = timed_outcomes(parts, parts.test, trained.histories, trained.settings)
    within = timing.within(trained.risks, days)
    return timing_section(outcomes, within, days, trained.when.alike, trained.resampling)


def timed_outcomes(parts: Parts, rows: Positions, histories: Histories, settings: Settings) -> TimedOutcomes:
    """Give when the pupils of some labelled rows dropped out."""
    horizon, events = settings.outcome.horizon_days, settings.outcome.events
    days = parts.cohort_of(rows).days_to_outcome(histories, horizon, events).to_numpy()
    return TimedOutcomes.of(days, parts.y(rows) == 1)


TIMING = SectionKind(
    name="timing",
    title=Text(zh="何时辍学", en="When, not only whether"),
    of_model=_section_of,
    questions=(NOT_WORSE, OF_THE_MEAN),
)
