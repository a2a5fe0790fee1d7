"""Weeks of a small county on both databases: the laws hold, and both tell the same."""

import pytest

from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.notes import NoteKeys
from support.casebook_county import County, end_state, open_book

KEYS = NoteKeys.new()


@pytest.mark.parametrize("seed", range(2))
def test_after_three_weeks_all_laws_hold_on_both_databases_and_both_hold_the_same(new_url, seed):
    book, plain = open_book(new_url(), KEYS), open_book("sqlite://", KEYS)
    for each in (book, plain):
        County(seed).work(each, 15)
    assert check_book(book) == []
    assert end_state(book) == end_state(plain)
