"""What a model says beyond its scores: why a risk changed, and what would change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.changes.change import Change
from dropout_risk.scoring.changes.what_if import WhatIf
from dropout_risk.scoring.readers.roles import Role
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import Language
from dropout_risk.watchlist.state import StudentId


@dataclass(frozen=True)
class Changes:
    """Why a risk is another than before, and what would bring it down; empty where nobody can say."""

    changed: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()


Answer = TypeVar("Answer", Change, WhatIf)


@dataclass(frozen=True, eq=False)
class ChangeQuestions:
    """A model, asked why risks changed between two dates; answers tell only what the role may see."""

    model: RiskModel
    histories: Histories
    before: dt.date
    now: dt.date
    role: Role
    language: Language

    def about(self, rows: Sequence[int]) -> dict[StudentId, Changes]:
        """Ask about some pupils, by their row numbers in the histories."""
        if not rows:
            return {}
        pupils, language = list(rows), self.language
        changes = self.model.change(self.histories, self.before, self.now, pupils, language=language)
        what_ifs = self.model.what_if(self.histories, self.now, pupils, language=language)
        changed = {change.student_id: (self._redacted(change).text,) for change in changes}
        would = {answer.student_id: _option_lines(self._redacted(answer)) for answer in what_ifs}
        return {pupil: Changes(changed.get(pupil, ()), would.get(pupil, ())) for pupil in {*changed, *would}}

    def _redacted(self, answer: Answer) -> Answer:
        return self.model.redact(answer, self.role, language=self.language)


def _option_lines(answer: WhatIf) -> tuple[str, ...]:
    """Give each option as a line, and what they are; where there is none, why."""
    options = tuple(option.text for option in answer.options)
    if not options and answer.text == answer.note:  # what there is, is not for this reader
        return ()
    return (*options, answer.note) if options else (answer.text,)
