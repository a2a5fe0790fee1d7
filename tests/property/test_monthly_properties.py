"""The balance of any book, recounted by a plain loop over its raw entries."""

import datetime as dt

import hypothesis.strategies as st
from hypothesis import given, settings

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.paperwork.monthly import Period, month_balances, total_balance
from dropout_risk.errors import CaseRefusedError

FIRST, TODAY = dt.date(2025, 8, 25), dt.date(2025, 12, 31)
OPENED = {"rule": "worry", "level": 0, "owner": "t", "due": "2026-01-05"}
COUNTED = ("before", "new", "taken", "closed", "given", "after")
acts = st.lists(
    st.tuples(
        st.integers(0, 2), st.sampled_from(["open", "hand_over", "close", "note", "signal"]),
        st.integers(0, 60), st.integers(0, 2), st.sampled_from(["school", "school", "school", "care"]),
    ),
    min_size=6,
    max_size=30,
)  # fmt: skip
periods = st.tuples(st.integers(0, 60), st.integers(0, 40)).map(
    lambda pair: Period(FIRST + dt.timedelta(pair[0]), FIRST + dt.timedelta(sum(pair)))
)


def written_book(told):
    """A book in which these acts were tried: entries come late, cases move, some are only counsellors'."""
    book = Book.open("sqlite://", now=lambda: dt.datetime(2025, 9, 10, 12))
    for number, (pupil, kind, day, school, line) in enumerate(told):
        case, when = book.case_of(f"p-{pupil}", line), FIRST + dt.timedelta(day)
        if (case is None) != (kind == "open"):
            continue
        data = {
            "open": {"pupil": f"p-{pupil}", "school": f"s-{school}", "line": line} | OPENED,
            "hand_over": {"owner": "t", "school": f"s-{school}"},
            "close": {"outcome": "lost"},
            "note": {},
            "signal": {"rule": "listed", "due": "2026-01-05"},
        }[kind]  # fmt: skip
        try:
            book.write(kind, when, "t", f"k-{number}", case=case, data=data, level=3, today=TODAY)
        except CaseRefusedError:
            continue
    return book


def plain_count(book, period):
    """Walk through the entries of each case one by one, day by day."""
    counts = {}
    frames = book.frames()
    care = set(frames["case"].query("line == 'care'")["id"])
    for number, entries in frames["entry"].groupby("case"):
        if number in care:
            continue
        day, school, live = None, None, False
        at = {"before": (None, False), "after": (None, False)}
        for entry in entries.sort_values("seq").to_dict("records"):
            day = entry["day"] if day is None else max(day, entry["day"])
            was = school
            if entry["kind"] == "open":
                school, live, name = entry["data"]["school"], True, "new"
            elif entry["kind"] == "close":
                live, name = False, "closed"
            elif entry["kind"] == "hand_over" and entry["data"].get("school", school) != school:
                school, name = entry["data"]["school"], "taken"
            else:
                name = None
            if name and period.first <= day <= period.last:
                counts[school, name] = counts.get((school, name), 0) + 1
                if name == "taken":
                    counts[was, "given"] = counts.get((was, "given"), 0) + 1
            if day < period.first:
                at["before"] = school, live
            if day <= period.last:
                at["after"] = school, live
        for name, (where, is_live) in at.items():
            if is_live:
                counts[where, name] = counts.get((where, name), 0) + 1
    return counts


@settings(max_examples=60, deadline=None)
@given(acts, periods)
def test_every_balance_closes_and_is_what_a_plain_loop_counts(told, period):
    book = written_book(told)
    balances = month_balances(book, period)
    found = {
        (balance.school, name): getattr(balance, name)
        for balance in balances for name in COUNTED if getattr(balance, name)
    }  # fmt: skip
    recounted = plain_count(book, period)
    book.close()

    assert found == recounted
    assert all(balance.closes for balance in balances)
    total = total_balance(balances, "all")
    assert total.before + total.new == total.closed + total.after


@settings(max_examples=60, deadline=None)
@given(acts, st.integers(1, 59))
def test_two_periods_that_meet_add_up_to_one(told, cut):
    book = written_book(told)
    first, middle, last = (FIRST + dt.timedelta(days) for days in (0, cut, 60))
    left, right, whole = (
        total_balance(month_balances(book, Period(*days)), "all")
        for days in ((first, middle), (middle + dt.timedelta(1), last), (first, last))
    )
    book.close()

    assert left.after == right.before
    assert (left.new + right.new, left.closed + right.closed) == (whole.new, whole.closed)
    assert (left.before, right.after) == (whole.before, whole.after)
