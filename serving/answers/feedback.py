"""Feedback: what somebody of the school says of a pupil's reasons, written into the case by its own rules."""

from __future__ import annotations

import json
import logging
from typing import Any

from dropout_risk.access.reader import Reader
from dropout_risk.casebook.lessons.feedback import write_feedback
from dropout_risk.casebook.tables import CASE
from dropout_risk.casebook.words import REASON_QUESTION
from dropout_risk.desk.deeds import DEEDS
from dropout_risk.desk.reader import SCHOOL_ROLES
from dropout_risk.errors import (
    CaseBookError,
    CaseConflictError,
    CaseRefusedError,
    NotAllowedValueError,
    NotAnsweredError,
    NotAttachedError,
    NotYoursError,
    PeopleError,
    RequestError,
    nearest,
)
from dropout_risk.scoring.contract_problems import MOST_PROBLEMS
from serving.gate.body import Contract, RefusedError
from serving.served.prepared import Prepared

FEEDBACK = Contract("feedback")
_log = logging.getLogger("bentoml.dropout_risk")


def written_feedback(now: Prepared, reader: Reader, body: bytes, name: str) -> bytes:
    """Write what a reader says of the reasons of a pupil, once for each name of a request.

    Raises
    ------
    RefusedError
        With all that keeps the request from the contract, or that was said of reasons that nobody was told.
    NotAttachedError, NotAnsweredError
        If the service has no case book, or it cannot be read or written now.
    NotYoursError
        If the pupil has no case that takes it from this reader: the answer is the same for whoever is not
        there.
    """
    request = FEEDBACK.read(body)
    if now.desk is None:
        raise NotAttachedError("This service has no case book.", hint="start it with --book")
    try:
        told = _write_answers(now, reader, request, name)
    except (CaseBookError, PeopleError, CaseConflictError) as error:
        _log.error("feedback was not written: %s", type(error).__name__)
        raise NotAnsweredError("The case book did not take it now.", hint="send it again") from error
    return json.dumps(told, ensure_ascii=False).encode()


def _write_answers(now: Prepared, reader: Reader, request: dict[str, Any], name: str) -> dict[str, Any]:
    desk, pupil = now.desk.desk(), str(request["student_id"])
    seats = desk.seats(reader, CASE.c.pupil == pupil, CASE.c.state != "closed", roles=SCHOOL_ROLES)
    key = f"feedback/{reader.person}/{name}"
    seat = next((seat for seat in seats if DEEDS["feedback"].is_open_to(desk, seat)), None)
    if seat is None:
        raise NotYoursError(
            "There is no such pupil among yours.", hint="ask for your own pupils", field="student_id"
        )
    reasons = [reason.feature for reason in desk.reasons_of(seat)]
    words = REASON_QUESTION.keys
    problems: list[RequestError] = [
        NotAllowedValueError(
            "answers speaks of a reason that the pupil was not told with." if feature not in reasons
            else f"answers.{feature} is no word of feedback.",
            hint="POST /score_stored tells its reasons" if feature not in reasons else nearest(word, words),
            field="answers" if feature not in reasons else f"answers.{feature}",
        )
        for feature, word in request["answers"].items()
        if feature not in reasons or word not in words
    ]  # fmt: skip
    if problems or not request["answers"]:
        empty = NotAllowedValueError("answers is empty.", hint="say something of a reason", field="answers")
        raise RefusedError((problems or [empty])[:MOST_PROBLEMS])
    model = now.model
    if not desk.is_written(key):
        try:
            write_feedback(
                desk.book, seat.case, request["answers"], run=model.version, catalogue=model.catalogue,
                day=desk.day, by=seat.person, today=desk.day, key=key,
            )  # fmt: skip
        except CaseRefusedError as error:
            raise RefusedError(
                [NotAllowedValueError(error.message, hint=error.hint, field="answers")]
            ) from None
    return {"request_id": name, "model": {"name": model.name, "version": model.version},
            "written": request["answers"]}  # fmt: skip
