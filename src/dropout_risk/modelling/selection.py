"""The simplest candidate within one standard error of the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_risk.text import Text

Floats = NDArray[np.float64]
GIVEN_UP = 0.05
"""Share of what the best gains over the base rate that may be given up for simplicity."""
CANDIDATES: dict[str, Text] = {
    "scorecard": Text(zh="计分卡", en="the points scorecard"),
    "logistic": Text(zh="逻辑回归", en="the logistic regression"),
    "ebm": Text(zh="可解释提升机（EBM）", en="the explainable boosting machine"),
    "lightgbm": Text(zh="提升树（LightGBM）", en="the boosted trees"),
    "blend": Text(zh="逻辑回归与提升树的加权和", en="the blend of logistic regression and boosted trees"),
}
"""The candidates in words, the simplest first."""
SIMPLEST_FIRST = tuple(CANDIDATES)
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
    """Candidates beside each other on the same folds, and the one that was chosen.

    Parameters
    ----------
    losses : mapping of str to ndarray
        For each candidate the mean log loss of each fold; the simplest candidate first.
    chosen : str
        The candidate that was fitted on all rows.
    calibration : mapping of str to (float, float), optional
        For each candidate slope and intercept of its raw scores of rows that it did not see.
    base_rate : float, optional
        The log loss of the base rate alone.

    Examples
    --------
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

    @classmethod
    def of(
        cls,
        losses: Mapping[str, Floats],
        calibration: Mapping[str, tuple[float, float]] | None = None,
        base_rate: float = np.nan,
    ) -> Self:
        """Choose: the first candidate whose excess over the best is within one standard error of it.

        The standard error is that of the fold-by-fold difference to the best candidate, so what makes
        a fold hard for all of them does not count. Where rows are few the error is wide: the excess may
        then be no more than a twentieth of what the best gains over the base rate.
        """
        ordered = {name: losses[name] for name in SIMPLEST_FIRST if name in losses}
        asked = cls(ordered, "", calibration or {}, base_rate)
        chosen = next((name for name in ordered if asked.excess(name) <= asked.may_cost(name)), asked.best)
        return cls(ordered, chosen, asked.calibration, base_rate)

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
        """Say in two sentences what was compared and why this one was chosen."""
        if len(self.losses) == 1:
            return _filled(ONLY, chosen=CANDIDATES[self.chosen])
        loss = self.losses[self.best]
        compared = _filled(
            COMPARED, n=len(self.losses), folds=len(loss), best=CANDIDATES[self.best], loss=float(loss.mean())
        )
        because = _filled(
            CHOSEN_BEST if self.chosen == self.best else CHOSEN_SIMPLEST,
            chosen=CANDIDATES[self.chosen],
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


def _filled(text: Text, **fields: object) -> Text:
    def said(language: str) -> dict[str, object]:
        return {
            key: getattr(value, language) if isinstance(value, Text) else value
            for key, value in fields.items()
        }

    return Text(zh=text.zh.format(**said("zh")), en=text.en.format(**said("en")))
