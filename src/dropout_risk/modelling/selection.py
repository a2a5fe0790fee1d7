"""The simplest candidate within one standard error of the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd

from dropout_risk.arrays import Array, Bools, Floats, Labels, Longs, Positions
from dropout_risk.errors import TrainingError
from dropout_risk.modelling.candidates import CANDIDATES, SAFEST, with_parts
from dropout_risk.modelling.fitter import CrossFit, Fitter, raw_calibration
from dropout_risk.modelling.folds.group_folds import GroupFolds
from dropout_risk.modelling.folds.splits import dealt_folds
from dropout_risk.modelling.learners.blend import BlendModel, cross_blend
from dropout_risk.modelling.model import Model
from dropout_risk.modelling.tuning import Tuning, rows_key
from dropout_risk.text import Text

GIVEN_UP = 0.05
"""Share of what the best gains over the base rate that may be given up for simplicity."""
COMPARED = Text(
    zh="在同样的{folds}折上以对数损失比较了{n}个候选模型（同一学生不会同时出现在训练和验证两边），"
    "其中最低的是{best}（{loss:.4f}）。",
    en="{n} candidates were compared by log loss on the same {folds} folds, no pupil on both sides of one; "
    "the lowest had {best} ({loss:.4f}).",
)
CHOSEN_BEST = Text(
    zh="选用的就是它：更简单的候选模型都比它差得太多（差距超过一个标准误，或超过它相对基准率所得改进的二十分之一）。",
    en="It was chosen, since everything simpler is worse by more than one standard error, or gives up more "
    "than a twentieth of what it gains over the base rate.",
)
CHOSEN_SIMPLEST = Text(
    zh="选用{chosen}：它的损失只高{excess:.4f}，没有超过为求简单可以多付的{cost:.4f}，而且在此范围内最简单。",
    en="Chosen was {chosen}: its excess of {excess:.4f} is within what simplicity may cost ({cost:.4f}), "
    "and that of nothing simpler is.",
)
ONLY = Text(
    zh="只有{chosen}一个候选模型，没有作比较。",
    en="There was one candidate only, {chosen}, so nothing was compared.",
)


@dataclass(frozen=True)
class Selection:
    """Candidates beside each other on the same folds, and the one that was chosen and fitted on all rows.

    ``losses`` is the mean log loss of each fold by candidate, the simplest first; ``calibration`` slope and
    intercept of its raw scores of rows that it did not see; ``base_rate`` the log loss of the base rate
    alone; ``note`` says what the folds kept apart, where that is more than pupils, or less.

    >>> losses = {"logistic": np.array([0.5, 0.25]), "lightgbm": np.array([0.375, 0.3125])}
    >>> selection = Selection.of(losses)
    >>> selection.chosen
    'logistic'
    >>> selection.frame()[["candidate", "log_loss", "chosen"]].to_dict("list")
    {'candidate': ['logistic', 'lightgbm'], 'log_loss': [0.375, 0.34375], 'chosen': [True, False]}
    >>> print(selection.explanation.en.split("; ")[1])
    the lowest had the boosted trees (0.3438). Chosen was the logistic regression: its excess of 0.0312 is
    within what simplicity may cost (0.0937), and that of nothing simpler is.
    """

    losses: Mapping[str, Floats]
    chosen: str
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    base_rate: float = np.nan
    note: Text | None = None

    @classmethod
    def of(
        cls,
        losses: Mapping[str, Floats],
        calibration: Mapping[str, tuple[float, float]] | None = None,
        base_rate: float = np.nan,
        note: Text | None = None,
    ) -> Self:
        """Choose: the first candidate whose excess over the best is within one standard error of it.

        The standard error is that of the fold-by-fold difference to the best candidate, so what makes
        a fold hard for all of them does not count. Where rows are few the error is wide: the excess may
        then be no more than a twentieth of what the best gains over the base rate.
        """
        ordered = {name: losses[name] for name in CANDIDATES if name in losses}
        asked = cls(ordered, "", calibration or {}, base_rate)
        chosen = next((name for name in ordered if asked.excess(name) <= asked.may_cost(name)), asked.best)
        return cls(ordered, chosen, asked.calibration, base_rate, note)

    def excess(self, name: str) -> float:
        """Give a candidate's mean loss above that of the best."""
        return paired_excess(self.losses[name], self.losses[self.best])[0]

    def may_cost(self, name: str) -> float:
        """Give the excess that a simpler candidate may have: one standard error, and not too much skill.

        Where the best gains nothing to speak of over the base rate, there is no skill to give up.
        """
        best = self.losses[self.best]
        error = paired_excess(self.losses[name], best)[1]
        gained, spread = paired_excess(np.full(len(best), self.base_rate), best)
        return min(error, GIVEN_UP * gained) if gained > spread else error

    @property
    def best(self) -> str:
        """The candidate with the lowest mean loss."""
        return min(self.losses, key=lambda name: float(self.losses[name].mean()))

    def frame(self) -> pd.DataFrame:
        """List the candidates: loss, excess over the best with its error, worst fold, calibration, reason."""
        lines = []
        for name, loss in self.losses.items():
            excess, error = paired_excess(loss, self.losses[self.best])
            slope, intercept = self.calibration.get(name, (np.nan, np.nan))
            figures = (float(loss.mean()), excess, error, float(loss.max()), slope, intercept)
            lines.append((name, *figures, name == self.chosen, self._reason(name, excess).en))
        columns = ["candidate", "log_loss", "excess", "standard_error", "worst_fold", "slope", "intercept"]
        return pd.DataFrame(lines, columns=[*columns, "chosen", "reason"])

    def rows(self) -> list[dict[str, object]]:
        """Give the same as plain data, with the reason in both languages."""
        made = []
        for row in self.frame().to_dict("records"):
            reason = self._reason(row["candidate"], row["excess"])
            made.append({str(key): value for key, value in row.items()} | {"reason": vars(reason)})
        return made

    def folds(self) -> pd.DataFrame:
        """List the log loss of every candidate on every fold."""
        lines = [
            (name, fold, float(value))
            for name, loss in self.losses.items()
            for fold, value in enumerate(loss)
        ]
        return pd.DataFrame(lines, columns=["candidate", "fold", "log_loss"])

    @property
    def explanation(self) -> Text:
        """Say in two sentences what was compared and why this one was chosen, and what folds kept apart."""
        said = self._chosen_words
        return said if self.note is None else Text(zh=said.zh + self.note.zh, en=f"{said.en} {self.note.en}")

    @property
    def _chosen_words(self) -> Text:
        if len(self.losses) == 1:
            return ONLY.filled(chosen=CANDIDATES[self.chosen].words)
        loss = self.losses[self.best]
        compared = COMPARED.filled(
            n=len(self.losses),
            folds=len(loss),
            best=CANDIDATES[self.best].words,
            loss=float(loss.mean()),
        )
        because = (CHOSEN_BEST if self.chosen == self.best else CHOSEN_SIMPLEST).filled(
            chosen=CANDIDATES[self.chosen].words,
            excess=self.excess(self.chosen),
            cost=self.may_cost(self.chosen),
        )
        return Text(zh=compared.zh + because.zh, en=f"{compared.en} {because.en}")

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))

    def _reason(self, name: str, excess: float) -> Text:
        cost = self.may_cost(name)
        if len(self.losses) == 1:
            return Text(zh="唯一的候选模型", en="the only candidate")
        if name == self.chosen == self.best:
            return Text(
                zh="损失最低，更简单的都差得太多", en="lowest loss, and everything simpler costs too much"
            )
        if name == self.chosen:
            return Text(
                zh=f"在为求简单可以多付的范围内最简单（{excess:.4f} ≤ {cost:.4f}）",
                en=f"simplest within what simplicity may cost ({excess:.4f} <= {cost:.4f})",
            )
        if excess <= cost:
            return Text(
                zh="在可以多付的范围内，但不是最简单的",
                en="within what simplicity may cost, but not the simplest",
            )
        return Text(
            zh=f"比最低者高出的超过为求简单可以多付的（{excess:.4f} > {cost:.4f}）",
            en=f"worse than the best by more than simplicity may cost ({excess:.4f} > {cost:.4f})",
        )


def paired_excess(loss: Floats, best: Floats) -> tuple[float, float]:
    """Give the mean fold-by-fold difference of two losses, and its standard error."""
    difference = np.asarray(loss) - np.asarray(best)
    if len(difference) < 2:
        return float(difference.mean()), 0.0
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


FoundSettings = Mapping[str, Mapping[str, Any]]
TUNING_ROWS = 40_000
"""Rows that settings are tuned on, at most."""
TUNING_FOLDS = 3
LATE_SHARE = 0.2
FEWEST_LATE = 30
"""Positive rows in the tail, below which the number of trees is found on all rows."""


@dataclass(frozen=True, eq=False)
class FittedChoice:
    """The chosen model, how it was chosen, and its raw scores of rows it did not see.

    ``margin`` is None where a class was too rare for folds; ``again`` fits the chosen candidate, in the
    setting that was found, on other rows.
    """

    model: Model
    selection: Selection
    margin: Floats | None
    again: Callable[[Floats, Labels], Model]


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What candidates are compared on: encoded rows in their own order, with labels 0 and 1.

    Rows with the same key never stand on both sides of a fold; ``owners`` are the pupils of the rows, where
    keys are of larger groups; ``days`` is the place in time of each row, where as-of dates are known.
    """

    X: Floats
    y: Labels
    keys: Sequence[bytes]
    owners: Sequence[bytes]
    days: Longs | None = None

    @property
    def tail(self) -> Bools | None:
        """Mark the rows of the last days; None without days, or with too few dropouts among them."""
        if self.days is None:
            return None
        late = self.days >= np.quantile(self.days, 1 - LATE_SHARE, method="lower")
        some = self.y[late].sum() >= FEWEST_LATE and self.y[~late].sum() >= FEWEST_LATE
        return late if some else None

    def part(self, chosen: Bools) -> TrainingRows:
        """Give some of the rows."""
        keys, owners = (
            [key for key, kept in zip(names, chosen, strict=True) if kept]
            for names in (self.keys, self.owners)
        )
        days = None if self.days is None else self.days[chosen]
        return TrainingRows(self.X[chosen], self.y[chosen], keys, owners, days)

    def folds(self, n_folds: int, seed: int) -> GroupFolds:
        """Deal the rows to folds."""
        return GroupFolds.dealt(self.keys, self.owners, self.y, n_folds, seed)


@dataclass(frozen=True)
class Fitters:
    """What fits some candidates and the parts of blends (which have none), the simplest first."""

    fitters: Mapping[str, Fitter]

    @classmethod
    def of(cls, names: Sequence[str], monotone: Sequence[int], categorical: Sequence[int], seed: int) -> Self:
        """Make them for some columns, as they are before tuning."""
        classes = {name: CANDIDATES[name].fitter for name in with_parts(names)}
        return cls({name: make()(monotone, categorical, seed) for name, make in classes.items() if make})

    def tuned(self, rows: TrainingRows, tuning: Tuning, seed: int) -> Self:
        """Give them with the settings that tuning finds, on other folds than those of the choice."""
        pieces = -(-len(rows.y) // TUNING_ROWS)
        if pieces > 1 and _rarer_class_size(rows.owners, rows.y) >= pieces * TUNING_FOLDS:
            rows = rows.part(dealt_folds(rows.owners, rows.y, pieces, seed + 1) == 0)
        folds = rows.folds(TUNING_FOLDS, seed + 2).folds
        if folds is None:
            return self
        X, y, tail = rows.X, rows.y, rows.tail
        key = rows_key(X, y, folds, np.array([]) if tail is None else tail)

        def loss(fitter: Fitter) -> float:
            return fitter.tuning_loss(X, y, folds, tail)

        return type(self)(
            {
                name: tuning.best(name, fitter, loss, key=key, seed=seed) if fitter.space else fitter
                for name, fitter in self.fitters.items()
            }
        )

    def cross_fit(self, names: Sequence[str], rows: TrainingRows, folds: Positions) -> dict[str, CrossFit]:
        """Show what each of the named, and of their parts, does on folds that it did not see."""
        shown: dict[str, CrossFit] = {}
        for name in with_parts(names):
            parts = [shown[part] for part in CANDIDATES[name].parts]
            if parts:
                shown[name] = cross_blend(parts, rows.y, folds)
            else:
                shown[name] = self.fitters[name].cross_fit(rows.X, rows.y, folds, rows.tail)
        return shown

    def fit(self, name: str, X: Floats, y: Labels, settings: FoundSettings) -> Model:
        """Fit one candidate on all rows."""
        if name in self.fitters:
            return self.fitters[name].fit(X, y, settings[name])
        first, second = (self.fit(part, X, y, settings) for part in CANDIDATES[name].parts)
        return BlendModel(first, second, settings[name]["weight"])


def fit_best(
    rows: TrainingRows,
    names: Sequence[str],
    *,
    monotone: Sequence[int],
    categorical: Sequence[int],
    folds: int | Positions,
    seed: int,
    tuning: Tuning | None = None,
) -> FittedChoice:
    """Fit the only candidate named, or the simplest of them within one standard error of the best.

    ``folds`` is their number, or the fold of each row.
    """
    fitters = Fitters.of(names, monotone, categorical, seed)
    dealt = rows.folds(folds, seed) if isinstance(folds, int) else GroupFolds(folds)
    if dealt.folds is None:
        name = SAFEST if SAFEST in names else names[0]
        cautious = {one: candidate.cautious for one, candidate in CANDIDATES.items()}
        again = partial(fitters.fit, name, settings=cautious)
        return FittedChoice(again(rows.X, rows.y), Selection({name: np.array([np.nan])}, name), None, again)
    if tuning is not None:
        fitters = fitters.tuned(rows, tuning, seed)
    shown = fitters.cross_fit(names, rows, dealt.folds)
    compared = {name: fit for name, fit in shown.items() if name in names}
    selection = Selection.of(
        {name: fit.losses for name, fit in compared.items()},
        {name: raw_calibration(fit.margin, rows.y) for name, fit in compared.items()},
        _base_rate_loss(float(rows.y.mean())),
        dealt.note,
    )
    settings = {name: fit.setting for name, fit in shown.items()}
    again = partial(fitters.fit, selection.chosen, settings=settings)
    return FittedChoice(again(rows.X, rows.y), selection, shown[selection.chosen].margin, again)


def in_own_order(X: Floats, y: Labels, groups: Array | None) -> tuple[list[bytes], Positions]:
    """Give each row's key, and an order of the rows that does not depend on how they came.

    The key is the row's group. Without groups it is the row's own content, and equal rows are numbered:
    two pupils who look alike are still two.
    """
    content = [row.tobytes() + bytes([label]) for row, label in zip(X + 0.0, y, strict=True)]
    if groups is None:
        keys = _number_equal_rows(content)
    elif len(groups) != len(y):
        raise TrainingError(f"groups has {len(groups)} entries for {len(y)} rows.")
    else:
        keys = [str(group).encode() for group in groups]
    order = sorted(range(len(y)), key=lambda position: (content[position], keys[position]))
    return keys, np.array(order, dtype=np.intp)


def _base_rate_loss(rate: float) -> float:
    """Give the log loss of predicting the base rate for everybody."""
    return float(-rate * np.log(rate) - (1 - rate) * np.log(1 - rate))


def _number_equal_rows(content: list[bytes]) -> list[bytes]:
    seen: Counter[bytes] = Counter()
    keys = []
    for row in content:
        keys.append(row + seen[row].to_bytes(4, "big"))
        seen[row] += 1
    return keys


def _rarer_class_size(keys: Sequence[bytes], y: Labels) -> int:
    """Give the number of different keys in the rarer class."""
    ones = {key for key, label in zip(keys, y, strict=True) if label}
    return min(len(ones), len(set(keys) - ones))
