"""Splits that do not fool: in time with the label gap respected, by school, and by pupil."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dropout_risk.arrays import Array, Bools, Labels, Positions
from dropout_risk.errors import MissingExtraError, SplitError, nearest
from dropout_risk.features.cohort import Cohort, Source, histories_of
from dropout_risk.modelling.folds.split_dates import AsOfDates, DateBlock, DayCounter, Fold, keys_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


COLOURS = {
    "train": "#1b4f8a",
    "labels not known in time": "#e0b252",
    "test": "#a83232",
    "not used": "#dddddd",
}
MOST_DRAWN = 12


def split_chart(folds: Sequence[Fold], dates: AsOfDates, horizon_days: int) -> Figure:
    """Draw one band per split over school days, the first split on top; needs matplotlib.

    Where schools or pupils are left out a band has two halves: above who trains, below who is left out. The
    line behind the last training date is the window its labels look at: it ends before the test.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Charts need matplotlib.", hint="install dropout-risk[explain]") from error
    drawn = folds[:MOST_DRAWN]
    figure = Figure(figsize=(10, 1.6 + 0.5 * len(drawn)), layout="constrained")
    axes = figure.subplots()
    days, first, last = dates.bounds()
    cells = list(zip(days, first.astype(float).tolist(), strict=True))
    width = 0.9 * float(np.diff(first).min()) if len(first) > 1 else 1.0
    for index, fold in enumerate(drawn):
        _draw_band(axes, index, fold, cells, width)
        end = int(last[np.searchsorted(days, fold.block.train[-1])])
        axes.plot([end, end + horizon_days], [index + 0.45] * 2, color="black", linewidth=1.2, marker="|")
    axes.set_yticks(
        range(len(drawn)), [_split_name(index, fold) for index, fold in enumerate(drawn)], fontsize=8
    )
    axes.set_xticks(first, [str(day)[:10] for day in days], rotation=45, ha="right", fontsize=8)
    axes.set(ylim=(len(drawn) - 0.4, -0.6), xlabel="as-of date, spaced by school days")
    axes.set_title(_chart_title(len(folds), len(drawn), horizon_days), fontsize=10)
    _draw_key(figure)
    return figure


def _draw_band(axes: Any, index: int, fold: Fold, cells: Sequence[tuple[Any, float]], width: float) -> None:
    halves: list[tuple[bool | None, float, float]] = [(None, index - 0.35, 0.7)]
    if fold.aside is not None:
        halves = [(False, index - 0.35, 0.34), (True, index + 0.01, 0.34)]
    for is_aside, low, height in halves:
        for day, start in cells:
            colour = COLOURS[_date_state(fold.block, day, is_aside)]
            axes.broken_barh([(start, width)], (low, height), facecolors=colour)


def _date_state(block: DateBlock, day: Any, is_aside: bool | None) -> str:
    """Say what becomes of the rows of a date; None where nobody is left out."""
    if is_aside is not False and day in block.test:
        return "test"
    if not is_aside and day in block.train:
        return "train"
    return "labels not known in time" if not is_aside and day < block.test[0] else "not used"


def _split_name(index: int, fold: Fold) -> str:
    return f"split {index}" + (f"\n{fold.left_out} left out" if fold.left_out else "")


def _chart_title(number: int, drawn: int, horizon_days: int) -> str:
    shown = "" if drawn == number else f", the first {drawn} drawn"
    return f"{number} split(s) in time, labels look {horizon_days} school days ahead{shown}"


def _draw_key(figure: Any) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    key: list[Any] = [Patch(color=colour, label=name) for name, colour in COLOURS.items()]
    key.append(Line2D([], [], color="black", marker="|", label="labels of the last training date"))
    figure.legend(handles=key, loc="outside lower center", ncols=len(key), fontsize=8, frameon=False)


Schools = Literal["same", "leave_out"]
PUPIL_FOLDS = 5
"""Parts into which pupils are dealt where the test is to hold new pupils and no number is given."""


@dataclass(frozen=True)
class TemporalSplit:
    """Rolling origin over as-of dates: train on the past, test on later snapshots.

    A snapshot may train only if its labels were known when the test began: its as-of day plus the
    horizon, in school days, is not after the first as-of day of the test. Snapshots between the two
    are used by neither.

    With ``schools="leave_out"`` each block of dates is tested once per school, by a model that has never
    seen that school: school by time. With ``new_pupils=True`` no pupil is on both sides of a fold: pupils
    are dealt into parts, and each part is tested once per block. (To take the pupils of the test out of
    training instead would leave only those in training who have left school since.)

    Parameters
    ----------
    n_splits : int, default=3
        Number of test blocks, at the end of the data, one after the other.
    horizon_days : int, default=90
        School days a label looks ahead.
    test_snapshots : int, default=1
        As-of dates in each test block.
    min_train : int, default=1
        Fewest as-of dates to train on.
    calendar : SchoolCalendar, mapping or callable, optional
        Gives the school-day index of an as-of date; of several schools, by the days on which all of them were
        open, so that a label window is over in each. Without it, ``as_of_index`` must be handed in.
    schools : {"same", "leave_out"}, default="same"
        Whether the schools of the test also train. Left out, a pupil who changed schools can still stand
        on both sides; with ``new_pupils`` its rows do not train.
    new_pupils : bool, default=False
        Whether the task is pupils who were never seen.
    group_folds : int, optional
        Parts into which schools or pupils are dealt; by default each school is one, and pupils make five.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["p1", "p2"], [0, 20, 40, 60]], names=["student_id", "as_of"])
    >>> X = pd.DataFrame({"absent": range(8)}, index=rows)
    >>> split = TemporalSplit(n_splits=2, horizon_days=30, calendar=int)
    >>> [(train.tolist(), test.tolist()) for train, test in split.split(X)]
    [([0, 4], [2, 6]), ([0, 1, 4, 5], [3, 7])]
    >>> by_school = TemporalSplit(n_splits=1, horizon_days=30, calendar=int, schools="leave_out")
    >>> schools = ["north"] * 4 + ["south"] * 4
    >>> [(train.tolist(), test.tolist()) for train, test in by_school.split(X, groups=schools)]
    [([4, 5], [3]), ([0, 1], [7])]
    """

    n_splits: int = 3
    horizon_days: int = 90
    test_snapshots: int = 1
    min_train: int = 1
    calendar: DayCounter | None = None
    schools: Schools = "same"
    new_pupils: bool = False
    group_folds: int | None = None
    kind = "temporal"

    def __post_init__(self) -> None:
        """Check that every count is a positive number, and that what is asked for exists."""
        for name in ("n_splits", "horizon_days", "test_snapshots", "min_train"):
            if getattr(self, name) < 1:
                raise SplitError(f"{name} must be at least 1, got {getattr(self, name)!r}.")
        if self.schools not in get_args(Schools):
            raise SplitError(
                f"schools cannot be {self.schools!r}.", hint=nearest(str(self.schools), get_args(Schools))
            )
        if self.group_folds is not None and (self.group_folds < 2 or not self._is_grouped):
            raise SplitError(
                f"group_folds must be at least 2 and needs groups to deal, got {self.group_folds!r}.",
                hint="ask for schools='leave_out' or new_pupils=True, or leave group_folds out",
            )

    @classmethod
    def of(cls, source: Source | Cohort, horizon_days: int | None = None, **options: Any) -> Self:
        """Make a split that counts the school days of records, to be handed to scikit-learn as ``cv=``.

        Parameters
        ----------
        source : SchoolRecords, Histories or Cohort
            Whose school days count; a cohort with labels knows their horizon, too.
        horizon_days : int, optional
            School days a label looks ahead; by default that of the cohort's labels, or else 90.
        **options
            As in :class:`TemporalSplit`.

        Raises
        ------
        SplitError
            If the horizon is another than that of the cohort's labels, or the cohort knows no school days.

        Examples
        --------
        >>> import dropout_risk as dr
        >>> records = dr.simulate_district(n_students=60, seed=1)
        >>> cohort = dr.Cohort.on(records, ["2024-11-04", "2025-05-05"]).with_labels(records, horizon_days=60)
        >>> X = dr.build_features(records, cohort)
        >>> [(len(train), len(test)) for train, test in TemporalSplit.of(cohort, n_splits=1).split(X)]
        [(44, 40)]
        """
        if not isinstance(source, Cohort):
            return cls(horizon_days=horizon_days or 90, calendar=histories_of(source).calendar, **options)
        labelled = source.horizon_days
        if horizon_days is not None and labelled is not None and horizon_days != labelled:
            raise SplitError(
                f"horizon_days={horizon_days}, and the cohort's labels look {labelled} school days ahead.",
                hint="leave horizon_days out",
            )
        if source.calendar is None:
            raise SplitError(
                "The cohort knows no school days.", hint="TemporalSplit.of(records, horizon_days=...)"
            )
        return cls(horizon_days=horizon_days or labelled or 90, calendar=source.calendar, **options)

    def get_n_splits(
        self, X: pd.DataFrame | None = None, y: object = None, groups: ArrayLike | None = None
    ) -> int:
        """Give the number of splits, as scikit-learn asks; each school may be one."""
        if not self._is_grouped:
            return self.n_splits
        if self.schools == "leave_out" and self.group_folds is None:
            return self.n_splits * len(pd.unique(keys_of(X, groups, "school_id")))
        return self.n_splits * (self.group_folds or PUPIL_FOLDS)

    def split(
        self,
        X: pd.DataFrame | None = None,
        y: object = None,
        groups: ArrayLike | None = None,
        *,
        as_of: ArrayLike | None = None,
        as_of_index: ArrayLike | None = None,
        students: ArrayLike | None = None,
    ) -> Iterator[tuple[Positions, Positions]]:
        """Give the positions of training and test rows, the earliest test first.

        Parameters
        ----------
        X : DataFrame, optional
            With an index level ``as_of``.
        y : ignored
            For scikit-learn.
        groups : array-like, optional
            The school of each row where schools are left out, else the pupil of each row; by default the
            index level ``school_id`` or ``student_id``. Not read where neither is asked for.
        as_of : array-like, optional
            The as-of date of each row, where X has no such level.
        as_of_index : array-like of int, optional
            The school-day index of each row's as-of date, where no calendar was given. Where schools
            count differently, the latest index of a training date is held against the earliest of
            the test.
        students : array-like, optional
            The pupil of each row, where both schools and pupils are kept apart; by default the index
            level ``student_id``.

        Raises
        ------
        SplitError
            If a part would be empty, with the way out.
        """
        dates = AsOfDates.of(X, as_of, as_of_index, self.calendar)
        for fold in self._folds(dates, X, groups, students):
            yield fold.train, fold.test

    def frame(
        self,
        X: pd.DataFrame | None = None,
        groups: ArrayLike | None = None,
        *,
        as_of: ArrayLike | None = None,
        as_of_index: ArrayLike | None = None,
        students: ArrayLike | None = None,
    ) -> pd.DataFrame:
        """List the splits: dates and rows of each part; ``gap_rows`` wait for labels not known in time."""
        dates = AsOfDates.of(X, as_of, as_of_index, self.calendar)
        folds = self._folds(dates, X, groups, students)
        return pd.DataFrame([{"split": number} | fold.line(dates.days) for number, fold in enumerate(folds)])

    def chart(
        self,
        X: pd.DataFrame | None = None,
        groups: ArrayLike | None = None,
        *,
        as_of: ArrayLike | None = None,
        as_of_index: ArrayLike | None = None,
        students: ArrayLike | None = None,
    ) -> Figure:
        """Draw which dates train, which wait for their labels, which test and which are not used."""
        dates = AsOfDates.of(X, as_of, as_of_index, self.calendar)
        return split_chart(list(self._folds(dates, X, groups, students)), dates, self.horizon_days)

    @property
    def _is_grouped(self) -> bool:
        return self.new_pupils or self.schools == "leave_out"

    def _folds(
        self,
        dates: AsOfDates,
        X: pd.DataFrame | None,
        groups: ArrayLike | None,
        students: ArrayLike | None,
    ) -> Iterator[Fold]:
        blocks = dates.blocks(self.n_splits, self.horizon_days, self.test_snapshots, self.min_train)
        pupils = None
        sides: list[tuple[str, Bools | None]] = [("", None)]
        if self.schools == "leave_out":
            sides = _deal_parts(keys_of(X, groups, "school_id"), self.group_folds, "school")
            pupils = keys_of(X, students, "student_id") if self.new_pupils else None
        elif self.new_pupils:
            given = groups if students is None else students
            sides = _deal_parts(keys_of(X, given, "student_id"), self.group_folds or PUPIL_FOLDS, "pupil")
        for keys in (pupils, sides[0][1]):
            if keys is not None and len(keys) != len(dates.days):
                raise SplitError(
                    f"{len(keys)} groups for {len(dates.days)} rows.", hint="give one for each row"
                )
        for block in blocks:
            for left_out, aside in sides:
                yield Fold.of(block, dates.days, left_out, aside, pupils)


def _deal_parts(keys: Array, n_folds: int | None, what: str) -> list[tuple[str, Bools | None]]:
    """Deal schools or pupils into parts, and give each part's name and rows; which part hangs on the name."""
    codes, names = pd.factorize(keys, sort=True)
    n_folds = len(names) if n_folds is None else n_folds
    if n_folds < 2 or len(names) < n_folds:
        raise SplitError(
            f"{len(names)} {what}(s) cannot be dealt into {n_folds} parts.",
            hint=f"give rows of more {what}s, or lower group_folds",
        )
    if n_folds == len(names):
        dealt = np.arange(n_folds)
    else:
        none = np.zeros(len(names), dtype=np.int8)
        dealt = dealt_folds([str(name).encode() for name in names], none, n_folds)
    part = dealt[codes]
    if what == "school" and n_folds == len(names):
        return [(f"school {name}", part == fold) for fold, name in enumerate(names)]
    return [(f"{what}s, part {fold + 1} of {n_folds}", part == fold) for fold in range(n_folds)]


def calibration_part(student_ids: ArrayLike, share: float = 0.2, seed: int = 0) -> Bools:
    """Mark the rows of the pupils who are set aside to calibrate on.

    All rows of a pupil fall on the same side, and the side depends on the pupil's id and the seed alone.

    >>> calibration_part(["a", "b", "a", "c"], share=0.5).tolist()
    [False, True, False, False]
    """
    if not 0 < share < 1:
        raise SplitError(f"The share set aside must lie between 0 and 1, got {share!r}.")
    keys = pd.Series(np.asarray(student_ids)).astype(str)
    part = {key: _key_hash(key.encode(), seed) / 2**64 < share for key in keys.unique()}
    return np.asarray(keys.map(part), dtype=np.bool_)


def dealt_folds(keys: Sequence[bytes], y: Labels, n_folds: int, seed: int = 0) -> Positions:
    """Deal rows to folds like cards, class by class; rows with the same key stay together.

    Keys are put in order by class, then by a hash with the seed, and dealt out one by one: so folds differ by
    one key at most in each class, and depend on keys and labels alone, never on the order of the rows. A key
    counts as 1 when any of its rows does.

    >>> dealt_folds([b"a", b"b", b"c", b"d"], np.array([0, 0, 1, 1], dtype=np.int8), 2).tolist()
    [1, 0, 1, 0]
    """
    label: dict[bytes, int] = {}
    for key, value in zip(keys, y, strict=True):
        label[key] = max(label.get(key, 0), int(value))
    ordered = sorted(label, key=lambda key: (-label[key], _key_hash(key, seed), key))
    fold = {key: index % n_folds for index, key in enumerate(ordered)}
    return np.array([fold[key] for key in keys], dtype=np.intp)


def _key_hash(key: bytes, seed: int) -> int:
    salt = str(seed).encode()[:16]
    return int.from_bytes(hashlib.blake2b(key, digest_size=8, salt=salt).digest(), "big")


@dataclass(frozen=True)
class RandomSplit:
    """Folds dealt at random, all rows of a pupil in the same one: **no forecast**, training sees the future.

    A term that was hard for everybody, a new head teacher or a closed road is in training and in the test
    alike, so figures are better than any later day will be. Use it to compare with published figures, and
    name it: a report made from one says so.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds; each tests once.
    seed : int, default=0
        Another seed deals otherwise.

    Examples
    --------
    >>> X = pd.DataFrame({"absent": range(6)})
    >>> split = RandomSplit(n_splits=3)
    >>> [test.tolist() for _, test in split.split(X, groups=["a", "a", "b", "b", "c", "c"])]
    [[2, 3], [0, 1], [4, 5]]
    """

    n_splits: int = 5
    seed: int = 0
    kind = "random"

    def __post_init__(self) -> None:
        """Check that there are at least two folds."""
        _require_folds(self.n_splits)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:
        """Give the number of splits, as scikit-learn asks."""
        return self.n_splits

    def split(
        self, X: pd.DataFrame | ArrayLike, y: ArrayLike | None = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Give the positions of training and test rows of each fold.

        Labels 0 and 1 make their share about the same in every fold. ``groups`` is the pupil of each row; by
        default the index level ``student_id``, else each row is a pupil. SplitError if there are fewer pupils
        than folds.
        """
        keys = keys_of(X, groups, "student_id", otherwise=np.arange(len(np.asarray(X))))
        labels = np.zeros(len(keys), dtype=np.int8) if y is None else np.asarray(y).astype(np.int8)
        yield from _each_fold(keys, labels, self.n_splits, self.seed, "pupils")


@dataclass(frozen=True)
class SchoolSplit:
    """Each school is left out once, whatever the dates: how the model does at a school it never saw.

    Where rows have as-of dates, ``TemporalSplit(schools="leave_out")`` asks the harder question: at a new
    school *and* later.

    Parameters
    ----------
    n_splits : int, optional
        Parts into which schools are dealt; by default each school is one.

    Examples
    --------
    >>> X = pd.DataFrame({"absent": range(4)})
    >>> [test.tolist() for _, test in SchoolSplit().split(X, groups=["north", "south", "north", "east"])]
    [[3], [0, 2], [1]]
    """

    n_splits: int | None = None
    kind = "school"

    def __post_init__(self) -> None:
        """Check that there are at least two folds."""
        _require_folds(2 if self.n_splits is None else self.n_splits)

    def get_n_splits(
        self, X: pd.DataFrame | None = None, y: object = None, groups: ArrayLike | None = None
    ) -> int:
        """Give the number of splits, as scikit-learn asks: the number of schools, if none was given."""
        return self.n_splits or len(pd.unique(keys_of(X, groups, "school_id")))

    def split(
        self, X: pd.DataFrame | None = None, y: object = None, groups: ArrayLike | None = None
    ) -> Iterator[tuple[Positions, Positions]]:
        """Give the positions of training and test rows, school by school.

        ``groups`` is the school of each row; by default the index level ``school_id``. SplitError if there
        are fewer schools than parts.
        """
        keys = keys_of(X, groups, "school_id")
        if self.n_splits is not None:
            yield from _each_fold(keys, np.zeros(len(keys), dtype=np.int8), self.n_splits, 0, "schools")
            return
        codes, names = pd.factorize(keys, sort=True)
        _require_groups(len(names), 2, "schools")
        for index in range(len(names)):
            yield np.flatnonzero(codes != index), np.flatnonzero(codes == index)


def _each_fold(
    keys: Array, y: Labels, n_splits: int, seed: int, what: str
) -> Iterator[tuple[Positions, Positions]]:
    codes, names = pd.factorize(keys, sort=True)
    _require_groups(len(names), n_splits, what)
    label = np.zeros(len(names), dtype=np.int8)
    np.maximum.at(label, codes, y)
    fold = dealt_folds([str(name).encode() for name in names], label, n_splits, seed)[codes]
    for number in range(n_splits):
        yield np.flatnonzero(fold != number), np.flatnonzero(fold == number)


def _require_folds(n_splits: int) -> None:
    if n_splits < 2:
        raise SplitError(f"n_splits must be at least 2, got {n_splits!r}.", hint="5 is usual")


def _require_groups(number: int, n_splits: int, what: str) -> None:
    if number < n_splits:
        raise SplitError(
            f"{number} {what} cannot be dealt into {n_splits} folds.",
            hint=f"give rows of more {what}, or lower n_splits",
        )
