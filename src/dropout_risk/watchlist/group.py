"""The list of one responsible teacher: alerts first, then the highest risks up to the line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from dropout_risk.alerts.alert import urgency
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.settings import WatchListSettings
from dropout_risk.watchlist.entry import Unscored, WatchEntry
from dropout_risk.watchlist.state import ListState, StudentId

LOWEST_BAND = "low"


@dataclass(frozen=True)
class WatchGroup:
    """The pupils of one responsible teacher, or those of a school who have none.

    Parameters
    ----------
    school_id, responsible_id : str or None
        Whose list it is.
    alerts : tuple of WatchEntry
        Everybody with an alert, the most urgent first; capacity does not count here.
    risks : tuple of WatchEntry
        The highest risks without an alert, up to the capacity; pupils in the lowest band are not listed.
    below : tuple of PupilScore
        Everybody else who was scored, the highest risk first.
    unscored : tuple of Unscored
        Everybody who could not be scored.
    tied : int
        How many below the line have exactly the risk of the last one above it.
    """

    school_id: str | None
    responsible_id: str | None
    alerts: tuple[WatchEntry, ...]
    risks: tuple[WatchEntry, ...]
    below: tuple[PupilScore, ...]
    unscored: tuple[Unscored, ...]
    tied: int

    @classmethod
    def of(
        cls,
        key: tuple[str | None, str | None],
        pupils: Sequence[PupilScore],
        unscored: Sequence[Unscored],
        settings: WatchListSettings,
        *,
        today: dt.date,
        last: ListState | None,
    ) -> Self:
        """Draw the line among a teacher's pupils."""

        def entries(scores: Sequence[PupilScore]) -> tuple[WatchEntry, ...]:
            return tuple(WatchEntry.of(score, today, last, settings.changed_points) for score in scores)

        alerts = sorted((pupil for pupil in pupils if pupil.alerts), key=_by_urgency)
        rest = sorted((pupil for pupil in pupils if not pupil.alerts), key=_by_risk)
        above = [pupil for pupil in rest if pupil.band != LOWEST_BAND][: settings.capacity]
        listed = {pupil.student_id for pupil in above}
        below = [pupil for pupil in rest if pupil.student_id not in listed]
        return cls(
            *key,
            alerts=entries(alerts),
            risks=entries(above),
            below=tuple(below),
            unscored=tuple(sorted(unscored, key=lambda item: id_order(item.student_id))),
            tied=sum(pupil.risk == above[-1].risk for pupil in below) if above else 0,
        )

    @property
    def listed(self) -> tuple[WatchEntry, ...]:
        """Everybody who is on the list."""
        return self.alerts + self.risks

    def __len__(self) -> int:
        return len(self.alerts) + len(self.risks) + len(self.below) + len(self.unscored)


def id_order(student: StudentId | None) -> tuple[int, int, str]:
    """Give a key that sorts ids of any type, those that could not be read last."""
    if student is None:
        return (2, 0, "")
    return (0, student, "") if isinstance(student, int) else (1, 0, student)


def _by_risk(pupil: PupilScore) -> tuple[float, tuple[int, int, str]]:
    return (-pupil.risk, id_order(pupil.student_id))


def _by_urgency(pupil: PupilScore) -> tuple[object, ...]:
    return (urgency(pupil.alerts[0]), *_by_risk(pupil))
