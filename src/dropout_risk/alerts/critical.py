"""Critical answers: what of a psychological test a person must know at once, and since when it is known."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from dropout_risk.arrays import Bools
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.wording.instrument_names import scale_key


@dataclass(frozen=True)
class CriticalAnswer:
    """The latest critical answer of one pupil: the test by its word, its day, and when it was first entered.

    Entering the same answer again makes no new one. ``days`` are the school days since the first list that
    could tell it.
    """

    instrument: str
    date: dt.date
    known: dt.date
    days: int


def critical_answers(
    snapshot: Snapshot, instruments: InstrumentRegistry, window: int
) -> dict[int, CriticalAnswer]:
    """Find, by row of the snapshot, the answers first entered in the last so many school days.

    An invalid test counts as well: whoever answered so is met.
    """
    rows = snapshot.wellbeing
    found: dict[int, tuple[int, int, int]] = {}
    for row in np.flatnonzero(_critical_rows(snapshot, instruments)).tolist():
        pupil = int(rows["pupil"][row])
        answer = (_first_known(snapshot, pupil, row), int(rows["date"][row]), int(rows["instrument"][row]))
        found[pupil] = max(found.get(pupil, answer), answer)
    words = snapshot.histories.words["instrument"] if found else ()
    answers = {}
    for pupil in sorted(found):
        known, date, instrument = found[pupil]
        calendar_row = snapshot.histories.calendar_row[pupil]
        entered, told = (int(snapshot.calendar.index(calendar_row, day)) for day in (known, known + 1))
        end = int(snapshot.end[pupil])
        if entered >= end - window:
            days = max(end - told, 0)
            answers[pupil] = CriticalAnswer(words[instrument], date_of(date), date_of(known), days)
    return answers


def _first_known(snapshot: Snapshot, pupil: int, row: int) -> int:
    """Give the date on which an answer was first entered, whatever was entered of it again."""
    runs, rows = snapshot.histories.runs["wellbeing"], snapshot.wellbeing
    own = slice(int(runs.offsets[pupil]), int(runs.offsets[pupil + 1]))
    same = np.ones(own.stop - own.start, dtype=bool)
    for name in runs.key:
        if name != "day":
            same &= runs.columns[name][own] == rows[name][row]
    return int(runs.columns["known"][own][same].min(initial=int(rows["known"][row])))


def _critical_rows(snapshot: Snapshot, instruments: InstrumentRegistry) -> Bools:
    rows = snapshot.wellbeing
    critical = np.zeros(len(rows["pupil"]), dtype=bool)
    for code, word in enumerate(snapshot.histories.words.get("instrument", ())):
        if word not in instruments:
            continue
        for item in instruments[word].critical:
            of_item = np.isin(rows["scale"], _codes_of_scale(snapshot, item.scale))
            of_item &= rows["instrument"] == code
            critical |= of_item & instruments[word].is_critical(item.scale, rows["score"])
    return critical


def _codes_of_scale(snapshot: Snapshot, scale: str) -> list[int]:
    """Give the codes of all words that mean a scale: ``item_9``, ``Item 9``, ``第9题``."""
    words = snapshot.histories.words.get("scale", ())
    return [code for code, word in enumerate(words) if scale_key(word) == scale_key(scale)]
