"""Measures of attendance: one loop over packed days each, as the declaration of the same name says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dropout_risk.arrays import Array, Floats, Ints
from dropout_risk.catalogue import measures as declared
from dropout_risk.features.inputs import Inputs, MeasureFunction, count_by, divide_or_missing, sum_by
from dropout_risk.features.totals import periods_once
from dropout_risk.histories.day_words import current_run, longest_and_number, newest_and_oldest, share_of_days
from dropout_risk.histories.histories import COUNTED_TOTALS
from dropout_risk.histories.snapshot import Window


def share_of_kind(measure: declared.Share, window: Window, inputs: Inputs) -> Floats:
    """Days of a kind over days recorded."""
    value = _share_at(measure.of, inputs.snapshot.ages(window), inputs)
    if measure.totals and np.isnan(value).any():
        value = np.where(np.isnan(value), _share_of_totals(measure, window, inputs), value)
    return value


def _share_at(kind: declared.Kind, ages: Ints, inputs: Inputs) -> Floats:
    return share_of_days(inputs.snapshot.words(kind), inputs.snapshot.words("recorded"), ages)


def _share_of_totals(measure: declared.Share, window: Window, inputs: Inputs) -> Floats:
    rows, n = inputs.snapshot.totals, len(inputs.snapshot)
    days = days_of_totals(measure.of, rows)
    use = inputs.snapshot.within(rows, window) & ~np.isnan(days)
    use = periods_once(rows["pupil"], rows["start"], rows["date"], use)
    pupil = rows["pupil"][use]
    return divide_or_missing(sum_by(pupil, days[use], n), sum_by(pupil, rows["days_enrolled"][use], n))


def days_of_totals(kind: declared.Kind, rows: Mapping[str, Array]) -> Floats:
    """Days of a kind in each period; missing where totals do not tell it (as of suspensions)."""
    given = {name: np.where(rows[name] >= 0, rows[name], np.nan) for name in COUNTED_TOTALS}
    told = {
        "absent": given["days_absent"],
        "unexcused": given["days_absent"] - given["days_excused"],
        "late": given["days_late"],
        "present": given["days_enrolled"] - given["days_absent"],
    }
    return told[kind] if kind in told else np.full(len(rows["pupil"]), np.nan)


def count_of_kind(measure: declared.Count, window: Window, inputs: Inputs) -> Floats:
    """Days of a kind; missing where no day is recorded."""
    return _where_recorded(inputs.snapshot.count(measure.of, window), window, inputs)


def current_streak(measure: declared.CurrentStreak, window: Window, inputs: Inputs) -> Floats:
    """Walk back from the last school day until a recorded day is of another kind."""
    snapshot = inputs.snapshot
    chosen, recorded = snapshot.words(measure.of), snapshot.words("recorded")
    length, _, _ = current_run(chosen, recorded, snapshot.ages(window), snapshot.n_days)
    return _where_recorded(length, window, inputs)


def longest_streak(measure: declared.LongestStreak, window: Window, inputs: Inputs) -> Floats:
    """Longest run, walking over the days; a day without a record neither adds nor breaks."""
    return _where_recorded(_runs_of_kind(measure.of, window, inputs)[0], window, inputs)


def count_spells(measure: declared.Spells, window: Window, inputs: Inputs) -> Floats:
    """Count the days of a kind whose last recorded day before was of another kind."""
    return _where_recorded(_runs_of_kind(measure.of, window, inputs)[1], window, inputs)


def _runs_of_kind(kind: declared.Kind, window: Window, inputs: Inputs) -> Floats:
    snapshot = inputs.snapshot
    return inputs.once(
        f"runs of {kind} in {window}",
        lambda: longest_and_number(snapshot.words(kind), snapshot.words("recorded"), snapshot.ages(window)),
    )


def days_since(measure: declared.DaysSince, window: Window, inputs: Inputs) -> Floats:
    """School days since the last day of a kind; where there was none, since before the first record."""
    newest, _ = newest_and_oldest(inputs.snapshot.words(measure.of), inputs.snapshot.ages(window))
    first = _recorded_ages(window, inputs)[1]
    return _where_recorded(np.where(newest > 0, newest - 1, first), window, inputs)


def share_trend(measure: declared.ShareTrend, window: Window, inputs: Inputs) -> Floats:
    """Share in the window less the share in the days before it."""
    recent = inputs.snapshot.ages(window)
    before = np.array([recent[1], recent[1] + np.int32(measure.before)])
    return _share_at(measure.of, recent, inputs) - _share_at(measure.of, before, inputs)


def weekday_excess(measure: declared.WeekdayExcess, window: Window, inputs: Inputs) -> Floats:
    """Share on some weekdays less the share on the others."""
    chosen, recorded = inputs.snapshot.words(measure.of), inputs.snapshot.words("recorded")
    named, ages = inputs.snapshot.weekday_words(measure.weekdays), inputs.snapshot.ages(window)
    on = share_of_days(chosen & named, recorded & named, ages)
    return on - share_of_days(chosen & ~named, recorded & ~named, ages)


def incident_count(measure: declared.IncidentCount, window: Window, inputs: Inputs) -> Floats:
    """Rows of a table of incidents; missing where the school keeps none."""
    snapshot = inputs.snapshot
    rows = snapshot.rows(measure.table)
    number = count_by(rows["pupil"][snapshot.within(rows, window)], len(snapshot))
    return np.where(snapshot.keeps(measure.table), number.astype(np.float64), np.nan)


def at_least(measure: declared.AtLeast, window: Window, inputs: Inputs) -> Floats:
    """1 where another feature reaches the threshold, 0 where not, missing where it is missing."""
    value = inputs.columns[measure.feature]
    return np.where(np.isnan(value), np.nan, (value >= measure.threshold).astype(np.float64))


def gap_to_class(measure: declared.GapToClass, window: Window, inputs: Inputs) -> Floats:
    """Another feature less its class mean."""
    return (
        inputs.columns[measure.feature] - inputs.context.class_means(inputs.snapshot, [measure.feature])[:, 0]
    )


def class_mean(measure: declared.ClassMean, window: Window, inputs: Inputs) -> Floats:
    """Look up the class mean of another feature."""
    return inputs.context.class_means(inputs.snapshot, [measure.feature])[:, 0]


def _where_recorded(value: Array, window: Window, inputs: Inputs) -> Floats:
    return np.where(_recorded_ages(window, inputs)[0] > 0, value, np.nan)


def _recorded_ages(window: Window, inputs: Inputs) -> Ints:
    """Ages of the last and the first recorded day in a window; 0 where there is none."""
    snapshot = inputs.snapshot
    return inputs.once(
        f"recorded in {window}",
        lambda: newest_and_oldest(snapshot.words("recorded"), snapshot.ages(window)),
    )


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.Share: share_of_kind,
    declared.Count: count_of_kind,
    declared.CurrentStreak: current_streak,
    declared.LongestStreak: longest_streak,
    declared.Spells: count_spells,
    declared.DaysSince: days_since,
    declared.ShareTrend: share_trend,
    declared.WeekdayExcess: weekday_excess,
    declared.IncidentCount: incident_count,
    declared.AtLeast: at_least,
    declared.GapToClass: gap_to_class,
    declared.ClassMean: class_mean,
}
