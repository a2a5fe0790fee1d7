"""Every command of the case book that takes a person asks what this person may do, by the table of rights."""

import datetime as dt
import shlex
import tomllib

import pytest
import typer
from typer.testing import CliRunner

from dropout_risk.casebook.lessons.trial import Trial, declare_trial
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.rights import CASE_ROLES, may
from dropout_risk.casebook.visiting.visit_notes import COLUMNS
from dropout_risk.cli import app
from dropout_risk.errors import CaseRightError, VisitNotesError
from support.casebook_county import open_book
from support.ledger_county import PEOPLE, SCHOOLS, lived_book, placed

PERSONS = {grant.role: grant.person for grant in PEOPLE.grants}
BEGINS = dt.date.today() + dt.timedelta(5)
TRIAL = f"""name = "order"
kind = "random_order"
subject = "listed"
question = "days absent"
begins = {BEGINS}
until = {BEGINS + dt.timedelta(60)}
seed = 7
"""
COMMANDS = {
    "contacts": "contacts form.csv --by {person} --keys keys.toml",
    "trial": "trial trial.toml --by {person}",
    "end-trial": "end-trial running --by {person} --why x",
    "ledgers": "ledgers --day 2025-09-17 --out out --for {person}",
    "month": "month --month 2025-09 --out out --for {person}",
}
"""A line for each command that takes a person."""
WHO_MAY = {
    "contacts": {role for role in CASE_ROLES if may([role], "write", "plan")} - {"village"},
    "trial": {"township", "county"},
    "end-trial": {"township", "county"},
    "ledgers": {
        role for role in CASE_ROLES if any(may([role], "see", part) for part in ("where", "signals"))
    },
    "month": {"principal", "counsellor", "county", "auditor"},
}
"""By command the roles whose persons here it serves; a report is of whole schools, the trial of both."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    NoteKeys.new().save(tmp_path / "keys.toml")
    book = lived_book("sqlite:///casebook.db")
    write_form(book)
    (tmp_path / "trial.toml").write_text(TRIAL, encoding="utf-8")
    told = (
        TRIAL.replace("listed", "tutoring")
        .replace("random_order", "staggered_start")
        .replace("order", "running")
    )
    told = tomllib.loads(f'{told}schools = ["s-1", "s-2"]')
    declare_trial(book, Trial.from_dict(told), by="county")
    book.close()
    return tmp_path


def write_form(book, pupil="week", note=""):
    row = f"{book.case_of(pupil).id},2025-09-17,电话,母,,路远,约定返校,,{note}"
    header = ",".join(text.zh for text in COLUMNS.values())
    with open("form.csv", "w", encoding="utf-8") as file:
        file.write(f"{header}\n{row}\n")


def run(line):
    return CliRunner().invoke(app, ["casebook", *shlex.split(line)])


def refusal_of(result):
    """The code of the error that a command ended with; empty without one."""
    return result.output.removeprefix("[").partition("]")[0] if result.exit_code else ""


def written():
    book = open_book("sqlite:///casebook.db")
    frames = book.frames()
    book.close()
    return len(frames["entry"]), len(frames["trial"])


def test_every_command_that_takes_a_person_is_asked_here():
    group = typer.main.get_command(app).commands["casebook"]
    persons = {
        name
        for name, command in group.commands.items()
        if {"by", "person"} & {param.name for param in command.params}
    }
    assert persons == {*COMMANDS}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("person", ["nobody-knows", "mother"])
def test_whoever_has_no_right_is_refused_and_nothing_is_written(folder, command, person):
    before = written()
    result = run(COMMANDS[command].format(person=person))

    assert refusal_of(result) == CaseRightError.code
    assert written() == before
    assert not (folder / "out").exists()
    assert not any(pupil in result.output for pupil in SCHOOLS)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("role", CASE_ROLES)
def test_each_role_does_what_the_table_grants_and_nothing_else(folder, command, role):
    result = run(COMMANDS[command].format(person=PERSONS[role]))
    refused = refusal_of(result) in (CaseRightError.code, VisitNotesError.code)
    serves = role in WHO_MAY[command] and not _is_elsewhere(command, role)

    assert refused == (not serves), result.output
    assert serves == (result.exit_code == 0)


def _is_elsewhere(command, role):
    """The person here of that role has another school or class than what the line asks about."""
    covers = [grant.covers(placed("week")) for grant in PEOPLE.grants if grant.person == PERSONS[role]]
    return command == "contacts" and not any(covers)


@pytest.mark.parametrize("person", ["head-2", "mind-2"])
def test_a_case_of_another_school_is_none_of_a_persons_cases(folder, person):
    before = written()
    result = run(COMMANDS["contacts"].format(person=person))

    assert refusal_of(result) == VisitNotesError.code
    assert "is none of the cases" in result.output
    assert written() == before


def test_who_may_write_no_notes_writes_none_through_a_form_either(folder):
    book = open_book("sqlite:///casebook.db")
    write_form(book, note="家里有老人")
    book.close()
    before = written()

    for person in ("elder", "town", "county"):
        assert refusal_of(run(COMMANDS["contacts"].format(person=person))) == CaseRightError.code
    assert written() == before
    assert run(COMMANDS["contacts"].format(person="head-1")).exit_code == 0
    assert written()[0] == before[0] + 1


def test_a_head_declares_a_trial_of_the_own_school_and_of_no_other(folder):
    for school, refused in (("s-2", CaseRightError.code), ("s-1", "")):
        (folder / "trial.toml").write_text(f'{TRIAL}schools = ["{school}"]\n', encoding="utf-8")
        assert refusal_of(run(COMMANDS["trial"].format(person="head-1"))) == refused
    assert written()[1] == 2
