"""What is asked of pupils of the store by their ids: scores, what changed, and what would change them.

The last two may bring the pupils' records instead.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
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
from dropout_risk.scoring.changes.change import Change
from dropout_risk.scoring.changes.what_if import WhatIf
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from dropout_risk.scoring.readers.roles import Role, roles_of
from dropout_risk.scoring.request_answers import change_request, what_if_request
from dropout_risk.scoring.scores import NOT_AT_SCHOOL, Answers, pupil_refusal
from dropout_risk.text import Language
from serving.answers.asked_scores import AskedRecords
from serving.gate.body import Contract, RefusedError
from serving.gate.planned import plan_for
from serving.review import day_after
from serving.served.prepared import Prepared

STORED = Contract("score_stored")
CHANGE = Contract(
    "explain_change", of_records=Contract("explain_records", "class_context", "class_context_before")
)
WHAT_IF = Contract("what_if", of_records=Contract("what_if_records", "class_context"))
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
        told = self._of_records(reader, name) if "students" in self.request else self._of_store(reader, name)
        plan, reply = told
        self.now.looks.note(reader, self.route, plan.told, name)
        return reply

    def _of_store(self, reader: Reader, name: str) -> tuple[ReadPlan, dict[str, Any]]:
        asked = self._named_pupils()
        store = held_store(self.now)
        plan = ReadPlan.of(reader, self.route, {pupil: store.placed.by_id.get(pupil) for pupil in asked})
        if plan.outside:
            raise RefusedError([_not_yours(asked, pupil) for pupil in plan.outside[:MOST_PROBLEMS]])
        rows = np.array([store.placed.row_by_id[pupil] for pupil in asked], dtype=np.intp)
        as_of = dt.date.fromisoformat(self.request.get("as_of") or day_after(store.histories).isoformat())
        wanted = Wanted(store.histories, rows, as_of)
        if self.route == "/score_stored":
            return plan, self._scores(wanted, plan, self._own_role(reader), name)
        answers = self._asked_of_store(wanted)
        return plan, self._told(answers, as_of.isoformat(), plan, self._own_role(reader), name)

    def _of_records(self, reader: Reader, name: str) -> tuple[ReadPlan, dict[str, Any]]:
        """Answer about the records that the request brings, read and placed as those to be scored are."""
        asked = AskedRecords(self.now.model, self.now.held, self.body, self.route, self.request)
        plan = plan_for(self.now, reader, asked)
        return plan, self._told(
            self._asked_of_records(), self.request["as_of"], plan, self._own_role(reader), name
        )

    def _own_role(self, reader: Reader) -> Role | None:
        """Give the declared role as which the local reader reads."""
        return self.now.reader if reader == LOCAL_READER else None

    def _named_pupils(self) -> list[str]:
        """Give the ids as words; a pupil who is named twice is refused, by index."""
        ids = self.request["student_ids"]
        first = {repr(pupil): index for index, pupil in reversed([*enumerate(ids)])}
        problems: list[RequestError] = [
            NotAllowedValueError(
                f"student_ids[{index}] names a pupil again.", hint="name each pupil once",
                field=f"student_ids[{index}]",
            )
            for index, pupil in enumerate(ids) if first[repr(pupil)] != index
        ]  # fmt: skip
        if problems:
            raise RefusedError(problems[:MOST_PROBLEMS])
        return [str(pupil) for pupil in ids]

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

    def _asked_of_store(self, wanted: Wanted) -> Answers[Change] | Answers[WhatIf]:
        model, request, (histories, rows, as_of) = self.now.model, self.request, wanted
        if self.route == "/what_if":
            return model.what_if(histories, as_of, rows, most=request.get("most", 3), language=self.language)
        with _dates_as_problems():
            return model.change(histories, request["before"], as_of, rows, language=self.language)

    def _asked_of_records(self) -> Answers[Change] | Answers[WhatIf]:
        model, request, held = self.now.model, self.request, self.now.held
        if self.route == "/what_if":
            return what_if_request(model, request, checked=True, **held)
        with _dates_as_problems():
            return change_request(model, request, checked=True, calendar=held.get("calendar"))

    def _told(
        self, answers: Answers[Any], as_of: str, plan: ReadPlan, own: Role | None, name: str
    ) -> dict[str, Any]:
        """Write answers as they may be read, each pupil's in the role that the reader has for it."""
        model, roles = self.now.model, roles_of(self.now.model.settings)

        def reading(pupil: object) -> str:
            return plan.roles[str(pupil)] or ""

        read = {}
        for role in {reading(pupil): None for pupil in plan.roles}:
            part = Answers(
                (answer for answer in answers if reading(answer.student_id) == role),
                (error for error in answers.errors if reading(error.student_id) == role),
                {pupil: said for pupil, said in answers.notes.items() if reading(pupil) == role},
            )
            as_role = own if own is not None else role_of_scores(role, self.route, roles)
            read[role] = part if as_role is None else model.redact(part, as_role, language=self.language)
        by_role = {role: iter(part) for role, part in read.items()}
        results = [next(by_role[reading(answer.student_id)]).to_dict() for answer in answers]
        errors = [error for part in read.values() for error in part.errors]
        notes = {pupil: said for part in read.values() for pupil, said in part.notes.items()}
        days = {"before": self.request["before"]} if "before" in self.request else {}
        return {
            **days,
            "as_of": as_of,
            "request_id": name,
            "language": self.language,
            "model": {"name": model.name, "version": model.version},
            "results": results,
            "errors": [error.to_dict() for error in sorted(errors, key=lambda error: error.index)],
            "warnings": [
                {"student_id": pupil, "text": text} for pupil, said in notes.items() for text in said
            ],
        }


@contextmanager
def _dates_as_problems() -> Iterator[None]:
    """Let days that are the wrong way round be a problem of the request, by path; RefusedError."""
    try:
        yield
    except DateError as error:
        problem = NotAllowedValueError(error.message, hint=error.hint, field="before")
        raise RefusedError([problem]) from None


def _not_yours(asked: list[str], pupil: str) -> NotYoursError:
    """Refuse a pupil by its path, in the words for whoever is not there."""
    field = f"student_ids[{asked.index(pupil)}]"
    return NotYoursError("There is no such pupil among yours.", hint="ask for your own pupils", field=field)
