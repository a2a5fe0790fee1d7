"""What measures of marks stand on: the marks themselves, and the exams that were missed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.exam_words import exam_in_words, exams_in_words, subject_in_words
from dropout_risk.features.footing import NO_DAY, Asked, Footing, FootingFunction
from dropout_risk.features.grades import chosen_subjects, run_subjects
from dropout_risk.features.sat_exams import EARLY_DAYS, SatExams, list_missed
from dropout_risk.histories.snapshot import Grades, Window
from dropout_risk.kernels import kernel
from dropout_risk.text import ITEMS, Text

FULL = 100.0
_SIZE = Text(zh="{n}分（{of}）", en="{n} points{of}")
_UNDER_ONE = Text(zh="不到1分（{of}）", en="under 1 point{of}")
_OF_HUNDRED, _OF_PAPER = Text(zh="按满分100计", en=" of 100"), Text(zh="满分{full}", en=" of {full}")


def points_in_words(points: Floats, full: Longs | Ints | None = None) -> list[Text]:
    """Word sizes of differences in points of 100, as whole points.

    Where all of it is of papers of the same ``full`` marks, and not 0, in points of these.

    >>> [text.zh for text in points_in_words(np.array([-11.7, 0.2]))]
    ['12分（按满分100计）', '不到1分（按满分100计）']
    >>> [text.zh for text in points_in_words(np.array([-10.0, 5.0]), np.array([120, 100]))]
    ['12分（满分120）', '5分（满分100）']
    """
    full_marks = [0] * len(points) if full is None else full.tolist()
    sizes = np.nan_to_num(np.abs(points)) * np.where(full_marks, full_marks, FULL) / FULL
    return [*map(_size_in_words, np.round(sizes).astype(int).tolist(), full_marks)]


@cache
def _size_in_words(n: int, full: int) -> Text:
    """Word a number of points of so many; there are a few hundred of them, and many differences."""
    return (_SIZE if n else _UNDER_ONE).filled(n=n, of=_of_full(full))


@cache
def _of_full(full: int) -> Text:
    return _OF_PAPER.filled(full=full) if full else _OF_HUNDRED


def all_marks(measure: declared.ScoreMean, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find all marks of some subjects."""
    return _in_points(_chosen_marks(footings, window, pupils, subjects=measure.subjects))


def latest_marks(measure: declared.ScoreLast, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the latest mark of each subject."""
    return _in_points(_chosen_marks(footings, window, pupils, subjects=measure.subjects, most=1))


def failing_marks(measure: declared.FailingCount, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the latest marks of failed subjects; where none is failed, all of the latest."""
    inputs = footings.inputs
    grades = inputs.snapshot.grades_in(window)
    latest = grades.rows["percent"][grades.last]
    below = chosen_subjects(inputs, measure.subjects)[run_subjects(inputs, window)]
    below = below & (latest < measure.pass_mark)
    failed = _chosen_marks(footings, window, pupils, runs=below, most=1)
    every = _chosen_marks(footings, window, pupils, subjects=measure.subjects, most=1)
    names = [_subjects_of(footings, window, pupil, below) for pupil in pupils.tolist()]
    counted = np.array([float(number) for number, _ in names])
    found = Footing(
        failed.first, failed.last, counted=counted, fields={"subjects": [name for _, name in names]}
    )
    return found.elsewhere(failed.last == NO_DAY, every)


def _subjects_of(footings: Asked, window: Window, pupil: int, chosen: Bools) -> tuple[int, Text]:
    """Count and name the subjects of a pupil's chosen runs."""
    grades, words = footings.inputs.snapshot.grades_in(window), footings.inputs.snapshot.histories.words
    runs = np.arange(grades.run_offsets[pupil], grades.run_offsets[pupil + 1])
    codes = grades.rows["subject"][grades.starts[runs[chosen[runs]]]].tolist()
    return len(codes), ITEMS.joined(subject_in_words(words["subject"][code]) for code in codes)


def marks_over_time(measure: declared.Measure, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find all marks of the subjects that have two: those that show a course."""
    return _chosen_marks(footings, window, pupils, least=2)


def largest_drop(measure: declared.LargestDrop, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the two exams that the largest fall lies between; where nothing fell, all that could have."""
    inputs = footings.inputs
    grades, words = inputs.snapshot.grades_in(window), inputs.snapshot.histories.words
    rows = grades.rows
    after = _largest_fall(grades.run_offsets, grades.bounds, rows["percent"], pupils)
    fell = after >= 0
    at, before = np.maximum(after, 0), np.maximum(after - 1, 0)
    if not len(rows["date"]):
        return _chosen_marks(footings, window, pupils, least=2)
    paper = np.where(rows["full"][before] == rows["full"][at], rows["full"][at], 0).astype(np.int64)
    points = [np.round(np.where(paper, paper, FULL) * rows["percent"][rows_at]) for rows_at in (before, at)]
    counted = np.where(fell & (points[0] > points[1]), points[0] - points[1], np.nan)
    subjects = [subject_in_words(words["subject"][code]) for code in rows["subject"][at].tolist()]
    fields = {"subject": subjects, "before": points[0].tolist(), "after": points[1].tolist()}
    fields["of"] = [_of_full(marks) for marks in paper.tolist()]
    found = Footing(rows["date"][before], rows["date"][at], counted=counted, fields=fields)
    return found.elsewhere(~fell, _chosen_marks(footings, window, pupils, least=2))


def latest_mark(measure: declared.DaysSinceExam, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the latest mark."""
    last = _chosen_marks(footings, window, pupils).last
    return Footing(last, last, scale=np.ones(len(pupils)))


def class_standing(measure: declared.ClassZ, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the marks of a standing in class, and tell it in points against the class-mates.

    Where the points, over all subjects, say the contrary of the standing, they are not told.
    """
    inputs = footings.inputs
    snapshot, grades = inputs.snapshot, inputs.snapshot.grades_in(window)
    z = inputs.once(("standing", window), lambda: inputs.context.exam_z(snapshot, grades))
    gaps = inputs.once(("gaps", window), lambda: inputs.context.exam_gaps(snapshot, grades))
    most = {"last": 1, "change": 2, "mean": 0}[measure.of]
    rows, every = grades.rows, np.ones(len(grades.starts), dtype=bool)
    first, last, points, exam, full = _marks_behind(
        grades.run_offsets, grades.bounds, pupils, every, ~np.isnan(z), rows["date"], np.nan_to_num(gaps),
        rows["exam"], rows["full"], 1, most,
    )  # fmt: skip
    own = _own_values(footings, measure, window, pupils)
    points = FULL * points
    told = points * own > 0
    words = snapshot.histories.words.get("exam", ())
    named = [exam_in_words(words[code]) if code >= 0 else None for code in exam.tolist()]
    exams = [_LATEST if name is None else _EXAM.filled(exam=name) for name in named]
    return Footing(
        first,
        last,
        counted=np.where(told, points, np.nan),
        fields={"exams": exams, "size": points_in_words(points, full)},
    )


_LATEST = Text(zh="各科最近一次考试", en="the latest exam in each subject")
_EXAM = Text(zh="{exam}考试各科", en="{exam} in all subjects")


def _own_values(footings: Asked, measure: declared.Measure, window: Window, pupils: Longs) -> Floats:
    names = [
        item.name for item in footings.catalogue.values() if (item.measure, item.window) == (measure, window)
    ]
    return footings.value(names[0], pupils)


def missed_exams(measure: declared.MissedExams, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the exams that the class sat without the pupil; where there is none, all that it sat."""
    inputs = footings.inputs
    sat = inputs.once(("sat", window), lambda: inputs.context.sat_exams(inputs.snapshot, window))
    names, name_of = inputs.context.exam_words("exam")
    whose, exam, date = list_missed(sat, pupils)
    first, last = _span_of_list(whose, date, len(pupils))
    bounds = np.searchsorted(whose, np.arange(len(pupils) + 1))
    told, counted = [], np.full(len(pupils), np.nan)
    for index, pupil in enumerate(pupils.tolist()):
        own = slice(bounds[index], bounds[index + 1])
        parts = _missed_in_words(sat, (names, name_of), pupil, exam[own], date[own])
        told.append(parts)
        if parts is not None:
            counted[index] = own.stop - own.start
    every = _exams_sat(sat, pupils)
    found = Footing(first, last, counted=counted, fields={"missed": told})
    return found.elsewhere(first == NO_DAY, Footing(*every))


def _missed_in_words(
    sat: SatExams, exam_words: tuple[Sequence[str], Ints], pupil: int, exam: Longs, date: Longs
) -> Text | None:
    """Name the exams that were missed, each with how many of its subjects; None where one has no name."""
    if not len(exam) or (exam < 0).any():
        return None
    cls = int(sat.classes[pupil])
    own = range(int(sat.class_offsets[cls]), int(sat.class_offsets[cls + 1]))
    words, name_of = exam_words
    names = {index: words[name_of[index]] for index in own}
    counts: list[tuple[str, int, int]] = []
    left = sorted(zip(date.tolist(), exam.tolist(), strict=True))
    while left:
        day, at = left[0]
        name = names[at]
        those = {
            index
            for index in own
            if names[index] == name and abs(int(sat.exam_dates[index]) - day) <= EARLY_DAYS
        }
        missed = [item for item in left if item[1] in those]
        counts.append((name, len(missed), len(those)))
        left = [item for item in left if item[1] not in those]
    return exams_in_words(counts)


def _in_points(found: Footing) -> Footing:
    return Footing(found.first, found.last, scale=np.full(len(found.first), FULL))


def _chosen_marks(
    footings: Asked,
    window: Window,
    pupils: Longs,
    *,
    subjects: tuple[str, ...] = (),
    runs: Bools | None = None,
    least: int = 1,
    most: int = 0,
) -> Footing:
    """Stand on marks of some subjects, or of some runs: all of them, or the ``most`` latest of each run."""
    inputs = footings.inputs
    grades: Grades = inputs.snapshot.grades_in(window)
    if runs is None:
        runs = chosen_subjects(inputs, subjects)[run_subjects(inputs, window)]
    rows = grades.rows
    every = np.ones(len(rows["date"]), dtype=bool)
    first, last, *_ = _marks_behind(
        grades.run_offsets, grades.bounds, pupils, runs, every, rows["date"], rows["percent"], rows["exam"],
        rows["full"], least, most,
    )  # fmt: skip
    return Footing(first, last)


@kernel
def _marks_behind(  # noqa: PLR0917
    run_offsets: Longs,
    bounds: Longs,
    pupils: Longs,
    runs: Bools,
    usable: Bools,
    date: Ints,
    values: Floats,
    exam: Ints,
    full: npt.NDArray[np.int16],
    least: int,
    most: int,
) -> tuple[Ints, Ints, Floats, Ints, Ints]:
    """Find the first and the last of the marks behind some pupils' values, and what these come to.

    Of each chosen run with at least so many marks: all usable ones (``most`` 0), or the last one or two, all
    of which must be usable. The values are averaged over marks or runs; of two, the step between them counts.
    The exam is that of all of them, or -1 where they are of several; so are the full marks, or 0.
    """
    n = len(pupils)
    first, last = np.full(n, NO_DAY, np.int32), np.full(n, NO_DAY, np.int32)
    mean, one, one_full = np.full(n, np.nan), np.full(n, -1, np.int32), np.zeros(n, np.int32)
    for index in range(n):
        total, number, several = 0.0, 0, False
        for run in range(run_offsets[pupils[index]], run_offsets[pupils[index] + 1]):
            low, high = bounds[run], bounds[run + 1]
            if not runs[run] or high - low < max(least, most):
                continue
            start = low if most == 0 else high - most
            if most > 0 and not usable[start:high].all():
                continue
            for row in range(start, high):
                if not usable[row]:
                    continue
                if first[index] == NO_DAY:
                    one[index], one_full[index] = exam[row], full[row]
                several = several or exam[row] != one[index]
                one_full[index] = full[row] if full[row] == one_full[index] else -1
                if first[index] == NO_DAY or date[row] < first[index]:
                    first[index] = date[row]
                last[index] = max(last[index], date[row])
                if most == 0:
                    total += values[row]
                    number += 1
            if most > 0:
                total += values[high - 1] - (values[high - 2] if most > 1 else 0.0)
                number += 1
        if number > 0:
            mean[index] = total / number
        if several:
            one[index] = -1
    return first, last, mean, one, np.maximum(one_full, np.int32(0))


@kernel
def _largest_fall(run_offsets: Longs, bounds: Longs, percent: Floats, pupils: Longs) -> Longs:
    """Find the later mark of the largest fall of some pupils, of equal ones the first; -1 for none."""
    found = np.full(len(pupils), -1, np.int64)
    for index in range(len(pupils)):
        largest = 0.0
        for run in range(run_offsets[pupils[index]], run_offsets[pupils[index] + 1]):
            for row in range(bounds[run] + 1, bounds[run + 1]):
                fall = percent[row - 1] - percent[row]
                if fall > largest:
                    largest, found[index] = fall, row
    return found


@kernel
def _exams_sat(sat: SatExams, pupils: Longs) -> tuple[Ints, Ints]:
    """Find the first and the last exam that the classes of some pupils sat since a date."""
    first, last = np.full(len(pupils), NO_DAY, np.int32), np.full(len(pupils), NO_DAY, np.int32)
    for index in range(len(pupils)):
        cls = sat.classes[pupils[index]]
        if cls < 0:
            continue
        for at in range(sat.class_offsets[cls], sat.class_offsets[cls + 1]):
            day = sat.exam_dates[at]
            if sat.since[pupils[index]] <= day < sat.ordinal:
                if first[index] == NO_DAY or day < first[index]:
                    first[index] = day
                last[index] = max(last[index], day)
    return first, last


def _span_of_list(whose: Longs, date: Longs, n: int) -> tuple[Ints, Ints]:
    first, last = np.full(n, NO_DAY, np.int64), np.full(n, NO_DAY, np.int64)
    if len(whose):
        first[whose] = np.iinfo(np.int32).max
        np.minimum.at(first, whose, date)
        np.maximum.at(last, whose, date)
    return first.astype(np.int32), last.astype(np.int32)


FOOTINGS: dict[type[declared.Measure], FootingFunction] = {
    declared.ScoreMean: all_marks,
    declared.ScoreLast: latest_marks,
    declared.FailingCount: failing_marks,
    declared.LastAgainstOwnMean: marks_over_time,
    declared.ScoreSlope: marks_over_time,
    declared.ScoreSpread: marks_over_time,
    declared.LargestDrop: largest_drop,
    declared.DaysSinceExam: latest_mark,
    declared.ClassZ: class_standing,
    declared.MissedExams: missed_exams,
}
