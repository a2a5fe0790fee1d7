"""``dropout-risk morning`` as a person at a school runs it: from a folder, from a store, twice, late."""

import datetime as dt

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.cli import app
from dropout_risk.simulate.district import simulate_tables

FRIDAY = dt.date(2025, 4, 11)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("records")
    for name, table in simulate_tables(400, 5, n_days=200).tables.items():
        pq.write_table(table, place / f"{name}.parquet")
    return place


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def morning(records, bundle, book, day, *more):
    return run(
        "morning",
        records,
        "--model",
        bundle,
        "--book",
        f"sqlite:///{book}",
        "--day",
        day,
        "--language",
        "en",
        *more,
    )


def state_of(book):
    """What is in a book, without the times of writing and the hashes over them."""
    opened = Book.open(f"sqlite:///{book}")
    told = {
        name: frame.drop(columns=[column for column in ("recorded_at", "hash", "note") if column in frame])
        for name, frame in opened.frames().items()
    }
    assert check_book(opened) == []
    return {name: frame.to_csv(index=False) for name, frame in told.items()}


def test_one_screen_says_what_was_done_and_a_second_run_does_nothing(folder, bundle, tmp_path):
    first = morning(folder, bundle, tmp_path / "book.db", FRIDAY)
    after = state_of(tmp_path / "book.db")
    again = morning(folder, bundle, tmp_path / "book.db", FRIDAY)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "pupils at school: to do today" in first.output
    assert "was done before" in again.output
    assert state_of(tmp_path / "book.db") == after


def test_days_that_were_missed_open_the_same_cases_and_pass_nothing_up_that_nobody_was_shown(
    folder, bundle, tmp_path
):
    books = {}
    for name, days in (("daily", (11, 14, 15, 16)), ("late", (11, 16))):
        for day in days:
            done = morning(folder, bundle, tmp_path / f"{name}.db", FRIDAY.replace(day=day))
            assert done.exit_code == 0, done.output
        books[name] = Book.open(f"sqlite:///{tmp_path / name}.db").frames()
        assert check_book(Book.open(f"sqlite:///{tmp_path / name}.db")) == []

    daily, late = books["daily"], books["late"]
    same = {
        "signal": [*daily["signal"]],
        "case": ["id", "pupil", "line", "opened", "signals"],
        "clock": ["day"],
    }
    for name, columns in same.items():
        assert daily[name][columns].to_csv() == late[name][columns].to_csv()
    days = {str(day) for day in late["round"]["day"]}
    assert days == {str(FRIDAY), str(FRIDAY.replace(day=16))}
    told = [key for key in late["outbox"]["key"] if key.startswith("round/")]  # counsellors are told each day
    assert {key.split("/")[1] for key in told} == days
    ups = late["entry"].query("kind == 'pass_up'")
    assert len(ups) == len(late["round"].query("fate == 'passed_up'")) > 0
    assert ups["case"].is_unique
    assert late["case"]["level"].sum() < daily["case"]["level"].sum()


def test_a_weekend_is_no_morning(folder, bundle, tmp_path):
    done = morning(folder, bundle, tmp_path / "book.db", FRIDAY + dt.timedelta(days=1))

    assert done.exit_code == 0
    assert "is no school day" in done.output
    assert Book.open(f"sqlite:///{tmp_path / 'book.db'}").today() is None


def test_a_store_gives_the_same_morning_as_the_folder_it_was_built_from(folder, bundle, tmp_path):
    assert run("store", "build", folder, "--store", tmp_path / "store").exit_code == 0

    assert morning(folder, bundle, tmp_path / "a.db", FRIDAY).exit_code == 0
    assert morning(tmp_path / "store", bundle, tmp_path / "b.db", FRIDAY).exit_code == 0

    assert state_of(tmp_path / "a.db") == state_of(tmp_path / "b.db")


def test_a_file_of_people_with_faults_stops_before_anything_is_read(folder, bundle, tmp_path):
    (tmp_path / "people.csv").write_text(
        "person,role,scope,scope_id\nt-1,teacher,class,\n,principal,schools,s-1\n"
    )

    done = morning(folder, bundle, tmp_path / "book.db", FRIDAY, "--people", tmp_path / "people.csv")

    assert done.exit_code == 2
    assert "[DR804] people.csv has 4 problem(s)" in done.output
    assert not (tmp_path / "book.db").exists()


def test_a_school_for_which_nobody_acts_stops_the_morning_and_leaves_nothing(folder, bundle, tmp_path):
    (tmp_path / "people.csv").write_text("person,role,scope,scope_id\nh-1,principal,school,s-001\n")

    done = morning(folder, bundle, tmp_path / "book.db", FRIDAY, "--people", tmp_path / "people.csv")

    assert done.exit_code == 2
    assert "[DR806]" in done.output
    assert "school: s-002" in done.output
    assert "care: s-001, s-002" in done.output
    assert Book.open(f"sqlite:///{tmp_path / 'book.db'}").cases() == []


def test_new_rows_are_for_a_store(folder, bundle, tmp_path):
    done = morning(folder, bundle, tmp_path / "book.db", FRIDAY, "--new", folder)

    assert done.exit_code == 2
    assert "--new appends to a store" in done.output
