"""On how many known school days a value of attendance rests, and the words that say so.

A share of the last 20 school days of which three are known is a share of three; a run of absences with
unknown days in between is no run of days. Where a fifth of the days or more are unknown, the sentence says
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.measures import ClassMean, CurrentStreak, DaysSince
from dropout_risk.histories.day_words import current_run
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.days.calendar import date_of
from dropout_risk.text import DAY_OF_YEAR, Language, Text

KNOWN_SHARE = 0.8
Counts = npt.NDArray[np.int32]

_FEW = Text(
    zh="{text}（只按有记录的{known}天计：这{days}个教学日中其他日子没有记录）",
    en="{text} (recorded days only: {known} of these {days}; the others are unknown)",
)
_RUN = {
    "absent": Text(
        zh="自{since}起有记录的{known}天都缺课，另有{unknown}个教学日没有记录",
        en="Absent on each of the {known} day(s) recorded since {since}; "
        "{unknown} school day(s) without a record",
    ),
    "unexcused": Text(
        zh="自{since}起有记录的{known}天都无故缺课，另有{unknown}个教学日没有记录",
        en="Absent without an explanation on each of the {known} day(s) recorded since {since}; "
        "{unknown} school day(s) without a record",
    ),
}

_ONE = {
    "absent": Text(
        zh="{since}缺课，此后{unknown}个教学日没有记录",
        en="Absent on {since}, and {unknown} school day(s) since without a record",
    ),
    "unexcused": Text(
        zh="{since}无故缺课，此后{unknown}个教学日没有记录",
        en="Absent without an explanation on {since}, and {unknown} school day(s) since without a record",
    ),
}


@dataclass(frozen=True, eq=False)
class KnownDays:
    """For each pupil and feature, how many days its value rests on, of how many; 0 of 0 where all is known.

    Of a run, ``days`` reach from its first day to the date, and ``since`` is the date of its first day.
    """

    known: Counts
    days: Counts
    since: Counts
    runs: dict[int, str]

    @classmethod
    def of(cls, snapshot: Snapshot, catalogue: FeatureCatalogue) -> Self:
        """Count the days behind the features of attendance."""
        n, features = len(snapshot), list(catalogue.values())
        known, days, since = (np.zeros((n, len(features)), np.int32) for _ in range(3))
        runs: dict[int, str] = {}
        few_of: dict[int | str, tuple[Counts, Counts]] = {}
        if not snapshot.n_days:
            return cls(known, days, since, runs)
        for index, feature in enumerate(features):
            measure = feature.measure
            if feature.source != "attendance" or isinstance(measure, DaysSince | ClassMean):
                continue
            if isinstance(measure, CurrentStreak):
                if measure.of in _RUN:
                    runs[index] = measure.of
                    known[:, index], days[:, index], since[:, index] = _days_of_run(snapshot, measure.of)
            elif feature.window is not None:
                if feature.window not in few_of:
                    few_of[feature.window] = _few_days(snapshot, feature.window)
                known[:, index], days[:, index] = few_of[feature.window]
        return cls(known, days, since, runs)

    def worded(self, text: str, pupil: int, position: int, language: Language) -> str:
        """Word a value that rests on few days."""
        known, days = int(self.known[pupil, position]), int(self.days[pupil, position])
        if position in self.runs:
            since = DAY_OF_YEAR.fill(language, day=date_of(self.since[pupil, position]))
            said = _ONE if known == 1 else _RUN
            return said[self.runs[position]].fill(language, known=known, since=since, unknown=days - known)
        return _FEW.fill(language, text=text, known=known, days=days)


def _days_of_run(snapshot: Snapshot, kind: str) -> tuple[Counts, Counts, Counts]:
    """Count the days of each current run, and all days since its first one; nothing where these are equal."""
    recorded = snapshot.words("recorded")
    length, begun, _ = current_run(snapshot.words(kind), recorded, snapshot.ages(None), snapshot.n_days)
    gaps = begun > length
    date = snapshot.dates_before(np.maximum(begun, 1))
    return np.where(gaps, length, 0), np.where(gaps, begun, 0), np.where(gaps, date, 0)


def _few_days(snapshot: Snapshot, window: int | str) -> tuple[Counts, Counts]:
    """Count the recorded days of a window, and all of it; 0 of 0 where hardly any is unknown."""
    recorded = snapshot.count("recorded", window)  # type: ignore[arg-type]
    there = _days_there(snapshot, window)
    few = (recorded > 0) & (recorded < KNOWN_SHARE * there)
    return np.where(few, recorded, 0), np.where(few, there, 0)


def _days_there(snapshot: Snapshot, window: int | str) -> Counts:
    """Count the school days of a window, from enrolment on."""
    days = np.minimum(snapshot.ages(window)[1], snapshot.known_days)  # type: ignore[arg-type]
    enrolled = snapshot.student_dates("enrolled_on")
    row = snapshot.histories.calendar_row
    since = snapshot.end - snapshot.calendar.index(row, np.maximum(enrolled, 0))
    found: Counts = np.where(enrolled == -1, days, np.minimum(days, np.maximum(since, 0))).astype(np.int32)
    return found
