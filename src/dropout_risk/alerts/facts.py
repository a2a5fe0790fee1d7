"""Facts: what the records say of a pupil on a date, told before any model has a word.

Family facts that hold today, what became of the pupil before, days missed, the last mark of each subject,
and, for the counsellor, tests at their cut-off. Nothing is weighed: a fact is there or it is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa

from dropout_risk.alerts.critical import CriticalAnswer
from dropout_risk.alerts.last_exams import LastExams
from dropout_risk.arrays import Array, Ints, Longs
from dropout_risk.catalogue.exam_words import exam_in_words, subject_in_words
from dropout_risk.catalogue.factors import FACTORS
from dropout_risk.catalogue.facts import (
    CRITICAL_ANSWER,
    EVENTS_TOLD,
    FACT_KINDS,
    FAR_DAY_PUPIL,
    LAST_MARK,
    NO_CORE_PASSED,
    OTHER_FACTOR,
    RECENT_ABSENCES,
    TEST_AT_CUT_OFF,
    WAY_TO_SCHOOL,
)
from dropout_risk.catalogue.grades import CORE_SUBJECTS
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.explanation.columns import Column, Days, Listed, Picked, Structs, row_maker
from dropout_risk.explanation.reason_days import FROM_TO
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.footing import NO_DAY
from dropout_risk.features.inputs import Inputs
from dropout_risk.features.psychology import tests_at_cut_off
from dropout_risk.histories.histories import MISSED
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.wording.words import word_key
from dropout_risk.settings import FactSettings
from dropout_risk.text import COLON, DAY_OF_YEAR, ITEMS, Language, Text, date_in_words

FACT = pa.struct({
    "name": pa.string(), "domain": pa.string(), "label": pa.string(), "text": pa.string(),
    "since": pa.date32(),
})  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """One fact of one pupil.

    ``name`` is one of :data:`dropout_risk.catalogue.facts.FACT_KINDS`, ``domain`` says who may read it;
    ``label`` is what facts that stand together are called, such as "Family"; ``since`` is the day on which it
    began, or of the exam, None where no day is recorded.
    """

    name: str
    domain: str
    label: str
    text: str
    since: dt.date | None = None

    def to_dict(self) -> dict[str, Any]:
        """Write the fact as one entry of the reply's ``facts``."""
        return dict(self.__dict__) | {"since": self.since.isoformat() if self.since else None}


_MAKE = row_maker(Fact, FACT.names)
_SINCE = Text(zh="{text}（{since}起）", en="{text} (since {since})")
_ON = Text(zh="{label}（{since}）", en="{label} ({since})")


def fact_lines(facts: Iterable[Fact], language: Language, *, exams: int | None = None) -> tuple[str, ...]:
    """Write facts as lines, those that stand together in one; of exams, the latest first, by default all.

    >>> day = dt.date(2025, 4, 20)
    >>> told = ("maths 41%", "Chinese 62%")
    >>> marks = [Fact("last_mark", "grades", "midterm", text, day) for text in told]
    >>> fact_lines([Fact("low_income", "family", "Family", "minimum allowance", day), *marks], "en")
    ('Family: minimum allowance (since 2025-04-20)', 'midterm (2025-04-20): maths 41%, Chinese 62%')
    """
    groups: dict[tuple[bool, str], list[Fact]] = {}
    for fact in facts:
        if FACT_KINDS[fact.name].told:
            groups.setdefault((fact.name == LAST_MARK, fact.label), []).append(fact)
    sittings = sorted(
        (group for (is_exam, _), group in groups.items() if is_exam),
        key=lambda group: max(fact.since or dt.date.min for fact in group),
        reverse=True,
    )
    lines = [
        label + COLON.to(language) + ITEMS.join(language, (_with_since(fact, language) for fact in group))
        for (is_exam, label), group in groups.items()
        if not is_exam
    ]
    return (*lines, *(_exam_line(group, language) for group in sittings[:exams]))


def _exam_line(group: Sequence[Fact], language: Language) -> str:
    days = sorted({fact.since for fact in group if fact.since})
    told = [date_in_words(day, language) for day in (days[:1] + days[-1:] if len(days) > 1 else days)]
    since = FROM_TO.fill(language, first=told[0], last=told[-1]) if len(told) > 1 else "".join(told)
    head = _ON.fill(language, label=group[0].label, since=since) if since else group[0].label
    return head + COLON.to(language) + ITEMS.join(language, (fact.text for fact in group))


def _with_since(fact: Fact, language: Language) -> str:
    if fact.since is None or fact.domain != "family":
        return fact.text
    return _SINCE.fill(language, text=fact.text, since=date_in_words(fact.since, language))


class _Worded(NamedTuple):
    """The different words of some rows, and as a code the index of each row's among them."""

    words: list[str]
    codes: Longs

    @classmethod
    def of(cls, keys: Array, word: Callable[[int], str]) -> _Worded:
        """Word each different key once; keys are small numbers from 0."""
        there = np.flatnonzero(np.bincount(keys))
        codes = np.zeros(there[-1] + 1 if len(there) else 0, np.int64)
        codes[there] = np.arange(len(there))
        return cls([word(key) for key in there.tolist()], codes[keys])


@dataclass(eq=False)
class FactRows:
    """The facts of some pupils, in columns: the pupil, the kind, the text and the day (ordinal, or -1)."""

    n_pupils: int
    language: Language
    _words: dict[str, int] = field(default_factory=dict)
    _columns: list[list[Array]] = field(default_factory=list)

    def add(
        self,
        name: str,
        pupils: Array,
        texts: str | Sequence[str] | _Worded,
        since: Array | int = -1,
        *,
        labels: _Worded | None = None,
    ) -> None:
        """Add facts of one kind, with one text for all or one for each; labels are by default the kind's."""
        kind = np.full(len(pupils), _KINDS.index(name))
        label = self._coded(FACT_KINDS[name].label.to(self.language) if labels is None else labels, len(kind))
        text = self._coded(texts, len(kind))
        self._columns.append([pupils, kind, label, text, np.broadcast_to(since, len(kind)).astype(np.int32)])

    def _coded(self, words: str | Sequence[str] | _Worded, number: int) -> Longs:
        if isinstance(words, str):
            return np.full(number, self._words.setdefault(words, len(self._words)), np.int64)
        given = words.words if isinstance(words, _Worded) else words
        codes = np.array([self._words.setdefault(word, len(self._words)) for word in given], np.int64)
        return codes[words.codes] if isinstance(words, _Worded) else codes

    @cached_property
    def column(self) -> Listed:
        """The facts as lists of :data:`FACT`: by the kinds' order, the newest first; outcomes by day."""
        columns = self._columns or [[np.zeros(0, np.int64)] * 5]
        parts = [np.concatenate(column).astype(np.int64) for column in zip(*columns, strict=True)]
        events = np.isin(parts[1], [_KINDS.index(name) for name in EVENTS_TOLD])
        newest = np.where(parts[1] == _KINDS.index(LAST_MARK), 0, -parts[4])  # marks stay by subject
        kind = np.where(events, _KINDS.index(EVENTS_TOLD[0]), parts[1])
        order = np.lexsort((np.where(events, parts[4], newest), kind, parts[0]))
        pupil, kind, label, text, since = (part[order] for part in parts)
        words = list(self._words)
        told: dict[str, Column] = {
            "name": Picked(_KINDS, kind),
            "domain": Picked([FACT_KINDS[name].domain for name in _KINDS], kind),
            "label": Picked(words, label),
            "text": Picked(words, text),
            "since": Days(np.where(since < 0, NO_DAY, since).astype(np.int32)),
        }
        return Listed(Structs(told, list(FACT), _MAKE), np.bincount(pupil, minlength=self.n_pupils))

    def names_among(self, wanted: Iterable[str]) -> list[tuple[str, ...]]:
        """Give of each pupil the names of the wanted kinds that hold, in the order of the kinds."""
        kinds = sorted({_KINDS.index(name) for name in wanted if name in FACT_KINDS})
        bits = np.zeros(self.n_pupils, np.int64)
        for pupils, kind, *_ in self._columns:
            if len(kind) and kind[0] in kinds:
                np.bitwise_or.at(bits, pupils, 1 << kinds.index(int(kind[0])))
        known = {code: tuple(_KINDS[kind] for bit, kind in enumerate(kinds) if code >> bit & 1)
                 for code in np.unique(bits).tolist()}  # fmt: skip
        return [known[code] for code in bits.tolist()]

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        settings: FactSettings,
        instruments: InstrumentRegistry,
        answers: Mapping[int, CriticalAnswer],
        language: Language,
        *,
        context: ClassContext | None = None,
    ) -> Self:
        """Read the facts of everybody of a snapshot; the context says which exams the classes sat."""
        rows = cls(len(snapshot), language)
        _add_family(rows, snapshot)
        _add_way(rows, snapshot, settings)
        _add_events(rows, snapshot)
        _add_tests(rows, snapshot, instruments, answers)
        _add_absences(rows, snapshot, settings)
        _add_marks(rows, snapshot, context)
        _add_no_core_passed(rows, snapshot, settings)
        return rows


_KINDS = list(FACT_KINDS)

# --- Family, and the way to school ---

_VALUED = Text(zh="{label}（{value}）", en="{label} ({value})")
_KM = Text(zh="家校距离{km}公里", en="{km} km to school")
_BOARDS, _DAY_PUPIL = Text(zh="寄宿生", en="boarding"), Text(zh="走读生", en="day pupil")


def _add_family(rows: FactRows, snapshot: Snapshot) -> None:
    family, words = snapshot.family, snapshot.histories.words
    holding = np.flatnonzero(family["holds"] & family["said"])
    if not len(holding):
        return
    values = len(words.get("value", ())) + 1
    pairs = family["factor"][holding].astype(np.int64) * values + family["value"][holding] + 1
    for pair in np.flatnonzero(np.bincount(pairs)).tolist():
        factor, value = pair // values, pair % values - 1
        word = words["factor"][factor]
        code = next((code for code in FACTORS if word_key(code) == word_key(word)), OTHER_FACTOR)
        if code == "none":
            continue
        here = holding[pairs == pair]
        given = words["value"][value] if value >= 0 else ""
        rows.add(code, family["pupil"][here], _factor_text(code, word, given, rows), family["date"][here])


def _factor_text(code: str, word: str, value: str, rows: FactRows) -> str:
    if code == OTHER_FACTOR:
        return word
    label, values = FACTORS[code].label.to(rows.language), FACTORS[code].values
    if value not in values:
        return label
    return _VALUED.fill(rows.language, label=label, value=values[value].to(rows.language))


def _add_way(rows: FactRows, snapshot: Snapshot, settings: FactSettings) -> None:
    km, boarding = snapshot.student_column("distance_km"), snapshot.student_column("boarding")
    tenths = np.where(np.isnan(km), 0, np.round(10 * np.nan_to_num(km)) + 1).astype(np.int64)
    way = 3 * tenths + np.where(np.isnan(boarding), 0, 1 + np.nan_to_num(boarding)).astype(np.int64)
    far = (km >= settings.far_km) & (boarding == 0)
    for name, chosen in ((FAR_DAY_PUPIL, far), (WAY_TO_SCHOOL, ~far & (way > 0))):
        pupils = np.flatnonzero(chosen)
        rows.add(name, pupils, _Worded.of(way[pupils], lambda key: _way_text(key, rows.language)))


def _way_text(way: int, language: Language) -> str:
    tenths, boards = divmod(way, 3)
    texts = [_KM.fill(language, km=f"{(tenths - 1) / 10:g}")] if tenths else []
    if boards:
        texts.append((_BOARDS if boards == 2 else _DAY_PUPIL).to(language))
    return ITEMS.join(language, texts)


# --- What became of the pupil before ---

_EVENTS = {
    "dropout": Text(zh="{day}登记辍学", en="dropout recorded on {day}"),
    "suspected_dropout": Text(zh="{day}登记疑似辍学", en="suspected dropout recorded on {day}"),
    "returned": Text(zh="{day}返校", en="returned on {day}"),
}


def _add_events(rows: FactRows, snapshot: Snapshot) -> None:
    outcomes = snapshot.outcomes
    for name, code in zip(EVENTS_TOLD, snapshot.codes("event", EVENTS_TOLD), strict=True):
        here = np.flatnonzero(outcomes["event"] == code)
        days = outcomes["date"][here]
        texts = [_EVENTS[name].fill(rows.language, day=_day_in_words(day, rows.language)) for day in days]
        rows.add(name, outcomes["pupil"][here], texts, days)


def _day_in_words(ordinal: int, language: Language) -> str:
    return date_in_words(date_of(ordinal), language)


# --- Tests: for those who see results of psychological tests ---

_AT_CUT_OFF = Text(zh="{test}总分达到筛查线（{day}）", en="{test}: total at its cut-off ({day})")
_CRITICAL = Text(
    zh="{test}中有须尽快了解的回答：{date}测评，{known}登记{since}",
    en="{test} holds an answer to look into at once: taken {date}, entered {known}{since}",
)
_KNOWN_SINCE = Text(zh="，至今{days}个教学日", en=", {days} school day(s) ago")


def _add_tests(
    rows: FactRows,
    snapshot: Snapshot,
    instruments: InstrumentRegistry,
    answers: Mapping[int, CriticalAnswer],
) -> None:
    language = rows.language
    inputs = Inputs(snapshot, ClassContext.empty(), instruments)
    for instrument, pupils, dates in tests_at_cut_off(inputs):
        texts = [
            _AT_CUT_OFF.fill(language, test=instrument.code, day=_day_in_words(day, language))
            for day in dates.tolist()
        ]
        rows.add(TEST_AT_CUT_OFF, pupils, texts, dates)
    told = [
        _CRITICAL.fill(
            language,
            test=instruments[answer.instrument].code,
            date=date_in_words(answer.date, language),
            known=date_in_words(answer.known, language),
            since=_KNOWN_SINCE.fill(language, days=answer.days) if answer.days else "",
        )
        for answer in answers.values()
    ]
    since = np.array([(answer.date - dt.date(1970, 1, 1)).days for answer in answers.values()], np.int32)
    rows.add(CRITICAL_ANSWER, np.fromiter(answers, np.int64, len(answers)), told, since)


# --- Days missed ---

_ABSENT = Text(
    zh="近{window}个教学日缺课{n}天{why}：{days}",
    en="{n} of the last {window} school days missed{why}: {days}",
)
_UNEXCUSED = Text(zh="（无故{n}天）", en=" ({n} without an explanation)")
_WORD = 64


def _add_absences(rows: FactRows, snapshot: Snapshot, settings: FactSettings) -> None:
    window = min(settings.absence_days, _WORD)
    if not snapshot.n_days:
        return
    newest = np.uint64(((1 << window) - 1) << (_WORD - window))
    absent, unexcused = (snapshot.words(kind)[:, -1] & newest for kind in ("absent", "unexcused"))
    pupils, calendar_row = np.flatnonzero(absent), snapshot.histories.calendar_row
    days: dict[int, list[int]] = {}
    made: dict[tuple[int, int, int], tuple[str, int]] = {}
    texts, since = [], np.empty(len(pupils), np.int32)
    shift = np.uint64(_WORD - window)
    keys = zip(
        calendar_row[pupils].tolist(),
        (absent[pupils] >> shift).tolist(),
        (unexcused[pupils] >> shift).tolist(),
        strict=True,
    )
    for index, key in enumerate(keys):
        if key not in made:
            if key[0] not in days:
                ages = np.arange(window, 0, -1)
                end = int(snapshot.end[pupils[index]])
                days[key[0]] = snapshot.calendar.day(np.full(window, key[0]), end - ages).tolist()
            made[key] = _absences_text(days[key[0]], key[1], key[2].bit_count(), rows.language)
        text, since[index] = made[key]
        texts.append(text)
    rows.add(RECENT_ABSENCES, pupils, texts, since)


def _absences_text(days: Sequence[int], absent: int, unexcused: int, language: Language) -> tuple[str, int]:
    """Tell the days whose bits are set, the lowest bit being the first day; give the first one missed too."""
    missed = [index for index in range(len(days)) if absent >> index & 1]
    said = []
    for _, stretch in groupby(enumerate(missed), lambda item: item[1] - item[0]):
        said.append(_stretch_text([days[index] for _, index in stretch], language))
    why = _UNEXCUSED.fill(language, n=unexcused) if unexcused else ""
    text = _ABSENT.fill(language, window=len(days), n=len(missed), why=why, days=ITEMS.join(language, said))
    return text, days[missed[0]]


def _stretch_text(days: Sequence[int], language: Language) -> str:
    """Name two days each, and of more the first and the last."""
    told = [DAY_OF_YEAR.fill(language, day=date_of(day)) for day in days]
    if len(told) > 2:
        return FROM_TO.fill(language, first=told[0], last=told[-1])
    return ITEMS.join(language, told)


# --- The last exam of each subject: its mark, or that it was missed ---

_MARK = Text(zh="{subject}{share}", en="{subject} {share}")
_ABSENT_FROM = Text(zh="缺考", en="missed")
_NONE_PASSED = Text(zh="语数英最近一次都不及格", en="no pass in Chinese, maths or English at the last exams")


def _add_marks(rows: FactRows, snapshot: Snapshot, context: ClassContext | None) -> None:
    words = {name: list(snapshot.histories.words.get(name, ())) for name in ("subject", "exam")}
    exams = LastExams.of(snapshot, context, words)
    missed = exams.percent == MISSED
    full, share = np.where(missed, 0, exams.full), np.where(missed, 0, exams.percent)
    number = np.where(missed, -1, np.round(share * np.where(full, 10 * full, 100))).astype(np.int64)
    keys = (exams.subject * _MOST + full) * 10 * _MOST + number + 1
    _, first, codes = np.unique(keys, return_index=True, return_inverse=True)
    different = zip(*(column[first].tolist() for column in (exams.subject, full, number)), strict=True)
    texts = [
        _mark_text(words["subject"][code], paper, told, rows.language) for code, paper, told in different
    ]
    labels = _Worded.of(exams.exam, lambda key: exam_in_words(words["exam"][key]).to(rows.language))
    rows.add(LAST_MARK, exams.pupil, _Worded(texts, codes), exams.date, labels=labels)


_MOST = 1 << 15  # full marks are fewer


def _mark_text(subject: str, full: int, number: int, language: Language) -> str:
    """Word a mark in the paper's own points, or as a share where its full marks are not known.

    >>> [_mark_text("maths", *mark, "zh") for mark in ((120, 865), (0, 72), (0, -1))]
    ['数学86.5/120', '数学72%', '数学缺考']
    """
    told = f"{number / 10:g}/{full}" if full else f"{number}%"
    told = told if number >= 0 else _ABSENT_FROM.to(language)
    return _MARK.fill(language, subject=subject_in_words(subject).to(language), share=told)


def _add_no_core_passed(rows: FactRows, snapshot: Snapshot, settings: FactSettings) -> None:
    """Find who has recent marks in at least two core subjects and a pass in none."""
    grades, n = snapshot.grades.rows, len(snapshot)
    last = snapshot.grades.last
    core = np.array([*(w in CORE_SUBJECTS for w in snapshot.histories.words.get("subject", ())), False])
    pupil = grades["pupil"][last]
    recent = core[grades["subject"][last]] & (
        grades["day"][last] >= snapshot.end[pupil] - settings.marks_school_days
    )
    counts = np.bincount(pupil[recent], minlength=n)
    passed = np.bincount(pupil[recent & (grades["percent"][last] >= settings.pass_mark)], minlength=n)
    pupils: Ints = np.flatnonzero((counts > 1) & (passed == 0)).astype(np.int32)
    since = np.full(n, -1, np.int32)
    np.maximum.at(since, pupil[recent], grades["date"][last][recent])
    rows.add(NO_CORE_PASSED, pupils, _NONE_PASSED.to(rows.language), since[pupils])
