"""Measures of marks: percents of full marks, always compared within one subject."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.features.inputs import Inputs, MeasureFunction, days_since, divide_or_missing, mean_of
from dropout_risk.histories.snapshot import Window
from dropout_risk.kernels import kernel

SLOPE_DAYS = 20


def score_mean(measure: declared.ScoreMean, window: Window, inputs: Inputs) -> Floats:
    """Mean percent over all marks in the window."""
    rows = inputs.snapshot.grades_in(window).rows
    return mean_of(
        rows.offsets, rows["subject"], chosen_subjects(inputs, measure.subjects), rows["percent"], 0.0
    )


def score_last(measure: declared.ScoreLast, window: Window, inputs: Inputs) -> Floats:
    """Latest percent of each subject, averaged."""
    percent = inputs.snapshot.grades_in(window).rows["percent"]
    return _mean_of_subjects(inputs, window, _latest_of_subjects(inputs, window, percent), measure.subjects)


def failing_count(measure: declared.FailingCount, window: Window, inputs: Inputs) -> Floats:
    """Subjects whose latest percent lies below the pass mark; missing where there is no mark."""
    grades = inputs.snapshot.grades_in(window)
    subject, percent = (
        run_subjects(inputs, window),
        _latest_of_subjects(inputs, window, grades.rows["percent"]),
    )
    chosen = chosen_subjects(inputs, measure.subjects)
    return _count_below(grades.run_offsets, subject, chosen, percent, measure.pass_mark)


def last_against_own_mean(measure: declared.LastAgainstOwnMean, window: Window, inputs: Inputs) -> Floats:
    """Latest percent of each subject less the mean of its earlier ones, averaged over subjects."""
    grades = inputs.snapshot.grades_in(window)
    return _mean_of_subjects(inputs, window, _against_earlier(grades.bounds, grades.rows["percent"]))


def score_slope(measure: declared.ScoreSlope, window: Window, inputs: Inputs) -> Floats:
    """Least-squares slope within subjects, per 20 school days."""
    return _subject_slopes(inputs, window)[0] * SLOPE_DAYS


def score_spread(measure: declared.ScoreSpread, window: Window, inputs: Inputs) -> Floats:
    """Root of the mean squared distance from the slope, by its degrees of freedom."""
    _, residual_squares, freedom = _subject_slopes(inputs, window)
    return np.sqrt(divide_or_missing(residual_squares, freedom))


def _subject_slopes(inputs: Inputs, window: Window) -> tuple[Floats, Floats, Longs]:
    """Fit one slope per pupil with a level per subject: slope, residual squares, degrees of freedom."""
    grades = inputs.snapshot.grades_in(window)
    return inputs.once(
        ("slope", window),
        lambda: _fit_slopes(grades.run_offsets, grades.bounds, grades.rows["day"], grades.rows["percent"]),
    )


def largest_drop(measure: declared.LargestDrop, window: Window, inputs: Inputs) -> Floats:
    """Largest fall from one mark to the next of the same subject; missing without two marks."""
    grades = inputs.snapshot.grades_in(window)
    return _largest_falls(grades.run_offsets, grades.bounds, grades.rows["percent"])


def days_since_exam(measure: declared.DaysSinceExam, window: Window, inputs: Inputs) -> Floats:
    """School days since the last mark."""
    return days_since(inputs.snapshot.grades_in(window).rows, inputs.snapshot)


def class_z(measure: declared.ClassZ, window: Window, inputs: Inputs) -> Floats:
    """Standing within class and exam, in standard deviations of the class."""
    grades = inputs.snapshot.grades_in(window)
    z = inputs.once(("standing", window), lambda: inputs.context.exam_z(inputs.snapshot, grades))
    if measure.of == "last":
        return _mean_of_subjects(inputs, window, _latest_of_subjects(inputs, window, z))
    if measure.of == "change":
        return _mean_of_subjects(inputs, window, _last_steps(grades.bounds, z))
    return mean_of(grades.rows.offsets, grades.rows["subject"], chosen_subjects(inputs), z, measure.shrink)


def missed_exams(measure: declared.MissedExams, window: Window, inputs: Inputs) -> Floats:
    """Exams the class sat in the window, since the pupil enrolled, less those the pupil has a mark for."""
    return inputs.context.missed_exams(inputs.snapshot, window)


def _latest_of_subjects(inputs: Inputs, window: Window, values: Floats) -> Floats:
    """Give the value of the last mark of each subject."""
    return values[inputs.snapshot.grades_in(window).last]


def run_subjects(inputs: Inputs, window: Window) -> Ints:
    """Give the subject of each run."""
    grades = inputs.snapshot.grades_in(window)
    return inputs.once(("subjects", window), lambda: grades.rows["subject"][grades.starts])


def _mean_of_subjects(
    inputs: Inputs, window: Window, values: Floats, subjects: tuple[str, ...] = ()
) -> Floats:
    """Average values of subjects that are there."""
    offsets = inputs.snapshot.grades_in(window).run_offsets
    return mean_of(offsets, run_subjects(inputs, window), chosen_subjects(inputs, subjects), values, 0.0)


def chosen_subjects(inputs: Inputs, subjects: tuple[str, ...] = ()) -> Bools:
    """Say of each subject's code whether it is one of some, or of all where none is named."""
    chosen = inputs.named("subject", subjects)
    return chosen if subjects else ~chosen


@kernel
def _count_below(offsets: Longs, codes: Ints, chosen: Bools, values: Floats, mark: float) -> Floats:
    counts = np.full(len(offsets) - 1, np.nan)
    for pupil in range(len(counts)):
        below, number = 0, 0
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if chosen[codes[row]]:
                number += 1
                below += values[row] < mark
        if number:
            counts[pupil] = below
    return counts


@kernel
def _against_earlier(bounds: Longs, values: Floats) -> Floats:
    """Give for each run its last value less the mean of those before; missing where there is but one."""
    gaps = np.full(len(bounds) - 1, np.nan)
    for run in range(len(gaps)):
        first, last = bounds[run], bounds[run + 1] - 1
        if last > first:
            total = 0.0
            for row in range(first, last + 1):
                total += values[row]
            gaps[run] = values[last] - (total - values[last]) / (last - first)
    return gaps


@kernel
def _last_steps(bounds: Longs, values: Floats) -> Floats:
    """Give for each run its last value less the one before."""
    steps = np.full(len(bounds) - 1, np.nan)
    for run in range(len(steps)):
        last = bounds[run + 1] - 1
        if last > bounds[run]:
            steps[run] = values[last] - values[last - 1]
    return steps


@kernel
def _largest_falls(offsets: Longs, bounds: Longs, values: Floats) -> Floats:
    falls = np.full(len(offsets) - 1, np.nan)
    for pupil in range(len(falls)):
        largest = -np.inf
        for run in range(offsets[pupil], offsets[pupil + 1]):
            for row in range(bounds[run] + 1, bounds[run + 1]):
                largest = max(largest, values[row - 1] - values[row])
        if largest > -np.inf:
            falls[pupil] = max(largest, 0.0)
    return falls


@kernel
def _fit_slopes(offsets: Longs, bounds: Longs, day: Ints, percent: Floats) -> tuple[Floats, Floats, Longs]:
    """Fit a slope about the means of each run; then go over the marks once more for what is left."""
    n = len(offsets) - 1
    slope, left, freedom = np.full(n, np.nan), np.zeros(n), np.zeros(n, dtype=np.int64)
    middles, levels = np.empty(len(bounds) - 1), np.empty(len(bounds) - 1)
    for pupil in range(n):
        first, last = offsets[pupil], offsets[pupil + 1]
        product, square = 0.0, 0.0
        for run in range(first, last):
            number = bounds[run + 1] - bounds[run]
            days, percents = 0.0, 0.0
            for row in range(bounds[run], bounds[run + 1]):
                days += day[row]
                percents += percent[row]
            middles[run], levels[run] = days / number, percents / number
            for row in range(bounds[run], bounds[run + 1]):
                product += (day[row] - middles[run]) * (percent[row] - levels[run])
                square += (day[row] - middles[run]) ** 2
        freedom[pupil] = bounds[last] - bounds[first] - (last - first) - 1
        if freedom[pupil] > 0 and square > 0:
            slope[pupil] = product / square
        for run in range(first, last):
            for row in range(bounds[run], bounds[run + 1]):
                rest = percent[row] - levels[run] - slope[pupil] * (day[row] - middles[run])
                left[pupil] += rest * rest
    return slope, left, freedom


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.ScoreMean: score_mean,
    declared.ScoreLast: score_last,
    declared.FailingCount: failing_count,
    declared.LastAgainstOwnMean: last_against_own_mean,
    declared.ScoreSlope: score_slope,
    declared.ScoreSpread: score_spread,
    declared.LargestDrop: largest_drop,
    declared.DaysSinceExam: days_since_exam,
    declared.ClassZ: class_z,
    declared.MissedExams: missed_exams,
}
