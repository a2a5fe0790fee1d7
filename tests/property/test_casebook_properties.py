"""Whatever is written to a case book in whatever order, it is the machine of the design."""

import datetime as dt
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.errors import CaseConflictError, CaseRefusedError
from support import case_oracle

KEYS = NoteKeys.new()
MONDAY = dt.date(2025, 9, 1)
OFFSETS = st.integers(-3, 30)
PEOPLE = st.sampled_from(["t-1", "h-1", "v-1", "k"])
LEVELS = st.integers(0, 3)
DAYS = st.one_of(OFFSETS.map(lambda n: (MONDAY + dt.timedelta(n)).isoformat()), st.just("soon"))
WORDS = st.text("家访不在 a'\"\\%\u2028\U0001f600", min_size=1, max_size=6)
DATA = {
    "pupil": st.sampled_from(["p-1", "p-2"]), "school": WORDS, "line": st.sampled_from(["school", "care"]),
    "rule": st.sampled_from(["absent_1_day", "listed"]), "level": LEVELS, "owner": PEOPLE, "due": DAYS,
    "way": st.just("call"), "met": st.sampled_from([["mother"], ["nobody"]]),
    "difficulty": st.just(["poverty", "far_way"]),
    "result": st.just("promised"), "reason": WORDS, "since": DAYS, "to": PEOPLE,
    "said": st.sampled_from(["accepted", "declined", "done"]), "wrong": st.just("register"),
    "outcome": st.sampled_from([*case_oracle.LOWEST]), "document": WORDS, "why": WORDS,
    "present": st.integers(0, 25), "absent": st.integers(0, 1),
}  # fmt: skip
MORE = {
    "signal": ["since", "level", "owner"], "hand_over": ["level"], "answer": ["due"], "open": ["since"],
    "close": ["document", "why", "present", "absent", "school"],
}  # fmt: skip


@st.composite
def acts(draw):
    """One act as somebody might write it: mostly whole, sometimes with something missing or out of time."""
    verb = draw(st.sampled_from([*case_oracle.NEEDS, "close", "returned", "meet", "plan", "plan"]))
    named = [
        *case_oracle.NEEDS[verb],
        *draw(st.sets(st.sampled_from(MORE[verb])) if verb in MORE else st.just([])),
    ]
    data = {name: draw(DATA[name]) for name in dict.fromkeys(named)}
    if data and draw(st.integers(0, 9)) == 0:
        data[draw(st.sampled_from([*data]))] = ""
    note = draw(st.one_of(st.just(""), WORDS))
    return verb, draw(st.integers(-2, 8)), data, draw(LEVELS), note


def compared(case):
    told = {name: getattr(case, name) for name in (
        "state", "line", "level", "owner", "opened", "turned", "moved", "outcome", "met",
    )}  # fmt: skip
    due = None if case.due is None else case.due.isoformat()
    return told | {"due": due, "referrals": dict(case.referrals), "signals": dict(case.signals)}


def written_or_refusal(book, verb, day, key, **told):
    try:
        return book.write(verb, day, "t-1", key, **told)
    except (CaseRefusedError, CaseConflictError) as refusal:
        return refusal


def write_all(book, drawn):
    """Write acts to two cases, one after the other; ask the oracle of each first. Give the oracle's cases."""
    cases = {}
    numbers = itertools.count()
    for number, ((verb, offset, data, level, note), which) in enumerate(drawn):
        day, today = MONDAY + dt.timedelta(offset), MONDAY + dt.timedelta(5)
        held = [*cases][which] if which < len(cases) else None
        expected = case_oracle.accepts(cases.get(held), verb, day, today, data, level, note)
        live = [(made["pupil"], made["line"]) for made in cases.values() if made["state"] != "closed"]
        twice = expected and held is None and (data["pupil"], data["line"]) in live
        after = written_or_refusal(
            book, verb, day, f"act-{next(numbers)}", case=held, data=data, note=note, level=level, today=today
        )
        if isinstance(after, Exception):
            assert not expected or twice, (number, verb, str(after))
            continue
        assert expected, f"{number}: {verb} was written"
        assert not twice
        pupil = {"pupil": data["pupil"] if held is None else cases[held]["pupil"]}
        cases[after.id] = case_oracle.after(cases.get(held), verb, day, data) | pupil
        assert compared(after) | pupil == cases[after.id]
    return cases


DRAWN = st.lists(st.tuples(acts(), st.integers(0, 2)), min_size=1, max_size=14)
OPENED = {
    "pupil": "p-1", "school": "s-1", "line": "school", "rule": "absent_1_day", "level": 0, "owner": "t-1",
    "due": MONDAY.isoformat(),
}  # fmt: skip
FIRST = [(("open", 0, OPENED, 0, ""), 9), (("open", 0, OPENED | {"pupil": "p-3", "line": "care"}, 0, ""), 9)]


@given(DRAWN)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_a_case_takes_what_the_design_takes_and_becomes_what_it_says(drawn):
    book = Book.open("sqlite://", keys=KEYS)
    cases = write_all(book, FIRST + drawn)

    assert {case.id: compared(case) | {"pupil": case.pupil} for case in book.cases()} == cases
    assert check_book(book) == []
    assert book.rebuild() == 0


@given(DRAWN)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_both_databases_read_back_what_was_written_to_them(new_url, drawn):
    book = Book.open(new_url(), keys=KEYS)
    write_all(book, FIRST + drawn)
    written = [entry for case in book.cases() for entry in book.entries(case.id)]
    told = [book.note_of(entry) for entry in written]

    assert check_book(book) == []
    assert [text for text in told if text] == [
        text for entry, text in zip(written, told, strict=True) if entry.note
    ]
    book.close()


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9),
    st.text(max_size=3),
    st.lists(st.dictionaries(st.text(), st.text()), max_size=2),
)


@pytest.mark.parametrize("verb", [*case_oracle.NEEDS])
@given(data=st.dictionaries(st.sampled_from([*DATA]), ODD))
@settings(max_examples=10)
def test_whatever_a_form_sends_is_written_or_refused_in_our_words(verb, data):
    book = Book.open("sqlite://", keys=KEYS)
    write_all(book, FIRST)
    case = None if verb == "open" else 1
    told = written_or_refusal(book, verb, MONDAY, "odd", case=case, data=data, level=3, today=MONDAY)

    assert "p-1" not in str(told) or not isinstance(told, Exception)
    assert check_book(book) == []
