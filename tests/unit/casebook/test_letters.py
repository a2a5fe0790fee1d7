import dataclasses
import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import Attended
from dropout_risk.casebook.notices.letters import (
    AIDS,
    LETTER_STATES,
    Letter,
    letters_of,
    proposed_days,
    release_letter,
    take_back_letter,
)
from dropout_risk.casebook.rights import CASE_ROLES, may
from dropout_risk.catalogue.alert_kinds import ALERT_KINDS
from dropout_risk.errors import CaseConflictError, CaseRefusedError, CaseRightError, NoticeError
from dropout_risk.settings import BAND_WORDS
from support.casebook_county import RULES

MONDAY = dt.date(2025, 9, 1)
FRIDAY = MONDAY + dt.timedelta(4)
ABSENT = [MONDAY, MONDAY + dt.timedelta(1), MONDAY + dt.timedelta(3)]
OPENED = {"school": "s-1", "rule": "absent_3_days", "level": 0, "owner": "t-1", "due": str(MONDAY)}
NEVER = [
    *RULES, *ALERT_KINDS, *BAND_WORDS, *(text.zh for text in BAND_WORDS.values()),
    "风险", "risk", "预警", "测评", "心理", "名次", "排名", "rank", "score", "分数", "成绩", "模型", "model",
    "高", "低", "家庭困难", "低保", "离异",
]  # fmt: skip


class Desk:
    """A case, and what people write to it."""

    def __init__(self, line="school"):
        self.book = Book.open("sqlite://")
        self.case = self.book.write(
            "open", MONDAY, "t-1", "open", data=OPENED | {"pupil": "p-1", "line": line}, today=MONDAY
        )

    def release(self, letter, by="t-1", roles=("class_teacher",), key="letter-1"):
        self.case = release_letter(self.book, self.case, letter, by, roles=roles, key=key, today=FRIDAY)
        return self.letters()[-1]

    def correct(self, key="correct-1", **data):
        self.case = self.book.write("correct", FRIDAY, "t-1", key, case=self.case, data=data, today=FRIDAY)
        return self.letters()

    def letters(self):
        return letters_of(self.book.entries(self.case.id))


def drafted(aids=("boarding", "nutrition")):
    return Letter.draft(FRIDAY, ABSENT, aids)


def test_a_released_letter_tells_the_days_whom_to_call_and_the_aid():
    text = Desk().release(drafted()).text("李老师（6位短号612345）", "城关中学")

    assert text.zh == (
        "家长您好：\n您的孩子本周有3天没有到校（9月1日、9月2日、9月4日），老师很惦记。请联系李老师（6位短号612345）。\n"
        "可申请的资助：住宿、营养改善计划。\n城关中学　2025年9月5日"
    )
    assert text.en.startswith(
        "Dear parents,\nyour child was not at school on 3 day(s) of this week (2025-09-01, "
    )
    assert "Aid that you may apply for: a boarding place, school meals." in text.en


def test_a_draft_says_that_it_is_one_and_leaves_no_entry():
    desk = Desk()

    assert drafted().text("李老师", "城关中学").zh.startswith("【草稿，未签发，不得发出】")
    assert drafted().text("x", "y").en.startswith("[Draft, not released: not to be given out]")
    assert desk.letters() == []


@given(
    st.lists(st.dates(MONDAY, FRIDAY), min_size=1),
    st.lists(st.sampled_from([*AIDS]), unique=True),
    st.sampled_from([None, *LETTER_STATES]),
)
def test_no_letter_speaks_of_risks_reasons_tests_or_ranks(absent, aids, state):
    draft = Letter.draft(FRIDAY, absent, aids)
    letter = Letter(draft.day, draft.absent, draft.aids, 2 if state else None, state, draft.absent)
    text = letter.text("t", "s")

    told = f"{text.zh}{text.en}".casefold()
    found = [word for word in NEVER if re.search(rf"\b{word}\b" if word.isascii() else word, told)]
    assert found == []


def test_only_days_of_the_week_are_counted_and_each_once():
    days = [MONDAY - dt.timedelta(1), MONDAY, MONDAY, FRIDAY + dt.timedelta(1)]

    assert Letter.draft(FRIDAY, days).absent == (MONDAY,)


def test_a_letter_that_would_tell_nothing_or_something_unknown_is_refused():
    with pytest.raises(NoticeError, match="no day of absence"):
        Letter.draft(FRIDAY, [MONDAY - dt.timedelta(1)])
    with pytest.raises(NoticeError, match="bording") as refused:
        Letter.draft(FRIDAY, ABSENT, ["bording"])
    assert "boarding" in refused.value.hint


@pytest.mark.parametrize("role", CASE_ROLES)
def test_who_may_write_notes_releases_a_letter_and_nobody_else(role):
    desk = Desk()
    if may([role], "write", "notes"):
        assert desk.release(drafted(), roles=[role]).state == "released"
    else:
        with pytest.raises(CaseRightError):
            desk.release(drafted(), roles=[role])
        assert desk.letters() == []


@pytest.mark.parametrize("roles", [["class_teacher"], ["counsellor"], ["class_teacher", "counsellor"]])
def test_no_letter_comes_from_a_case_that_only_counsellors_know_of(roles):
    with pytest.raises((CaseRightError, CaseRefusedError)):
        Desk("care").release(drafted(), roles=roles)


def test_no_machine_releases_a_letter_and_no_letter_is_released_twice():
    desk = Desk()
    with pytest.raises(CaseRefusedError):
        desk.release(drafted(), by="morning")
    released = desk.release(drafted())
    with pytest.raises(CaseRefusedError):
        desk.release(released, key="letter-2")


def test_who_comes_second_reads_first():
    desk = Desk()
    stale = desk.case
    desk.release(drafted())
    desk.case = stale

    with pytest.raises(CaseConflictError):
        desk.release(drafted(), by="t-2", key="letter-2")


def test_an_excuse_that_came_late_makes_the_letter_wrong_for_its_days():
    desk = Desk()
    desk.release(drafted())

    (letter,) = desk.correct(wrong="late_excuse", days=[str(MONDAY), "2025-08-29"])

    assert (letter.state, letter.wrong) == ("wrong", (MONDAY,))
    assert letter.text("李老师", "城关中学").zh == (
        "家长您好：\n我们2025年9月5日的信说您的孩子9月1日没有到校，与事实不符，特此更正，并向您和孩子致歉。请联系李老师。\n城关中学"
    )


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        ({"wrong": "late_excuse"}, ABSENT),
        ({"wrong": "register", "days": [str(ABSENT[2])]}, ABSENT[2:]),
        ({"wrong": "late_excuse", "days": [str(FRIDAY)]}, []),
        ({"wrong": "wrong_pupil"}, ABSENT),
        ({"wrong": "wrong_entry", "entry": 2}, ABSENT),
        ({"wrong": "wrong_entry", "entry": 1}, []),
        ({"wrong": "wrong_entry"}, []),
    ],
)
def test_each_correction_makes_wrong_what_it_concerns(data, wrong):
    desk = Desk()
    desk.release(drafted())

    (letter,) = desk.correct(**data)

    assert [*letter.wrong] == wrong
    assert letter.state == ("wrong" if wrong else "released")


def test_a_correction_concerns_the_letters_before_it_alone():
    desk = Desk()
    desk.release(drafted())
    desk.correct(wrong="late_excuse")
    desk.release(Letter.draft(FRIDAY, ABSENT[:1]), key="letter-2")

    assert [letter.state for letter in desk.letters()] == ["wrong", "released"]


def test_a_wrong_letter_is_taken_back_by_a_person_and_then_settled():
    desk = Desk()
    letter = desk.release(drafted())
    with pytest.raises(CaseRefusedError):
        take_back_letter(desk.book, desk.case, letter, "t-1", roles=["class_teacher"], key="b", today=FRIDAY)
    (letter,) = desk.correct(wrong="late_excuse")
    with pytest.raises(CaseRightError):
        take_back_letter(desk.book, desk.case, letter, "v-1", roles=["village"], key="b", today=FRIDAY)

    take_back_letter(desk.book, desk.case, letter, "t-1", roles=["class_teacher"], key="b", today=FRIDAY)

    (letter,) = desk.letters()
    assert (letter.state, [*letter.wrong]) == ("taken_back", ABSENT)


def test_letters_follow_from_the_entries_alone():
    desk = Desk()
    released = desk.release(drafted())
    desk.book.rebuild()

    assert letters_of(desk.book.entries(desk.case.id)) == [released]
    assert (released.day, [*released.absent], released.aids) == (FRIDAY, ABSENT, ("boarding", "nutrition"))


def test_whom_to_call_is_kept_as_it_was_released():
    letter = Desk().release(Letter.draft(FRIDAY, ABSENT, call="李老师"))

    assert (letter.call, "请联系李老师" in letter.text(letter.call, "s").zh) == ("李老师", True)


def test_a_letter_proposes_the_days_of_the_records_and_where_they_are_silent_those_of_the_signals():
    week = [MONDAY + dt.timedelta(number) for number in range(5)]
    case = Desk().case  # away since Monday
    silent = Attended(0, 0, None)

    assert proposed_days(case, week, []) == week[:4]
    assert proposed_days(case, week, [silent] * 5) == week[:4]
    told = [Attended(1, 2, week[0]), Attended(1, 1, week[2]), Attended(0, 1, week[2]), silent, silent]
    assert proposed_days(case, week, told) == [week[0], week[2], week[3]]
    staying = dataclasses.replace(case, state="staying")
    assert proposed_days(staying, week, told) == [week[0], week[2]]
