"""What a model says beyond its scores: why a risk changed, and what would change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.roles import Role
from dropout_risk.scoring.what_if import WhatIf
from dropout_risk.text import Language
from dropout_risk.watchlist.state import StudentId


@dataclass(frozen=True)
class Changes:
    """Sentences on changes of one score; none where nobody can say.

    Parameters
    ----------
    changed : tuple of str
        Why the risk is another than on the earlier date.
    would_change : tuple of str
        What would bring it down, and that this is arithmetic and no promise.
    """

    changed: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ChangeQuestions:
    """A model, asked about pupils of some histories.

    Parameters
    ----------
    model : RiskModel
        What is asked.
    histories : Histories
        What it scored.
    before, now : date
        The dates between which risks changed.
    role : Role
        Who reads the answers; they tell only what that role may see.
    language : {"zh", "en"}
        The language of the answers.
    """

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
        model, speech = self.model, self.language
        risen = model.change(self.histories, self.before, self.now, list(rows), language=speech)
        what_ifs = model.what_if(self.histories, self.now, list(rows), language=speech)
        changed = {of.student_id: model.redact(of, self.role, language=speech) for of in risen}
        would = {of.student_id: model.redact(of, self.role, language=speech) for of in what_ifs}
        return {
            student: Changes(
                changed=(changed[student].text,) if student in changed else (),
                would_change=_option_lines(would[student]) if student in would else (),
            )
            for student in {*changed, *would}
        }


def _option_lines(answer: WhatIf) -> tuple[str, ...]:
    """Give each option as a line, and what they are; where there is none, why."""
    options = tuple(option.text for option in answer.options)
    return (*options, answer.note) if options else (answer.text,)
