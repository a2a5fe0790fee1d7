"""What is asked of pupils of the store by their ids: scores, what changed, and what would change them."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from dropout_risk.access.read_scores import ReadPlan, role_of_scores
from dropout_risk.access.reader import LOCAL_READER, Reader
from dropout_risk.arrays import Positions
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.errors import (
    BundleError,
    DateError,
    NotAllowedValueError,
    NotAnsweredError,
    NotAttachedError,
    NotYoursError,
    RequestError,
)
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.change import Change
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from dropout_risk.scoring.roles import Role, roles_of
from dropout_risk.scoring.scores import NOT_AT_SCHOOL, Answers, RowError, pupil_refusal
from dropout_risk.scoring.what_if import WhatIf
from dropout_risk.text import Language
from serving.body import Contract, RefusedError
from serving.prepared import Prepared
from serving.review import day_after

STORED, CHANGE, WHAT_IF = (Contract(name, loose="") for name in ("score_stored", "explain_change", "what_if"))
CONTRACTS = {"/score_stored": STORED, "/explain/change": CHANGE, "/what_if": WHAT_IF}
_log = logging.getLogger("bentoml.dropout_risk")


class Store(NamedTuple):
    """The store as it is now."""

    histories: Histories
    placed: PlacedPupils


class Wanted(NamedTuple):
    """Rows of some histories, on a day."""

    histories: Histories
    rows: Positions
    as_of: dt.date


def held_store(now: Prepared) -> Store:
    """Give the store; NotAttachedError without one, NotAnsweredError if it cannot be read."""
    try:
        held = now.room.held_store()
    except (BundleError, OSError) as error:
        _log.error("the store cannot be read: %s", type(error).__name__)
        raise NotAnsweredError("The store cannot be read now.", hint="try again in a moment") from error
    if held is None:
        raise NotAttachedError(
            "This service has no store.", hint="send the records to /score, or start it with --store"
        )
    return Store(*held)


@dataclass
class StoredPupils:
    """Pupils who are asked about by their ids, at one of the three addresses."""

    now: Prepared
    route: str
    body: bytes

    @cached_property
    def request(self) -> dict[str, Any]:
        """The request; RefusedError with all that keeps it from the contract."""
        return CONTRACTS[self.route].read(self.body)

    @property
    def language(self) -> Language:
        """The language of all words."""
        language: Language = self.request.get("language", "zh")
        return language

    def answer(self, reader: Reader, name: str) -> dict[str, Any]:
        """Answer as the reader may read it, once that is written down.

        RefusedError names all pupils who are not there, or not the reader's, by their index.
        """
        asked = self._named_pupils()
        store = held_store(self.now)
        plan = ReadPlan.of(reader, self.route, {pupil: store.placed.by_id.get(pupil) for pupil in asked})
        if plan.outside:
            raise RefusedError([_not_yours(asked, pupil) for pupil in plan.outside[:MOST_PROBLEMS]])
        rows = np.array([store.placed.row_by_id[pupil] for pupil in asked], dtype=np.intp)
        as_of = dt.date.fromisoformat(self.request.get("as_of") or day_after(store.histories).isoformat())
        own = self.now.reader if reader == LOCAL_READER else None
        wanted = Wanted(store.histories, rows, as_of)
        if self.route == "/score_stored":
            reply = self._scores(wanted, plan, own, name)
        else:
            reply = self._answers(wanted, plan, own, name)
        self.now.looks.note(reader, self.route, plan.told, name)
        return reply

    def _named_pupils(self) -> list[str]:
        """Give the ids as words; a pupil who is named twice is refused, by index."""
        ids = self.request["student_ids"]
        first = {repr(student): index for index, student in reversed([*enumerate(ids)])}
        problems: list[RequestError] = [
            NotAllowedValueError(
                f"student_ids[{index}] names a pupil again.", hint="name each pupil once",
                field=f"student_ids[{index}]",
            )
            for index, student in enumerate(ids) if first[repr(student)] != index
        ]  # fmt: skip
        if problems:
            raise RefusedError(problems[:MOST_PROBLEMS])
        return [str(student) for student in ids]

    def _scores(self, wanted: Wanted, plan: ReadPlan, own: Role | None, name: str) -> dict[str, Any]:
        """Score pupils of the store as the batch does; who is not at school that day is an error."""
        model = self.now.model
        histories, rows, as_of = wanted
        there = members_on(histories.on(as_of))[rows]
        scores = model.score_histories(histories, as_of, rows[there], language=self.language, request_id=name)
        kept = np.flatnonzero(there).tolist()
        errors = [replace(error, index=kept[error.index]) for error in scores.errors]
        ids = self.request["student_ids"]
        errors += [
            pupil_refusal(NOT_AT_SCHOOL, index, ids[index], "as_of", self.language)
            for index in np.flatnonzero(~there).tolist()
        ]
        whole = replace(scores, errors=tuple(sorted(errors, key=lambda error: error.index)))
        read = plan.read(whole, model)
        return (read if own is None else model.redact(read, own)).to_dict()

    def _answers(self, wanted: Wanted, plan: ReadPlan, own: Role | None, name: str) -> dict[str, Any]:
        model, request, (histories, rows, as_of) = self.now.model, self.request, wanted
        answers: Answers[Change] | Answers[WhatIf]
        if self.route == "/what_if":
            most = request.get("most", 3)
            answers = model.what_if(histories, as_of, rows, most=most, language=self.language)
            days = {"as_of": as_of.isoformat()}
        else:
            try:
                answers = model.change(histories, request["before"], as_of, rows, language=self.language)
            except DateError as error:
                problem = NotAllowedValueError(error.message, hint=error.hint, field="before")
                raise RefusedError([problem]) from None
            days = {"before": request["before"], "as_of": as_of.isoformat()}
        roles = roles_of(model.settings)

        def reading(student: object) -> Role | None:
            found = plan.roles[str(student)] or ""
            return own if own is not None else role_of_scores(found, self.route, roles)

        told = [_as_read(model, answer, reading(answer.student_id)).to_dict() for answer in answers]
        errors = [_named_error(error, reading(error.student_id)) for error in answers.errors]
        about = {
            "request_id": name,
            "language": self.language,
            "model": {"name": model.name, "version": model.version},
        }
        return {**days, **about, "results": told, "errors": errors}


def _as_read(model: Any, answer: Change | WhatIf, role: Role | None) -> Change | WhatIf:
    made: Change | WhatIf = answer if role is None else model.redact(answer, role, language=answer.language)
    return made


def _named_error(error: RowError, role: Role | None) -> dict[str, Any]:
    """Give an error as a role may read it: without the id, for who knows no names."""
    return error.to_dict() | ({} if role is None or role.names else {"student_id": None})


def _not_yours(asked: list[str], pupil: str) -> NotYoursError:
    """Refuse a pupil by its path, in the words for whoever is not there."""
    field = f"student_ids[{asked.index(pupil)}]"
    return NotYoursError("There is no such pupil among yours.", hint="ask for your own pupils", field=field)
