"""Notes: nobody reads them without the key, nor in another's row; keys are renewed and the chain stays."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.seen import note_seen, who_has_seen
from dropout_risk.casebook.tables import ENTRY
from dropout_risk.errors import NoteKeyError
from support.casebook_county import County, open_book

KEYS = NoteKeys.new()
NUMBERS = st.integers(1, 10**6)


@given(st.text(), NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_a_note_is_read_at_its_own_case_and_number_and_nowhere_else(text, case, seq, other_case, other_seq):
    sealed = KEYS.seal(text, case=case, seq=seq)
    if (case, seq) == (other_case, other_seq):
        assert KEYS.read(sealed, case=case, seq=seq) == text
        return
    with pytest.raises(NoteKeyError, match="not the one that was written there"):
        KEYS.read(sealed, case=other_case, seq=other_seq)


@given(st.binary(max_size=60))
def test_whatever_stands_in_the_row_of_a_note_is_read_or_refused_in_our_words(sealed):
    for garbled in (sealed, b"k1|" + sealed):
        with pytest.raises(NoteKeyError):
            KEYS.read(garbled, case=1, seq=1)


def test_keys_are_written_for_their_owner_alone_and_read_back(tmp_path):
    path = KEYS.save(tmp_path / "keys.toml")
    assert path.stat().st_mode & 0o077 == 0
    assert NoteKeys.load(path) == KEYS
    for text in ("", "vouching = 'zz'\n[encrypting]\n", 'vouching = "00"\n[encrypting]\nk1 = "00"\n', "[["):
        path.write_text(text)
        with pytest.raises(NoteKeyError):
            NoteKeys.load(path)
    assert KEYS.vouching.hex() not in repr(KEYS)


def test_notes_are_renewed_in_a_book_and_its_chain_and_its_texts_stay(new_url):
    url = new_url()
    book, county = open_book(url, KEYS), County(pupils=30)
    county.work(book, 4)
    entries = [entry for case in book.cases() for entry in book.entries(case.id) if entry.note]
    texts = [book.note_of(entry) for entry in entries]
    new = KEYS.renewed()

    assert book.renew_notes(new) == len(entries) > 0
    only = open_book(url, new.only_last())
    renewed = [entry for case in only.cases() for entry in only.entries(case.id) if entry.note]
    assert [only.note_of(entry) for entry in renewed] == texts
    assert [entry.hash for entry in renewed] == [entry.hash for entry in entries]
    assert check_book(only) == []
    with pytest.raises(NoteKeyError):
        open_book(url, KEYS).note_of(renewed[0])
    assert {broken.law for broken in check_book(open_book(url, KEYS))} == {4}


def test_no_text_of_a_note_lies_in_the_book(new_url):
    book = open_book(new_url(), KEYS)
    County(pupils=30).work(book, 3)
    with book.reading() as connection:
        told = str(connection.execute(sa.select(ENTRY)).all())
    assert "note_mac" in told
    assert "家访" not in told


def test_without_keys_a_note_is_refused_and_the_laws_of_the_rest_are_checked(new_url):
    url = new_url()
    County(pupils=30).work(open_book(url, KEYS), 3)
    book = open_book(url)
    assert check_book(book) == []
    case = next(case for case in book.cases() if case.state == "open")
    with pytest.raises(NoteKeyError, match="without keys"):
        book.write("note", book.today(), "t", "k", case=case, note="家访", today=book.today())
    assert book.case(case.id) == case


def test_each_look_is_told_once_a_minute_in_its_order(new_url):
    book = open_book(new_url())
    assert note_seen(book, "c-1", "p-1", ["psychology", "notes", "notes"]) == 2
    assert note_seen(book, "c-1", "p-1", "psychology") == 0
    assert note_seen(book, "h-1", "p-1", "psychology") == 1
    assert note_seen(book, "c-1", "p-2", "psychology") == 1
    looks = [(look.person, look.part) for look in who_has_seen(book, "p-1")]
    assert looks == [("c-1", "psychology"), ("c-1", "notes"), ("h-1", "psychology")]
    assert check_book(book) == []
