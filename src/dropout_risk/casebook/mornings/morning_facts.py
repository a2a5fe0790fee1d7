"""What a morning is told of the records: who is at school, what fired, and what registers say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.critical import critical_answers
from dropout_risk.alerts.duty import urgency_of
from dropout_risk.casebook.mornings.missing_registers import missing_registers
from dropout_risk.casebook.mornings.morning import LISTED, Attended, MorningFacts, Signal
from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.catalogue.alert_kinds import ABSENT, CRITICAL_ITEM, kind_of_rule
from dropout_risk.features.cohort import died_by, members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import PupilHead, pupil_heads
from dropout_risk.scoring.scores import Scores
from dropout_risk.settings import UNKNOWN_BAND, CaseSettings
from dropout_risk.text import ITEMS, Language, Text
from dropout_risk.watchlist.watch_list import above_the_line

_REGISTER = Text(
    zh="{school}没有前一教学日的考勤登记：{classes}",
    en="{school} has no register of the last school day: {classes}",
)
WHOLE_SCHOOL = Text(zh="全校", en="whole school")


def morning_facts(
    model: RiskModel,
    histories: Histories,
    day: dt.date,
    *,
    directory: Directory | None = None,
    settings: CaseSettings | None = None,
    language: Language | None = None,
) -> MorningFacts:
    """Score everybody at school as of a morning, and say what the case book is told of it.

    Parameters
    ----------
    model : RiskModel
    histories : Histories
    day : date
        Rows dated or recorded on or after it are not seen.
    directory : Directory, optional
        For the village of each pupil.
    settings : CaseSettings, optional
        By default the model's.
    language : {"zh", "en"}, optional
        Of the sentences about registers.

    Raises
    ------
    DateError
        If nobody was at school on the day.
    """
    scores = model.score(histories, day, language=language)
    return facts_of_scores(model, histories, scores, directory=directory, settings=settings)


def facts_of_scores(
    model: RiskModel,
    histories: Histories,
    scores: Scores,
    *,
    directory: Directory | None = None,
    settings: CaseSettings | None = None,
) -> MorningFacts:
    """Say what the case book is told of scores of everybody that are at hand; nobody is put into words."""
    told = _Told(model, histories, scores, directory or Directory.empty(), settings or model.settings.cases)
    return MorningFacts(
        told.day,
        told.placed,
        told.days,
        [*told.alerted(), *told.care_of_leavers(), *told.listed()],
        told.to_verify(),
        told.attended,
        told.registers(),
    )


@dataclass(frozen=True, eq=False)
class _Told:
    """The scores and the histories of one morning, read for the case book."""

    model: RiskModel
    histories: Histories
    scores: Scores
    directory: Directory
    settings: CaseSettings

    @property
    def day(self) -> dt.date:
        """The date of the scores."""
        assert self.scores.as_of is not None  # noqa: S101
        return self.scores.as_of

    @cached_property
    def _snapshot(self) -> Snapshot:
        return self.histories.on(self.day)

    @cached_property
    def _heads(self) -> list[PupilHead]:
        return [*pupil_heads(self.scores.pupils)]

    @cached_property
    def days(self) -> SchoolDaysAhead:
        return SchoolDaysAhead.of_calendar(self._snapshot.calendar, self.settings.week)

    @cached_property
    def placed(self) -> list[Placed]:
        """Everybody at school, and whoever's own row could not be used."""
        members = np.flatnonzero(members_on(self._snapshot))
        placed = PlacedPupils.of_histories(self.histories, self.day, self.directory, members).pupils
        known = {pupil.pupil for pupil in placed}
        apart = (str(pupil) for pupil in self.histories.set_apart)
        return placed + [Placed(pupil, "") for pupil in apart if pupil not in known]

    def to_verify(self) -> frozenset[str]:
        """Name the pupils of whom too little is known: not judged, or not scored."""
        judged = {str(head.student_id) for head in self._heads if head.band != UNKNOWN_BAND}
        return frozenset(pupil.pupil for pupil in self.placed if pupil.pupil not in judged)

    def alerted(self) -> list[Signal]:
        """Give a signal for each alert, the most urgent first."""
        found = [
            (urgency_of(alert), self._signal_of(str(head.student_id), alert))
            for head in self._heads
            for alert in head.alerts
        ]
        return [signal for _, signal in sorted(found, key=lambda pair: (pair[0], pair[1].pupil))]

    def _signal_of(self, pupil: str, alert: Alert) -> Signal:
        kind = kind_of_rule(alert.rule)
        if kind == CRITICAL_ITEM:
            return Signal(pupil, alert.rule, alert.since, "care", known=alert.known)
        days = (alert.days or 0) if kind == ABSENT else 0
        steps = (self.settings.principal_days, self.settings.township_days)
        return Signal(pupil, alert.rule, alert.since, level=sum(days >= step for step in steps))

    def care_of_leavers(self) -> Iterator[Signal]:
        """Give a signal for each critical answer of somebody who has left since, but for the dead."""
        window = self.model.settings.alerts.critical_window
        answers = critical_answers(self._snapshot, self.model.instruments, window)
        gone = np.flatnonzero(~members_on(self._snapshot) & ~died_by(self._snapshot))
        rows = np.array([row for row in gone.tolist() if row in answers], dtype=np.int64)
        placed = PlacedPupils.of_histories(self.histories, self.day, self.directory, rows).pupils
        for row, pupil in zip(rows.tolist(), placed, strict=True):
            test, known = answers[row].date, answers[row].known
            yield Signal(pupil.pupil, CRITICAL_ITEM, test, "care", school=pupil.school, known=known)

    def listed(self) -> Iterator[Signal]:
        """Give a signal for each pupil above the line of the watch list who has no alert."""
        if not self.settings.listed_opens:
            return
        above = above_the_line(self.scores, self.model.settings.watch_list)
        for head in sorted(above, key=lambda head: (-head.risk, str(head.student_id))):
            pupil, due_in = str(head.student_id), self.settings.listed_days
            yield Signal(pupil, LISTED, self.day, urgent=False, due_in=due_in, urgency=head.band)

    def attended(self, asked: Sequence[tuple[str, dt.date]]) -> list[Attended]:
        """Say what the register has of pupils since a day."""
        return attended_days(self.histories, self.day, asked)

    def registers(self) -> tuple[str, ...]:
        """Name the classes without a register of the last school day, and what is odd about the others."""
        language = self.scores.language
        settings = self.model.settings.model_copy(update={"cases": self.settings})
        whole = [WHOLE_SCHOOL.to(language)]
        missing = [
            _REGISTER.fill(language, school=school, classes=ITEMS.join(language, classes or whole))
            for school, classes in sorted(missing_registers(self.histories, self.day, settings).items())
        ]
        return (*missing, *(question.text for question in self.scores.registers))


def attended_days(histories: Histories, day: dt.date, asked: Sequence[tuple[str, dt.date]]) -> list[Attended]:
    """Say what the register had of pupils since a day, as known on another."""
    rows = {str(pupil): row for row, pupil in enumerate(histories.student_ids)}
    chosen = [rows[pupil] for pupil, _ in asked if pupil in rows]
    if not chosen:
        return [Attended(0, 0, None) for _ in asked]
    snapshot = histories.take(chosen).on(day)
    first = min(since for _, since in asked)
    width = min(max((day - first).days, 1), snapshot.n_days)
    if not width:
        return [Attended(0, 0, None) for _ in asked]
    present, absent = snapshot.days("present", width), snapshot.days("unexcused", width)
    dates = snapshot.dates_before(np.arange(width, 0, -1)[None, :])
    told = iter(zip(present, absent, dates, strict=True))
    return [
        _attended_since(*next(told), since) if pupil in rows else Attended(0, 0, None)
        for pupil, since in asked
    ]


def _attended_since(present: Any, absent: Any, dates: Any, since: dt.date) -> Attended:
    after = dates >= ordinal_of(since)
    missed = dates[absent & after]
    came = dates[present & after]
    back = came[came > missed[-1]] if len(missed) else came
    return Attended(
        len(came),
        len(missed),
        date_of(int(missed[0])) if len(missed) else None,
        date_of(int(back[0])) if len(back) else None,
    )
