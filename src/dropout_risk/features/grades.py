"""Measures of marks: percents of full marks, always compared within one subject."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropout_risk.catalogue import measures as declared
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction, count_by, mean_by, ratio, sum_by
from dropout_risk.histories.snapshot import Bools, Window

SLOPE_DAYS = 20


def score_mean(measure: declared.ScoreMean, window: Window, inputs: Inputs) -> Floats:
    """Mean percent over all marks in the window."""
    rows = inputs.known.grades_in(window).rows
    use = _of_subjects(inputs, rows["subject"], measure.subjects)
    return mean_by(rows["pupil"][use], rows["percent"][use], len(inputs.known))


def score_last(measure: declared.ScoreLast, window: Window, inputs: Inputs) -> Floats:
    """Latest percent of each subject, averaged."""
    pupil, percent = _latest(inputs, window, measure.subjects)
    return mean_by(pupil, percent, len(inputs.known))


def failing_count(measure: declared.FailingCount, window: Window, inputs: Inputs) -> Floats:
    """Subjects whose latest percent lies below the pass mark; missing where there is no mark."""
    pupil, percent = _latest(inputs, window, measure.subjects)
    n = len(inputs.known)
    failing = sum_by(pupil, percent < measure.pass_mark, n)
    return np.where(count_by(pupil, n) > 0, failing, np.nan)


def last_against_own_mean(measure: declared.LastAgainstOwnMean, window: Window, inputs: Inputs) -> Floats:
    """Latest percent of each subject less the mean of its earlier ones, averaged over subjects."""
    grades = inputs.known.grades_in(window)
    percent, n_runs = grades.rows["percent"], len(grades.starts)
    latest = percent[grades.last]
    earlier = ratio(sum_by(grades.run, percent, n_runs) - latest, grades.lengths - 1)
    return mean_by(grades.rows["pupil"][grades.last], latest - earlier, len(inputs.known))


def score_slope(measure: declared.ScoreSlope, window: Window, inputs: Inputs) -> Floats:
    """Least-squares slope within subjects, per 20 school days."""
    return _slope(inputs, window)[0] * SLOPE_DAYS


def score_spread(measure: declared.ScoreSpread, window: Window, inputs: Inputs) -> Floats:
    """Root of the mean squared distance from the slope, by its degrees of freedom."""
    _, residual_squares, freedom = _slope(inputs, window)
    return np.sqrt(ratio(residual_squares, freedom))


def _slope(inputs: Inputs, window: Window) -> tuple[Floats, Floats, npt.NDArray[np.intp]]:
    """Fit one slope per pupil with a level per subject: slope, residual squares, degrees of freedom."""
    grades, n = inputs.known.grades_in(window), len(inputs.known)
    pupil, n_runs = grades.rows["pupil"], len(grades.starts)

    def centred(values: Floats) -> Floats:
        return values - ratio(sum_by(grades.run, values, n_runs), grades.lengths)[grades.run]

    day, percent = centred(grades.rows["day"].astype(np.float64)), centred(grades.rows["percent"])
    freedom = count_by(pupil, n) - count_by(pupil[grades.starts], n) - 1
    slope = ratio(sum_by(pupil, day * percent, n), sum_by(pupil, day * day, n))
    slope[freedom <= 0] = np.nan
    residual = percent - slope[pupil] * day
    return slope, sum_by(pupil, residual * residual, n), freedom


def largest_drop(measure: declared.LargestDrop, window: Window, inputs: Inputs) -> Floats:
    """Largest fall from one mark to the next of the same subject; missing without two marks."""
    grades = inputs.known.grades_in(window)
    fall = -np.diff(grades.rows["percent"], prepend=np.nan)
    follows = np.ones(len(fall), dtype=bool)
    follows[grades.starts] = False
    largest = np.full(len(inputs.known), -np.inf)
    np.maximum.at(largest, grades.rows["pupil"][follows], fall[follows])
    return np.where(np.isneginf(largest), np.nan, np.maximum(largest, 0.0))


def days_since_exam(measure: declared.DaysSinceExam, window: Window, inputs: Inputs) -> Floats:
    """School days since the last mark."""
    rows = inputs.known.grades_in(window).rows
    last = np.full(len(inputs.known), -np.inf)
    np.maximum.at(last, rows["pupil"], rows["day"].astype(np.float64))
    return np.where(np.isneginf(last), np.nan, np.maximum(inputs.known.end - 1 - last, 0.0))


def class_z(measure: declared.ClassZ, window: Window, inputs: Inputs) -> Floats:
    """Standing within class and exam, in standard deviations of the class."""
    grades, n = inputs.known.grades_in(window), len(inputs.known)
    z = inputs.once(f"z of {window}", lambda: inputs.context.exam_z(inputs.known, grades.rows))
    pupil = grades.rows["pupil"]
    if measure.of == "last":
        return mean_by(pupil[grades.last], z[grades.last], n)
    if measure.of == "change":
        last = grades.last[grades.lengths > 1]
        return mean_by(pupil[last], z[last] - z[last - 1], n)
    use = ~np.isnan(z)
    number = count_by(pupil[use], n)
    return np.where(number > 0, ratio(sum_by(pupil[use], z[use], n), number + measure.shrink), np.nan)


def missed_exams(measure: declared.MissedExams, window: Window, inputs: Inputs) -> Floats:
    """Exams the class sat in the window, since the pupil enrolled, less those the pupil has a mark for."""
    return inputs.context.missed_exams(inputs.known, window)


def _latest(
    inputs: Inputs, window: Window, subjects: tuple[str, ...]
) -> tuple[npt.NDArray[np.int32], Floats]:
    grades = inputs.known.grades_in(window)
    last = grades.last[_of_subjects(inputs, grades.rows["subject"][grades.last], subjects)]
    return grades.rows["pupil"][last], grades.rows["percent"][last]


def _of_subjects(inputs: Inputs, codes: npt.NDArray[np.int32], subjects: tuple[str, ...]) -> Bools:
    if not subjects:
        return np.ones(len(codes), dtype=bool)
    return np.isin(codes, inputs.known.codes("subject", subjects))


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
