"""The class context: what a feature may know of class-mates, made once per date from the whole cohort.

It is a small table of means, spreads and counts per class. It is never made from the pupils who happen
to share a batch: without it, features that need class-mates are missing. The moments of a class are
added up over its pupils in their order, so that a class alone gives the bits that it gives among others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from dropout_risk.arrays import Array, Bools, Floats, Ints, Longs
from dropout_risk.errors import DateError, RequestError, nearest
from dropout_risk.features.sat_exams import (
    EARLY_DAYS,
    MAKE_UP_DAYS,
    SatExams,
    common_subjects,
    count_missed,
    joined_sittings,
    mark_resits,
)
from dropout_risk.histories.classes import CLASSES_AT_ONCE, Sittings
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.runs import offsets_of
from dropout_risk.histories.snapshot import Grades, Snapshot, Window
from dropout_risk.kernels import blocks, in_threads, kernel
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.records.pupils.classes import Classes, class_name, indices_of_classes, parts_of_class
from dropout_risk.records.wording.words import word_key

# --- The sums behind the class context, class by class over its pupils in their order ---


def exam_moments(histories: Histories, members: Bools, ordinal: int) -> tuple[Floats, Floats, Longs]:
    """Give mean, spread and number of the known marks of each sitting, over the members of its class.

    Marks of an exam that was made up on another day are added to those of its first sitting.
    """
    grades, classes, sittings = histories.grades, histories.classes, histories.sittings
    joined = joined_sittings(grades, classes, sittings, ordinal)
    mean, sd = np.full(len(sittings.cls), np.nan), np.full(len(sittings.cls), np.nan)
    n = np.zeros(len(sittings.cls), dtype=np.int64)
    columns = grades.columns

    def add_up(block: slice) -> None:
        pupils = classes.offsets[block.start : block.stop + 1]
        first, last = sittings.offsets[block.start], sittings.offsets[block.stop]
        _of_sittings(
            classes.order[pupils[0] : pupils[-1]], members, grades.offsets, columns["known"],
            grades.corrected, ordinal, sittings.of_mark, joined, columns["percent"], int(first),
            mean[first:last], sd[first:last], n[first:last],
        )  # fmt: skip

    in_threads(add_up, blocks(len(classes.names), CLASSES_AT_ONCE))
    return mean, sd, n


def feature_moments(
    classes: Classes, values: Floats, indices: Longs, members: Bools
) -> tuple[Floats, Floats, Longs]:
    """Give mean, spread and number of some features in each class: shape (n_features, n_classes)."""
    shape = (len(indices), len(classes.names))
    mean, sd, n = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64)

    def add_up(block: slice) -> None:
        of_block = slice(block.start, block.stop + 1)
        _of_classes(
            classes.order, classes.offsets[of_block], members, values, indices, block.start, mean, sd, n
        )

    in_threads(add_up, blocks(len(classes.names), CLASSES_AT_ONCE))
    return mean, sd, n


@kernel
def _of_sittings(  # noqa: PLR0917
    pupils: Longs,
    members: Bools,
    offsets: Longs,
    known: Ints,
    corrected: Bools,
    ordinal: int,
    sitting: Ints,
    joined: Ints,
    percent: Floats,
    first: int,
    mean: Floats,
    sd: Floats,
    n: Longs,
) -> None:
    """Means with compensated sums, spreads about the running mean.

    Pupils come class by class in their order, and marks in the order of their pupil, so each sitting's sums
    are added in an order that no other class touches: a class alone gives the bits it gives among others.
    ``lost`` is what rounding took from the total so far (Kahan), ``squares`` grows by Welford's step. A row
    counts as in ``runs.visible_rows``: known by the date, and not corrected by the next one by then.
    """
    total, lost = np.zeros(len(n)), np.zeros(len(n))
    running, squares = np.zeros(len(n)), np.zeros(len(n))
    for pupil in pupils:
        if not members[pupil]:
            continue
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if known[row] >= ordinal or (corrected[row] and known[row + 1] < ordinal):
                continue
            if not np.isfinite(percent[row]):
                continue
            at, value = joined[sitting[row]] - first, percent[row]
            n[at] += 1
            less = value - lost[at]
            added = total[at] + less
            lost[at] = added - total[at] - less
            total[at] = added
            before = running[at]
            running[at] += (value - before) / n[at]
            squares[at] += (value - running[at]) * (value - before)
    for at in range(len(n)):
        if n[at] > 0:
            mean[at] = total[at] / n[at]
            sd[at] = np.sqrt(squares[at] / n[at])


@kernel
def _of_classes(  # noqa: PLR0917
    order: Longs,
    classes: Longs,
    members: Bools,
    values: Floats,
    indices: Longs,
    first: int,
    mean: Floats,
    sd: Floats,
    n: Longs,
) -> None:
    """Mean and spread of each feature in each class: the mean in a first walk, squares about it in a second.

    Pupils of a class are walked in their order and all features side by side, so that each sum is added in
    the same order whoever else is there.
    """
    n_features = len(indices)
    total, squares = np.empty(n_features), np.empty(n_features)
    number = np.empty(n_features, dtype=np.int64)
    for cls in range(len(classes) - 1):
        total[:] = 0.0
        squares[:] = 0.0
        number[:] = 0
        for index in range(classes[cls], classes[cls + 1]):
            pupil = order[index]
            if members[pupil]:
                for feature in range(n_features):
                    value = values[pupil, indices[feature]]
                    if not np.isnan(value):
                        total[feature] += value
                        number[feature] += 1
        for feature in range(n_features):
            total[feature] /= max(number[feature], 1)
        for index in range(classes[cls], classes[cls + 1]):
            pupil = order[index]
            if members[pupil]:
                for feature in range(n_features):
                    value = values[pupil, indices[feature]]
                    if not np.isnan(value):
                        squares[feature] += (value - total[feature]) ** 2
        for feature in range(n_features):
            mean[feature, first + cls] = total[feature]
            sd[feature, first + cls] = np.sqrt(squares[feature] / max(number[feature], 1))
            n[feature, first + cls] = number[feature]


@kernel
def mark_standings(sitting: Ints, percent: Floats, exam: Ints, mean: Floats, sd: Floats) -> Floats:
    """Give each mark its distance from its exam's mean in standard deviations; missing without an exam."""
    z = np.full(len(percent), np.nan)
    for row in range(len(percent)):
        if sitting[row] >= 0 and exam[sitting[row]] >= 0:
            at = exam[sitting[row]]
            z[row] = (percent[row] - mean[at]) / sd[at]
    return z


SMALLEST_CLASS = 3
_COLUMNS = ("school_id", "class_id", "grade_level", "feature", "subject", "exam", "date", "mean", "sd", "n")
_OPTIONAL = ("grade_level", "school_n")
_KEYS = ("school_id", "class_id", "feature", "subject", "exam")
_DATES, _SHIFT = 1 << 22, 1 << 20  # room for every date, also before 1970
_SAME_MARK = 1e-9
_FIRST_DAY, _LARGEST = "1970-01-01", 1e9
_NUMBERS, _UNTOLD = ("mean", "sd", "n", "school_n"), -1


@dataclass(frozen=True, eq=False)
class Moments:
    """Rows of a class context: coded names and a date, with a mean, a spread and a count.

    ``words`` are the names behind the codes of ``cls``, and ``feature`` or ``subject``, ``exam`` and
    ``date``; classes are named as in :class:`Classes`. ``school_n`` counts the values of a feature in the
    whole school; -1 where nobody says.
    """

    words: Mapping[str, Sequence[str]]
    codes: dict[str, Ints]
    mean: Floats
    sd: Floats
    n: Longs
    school_n: Longs

    @classmethod
    def of_rows(cls, names: Mapping[str, Sequence[str]], date: Any, numbers: Mapping[str, Any]) -> Self:
        """Read rows that name things by words."""
        words = {name: list(dict.fromkeys(column)) for name, column in names.items()}
        codes = {name: _word_positions(names[name], words[name]) for name in names}
        mean, sd = (np.asarray(numbers[name], dtype=np.float64) for name in ("mean", "sd"))
        codes["date"] = np.asarray(date, dtype=np.int32)
        n, school_n = (np.asarray(numbers[name], dtype=np.int64) for name in ("n", "school_n"))
        return cls(words, codes, mean, sd, n, school_n)

    def table(self) -> pd.DataFrame:
        """Give the rows with words for codes; what they do not name is empty."""
        none = np.zeros(len(self.n), dtype=np.int32)
        named = [parts_of_class(name) for name in self.words["cls"]] or [("", "", "")]
        columns: dict[str, Array] = {
            name: np.array([names[part] for names in named], dtype=object)[self.codes["cls"]]
            for part, name in enumerate(("school_id", "class_id", "grade_level"))
        }
        for name in ("feature", "subject", "exam"):
            words = np.array([*self.words.get(name, ()), ""], dtype=object)
            columns[name] = words[self.codes.get(name, none - 1)]
        columns["date"] = self.codes.get("date", none).astype(np.int64)
        columns |= {"mean": self.mean, "sd": self.sd, "n": self.n, "school_n": self.school_n}
        return pd.DataFrame({name: columns[name] for name in (*_COLUMNS, "school_n")})


def _no_moments(*names: str) -> Moments:
    return Moments.of_rows({name: [] for name in names}, [], {name: [] for name in _NUMBERS})


class _Exams:
    """Exams of a class context that may be compared with, in an order to find them by; without resits."""

    def __init__(self, rows: Moments) -> None:
        usable = np.flatnonzero(rows.n >= SMALLEST_CLASS)
        self.rows = rows
        self.indices = {
            name: {word_key(word): code for code, word in enumerate(rows.words[name])}
            for name in ("subject", "exam")
        }
        codes = {name: column[usable] for name, column in rows.codes.items()}
        key = self.key(codes["cls"], codes["subject"], codes["exam"], codes["date"])
        order = np.argsort(key, kind="stable")
        key, usable = key[order], usable[order]
        main = ~mark_resits(key // _DATES, key % _DATES, rows.n[usable])
        self.keys, self.usable = key[main], usable[main]
        self.mean, self.sd = (column[self.usable] for column in (rows.mean, rows.sd))
        self.n = rows.n[self.usable]
        self.sd = np.where(self.sd >= _SAME_MARK, self.sd, np.nan)
        cls, self.subjects, self.names, self.dates = (
            rows.codes[name][self.usable] for name in ("cls", "subject", "exam", "date")
        )
        self.common = common_subjects(cls, self.subjects, rows.n[self.usable])
        self.offsets = offsets_of(np.bincount(cls, minlength=len(rows.words["cls"])))

    def key(self, cls: Ints, subject: Ints, exam: Ints, date: Ints) -> Longs:
        joint = cls.astype(np.int64) * max(len(self.rows.words["subject"]), 1) + subject
        joint = joint * max(len(self.rows.words["exam"]), 1) + exam
        return np.asarray(joint * _DATES + date + _SHIFT)

    def codes_of(self, name: str, words: Sequence[str]) -> Ints:
        """Give the code here of each word of some histories, and at the end -1 for none."""
        return np.array([*(self.indices[name].get(word_key(word), -1) for word in words), -1], dtype=np.int32)

    def of_sittings(self, sittings: Sittings, words: Mapping[str, Sequence[str]], classes: Ints) -> Ints:
        """Give the index of each sitting among these exams; -1 where they lack it.

        A sitting on another day belongs to the exam of that name which the class sat before it, not long ago,
        or else soon after.
        """
        subject, exam = (self.codes_of(name, words.get(name, ())) for name in ("subject", "exam"))
        cls, subject, exam = classes[sittings.cls], subject[sittings.subject], exam[sittings.exam]
        there = (cls >= 0) & (subject >= 0) & (exam >= 0)
        if not len(self.keys) or not there.any():
            return np.full(len(there), -1, dtype=np.int32)
        key = self.key(cls, subject, exam, sittings.date)
        after = np.searchsorted(self.keys, key, side="right")
        before, after = np.maximum(after - 1, 0), np.minimum(after, len(self.keys) - 1)
        made_up = (self.keys[before] <= key) & (key - self.keys[before] <= MAKE_UP_DAYS)
        early = (self.keys[after] > key) & (self.keys[after] - key <= EARLY_DAYS)
        at = np.where(made_up, before, np.where(early, after, -1))
        same = self.keys[at] // _DATES == key // _DATES
        return np.where(there & (at >= 0) & same, at, -1).astype(np.int32)


@dataclass(frozen=True, eq=False)
class ClassContext:
    """Means, spreads and counts per class: of each feature, and of each exam's percents."""

    exams: Moments
    features: Moments

    @classmethod
    def empty(cls) -> Self:
        """Give the context that knows nothing: features that need class-mates stay missing."""
        return cls(_no_moments("cls", "subject", "exam"), _no_moments("cls", "feature"))

    @classmethod
    def of_exams(cls, snapshot: Snapshot, members: Bools) -> Self:
        """Make the exam rows from the known marks of a cohort's members."""
        histories = snapshot.histories
        sittings = histories.sittings
        mean, sd, n = exam_moments(histories, members, snapshot.ordinal)
        sat = np.flatnonzero(n)
        names = ("cls", "subject", "exam", "date")
        codes = {name: getattr(sittings, name)[sat] for name in names}
        words: dict[str, Sequence[str]] = {"cls": histories.classes.names}
        words |= {name: histories.words.get(name, ()) for name in ("subject", "exam")}
        exams = Moments(words, codes, mean[sat], sd[sat], n[sat], np.full(len(sat), _UNTOLD))
        return cls(exams, _no_moments("cls", "feature"))

    def with_means(
        self, snapshot: Snapshot, values: Floats, indices: Sequence[int], names: Sequence[str], members: Bools
    ) -> Self:
        """Give a context with the class means of features added.

        ``indices`` says which columns of ``values``, shape (n_pupils, n_features), and ``names`` what they
        are called; ``members`` who counts. A class has a row of every feature, or of none.
        """
        classes = snapshot.histories.classes
        mean, sd, n = feature_moments(classes, values, np.array(indices, dtype=np.int64), members)
        feature, cls = np.nonzero(np.broadcast_to(n.any(axis=0), n.shape))
        codes = {"cls": cls.astype(np.int32), "feature": feature.astype(np.int32)}
        words = {"cls": classes.names, "feature": list(names)}
        there, school_n = (feature, cls), _numbers_of_schools(classes.names, n)
        told = Moments(words, codes, mean[there], sd[there], n[there], school_n[there])
        return replace(self, features=told)

    def __len__(self) -> int:
        return len(self.exams.n) + len(self.features.n)

    @cached_property
    def table(self) -> pd.DataFrame:
        """All rows, those of exams first.

        Columns ``school_id, class_id, grade_level, feature, subject, exam, date, mean, sd, n, school_n``. A
        row is either of a feature (``subject`` and ``exam`` empty) or of an exam (``feature`` empty, ``date``
        an ordinal, ``school_n`` -1). ``grade_level`` is text, empty where none is known.
        """
        parts = [part.table() for part in (self.exams, self.features) if len(part.n)]
        return pd.concat(parts, ignore_index=True) if parts else self.exams.table()

    def class_means(self, snapshot: Snapshot, features: Sequence[str]) -> Floats:
        """Give each pupil the class means of some features; missing where under three have one."""
        indices, means = self._means
        columns = means[:, [indices.get(name, -1) for name in features]]
        classes = snapshot.histories.classes
        return np.asarray(columns[self._class_codes(self.features.words["cls"], classes)])

    def means_of_others(self, snapshot: Snapshot, features: Sequence[str], values: Floats) -> Floats:
        """Give the means of each pupil's class-mates, the pupil left out; where :meth:`class_means` are.

        ``values`` are the pupils' own, shape (n_pupils, n_features): they were counted with the others'.
        """
        means = self.class_means(snapshot, features)
        indices, _ = self._means
        classes = snapshot.histories.classes
        at = self._class_codes(self.features.words["cls"], classes)
        n = self._numbers[:, [indices.get(name, -1) for name in features]][at]
        counted = ~np.isnan(values)
        return np.where(
            counted, means + (means - np.where(counted, values, 0.0)) / np.maximum(n - 1, 1), means
        )

    def unrecorded(self, snapshot: Snapshot, tables: Mapping[str, str]) -> Bools:
        """Mark the features of tables of which a pupil's school has no value of anybody.

        ``tables`` names the table of each feature. False where the context has no row of the pupil's class
        and the table, or one that does not count the school: rows from elsewhere may leave out what schools
        keep. A context that was made of histories has all of them, for each class alone as for all.
        """
        rows, classes = self.features, snapshot.histories.classes
        names = list(dict.fromkeys(tables.values()))
        table_of = _word_positions([tables.get(name) for name in rows.words["feature"]], names)
        shape = (len(rows.words["cls"]) + 1, len(names) + 1)  # what is of no class, of no table comes last
        listed, kept = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        listed[rows.codes["cls"], table_of[rows.codes["feature"]]] = True
        some = rows.school_n != 0
        kept[rows.codes["cls"][some], table_of[rows.codes["feature"][some]]] = True
        at = self._class_codes(rows.words["cls"], classes)
        return np.asarray((listed & ~kept)[at][:, _word_positions(list(tables.values()), names)])

    @cached_property
    def _means(self) -> tuple[dict[str, int], Floats]:
        """Give each feature's column and the means of the classes; the last row and column are missing."""
        return _word_codes(self.features.words["feature"]), self._by_class(self.features.mean, np.nan)

    @cached_property
    def _numbers(self) -> Floats:
        """Give how many pupils each of the means is of, in their shape."""
        return self._by_class(self.features.n, 0.0)

    def _by_class(self, numbers: Array, none: float) -> Floats:
        rows = self.features
        table = np.full((len(rows.words["cls"]) + 1, len(rows.words["feature"]) + 1), none)
        use = rows.n >= SMALLEST_CLASS
        table[rows.codes["cls"][use], rows.codes["feature"][use]] = numbers[use]
        return table

    def exam_z(self, snapshot: Snapshot, grades: Grades) -> Floats:
        """Give each of some known marks its distance from the class mean of the exam, in standard deviations.

        Missing where the context does not have the exam, where fewer than three pupils of the class sat
        it, or where all had the same mark.
        """
        if not len(self.exams.n):
            return np.full(int(grades.rows.offsets[-1]), np.nan)
        exams, at = self._exams, self._exams_of(snapshot)
        sitting = grades.rows.of(snapshot.histories.sittings.of_mark)
        return mark_standings(sitting, grades.rows["percent"], at, exams.mean, exams.sd)

    def exam_gaps(self, snapshot: Snapshot, grades: Grades) -> Floats:
        """Give each of some known marks its distance from the mean of the class-mates, the pupil left out.

        In shares of full marks; missing without such an exam.
        """
        if not len(self.exams.n):
            return np.full(int(grades.rows.offsets[-1]), np.nan)
        exams, at = self._exams, np.append(self._exams_of(snapshot), np.int32(-1))
        sitting = at[grades.rows.of(snapshot.histories.sittings.of_mark)]
        gap = grades.rows["percent"] - exams.mean[sitting]
        n = exams.n[sitting]
        return np.where(sitting >= 0, gap * n / np.maximum(n - 1, 1), np.nan)

    def missed_exams(self, snapshot: Snapshot, window: Window) -> Floats:
        """Count, for each pupil, the class's exams in a window that it has no mark for."""
        return count_missed(self.sat_exams(snapshot, window))

    def sat_exams(self, snapshot: Snapshot, window: Window) -> SatExams:
        """Give what the classes sat in a window, beside what each pupil has marks for."""
        classes, exams, rows = snapshot.histories.classes, self._exams, snapshot.exam_rows
        code = self._class_codes(self.exams.words["cls"], classes)
        sitting, since = rows.of(snapshot.histories.sittings.of_mark), self._window_start(snapshot, window)
        exam = np.append(self._exams_of(snapshot), np.int32(-1))[sitting]
        subject = exams.codes_of("subject", snapshot.histories.words.get("subject", ()))[rows["subject"]]
        return SatExams(
            rows.offsets, exam, subject, rows["date"], rows["percent"], code, exams.offsets, exams.subjects,
            exams.dates, exams.common, len(self.exams.words["subject"]), since, snapshot.ordinal,
        )  # fmt: skip

    def exam_words(self, name: str) -> tuple[Sequence[str], Ints]:
        """Give the words for ``subject`` or ``exam``, and which one each exam of :meth:`sat_exams` has."""
        codes = {"subject": self._exams.subjects, "exam": self._exams.names}
        return self.exams.words[name], codes[name]

    def to_rows(self) -> list[dict[str, Any]]:
        """Write the context as rows for a request's ``class_context``.

        A class has a row of each feature: ``n`` 0 where nobody has a value, ``school_n`` 0 where nobody of
        the school has. That something is known of nobody is known too, also where one class is sent alone.
        """
        rows: list[dict[str, Any]] = self.table.to_dict(orient="records")
        for row in rows:
            row["date"] = date_of(row["date"]).isoformat() if row["subject"] else None
            row["grade_level"] = int(row["grade_level"]) if row["grade_level"] else None
            if row["school_n"] == _UNTOLD:
                del row["school_n"]
        return rows

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        """Read rows written by :meth:`to_rows`.

        RequestError if a row has an unknown or a missing column, a number or a name that is none, or a date
        that is none or lies before 1970; its ``field`` says where. ``grade_level`` may be missing: the class
        is then known by its school and name alone; so may ``school_n``: no table then counts as not kept.
        """
        read = [_read_row(row, f"class_context[{index}]") for index, row in enumerate(rows)]
        return cls(
            _moments_of([row for row in read if row["subject"] != ""], ("subject", "exam")),
            _moments_of([row for row in read if row["subject"] == ""], ("feature",)),
        )

    @cached_property
    def _exams(self) -> _Exams:
        return _Exams(self.exams)

    def find(self, snapshot: Snapshot) -> None:
        """Find the histories' exams in the context, once for all blocks of their pupils."""
        self._exams_of(snapshot)

    @cached_property
    def _last_found(self) -> dict[str, Any]:
        return {"indices": (None, None)}

    def _exams_of(self, snapshot: Snapshot) -> Ints:
        """Give the index of each sitting of the histories among the exams; once for all their blocks."""
        histories = snapshot.histories
        sittings = histories.sittings
        classes, indices = self._last_found["indices"]
        if classes is not sittings.cls:
            found = _class_positions(self.exams.words["cls"], histories.classes)
            indices = self._exams.of_sittings(sittings, histories.words, found)
            self._last_found["indices"] = (sittings.cls, indices)
        return np.asarray(indices)

    def _class_codes(self, names: Sequence[str], classes: Classes) -> Ints:
        """Give the index among names of each pupil's class; names are found once for all blocks of pupils."""
        known, found = self._found_classes.get(id(names), (None, None))
        if known is not classes.names:
            found = _class_positions(names, classes)
            self._found_classes[id(names)] = (classes.names, found)
        return np.asarray(found)[classes.codes]

    @cached_property
    def _found_classes(self) -> dict[int, tuple[Any, Any]]:
        return {}

    def _window_start(self, snapshot: Snapshot, window: Window) -> Longs:
        enrolled = snapshot.student_dates("enrolled_on")
        if window is None:
            return np.maximum(enrolled, 0)
        if window == "year":
            return np.maximum(enrolled, snapshot.calendar.year_begins(snapshot.ordinal))
        # the day after the last school day before the window: as Snapshot.within counts free days
        return np.maximum(enrolled, snapshot.dates_before(window + 1) + 1)


def _class_positions(names: Sequence[str], classes: Classes) -> Ints:
    """Give the index of each class of some histories among names, and at the end -1 for no class."""
    if names is classes.names:
        return np.append(np.arange(len(names), dtype=np.int32), np.int32(-1))
    return np.append(indices_of_classes(classes.names, names), np.int32(-1))


def _numbers_of_schools(names: Sequence[str], n: Longs) -> Longs:
    """Give the number of values in the school of each class, in the shape of those in the classes."""
    schools = [parts_of_class(name)[0] for name in names]
    school = _word_positions(schools, list(dict.fromkeys(schools)))
    sums = np.zeros((len(n), len(names)), dtype=np.int64)
    np.add.at(sums.T, school, n.T)
    return sums[:, school]


def _word_codes(words: Sequence[str]) -> dict[str, int]:
    return {word: code for code, word in enumerate(words)}


def _word_positions(values: Sequence[str | None], words: Sequence[str]) -> Ints:
    index: dict[str | None, int] = {word: code for code, word in enumerate(words)}
    return np.array([index.get(value, -1) for value in values], dtype=np.int32)


def _moments_of(rows: list[dict[str, Any]], names: tuple[str, ...]) -> Moments:
    named = {"cls": [class_name(row["school_id"], row["class_id"], row["grade_level"]) for row in rows]}
    named |= {name: [row[name] for row in rows] for name in names}
    numbers = {name: [row[name] for row in rows] for name in _NUMBERS}
    return Moments.of_rows(named, [row["date"] for row in rows], numbers)


def _read_row(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise RequestError("A class context row is not an object.", field=where)
    for name in sorted((set(row) ^ {*_COLUMNS, *_OPTIONAL}) - (set(_OPTIONAL) - set(row))):
        raise RequestError(f"A class context row does not have the columns {', '.join(_COLUMNS)}.",
                           hint=nearest(name, _COLUMNS), field=where)  # fmt: skip
    names: dict[str, Any] = {name: _read_name(row[name], f"{where}.{name}") for name in _KEYS}
    names["grade_level"] = _read_level(row.get("grade_level"), f"{where}.grade_level")
    numbers = {name: _read_number(row[name], f"{where}.{name}") for name in ("mean", "sd", "n")}
    if numbers["sd"] < 0:
        raise RequestError("A class context row has a negative sd.", field=f"{where}.sd")
    if numbers["n"] < (0 if names["subject"] == "" else 1) or not numbers["n"].is_integer():
        raise RequestError("A class context row has an n that counts nobody.", field=f"{where}.n")
    counts = {"n": int(numbers["n"]), "school_n": _read_school_n(row, numbers["n"], where)}
    return names | {"date": _read_day(row["date"], f"{where}.date")} | numbers | counts


def _read_school_n(row: Mapping[str, Any], n: float, where: str) -> int:
    """Take the count of the school, no smaller than that of the class; none is said of an exam."""
    if row.get("school_n") is None:
        return _UNTOLD
    number = _read_number(row["school_n"], f"{where}.school_n")
    if number < n or not number.is_integer():
        raise RequestError(
            "A class context row has a school_n that counts fewer than its class.", field=f"{where}.school_n"
        )
    return int(number)


def _read_name(value: Any, where: str) -> str:
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise RequestError("A class context row has a name that is no text.", field=where)


def _read_level(value: Any, where: str) -> int | None:
    """Take a whole number, or none: then the class is known by its school and name alone."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise RequestError("A class context row has a grade_level that is no whole number.", field=where)


def _read_number(value: Any, where: str) -> float:
    """Take a finite number; nothing that is compared within a class comes near the largest."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= _LARGEST:
        raise RequestError("A class context row has a mean, sd or n that is not a number, or far too large.",
                           hint="write it as ClassContext.to_rows does", field=where)  # fmt: skip
    return float(value)


def _read_day(value: Any, where: str) -> int:
    """Give a date's ordinal; a row of a feature has no date."""
    if value is None or value == "":
        return 0
    try:
        day = ordinal_of(value) if isinstance(value, str) and len(value) == len(_FIRST_DAY) else -1
    except DateError:
        day = -1
    if day < 0:
        raise RequestError("A class context row has a date that is none or lies before 1970.",
                           hint="write it as YYYY-MM-DD", field=where)  # fmt: skip
    return day
