"""Which classes handed in no register of the last school day: for the morning, and for whoever asks later."""

from __future__ import annotations

import datetime as dt

import numpy as np

from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.directory import Directory
from dropout_risk.settings import Settings


def missing_registers(histories: Histories, day: dt.date, settings: Settings) -> dict[str, list[str]]:
    """Name, by school, the classes without a register of the last school day; none where all have none.

    A class is late where others of its school handed in, and a school where all have stopped.
    """
    snapshot = histories.on(day)
    facts = RegisterFacts.of(snapshot, settings.registers)
    members = np.flatnonzero(members_on(snapshot))
    days = SchoolDaysAhead.of_calendar(snapshot.calendar, settings.cases.week)
    placed: list[Placed] = PlacedPupils.of_histories(histories, day, Directory.empty(), members).pupils
    handed_in = np.where(facts.last > 0, snapshot.dates_before(facts.last), 0)[members].tolist()
    late: dict[str, dict[str, None]] = {}
    last: dict[str, int] = {}
    for pupil, missing, date in zip(placed, facts.missing[members].tolist(), handed_in, strict=False):
        if missing:
            late.setdefault(pupil.school, {})[pupil.class_name or pupil.school] = None
        last[pupil.school] = max(last.get(pupil.school, 0), date)
    stopped: dict[str, list[str]] = {
        school: []
        for school, date in last.items()
        if not date or days.between(school, date_of(date), day) > 1
    }
    return {school: [*classes] for school, classes in late.items()} | stopped
