"""The candidates: every way to fit a model that can be asked for by name, the simplest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.modelling.fitter import Fitter
    from dropout_risk.modelling.model import Model

AUTO = "auto"
"""The choice between candidates, where one of them could be named."""


@dataclass(frozen=True)
class Candidate:
    """One candidate, for everything that fits, compares, words, saves or reads it.

    ``fitter`` gives the class that fits it, which names the class of its models and the settings that tuning
    may change; it is imported when it is asked for, as settings need the names alone. It is None for a blend,
    a weighted sum of the scores of its two ``parts``, which both stand before it. ``cautious`` is the setting
    where a class is too rare for folds, and only candidates ``by_default`` are compared unless some are
    named.
    """

    name: str
    words: Text
    fitter: Callable[[], type[Fitter]] | None
    cautious: Mapping[str, Any]
    parts: tuple[str, ...] = ()
    by_default: bool = True

    @property
    def model(self) -> type[Model]:
        """The class of its models."""
        if self.fitter is not None:
            return self.fitter().model
        from dropout_risk.modelling.learners.blend import BlendModel

        return BlendModel


def _import_fitter(module: str, name: str) -> Callable[[], type[Fitter]]:
    def imported() -> type[Fitter]:
        found: type[Fitter] = getattr(import_module(f"dropout_risk.modelling.learners.{module}"), name)
        return found

    return imported


CANDIDATES: dict[str, Candidate] = {
    candidate.name: candidate
    for candidate in (
        Candidate(
            "scorecard",
            Text(zh="计分卡", en="the points scorecard"),
            _import_fitter("scorecard", "ScorecardFitter"),
            cautious={"n_features": 3},
        ),
        Candidate(
            "logistic",
            Text(zh="逻辑回归", en="the logistic regression"),
            _import_fitter("logistic", "LogisticFitter"),
            cautious={"strength": 0.1},
        ),
        Candidate(
            "ebm",
            Text(zh="可解释提升机（EBM）", en="the explainable boosting machine"),
            _import_fitter("ebm", "EbmFitter"),
            cautious={},
            by_default=False,  # needs interpret-core
        ),
        Candidate(
            "lightgbm",
            Text(zh="提升树（LightGBM）", en="the boosted trees"),
            _import_fitter("boosted", "BoostedFitter"),
            cautious={"n_trees": 50},
        ),
        Candidate(
            "blend",
            Text(zh="逻辑回归与提升树的加权和", en="the blend of logistic regression and boosted trees"),
            None,
            cautious={"weight": 0.5},
            parts=("logistic", "lightgbm"),
        ),
    )
}
"""By name. The order is that of simplicity: of equals, the first is chosen."""
SAFEST = "logistic"
"""What is fitted where a class is too rare to compare anything, if it is among those named."""


def default_candidates() -> tuple[str, ...]:
    """Name the candidates that are compared unless others are named."""
    return tuple(name for name, candidate in CANDIDATES.items() if candidate.by_default)


def candidate_words() -> dict[str, Text]:
    """Give the candidates in words, by name."""
    return {name: candidate.words for name, candidate in CANDIDATES.items()}


def with_parts(names: Iterable[str]) -> list[str]:
    """Add what blends are made of, and put the simplest first.

    >>> with_parts(["blend", "scorecard"])
    ['scorecard', 'logistic', 'lightgbm', 'blend']
    """
    wanted = {one for name in names for one in (name, *CANDIDATES[name].parts)}
    return [name for name in CANDIDATES if name in wanted]


def name_of_model(model: Model) -> str:
    """Name the candidate that a fitted model is of."""
    return next(name for name, candidate in CANDIDATES.items() if candidate.model is type(model))
