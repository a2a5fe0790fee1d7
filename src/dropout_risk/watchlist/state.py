"""What a list keeps for the next one: ids, risks, bands and since when, nothing else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from dropout_risk.errors import WatchListError
from dropout_risk.files import write_whole

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
    """

    as_of: dt.date
    model: str
    pupils: Mapping[StudentId, Standing]
    earlier: ListState | None = None

    def before(self, as_of: dt.date) -> ListState | None:
        """Give the state to compare a list of a date with: the last one before that date.

        WatchListError if this state is of a later date, so that nothing is known of the time before.
        """
        if self.as_of < as_of:
            return ListState(self.as_of, self.model, self.pupils)
        if self.as_of == as_of:
            return self.earlier
        raise WatchListError(
            f"The previous list is of {self.as_of}, which is after {as_of}.",
            hint="give the list of an earlier morning, or none",
        )

    def save(self, path: str | Path) -> Path:
        """Write the state as JSON."""
        return write_whole(path, json.dumps({"format": _FORMAT, **self._plain()}, ensure_ascii=False))

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
            "pupils": [
                [student_id, item.risk, item.band, item.since.isoformat() if item.since else None]
                for student_id, item in self.pupils.items()
            ],
            "earlier": self.earlier._plain() if self.earlier else None,
        }

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Self:
        pupils = {
            student_id: Standing(float(risk), str(band), dt.date.fromisoformat(since) if since else None)
            for student_id, risk, band, since in data["pupils"]
        }
        earlier = cls._read(data["earlier"]) if data["earlier"] else None
        return cls(dt.date.fromisoformat(data["as_of"]), str(data["model"]), pupils, earlier)
