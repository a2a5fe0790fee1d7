"""Matured labels: what a model said on days whose outcomes are known by now, beside what happened.

Once a month, a month after a month: slope and shift of the risks, how far features have moved since the
training (PSI), and whether the scores still rest on the same features (reason drift).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.arrays import Floats, Longs
from dropout_risk.errors import DateError, require_kind
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
from dropout_risk.evaluation.parts import labelled_cohort
from dropout_risk.evaluation.questions.calibration import CalibrationFigures, TestRows
from dropout_risk.evaluation.questions.transfer import BOUNDS, FEWEST_DROPOUTS, TOO_CAUTIOUS, TOO_EXTREME
from dropout_risk.features.cohort import Source, histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.leaks.report import binary_labels
from dropout_risk.monitoring.drift import LARGE, measure_drift
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.scoring.population import Population
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import Language, Text

LARGEST_SHIFT, LARGEST_REASON_DRIFT, MOST_NAMED = 0.25, 0.2, 5
MONTH = Text(
    zh="{day}：学生{pupils}人，已知辍学{dropouts}人；平均风险{mean_risk:.1%}，实际{share:.1%}",
    en="{day}: {pupils} pupils, {dropouts} dropped out; mean risk {mean_risk:.1%}, share {share:.1%}",
)
FIGURES = Text(
    zh="；斜率{slope:.2f}（{slope_low:.2f}至{slope_high:.2f}），偏移{shift:+.2f}（{shift_low:+.2f}至{shift_high:+.2f}）",
    en="; slope {slope:.2f} ({slope_low:.2f} to {slope_high:.2f}), shift {shift:+.2f} "
    "({shift_low:+.2f} to {shift_high:+.2f})",
)
TOO_FEW = Text(zh="；辍学不足{fewest}人，不计算斜率", en="; fewer than {fewest} dropouts: no slope is given")
RECALIBRATE = Text(
    zh="风险{how}：建议用这些结果重新校准（RiskModel.recalibrated）；排序不受影响",
    en="Risks are {how}: recalibrate with these outcomes (RiskModel.recalibrated); the order stays the same",
)
TOO_HIGH, TOO_LOW = (
    Text(zh="整体过高", en="too high as a whole"),
    Text(zh="整体过低", en="too low as a whole"),
)
MOVED = Text(
    zh="与训练时相比分布变化大的特征有{n}个：{names}",
    en="{n} feature(s) moved far since the training: {names}",
)
REASONS = Text(
    zh="依据的构成变化大（{drift:.0%}）：{names}",
    en="Scores rest on other features ({drift:.0%} moved): {names}",
)


@dataclass(frozen=True)
class MaturedMonth:
    """One day's scores beside their outcomes; NaN where too few dropped out for a figure.

    ``psi`` is the largest stability index of a feature, ``moved`` names those of 0.25 and above;
    ``reason_drift`` is the share of the mean size of contributions that lies with other features than in
    training, from 0 to 1, and ``reasons`` the features that gained most.
    """

    as_of: str
    pupils: int
    dropouts: int
    mean_risk: float
    share: float
    auc: float
    brier: float
    slope: float
    slope_low: float
    slope_high: float
    shift: float
    shift_low: float
    shift_high: float
    psi: float
    reason_drift: float
    moved: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        """The figures that are defined."""
        numbers = {name: value for name, value in asdict(self).items() if isinstance(value, (int, float))}
        return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}

    @property
    def advice(self) -> tuple[Text, ...]:
        """What is to be done about it; nothing where all is well."""
        said = []
        least, most = BOUNDS
        if self.slope_high < least or self.slope_low > most:
            said.append(RECALIBRATE.filled(how=TOO_EXTREME if self.slope < least else TOO_CAUTIOUS))
        if self.shift_low > LARGEST_SHIFT or self.shift_high < -LARGEST_SHIFT:
            said.append(RECALIBRATE.filled(how=TOO_LOW if self.shift > 0 else TOO_HIGH))
        if self.moved:
            said.append(MOVED.filled(n=len(self.moved), names=", ".join(self.moved[:MOST_NAMED])))
        if self.reason_drift >= LARGEST_REASON_DRIFT:
            said.append(REASONS.filled(drift=self.reason_drift, names=", ".join(self.reasons)))
        return tuple(said)

    def told(self, language: Language) -> str:
        """Say it in a line, and what is to be done in more."""
        fields = asdict(self) | {"day": self.as_of, "fewest": FEWEST_DROPOUTS}
        line = MONTH.fill(language, **fields)
        line += (TOO_FEW if math.isnan(self.slope) else FIGURES).fill(language, **fields)
        return "\n".join([line, *(f"  {text.to(language)}" for text in self.advice)])


@dataclass(frozen=True)
class MaturedReport:
    """The months of a model whose outcomes are known, the earliest first.

    >>> MaturedReport("1.0", ()).frame().empty
    True
    """

    version: str
    months: tuple[MaturedMonth, ...]

    def frame(self) -> pd.DataFrame:
        """Give one row per month."""
        return pd.DataFrame([asdict(month) for month in self.months])

    def to_text(self, language: Language) -> str:
        """Write a paragraph per month."""
        return "\n".join(month.told(language) for month in self.months)


def check_matured(model: RiskModel, records: Source, as_of: Sequence[dt.date] | None = None) -> MaturedReport:
    """Hold a model's scores of past months against what has become of the pupils since.

    Parameters
    ----------
    model : RiskModel
        Whose scores are made again, as they would have been given on those days.
    records : SchoolRecords or Histories
        With outcomes.
    as_of : sequence of date, optional
        Days to look at; by default the first of each month from ``model.trained_to`` on.

    Returns
    -------
    MaturedReport

    Raises
    ------
    DateError
        If no day has outcomes that are complete for the whole horizon.
    TrainingError
        If no outcome is known at all.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> known, later = (dr.simulate_district(400, seed=seed) for seed in (3, 4))
    >>> cohort = dr.Cohort.on(known, ["2024-11-04", "2024-12-02"]).with_labels(known, horizon_days=90)
    >>> X = dr.build_features(known, cohort)
    >>> classifier = dr.RiskClassifier("scorecard", leaks="ignore").fit(X, cohort.labels)
    >>> model = dr.RiskModel.from_classifier(classifier, X=X, cohort=cohort)
    >>> check_matured(model, later).frame()[["as_of", "pupils", "dropouts"]].head(2)
            as_of  pupils  dropouts
    0  2024-10-08     291         6
    1  2024-11-01     290         8
    """
    require_kind(model, RiskModel, "model", "dr.RiskModel.load(path)")
    histories = histories_of(records)
    cohort = labelled_cohort(histories, model.settings)
    days = sorted({date_of(ordinal_of(day)) for day in cohort.frame["as_of"].dt.date})
    wanted = days if as_of is None else [date_of(ordinal_of(day)) for day in as_of]
    if as_of is None and model.trained_to is not None:
        wanted = [day for day in days if day.isoformat() >= model.trained_to]
    asked = set(wanted)
    chosen = [day for day in days if day in asked]
    if not chosen:
        since = "" if model.trained_to is None else f" The model knew outcomes up to {model.trained_to}."
        raise DateError(
            f"No month that is asked for has outcomes for the whole horizon.{since}",
            hint="months with outcomes: " + (", ".join(day.isoformat() for day in days) or "none"),
        )
    labels = cohort.labels
    months = []
    for day in chosen:
        rows = np.flatnonzero(cohort.frame["as_of"].dt.date == day)
        pupils = cohort.frame["pupil"].to_numpy()[rows]
        y = binary_labels(labels.to_numpy()[rows]) if labels is not None else np.zeros(len(rows))
        months.append(_month_of(model, histories, day, pupils, y.astype(np.float64)))
    return MaturedReport(model.version, tuple(months))


def _month_of(model: RiskModel, histories: Histories, day: dt.date, pupils: Longs, y: Floats) -> MaturedMonth:
    population = Population.of(model, histories, day)
    rows = population.numbers(pupils)
    scored = rows["error"].is_null().to_numpy(zero_copy_only=False)
    risk, y = rows["risk"].to_numpy()[scored], y[scored]
    figures = _figures_of(risk, y, rows, scored)
    X = pd.DataFrame(population.table.values[pupils], columns=model.catalogue.names)
    drift = measure_drift(model, X).frame()
    moved = drift.loc[drift["psi"] >= LARGE, "feature"].tolist()
    change, gained = _reason_drift(model, rows)
    return MaturedMonth(
        as_of=day.isoformat(), pupils=len(y), dropouts=int(y.sum()), mean_risk=float(risk.mean()),
        share=float(y.mean()), psi=float(drift["psi"].max()), reason_drift=change, moved=tuple(moved),
        reasons=gained, **figures,
    )  # fmt: skip


def _figures_of(risk: Floats, y: Floats, rows: pa.Table, scored: np.ndarray[Any, Any]) -> dict[str, float]:
    names = ("slope", "slope_low", "slope_high", "shift", "shift_low", "shift_high", "auc")
    brier = float(np.mean((risk - y) ** 2))
    if not FEWEST_DROPOUTS <= y.sum() < len(y):
        return dict.fromkeys(names, float("nan")) | {"brier": brier}
    pupil, school = (
        np.array(rows[name].to_pylist(), dtype=object)[scored] for name in ("student_id", "school_id")
    )
    found = CalibrationFigures.of(TestRows(y, risk, pupil, school, np.zeros(len(y))))
    auc = float(ranking_and_probability_metrics(y, risk)["auc"])
    numbers = (found.slope, *found.slope_bounds, found.in_the_large, *found.in_the_large_bounds, auc)
    return dict(zip(names, map(float, numbers), strict=True)) | {"brier": brier}


def _reason_drift(model: RiskModel, rows: pa.Table) -> tuple[float, tuple[str, ...]]:
    """Compare the shares of the mean size of contributions with those of the training; NaN where unknown."""
    if model.profiles is None or not model.profiles.weight.sum():
        return float("nan"), ()
    columns = rows["contributions"].combine_chunks()
    names, then = model.profiles.names, model.profiles.weight
    now = np.array([np.nanmean(np.abs(columns.field(name).to_numpy(zero_copy_only=False))) for name in names])
    change = now / max(now.sum(), 1e-12) - then / then.sum()
    order = np.argsort(-change, kind="stable")[:3]
    return float(np.abs(change).sum() / 2), tuple(names[at] for at in order if change[at] > 0)
