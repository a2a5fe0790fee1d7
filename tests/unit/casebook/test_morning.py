"""The morning on both databases: once, late, in closed schools, capped, and never without anybody to act."""

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa

from dropout_risk.casebook.laws import check_book
from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, _Morning, run_morning
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.tables import CASE, CLOCK, ENTRY, OUTBOX, ROUND, STANDING
from dropout_risk.errors import LawBrokenError
from support.casebook_county import FIRST, MEETING, County, end_state, open_book

DAYS = [FIRST + dt.timedelta(n) for n in (0, 1, 2, 3, 4, 7, 8, 9)]
STAFF = People((
    Grant("t", "class_teacher", "pupil"), Grant("h", "principal", "school", "s-1"),
    Grant("c", "counsellor", "school", "s-1"), Grant("k", "county", "county"),
))  # fmt: skip


@pytest.fixture
def book(book_url):
    opened = open_book(book_url)
    yield opened
    opened.close()


def facts_of(day, *signals, number=9, days=None, school="s-1"):
    pupils = [Placed(f"p-{n}", school, f"{school}/8/1", "t") for n in range(number)]
    return MorningFacts(day, pupils, days or SchoolDaysAhead(), signals)


def absent(pupil, day=FIRST, rule="absent_1_day", **more):
    return Signal(pupil, rule, day, **more)


def fates(book):
    with book.reading() as connection:
        return {(row.day, row.case): row.fate for row in connection.execute(sa.select(ROUND))}


def test_what_was_due_was_done_planned_or_passed_up_counted_from_raw_rows(lived):
    """Law 3 once more with loops: what became of each case stands among its entries of these days."""
    with lived.reading() as connection:
        mornings = sorted(connection.scalars(sa.select(CLOCK.c.day)))
        rows = connection.execute(sa.select(ROUND)).all()
    told = Counter((row.day, row.fate) for row in rows)
    for day in mornings[:-1]:
        due = sum(row.day == day for row in rows)
        assert due == sum(told[day, fate] for fate in ("done", "planned", "passed_up", "held"))
        assert due > 0
    for row in rows:
        entries = [entry for entry in lived.entries(row.case) if entry.day == row.day]
        kinds = {entry.kind for entry in entries if entry.by != "morning"}
        raised = any(entry.key == f"up/{row.day}/{row.case}" for entry in lived.entries(row.case))
        if row.fate == "passed_up":
            assert raised
        if row.fate == "done":
            assert kinds & {"meet", "returned", "close", "refer"}
            assert not raised
        if row.fate == "planned":
            assert "plan" in kinds
    assert {row.fate for row in rows if row.day == mornings[-1]} >= {None}


def test_a_morning_that_is_run_twice_is_run_once(book):
    county = County(pupils=40)
    county.work(book, 2)
    before = end_state(book)
    for day in county.school_days(2):
        assert run_morning(book, county.facts(day), county.people) is None
    assert end_state(book) == before


def test_missed_days_run_one_after_the_other_are_as_if_run_in_time(book):
    in_time, county = open_book("sqlite://"), County(pupils=40)
    reports = [run_morning(in_time, county.facts(day), county.people) for day in county.school_days(6)]
    late = [run_morning(book, county.facts(day), county.people) for day in county.school_days(6)]

    assert [report.to_dict() for report in late] == [report.to_dict() for report in reports]
    assert end_state(book) == end_state(in_time)


def test_what_nobody_answers_goes_up_a_level_each_time_and_is_held_at_the_top(book):
    seen = []
    for day in DAYS:
        run_morning(book, facts_of(day, *([absent("p-1")] if day == FIRST else [])), STAFF)
        case = book.case(1)
        seen.append((case.owner, case.office))
    assert seen[:3] == [("t", "class_teacher"), ("h", "principal"), ("k", "county")]
    assert set(seen[3:]) == {("k", "county")}
    assert [fates(book).get((day, 1)) for day in DAYS[:2]] == ["passed_up", "passed_up"]
    assert set(fates(book).values()) == {"passed_up", "held", None}
    assert check_book(book) == []


def test_on_the_first_days_of_a_school_nobody_gets_more_cases_than_the_cap_and_all_come_in_the_end(book):
    signals = [absent(f"p-{n}") for n in range(12)]
    opened = []
    for day in DAYS[:4]:
        report = run_morning(book, facts_of(day, *signals, number=12), STAFF)
        opened.append((report.written.get("open", 0), report.why_not.get("capped", 0)))
    most = book.settings.first_cases
    assert opened == [(most, 12 - most), (most, 12 - 2 * most), (12 - 2 * most, 0), (0, 0)]
    assert [case.pupil for case in book.cases()][:most] == [signal.pupil for signal in signals[:most]]


def test_what_the_cap_held_back_opens_its_case_though_it_fires_no_more(book):
    """Twelve pupils of one teacher miss one day; on the next morning nothing of it fires."""
    signals = [absent(f"p-{n}") for n in range(12)]
    opened = []
    for day in DAYS[:4]:
        told = signals if day == FIRST else [absent("p-3", day)]
        report = run_morning(book, facts_of(day, *told, number=12), STAFF)
        opened.append((report.written.get("open", 0), report.why_not.get("capped", 0)))
    most = book.settings.first_cases
    assert opened == [(most, 12 - most), (most, 12 - 2 * most), (12 - 2 * most, 0), (0, 0)]
    assert {case.signals["absent_1_day"] for case in book.cases() if case.pupil != "p-3"} == {str(FIRST)}
    assert check_book(book) == []


def test_what_the_cap_held_back_is_told_once_where_another_rule_fires(book):
    signals = [absent(f"p-{n}") for n in range(6)]
    run_morning(book, facts_of(FIRST, *signals), STAFF)
    run_morning(book, facts_of(DAYS[1], absent("p-5", FIRST, "absent_2_days")), STAFF)
    assert dict(book.case_of("p-5").signals) == {"absent_2_days": str(FIRST)}
    assert book.case_of("p-5").seq == 1


def test_a_morning_that_would_leave_somebody_out_fails_and_says_who(book, monkeypatch):
    real = _Morning._write_standings

    def forgets(morning):
        parts = real(morning)
        morning.connection.execute(STANDING.delete().where(STANDING.c.pupil == "p-4"))
        return parts

    monkeypatch.setattr(_Morning, "_write_standings", forgets)
    with pytest.raises(LawBrokenError, match="law 5") as error:
        run_morning(book, facts_of(FIRST, absent("p-1")), STAFF)
    assert error.value.pupils == ("p-4",)
    assert "p-4" not in str(error.value)
    assert book.today() is None


def test_a_missed_morning_that_is_made_up_for_shows_nobody_anything_and_passes_nothing_up(book):
    run_morning(book, facts_of(FIRST, absent("p-1")), STAFF)
    for day in DAYS[1:6]:
        signals = [absent("p-2", day)] if day == DAYS[1] else []
        report = run_morning(book, facts_of(day, *signals), STAFF, shown=day == DAYS[5])
        assert check_book(book) == []
    assert (book.case_of("p-1").office, book.case_of("p-2").office) == ("principal", "class_teacher")
    assert book.case_of("p-2").opened == DAYS[1]
    assert fates(book) == {(FIRST, 1): "passed_up", (DAYS[5], 1): None, (DAYS[5], 2): None}
    with book.reading() as connection:
        assert {key.split("/")[1] for key in connection.scalars(sa.select(OUTBOX.c.key))} == {
            str(FIRST), str(DAYS[5]),
        }  # fmt: skip
    assert report.round == 2


def test_what_a_counsellor_acts_on_is_told_of_though_the_morning_was_missed(book):
    run_morning(book, facts_of(FIRST), STAFF)
    crisis = Signal("p-1", "critical_item", DAYS[1], "care")
    run_morning(book, facts_of(DAYS[1], crisis, absent("p-2", DAYS[1])), STAFF, shown=False)
    with book.reading() as connection:
        assert connection.scalars(sa.select(OUTBOX.c.key)).all() == [f"own/{DAYS[1]}/c"]


def test_what_a_counsellor_acts_on_is_never_held_back(book):
    signals = [absent(f"p-{n}", rule="critical_item", line="care") for n in range(9)]
    run_morning(book, facts_of(FIRST, *signals), STAFF)
    assert len(book.cases()) == 9


def test_the_cases_of_a_closed_school_are_not_due_and_are_not_passed_up(book):
    closed = SchoolDaysAhead(closed={"s-2": frozenset(DAYS[1:3])})
    people = People(
        (*STAFF.grants, replace(STAFF.grants[1], scope_id="s-2"), replace(STAFF.grants[2], scope_id="s-2"))
    )

    def facts(day, *signals):
        one, other = facts_of(day, number=2), facts_of(day, number=2, school="s-2")
        others = [pupil._replace(pupil=f"q-{n}") for n, pupil in enumerate(other.pupils)]
        return replace(one, pupils=[*one.pupils, *others], days=closed, signals=signals)

    run_morning(book, facts(DAYS[0], absent("p-1"), absent("q-1")), people)
    later = {"due": DAYS[1].isoformat()}
    for case in book.cases():
        book.write("meet", DAYS[0], "t", f"met/{case.id}", case=case, data=MEETING | later, today=DAYS[0])
    for day in DAYS[1:4]:
        run_morning(book, facts(day), people)
    closed_case = book.case_of("q-1").id

    assert [day for day, case in fates(book) if case == closed_case] == [DAYS[0], DAYS[3]]
    assert book.case(closed_case).level == 0
    assert book.case_of("p-1").level > 0
    assert check_book(book) == []


def test_a_day_on_which_every_school_is_closed_is_no_morning(book):
    assert run_morning(book, facts_of(dt.date(2025, 9, 6), absent("p-1")), STAFF) is None
    assert book.today() is None


@pytest.mark.parametrize("missing", ["principal", "counsellor"])
def test_with_nobody_to_act_for_a_school_the_whole_morning_is_refused_and_leaves_nothing(book, missing):
    run_morning(book, facts_of(DAYS[0], absent("p-1")), STAFF)
    before = end_state(book)
    few = People(tuple(grant for grant in STAFF.grants if grant.role not in (missing, "county")))
    with pytest.raises(LawBrokenError, match=r"law 2.*s-1"):
        run_morning(book, facts_of(DAYS[1], absent("p-2")), few)
    assert end_state(book) == before


def test_a_case_whose_owner_left_without_anybody_at_that_level_or_above_refuses_the_morning(book):
    run_morning(book, facts_of(DAYS[0], absent("p-1", level=3)), STAFF)
    before = end_state(book)
    with pytest.raises(LawBrokenError, match="law 2"):
        run_morning(book, facts_of(DAYS[1]), People(STAFF.grants[:3]))
    assert end_state(book) == before


def test_a_signal_above_everybody_is_acted_upon_by_the_nearest_below(book):
    run_morning(book, facts_of(FIRST, absent("p-1", level=3)), People(STAFF.grants[:3]))
    assert (book.case_of("p-1").owner, book.case_of("p-1").office) == ("h", "principal")


def test_a_late_entry_keeps_its_true_day_and_leaves_the_fate_of_the_round(book):
    run_morning(book, facts_of(DAYS[0], absent("p-1")), STAFF)
    run_morning(book, facts_of(DAYS[1]), STAFF)
    run_morning(book, facts_of(DAYS[2]), STAFF)
    data = MEETING | {"due": DAYS[5].isoformat()}
    book.write("meet", DAYS[0], "t", "late", case=1, data=data, today=DAYS[2])

    assert fates(book) == {(DAYS[0], 1): "passed_up", (DAYS[1], 1): "passed_up"}
    assert book.case(1).met == DAYS[0]
    assert check_book(book) == []


def test_a_case_closed_for_an_earlier_day_leaves_the_signal_of_today_answered(book):
    run_morning(book, facts_of(DAYS[0], absent("p-1")), STAFF)
    run_morning(book, facts_of(DAYS[1], absent("p-1", rule="absent_3_days")), STAFF)
    data = {"outcome": "false_alarm", "why": "an excuse"}
    book.write("close", DAYS[0], "t", "closed", case=1, data=data, today=DAYS[1])
    assert check_book(book) == []


def test_a_falling_score_closes_nothing(book):
    run_morning(book, facts_of(DAYS[0], absent("p-1", rule="listed", urgent=False, due_in=5)), STAFF)
    for day in DAYS[1:5]:
        run_morning(book, facts_of(day), STAFF)
    assert book.case(1).state == "open"
    with book.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(ENTRY)) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(CASE)) == 1


def test_each_owner_has_one_digest_a_day_of_each_kind_that_names_no_pupil(lived):
    with lived.reading() as connection:
        rows = connection.execute(sa.select(OUTBOX)).mappings().all()
    days = Counter((*row["key"].split("/")[:2], row["to"]) for row in rows)
    assert rows
    assert set(days.values()) == {1}
    assert not any("p-" in str(row) for row in rows)


def test_a_round_whose_case_was_closed_by_hand_stops_the_morning_in_our_words(book):
    run_morning(book, facts_of(DAYS[0], absent("p-1")), STAFF)
    with book.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(CASE.update().values(state="closed", due=None))
    with pytest.raises(LawBrokenError, match="law 3"):
        run_morning(book, facts_of(DAYS[1]), STAFF)


def test_a_pupil_who_was_lost_still_stands_in_a_place_and_is_not_at_school(book):
    pupils = [Placed("p-1", "s-1", "s-1/8/1"), Placed("p-2", "s-1", "s-1/8/1")]
    first = MorningFacts(FIRST, pupils, SchoolDaysAhead(), [Signal("p-1", "absent_20_days", FIRST)])
    run_morning(book, first)
    case = book.case_of("p-1")
    book.write("close", FIRST, "county", "lost", case=case, data={"outcome": "lost"}, level=3, today=FIRST)

    run_morning(book, MorningFacts(DAYS[1], pupils[1:], SchoolDaysAhead()))

    standing = {row.pupil: row for row in book.frames()["standing"].itertuples()}
    assert (standing["p-1"].school, standing["p-1"].at_school) == ("s-1", False)
    assert bool(standing["p-2"].at_school)
