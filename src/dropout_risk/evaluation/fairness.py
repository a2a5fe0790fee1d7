"""Fairness: what a model does to each group of pupils, how sure that is, and what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.fairness_gaps import Gap, gaps
from dropout_risk.evaluation.fairness_groups import PLACES, as_words
from dropout_risk.evaluation.fairness_rates import RATES, AuditRows, group_rates
from dropout_risk.evaluation.fairness_reasons import ReasonShares, reasons_at_equal_risk
from dropout_risk.evaluation.fairness_thresholds import EqualMisses, equal_misses
from dropout_risk.evaluation.section import Section
from dropout_risk.text import Language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 10
BOUND = 0.10


@dataclass(frozen=True, eq=False)
class FairnessReport:
    """What a model does to each group at capacity; plain aggregates, no pupil's row.

    Parameters
    ----------
    rates : dict of str to DataFrame
        By attribute, from :func:`group_rates`; groups that are too small hold no figure.
    gaps : dict of str to list of Gap
        By rate (``fnr``, ``fpr``, ``selection``).
    reasons : dict of str to dict of str to ReasonShares
        By kind (``domains``, ``causes``) and attribute: leading reasons at equal risk.
    thresholds : dict of str to EqualMisses
        By attribute of a person: what thresholds per group would cost. Never applied.
    share : float
        The share of each day's pupils that is on the list.
    fewest : int
        Fewest pupils of a class for a group to be shown.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> risks, sex = rng.uniform(size=9000), pd.DataFrame({"sex": rng.choice(["female", "male"], 9000)})
    >>> outcomes = (rng.uniform(size=9000) < risks / 4).astype(int)
    >>> report = FairnessReport.of(outcomes, risks, np.repeat("2025-03-03", 9000), sex, share=0.2)
    >>> report.frame().loc[("sex", "female"), ["positives", "fnr"]].round(2).tolist()
    [574.0, 0.63]
    >>> report.section().checks[0].passed
    True
    """

    rates: dict[str, pd.DataFrame]
    gaps: dict[str, list[Gap]]
    reasons: dict[str, dict[str, ReasonShares]]
    thresholds: dict[str, EqualMisses]
    share: float
    fewest: int = FEWEST
    bound: float = field(default=BOUND)

    @classmethod
    def of(
        cls,
        outcomes: npt.ArrayLike,
        risks: npt.ArrayLike,
        as_of: npt.ArrayLike,
        groups: pd.DataFrame,
        *,
        share: float = 0.05,
        pupils: npt.ArrayLike | None = None,
        contributions: Mapping[str, pd.DataFrame] | None = None,
        fewest: int = FEWEST,
    ) -> Self:
        """Audit the test part.

        Parameters
        ----------
        outcomes, risks, as_of : array
            What happened, what the model said, and for which day; the pupils of a day share a list.
        groups : DataFrame
            One column per attribute, one row per row, as from :func:`audit_groups`.
        share : float, default=0.05
            The share of each day's rows that is on the list.
        pupils : array, optional
            Which rows are of the same pupil; by default the index level ``student_id`` of ``groups``, or
            else every row is a pupil of its own.
        contributions : mapping of str to DataFrame, optional
            ``domains`` and ``causes``: contributions summed, one column for each.
        fewest : int, default=10
            Pupils who dropped out, and pupils who stayed, below which a group gets no figure.

        Raises
        ------
        EvaluationError
            If the columns are of different lengths, or there is no attribute.
        MissingExtraError
            If fairlearn is not installed.
        """
        if pupils is None and "student_id" in groups.index.names:
            pupils = groups.index.get_level_values("student_id")
        rows = AuditRows.of(outcomes, risks, as_of, pupils, share)
        _require_same_length(rows, groups, contributions or {})
        groups = pd.DataFrame({name: as_words(groups[name]) for name in groups}, index=groups.index)
        rates = {str(name): group_rates(rows, groups[name], fewest) for name in groups}
        shown = {name: frame.index[frame["shown"]].tolist() for name, frame in rates.items()}
        reasons = {
            kind: {str(name): reasons_at_equal_risk(rows, groups[name], sums) for name in groups}
            for kind, sums in (contributions or {}).items()
        }
        options = {str(name): equal_misses(rows, groups[name], shown[name]) for name in _personal(groups)}
        return cls(
            rates=rates,
            gaps={rate: gaps(rates, rate) for rate in RATES},
            reasons={kind: _there(found) for kind, found in reasons.items()},
            thresholds=_there(options),
            share=share,
            fewest=fewest,
        )

    def largest(self, rate: str = "fnr") -> dict[str, Gap]:
        """Give the largest gap of each attribute that has two groups to compare."""
        found: dict[str, Gap] = {}
        for gap in self.gaps[rate]:
            found.setdefault(gap.attribute, gap)
        return found

    def beyond_chance(self, rate: str = "fnr") -> list[Gap]:
        """Give the gaps above the bound that are beyond chance among all pairs, the largest first."""
        found = [gap for gap in self.gaps[rate] if gap.beyond(self.bound)]
        return sorted(found, key=lambda gap: -gap.size)

    def frame(self) -> pd.DataFrame:
        """Give one row per attribute and group, with every figure and its interval."""
        return pd.concat(self.rates, names=["attribute"])

    def chart(self) -> Figure:
        """Draw the share missed of each group with its interval."""
        from dropout_risk.evaluation.fairness_chart import fairness_chart

        return fairness_chart(self)

    def section(self) -> Section:
        """Give the part of an evaluation report: verdict, tables, figures and the check."""
        from dropout_risk.evaluation.fairness_section import fairness_section

        return fairness_section(self)

    def to_markdown(self, language: Language = "en") -> str:
        """Write the report as Markdown."""
        return self.section().to_markdown(language)

    def _repr_html_(self) -> str:
        return self.section().to_html("en")


def _personal(groups: pd.DataFrame) -> list[Any]:
    return [name for name in groups if name not in PLACES]


def _there(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in found.items() if item is not None}


def _require_same_length(
    rows: AuditRows, groups: pd.DataFrame, contributions: Mapping[str, pd.DataFrame]
) -> None:
    lengths = {"groups": len(groups)} | {name: len(sums) for name, sums in contributions.items()}
    wrong = {name: n for name, n in lengths.items() if n != len(rows.outcomes)}
    if wrong:
        raise EvaluationError(f"The test part has {len(rows.outcomes)} rows, but {wrong}.")
    if groups.shape[1] == 0:
        raise EvaluationError(
            "There is no attribute to audit by.", hint="audit_groups gives those of the records"
        )
