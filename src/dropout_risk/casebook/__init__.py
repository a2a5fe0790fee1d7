"""The case book: who does what by when for every child, what came of it, and that nobody is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.lessons.difficulty import difficulty_table, first_reasons
    from dropout_risk.casebook.lessons.treatment import helped_rows, helped_since, treated_evaluation
    from dropout_risk.casebook.notices.letters import Letter, letters_of, release_letter
    from dropout_risk.casebook.paperwork.county_list import CountyList
    from dropout_risk.casebook.paperwork.ledger_rows import read_everybody
    from dropout_risk.casebook.paperwork.ledgers import write_ledgers
    from dropout_risk.casebook.visiting.visit_calendar import calendar_of_week
    from dropout_risk.casebook.visiting.visit_notes import read_visit_notes, write_visit_form
    from dropout_risk.casebook.visiting.visit_week import plan_week
    from dropout_risk.casebook.visiting.visits import Hours, Spot, Stop, Visitor, VisitSettings

__all__ = [
    "Book", "CountyList", "Hours", "Letter", "Spot", "Stop", "VisitSettings", "Visitor", "calendar_of_week",
    "difficulty_table", "first_reasons", "helped_rows", "helped_since", "letters_of", "plan_week",
    "read_everybody", "read_visit_notes", "release_letter", "treated_evaluation", "write_ledgers",
    "write_visit_form",
]  # fmt: skip
_HOMES = {
    "Book": "book", "CountyList": "paperwork.county_list", "Hours": "visiting.visits",
    "Letter": "notices.letters", "Spot": "visiting.visits", "Stop": "visiting.visits",
    "VisitSettings": "visiting.visits", "Visitor": "visiting.visits",
    "calendar_of_week": "visiting.visit_calendar", "difficulty_table": "lessons.difficulty",
    "first_reasons": "lessons.difficulty", "helped_rows": "lessons.treatment",
    "helped_since": "lessons.treatment", "letters_of": "notices.letters", "plan_week": "visiting.visit_week",
    "read_everybody": "paperwork.ledger_rows", "read_visit_notes": "visiting.visit_notes",
    "release_letter": "notices.letters", "treated_evaluation": "lessons.treatment",
    "write_ledgers": "paperwork.ledgers", "write_visit_form": "visiting.visit_notes",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.casebook", _HOMES, extra="desk")
