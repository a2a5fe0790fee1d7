"""A pupil's attendance by day: one small cell per school day, a column per week."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.words import WORDS, day
from dropout_risk.records.calendar import date_of
from dropout_risk.text import Language

STATES = ("present", "unexcused", "excused", "suspended", "late", "no_record")
LEAST_DAYS = 60
_WEEK, _CELL, _HEAD, _MONTH_APART = 7, 13, 16, 8.0


@dataclass(frozen=True)
class Cell:
    """One school day."""

    x: float
    y: int
    state: str
    told: str


@dataclass(frozen=True)
class AttendanceStrip:
    """The school year to date, and always the last 60 school days.

    Parameters
    ----------
    cells : tuple of Cell
        Placed on a field 100 wide: a column per week, a row per weekday.
    width, height : float
        Width of a column, and height of the whole picture.
    months : tuple of (float, str)
        Where each month begins.
    legend : tuple of (str, str)
        Each state that occurs, with its number of days in words.
    table : tuple of (str, tuple of int)
        Each month with its number of days by state, in the order of ``STATES``.
    said : str
        The picture in words.
    totals : tuple of str
        What is known of periods in which only totals are kept.
    """

    cells: tuple[Cell, ...]
    width: float
    height: int
    months: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str], ...]
    table: tuple[tuple[str, tuple[int, ...]], ...]
    said: str
    totals: tuple[str, ...]

    @classmethod
    def of(cls, known: Snapshot, language: Language) -> Self:
        """Draw the attendance of one pupil as it was known on a date.

        Parameters
        ----------
        known : Snapshot
            Of histories with this pupil alone.
        language : {"zh", "en"}
            The language of the words.
        """
        days = _days(known)
        totals = _totals(known, language)
        if not any(state != "no_record" for _, state in days):
            return cls((), 0.0, 0, (), (), (), "", totals)
        first = days[0][0] - dt.timedelta(days=days[0][0].weekday())
        weeks = (days[-1][0] - first).days // _WEEK + 1
        width = 100 / weeks
        counts = Counter(state for _, state in days)
        legend = tuple((state, _counted(state, counts[state], language)) for state in STATES if counts[state])
        return cls(
            cells=tuple(_cell(date, state, first, width, language) for date, state in days),
            width=round(0.86 * width, 3),
            height=_HEAD + _CELL * (1 + max(date.weekday() for date, _ in days)),
            months=_months(days, first, width, language),
            legend=legend,
            table=_by_month(days),
            said=WORDS["strip_said"].fill(
                language,
                first=day(days[0][0], language),
                last=day(days[-1][0], language),
                counts=("，" if language == "zh" else ", ").join(text for _, text in legend),
            ),
            totals=totals,
        )


def _days(known: Snapshot) -> list[tuple[dt.date, str]]:
    """Give the last school days before the date, each with its state."""
    held = int(known.end[0])
    number = max(0, min(known.n_days, held, max(held - int(known.year_start[0]), LEAST_DAYS)))
    if not number:
        return []
    planes = {
        kind: known.days(kind)[0, -number:]
        for kind in ("recorded", "absent", "unexcused", "late", "suspended")
    }
    dates = known.dates_before(np.arange(number, 0, -1)[None, :])[0]
    states = np.select(
        [
            ~planes["recorded"],
            planes["suspended"],
            planes["unexcused"],
            planes["absent"],
            planes["late"],
        ],
        ["no_record", "suspended", "unexcused", "excused", "late"],
        "present",
    )
    return [(date_of(date), str(state)) for date, state in zip(dates.tolist(), states, strict=True)]


def _cell(date: dt.date, state: str, first: dt.date, width: float, language: Language) -> Cell:
    week = (date - first).days // _WEEK
    told = f"{day(date, language)} {WORDS[state].to(language)}"
    return Cell(round(week * width, 3), _HEAD + _CELL * date.weekday(), state, told)


def _counted(state: str, number: int, language: Language) -> str:
    return WORDS["days_of"].fill(language, state=WORDS[state].to(language), number=number)


def _months(
    days: Sequence[tuple[dt.date, str]], first: dt.date, width: float, language: Language
) -> tuple[tuple[float, str], ...]:
    marks: list[tuple[float, str]] = []
    for month in dict.fromkeys((date.year, date.month) for date, _ in days):
        begins = next(date for date, _ in days if (date.year, date.month) == month)
        x = round((begins - first).days // _WEEK * width, 3)
        if x < 94 and (not marks or x - marks[-1][0] >= _MONTH_APART):
            marks.append((x, f"{begins.month}月" if language == "zh" else f"{begins:%b}"))
    return tuple(marks)


def _by_month(days: Sequence[tuple[dt.date, str]]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    counts: dict[str, Counter[str]] = {}
    for date, state in days:
        counts.setdefault(f"{date:%Y-%m}", Counter())[state] += 1
    return tuple((month, tuple(of[state] for state in STATES)) for month, of in counts.items())


def _totals(known: Snapshot, language: Language) -> tuple[str, ...]:
    rows = known.totals
    columns = [rows[name].tolist() for name in ("start", "date", "days_absent", "days_enrolled")]
    return tuple(
        WORDS["total_of_period"].fill(
            language, start=day(date_of(start), language), end=day(date_of(end), language), absent=absent,
            enrolled=enrolled,
        )
        for start, end, absent, enrolled in zip(*columns, strict=True)
    )  # fmt: skip
