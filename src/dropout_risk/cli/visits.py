"""``dropout-risk casebook visits`` and ``contacts``: a week planned from the book, and what came of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dropout_risk.cli.acting import written_seats
from dropout_risk.cli.options import DEFAULT_BOOK, BookAddress, KeysFile, open_book
from dropout_risk.errors import CaseRightError
from dropout_risk.text import Text, language_of

if TYPE_CHECKING:
    from dropout_risk.casebook.visiting.visits import DayRoute, VisitPlan
    from dropout_risk.records.directory import Directory
    from dropout_risk.text import Language

_PLANNED = Text(
    zh="排入{visits}户家访，共{routes}条路线；{left}户未排入：{out}",
    en="{visits} visits on {routes} routes, {left} did not fit: {out}",
)
_LEFT_OUT = Text(zh="未排入 个案{case}：{why}", en="did not fit: case {case}: {why}")
_TAKEN = Text(
    zh="登记{taken}次联系；未填写{empty}行", en="{taken} contacts written; {empty} rows not filled in"
)
_WEEK = 7


def visits(
    team: Annotated[
        Path, typer.Option("--team", exists=True, dir_okay=False, help="Who has which hours: a TOML file.")
    ],
    week: Annotated[str, typer.Option("--week", help="Its first day, YYYY-MM-DD.")],
    out: Annotated[Path, typer.Option(help="A folder: sheets to print, forms to fill in, calendars.")],
    book: BookAddress = DEFAULT_BOOK,
    store: Annotated[
        Path | None,
        typer.Option("--store", exists=True, file_okay=False, help="For names and addresses on the sheets."),
    ] = None,
    owners: Annotated[
        bool, typer.Option("--owners", help="Everybody visits the pupils of her own cases only.")
    ] = False,
    language: Annotated[str, typer.Option(help="zh or en")] = "zh",
) -> None:
    """Plan a week of home visits from the due cases: overdue first, homes of one village together."""
    from dropout_risk.casebook.visiting.due_stops import due_stops, read_team
    from dropout_risk.casebook.visiting.visit_week import plan_week
    from dropout_risk.records.days.calendar import date_of, ordinal_of
    from dropout_risk.records.directory import Directory

    speech, first = language_of(language), date_of(ordinal_of(week))
    days = [first + dt.timedelta(days=number) for number in range(_WEEK)]
    visitors = read_team(team, days)
    opened = open_book(book)
    stops = due_stops(opened, days, [visitor.person for visitor in visitors] if owners else None)
    plan = plan_week(stops, visitors, days)
    directory = Directory.empty() if store is None else Directory.load(store)
    _write_plan(plan, out, directory, speech)
    for item in plan.left_out:
        typer.echo(_LEFT_OUT.fill(speech, case=item.stop.case_id, why=item.text.to(speech)))
    number = sum(len(route.visits) for route in plan.routes)
    counts = {"visits": number, "routes": len(plan.routes), "left": len(plan.left_out)}
    typer.echo(_PLANNED.fill(speech, **counts, out=out))


def _write_plan(plan: VisitPlan, out: Path, directory: Directory, language: Language) -> None:
    """Write for each person a sheet, a form and a calendar; all names of files are ids."""
    from dropout_risk.casebook.visiting.visit_calendar import calendar_of_week
    from dropout_risk.casebook.visiting.visit_notes import write_visit_form
    from dropout_risk.desk.visit_sheet_page import visit_sheet
    from dropout_risk.files import write_whole

    written = dt.datetime.now(dt.UTC)
    persons = dict.fromkeys(person for route in plan.routes for person in route.persons)
    for person in persons:
        routes: tuple[DayRoute, ...] = plan.routes_of(person)
        write_whole(out / f"{person}.html", visit_sheet(routes, directory, language))
        write_whole(out / f"{person}.ics", calendar_of_week(plan, person, written=written))
        write_visit_form(out / f"{person}.csv", routes, language)


def contacts(
    form: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A form that was filled in.")],
    by: Annotated[str, typer.Option("--by", help="Who visited.")],
    book: BookAddress = DEFAULT_BOOK,
    keys: KeysFile = None,
    language: Annotated[str, typer.Option(help="zh or en")] = "zh",
) -> None:
    """Write the contacts of a filled-in form into the book: all of them, or none; twice is once.

    Of cases into which whoever visited may write, by the people of the last morning.
    """
    from dropout_risk.casebook.school_days import SchoolDaysAhead
    from dropout_risk.casebook.visiting.due_stops import contact_drafts
    from dropout_risk.casebook.visiting.visit_notes import read_visit_notes

    speech, today = language_of(language), dt.date.today()
    opened = open_book(book, keys)
    seats = written_seats(opened, by, today)
    notes = read_visit_notes(form, today=today, cases=seats)
    if not all(seats[note.case_id].may("write", "notes") for note in notes if note.note):
        raise CaseRightError("That person may write no notes.", hint="leave the column of notes empty")
    days = SchoolDaysAhead()
    opened.write_all(contact_drafts(opened, notes, by, today, days), today, days)
    typer.echo(_TAKEN.fill(speech, taken=len(notes), empty=len(notes.not_filled)))
