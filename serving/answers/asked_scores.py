"""What is asked to be scored: read from a body once, with where its pupils are, and scored by the one way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.placed_pupils import PlacedPupils, class_path
from dropout_risk.errors import MissingFieldError, NotAllowedValueError, NotYoursError, RequestError
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from dropout_risk.scoring.request import score_features_request, score_request
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import Scores
from serving.gate.body import SCORE, SCORE_FEATURES, RefusedError

_HINT = "give each row the id of a pupil of its own"


@dataclass
class RawRecords:
    """Raw records of pupils."""

    model: RiskModel
    held: Mapping[str, Any]
    body: bytes
    route: str = "/score"
    rows = "students"

    @cached_property
    def request(self) -> dict[str, Any]:
        """The request; RefusedError with all that keeps it from the contract."""
        return SCORE.read(self.body, by_row=True)

    def scores(self, name: str) -> Scores:
        """Score it under a name."""
        return score_request(self.model, self.request, request_id=name, checked=True, **self.held)

    def reply(self, told: dict[str, Any]) -> dict[str, Any]:
        """Give the reply of what is told of scores, as whoever asked so reads it."""
        return told

    @cached_property
    def indices(self) -> dict[str, int]:
        """Where each pupil is in the request, by its id as a word."""
        rows = self.request[self.rows]
        return {str(row.get("student_id", index)): index for index, row in enumerate(rows)}

    def require_names(self) -> None:
        """Refuse rows that do not name a pupil each, where it matters who is told of whom; RefusedError.

        Ids are compared as words, as everything that is written down of them is: 1 and "1" are the same.
        """
        seen: set[str] = set()
        problems: list[RequestError] = []
        for index, row in enumerate(self.request[self.rows]):
            field, name = f"{self.rows}[{index}].student_id", str(row.get("student_id", ""))
            if "student_id" not in row:
                problems.append(MissingFieldError(f"{field} is missing.", hint=_HINT, field=field))
            elif not name.strip():
                problems.append(NotAllowedValueError(f"{field} is empty.", hint=_HINT, field=field))
            elif name in seen:
                problems.append(
                    NotAllowedValueError(f"{field} names a pupil again.", hint=_HINT, field=field)
                )
            seen.add(name)
        if problems:
            raise RefusedError(problems[:MOST_PROBLEMS])

    def placed(self, known: PlacedPupils | None) -> dict[str, Placed | None]:
        """Say where each pupil is: by the store, or else by what the request says of it."""
        if known is not None:
            return {pupil: known.by_id.get(pupil) for pupil in self.indices}
        rows = self.request[self.rows]
        return {pupil: _placed_by(pupil, rows[index]) for pupil, index in self.indices.items()}

    def not_yours(self, pupil: str) -> NotYoursError:
        """Refuse a pupil by its path, in the words for whoever is not there."""
        field = f"{self.rows}[{self.indices[pupil]}].student_id"
        return NotYoursError(
            "There is no such pupil among yours.", hint="ask for your own pupils", field=field
        )


@dataclass
class AskedRecords(RawRecords):
    """Raw records of pupils as another address has read them."""

    read: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def request(self) -> dict[str, Any]:
        """The request as it was read."""
        return self.read


@dataclass
class ReadyFeatures(RawRecords):
    """Ready features of pupils, which say nothing of where a pupil is."""

    route: str = "/score_features"
    rows = "rows"

    @cached_property
    def request(self) -> dict[str, Any]:
        """The request; RefusedError with all that keeps it from the contract."""
        return SCORE_FEATURES.read(self.body)

    def scores(self, name: str) -> Scores:
        """Score it under a name."""
        return score_features_request(self.model, self.request, request_id=name, checked=True)


def _placed_by(pupil: str, row: Mapping[str, Any]) -> Placed:
    school = row.get("school_id")
    where = "" if school is None else str(school)
    return Placed(pupil, where, class_path(school, row.get("grade_level"), row.get("class_id")))
