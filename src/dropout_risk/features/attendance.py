"""Measures of attendance: each one vectorised over pupils, as the declaration of the same name says."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dropout_risk.catalogue import measures as declared
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction, ratio, sum_by
from dropout_risk.histories.runs import Column
from dropout_risk.histories.snapshot import Bools, Window

_GIVEN = ("days_enrolled", "days_absent", "days_excused", "days_late")


def share(measure: declared.Share, window: Window, inputs: Inputs) -> Floats:
    """Days of a kind over days recorded."""
    recorded = inputs.known.days("recorded", window).sum(axis=1)
    value = ratio(inputs.known.days(measure.of, window).sum(axis=1), recorded)
    if measure.totals:
        value = np.where(recorded > 0, value, _share_of_totals(measure, window, inputs))
    return value


def _share_of_totals(measure: declared.Share, window: Window, inputs: Inputs) -> Floats:
    rows, n = inputs.known.totals, len(inputs.known)
    days = _days_of_totals(measure.of, rows)
    use = inputs.known.within(rows, window) & ~np.isnan(days)
    pupil = rows["pupil"][use]
    return ratio(sum_by(pupil, days[use], n), sum_by(pupil, rows["days_enrolled"][use], n))


def _days_of_totals(kind: declared.Kind, rows: Mapping[str, Column]) -> Floats:
    """Days of a kind in each period; missing where totals do not tell it (of suspensions they never do)."""
    given = {name: np.where(rows[name] >= 0, rows[name], np.nan) for name in _GIVEN}
    return {
        "absent": given["days_absent"],
        "unexcused": given["days_absent"] - given["days_excused"],
        "late": given["days_late"],
        "present": given["days_enrolled"] - given["days_absent"],
        "suspended": np.full(len(rows["pupil"]), np.nan),
    }[kind]


def count(measure: declared.Count, window: Window, inputs: Inputs) -> Floats:
    """Days of a kind; missing where no day is recorded."""
    days = inputs.known.days(measure.of, window).sum(axis=1).astype(np.float64)
    return _where_recorded(days, inputs.known.days("recorded", window))


def current_streak(measure: declared.CurrentStreak, window: Window, inputs: Inputs) -> Floats:
    """Walk back from the last school day until a recorded day is of another kind."""
    recorded, chosen = inputs.known.days("recorded", window), inputs.known.days(measure.of, window)
    broken = recorded & ~chosen
    unbroken = ~np.logical_or.accumulate(broken[:, ::-1], axis=1)[:, ::-1]
    return _where_recorded((chosen & unbroken).sum(axis=1).astype(np.float64), recorded)


def longest_streak(measure: declared.LongestStreak, window: Window, inputs: Inputs) -> Floats:
    """Longest run, walking over the days; a day without a record neither adds nor breaks."""
    recorded, chosen = inputs.known.days("recorded", window), inputs.known.days(measure.of, window)
    running = np.zeros(len(chosen), dtype=np.float64)
    longest = running.copy()
    for day in range(chosen.shape[1]):
        running = np.where(recorded[:, day], np.where(chosen[:, day], running + 1, 0), running)
        np.maximum(longest, running, out=longest)
    return _where_recorded(longest, recorded)


def spells(measure: declared.Spells, window: Window, inputs: Inputs) -> Floats:
    """Count the days of a kind whose last recorded day before was of another kind."""
    recorded, chosen = inputs.known.days("recorded", window), inputs.known.days(measure.of, window)
    before = np.zeros(len(chosen), dtype=bool)
    number = np.zeros(len(chosen), dtype=np.float64)
    for day in range(chosen.shape[1]):
        number += chosen[:, day] & ~before
        before = np.where(recorded[:, day], chosen[:, day], before)
    return _where_recorded(number, recorded)


def days_since(measure: declared.DaysSince, window: Window, inputs: Inputs) -> Floats:
    """School days since the last day of a kind; where there was none, since before the first record."""
    recorded, chosen = inputs.known.days("recorded", window), inputs.known.days(measure.of, window)
    if not recorded.shape[1]:
        return np.full(len(recorded), np.nan)
    since_last = np.argmax(chosen[:, ::-1], axis=1)
    since_first = recorded.shape[1] - np.argmax(recorded, axis=1)
    value = np.where(chosen.any(axis=1), since_last, since_first).astype(np.float64)
    return _where_recorded(value, recorded)


def share_trend(measure: declared.ShareTrend, window: Window, inputs: Inputs) -> Floats:
    """Share in the window less the share in the days before it."""
    total = window + measure.before if isinstance(window, int) else None
    recorded, chosen = inputs.known.days("recorded", total), inputs.known.days(measure.of, total)
    age, length = np.arange(recorded.shape[1], 0, -1), inputs.known.length_of(window)[:, None]
    recent, before = age <= length, (age > length) & (age <= length + measure.before)
    return _share_on(recent, chosen, recorded) - _share_on(before, chosen, recorded)


def weekday_excess(measure: declared.WeekdayExcess, window: Window, inputs: Inputs) -> Floats:
    """Share on some weekdays less the share on the others."""
    recorded, chosen = inputs.known.days("recorded", window), inputs.known.days(measure.of, window)
    named = np.isin(inputs.known.weekdays(window), measure.weekdays)
    return _share_on(named, chosen, recorded) - _share_on(~named, chosen, recorded)


def _share_on(days: Bools, chosen: Bools, recorded: Bools) -> Floats:
    return ratio((chosen & days).sum(axis=1), (recorded & days).sum(axis=1))


def at_least(measure: declared.AtLeast, window: Window, inputs: Inputs) -> Floats:
    """1 where another feature reaches the threshold, 0 where not, missing where it is missing."""
    value = inputs.columns[measure.feature]
    return np.where(np.isnan(value), np.nan, (value >= measure.threshold).astype(np.float64))


def gap_to_class(measure: declared.GapToClass, window: Window, inputs: Inputs) -> Floats:
    """Another feature less its class mean."""
    return inputs.columns[measure.feature] - inputs.context.class_means(inputs.known, [measure.feature])[:, 0]


def _where_recorded(value: Floats, recorded: Bools) -> Floats:
    return np.where(recorded.any(axis=1), value, np.nan)


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.Share: share,
    declared.Count: count,
    declared.CurrentStreak: current_streak,
    declared.LongestStreak: longest_streak,
    declared.Spells: spells,
    declared.DaysSince: days_since,
    declared.ShareTrend: share_trend,
    declared.WeekdayExcess: weekday_excess,
    declared.AtLeast: at_least,
    declared.GapToClass: gap_to_class,
}
