"""Fairness: what a model does to each group of pupils, how sure that is, and what it does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats
from dropout_risk.errors import EvaluationError, MissingExtraError
from dropout_risk.evaluation.fairness_rates import (
    ATTRIBUTES,
    COUNTED,
    PLACES,
    RATES,
    WORDS,
    AuditRows,
    ReasonShares,
    as_words,
    group_rates,
    places,
    reasons_at_equal_risk,
    wilson,
)
from dropout_risk.evaluation.section import Section
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


# --- Gaps between groups: how large, how sure, and how many were looked at ---

LEVEL = 0.95
MOST_TOLD = 100


@dataclass(frozen=True)
class Gap:
    """Two groups of one attribute and what lies between them.

    Parameters
    ----------
    attribute, rate : str
        Such as ``sex`` and ``fnr``.
    higher, lower : str
        The group with the higher rate, and the other.
    size, low, high : float
        The difference, and an interval that holds for all pairs of the attribute at once (95 %).
    p, p_adjusted : float
        Two-sided, and adjusted by Holm's rule over every pair of every attribute for this rate.
    pairs : int
        Pairs of the attribute that were looked at.
    """

    attribute: str
    rate: str
    higher: str
    lower: str
    size: float
    low: float
    high: float
    p: float
    p_adjusted: float
    pairs: int

    def beyond(self, bound: float) -> bool:
        """Say whether the gap is larger than a bound, and beyond chance among all pairs looked at.

        Its interval must leave out 0 and the adjusted p must be below 0.05: the first looks at the pairs of
        one attribute, the second at those of every attribute, so that more attributes raise no more alarms.
        """
        return self.size > bound and self.low > 0 and self.p_adjusted < 1 - LEVEL


def gaps(rates: dict[str, pd.DataFrame], rate: str) -> list[Gap]:
    """Compare every pair of groups that are shown, attribute by attribute.

    A group with no case missed, or all, is compared like any other.

    Parameters
    ----------
    rates : dict of str to DataFrame
        From :func:`group_rates`, by attribute.
    rate : {"fnr", "fpr", "selection"}
        What is compared; it is tested on the pupils it is a share of (for ``fnr``: who dropped out).

    Returns
    -------
    list of Gap
        In the order of the attributes, the largest gap first; of an attribute of many groups, such as
        schools, the largest 100 and all whose interval leaves out 0.
    """
    parts = [_of_attribute(name, frame[frame["shown"]], rate) for name, frame in rates.items()]
    parts = [part for part in parts if len(part)]
    if not parts:
        return []
    every = pd.concat(parts, ignore_index=True)
    every["p_adjusted"] = holm(every["p"].to_numpy())
    order = {name: place for place, name in enumerate(rates)}
    every["place"] = every["attribute"].map(order)
    every = every.sort_values(["place", "size"], ascending=[True, False], kind="stable")
    kept = (every.groupby("place").cumcount() < MOST_TOLD) | (every["low"] > 0)
    rows: list[dict[str, Any]] = every[kept].drop(columns="place").to_dict("records")
    return [Gap(**row) for row in rows]


def _of_attribute(attribute: str, shown: pd.DataFrame, rate: str) -> pd.DataFrame:
    names, share = shown.index.to_numpy(dtype=object), shown[rate].to_numpy(dtype=np.float64)
    n = shown[COUNTED[rate]].to_numpy(dtype=np.float64)
    one, two = np.triu_indices(len(names), k=1)
    swap = share[one] < share[two]
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    low, high = newcombe(share[one], n[one], share[two], n[two], _z(max(len(one), 1)))
    return pd.DataFrame(
        {
            "attribute": attribute,
            "rate": rate,
            "higher": names[one],
            "lower": names[two],
            "size": share[one] - share[two],
            "low": low,
            "high": high,
            "p": p_of_difference(share[one], n[one], share[two], n[two]),
            "pairs": len(one),
        }
    )


def _z(pairs: int) -> float:
    from scipy.special import ndtri

    return float(ndtri(1 - (1 - LEVEL) / (2 * pairs)))


def newcombe(p1: Floats, n1: Floats, p2: Floats, n2: Floats, z: float) -> tuple[Floats, Floats]:
    """Give Newcombe's interval of a difference of shares, made of the two Wilson intervals.

    It has a width where a share is 0 or 1, so no pair needs to be left out.

    >>> low, high = newcombe(*(np.array([x]) for x in (0.8, 70, 0.6, 80)), z=1.959964)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0524, 0.3339)
    """
    (l1, u1), (l2, u2) = wilson(p1, n1, z), wilson(p2, n2, z)
    difference = p1 - p2
    low = difference - np.sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    high = difference + np.sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return np.maximum(low, -1.0), np.minimum(high, 1.0)


def p_of_difference(p1: Floats, n1: Floats, p2: Floats, n2: Floats) -> Floats:
    """Test whether two shares differ (pooled z, two-sided); ``n`` are the pupils they are shares of."""
    from scipy.special import ndtr

    pooled = (p1 * n1 + p2 * n2) / (n1 + n2)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    z = np.divide(np.abs(p1 - p2), error, out=np.zeros_like(error), where=error > 0)
    return np.asarray(2 * ndtr(-z))


def holm(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Adjust p-values for having been looked at together.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


# --- What it would cost to miss the same share of every group: a table, never applied by itself ---

TARGETS = np.linspace(0, 1, 401)
ALL = "all"


@dataclass(frozen=True, eq=False)
class EqualMisses:
    """A threshold per group, chosen so that every group misses the same share.

    Parameters
    ----------
    target : float
        The share missed of each group.
    table : DataFrame
        By group, and for all: ``places`` (rows listed), ``precision`` and ``fnr``, each with ``_one``
        threshold for all and with a threshold for ``_each``, at equally many places; and ``threshold``, the
        risk from which the group would be listed.
    """

    target: float
    table: pd.DataFrame

    @property
    def precision_lost(self) -> float:
        """By how much the precision of the whole list would fall."""
        return float(self.table.loc[ALL, "precision_one"] - self.table.loc[ALL, "precision_each"])


def equal_misses(rows: AuditRows, groups: pd.Series, shown: list[str]) -> EqualMisses | None:
    """Find the thresholds within the capacity; groups that are too small to be shown take no part.

    Parameters
    ----------
    rows : AuditRows
        The test part.
    groups : Series of str
        The group of each row.
    shown : list of str
        Groups with enough pupils.

    Returns
    -------
    EqualMisses or None
        None with fewer than two groups.
    """
    if len(shown) < 2:
        return None
    names = groups.to_numpy(dtype=object)
    own = {name: np.flatnonzero(names == name) for name in shown}
    everyone = np.concatenate(list(own.values()))
    thresholds = {name: _thresholds(rows.outcomes[at], rows.risks[at]) for name, at in own.items()}
    lengths = np.sum([_lengths(rows.risks[at], thresholds[name]) for name, at in own.items()], axis=0)
    best = int(np.argmax(lengths <= rows.listed[everyone].sum()))  # lengths fall with the share missed
    each, one = np.zeros(len(names)), np.zeros(len(names))
    for name, at in own.items():
        each[at] = rows.risks[at] >= thresholds[name][best]
    one[everyone] = places(rows.risks[everyone], int(lengths[best]))
    lines = {
        name: _line(rows.outcomes, one, each, at) | {"threshold": float(thresholds[name][best])}
        for name, at in own.items()
    }
    lines[ALL] = _line(rows.outcomes, one, each, everyone) | {"threshold": np.nan}
    return EqualMisses(float(TARGETS[best]), pd.DataFrame.from_dict(lines, orient="index"))


def _thresholds(outcomes: Floats, risks: Floats) -> Floats:
    """Give, for each share missed, the risk from which the others of those who drop out are listed."""
    falling = np.append(-np.sort(-risks[outcomes == 1]), np.inf)
    wanted = np.ceil((1 - TARGETS) * (len(falling) - 1) - 1e-9).astype(np.intp)
    return np.where(wanted > 0, falling[wanted - 1], np.inf)


def _lengths(risks: Floats, thresholds: Floats) -> npt.NDArray[np.intp]:
    return len(risks) - np.searchsorted(np.sort(risks), thresholds, side="left")


def _line(y: Floats, one: Floats, each: Floats, at: npt.NDArray[np.intp]) -> dict[str, float]:
    line = {}
    for kind, listed in (("one", one[at]), ("each", each[at])):
        hits, positives = float((listed * y[at]).sum()), float(y[at].sum())
        line[f"places_{kind}"] = float(listed.sum())
        line[f"precision_{kind}"] = hits / float(listed.sum()) if listed.sum() else np.nan
        line[f"fnr_{kind}"] = 1 - hits / positives
    return line


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
        pass

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


# --- The picture of a fairness report; matplotlib is imported where it draws ---

MOST_GROUPS = 20


def fairness_chart(report: FairnessReport) -> Figure:
    """Draw the share missed of each group with its 95 % interval, one row per group.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    parts = {
        name: frame[frame["shown"]].sort_values("fnr").tail(MOST_GROUPS)
        for name, frame in report.rates.items()
    }
    shown = {name: frame for name, frame in parts.items() if len(frame)}
    heights = [len(frame) + 1 for frame in shown.values()] or [1]
    figure = Figure(figsize=(7, 1 + 0.3 * sum(heights)), layout="constrained")
    all_axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, (name, frame) in zip(all_axes, shown.items(), strict=False):
        below, above = frame["fnr"] - frame["fnr_low"], frame["fnr_high"] - frame["fnr"]
        spread = [below.clip(lower=0), above.clip(lower=0)]
        labels = [WORDS.get(str(group), Text(zh="", en=str(group))).en for group in frame.index]
        axes.errorbar(frame["fnr"], range(len(frame)), xerr=spread, fmt="o", color="#1b4f8a", capsize=2)
        axes.set_yticks(range(len(frame)), labels, fontsize=8, parse_math=False)
        axes.set_ylim(-0.7, len(frame) - 0.3)
        axes.set_title(ATTRIBUTES.get(name, Text(zh=name, en=name)).en, fontsize=9, loc="left")
    all_axes[-1].set(xlim=(0, 1), xlabel="Share missed of those who dropped out, 95 % intervals")
    return figure
