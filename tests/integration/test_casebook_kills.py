"""Whoever is killed, or whatever fails, and whenever: the book ends as if nothing had happened."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.notes import NoteKeys
from support.casebook_county import County, end_state, open_book
from support.killed_county import DAYS, PUPILS

KILLS, FAULTS = 50, 1000
SCRIPT = Path(__file__).parents[1] / "support" / "killed_county.py"


def unbroken(seed, keys, pupils=PUPILS, days=DAYS):
    book = open_book("sqlite://", keys)
    County(seed, pupils=pupils).work(book, days)
    return end_state(book)


def assert_whole(book, expected):
    assert end_state(book) == expected
    assert check_book(book) == []


def test_a_book_that_was_killed_fifty_times_ends_as_one_that_was_not(new_url, tmp_path):
    keys = NoteKeys.new()
    keys.save(tmp_path / "keys.toml")
    urls = [new_url() for _ in range(80)]  # a quick machine is done with a book before it is killed often
    done = subprocess.run(
        [sys.executable, SCRIPT, str(KILLS), "0", tmp_path / "keys.toml", *urls],
        capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    killed = [int(word) for word in done.stdout.split()]

    assert sum(killed) == KILLS
    for seed, (url, _) in enumerate(zip(urls, killed, strict=False)):
        book = open_book(url, keys)
        assert_whole(book, unbroken(seed, keys))
        book.close()


class FaultError(Exception):
    """What comes from nowhere."""


class Faults:
    """Raises now and then at whatever a book does with its database: before, after, and within a commit."""

    def __init__(self, book, seed, often):
        self.chance, self.often, self.number, self.where = random.Random(seed), often, 0, set()
        for event in ("before_cursor_execute", "after_cursor_execute"):
            sa.event.listen(book.engine, event, lambda *_, event=event, **__: self.strike(event))
        commit = book.engine.dialect.do_commit

        def do_commit(connection):
            self.strike("before commit")
            commit(connection)
            self.strike("after commit")

        book.engine.dialect.do_commit = do_commit

    def strike(self, where):
        if self.chance.random() < self.often:
            self.number += 1
            self.where.add(where)
            raise FaultError(where)


@pytest.mark.parametrize("seed", range(3))
def test_a_book_with_a_thousand_faults_ends_as_one_without(new_url, seed):
    keys, counted, where = NoteKeys.new(), 0, set()
    for number in range(100):
        book = open_book(new_url(), keys)
        county, faults = County(100 * seed + number, pupils=20), Faults(book, seed, 0.04)
        while counted + faults.number < FAULTS / 3:
            try:
                county.resume(book, 4)
            except FaultError:
                continue
            break
        faults.often = 0
        county.resume(book, 4)
        counted, where = counted + faults.number, where | faults.where
        assert_whole(book, unbroken(100 * seed + number, keys, 20, 4))
        book.close()
        if counted >= FAULTS / 3:
            break

    assert counted >= FAULTS / 3
    assert where == {"before_cursor_execute", "after_cursor_execute", "before commit", "after commit"}
