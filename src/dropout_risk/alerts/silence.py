"""Alerts about pupils of whom a register says nothing, and questions about registers.

A question is about a class: one for all of its pupils, instead of an alert about each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from dropout_risk.alerts.alert import CALLED, Alert, Office, Route
from dropout_risk.alerts.register_facts import ClassDays, RegisterFacts
from dropout_risk.arrays import Bools, Ints, Longs, Words
from dropout_risk.catalogue.alert_kinds import REGISTER_SILENT
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.days.calendar import ALWAYS_KNOWN, date_of, ordinal_of
from dropout_risk.settings import RegisterSettings
from dropout_risk.text import DAY_OF_YEAR, ITEMS, Language, Text

QuestionKind = Literal["register_missing", "everybody_absent"]
_WEEK, _MONTH, _WINDOW = 5, 20, 64

_SILENT = Text(
    zh="同班有考勤而本人没有可用记录的教学日已有{days}个（{since}起，最后一条记录：{last}）。"
    "请{who}今天核实孩子在哪里",
    en="No usable attendance row on {days} school days on which class-mates have one (since {since}; "
    "last row: {last}). {who} verifies today where the child is",
)
_NEVER_CAME = Text(
    zh="在籍，但本学年没有任何可用的考勤记录，而同班有考勤的教学日已有{days}个（{since}起）。"
    "请{who}今天核实孩子是否到校、在哪里",
    en="On the roll, but without any usable attendance row this school year on {days} school days on which "
    "class-mates have one (since {since}). {who} verifies today whether the child ever came, and where it is",
)
_ALONE = Text(
    zh="考勤已登记到之后{days}个教学日，但本人没有可用的记录（{since}起，最后一条记录：{last}）。"
    "请{who}今天核实孩子在哪里",
    en="No usable attendance row on {days} school days that the register covers (since {since}; "
    "last row: {last}). {who} verifies today where the child is",
)
_NOWHERE = Text(zh="无", en="none")
_THE = Text(zh="{who}", en="The {who}")
_WHO: tuple[tuple[int, Route, Office | None], ...] = (
    (_MONTH, "principal", "township"),
    (_WEEK, "principal", None),
    (0, "class_teacher", None),
)


def silence_alerts(
    snapshot: Snapshot, facts: RegisterFacts, settings: RegisterSettings, language: Language
) -> Iterator[tuple[int, Alert]]:
    """Alert to pupils without a row on days for which their register has others."""
    chosen = np.flatnonzero(facts.silent >= settings.silent_days)
    since = snapshot.dates_before(np.maximum(facts.silent_since, 1))
    last = snapshot.dates_before(np.maximum(facts.last, 1))
    for pupil in chosen.tolist():
        days, begun = int(facts.silent[pupil]), date_of(since[pupil])
        known = facts.last[pupil] > 0
        told = DAY_OF_YEAR.fill(language, day=date_of(last[pupil])) if known else _NOWHERE.to(language)
        _, route, office = next(item for item in _WHO if days >= item[0])
        who = _THE.fill(language, who=CALLED[route].to(language).casefold())
        text = _NEVER_CAME if not known else _SILENT if facts.classes is not None else _ALONE
        yield (
            pupil,
            Alert(
                REGISTER_SILENT,
                begun,
                text.fill(
                    language, days=days, since=DAY_OF_YEAR.fill(language, day=begun), last=told, who=who
                ),
                route,
                days,
                office,
            ),
        )


# --- Words about a class's register, told to each of its pupils as a warning ---

_MISSING = Text(
    zh="全班自{last}起没有交考勤，已有{days}个教学日",
    en="The class has handed in no attendance since {last}: {days} school days",
)
_WHOLE_CLASS = Text(
    zh="{days}全班都登记为缺课：请先核实考勤（是否停课、是否默认缺课），这几天不作为学生个人的预警",
    en="The whole class is recorded as absent on {days}: a question about the register (no school that day? "
    "a default?), and no alert about the pupil",
)
_NEARLY_WHOLE_CLASS = Text(
    zh="{days}几乎全班都登记为缺课：请先核实考勤（是否停课、是否默认缺课），这几天不作为学生个人的预警",
    en="Nearly the whole class is recorded as absent on {days}: a question about the register (no school "
    "that day? a default?), and no alert about the pupil",
)
_LONG_AGO = Text(zh="很久以前", en="long ago")
_DAYS_TOLD = 5
WARNINGS_OF_REGISTERS = (_MISSING, _WHOLE_CLASS, _NEARLY_WHOLE_CLASS)


def register_warnings(
    snapshot: Snapshot, facts: RegisterFacts, settings: RegisterSettings, language: Language
) -> list[tuple[str, ...]]:
    """Say to each pupil's score what is odd about the register of the class."""
    told: list[tuple[str, ...]] = [()] * len(facts)
    if facts.classes is None:
        return told
    least = np.where(snapshot.histories.presumed, settings.presumed_missing_days, settings.missing_days)
    words: dict[tuple[int, str], str] = {}
    for pupil in np.flatnonzero(facts.missing >= least).tolist():
        key = (int(facts.unit[pupil]), "missing")
        if key not in words:
            words[key] = _missing_text(
                snapshot, facts.classes, pupil, key[0], int(facts.missing[pupil]), language
            )
        told[pupil] = (words[key],)
    for pupil in np.flatnonzero(facts.all_absent != 0).tolist():
        absent = int(facts.all_absent[pupil])
        key = (int(facts.unit[pupil]), f"absent {absent}")
        if key not in words:
            days = _days_text(_dates_of(snapshot, pupil, _ages_of(absent)), language)
            nearly = int(facts.classes.nearly[key[0]]) & absent
            words[key] = (_NEARLY_WHOLE_CLASS if nearly else _WHOLE_CLASS).fill(language, days=days)
        told[pupil] = (*told[pupil], words[key])
    return told


def _missing_text(  # noqa: PLR0917
    snapshot: Snapshot, classes: ClassDays, pupil: int, unit: int, days: int, language: Language
) -> str:
    latest = _WINDOW - int(classes.handed_in[unit]).bit_length() + 1
    last = _LONG_AGO.to(language)
    if latest <= _WINDOW:
        last = DAY_OF_YEAR.fill(language, day=_dates_of(snapshot, pupil, [latest])[0])
    return _MISSING.fill(language, last=last, days=days)


def _ages_of(word: int) -> list[int]:
    """Give the ages of the days of a word, the oldest first."""
    return [_WINDOW - bit for bit in range(_WINDOW) if word >> bit & 1]


def _dates_of(snapshot: Snapshot, pupil: int, ages: list[int]) -> list[dt.date]:
    row = int(snapshot.histories.calendar_row[pupil])
    end = int(snapshot.end[pupil])
    return [date_of(int(snapshot.calendar.day(row, end - age))) for age in ages]


def _days_text(days: list[dt.date], language: Language) -> str:
    shown = [DAY_OF_YEAR.fill(language, day=day) for day in days[-_DAYS_TOLD:]]
    more = len(days) - len(shown)
    words = ITEMS.join(language, shown)
    return words if not more else _AND_MORE.fill(language, days=words, more=more)


_AND_MORE = Text(zh="{days}等{more}天以前的日子", en="{days} and {more} earlier day(s)")


# --- The questions of a morning: one for each class whose register is odd ---

_ASK_MISSING = Text(
    zh="{place}：自{last}起没有交考勤（{since}，{pupils}名学生）。请核实：考勤是否停报",
    en="{place}: no attendance handed in since {last} ({since}, {pupils} pupils). Is the register kept?",
)
_ASK_WHOLE = Text(
    zh="{place}：{days}全班（{pupils}名学生）都登记为缺课。请核实：是否停课，或系统默认缺课",
    en="{place}: everybody ({pupils} pupils) is recorded as absent on {days}. Was there no school, "
    "or is it a default of the system?",
)
_ASK_NEARLY_WHOLE = Text(
    zh="{place}：{days}几乎全班（{pupils}名学生）都登记为缺课。请核实：是否停课，或系统默认缺课",
    en="{place}: nearly everybody (of {pupils} pupils) is recorded as absent on {days}. Was there no school, "
    "or is it a default of the system?",
)
_SCHOOL_DAYS = Text(zh="{days}个教学日", en="{days} school days")
_DAYS_SINCE = Text(zh="{days}天", en="{days} days")
_PLACE = Text(zh="{school} {name}", en="{school} {name}")
_WHOLE_SCHOOL = Text(zh="全校", en="whole school")


@dataclass(frozen=True)
class RegisterQuestion:
    """One question about the register of a class, or of a school where it is about all of its classes.

    ``class_id`` is None for the school; ``since`` is the first day of what it tells, and ``days`` the number
    of school days; ``pupils`` are those at school.
    """

    kind: QuestionKind
    school_id: str | None
    class_id: str | None
    since: dt.date
    days: int
    pupils: int
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Write the question as one entry of the reply's ``registers``."""
        return dict(self.__dict__) | {"since": self.since.isoformat()}


def register_questions(
    snapshot: Snapshot, facts: RegisterFacts, settings: RegisterSettings, language: Language
) -> tuple[RegisterQuestion, ...]:
    """Ask about the registers of the classes and schools of everybody at school on a date."""
    if facts.classes is None:
        return ()
    members = members_on(snapshot)
    asker = _Asker(snapshot, facts, settings, language, members)
    return tuple(sorted(asker.ask(), key=lambda item: (item.school_id or "", item.class_id or "", item.kind)))


@dataclass(frozen=True, eq=False)
class _Asker:
    snapshot: Snapshot
    facts: RegisterFacts
    settings: RegisterSettings
    language: Language
    members: Bools

    @cached_property
    def last(self) -> Ints:
        """The date of each pupil's last row."""
        return self.snapshot.dates_before(np.maximum(self.facts.last, 1))

    @property
    def _absent(self) -> Words:
        """The days of each register on which so many were absent that it is asked about."""
        assert self.facts.classes is not None  # noqa: S101
        return self.facts.classes.asked

    @property
    def _nearly(self) -> Words:
        """The days among them on which somebody was there."""
        assert self.facts.classes is not None  # noqa: S101
        return self.facts.classes.nearly

    def ask(self) -> Iterator[RegisterQuestion]:
        pupils = np.flatnonzero(self.members)
        row = self.snapshot.histories.calendar_row[pupils]
        order = np.argsort(row, kind="stable")
        for own in np.split(pupils[order], np.flatnonzero(np.diff(row[order])) + 1):
            if len(own) and self._odd(own):
                yield from self._of_school(own)

    def _odd(self, pupils: Longs) -> bool:
        facts = self.facts
        old = self.snapshot.ordinal - self.last[pupils].max() > self.settings.recent_days
        return bool(old or self._absent[facts.unit[pupils]].any() or (facts.last[pupils] != 1).any())

    def _of_school(self, pupils: Longs) -> Iterator[RegisterQuestion]:
        _, first, number = np.unique(self.facts.unit[pupils], return_index=True, return_counts=True)
        classes = [(int(pupils[at]), int(n)) for at, n in zip(first, number, strict=True)]
        stopped = self._school_stopped(pupils)
        if stopped is not None:
            yield stopped
        for pupil, n in classes:
            if stopped is None:
                yield from self._missing(pupil, n)
        yield from self._everybody_absent(classes)

    def _school_stopped(self, pupils: Longs) -> RegisterQuestion | None:
        """Ask about a school of which nobody has had a row for long; where it has had one ever."""
        facts, snapshot = self.facts, self.snapshot
        ages = facts.last[pupils]
        if not (ages > 0).any():
            return None
        pupil = int(pupils[ages > 0][np.argmin(ages[ages > 0])])
        age = int(facts.last[pupil])
        last = _dates_of(snapshot, pupil, [age])[0]
        row = snapshot.histories.calendar_row[pupil]
        length = int(snapshot.calendar.lengths[row])
        planned = bool(length and snapshot.calendar.known[row, length - 1] == ALWAYS_KNOWN)
        least = self._least(pupil)
        old = snapshot.ordinal - ordinal_of(last) > self.settings.recent_days
        if not (age - 1 >= least if planned and age > 1 else old and not planned):
            return None
        return self._missing_question(pupil, None, last, max(age - 1, 0), len(pupils))

    def _least(self, pupil: int) -> int:
        presumed = self.snapshot.histories.presumed[pupil]
        return self.settings.presumed_missing_days if presumed else self.settings.missing_days

    def _missing(self, pupil: int, n: int) -> Iterator[RegisterQuestion]:
        assert self.facts.classes is not None  # noqa: S101
        word = int(self.facts.classes.handed_in[self.facts.unit[pupil]])
        row = self.snapshot.histories.calendar_row[pupil]
        others = int(self.facts.classes.of_schools[row]).bit_count()
        days = int(self.facts.missing[pupil]) if word else others
        if days < self._least(pupil):
            return
        latest = min(_WINDOW - word.bit_length() + 1, _WINDOW)
        last = _dates_of(self.snapshot, pupil, [latest])[0]
        yield self._missing_question(pupil, self._name(pupil, "class_id"), last, days, n)

    def _missing_question(
        self, pupil: int, class_id: str | None, last: dt.date, days: int, n: int
    ) -> RegisterQuestion:
        school, told = self._name(pupil, "school_id"), DAY_OF_YEAR.fill(self.language, day=last)
        elapsed = self.snapshot.ordinal - ordinal_of(last) - 1
        since = _SCHOOL_DAYS if days else _DAYS_SINCE  # of school days nobody may know
        text = _ASK_MISSING.fill(
            self.language,
            place=self._place(school, class_id),
            last=told,
            since=since.fill(self.language, days=days or elapsed),
            pupils=n,
        )
        return RegisterQuestion("register_missing", school, class_id, last, days, n, text)

    def _everybody_absent(self, classes: list[tuple[int, int]]) -> Iterator[RegisterQuestion]:
        words = {self._absent[self.facts.unit[pupil]] for pupil, _ in classes}
        if len(classes) > 1 and len(words) == 1 and 0 not in words:
            classes = [(classes[0][0], sum(n for _, n in classes))]
            yield self._absent_question(*classes[0], None)
            return
        for pupil, n in classes:
            if self._absent[self.facts.unit[pupil]]:
                yield self._absent_question(pupil, n, self._name(pupil, "class_id"))

    def _absent_question(self, pupil: int, n: int, class_id: str | None) -> RegisterQuestion:
        unit = self.facts.unit[pupil]
        nearly = bool(self._nearly[unit])
        dates = _dates_of(self.snapshot, pupil, _ages_of(int(self._absent[unit])))
        school = self._name(pupil, "school_id")
        text = (_ASK_NEARLY_WHOLE if nearly else _ASK_WHOLE).fill(
            self.language,
            place=self._place(school, class_id),
            days=_days_text(dates, self.language),
            pupils=n,
        )
        return RegisterQuestion("everybody_absent", school, class_id, dates[0], len(dates), n, text)

    def _name(self, pupil: int, column: str) -> str | None:
        value = self.snapshot.histories.students[column][pupil].as_py()
        return None if value is None else str(value)

    def _place(self, school: str | None, class_id: str | None) -> str:
        name = class_id or _WHOLE_SCHOOL.to(self.language)
        return _PLACE.fill(self.language, school=school or "", name=name).strip()
