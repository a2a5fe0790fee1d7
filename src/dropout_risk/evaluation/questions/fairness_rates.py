"""What a model does to each group: missed, listed in vain, calibrated, ranked; with intervals by pupil.

Rates are fairlearn's ``MetricFrame`` over metrics of their own, because a place on a list can be shared
between equal risks, and because a pupil seen on two days is still one pupil.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats, Longs, Objects
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.errors import EvaluationError, MissingExtraError
from dropout_risk.evaluation.metrics import (
    Z95,
    calibration_in_the_large,
    log_odds,
    outcomes_and_risks,
    wilson_interval,
)
from dropout_risk.evaluation.questions.capacity import top_count
from dropout_risk.evaluation.questions.group_calibration import shrunk_shifts
from dropout_risk.features.cohort import Cohort, Source, histories_of
from dropout_risk.features.compute import build_features
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.text import Text

# --- Who belongs to which group: columns that check fairness and never make a score ---

NOT_RECORDED = "not recorded"
REGISTERED = ("sex", "ethnicity", "residence")
CIRCUMSTANCES = ("left_behind", "disability")
SCHOOL = "school"
"""The attribute whose groups are schools: what names them stays in the report."""
PLACES = (SCHOOL, "grade_level")
"""Attributes of a place, not of a person: no threshold of their own is shown for them."""
ATTRIBUTES: dict[str, Text] = {
    "sex": Text(zh="性别", en="Sex"),
    "ethnicity": Text(zh="民族", en="Ethnicity"),
    "residence": Text(zh="户口", en="Residence"),
    "left_behind": Text(zh="留守", en="Left behind"),
    "disability": Text(zh="残疾", en="Disability"),
    "school": Text(zh="学校", en="School"),
    "grade_level": Text(zh="年级", en="Grade level"),
}
WORDS: dict[str, Text] = {
    NOT_RECORDED: Text(zh="未登记", en=NOT_RECORDED),
    "yes": Text(zh="是", en="yes"),
    "no": Text(zh="否", en="no"),
    "female": Text(zh="女", en="female"),
    "male": Text(zh="男", en="male"),
    "rural": Text(zh="农业户口", en="rural"),
    "urban": Text(zh="非农业户口", en="urban"),
    **{
        name: Text(zh=word, en=name)
        for name, word in {"han": "汉族", "yi": "彝族", "hui": "回族", "miao": "苗族", "bai": "白族"}.items()
    },
}


def audit_groups(source: Source, cohort: Cohort) -> pd.DataFrame:
    """Give the groups that the pupils of a cohort belong to, as recorded.

    Parameters
    ----------
    source : SchoolRecords or Histories
        Histories hold no column that is for audits only, so from them only school, left-behind and
        disability are known.
    cohort : Cohort
        Pupils and dates. Family circumstances are those known and valid on the date; the columns of the
        students table are those of the day the records were drawn, since nothing older is kept.

    Returns
    -------
    DataFrame
        One row per row of the cohort, one column per attribute of which anything is recorded; "not
        recorded" is a group of its own. It is no input of a model.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> records = dr.simulate_district(n_students=200, seed=1)
    >>> groups = audit_groups(records, dr.Cohort.on(records, "2025-03-03"))
    >>> list(groups), sorted(groups["sex"].unique())
    (['sex', 'ethnicity', 'left_behind', 'disability', 'school', 'grade_level'], ['female', 'male'])
    """
    columns = _circumstance_words(source, cohort) | {
        "school": as_words(cohort.frame["school_id"]),
        "grade_level": as_words(cohort.frame["grade_level"]),
    }
    if isinstance(source, SchoolRecords):
        columns |= _registered_words(source, cohort)
    kept = {name: columns[name] for name in ATTRIBUTES if name in columns}
    told = {name: column for name, column in kept.items() if (column != NOT_RECORDED).any()}
    return pd.DataFrame(told, index=cohort.index)


def _registered_words(records: SchoolRecords, cohort: Cohort) -> dict[str, Objects]:
    students = records.table("students").select(["student_id", *REGISTERED]).to_pandas()
    rows = pd.Index(students["student_id"]).get_indexer(pd.Index(cohort.frame["student_id"]))
    return {name: as_words(students[name].iloc[rows]) for name in REGISTERED}


def _circumstance_words(source: Source, cohort: Cohort) -> dict[str, Objects]:
    declared = default_catalogue().select(CIRCUMSTANCES)
    holds = build_features(histories_of(source), cohort, declared)
    words = np.array(["no", "yes", NOT_RECORDED], dtype=object)
    return {name: words[holds[name].fillna(2.0).to_numpy().astype(np.intp)] for name in CIRCUMSTANCES}


def as_words(column: pd.Series) -> Objects:
    """Write values as words, "not recorded" where there is none; 7 and 7.0 are the same grade."""
    numbers = pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all()
    whole = column.astype("Int64") if numbers else column
    return np.asarray(whole.astype("string").fillna(NOT_RECORDED), dtype=object)


RATES = ("fnr", "fpr", "selection")
COUNTED = {"fnr": "positives", "fpr": "negatives", "selection": "pupils"}
"""What a rate is a share of: the pupils that its interval and its test count."""


@dataclass(frozen=True, eq=False)
class AuditRows:
    """The test part as an audit reads it.

    ``pupils`` says which rows are of the same pupil. ``listed`` is 1 for rows on their day's list, which
    holds a ``share`` of the day's rows, and 0 for others; rows that tie for the last places share them.
    """

    outcomes: Floats
    risks: Floats
    days: npt.NDArray[Any]
    pupils: npt.NDArray[np.intp]
    share: float
    listed: Floats

    @classmethod
    def of(
        cls, outcomes: npt.ArrayLike, risks: npt.ArrayLike, days: npt.ArrayLike, pupils: Any, share: float
    ) -> AuditRows:
        """Check the columns and make the list of each day."""
        truth, risk = outcomes_and_risks(outcomes, risks)
        when, who = np.asarray(days), np.arange(truth.size) if pupils is None else pd.factorize(pupils)[0]
        if len(when) != truth.size or len(who) != truth.size:
            raise EvaluationError(
                f"{truth.size} outcomes, {len(when)} dates and {len(who)} pupils do not belong together."
            )
        return cls(truth, risk, when, who, share, places_on_lists(risk, when, share))


def places_on_lists(risks: Floats, days: npt.NDArray[Any], share: float) -> Floats:
    """Give each row's place on its day's list: 1, 0, or a part of one where equal risks share the end."""
    listed = np.zeros(len(risks))
    for name in np.unique(days):
        day = days == name
        listed[day] = places_on_list(risks[day], top_count(int(day.sum()), share))
    return listed


def places_on_list(risks: Floats, length: int) -> Floats:
    """Give each row's place on one list of the highest risks.

    >>> places_on_list(np.array([0.9, 0.5, 0.5, 0.1]), 2).tolist()
    [1.0, 0.5, 0.5, 0.0]
    """
    if length == 0:
        return np.zeros(len(risks))
    last = np.partition(risks, risks.size - length)[risks.size - length]
    left = length - int((risks > last).sum())
    return np.where(risks > last, 1.0, np.where(risks == last, left / (risks == last).sum(), 0.0))


def group_rates(rows: AuditRows, groups: pd.Series, fewest: int) -> pd.DataFrame:
    """Measure each group of one attribute.

    Gives by group ``pupils``, ``shown`` (whether at least ``fewest`` pupils dropped out, and stayed) and,
    where shown, ``positives`` and ``negatives`` (pupils), the rates ``fnr``, ``fpr``, ``selection`` with
    ``_low`` and ``_high``, ``mean_risk``, ``observed``, ``shift`` (log-odds to add so that risks are right
    on average) with ``shift_error`` and ``shift_shrunk``, ``auc`` with its interval.
    """
    frame = _by_group(rows, groups)
    frame["shown"] = (frame["positives"] >= fewest) & (frame["negatives"] >= fewest)
    for name in RATES:
        frame[f"{name}_low"], frame[f"{name}_high"] = wilson_interval(frame[name], frame[COUNTED[name]])
    frame["shift_shrunk"] = _shrunk_group_shifts(rows, groups)
    frame["auc_low"], frame["auc_high"] = _within_one(frame["auc"], frame.pop("auc_error"))
    figures = frame.columns.difference(["pupils", "shown"])
    frame.loc[~frame["shown"], figures] = np.nan
    return frame


def _by_group(rows: AuditRows, groups: pd.Series) -> pd.DataFrame:
    """Measure every group in one pass: MetricFrame copies each column for each metric, value by value."""
    try:
        from fairlearn.metrics import MetricFrame
    except ImportError as error:
        raise MissingExtraError(
            "fairlearn is not installed.", hint="pip install 'dropout-risk[train]'"
        ) from error

    def figures(at: npt.NDArray[np.intp], listed: Floats) -> dict[str, float]:
        return _group_figures(rows.outcomes[at], rows.risks[at], rows.pupils[at], listed)

    measured = MetricFrame(
        metrics=figures,
        y_true=np.arange(len(rows.outcomes)),
        y_pred=rows.listed,
        sensitive_features=groups.to_numpy(dtype=object),
    ).by_group
    return pd.DataFrame(measured.tolist(), index=pd.Index(measured.index, name="group"))


def _group_figures(y: Floats, risk: Floats, pupil: npt.NDArray[np.intp], listed: Floats) -> dict[str, float]:
    left, stayed = y == 1, y == 0
    found = {
        "pupils": _count_different(pupil),
        "positives": _count_different(pupil[left]),
        "negatives": _count_different(pupil[stayed]),
        "selection": float(listed.mean()),
        "mean_risk": float(risk.mean()),
        "observed": float(y.mean()),
    }
    if not (left.any() and stayed.any()):
        return found | dict.fromkeys(("fnr", "fpr", "shift", "shift_error", "auc", "auc_error"), np.nan)
    found["fnr"], found["fpr"] = float(1.0 - listed[left].mean()), float(listed[stayed].mean())
    found["shift"], found["shift_error"] = _calibration_shift(y, risk, pupil)
    found["auc"], found["auc_error"] = _clustered_auc(left, risk, pupil)
    return found


def _count_different(pupil: npt.NDArray[np.intp]) -> float:
    return float(len(np.unique(pupil)))


def _calibration_shift(y: Floats, risk: Floats, pupil: npt.NDArray[np.intp]) -> tuple[float, float]:
    """Give the shift and its standard error, rows of one pupil counted as one (sandwich estimate)."""
    from scipy.special import expit

    shift = calibration_in_the_large(y, risk)
    fitted = expit(log_odds(risk) + shift)
    _, who = np.unique(pupil, return_inverse=True)
    scatter = np.bincount(who, weights=y - fitted)
    return shift, float(np.sqrt((scatter**2).sum()) / (fitted * (1 - fitted)).sum())


def _clustered_auc(
    left: npt.NDArray[np.bool_], risk: Floats, pupil: npt.NDArray[np.intp]
) -> tuple[float, float]:
    """Give the AUC and its standard error where a pupil can have several rows (Obuchowski 1997)."""
    below = _share_below(risk[left], risk[~left])
    above = 1 - _share_below(risk[~left], risk[left])
    auc = float(below.mean())
    codes, who = np.unique(pupil, return_inverse=True)
    up = np.bincount(who[left], weights=below - auc, minlength=len(codes)) / left.sum()
    down = np.bincount(who[~left], weights=above - auc, minlength=len(codes)) / (~left).sum()
    of_up, of_down = (len(np.unique(who[chosen])) for chosen in (left, ~left))
    if min(of_up, of_down) < 2:
        return auc, np.nan
    variance = of_up / (of_up - 1) * (up**2).sum() + of_down / (of_down - 1) * (down**2).sum()
    variance += 2 * len(codes) / (len(codes) - 1) * (up * down).sum()
    return auc, float(np.sqrt(max(variance, 0.0)))


def _share_below(risk: Floats, others: Floats) -> Floats:
    """Give the share of others below each risk; equal ones count half."""
    ordered = np.sort(others)
    low, high = (np.searchsorted(ordered, risk, side=side) for side in ("left", "right"))
    return np.asarray((low + high) / 2 / len(others))


def _within_one(share: pd.Series, error: pd.Series) -> tuple[Floats, Floats]:
    """Give an interval on the logit scale, which stays within 0 and 1; NaN where there is no spread."""
    from scipy.special import expit

    inside = share.where((share > 0) & (share < 1) & (error > 0))
    middle, half = np.log(inside / (1 - inside)), Z95 * error / (inside * (1 - inside))
    return np.asarray(expit(middle - half)), np.asarray(expit(middle + half))


def _shrunk_group_shifts(rows: AuditRows, groups: pd.Series) -> pd.Series:
    """Draw each shift towards the whole, as the calibration part of the report does."""
    found = shrunk_shifts(rows.outcomes, rows.risks, groups.to_numpy(dtype=object), rows.pupils).groups
    return pd.Series({one.group: one.shift for one in found}, dtype=np.float64)


# --- Reasons by group at equal risk: whether pupils of like risk get other reasons in other groups ---

COMPARED = 0.2
"""The share of pupils with the highest risks: below it a leading reason says little."""
FEWEST_COMPARED = 20
MOST_BINS, PUPILS_PER_BIN = 10, 40
SHUFFLES = 999
NONE = "none"


@dataclass(frozen=True, eq=False)
class ReasonShares:
    """Leading reasons of the groups of one attribute, beside what their risks alone would give.

    By group and kind of reason: the share of pupils it leads for, and the share it would lead for if within
    each bin of risk the group were like everyone. Groups with fewer than 20 pupils are left out of both
    tables. ``distance`` is the total variation distance of each group's two shares (0: none, 1: all differ),
    ``overall`` its mean, ``by_chance`` that mean if groups are dealt at random within bins of risk, and
    ``p`` the share of such deals that are as far apart.
    """

    shares: pd.DataFrame
    expected: pd.DataFrame
    pupils: pd.Series
    distance: pd.Series
    overall: float
    by_chance: float
    p: float


def leading_kinds(sums: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Name the column that raises the risk most, or "none".

    >>> leading_kinds(pd.DataFrame({"attendance": [0.4, -1.0], "grades": [0.9, -0.2]})).tolist()
    ['grades', 'none']
    """
    values = sums.to_numpy(dtype=np.float64)
    names = np.array([*sums.columns, NONE], dtype=object)
    position = np.where(values.max(axis=1) > 0, values.argmax(axis=1), len(sums.columns))
    return np.asarray(names[position])


def reasons_at_equal_risk(
    rows: AuditRows, groups: pd.Series, sums: pd.DataFrame, *, seed: int = 0
) -> ReasonShares | None:
    """Compare the leading reasons of the groups of one attribute among pupils of like risk.

    Of each pupil the last day counts; of these the fifth with the highest risks is compared, in bins of risk.
    ``sums`` holds contributions by domain or by cause. None where fewer than two groups are large enough.
    """
    last = _last_rows(rows)
    risk = rows.risks[last]
    high = last[risk >= np.quantile(risk, 1 - COMPARED)]
    names = groups.to_numpy(dtype=object)
    large = [
        name for name, n in sorted(pd.Series(names[high]).value_counts().items()) if n >= FEWEST_COMPARED
    ]
    high = high[np.isin(names[high].astype(str), [str(name) for name in large])]
    if len(large) < 2:
        return None
    group = pd.Categorical(names[high], categories=large).codes
    words = [*map(str, sums.columns), NONE]
    word = pd.Categorical(leading_kinds(sums.iloc[high]), categories=words).codes
    table = _tables_by_bin(
        _equal_risk_bins(rows.risks[high]), np.asarray(group), np.asarray(word), len(large), len(words)
    )
    dealt = _dealt_counts(table, seed)
    observed, expected = table.sum(axis=0), _expected_counts(table)
    n = observed.sum(axis=1)
    distance = _variation_distance(observed, expected)
    overall, by_chance = distance @ n / n.sum(), _variation_distance(dealt, expected) @ n / n.sum()
    return ReasonShares(
        shares=pd.DataFrame(observed / n[:, None], index=large, columns=words),
        expected=pd.DataFrame(expected / n[:, None], index=large, columns=words),
        pupils=pd.Series(n, index=large),
        distance=pd.Series(distance, index=large),
        overall=float(overall),
        by_chance=float(by_chance.mean()),
        p=float((1 + (by_chance >= overall - 1e-12).sum()) / (1 + SHUFFLES)),
    )


def _last_rows(rows: AuditRows) -> npt.NDArray[np.intp]:
    order = np.argsort(rows.days, kind="stable")
    position = np.full(int(rows.pupils.max()) + 1, -1, dtype=np.intp)
    position[rows.pupils[order]] = order
    return np.sort(position[position >= 0])


def _equal_risk_bins(risks: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    n_bins = int(np.clip(len(risks) // PUPILS_PER_BIN, 1, MOST_BINS))
    edges = np.unique(np.quantile(risks, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, risks, side="right")


def _tables_by_bin(bins: Any, group: Any, word: Any, n_groups: int, n_words: int) -> Longs:
    table = np.zeros((int(bins.max()) + 1, n_groups, n_words), dtype=np.int64)
    np.add.at(table, (bins, group, word), 1)
    return np.asarray(table[table.sum(axis=(1, 2)) > 0])


def _expected_counts(table: Longs) -> npt.NDArray[np.float64]:
    """Give each group the words of everyone in its bins."""
    of_group, of_word = table.sum(axis=2), table.sum(axis=1)
    return np.asarray(
        (of_group[:, :, None] * of_word[:, None, :] / of_group.sum(axis=1)[:, None, None]).sum(0)
    )


def _dealt_counts(table: Longs, seed: int) -> Longs:
    """Deal the groups at random within each bin; rows and columns keep their sums."""
    from scipy.stats import random_table

    rng = np.random.default_rng(seed)
    dealt = np.zeros((SHUFFLES, *table.shape[1:]), dtype=np.int64)
    for part in table:
        dealt += random_table.rvs(part.sum(axis=1), part.sum(axis=0), size=SHUFFLES, random_state=rng).astype(
            int
        )
    return dealt


def _variation_distance(
    counts: npt.NDArray[Any], expected: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    return np.asarray(np.abs(counts - expected).sum(axis=-1) / 2 / expected.sum(axis=-1))


# --- Gaps between groups: how large, how sure, and how many were looked at ---

LEVEL = 0.95
MOST_TOLD = 100


@dataclass(frozen=True)
class Gap:
    """Two groups of one attribute and the difference between their rates.

    ``low`` and ``high`` hold for all ``pairs`` of the attribute at once (95 %); ``p`` is two-sided, and
    ``p_adjusted`` by Holm's rule over every pair of every attribute for this rate.
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


def compare_groups(rates: dict[str, pd.DataFrame], rate: str) -> list[Gap]:
    """Compare every pair of groups that are shown, attribute by attribute.

    A group with no case missed, or all, is compared like any other. A rate is tested on the pupils it is a
    share of (``fnr``: who dropped out). Gaps come in the order of the attributes, the largest first; of an
    attribute of many groups, such as schools, the largest 100 and all whose interval leaves out 0.
    """
    parts = [_pairs_of_attribute(name, frame[frame["shown"]], rate) for name, frame in rates.items()]
    parts = [part for part in parts if len(part)]
    if not parts:
        return []
    every = pd.concat(parts, ignore_index=True)
    every["p_adjusted"] = holm_adjusted(every["p"].to_numpy())
    order = {name: position for position, name in enumerate(rates)}
    every["place"] = every["attribute"].map(order)
    every = every.sort_values(["place", "size"], ascending=[True, False], kind="stable")
    kept = (every.groupby("place").cumcount() < MOST_TOLD) | (every["low"] > 0)
    rows: list[dict[str, Any]] = every[kept].drop(columns="place").to_dict("records")
    return [Gap(**row) for row in rows]


def _pairs_of_attribute(attribute: str, shown: pd.DataFrame, rate: str) -> pd.DataFrame:
    from scipy.special import ndtri

    names, share = shown.index.to_numpy(dtype=object), shown[rate].to_numpy(dtype=np.float64)
    n = shown[COUNTED[rate]].to_numpy(dtype=np.float64)
    one, two = np.triu_indices(len(names), k=1)
    swap = share[one] < share[two]
    one, two = np.where(swap, two, one), np.where(swap, one, two)
    z = float(ndtri(1 - (1 - LEVEL) / (2 * max(len(one), 1))))
    low, high = newcombe_interval(share[one], n[one], share[two], n[two], z)
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


def newcombe_interval(p1: Floats, n1: Floats, p2: Floats, n2: Floats, z: float) -> tuple[Floats, Floats]:
    """Give Newcombe's interval of a difference of shares, made of the two Wilson intervals.

    It has a width where a share is 0 or 1, so no pair needs to be left out.

    >>> low, high = newcombe_interval(*(np.array([x]) for x in (0.8, 70, 0.6, 80)), z=1.959964)
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.0524, 0.3339)
    """
    (l1, u1), (l2, u2) = wilson_interval(p1, n1, z), wilson_interval(p2, n2, z)
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


def holm_adjusted(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Adjust p-values for having been looked at together.

    >>> holm_adjusted(np.array([0.01, 0.04, 0.03])).tolist()
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
    """A threshold per group, chosen so that every group misses the same share, the ``target``.

    The table has by group, and for all: ``places`` (rows listed), ``precision`` and ``fnr``, each with
    ``_one`` threshold for all and with a threshold for ``_each``, at equally many places; and ``threshold``,
    the risk from which the group would be listed.
    """

    target: float
    table: pd.DataFrame

    @property
    def precision_lost(self) -> float:
        """By how much the precision of the whole list would fall."""
        return float(self.table.loc[ALL, "precision_one"] - self.table.loc[ALL, "precision_each"])


def equal_misses(rows: AuditRows, groups: pd.Series, shown: list[str]) -> EqualMisses | None:
    """Find the thresholds within the capacity; None with fewer than two groups that are shown."""
    if len(shown) < 2:
        return None
    names = groups.to_numpy(dtype=object)
    own = {name: np.flatnonzero(names == name) for name in shown}
    everyone = np.concatenate(list(own.values()))
    thresholds = {name: _thresholds_by_target(rows.outcomes[at], rows.risks[at]) for name, at in own.items()}
    lengths = np.sum([_list_lengths(rows.risks[at], thresholds[name]) for name, at in own.items()], axis=0)
    best = int(np.argmax(lengths <= rows.listed[everyone].sum()))  # lengths fall with the share missed
    each, one = np.zeros(len(names)), np.zeros(len(names))
    for name, at in own.items():
        each[at] = rows.risks[at] >= thresholds[name][best]
    one[everyone] = places_on_list(rows.risks[everyone], int(lengths[best]))
    lines = {
        name: _misses_line(rows.outcomes, one, each, at) | {"threshold": float(thresholds[name][best])}
        for name, at in own.items()
    }
    lines[ALL] = _misses_line(rows.outcomes, one, each, everyone) | {"threshold": np.nan}
    return EqualMisses(float(TARGETS[best]), pd.DataFrame.from_dict(lines, orient="index"))


def _thresholds_by_target(outcomes: Floats, risks: Floats) -> Floats:
    """Give, for each share missed, the risk from which the others of those who drop out are listed."""
    falling = np.append(-np.sort(-risks[outcomes == 1]), np.inf)
    wanted = np.ceil((1 - TARGETS) * (len(falling) - 1) - 1e-9).astype(np.intp)
    return np.where(wanted > 0, falling[wanted - 1], np.inf)


def _list_lengths(risks: Floats, thresholds: Floats) -> npt.NDArray[np.intp]:
    return len(risks) - np.searchsorted(np.sort(risks), thresholds, side="left")


def _misses_line(y: Floats, one: Floats, each: Floats, at: npt.NDArray[np.intp]) -> dict[str, float]:
    line = {}
    for kind, listed in (("one", one[at]), ("each", each[at])):
        hits, positives = float((listed * y[at]).sum()), float(y[at].sum())
        line[f"places_{kind}"] = float(listed.sum())
        line[f"precision_{kind}"] = hits / float(listed.sum()) if listed.sum() else np.nan
        line[f"fnr_{kind}"] = 1 - hits / positives
    return line
