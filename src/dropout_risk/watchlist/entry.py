"""One pupil on the list, and one who could not be scored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal, Self

from dropout_risk.scoring.scores import PupilScore
from dropout_risk.watchlist.state import ListState, Standing, StudentId

Status = Literal["new", "worse", "same", "better"]
UNKNOWN = "unknown"
BANDS = ("low", "watch", "elevated", "high")


@dataclass(frozen=True)
class WatchEntry:
    """One listed pupil.

    Parameters
    ----------
    score : PupilScore
        Risk, reasons, alerts and help.
    status : {"new", "worse", "same", "better"}
        Against the last list; ``new``: was not on it.
    since : date
        Since when the pupil has been listed without a break.
    risk_before : float or None
        The risk on the last list; None where there was no judgement.
    """

    score: PupilScore
    status: Status
    since: dt.date
    risk_before: float | None

    @classmethod
    def of(cls, score: PupilScore, today: dt.date, last: ListState | None, changed_points: float) -> Self:
        """Compare a pupil with where it stood on the last list."""
        before = last.pupils.get(score.student_id) if last else None
        judged = before is not None and before.band != UNKNOWN
        return cls(
            score=score,
            status=_status(score, before, changed_points),
            since=before.since if before and before.since else today,
            risk_before=before.risk if before and judged else None,
        )

    @property
    def judged(self) -> bool:
        """Whether enough is known for the risk to mean something."""
        return self.score.band != UNKNOWN


@dataclass(frozen=True)
class Unscored:
    """A pupil who could not be scored.

    Parameters
    ----------
    student_id : str, int or None
        None where not even that could be read.
    reason : str
        Why, in the list's language.
    school_id, responsible_id : str, optional
        Where known.
    """

    student_id: StudentId | None
    reason: str
    school_id: str | None = None
    responsible_id: str | None = None


def _status(score: PupilScore, before: Standing | None, changed_points: float) -> Status:
    if before is None or before.since is None:
        return "new"
    if UNKNOWN in (score.band, before.band):
        return "same"
    change = score.risk - before.risk
    steps = BANDS.index(score.band) - BANDS.index(before.band)
    if change > changed_points or steps > 0:
        return "worse"
    return "better" if change < -changed_points or steps < 0 else "same"
