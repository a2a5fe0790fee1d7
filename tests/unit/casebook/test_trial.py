"""A trial is off by default, declared beforehand, kept as it is, and never of what a child is owed."""

import datetime as dt
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.lessons.trial import (
    ORDERED,
    SERVICES,
    Trial,
    assigned_frame,
    declare_trial,
    declared_trials,
    end_trial,
    trial_ends,
)
from dropout_risk.casebook.machine import OUTCOMES, VERBS
from dropout_risk.casebook.mornings import morning
from dropout_risk.casebook.mornings.morning import LISTED, MorningFacts, Signal, run_morning
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import People, Placed
from dropout_risk.casebook.tables import ASSIGNED, TRIAL
from dropout_risk.catalogue.alert_kinds import ALERT_KINDS
from dropout_risk.errors import DropoutRiskError, TrialError
from dropout_risk.settings import CaseSettings
from support.casebook_county import FIRST, County, end_state, open_book

TODAY = FIRST - dt.timedelta(3)
ORDER = Trial(
    "order-2025",
    "random_order",
    LISTED,
    "days absent within 20 school days",
    FIRST,
    FIRST + dt.timedelta(30),
    11,
)
START = Trial(
    "tutoring", "staggered_start", "tutoring", "marks at the end of term", FIRST, FIRST + dt.timedelta(120),
    5, tuple(f"s-{n}" for n in range(7)), 3, 14,
)  # fmt: skip
PUPILS = [Placed(f"p-{n}", "s-0") for n in range(24)]


def facts(signals, day=FIRST, pupils=PUPILS):
    return MorningFacts(day, pupils, County().days, signals)


def listed(numbers, urgency="watch"):
    return [Signal(f"p-{n}", LISTED, FIRST, urgent=False, due_in=5, urgency=urgency) for n in numbers]


def opened_pupils(book):
    return [case.pupil for case in book.cases()]


def trial_book(trial=None):
    book = open_book("sqlite://")
    book.settings = CaseSettings(first_cases=5)
    if trial is not None:
        declare_trial(book, trial, by="k", today=TODAY)
    return book


def test_without_a_trial_the_morning_keeps_its_order_and_nothing_is_assigned():
    book = trial_book()
    run_morning(book, facts(listed(range(24))))

    assert opened_pupils(book) == [f"p-{n}" for n in range(5)]
    assert assigned_frame(book).empty


def test_a_trial_that_has_not_begun_or_is_over_changes_nothing_that_a_morning_writes():
    later = replace(ORDER, begins=FIRST + dt.timedelta(60), until=FIRST + dt.timedelta(90))
    plain, waiting = open_book("sqlite://", NoteKeys.new()), open_book("sqlite://", NoteKeys.new())
    declare_trial(waiting, later, by="k", today=TODAY)
    for book in (plain, waiting):
        county = County(seed=2)
        county.acts = lambda book, day: iter(())
        county.work(book, 3)
    one, two = end_state(plain), end_state(waiting)

    assert {name for name in one if one[name] != two[name]} == {"trial"}


def test_when_hours_are_short_the_seed_says_who_of_equal_urgency_comes_first():
    book = trial_book(ORDER)
    run_morning(book, facts(listed(range(24))))
    expected = sorted((f"p-{n}" for n in range(24)), key=ORDER.rank)

    assert opened_pupils(book) == expected[:5] != [f"p-{n}" for n in range(5)]
    assert assigned_frame(book)["unit"].tolist() == expected
    assert set(assigned_frame(book)["day"]) == {FIRST}


def test_the_same_seed_gives_the_same_order_and_another_one_another():
    books = [trial_book(trial) for trial in (ORDER, ORDER, replace(ORDER, seed=12))]
    for book in books:
        run_morning(book, facts(listed(range(24))))
    one, two, other = map(opened_pupils, books)

    assert one == two != other


def test_more_urgent_pupils_stay_before_less_urgent_ones():
    book = trial_book(ORDER)
    run_morning(book, facts(listed(range(3), "high") + listed(range(3, 24), "watch")))

    assert set(opened_pupils(book)[:3]) == {"p-0", "p-1", "p-2"}
    assert assigned_frame(book).groupby("urgency")["unit"].count().to_dict() == {"high": 3, "watch": 21}


FIRING = ("absent_1_day", "absent_3_days", "critical_item", "register_silent", LISTED)


@given(st.lists(st.sampled_from(FIRING), min_size=1, max_size=24), st.integers(0, 99))
def test_every_alert_keeps_the_position_that_it_had(rules, seed):
    book = trial_book(replace(ORDER, seed=seed))
    signals = [
        Signal(f"p-{n}", rule, FIRST, "care" if rule == "critical_item" else "school", urgency="x")
        for n, rule in enumerate(rules)
    ]
    ordered = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(morning._Morning, "_take", lambda self, signal, *_: ordered.append(signal))
        patch.setattr(morning, "broken_laws", lambda *_, **__: [])
        run_morning(book, facts(signals))

    assert [s if s.rule != LISTED else None for s in ordered] == [
        s if s.rule != LISTED else None for s in signals
    ]
    assert sorted(s.pupil for s in ordered) == sorted(s.pupil for s in signals)
    assert set(assigned_frame(book)["unit"]) == {s.pupil for s in signals if s.rule == LISTED}


def test_what_was_assigned_is_stored_once_and_stays_on_later_days():
    book = trial_book(ORDER)
    days = County().school_days(3)
    for day, numbers in zip(days, (range(12), range(6, 24), range(24)), strict=True):
        run_morning(book, facts(listed(numbers), day))
    frame = assigned_frame(book).set_index("unit")

    assert len(frame) == 24
    assert frame.loc["p-7", "day"] == days[0]
    assert frame.loc["p-20", "day"] == days[1]


OWED = sorted(
    {*ALERT_KINDS, "absent_1_day", "absent_3_days", "pass_up", "ladder", "crisis", "alerts", "home_visit",
     "financial_aid", "counselling", "care", *VERBS, *OUTCOMES}
)  # fmt: skip


@pytest.mark.parametrize("subject", OWED)
@pytest.mark.parametrize("kind", ["random_order", "staggered_start"])
def test_what_a_child_is_owed_is_no_subject_of_a_trial(kind, subject):
    with pytest.raises(TrialError, match="owed to every child"):
        declare_trial(trial_book(), replace(START, kind=kind, subject=subject), by="k", today=TODAY)


def test_only_a_place_on_the_list_and_added_services_are_subjects():
    assert set(ORDERED) == {LISTED}
    assert not {*SERVICES} & {*OWED}


@pytest.mark.parametrize(("change", "said"), [
    ({"begins": TODAY}, "no later than today"), ({"until": FIRST}, "does not end after"),
    ({"question": ""}, "question"), ({"waves": 8}, "as many as waves"), ({"every_days": 0}, "from 1 on"),
    ({"kind": "lottery"}, "no such kind"), ({"seed": "7"}, "seed"),
])  # fmt: skip
def test_a_declaration_that_is_not_one_is_refused_by_name(change, said):
    with pytest.raises(TrialError, match=said):
        declare_trial(trial_book(), replace(START, **change), by="k", today=TODAY)


def test_a_trial_begins_after_the_last_morning_whatever_the_clock_of_the_machine_says():
    book = trial_book()
    run_morning(book, facts([]))

    with pytest.raises(TrialError, match="no later than today"):
        declare_trial(book, ORDER, by="k", today=TODAY)


def test_a_declared_trial_cannot_be_changed_or_taken_back():
    book = trial_book(ORDER)
    digest = declare_trial(book, ORDER, by="k", today=TODAY)
    with pytest.raises(TrialError, match="stays as it was"):
        declare_trial(book, replace(ORDER, seed=12), by="k", today=TODAY)
    with pytest.raises(TrialError, match="at the same time"):
        declare_trial(book, replace(ORDER, name="another"), by="k", today=TODAY)
    declare_trial(book, START, by="k", today=TODAY)
    for statement in (
        TRIAL.delete(),
        TRIAL.update().values(hash="x"),
        ASSIGNED.delete(),
        ASSIGNED.update().values(rank=1),
    ):
        with pytest.raises(DropoutRiskError), book.writing() as connection:
            connection.execute(statement)

    assert declared_trials(book) == [ORDER, START]
    assert len(digest) == 64


def test_a_trial_that_was_changed_behind_the_book_is_found():
    book = trial_book(ORDER)
    with book.writing() as connection:
        connection.execute(sa.text("DROP TRIGGER trial_update"))
        connection.execute(TRIAL.update().values(data=ORDER.to_dict() | {"seed": 99}))

    with pytest.raises(TrialError, match="not as it was declared"):
        declared_trials(book)
    with pytest.raises(TrialError, match="not as it was declared"):
        run_morning(book, facts(listed(range(3))), People.implied(PUPILS))


def test_a_staggered_start_gives_every_school_its_day_at_once():
    book = trial_book(START)
    starts = dict(zip(assigned_frame(book)["unit"], assigned_frame(book)["starts"], strict=True))
    offsets = sorted((day - FIRST).days for day in starts.values())

    assert starts == START.starts()
    assert offsets == [0, 0, 0, 14, 14, 28, 28]


def test_a_declaration_reads_back_as_it_was_written():
    assert Trial.from_dict(START.to_dict()) == START
    with pytest.raises(TrialError, match="not one of a trial"):
        Trial.from_dict(START.to_dict() | {"arms": 3})


def test_a_trial_that_is_ended_draws_nothing_from_that_day_on_and_keeps_what_it_drew():
    book, days = trial_book(ORDER), County().school_days(2)
    run_morning(book, facts(listed(range(12)), days[0]))
    drawn = assigned_frame(book)
    end_trial(book, ORDER.name, by="k", why="hours are enough now", today=days[0])
    run_morning(book, facts(listed(range(12, 24)), days[1]))

    assert opened_pupils(book)[5:] == [f"p-{n}" for n in range(12, 17)]
    assert assigned_frame(book).equals(drawn)
    assert declared_trials(book) == [ORDER]
    assert trial_ends(book) == {ORDER.name: days[0]}


def test_the_end_of_a_trial_says_who_when_and_why_and_is_never_edited():
    book = trial_book(ORDER)
    digest = end_trial(book, ORDER.name, by="k", why="hours are enough now", today=TODAY)
    assert digest == end_trial(book, ORDER.name, by="k", why="hours are enough now", today=TODAY)
    with pytest.raises(TrialError, match="ended before"):
        end_trial(book, ORDER.name, by="k", why="another reason", today=TODAY)
    for statement in (TRIAL.delete(), TRIAL.update().values(by="x")):
        with pytest.raises(DropoutRiskError), book.writing() as connection:
            connection.execute(statement.where(TRIAL.c.name == "order-2025/end"))
    row = book.frames()["trial"].set_index("name").loc["order-2025/end"]

    assert row["by"] == "k"
    assert row["data"] == {"ends": ORDER.name, "day": TODAY.isoformat(), "why": "hours are enough now"}
    assert row["hash"] == digest


@pytest.mark.parametrize(("given", "said"), [
    ({"name": "order-2024"}, "none of that name"), ({"why": " "}, "nobody says why"),
    ({"today": ORDER.until}, "it is over"), ({"name": "order-2025/end"}, "none of that name"),
])  # fmt: skip
def test_an_end_of_nothing_or_without_a_reason_is_refused(given, said):
    book = trial_book(ORDER)
    told = {"name": ORDER.name, "by": "k", "why": "x", "today": TODAY} | given
    with pytest.raises(TrialError, match=said):
        end_trial(book, told.pop("name"), **told)
    assert trial_ends(book) == {}


def test_after_its_end_another_trial_of_the_same_may_begin_and_not_under_its_name():
    book = trial_book(ORDER)
    end_trial(book, ORDER.name, by="k", why="x", today=TODAY)
    declare_trial(book, replace(ORDER, name="another", seed=12), by="k", today=TODAY)
    with pytest.raises(TrialError, match="its name ends with"):
        declare_trial(book, replace(START, name="tutoring/end"), by="k", today=TODAY)
    run_morning(book, facts(listed(range(24))))

    assert set(assigned_frame(book)["trial"]) == {"another"}


def test_an_end_that_was_changed_behind_the_book_is_found():
    book = trial_book(ORDER)
    end_trial(book, ORDER.name, by="k", why="x", today=TODAY)
    with book.writing() as connection:
        connection.execute(sa.text("DROP TRIGGER trial_update"))
        changed = {"ends": ORDER.name, "day": "2025-12-01", "why": "x"}
        connection.execute(TRIAL.update().where(TRIAL.c.name == "order-2025/end").values(data=changed))

    with pytest.raises(TrialError, match="not as it was declared"):
        trial_ends(book)
