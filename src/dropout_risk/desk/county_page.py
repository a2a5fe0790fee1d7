"""各校进展: schools with overdue work first, in numbers alone."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import sqlalchemy as sa

from dropout_risk.access.reader import Reader
from dropout_risk.casebook.tables import CASE, STANDING
from dropout_risk.desk.desk import Desk
from dropout_risk.desk.reader import pupils_clause
from dropout_risk.desk.view import Answer, View
from dropout_risk.desk.words import weekday_text
from dropout_risk.evaluation.small_groups import FEWEST
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
    """Write a school's figures: work as it is, and no rate of a few cases."""
    all_cases = told.live + told.closed
    waited = [*told.waited.elements()]
    return (
        school,
        str(told.overdue),
        str(told.due),
        str(told.live),
        percent_text(told.closed / all_cases) if all_cases >= FEWEST else "–",
        view.say(tenths_in_words(median(waited))) if len(waited) >= FEWEST else "–",
        percent_text(told.back / told.lately) if told.lately >= FEWEST else "–",
        str(told.reopened),
    )


def school_figures(desk: Desk, reader: Reader) -> Mapping[str, SchoolFigures]:
    """Count by school; what only counsellors know is in no number."""
    schools = _schools_of(desk, reader)
    found = defaultdict(SchoolFigures, {school: SchoolFigures() for school in schools})
    everywhere = any(grant.scope == "county" and grant.role in ROLES for grant in reader.grants)
    ours = (CASE.c.line == "school") & (sa.true() if everywhere else CASE.c.school.in_(schools))
    number, live = sa.func.count(), CASE.c.state != "closed"
    due = sa.case((CASE.c.due < desk.day, "overdue"), (CASE.c.due == desk.day, "due"), else_="")
    with desk.book.reading() as connection:
        everything = sa.select(CASE.c.school, number).where(ours).group_by(CASE.c.school)
        for school, cases in connection.execute(everything):
            found[school].closed = cases
        open_now = sa.select(CASE.c.school, due, number).where(ours, live).group_by(CASE.c.school, due)
        for school, when, cases in connection.execute(open_now):
            told = found[school]
            told.live, told.closed = told.live + cases, told.closed - cases
            told.overdue += cases if when == "overdue" else 0
            told.due += cases if when == "due" else 0
        for school, waited, back, cases in connection.execute(_lately_query(desk, ours)):
            told = found[school]
            told.lately, told.back = told.lately + cases, told.back + back * cases
            if waited is not None:
                told.waited[max(int(waited), 0)] += cases
        for school, cases in connection.execute(_reopened_query(desk, ours)):
            found[school].reopened = cases
    return found


def _days_waited(dialect: str) -> sa.ColumnElement[float]:
    """Count the days from the opening of a case to the first contact, in the words of a database."""
    if dialect == "sqlite":
        return sa.func.julianday(CASE.c.met) - sa.func.julianday(CASE.c.opened)
    return sa.cast(CASE.c.met - CASE.c.opened, sa.Float)


def _schools_of(desk: Desk, reader: Reader) -> list[str]:
    query = sa.select(STANDING.c.school).where(pupils_clause(reader, ROLES)).distinct()
    with desk.book.reading() as connection:
        return sorted(connection.scalars(query))


def _lately_query(desk: Desk, ours: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Count what was opened lately, by school, days waited, and whether the pupil came back."""
    back = sa.case((sa.or_(CASE.c.state == "staying", CASE.c.outcome == "stayed"), 1), else_=0)
    waited = _days_waited(desk.book.engine.dialect.name)
    query = sa.select(CASE.c.school, waited, back, sa.func.count())
    return query.where(ours, CASE.c.opened >= _begin_of(desk)).group_by(waited, back, CASE.c.school)


def _reopened_query(desk: Desk, ours: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Choose for each pupil of whom a case ended lately the first that was opened after it."""
    closed = (CASE.c.state == "closed") & (CASE.c.turned >= _begin_of(desk))
    ended = sa.select(CASE.c.pupil, sa.func.min(CASE.c.id).label("first")).where(ours, closed)
    before = ended.group_by(CASE.c.pupil).subquery()
    again = (CASE.c.pupil == before.c.pupil) & (CASE.c.id > before.c.first)
    first = sa.select(sa.func.min(CASE.c.id)).join(before, again)
    first = first.where(ours, CASE.c.opened >= _begin_of(desk)).group_by(CASE.c.pupil)
    opened = first.scalar_subquery()
    return sa.select(CASE.c.school, sa.func.count()).where(CASE.c.id.in_(opened)).group_by(CASE.c.school)


def _begin_of(desk: Desk) -> dt.date:
    return desk.day - dt.timedelta(days=LATELY_DAYS)
