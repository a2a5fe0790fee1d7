"""Rules of alerts: facts that a person must know today, whatever any model says.

An alert tells what is recorded and who acts; it never judges. Local rules differ, so steps and limits
come from the settings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from dropout_risk.alerts.alert import Alert, Office
from dropout_risk.alerts.critical import CriticalAnswer, critical_answers
from dropout_risk.alerts.duty import urgency_of
from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.alerts.silence import silence_alerts
from dropout_risk.arrays import Array, Floats
from dropout_risk.catalogue.alert_kinds import CRITICAL_ITEM, MARKS_FALL, absence_rule
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.features.inputs import divide_or_missing, mean_by, sum_by
from dropout_risk.histories.day_words import current_run
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.days.calendar import date_of
from dropout_risk.settings import AlertSettings, RegisterSettings
from dropout_risk.text import DAY_OF_YEAR, Language, Text, date_in_words

FoundAlerts = Iterator[tuple[int, Alert]]

# A run counts only if the pupil's last record is at most so many days old; older ones get a warning instead.
RECENT_DAYS = 30
# School days without any record after which an earlier absence is no part of the run.
SILENCE_SCHOOL_DAYS = 10
# Marks older than so many school days (about a term) say nothing about today.
MARKS_SCHOOL_DAYS = 100

_LADDER: tuple[Office | None, ...] = (None, "principal", "township", "county")
_WEEK, _MONTH = 5, 20
_ROUNDING = 1e-9

_ONE_DAY = Text(zh="{since}无故缺课（未请假）", en="Absent without an explanation on {since}")
_RUN_WITH_GAPS = Text(
    zh="{since}起有记录的{days}天都无故缺课（未请假；最后一天{to}），另有{unknown}个教学日没有记录",
    en="Absent without an explanation on each of the {days} day(s) recorded since {since}, the last one "
    "{to}; {unknown} school day(s) since then without a record",
)
_DAY_WITH_GAPS = Text(
    zh="{to}无故缺课（未请假），此后{unknown}个教学日没有记录",
    en="Absent without an explanation on {to}, and without a record on {unknown} school day(s) since",
)
_RUN = Text(
    zh="到{to}，已连续{days}个教学日无故缺课（{since}起）",
    en="Absent without an explanation for {days} school days running, {since} to {to}",
)
_NEXT = Text(zh="。请班主任{procedure}{action}", en=". The class teacher {action}{procedure}")
_ABOUT_A_WEEK = Text(zh="按疑似辍学程序", en=" (procedure for suspected dropout)")
_ABOUT_A_MONTH = Text(zh="按劝返复学程序报告，并登记本次劝返：", en=" (procedure for bringing a pupil back)")
_ACTIONS: dict[Office | None, Text] = {
    None: Text(zh="当天联系家长", en="contacts the family the same day"),
    "principal": Text(
        zh="报告校长，并与村（社区）一起家访",
        en="tells the principal, and visits the family together with the village",
    ),
    "township": Text(
        zh="当天联系家长并家访，书面报告乡镇（街道）",
        en="contacts and visits the family the same day, and reports to the township in writing",
    ),
    "county": Text(
        zh="与乡镇（街道）一起家访，书面报告县教育局",
        en="visits the family together with the township, and reports to the county in writing",
    ),
}
_MARKS_TEXT = Text(
    zh="各科最近一次成绩平均比自己以往低{points}分（按满分100计，{first}至{last}的考试），"
    "同时近{window}个教学日无故缺课{absences}天。请班主任当天与学生和家长谈一谈",
    en="Marks {points} points of 100 below the pupil's own earlier average (exams of {first} to {last}), and "
    "{absences} days absent without an explanation in the last {window} school days. The class teacher talks "
    "with pupil and family the same day",
)
_CRITICAL_TEXT = Text(
    zh="心理测评中有需要专人尽快了解的情况。请心理教师今天与学生见面；内容保密，只向心理教师提供",
    en="A well-being test holds something that a person should look into. The counsellor meets the pupil "
    "today; the content is confidential and for the counsellor only",
)
_CRITICAL_OPEN = Text(
    zh="心理测评中有需要专人尽快了解的情况。如还没有见面，请心理教师今天与学生见面；内容保密，只向心理教师提供",
    en="A well-being test holds something that a person should look into. If they have not met yet, the "
    "counsellor meets the pupil today; the content is confidential and for the counsellor only",
)


def alerts_on(
    snapshot: Snapshot,
    settings: AlertSettings,
    instruments: InstrumentRegistry,
    language: Language,
    *,
    facts: RegisterFacts | None = None,
    registers: RegisterSettings | None = None,
    answers: Mapping[int, CriticalAnswer] | None = None,
) -> list[tuple[Alert, ...]]:
    """Give everybody's alerts on the snapshot's date, in its order, the most urgent of each pupil first.

    *Unexplained absence* counts the recorded days from the last one back for as long as each is an unexcused
    absence. A school day without a record neither adds nor ends a run, but more than ``SILENCE_SCHOOL_DAYS``
    of them do end it, and a pupil whose last record is more than ``RECENT_DAYS`` days old has no run. Only
    the highest step that is reached fires.

    Days on which all of a class but a twentieth were absent (``facts``) are left out: they are a question
    about the register. With unknown days among the run, or since, the text says so.

    *Register silent*: see :mod:`dropout_risk.alerts.silence`; by ``facts`` alone.

    *Marks fall with absence*: the latest percent of each subject less the mean of its earlier ones, averaged
    over the subjects with a mark in the last ``MARKS_SCHOOL_DAYS`` school days.

    *Critical item*: an answer that was first entered within the window, whether the test was valid or not
    (``answers``, found here where not given). It is of today until a list has told it, open after that, and
    of today again only with a new answer. The text repeats neither the test nor the score.

    >>> from dropout_risk.catalogue.instruments import default_instruments
    >>> from dropout_risk.histories.histories import Histories
    >>> from dropout_risk.records.school_records import SchoolRecords
    >>> days = (("2025-02-26", "present"), ("2025-02-27", "absent"), ("2025-02-28", "absent"))
    >>> records = SchoolRecords.from_tables(
    ...     students=[{"student_id": "p-001", "school_id": "s-1", "class_id": "8-2", "grade_level": 8}],
    ...     attendance=[{"student_id": "p-001", "date": day, "status": status} for day, status in days],
    ... )
    >>> today = Histories.from_records(records).on("2025-03-03")
    >>> [[alert.rule for alert in alerts] for alerts in alerts_on(
    ...     today, AlertSettings(), default_instruments(), "en")]
    [['absent_2_days']]
    """
    found: list[list[Alert]] = [[] for _ in range(len(snapshot))]
    if answers is None:
        answers = critical_answers(snapshot, instruments, settings.critical_window)
    for rule in (
        _unexplained_absence(snapshot, settings, language, facts),
        () if facts is None else silence_alerts(snapshot, facts, registers or RegisterSettings(), language),
        _marks_fall(snapshot, settings, language),
        _critical_items(answers, language),
    ):
        for pupil, alert in rule:
            found[pupil].append(alert)
    return [tuple(sorted(alerts, key=urgency_of)) for alerts in found]


def _unexplained_absence(
    snapshot: Snapshot, settings: AlertSettings, language: Language, facts: RegisterFacts | None
) -> FoundAlerts:
    steps = sorted(set(settings.unexplained_days))
    if not steps or not snapshot.n_days:
        return
    unexcused, recorded = snapshot.words("unexcused"), snapshot.words("recorded")
    everybody = np.zeros(len(snapshot), np.uint64) if facts is None else facts.all_absent
    if everybody.any():
        unexcused, recorded = unexcused.copy(), recorded.copy()
        unexcused[:, -1] &= ~everybody
        recorded[:, -1] &= ~everybody
    run = current_run(unexcused, recorded, snapshot.ages(None), SILENCE_SCHOOL_DAYS)
    reached = np.searchsorted(steps, run[0], side="right") - 1
    pupils = np.flatnonzero(reached >= 0)
    since, last = (snapshot.dates_before(age)[pupils] for age in run[1:])
    recent = snapshot.ordinal - last <= RECENT_DAYS
    for pupil, begun, ended in zip(pupils[recent], since[recent], last[recent], strict=True):
        newer = np.uint64((1 << 64) - (1 << max(64 - int(run[1, pupil]), 0)))
        left_out = int(everybody[pupil] & newer).bit_count()
        unknown = int(run[1, pupil] - run[0, pupil]) - left_out
        run_of_pupil = _AbsenceRun(int(run[0, pupil]), date_of(begun), date_of(ended), unknown)
        yield int(pupil), _absence_alert(steps, int(reached[pupil]), run_of_pupil, language)


class _AbsenceRun(NamedTuple):
    days: int
    since: dt.date
    last: dt.date
    unknown: int


def _absence_alert(steps: list[int], index: int, run: _AbsenceRun, language: Language) -> Alert:
    step, office = steps[index], _LADDER[min(index, len(_LADDER) - 1)]
    facts = (_DAY_WITH_GAPS, _RUN_WITH_GAPS) if run.unknown else (_ONE_DAY, _RUN)
    fact = facts[run.days > 1]
    since, last = (DAY_OF_YEAR.fill(language, day=day) for day in (run.since, run.last))
    text = fact.fill(language, days=run.days, since=since, to=last, unknown=run.unknown)
    stage = (_ABOUT_A_MONTH if step >= _MONTH else _ABOUT_A_WEEK).to(language) if step >= _WEEK else ""
    text += _NEXT.fill(language, action=_ACTIONS[office].to(language), procedure=stage)
    return Alert(absence_rule(step), run.since, text, "class_teacher", run.days, office)


def _marks_fall(snapshot: Snapshot, settings: AlertSettings, language: Language) -> FoundAlerts:
    change, first, latest = _change_of_marks(snapshot)
    absences = snapshot.count("unexcused", settings.marks_fall_window)
    fell = change <= -settings.marks_fall + _ROUNDING
    for pupil in np.flatnonzero(fell & (absences >= settings.marks_fall_absences)):
        text = _MARKS_TEXT.fill(
            language,
            points=round(-100 * change[pupil]),
            first=date_in_words(date_of(first[pupil]), language),
            last=date_in_words(date_of(latest[pupil]), language),
            window=settings.marks_fall_window,
            absences=int(absences[pupil]),
        )
        yield int(pupil), Alert(MARKS_FALL, date_of(latest[pupil]), text, "class_teacher")


def _change_of_marks(snapshot: Snapshot) -> tuple[Floats, Array, Array]:
    """Give the latest percents less the own earlier means, and the dates of the first and the last mark."""
    grades, n = snapshot.grades, len(snapshot)
    percent, pupil = grades.rows["percent"], grades.rows["pupil"][grades.last]
    latest = percent[grades.last]
    earlier = divide_or_missing(sum_by(grades.run, percent, len(grades.starts)) - latest, grades.lengths - 1)
    recent = grades.rows["day"][grades.last] >= snapshot.end[pupil] - MARKS_SCHOOL_DAYS
    used, date = recent & (grades.lengths > 1), grades.rows["date"]
    begun, ended = np.full(n, snapshot.ordinal), np.zeros(n, dtype=np.int64)
    np.minimum.at(begun, pupil[used], date[grades.starts][used])
    np.maximum.at(ended, pupil[used], date[grades.last][used])
    return mean_by(pupil[used], (latest - earlier)[used], n), begun, ended


def _critical_items(answers: Mapping[int, CriticalAnswer], language: Language) -> FoundAlerts:
    for pupil, answer in answers.items():
        text = (_CRITICAL_OPEN if answer.days else _CRITICAL_TEXT).to(language)
        alert = Alert(CRITICAL_ITEM, answer.date, text, "counsellor", answer.days, known=answer.known)
        yield pupil, alert
