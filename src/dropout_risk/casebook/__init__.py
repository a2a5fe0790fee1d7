"""The case book: who does what by when for every child, what came of it, and that nobody is missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.county_list import CountyList
    from dropout_risk.casebook.difficulty import difficulty_table, first_reasons
    from dropout_risk.casebook.ledger_rows import read_everybody
    from dropout_risk.casebook.ledgers import write_ledgers
    from dropout_risk.casebook.letters import Letter, letters_of, release_letter
    from dropout_risk.casebook.treatment import helped_rows, helped_since, treated_evaluation
    from dropout_risk.casebook.visit_calendar import calendar_of_week
    from dropout_risk.casebook.visit_notes import read_visit_notes, write_visit_form
    from dropout_risk.casebook.visit_week import plan_week
    from dropout_risk.casebook.visits import Hours, Spot, Stop, Visitor, VisitSettings

__all__ = [
    "Book",
    "CountyList",
    "Hours",
    "Letter",
    "Spot",
    "Stop",
    "VisitSettings",
    "Visitor",
    "calendar_of_week",
    "difficulty_table",
    "first_reasons",
    "helped_rows",
    "helped_since",
    "letters_of",
    "plan_week",
    "read_everybody",
    "read_visit_notes",
    "release_letter",
    "treated_evaluation",
    "write_ledgers",
    "write_visit_form",
]
_HOMES = {
    "Book": "book",
    "CountyList": "county_list",
    "Hours": "visits",
    "Letter": "letters",
    "Spot": "visits",
    "Stop": "visits",
    "VisitSettings": "visits",
    "Visitor": "visits",
    "calendar_of_week": "visit_calendar",
    "difficulty_table": "difficulty",
    "first_reasons": "difficulty",
    "helped_rows": "treatment",
    "helped_since": "treatment",
    "letters_of": "letters",
    "plan_week": "visit_week",
    "read_everybody": "ledger_rows",
    "read_visit_notes": "visit_notes",
    "release_letter": "letters",
    "treated_evaluation": "treatment",
    "write_ledgers": "ledgers",
    "write_visit_form": "visit_notes",
}

__getattr__, __dir__ = given_names("dropout_risk.casebook", _HOMES)
