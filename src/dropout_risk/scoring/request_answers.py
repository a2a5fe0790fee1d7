"""Questions about the raw records of a request: why risks changed, and what would change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.features.class_context import ClassContext
from dropout_risk.scoring.changes.change import Change
from dropout_risk.scoring.changes.what_if import WhatIf
from dropout_risk.scoring.contract_problems import require_shape
from dropout_risk.scoring.request import AskedPupils, Request
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import Answers


def change_request(
    model: RiskModel, body: Mapping[str, Any], *, calendar: pd.DataFrame | None = None, checked: bool = False
) -> Answers[Change]:
    """Answer ``POST /explain/change`` of raw records: why the risks changed between two days.

    Records are read as for ``POST /score``, and errors are those of it, with pupils of whom nothing can be
    said of the earlier day. Classes are known by ``class_context`` and ``class_context_before``: what is held
    beside a model is of one day, and would show of the other what was not known then.

    DateError if the days are the wrong way round; a RequestError names the field of a body that has not the
    form of the contract, and ``checked`` says that it is known to have it.
    """
    if not checked:
        require_shape(body, "explain_records")
    asked = AskedPupils.of(Request(body), calendar)
    before = body.get("class_context_before")
    contexts = (
        ClassContext.from_rows(before) if before else ClassContext.empty(),
        asked.request.context or ClassContext.empty(),
    )
    answers = model.change(
        asked.histories, body["before"], body["as_of"], np.array(asked.rows, dtype=np.intp),
        contexts=contexts, language=asked.request.language,
    )  # fmt: skip
    named = (replace(answer, student_id=asked.given_id(answer.student_id)) for answer in answers)
    return Answers(named, asked.errors_beside(answers.errors), asked.named_notes)


def what_if_request(
    model: RiskModel,
    body: Mapping[str, Any],
    *,
    calendar: pd.DataFrame | None = None,
    context: ClassContext | None = None,
    checked: bool = False,
) -> Answers[WhatIf]:
    """Answer ``POST /what_if`` of raw records: what would bring the risks below a target.

    Records and classes are read, and errors told, as for ``POST /score``.
    """
    if not checked:
        require_shape(body, "what_if_records")
    asked = AskedPupils.of(Request(body), calendar)
    answers = model.what_if(
        asked.histories, body["as_of"], np.array(asked.rows, dtype=np.intp), most=body.get("most", 3),
        context=asked.request.context or context or ClassContext.empty(), language=asked.request.language,
    )  # fmt: skip
    named = (replace(answer, student_id=asked.given_id(answer.student_id)) for answer in answers)
    return Answers(named, asked.errors_beside(answers.errors), asked.named_notes)
