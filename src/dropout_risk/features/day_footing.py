"""What measures of attendance stand on: recorded days, periods and incidents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dropout_risk.arrays import Floats, Ints, Longs, Words
from dropout_risk.catalogue import measures as declared
from dropout_risk.features.attendance import days_of_totals
from dropout_risk.features.footing import NO_DAY, Asked, Footing, FootingFunction
from dropout_risk.features.totals import periods_once
from dropout_risk.histories.day_words import count_days, current_run, newest_and_oldest
from dropout_risk.histories.snapshot import Snapshot, Window
from dropout_risk.kernels import kernel


def share_of_kind(measure: declared.Share, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the recorded days of a window, or the totals that stand in for them."""
    snapshot = footings.inputs.snapshot
    found = _recorded_days(snapshot, window, pupils)
    recorded = count_days(snapshot.words("recorded")[pupils], snapshot.ages(window)[:, pupils])
    scale = recorded.astype(np.float64)
    if measure.totals and (recorded == 0).any():
        periods, enrolled = _standing_periods(measure, window, footings, pupils)
        found = found.elsewhere(recorded == 0, periods)
        scale = np.where(recorded == 0, enrolled, scale)
    whole = recorded == (window if isinstance(window, int) else -1)
    return Footing(found.first, found.last, scale=scale, whole=whole, fields={"recorded": scale.tolist()})


def _standing_periods(
    measure: declared.Share, window: Window, footings: Asked, pupils: Longs
) -> tuple[Footing, Floats]:
    """Give the periods that stand in for days, and the days of enrolment in them."""
    snapshot = footings.inputs.snapshot
    rows = snapshot.totals
    use = snapshot.within(rows, window) & ~np.isnan(days_of_totals(measure.of, rows))
    use = periods_once(rows["pupil"], rows["start"], rows["date"], use)
    enrolled = np.bincount(rows["pupil"][use], weights=rows["days_enrolled"][use], minlength=len(snapshot))
    return Footing.of_rows(rows, use, pupils, "start"), np.asarray(enrolled[pupils], dtype=np.float64)


def days_of_window(measure: declared.Measure, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the recorded days of the window in which days or absences were counted."""
    found = _recorded_days(footings.inputs.snapshot, window, pupils)
    return replace(found, scale=np.ones(len(pupils)))


def excess_days(measure: declared.WeekdayExcess, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the recorded days of the window whose weekdays were compared, and count those missed."""
    snapshot = footings.inputs.snapshot
    ages, named = snapshot.ages(window)[:, pupils], snapshot.weekday_words(measure.weekdays)[pupils]
    kind, recorded = snapshot.words(measure.of)[pupils], snapshot.words("recorded")[pupils]
    found = _recorded_days(snapshot, window, pupils)
    return _with_counts(
        found,
        on=count_days(kind & named, ages),
        on_of=count_days(recorded & named, ages),
        off=count_days(kind & ~named, ages),
        off_of=count_days(recorded & ~named, ages),
    )


def _with_counts(found: Footing, **counts: Longs) -> Footing:
    """Give the counts to the sentence, the first of which is what the value is counted as."""
    first = next(iter(counts.values())).astype(np.float64)
    return replace(found, counted=first, fields={name: number.tolist() for name, number in counts.items()})


def days_before_too(measure: declared.ShareTrend, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the recorded days of the window of a trend and of the days before it, and count those missed."""
    snapshot = footings.inputs.snapshot
    ages = snapshot.ages(window)[:, pupils]
    before = np.array([ages[1], ages[1] + ages.dtype.type(measure.before)])
    kind, recorded = snapshot.words(measure.of)[pupils], snapshot.words("recorded")[pupils]
    found = _days_at(snapshot, pupils, "recorded", np.array([ages[0], before[1]]))
    return _with_counts(
        found,
        now=count_days(kind, ages),
        now_of=count_days(recorded, ages),
        then=count_days(kind, before),
        then_of=count_days(recorded, before),
    )


def current_streak(
    measure: declared.CurrentStreak, window: Window, footings: Asked, pupils: Longs
) -> Footing:
    """Find the days of a streak; where there is none, the last recorded day."""
    snapshot = footings.inputs.snapshot
    chosen, recorded = snapshot.words(measure.of)[pupils], snapshot.words("recorded")[pupils]
    ages = snapshot.ages(window)[:, pupils]
    length, begun, ended = current_run(chosen, recorded, ages, snapshot.n_days)
    last = newest_and_oldest(recorded, ages)[0]
    none = length == 0
    first, last = (_dates_of_ages(snapshot, pupils, np.where(none, last, age)) for age in (begun, ended))
    return Footing(first, last, scale=np.ones(len(pupils)))


def longest_streak(
    measure: declared.LongestStreak, window: Window, footings: Asked, pupils: Longs
) -> Footing:
    """Find the days of the longest run, of equal ones the latest; without one, the recorded days."""
    snapshot = footings.inputs.snapshot
    chosen, recorded = snapshot.words(measure.of)[pupils], snapshot.words("recorded")[pupils]
    begun, ended = _longest_run(chosen, recorded, snapshot.ages(window)[:, pupils])
    first, last = (_dates_of_ages(snapshot, pupils, age) for age in (begun, ended))
    return Footing(first, last, scale=np.ones(len(pupils))).elsewhere(
        begun == 0, _recorded_days(snapshot, window, pupils)
    )


def days_since(measure: declared.DaysSince, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the last day of the kind; where there was none, all recorded days."""
    snapshot = footings.inputs.snapshot
    ages = snapshot.ages(window)[:, pupils]
    newest = newest_and_oldest(snapshot.words(measure.of)[pupils], ages)[0]
    day = _dates_of_ages(snapshot, pupils, newest)
    counted = np.where(newest > 0, newest - 1.0, np.nan)
    found = Footing(day, day, counted=counted)
    return found.elsewhere(newest == 0, _recorded_days(snapshot, window, pupils))


def incident_count(
    measure: declared.IncidentCount, window: Window, footings: Asked, pupils: Longs
) -> Footing:
    """Find the rows of the incidents."""
    rows = footings.inputs.snapshot.rows(measure.table)
    found = Footing.of_rows(rows, footings.inputs.snapshot.within(rows, window), pupils)
    return replace(found, scale=np.ones(len(pupils)))


def _recorded_days(snapshot: Snapshot, window: Window, pupils: Longs) -> Footing:
    return _days_at(snapshot, pupils, "recorded", snapshot.ages(window)[:, pupils])


def _days_at(snapshot: Snapshot, pupils: Longs, kind: str, ages: Ints) -> Footing:
    newest, oldest = newest_and_oldest(snapshot.words(kind)[pupils], np.ascontiguousarray(ages))
    return Footing(_dates_of_ages(snapshot, pupils, oldest), _dates_of_ages(snapshot, pupils, newest))


def _dates_of_ages(snapshot: Snapshot, pupils: Longs, age: Ints) -> Ints:
    """Give the date of the school day of an age; ``NO_DAY`` for age 0."""
    row = snapshot.histories.calendar_row[pupils]
    date = snapshot.calendar.day(row, snapshot.end[pupils] - np.maximum(age, 1))
    return np.where(age > 0, date, NO_DAY).astype(np.int32)


@kernel
def _longest_run(chosen: Words, recorded: Words, ages: Ints) -> tuple[Ints, Ints]:
    """Give the ages of the first and the last day of each pupil's longest run; 0 where there is none.

    As ``day_words.longest_and_number`` counts: a day without a record neither adds nor breaks.
    """
    n_days = 64 * chosen.shape[1]
    begun, ended = np.zeros(len(chosen), np.int32), np.zeros(len(chosen), np.int32)
    for pupil in range(len(chosen)):
        length, longest, start = 0, 0, 0
        for age in range(min(ages[1, pupil], n_days), ages[0, pupil], -1):
            word, bit = (n_days - age) >> 6, np.uint64((n_days - age) & 63)
            if not (recorded[pupil, word] >> bit) & np.uint64(1):
                continue
            if not (chosen[pupil, word] >> bit) & np.uint64(1):
                length = 0
                continue
            length += 1
            if length == 1:
                start = age
            if length >= longest:
                longest, begun[pupil], ended[pupil] = length, start, age
    return begun, ended


FOOTINGS: dict[type[declared.Measure], FootingFunction] = {
    declared.Share: share_of_kind,
    declared.Count: days_of_window,
    declared.CurrentStreak: current_streak,
    declared.LongestStreak: longest_streak,
    declared.Spells: days_of_window,
    declared.DaysSince: days_since,
    declared.ShareTrend: days_before_too,
    declared.WeekdayExcess: excess_days,
    declared.IncidentCount: incident_count,
}
