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
    zh="选用的就是它，因为更简单的候选模型都比它差一个标准误以上。",
    en="It was chosen, since everything simpler is worse by more than one standard error.",
)
CHOSEN_SIMPLEST = Text(
    zh="选用{chosen}：它只高{excess:.4f}，没有超过一个标准误（{error:.4f}），在此范围内也最简单。",
    en="Chosen was {chosen}: its excess of {excess:.4f} is within one standard error ({error:.4f}), and "
    "nothing simpler is.",
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
    within one standard error (0.0938), and nothing simpler is.
    """

    losses: Mapping[str, Floats]
    chosen: str
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, losses: Mapping[str, Floats], calibration: Mapping[str, tuple[float, float]] | None = None
    ) -> Self:
        """Choose: the first candidate whose excess over the best is within one standard error of it.

        The standard error is that of the fold-by-fold difference to the best candidate, so what makes
        a fold hard for all of them does not count.
        """
        ordered = {name: losses[name] for name in SIMPLEST_FIRST if name in losses}
        best = min(ordered, key=lambda name: float(ordered[name].mean()))
        for name, loss in ordered.items():
            excess, error = paired_excess(loss, ordered[best])
            if excess <= error:
                return cls(ordered, name, calibration or {})
        return cls(ordered, best, calibration or {})

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
            lines.append((name, *figures, name == self.chosen, self._reason(name, excess, error)))
        columns = ["candidate", "log_loss", "excess", "standard_error", "worst_fold", "slope", "intercept"]
        return pd.DataFrame(lines, columns=[*columns, "chosen", "reason"])

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
        excess, error = paired_excess(self.losses[self.chosen], loss)
        compared = _filled(
            COMPARED, n=len(self.losses), folds=len(loss), best=CANDIDATES[self.best], loss=float(loss.mean())
        )
        because = _filled(
            CHOSEN_BEST if self.chosen == self.best else CHOSEN_SIMPLEST,
            chosen=CANDIDATES[self.chosen],
            excess=excess,
            error=error,
        )
        return Text(zh=compared.zh + because.zh, en=f"{compared.en} {because.en}")

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))

    def _reason(self, name: str, excess: float, error: float) -> str:
        if len(self.losses) == 1:
            return "the only candidate"
        if name == self.chosen == self.best:
            return "lowest loss, and nothing simpler within one standard error"
        if name == self.chosen:
            return f"simplest within one standard error of the best ({excess:.4f} <= {error:.4f})"
        if excess <= error:
            return "within one standard error of the best, but not the simplest"
        return f"worse than the best by more than one standard error ({excess:.4f} > {error:.4f})"


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
