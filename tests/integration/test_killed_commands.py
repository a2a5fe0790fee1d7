"""The command ``morning`` and a form's post, killed at any moment: they end as if nobody had been."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.cli import app
from dropout_risk.histories.histories import Histories
from dropout_risk.simulate.district import simulate_district
from support.desk_town import Town

SCRIPT = Path(__file__).parents[1] / "support" / "killed_commands.py"
MORNINGS, POSTS = 20, 30
DAYS = [dt.date(2025, 4, day) for day in (11, 14, 16, 18)]
"""The second is a Monday, and before the others a day each is missed."""


def killed(*words):
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return int(done.stdout.split()[-1])


def state_of(path):
    """What is in a book, without the times of writing, the keys that are drawn, and the hashes over them."""
    book = Book.open(f"sqlite:///{path}")
    assert check_book(book) == []
    told = {
        name: frame.drop(
            columns=[column for column in ("recorded_at", "at", "hash", "note") if column in frame]
        )
        for name, frame in book.frames().items()
    }
    book.close()
    return {name: frame.to_csv(index=False) for name, frame in told.items()}


@pytest.mark.slow
def test_mornings_that_are_killed_end_as_mornings_that_are_not(bundle, tmp_path):
    store = tmp_path / "store"
    Histories.from_records(simulate_district(n_students=120, seed=5, n_days=200)).save(store)
    for day in DAYS:
        words = [
            "morning",
            store,
            "--model",
            bundle,
            "--book",
            f"sqlite:///{tmp_path}/whole.db",
            "--day",
            day,
        ]
        done = CliRunner().invoke(app, [*map(str, words)])
        assert done.exit_code == 0, done.output

    assert killed("morning", MORNINGS, store, bundle, tmp_path / "killed.db", *DAYS) == MORNINGS
    assert state_of(tmp_path / "killed.db") == state_of(tmp_path / "whole.db")


@pytest.mark.slow
def test_a_form_whose_server_is_killed_and_that_is_sent_again_is_written_once(tmp_path):
    keys = NoteKeys.new()
    town = Town(f"sqlite:///{tmp_path}/book.db")
    town.book.keys = keys
    keys.save(tmp_path / "keys")
    before = {case.id: case.seq for case in town.book.cases()}
    town.book.close()

    assert killed("post", POSTS, tmp_path / "book.db", tmp_path / "keys") == POSTS

    book = Book.open(f"sqlite:///{tmp_path}/book.db", keys=keys)
    (case,) = (case for case in book.cases() if case.seq > before[case.id])
    new = book.entries(case.id)[before[case.id] :]
    assert [entry.kind for entry in new] == ["meet"] * POSTS
    assert [book.note_of(entry) for entry in new] == [f"contact {number}" for number in range(POSTS)]
    assert check_book(book) == []
    book.close()
