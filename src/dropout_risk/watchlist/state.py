"""What a list keeps for the next one: ids, risks, bands, since when, and which alerts were told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from dropout_risk.errors import WatchListError
from dropout_risk.files import write_whole
from dropout_risk.scoring.score_rows import PupilHead
from dropout_risk.scoring.scores import PupilScore

StudentId = str | int
_FORMAT = 1


@dataclass(frozen=True)
class Standing:
    """Where one pupil stood on a list: its band is ``unknown`` where there was no judgement.

    ``since`` is None for a pupil below the line.
    """

    risk: float
    band: str
    since: dt.date | None


@dataclass(frozen=True)
class ListState:
    """What a list keeps of everybody who was scored for the next one, with the version of the model.

    ``earlier`` is what the list itself was compared with, so that the same morning can be written again.
    ``read_by`` is the role whose list it was, empty where that was not kept. ``told`` holds the keys of the
    alerts that this list and those before it have told and that stay open: see
    :attr:`dropout_risk.alerts.alert.Alert.key`.
    """

    as_of: dt.date
    model: str
    pupils: Mapping[StudentId, Standing]
    earlier: ListState | None = None
    read_by: str = ""
    told: Mapping[StudentId, Collection[str]] = field(default_factory=dict)

    def for_role(self, role: str) -> ListState:
        """Give the state to a list of a role; WatchListError if it is of another role's list.

        Who was on the list of another reader may tell what this one may not know.
        """
        if self.read_by and self.read_by != role:
            raise WatchListError(
                f"The previous list was one for {self.read_by!r}, this one is for {role!r}.",
                hint="give each reader's list a folder of its own",
            )
        return self

    def before(self, as_of: dt.date) -> ListState | None:
        """Give the state to compare a list of a date with: the last one before that date.

        WatchListError if this state is of a later date, so that nothing is known of the time before.
        """
        if self.as_of < as_of:
            return replace(self, earlier=None)
        if self.as_of == as_of:
            return self.earlier
        raise WatchListError(
            f"The previous list is of {self.as_of}, which is after {as_of}.",
            hint="give the list of an earlier morning, or none",
        )

    def about(self, student_ids: Collection[StudentId]) -> ListState:
        """Give what it keeps of some pupils."""
        kept = {pupil: standing for pupil, standing in self.pupils.items() if pupil in student_ids}
        earlier = self.earlier.about(student_ids) if self.earlier else None
        told = {pupil: keys for pupil, keys in self.told.items() if pupil in student_ids}
        return replace(self, pupils=kept, earlier=earlier, told=told)

    def save(self, path: str | Path) -> Path:
        """Write the state as JSON."""
        state = json.dumps({"format": _FORMAT, **self._plain()}, ensure_ascii=False)
        return write_whole(path, state, only_changed=True)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a state written by :meth:`save`; WatchListError if it is none."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            if data["format"] != _FORMAT:
                raise WatchListError(
                    f"Watch-list state of format {data['format']}; this version reads {_FORMAT}.",
                    hint="update dropout-risk, or start without a previous list",
                )
            return cls._read(data)
        except (OSError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, WatchListError):
                raise
            raise WatchListError(
                "The file is no state of a watch list.", hint="give what save_state wrote"
            ) from error

    def _plain(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of.isoformat(),
            "model": self.model,
            "read_by": self.read_by,
            "pupils": [
                [student_id, item.risk, item.band, item.since.isoformat() if item.since else None]
                for student_id, item in self.pupils.items()
            ],
            "told": [[student_id, sorted(keys)] for student_id, keys in self.told.items()],
            "earlier": self.earlier._plain() if self.earlier else None,
        }

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Self:
        pupils = {
            student_id: Standing(float(risk), str(band), dt.date.fromisoformat(since) if since else None)
            for student_id, risk, band, since in data["pupils"]
        }
        earlier = cls._read(data["earlier"]) if data["earlier"] else None
        as_of, read_by = dt.date.fromisoformat(data["as_of"]), str(data.get("read_by", ""))
        told = {student_id: frozenset(map(str, keys)) for student_id, keys in data.get("told", ())}
        return cls(as_of, str(data["model"]), pupils, earlier, read_by, told)


Signalled = Mapping[tuple[str, str, dt.date], dt.date]
"""By pupil, rule and first day: the last earlier morning on which a case book was told of an alert."""


@dataclass(frozen=True)
class Memory:
    """What is known to have been told before: by the ``last`` list, and by the mornings of a case book.

    Without either, nobody knows whether an alert that stays open is news.
    """

    last: ListState | None = None
    signalled: Signalled | None = None

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to remember by."""
        return self.last is None and self.signalled is None

    def keys_of(self, pupil: PupilScore | PupilHead) -> frozenset[str]:
        """Give the keys of a pupil's alerts that were told before, and stay open."""
        name, signalled = str(pupil.student_id), self.signalled or {}
        keys = {
            alert.key
            for alert in pupil.alerts
            if alert.known and alert.known < signalled.get((name, alert.rule, alert.since), dt.date.min)
        }
        return frozenset(keys).union(() if self.last is None else self.last.told.get(pupil.student_id, ()))
