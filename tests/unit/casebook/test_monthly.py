"""The report of a month: it closes for each school, or names the one where it does not."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.paperwork.monthly import (
    Period,
    balance_sheet,
    month_balances,
    require_closed,
    total_balance,
    write_month,
)
from dropout_risk.casebook.tables import ENTRY
from dropout_risk.errors import CaseRightError, DateError, LawBrokenError
from support.casebook_county import County, open_book
from support.ledger_county import lived_book

SEPTEMBER = Period.named("2025-09")


@pytest.fixture(scope="module")
def book():
    book = open_book("sqlite://", NoteKeys.new())
    County(pupils=60, schools=3).work(book, 30)
    return book


def test_it_closes_for_every_school_and_for_the_county_and_counts_no_counsellors_case(book):
    balances = month_balances(book, SEPTEMBER)
    total = total_balance(balances, "all")
    school_line = [case for case in book.cases() if case.line == "school"]

    assert [balance.school for balance in balances] == ["s-0", "s-1", "s-2"]
    assert all(balance.closes for balance in (*balances, total))
    assert total.before == 0
    assert total.new == sum(case.opened <= SEPTEMBER.last for case in school_line)
    assert total.closed == sum(total.outcomes.values()) > 0


def test_what_one_month_leaves_the_next_begins_with(book):
    september, october = (
        {balance.school: balance for balance in month_balances(book, Period.named(name))}
        for name in ("2025-09", "2025-10")
    )

    assert {name: item.after for name, item in september.items()} == {
        name: item.before for name, item in october.items()
    }


def test_a_quarter_adds_up_its_months(book):
    months = [total_balance(month_balances(book, Period.named(f"2025-{n:02d}")), "") for n in (7, 8, 9)]
    quarter = total_balance(month_balances(book, Period.named("2025-Q3")), "")

    assert quarter.new == sum(month.new for month in months)
    assert quarter.closed == sum(month.closed for month in months)
    assert (quarter.before, quarter.after) == (months[0].before, months[-1].after)


def test_a_case_that_moves_is_taken_over_by_one_school_and_given_away_by_the_other():
    book = lived_book()
    case = book.case_of("week")
    day = dt.date(2025, 9, 18)
    book.write(
        "hand_over", day, "head-1", "move", case=case, data={"owner": "head-2", "school": "s-2"}, today=day
    )
    one, two = month_balances(book, SEPTEMBER)

    assert (one.school, one.new, one.given, one.after) == ("s-1", 3, 1, 2)
    assert (two.school, two.new, two.taken, two.after) == ("s-2", 1, 1, 2)


def test_an_entry_written_down_after_the_month_is_counted_in_it_and_named():
    book = lived_book()
    book.now = lambda: dt.datetime(2025, 10, 3, 12)
    case = book.case_of("week")
    book.write(
        "close", dt.date(2025, 9, 30), "county", "late", case=case, level=3, data={"outcome": "lost"},
        today=dt.date(2025, 10, 3),
    )  # fmt: skip
    (one, _) = month_balances(book, SEPTEMBER)

    assert (one.closed, one.outcomes["lost"], one.late) == (1, 1, 1 + one.new)


def test_a_balance_that_does_not_close_names_its_school(book):
    one, *others = month_balances(book, SEPTEMBER)

    with pytest.raises(LawBrokenError, match=r"1 school.*: s-0 "):
        require_closed([replace(one, after=one.after + 1), *others])


def test_an_entry_that_is_gone_from_the_book_is_found_by_the_balance():
    book = lived_book()
    day = dt.date(2025, 9, 18)
    book.write(
        "hand_over", day, "head-1", "move", case=book.case_of("week"), data={"owner": "head-2"}, today=day
    )
    with book.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER entry_same")
        connection.execute(
            ENTRY.update().where(ENTRY.c.key == "move").values(kind="open", data=_opened("s-9"))
        )

    with pytest.raises(LawBrokenError, match="does not close: s-1 "):
        month_balances(book, SEPTEMBER)


def _opened(school):
    return {
        "pupil": "x",
        "school": school,
        "line": "school",
        "rule": "worry",
        "level": 0,
        "owner": "x",
        "due": "2025-09-18",
    }


@pytest.mark.parametrize(("person", "schools"), [("county", ["s-1", "s-2"]), ("head-2", ["s-2"])])
def test_a_person_reads_the_schools_of_the_own_grants(person, schools):
    found = month_balances(lived_book(), SEPTEMBER, person=person)

    assert [balance.school for balance in found] == schools


@pytest.mark.parametrize("person", ["elder", "mother", "stranger"])
def test_who_may_see_no_outcome_reads_no_balance(person):
    with pytest.raises(CaseRightError, match="No school"):
        month_balances(lived_book(), SEPTEMBER, person=person)


@pytest.mark.parametrize(
    "name", ["2025-13", "2025-Q5", "09/2025", "2025-09-30..2025-09-01", "", "2025-00", "0000"]
)
def test_what_is_no_period_is_refused_with_what_is_one(name):
    with pytest.raises(DateError, match="2025-Q3"):
        Period.named(name)


def test_a_month_has_its_own_words_and_other_periods_have_theirs(book):
    balances = month_balances(book, SEPTEMBER)
    month, quarter = (balance_sheet(balances, period) for period in (SEPTEMBER, Period.named("2025-Q3")))

    assert month.headings[1:7] == ("上月在册", "本月新增", "转入", "本月销号", "转出", "月末在册")
    assert quarter.headings[1:7] == ("上期在册", "本期新增", "转入", "本期销号", "转出", "期末在册")


def test_the_report_reads_back_with_its_sum_and_has_the_same_bytes_twice(book, tmp_path):
    balances = month_balances(book, SEPTEMBER)
    first = [path.read_bytes() for path in write_month(balances, SEPTEMBER, tmp_path / "a")]
    paths = write_month(balances, SEPTEMBER, tmp_path / "b")
    rows = CalamineWorkbook.from_path(paths[0]).get_sheet_by_index(0).to_python()

    assert [path.name for path in paths] == ["控辍保学月报 2025-09.xlsx", "控辍保学月报 2025-09.csv"]
    assert first == [path.read_bytes() for path in paths]
    sums = [sum(int(row[column]) for row in rows[3:-1]) for column in range(1, 7)]
    assert rows[-1][0] == "合计"
    assert [int(cell) for cell in rows[-1][1:7]] == sums


def test_entries_are_read_once_and_without_their_notes(book):
    said = []
    sa.event.listen(book.engine, "before_cursor_execute", lambda *call: said.append(call[2]))
    month_balances(book, SEPTEMBER)

    assert sum("FROM entry" in statement for statement in said) == 1
    assert not any(".note" in statement for statement in said)
