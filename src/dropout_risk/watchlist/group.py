"""The list of one responsible teacher: alerts first, then the highest risks up to the line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

from dropout_risk.alerts.duty import urgency_of
from dropout_risk.scoring.score_rows import PupilHead, take_pupils
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.settings import BANDS, LOWEST_BAND, UNKNOWN_BAND
from dropout_risk.watchlist.state import Memory, Standing, StudentId

Status = Literal["new", "worse", "same", "better"]


@dataclass(frozen=True)
class WatchEntry:
    """One listed pupil.

    ``status`` is against the last list; ``new`` was not on it. The pupil has been listed without a break
    ``since``; ``risk_before`` is the risk on the last list, None where there was no judgement. ``of_today``
    says whether one of its alerts is of today: none is where all of them were told before and stay open.
    """

    score: PupilScore
    status: Status
    since: dt.date
    risk_before: float | None
    of_today: bool = True

    @classmethod
    def of(cls, score: PupilScore, today: dt.date, memory: Memory, changed_points: float) -> Self:
        """Compare a pupil with where it stood on the last list, and its alerts with what was told."""
        before = memory.last.pupils.get(score.student_id) if memory.last else None
        judged = before is not None and before.band != UNKNOWN_BAND
        told = memory.keys_of(score)
        return cls(
            score=score,
            status=_status_against(score, before, changed_points),
            since=before.since if before and before.since else today,
            risk_before=before.risk if before and judged else None,
            of_today=any(alert.is_of_today(told) for alert in score.alerts),
        )

    @property
    def judged(self) -> bool:
        """Whether enough is known for the risk to mean something."""
        return self.score.band != UNKNOWN_BAND


@dataclass(frozen=True)
class Unscored:
    """A pupil who could not be scored, and why, in the list's language; no id where none could be read."""

    student_id: StudentId | None
    reason: str
    school_id: str | None = None
    responsible_id: str | None = None


def _status_against(score: PupilScore, before: Standing | None, changed_points: float) -> Status:
    if before is None or before.since is None:
        return "new"
    if UNKNOWN_BAND in (score.band, before.band):
        return "same"
    change = score.risk - before.risk
    steps = BANDS.index(score.band) - BANDS.index(before.band)
    if change > changed_points or steps > 0:
        return "worse"
    return "better" if change < -changed_points or steps < 0 else "same"


@dataclass(frozen=True)
class CapacityLine:
    """The line through a teacher's pupils, drawn on numbers alone: places of the pupils.

    ``tied`` counts those below the line who have exactly the risk of the last one above it.
    """

    alerts: tuple[int, ...]
    above: tuple[int, ...]
    below: tuple[int, ...]
    tied: int

    @classmethod
    def through(cls, pupils: Sequence[PupilHead], capacity: int) -> Self:
        """Draw the line among a teacher's pupils."""
        rest = sorted((pupil for pupil in pupils if not pupil.alerted), key=_by_risk)
        above = [pupil for pupil in rest if pupil.band != LOWEST_BAND][:capacity]
        listed = {pupil.row for pupil in above}
        below = [pupil for pupil in rest if pupil.row not in listed]
        return cls(
            alerts=tuple(pupil.row for pupil in pupils if pupil.alerted),
            above=tuple(pupil.row for pupil in above),
            below=tuple(pupil.row for pupil in below),
            tied=sum(pupil.risk == above[-1].risk for pupil in below) if above else 0,
        )


@dataclass(frozen=True)
class WatchGroup:
    """The pupils of one responsible teacher, or those of a school who have none.

    Everybody with an alert is in ``alerts``, the most urgent first, whatever the capacity, or in ``followed``
    where all of its alerts were told before and are open still; ``risks`` are the highest risks without one,
    up to the capacity and never of the lowest band; ``below`` is everybody else who was scored, the highest
    risk first; ``tied`` of them have exactly the risk of the last one above the line.
    """

    school_id: str | None
    responsible_id: str | None
    alerts: tuple[WatchEntry, ...]
    risks: tuple[WatchEntry, ...]
    below: Sequence[PupilScore]
    unscored: tuple[Unscored, ...]
    tied: int
    followed: tuple[WatchEntry, ...] = ()

    @classmethod
    def of(
        cls,
        key: tuple[str | None, str | None],
        line: CapacityLine,
        unscored: Sequence[Unscored],
        entries: Mapping[int, WatchEntry],
        pupils: Sequence[PupilScore],
    ) -> Self:
        """Put words to a line that is drawn between the pupils of a key: school and teacher.

        Those below the line are read only when they are asked for.
        """
        alerts = sorted((entries[index] for index in line.alerts), key=_by_urgency)
        return cls(
            *key,
            alerts=tuple(entry for entry in alerts if entry.of_today),
            followed=tuple(entry for entry in alerts if not entry.of_today),
            risks=tuple(entries[index] for index in line.above),
            below=take_pupils(pupils, line.below),
            unscored=tuple(sorted(unscored, key=lambda item: id_order(item.student_id))),
            tied=line.tied,
        )

    @property
    def listed(self) -> tuple[WatchEntry, ...]:
        """Everybody who is on the list."""
        return self.alerts + self.followed + self.risks

    def __len__(self) -> int:
        return len(self.alerts) + len(self.followed) + len(self.risks) + len(self.below) + len(self.unscored)


def count_pupils(groups: Iterable[WatchGroup]) -> dict[str, int]:
    """Count the pupils of some groups by where they stand."""
    groups = tuple(groups)
    return {
        "cohort": sum(map(len, groups)),
        "listed": sum(len(group.listed) for group in groups),
        "with_alert": sum(len(group.alerts) for group in groups),
        "followed": sum(len(group.followed) for group in groups),
        "first": sum(len(group.risks) for group in groups),
        "below_line": sum(len(group.below) for group in groups),
        "not_scored": sum(len(group.unscored) for group in groups),
        "tied": sum(group.tied for group in groups),
    }


def id_order(student_id: StudentId | None) -> tuple[int, int, str]:
    """Give a key that sorts ids of any type, those that could not be read last."""
    if student_id is None:
        return (2, 0, "")
    return (0, student_id, "") if isinstance(student_id, int) else (1, 0, student_id)


def _by_risk(pupil: PupilScore | PupilHead) -> tuple[float, tuple[int, int, str]]:
    return (-pupil.risk, id_order(pupil.student_id))


def _by_urgency(entry: WatchEntry) -> tuple[object, ...]:
    return (urgency_of(entry.score.alerts[0]), *_by_risk(entry.score))
