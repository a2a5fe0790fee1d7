"""From where everyone starts to one pupil's risk, step by step: drawn from the very numbers of the reply."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import expit

from dropout_risk.catalogue.exam_words import exam_in_words, subject_in_words
from dropout_risk.catalogue.grades import core_rank
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.axes import RiskScale, Scale, Tick, signed_number
from dropout_risk.pages.words import WORDS
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.statuses import STATUSES
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import CLAUSES, COLON, COMMA, Language, Text, date_in_words, percent_text

DAY_STATES: dict[str, Text] = {
    "present": WORDS["present"],
    **{kind.state: kind.label for kind in STATUSES.shown_kinds if kind.label is not None},
    "no_record": WORDS["no_record"],
}
LEAST_DAYS = 60
_MONTH = Text(zh="{day.month}月", en="{day:%b}")
_WEEK, _CELL, _HEAD, _MONTH_APART = 7, 13, 16, 8.0


@dataclass(frozen=True)
class DayCell:
    """One school day."""

    x: float
    y: int
    state: str
    told: str


@dataclass(frozen=True)
class AttendanceStrip:
    """The school year to date, and always the last 60 school days; a column per week, a row per weekday.

    Cells are on a field 100 wide; ``width`` is that of a column, ``height`` that of the whole picture.
    ``legend`` is each state that occurs, with its number of days in words; ``heads`` names the states of
    ``DAY_STATES``, and ``table`` has each month with its number of days of each; ``totals`` tells of periods
    in which only totals are kept.
    """

    cells: tuple[DayCell, ...]
    width: float
    height: int
    months: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    table: tuple[tuple[str, tuple[int, ...]], ...]
    said: str
    totals: tuple[str, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, language: Language) -> Self:
        """Draw the attendance of the one pupil of the snapshot's histories."""
        days = _days_with_states(snapshot)
        totals = _totals_in_words(snapshot, language)
        if not any(state != "no_record" for _, state in days):
            return cls((), 0.0, 0, (), (), (), (), "", totals)
        first = days[0][0] - dt.timedelta(days=days[0][0].weekday())
        weeks = (days[-1][0] - first).days // _WEEK + 1
        width = 100 / weeks
        counts = Counter(state for _, state in days)
        legend = tuple(
            (state, _days_in_words(state, counts[state], language)) for state in DAY_STATES if counts[state]
        )
        return cls(
            cells=tuple(_day_cell(date, state, first, width, language) for date, state in days),
            width=round(0.86 * width, 3),
            height=_HEAD + _CELL * (1 + max(date.weekday() for date, _ in days)),
            months=_month_marks(days, first, width, language),
            legend=legend,
            heads=tuple(label.to(language) for label in DAY_STATES.values()),
            table=_by_month(days),
            said=WORDS["strip_said"].fill(
                language,
                first=date_in_words(days[0][0], language),
                last=date_in_words(days[-1][0], language),
                counts=COMMA.join(language, (text for _, text in legend)),
            ),
            totals=totals,
        )


def _days_with_states(snapshot: Snapshot) -> list[tuple[dt.date, str]]:
    """Give the last school days before the date, each with its state."""
    held = int(snapshot.end[0])
    number = max(0, min(snapshot.n_days, held, max(held - int(snapshot.year_start[0]), LEAST_DAYS)))
    if not number:
        return []
    recorded, *planes = (
        snapshot.days(kind)[0, -number:]
        for kind in ("recorded", *(kind.name for kind in STATUSES.telling_kinds))
    )
    dates = snapshot.dates_before(np.arange(number, 0, -1)[None, :])[0]
    told = ["no_record", *(kind.state for kind in STATUSES.telling_kinds)]
    states = np.select([~recorded, *planes], told, "present")
    return [(date_of(date), str(state)) for date, state in zip(dates.tolist(), states, strict=True)]


def _day_cell(date: dt.date, state: str, first: dt.date, width: float, language: Language) -> DayCell:
    week = (date - first).days // _WEEK
    told = f"{date_in_words(date, language)} {DAY_STATES[state].to(language)}"
    return DayCell(round(week * width, 3), _HEAD + _CELL * date.weekday(), state, told)


def _days_in_words(state: str, number: int, language: Language) -> str:
    return WORDS["days_of"].fill(language, state=DAY_STATES[state].to(language), number=number)


def _month_marks(
    days: Sequence[tuple[dt.date, str]], first: dt.date, width: float, language: Language
) -> tuple[tuple[float, str], ...]:
    marks: list[tuple[float, str]] = []
    for month in dict.fromkeys((date.year, date.month) for date, _ in days):
        begins = next(date for date, _ in days if (date.year, date.month) == month)
        x = round((begins - first).days // _WEEK * width, 3)
        if x < 94 and (not marks or x - marks[-1][0] >= _MONTH_APART):
            marks.append((x, _MONTH.fill(language, day=begins)))
    return tuple(marks)


def _by_month(days: Sequence[tuple[dt.date, str]]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    counts: dict[str, Counter[str]] = {}
    for date, state in days:
        counts.setdefault(f"{date:%Y-%m}", Counter())[state] += 1
    return tuple((month, tuple(number[state] for state in DAY_STATES)) for month, number in counts.items())


def _totals_in_words(snapshot: Snapshot, language: Language) -> tuple[str, ...]:
    rows = snapshot.totals
    starts, ends = (
        [date_in_words(date_of(day), language) for day in rows[name].tolist()] for name in ("start", "date")
    )
    periods = zip(starts, ends, rows["days_absent"].tolist(), rows["days_enrolled"].tolist(), strict=True)
    wording = WORDS["total_of_period"]
    return tuple(
        wording.fill(language, start=start, end=end, absent=f"{absent:g}", enrolled=f"{enrolled:g}")
        for start, end, absent, enrolled in periods
    )


MARKS_HEIGHT, TOP, LONGEST_DAYS = 64, 6, 730
_ROOM_BEFORE, _ROOM_AFTER = 0.22, 0.02


@dataclass(frozen=True)
class Mark:
    """One mark: its place, and what it is in words."""

    x: float
    y: float
    told: str


@dataclass(frozen=True)
class SubjectMarks:
    """The marks of one subject by date, the latest in words, and the picture in words: every mark of it."""

    subject: str
    last: str
    marks: tuple[Mark, ...]
    said: str


@dataclass(frozen=True)
class MarksChart:
    """All subjects, the core ones first, on one axis of time, which ends on the as-of date."""

    subjects: tuple[SubjectMarks, ...]
    first: str
    last: str
    as_of: float

    @classmethod
    def of(cls, snapshot: Snapshot, language: Language) -> Self:
        """Draw the marks of the one pupil of the snapshot's histories."""
        rows, words = snapshot.grades.rows, snapshot.histories.words
        names = ("subject", "date", "exam", "percent")
        given = [row for row in zip(*(rows[name].tolist() for name in names), strict=True)
                 if snapshot.ordinal - row[1] <= LONGEST_DAYS]  # fmt: skip
        if not given:
            return cls((), "", "", 100.0)
        oldest = min(date for _, date, _, _ in given)
        span = max(snapshot.ordinal - oldest, 1)
        scale = Scale(oldest - _ROOM_BEFORE * span, snapshot.ordinal + _ROOM_AFTER * span)
        by_subject: dict[str, list[tuple[int, str, float]]] = {}
        for subject, date, exam, share in given:
            by_subject.setdefault(words["subject"][subject], []).append((date, words["exam"][exam], share))
        return cls(
            subjects=tuple(
                _subject_marks(name, by_subject[name], scale, language)
                for name in sorted(by_subject, key=lambda name: (core_rank(name), name))
            ),
            first=date_in_words(date_of(oldest), language),
            last=date_in_words(snapshot.as_of, language),
            as_of=scale(snapshot.ordinal),
        )


def _subject_marks(
    name: str, given: list[tuple[int, str, float]], scale: Scale, language: Language
) -> SubjectMarks:
    given = sorted(given)
    marks = tuple(
        Mark(scale(date), _mark_height(share), _mark_in_words(date_of(date), exam, share, language))
        for date, exam, share in given
    )
    latest, _, share = given[-1]
    last = WORDS["last_mark"].fill(
        language, share=f"{share:.0%}", date=date_in_words(date_of(latest), language)
    )
    subject = subject_in_words(name).to(language)
    said = f"{subject}{COLON.to(language)}{CLAUSES.join(language, (mark.told for mark in marks))}"
    return SubjectMarks(subject, last, marks, said)


def _mark_height(share: float) -> float:
    return round(TOP + (MARKS_HEIGHT - 2 * TOP) * (1 - min(max(share, 0.0), 1.0)), 2)


def _mark_in_words(date: dt.date, exam: str, share: float, language: Language) -> str:
    return f"{date_in_words(date, language)} {exam_in_words(exam).to(language)} {share:.0%}"


_MARK = 1.2


@dataclass(frozen=True)
class WaterfallPart:
    """What is added on the way, in log-odds, with the sentence that tells it, and what it merges by label."""

    kind: str
    text: str
    note: str
    contribution: float
    merged: tuple[str, ...] = ()


@dataclass(frozen=True)
class WaterfallStep:
    """One row of a waterfall, its bar on a field 100 wide; the next step begins at ``end``.

    ``kind`` is ``start``, ``raising``, ``lowering``, ``other`` or ``total``; ``number`` is a risk for
    ``start`` and ``total``, else the contribution in log-odds; ``told`` is the bar in words.
    """

    kind: str
    text: str
    note: str
    number: str
    x: float
    width: float
    end: float
    told: str
    merged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waterfall:
    """Rows from ``base_log_odds`` to ``log_odds``; what lies between adds up."""

    steps: tuple[WaterfallStep, ...]
    ticks: tuple[Tick, ...]

    @classmethod
    def of(cls, score: PupilScore, parts: Sequence[WaterfallPart], language: Language) -> Self:
        """Draw the way to a pupil's risk: with the start, the parts add up to the log-odds."""
        reached = [score.base_log_odds]
        for part in parts:
            reached.append(reached[-1] + part.contribution)
        scale = RiskScale.around([*reached, score.log_odds])
        start, total = float(expit(score.base_log_odds)), score.risk
        steps = [
            _end_step(
                "start", start_of(score.background, language), start, scale(score.base_log_odds), language
            ),
            *(
                _part_step(part, scale(before), scale(after), language)
                for part, before, after in zip(parts, reached, reached[1:], strict=False)
            ),
            _end_step("total", WORDS["this_pupil"].to(language), total, scale(score.log_odds), language),
        ]
        return cls(tuple(steps), scale.ticks())


def start_of(background: str, language: Language) -> str:
    """Say where the way begins: whose mean the base is.

    >>> start_of("stayed, grade 8", "en"), start_of("training", "en")
    ('Start: pupils of grade 8 who stayed', 'Start: all pupils it was trained on')
    """
    kind, _, grade = background.partition(", grade ")
    named = _GRADES.get(grade, grade) if language == "zh" else grade
    return WORDS[f"start_{kind}{'_in_grade' if grade else ''}"].fill(language, grade=named)


_GRADES = {str(level): f"{digit}年级" for level, digit in enumerate("一二三四五六七八九", start=1)}
_GRADES |= {"10": "高一", "11": "高二", "12": "高三"}


def _end_step(kind: str, text: str, risk: float, at: float, language: Language) -> WaterfallStep:
    shown = percent_text(risk)
    told = text + COLON.to(language) + shown
    return WaterfallStep(kind, text, "", shown, round(at - _MARK / 2, 3), _MARK, at, told)


def _part_step(part: WaterfallPart, before: float, after: float, language: Language) -> WaterfallStep:
    number = signed_number(part.contribution)
    way = "pushes_up" if part.contribution > 0 else "pulls_down"
    told = WORDS[way].fill(language, number=number)
    return WaterfallStep(
        kind=part.kind,
        text=part.text,
        note=part.note,
        number=number,
        x=min(before, after),
        width=max(round(abs(after - before), 3), 0.3),
        end=after,
        told=told,
        merged=part.merged,
    )
