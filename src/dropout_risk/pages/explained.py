"""What a model says beyond its scores, where it can: why a risk changed, and what would change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dropout_risk.alerts.alert import Route
from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import Language
from dropout_risk.watchlist.state import StudentId


@dataclass(frozen=True)
class Explained:
    """Sentences beside one score; none where nobody can say.

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
class Asked:
    """A model, asked about pupils of some histories.

    Parameters
    ----------
    model : RiskModel
        Asked as far as it can answer.
    histories : Histories
        What it scored.
    before, now : date
        The dates between which risks changed.
    role : str
        Who reads the answers; they tell only what that role may see.
    language : {"zh", "en"}
        The language of the answers.
    """

    model: RiskModel
    histories: Histories
    before: dt.date
    now: dt.date
    role: Route
    language: Language

    def about(self, rows: Sequence[int]) -> dict[StudentId, Explained]:
        """Ask about some pupils, by their row numbers in the histories."""
        changed = self._answers("change", (self.before, self.now), rows)
        would = self._answers("what_if", (self.now,), rows)
        return {
            student: Explained(
                changed=(changed[student].text,) if student in changed else (),
                would_change=_options(would[student]) if student in would else (),
            )
            for student in {*changed, *would}
        }

    def _answers(
        self, question: str, dates: tuple[dt.date, ...], rows: Sequence[int]
    ) -> dict[StudentId, Any]:
        """Give each pupil's answer as the role may read it; nothing where the model cannot say."""
        ask, redact = getattr(self.model, question, None), getattr(self.model, "redact", None)
        if ask is None or redact is None or not rows:
            return {}
        answers = ask(self.histories, *dates, pupils=list(rows), language=self.language)
        return {answer.student_id: redact(answer, self.role, language=self.language) for answer in answers}


def _options(answer: Any) -> tuple[str, ...]:
    """Give each option as a line, and what they are; where there is none, why."""
    options = tuple(option.text for option in answer.options)
    return (*options, answer.note) if options else (answer.text,)
