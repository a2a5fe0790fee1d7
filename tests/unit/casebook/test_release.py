"""A class teacher hears what the counsellor releases, and learns neither of a test nor of a crisis."""

import datetime as dt
import json

import pytest

from dropout_risk.casebook.lessons.learning import casebook_report
from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.release import WORD_RULE, release_words, released_text, telling_words
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.words import RELEASED
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.errors import CaseRefusedError, CaseRightError, NoteKeyError
from support.casebook_county import FIRST, open_book

PEOPLE = People((
    Grant("t", "class_teacher", "school", "s"), Grant("h", "principal", "school", "s"),
    Grant("k", "county", "county"),
    Grant("c", "counsellor", "school", "s"), Grant("c-2", "counsellor", "school", "another"),
))  # fmt: skip
PUPILS = [Placed(f"p-{n}", "s") for n in range(3)]
NOTE = "昨晚给母亲打电话，孩子说不想活了，已启动预案"
CRISIS = Signal("p-0", "critical_item", FIRST - dt.timedelta(2), "care")


def started_book(*signals, keys=None):
    book = open_book("sqlite://", keys or NoteKeys.new())
    run_morning(book, MorningFacts(FIRST, PUPILS, SchoolDaysAhead(), signals), PEOPLE)
    return book


def release(book, words="care_no_marks", pupil="p-0", by="c", day=FIRST):
    return release_words(book, pupil, words, by=by, day=day, today=day)


def test_a_release_opens_a_case_of_the_class_teacher_due_within_the_days_of_a_talk():
    case = release(started_book())

    assert (case.line, case.owner, case.office) == ("school", "t", "class_teacher")
    assert [*case.signals] == [WORD_RULE]
    assert case.due == SchoolDaysAhead().later("s", FIRST, 5)


def test_a_release_into_an_open_case_is_a_note_of_it_and_changes_neither_day_nor_owner():
    book = started_book(Signal("p-0", "absent_1_day", FIRST))
    before = book.case_of("p-0")
    after = release(book, "请安排他坐前排")
    entry = book.entries(after.id)[-1]

    assert (after.id, after.due, after.owner, after.moved) == (
        before.id,
        before.due,
        before.owner,
        before.moved,
    )
    assert (entry.kind, entry.note, dict(entry.data)) == ("note", None, {"released": "请安排他坐前排"})


def test_released_twice_it_is_written_once():
    book = started_book()

    assert release(book).seq == release(book).seq == 1


def test_what_is_written_is_the_same_whether_or_not_there_is_a_case_of_the_counsellors():
    keys = NoteKeys.new()
    with_crisis, without = started_book(CRISIS, keys=keys), started_book(keys=keys)
    care = with_crisis.case_of("p-0", "care")
    with_crisis.write("note", FIRST, "c", "n", case=care, note=NOTE, today=FIRST)
    told = []
    for book in (with_crisis, without):
        case = release(book, "请多陪他聊聊天")
        told.append([(e.kind, e.day, e.by, e.key, dict(e.data), e.note) for e in book.entries(case.id)])

    assert told[0] == told[1]
    assert "care" not in json.dumps([str(part) for part in told[0]])


def test_the_counsellors_own_case_is_not_touched_and_its_note_not_copied():
    book = started_book(CRISIS)
    care = book.write(
        "note",
        FIRST,
        "c",
        "n",
        case=book.case_of("p-0", "care"),
        note="母亲说他最近睡得很晚，常常哭",
        today=FIRST,
    )
    with pytest.raises(CaseRefusedError, match="copy what stands in a note"):
        release(book, "他最近睡得很晚，常常哭，请多关心")
    release(book)

    assert book.case(care.id) == care


def test_without_the_keys_of_notes_that_are_there_own_words_wait():
    book = started_book(CRISIS)
    book.write("note", FIRST, "c", "n", case=book.case_of("p-0", "care"), note=NOTE, today=FIRST)
    book.keys = None
    with pytest.raises(NoteKeyError):
        release(book, "请多陪他聊聊天")

    assert release(book).seq == 1


@pytest.mark.parametrize("by", ["t", "h", "k", "c-2", "nobody"])
def test_nobody_but_a_counsellor_of_the_pupil_releases(by):
    with pytest.raises(CaseRightError):
        release(started_book(CRISIS), by=by)


@pytest.mark.parametrize("instrument", default_instruments().values(), ids=lambda each: each.code)
def test_the_names_of_every_instrument_are_refused_however_they_are_spelt(instrument):
    for name in (instrument.code, *instrument.aliases, instrument.name.zh, instrument.name.en):
        for spelt in (name, name.lower(), " ".join(name), name.replace("-", "")):
            assert telling_words(f"请看{spelt}。"), spelt


@pytest.mark.parametrize("words", [
    "他有自杀的念头", "她自 伤过", "ＭＨＴ得分高", "第9题选了是", "第十五题", "心理测评结果不好",
    "有轻生倾向",
    "the test says so",
    "He said he wants to die", "self harm", "PHQ 9", "q9 yes", "不想活了", "属于危机个案", "学习焦虑偏高",
    "S.D.Q. is high",
])  # fmt: skip
def test_words_of_a_test_an_item_or_a_crisis_are_refused_without_being_repeated(words):
    with pytest.raises(CaseRefusedError, match="name a test") as refused:
        release(started_book(), words)

    assert words not in str(refused.value)


@pytest.mark.parametrize("words", [
    "请多关心，近期不要在班上谈论成绩", "让他坐前排", "He was asked to sit in front",
    "Please be kind and do not raise marks in class",
    "课间多和她聊聊足球", "如果迟到，先问原因，不要罚站",
])  # fmt: skip
def test_ordinary_words_are_released(words):
    case = release(started_book(), words)

    assert case.signals


@pytest.mark.parametrize("words", ["", "   ", "好" * 201])
def test_empty_and_endless_words_are_refused(words):
    with pytest.raises(CaseRefusedError, match="from 1 to 200"):
        release(started_book(), words)


def test_every_standard_sentence_passes_its_own_rules_and_is_read_in_both_languages():
    for word in RELEASED:
        assert telling_words(word.text.zh) == telling_words(word.text.en) == []
        assert released_text({"released": word.key}) == word.text
    assert release(started_book(), RELEASED[0].text.zh).id == 1


def test_a_pupil_who_stands_in_no_morning_is_refused():
    with pytest.raises(CaseRefusedError, match="no morning"):
        release(started_book(), pupil="stranger")


def test_the_next_morning_keeps_the_laws_and_the_report_runs():
    book = started_book(CRISIS)
    release(book)
    day = SchoolDaysAhead().later("s", FIRST, 1)

    assert run_morning(book, MorningFacts(day, PUPILS, SchoolDaysAhead()), PEOPLE).parts["in_progress"] == 1
    assert casebook_report(book, fewest=1).contact.iloc[0]["pupils"] == 1
