"""各校进展: schools with overdue work first, in numbers alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from statistics import median

import sqlalchemy as sa

from dropout_risk.casebook.tables import CASE, STANDING
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.reader import Reader
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import weekday_text
from dropout_risk.text import percent_text, tenths_in_words

ROLES = ("county", "township", "auditor")
LATELY_DAYS = 60


@dataclass
class SchoolFigures:
    """The figures of one school, of the cases that the school follows up."""

    overdue: int = 0
    due: int = 0
    live: int = 0
    closed: int = 0
    reopened: int = 0
    waited: Counter[int] = field(default_factory=Counter)
    back: int = 0
    lately: int = 0


def county_page(view: View) -> Answer:
    """Render the schools of an office, who has overdue work first; no pupil is named."""
    figures = school_figures(view.desk, view.reader)
    order = sorted(figures.items(), key=lambda item: (-item[1].overdue, -item[1].live, item[0]))
    return view.page(
        "county.html",
        title=view.word("county"),
        day=view.say(weekday_text(view.desk.day)),
        rows=[_row_of(view, school, told) for school, told in order],
    )


def _row_of(view: View, school: str, told: SchoolFigures) -> tuple[str, ...]:
    all_cases = told.live + told.closed
    waited = [*told.waited.elements()]
    return (
        school,
        str(told.overdue),
        str(told.due),
        str(told.live),
        percent_text(told.closed / all_cases) if all_cases else "–",
        view.say(tenths_in_words(median(waited))) if waited else "–",
        percent_text(told.back / told.lately) if told.lately else "–",
        str(told.reopened),
    )


def school_figures(desk: Desk, reader: Reader) -> dict[str, SchoolFigures]:
    """Count by school; what only counsellors know is in no number."""
    schools = _schools_of(desk, reader)
    found = {school: SchoolFigures() for school in schools}
    lately = desk.day - dt.timedelta(days=LATELY_DAYS)
    ours = (CASE.c.line == "school") & CASE.c.school.in_(schools)
    number = sa.func.count()
    late = sa.func.sum(sa.case((CASE.c.due < desk.day, 1), else_=0))
    today = sa.func.sum(sa.case((CASE.c.due == desk.day, 1), else_=0))
    with desk.book.reading() as connection:
        by_state = sa.select(CASE.c.school, CASE.c.state, number.label("cases"), late, today).where(ours)
        by_state = by_state.group_by(CASE.c.school, CASE.c.state)
        for school, state, cases, overdue, due in connection.execute(by_state):
            told = found[school]
            told.closed += cases if state == "closed" else 0
            told.live += cases if state != "closed" else 0
            told.overdue, told.due = told.overdue + overdue, told.due + due
        keys = (CASE.c.school, CASE.c.opened, CASE.c.met, CASE.c.state, CASE.c.outcome)
        fresh = sa.select(*keys, number).where(ours, CASE.c.opened >= lately).group_by(*keys)
        for school, opened, met, state, outcome, cases in connection.execute(fresh):
            told = found[school]
            told.lately += cases
            told.back += cases if state == "staying" or outcome == "stayed" else 0
            if met is not None:
                told.waited[max((met - opened).days, 0)] += cases
        for school, cases in connection.execute(_reopened_query(ours, lately)):
            found[school].reopened = cases
    return found


def _schools_of(desk: Desk, reader: Reader) -> list[str]:
    query = sa.select(STANDING.c.school).where(reader.pupils_clause(ROLES)).distinct()
    with desk.book.reading() as connection:
        return sorted(connection.scalars(query))


def _reopened_query(ours: sa.ColumnElement[bool], lately: dt.date) -> sa.Select[str, int]:
    """Count the pupils of whom a case was opened after another one had been closed, both lately."""
    before = CASE.alias("before")
    return (
        sa.select(CASE.c.school, sa.func.count(CASE.c.pupil.distinct()))
        .join(
            before,
            (before.c.pupil == CASE.c.pupil) & (before.c.line == CASE.c.line) & (before.c.id < CASE.c.id),
        )
        .where(ours, CASE.c.opened >= lately, before.c.state == "closed", before.c.turned >= lately)
        .group_by(CASE.c.school)
    )
