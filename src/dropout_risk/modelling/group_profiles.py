"""What the classes, schools and days of the training looked like: ranges of their means, never rows.

A class that looks like none of these is named, since nobody has seen how the model does in such a class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.measures import DaysSinceExam, TestAge

Level = Literal["class", "school", "day"]
Found = npt.NDArray[np.int8]

KEYS: dict[Level, list[str]] = {"class": ["school", "class"], "school": ["school"], "day": ["day"]}
FEWEST_PUPILS = 10
"""Pupils of a group below which it is neither learned from nor judged."""
FEWEST_GROUPS: dict[Level, int] = {"class": 10, "school": 10, "day": 3}
"""Classes, schools and days from which on a level is judged."""
ERRORS, WIDER, FEW, KNOWN = 3.0, 0.25, 5.0, 0.25
"""Beyond the range of training: standard errors of a mean, shares of the range (``WIDER``, and ``FEW`` over
the number of groups), shares known."""
FARTHEST: dict[Level, float] = {"class": 0.0, "school": 0.0, "day": 0.5}
"""Standard deviations of pupils besides: a few days of a year have no range to speak of."""
SAME, MOST_ALIKE = 1e-6, 0.75
"""A group is constant where values are no further apart; strange where in training no group came near."""
SMALLEST_WEIGHT = 0.02
"""Share of what all features add to log-odds below which what lies outside names no group."""
ALIKE, CONSTANT, LOWER, HIGHER, UNKNOWN, NEWLY_KNOWN = range(6)


@dataclass(frozen=True, eq=False)
class GroupMoments:
    """Means, spreads and numbers of some features in some groups: arrays of shape (n_groups, n_features)."""

    mean: Floats
    sd: Floats
    n: Longs

    @classmethod
    def of_rows(cls, values: Floats, groups: Longs, n_groups: int) -> Self:
        """Sum up rows of features; ``groups`` says into which group each goes, -1 into none."""
        known = (~np.isnan(values)).astype(np.int64)
        return cls(values, np.zeros(values.shape), known).joined(groups, n_groups)

    @property
    def size(self) -> Longs:
        """About how many pupils each group has: those of the feature that most have."""
        return np.asarray(self.n.max(axis=1, initial=0))

    @property
    def known(self) -> Floats:
        """Share of the pupils of each group who have a value."""
        return self.n / np.maximum(self.size, 1)[:, None]

    def joined(self, groups: Longs, n_groups: int) -> Self:
        """Put groups together: ``groups`` says into which each goes, -1 into none."""
        shape = (n_groups, self.mean.shape[1])
        total, squares, number = np.zeros(shape), np.zeros(shape), np.zeros(shape, np.int64)
        there = groups >= 0
        mean = np.where(self.n > 0, self.mean, 0.0)
        np.add.at(number, groups[there], self.n[there])
        np.add.at(total, groups[there], (self.n * mean)[there])
        np.add.at(
            squares, groups[there], (self.n * (np.where(self.n > 0, self.sd, 0.0) ** 2 + mean**2))[there]
        )
        whole = np.maximum(number, 1)
        middle = total / whole
        spread = np.sqrt(np.maximum(squares / whole - middle**2, 0.0))
        return type(self)(np.where(number, middle, np.nan), np.where(number, spread, np.nan), number)


@dataclass(frozen=True, eq=False)
class LevelProfile:
    """The groups of one level in training: by feature, between what and what they lay.

    ``groups`` is how many there were, whatever the number of days; ``lowest`` and ``highest`` are of means,
    ``least`` and ``most`` of shares known; ``alike`` is the largest share of a group that had one same
    value. NaN where no group was large enough.
    """

    groups: int
    lowest: Floats
    highest: Floats
    least: Floats
    most: Floats
    alike: Floats

    @classmethod
    def of(cls, moments: GroupMoments, names: Longs, alike: Floats) -> Self:
        """Learn the ranges from groups of a day each; ``names`` says which are the same group.

        ``alike`` is the share of each that has the commonest value, in the shape of the moments.
        """
        large = moments.size >= FEWEST_PUPILS
        told = (moments.n >= FEWEST_PUPILS) & large[:, None]
        mean, known = np.where(told, moments.mean, np.nan), np.where(large[:, None], moments.known, np.nan)
        return cls(
            len(np.unique(names[large])),
            _column_ends(mean, np.fmin, np.nan), _column_ends(mean, np.fmax, np.nan),
            _column_ends(known, np.fmin, np.nan), _column_ends(known, np.fmax, np.nan),
            _column_ends(np.where(told, alike, np.nan), np.fmax, np.nan),
        )  # fmt: skip

    def judge(self, moments: GroupMoments, spread: Floats, farther: float = 0.0) -> Found:
        """Say of each group and feature whether, and how, it lies outside; ``spread`` is that of pupils."""
        n, large = moments.n, (moments.size >= FEWEST_PUPILS)[:, None]
        told = (n >= FEWEST_PUPILS) & large
        room = (ERRORS / np.sqrt(np.maximum(n, 1)) + farther) * spread
        room = room + (WIDER + FEW / max(self.groups, 1)) * (self.highest - self.lowest)
        found = np.full(n.shape, ALIKE, np.int8)
        found[told & (moments.mean < self.lowest - room)] = LOWER
        found[told & (moments.mean > self.highest + room)] = HIGHER
        found[told & (moments.sd <= SAME) & (self.alike <= MOST_ALIKE)] = CONSTANT
        found[large & (moments.known < self.least - KNOWN)] = UNKNOWN
        found[large & (moments.known > self.most + KNOWN)] = NEWLY_KNOWN
        return found

    def to_dict(self) -> dict[str, Any]:
        """Write it as plain data."""
        return {"groups": self.groups, **{name: _as_numbers(getattr(self, name)) for name in _RANGES}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(int(data["groups"]), *(_as_floats(data[name]) for name in _RANGES))


_RANGES = ("lowest", "highest", "least", "most", "alike")


@dataclass(frozen=True, eq=False)
class GroupProfiles:
    """What a model knows of the groups that it learned from.

    ``names`` are features of the pupil itself; ``spread`` is their standard deviation over pupils, and
    ``weight`` the mean size of what each adds to the log-odds. Without levels no group is ever named.

    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"absence_share_20d": rng.beta(1, 9, 1200), "score_last_200d": rng.beta(6, 3, 1200)})
    >>> where = pd.DataFrame({"day": "2025-03-03", "school": "a", "class": np.arange(1200) // 40})
    >>> profiles = GroupProfiles.of(X, where, weight=np.ones(2))
    >>> profiles.levels["class"].groups
    30
    >>> odd = GroupMoments(np.array([[0.1, 0.0]]), np.array([[0.09, 0.0]]), np.array([[40, 40]]))
    >>> profiles.judge("class", odd).tolist()  # the marks of this class are all the same
    [[0, 1]]
    """

    names: tuple[str, ...]
    spread: Floats
    weight: Floats
    levels: Mapping[Level, LevelProfile]

    @classmethod
    def of(cls, X: pd.DataFrame, where: pd.DataFrame, weight: Floats) -> Self:
        """Learn from training rows; ``where`` says the ``day``, ``school`` and ``class`` of each.

        A row without a class takes part in its school and day.
        """
        values = X.to_numpy(dtype=np.float64)
        with np.errstate(invalid="ignore"):
            spread = np.array(
                [float(np.nanstd(column)) if (~np.isnan(column)).any() else 0.0 for column in values.T]
            )
        levels: dict[Level, LevelProfile] = {}
        for level, columns in KEYS.items():
            name = codes_of_groups(where, columns)
            code = codes_of_groups(where, list({"day": None} | dict.fromkeys(columns)))
            names = np.zeros(int(code.max(initial=-1)) + 1, np.int64)
            names[code[code >= 0]] = name[code >= 0]
            profile = LevelProfile.of(
                GroupMoments.of_rows(values, code, len(names)), names, _shares_alike(values, code, len(names))
            )
            if profile.groups >= FEWEST_GROUPS[level]:
                levels[level] = profile
        return cls(tuple(map(str, X.columns)), spread, np.asarray(weight, dtype=np.float64), levels)

    def judge(self, level: Level, moments: GroupMoments) -> Found:
        """Say how each feature of each group lies outside what training saw; ``ALIKE`` where it does not."""
        profile = self.levels.get(level)
        if profile is None:
            return np.zeros(moments.n.shape, np.int8)
        return profile.judge(moments, self.spread, FARTHEST[level])

    def heavy(self, found: Found, named: Bools | None = None) -> Found:
        """Keep what the model heeds: groups in which the features outside weigh enough together.

        ``named`` marks the features that are told of; others are left out.
        """
        kept = np.where(self.weight > 0, found, ALIKE).astype(np.int8)
        if named is not None:
            kept[:, ~named] = ALIKE
        weight = ((kept != ALIKE) * self.weight).sum(axis=1)
        kept[weight < SMALLEST_WEIGHT * self.weight.sum()] = ALIKE
        return kept

    def to_dict(self) -> dict[str, Any]:
        """Write the profiles as plain data."""
        return {
            "names": list(self.names),
            "spread": _as_numbers(self.spread),
            "weight": _as_numbers(self.weight),
            "levels": {level: profile.to_dict() for level, profile in self.levels.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        levels = {level: LevelProfile.from_dict(item) for level, item in data["levels"].items()}
        return cls(tuple(data["names"]), _as_floats(data["spread"]), _as_floats(data["weight"]), levels)


def profiled_columns(catalogue: FeatureCatalogue) -> list[str]:
    """Name the features that a class context has rows of, those that need no class themselves.

    How long ago an exam or a test was is left out: that moves with the time of the year, for all classes.
    """
    needing: set[str] = set()
    for name, feature in catalogue.items():
        if feature.measure.needs_class or needing & set(feature.measure.needs):
            needing.add(name)
    return [
        name
        for name, feature in catalogue.items()
        if name not in needing and not isinstance(feature.measure, DaysSinceExam | TestAge)
    ]


def codes_of_groups(where: pd.DataFrame, columns: list[str]) -> Longs:
    """Give each row the number of its group: rows that agree in some columns; -1 where one is missing."""
    code = where.groupby(columns, sort=True, dropna=True).ngroup().fillna(-1)
    return np.asarray(code.to_numpy(dtype=np.int64))


def _shares_alike(values: Floats, code: Longs, n_groups: int) -> Floats:
    """Give the share of each group's known values that are its commonest one, by column."""
    shares = np.full((n_groups, values.shape[1]), np.nan)
    for column in range(values.shape[1]):
        there = (code >= 0) & ~np.isnan(values[:, column])
        kind = np.unique(values[there, column], return_inverse=True)[1].astype(np.int64)
        n_kinds = int(kind.max(initial=0)) + 1
        kinds, counts = np.unique(code[there] * n_kinds + kind, return_counts=True)
        most, n = np.zeros(n_groups), np.bincount(code[there], minlength=n_groups)
        np.maximum.at(most, kinds // n_kinds, counts)
        shares[n > 0, column] = most[n > 0] / n[n > 0]
    return shares


def _column_ends(values: Floats, choose: np.ufunc, empty: float) -> Floats:
    return np.asarray(choose.reduce(values, axis=0, initial=empty))


def _as_numbers(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _as_floats(numbers: Sequence[float | None]) -> Floats:
    return np.array([np.nan if number is None else number for number in numbers], dtype=np.float64)
