"""A book after eight days of a small county, on both databases."""

import pytest

from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.seen import note_seen
from support.casebook_county import County, open_book

KEYS = NoteKeys.new()
DAYS = 8


@pytest.fixture(scope="session")
def lived(new_url):
    """Nobody changes it for good: whoever writes rolls back."""
    book = open_book(new_url(), KEYS)
    county = County(pupils=80)
    county.work(book, DAYS - 1)
    for pupil in ("p-1", "p-2", "p-3"):
        note_seen(book, "c-1", pupil, ["psychology", "notes"])
    county.work(book, DAYS)
    case = next(case for case in book.cases() if case.state == "open")
    book.write("note", county.school_days(DAYS)[-1], case.owner, "a-note", case=case, note="没有人在家")
    yield book
    book.close()
