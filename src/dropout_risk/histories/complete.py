"""How far the outcomes of each school are complete: only before that day does "no outcome" mean "stayed"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dropout_risk.arrays import Bytes, Ints, Longs
from dropout_risk.kernels import kernel
from dropout_risk.records.checks.departures import MOST_AHEAD, TELLING

if TYPE_CHECKING:
    from dropout_risk.histories.histories import Histories

NO_DAY = -1
_WELL = 0.5


def complete_to(histories: Histories) -> Ints:
    """Give, for each calendar, the last date (ordinal) whose outcomes are known; -1 where none is.

    Declared ones count to the declared day, as far as the school was observed. Where nothing is declared it
    is the earlier of the school's last well-attended day and its last outcome of a dropout: a lone row dated
    months ahead says nothing of the others, and neither does a list of dropouts that ended, whoever
    transferred or graduated since. An outcome half a year after the last well-attended day has a wrong year.
    """
    observed, declared = histories.observed, histories.observed.complete
    attended = well_attended_to(histories)
    outcomes = _last_outcomes(histories, attended)
    default = np.where(attended == NO_DAY, outcomes, np.minimum(attended, outcomes))
    return np.where(declared != NO_DAY, np.minimum(declared, observed.dates), default).astype(np.int32)


def well_attended_to(histories: Histories) -> Ints:
    """Give each calendar's last school day with at least half as many records as usual; -1 without any.

    Usual is the median of its days that have any.
    """
    counts = _records_of_days(histories)
    found = np.full(len(counts), NO_DAY, np.int32)
    for row, own in enumerate(counts):
        if own.any():
            day = int(np.flatnonzero(own >= _WELL * np.median(own[own > 0]))[-1])
            found[row] = histories.calendar.day(row, day)
    return found


def _last_outcomes(histories: Histories, attended: Ints) -> Ints:
    """Give each calendar's last outcome that tells of a dropout."""
    found = np.full(len(histories.calendar.schools), NO_DAY, np.int32)
    runs, words = histories.outcomes, histories.words.get("event", ())
    row, date = histories.calendar_row[runs.pupil], runs.columns["date"]
    told = np.isin(runs.columns["event"], [words.index(word) for word in TELLING if word in words])
    told &= (attended[row] == NO_DAY) | (date <= attended[row] + MOST_AHEAD)
    np.maximum.at(found, row[told], date[told])
    return found


def _records_of_days(histories: Histories) -> Longs:
    bits = histories.attendance
    counts = np.zeros((len(histories.calendar.schools), bits.n_days), np.int64)
    row = np.require(histories.calendar_row, np.int32, ["C", "W"])
    _count_bits(np.ascontiguousarray(bits.planes["recorded"]), row, counts)
    there = (bits.late.day >= 0) & (bits.late.day < bits.n_days)
    np.add.at(counts, (row[bits.late.pupil[there]], bits.late.day[there]), 1)
    return counts


@kernel
def _count_bits(plane: Bytes, row: Ints, counts: Longs) -> None:
    for pupil in range(plane.shape[0]):
        for byte in range(plane.shape[1]):
            held = np.int64(plane[pupil, byte])
            bit = 0
            while held >> bit:
                if held >> bit & 1:
                    counts[row[pupil], 8 * byte + bit] += 1
                bit += 1
