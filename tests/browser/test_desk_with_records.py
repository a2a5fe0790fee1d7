"""The desk beside a store: what the records say of a pupil, as far as each role reads it."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from serving.desk import DeskRoom
from serving.review import ReviewRoom
from typer.testing import CliRunner

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.release import telling_words
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.cli import app
from dropout_risk.desk.screens import SCREENS
from dropout_risk.desk.session_keys import SessionKeys
from dropout_risk.errors import NoteKeyError
from dropout_risk.features.cohort import histories_of
from dropout_risk.scoring.readers.roles import CLASS_TEACHER, ROLES
from support.desk_town import Visitor, token_in


@pytest.fixture(scope="module")
def room(risk_model, district, tmp_path_factory):
    """A desk on the district's own records: a case for every pupil with an alert or on the list."""
    store = histories_of(district).save(tmp_path_factory.mktemp("desk-store"))
    reviews = ReviewRoom(risk_model, store, role=ROLES["counsellor"])
    review = reviews.review_for("zh", role=CLASS_TEACHER)
    scores = review.scores
    pupils = [Placed(str(score.student_id), score.school_id, score.class_id or "") for score in scores.pupils]
    signals = [
        Signal(str(score.student_id), alert.rule, alert.since)
        for score in scores.pupils
        for alert in score.alerts
        if alert.rule != "critical_item"
    ]
    listed = [
        Signal(str(name), "listed", review.watch_list.as_of, urgent=False) for name in review.listed_ids
    ]
    of_role = {"h-1": "principal", "c-1": "counsellor", "w-1": "township", "k-1": "county", "a-1": "auditor"}
    people = People(tuple(Grant(person, role, "county") for person, role in of_role.items()))
    book = Book.open(f"sqlite:///{tmp_path_factory.mktemp('desk-book')}/book.db")
    facts = MorningFacts(review.watch_list.as_of, pupils, SchoolDaysAhead(), [*signals, *listed])
    run_morning(book, facts, people)
    made = DeskRoom(book, SessionKeys(b"s" * 40), day=facts.day, review_room=reviews)
    made._current_people = lambda: people
    return made


def case_pages(room, person, language="zh"):
    visitor = Visitor(room, person, language)
    desk = room.desk()
    for case in desk.book.cases():
        yield case, visitor.ask(f"/desk/case/{desk.addresses.address_of(case.id)}").html.split("<article")[1]


def test_a_card_tells_the_alert_in_its_own_words_and_the_family(room):
    review = room._review("zh")
    told = [
        (score.alerts[0].text.split("。")[0], score.facts)
        for score in review.scores.pupils
        if score.alerts and score.alerts[0].rule != "critical_item"
    ]
    page = Visitor(room, "h-1").ask("/desk/today", all="1").html

    assert any(text in page for text, _ in told)
    assert "家庭情况：" in page


def test_the_school_reads_family_attendance_and_marks_and_why_last_and_folded(room):
    pages = [page for _, page in case_pages(room, "h-1")]

    assert any(all(f"<h2>{head}" in page for head in ("家庭与资助", "出勤", "成绩")) for page in pages)
    for page in pages:
        assert page.index("<h2>经过") < page.index("<details><summary>系统为什么提醒")


@pytest.mark.parametrize("person", ["w-1", "k-1", "a-1"])
def test_no_office_above_the_school_reads_marks_tests_or_the_reasons_of_the_model(room, person):
    review = room._review("zh")
    for case, page in case_pages(room, person):
        score = review.score_of(case.pupil)
        assert "<h2>成绩" not in page
        assert [reason.text for reason in score.raising if reason.text in page] == []
        assert "心理" not in page


def test_no_page_of_the_desk_tells_of_a_test_even_where_the_review_is_for_counsellors(room):
    for person in ("h-1", "c-1"):
        for _, page in case_pages(room, person):
            assert re.findall("心理测评|量表", page) == []


@pytest.mark.parametrize("screen", [name for name in SCREENS if name != "care"])
def test_no_list_tells_of_a_test_or_a_crisis_where_the_records_speak_too(room, screen):
    for person in ("h-1", "c-1", "w-1", "k-1", "a-1"):
        page = re.sub(
            "(?s)<style>.*?</style>", "", Visitor(room, person).ask(f"/desk/{screen}", all="1").html
        )
        assert telling_words(re.sub("<[^>]+>", " ", page.partition("<article")[2])) == [], person


def test_no_page_shows_a_risk_or_a_band(room):
    for _, page in case_pages(room, "h-1"):
        assert re.findall(r"风险等级|<b>\d+%</b>|风险较高", page) == []


def test_the_room_is_opened_by_the_environment_and_refuses_a_short_secret(tmp_path, monkeypatch, room):
    reviews = room.review_room
    assert DeskRoom.from_environment(reviews) is None
    Book.open(f"sqlite:///{tmp_path}/book.db")
    monkeypatch.setenv("DROPOUT_RISK_BOOK", f"sqlite:///{tmp_path}/book.db")
    assert DeskRoom.from_environment(reviews).book.today() is None
    (tmp_path / "secret").write_text("short")
    monkeypatch.setenv("DROPOUT_RISK_DESK_SECRET", str(tmp_path / "secret"))
    with pytest.raises(NoteKeyError):
        DeskRoom.from_environment(reviews)


def test_the_register_says_whether_a_pupil_who_came_back_stayed(room):
    desk = room.desk()
    pupil = desk.book.cases()[0].pupil
    (told,) = desk.attended([(pupil, desk.day - dt.timedelta(days=60))])
    (unknown,) = desk.attended([("nobody", desk.day)])

    assert told.present + told.absent > 0
    assert (unknown.present, unknown.absent) == (0, 0)


def told_case(room):
    """A case of whose pupil the model tells reasons, its page, and these reasons."""
    desk, reader = room.desk(), room.desk().reader("h-1")
    for case in desk.book.cases():
        seat = desk.seat(reader, desk.addresses.address_of(case.id))
        if len(desk.reasons_of(seat)) > 1:
            return case, f"/desk/case/{desk.addresses.address_of(case.id)}", desk.reasons_of(seat)
    raise AssertionError("no case with reasons")


def test_beside_each_told_reason_somebody_says_whether_it_fits_and_mlflow_counts_it(
    room, tmp_path, monkeypatch
):
    case, path, reasons = told_case(room)
    head = Visitor(room, "h-1")
    page = head.ask(path).html
    before = len(room.book.entries(case.id))
    forms = re.findall(r'<form[^>]*action="[^"]*/feedback".*?</form>', page, re.DOTALL)

    assert [re.search(r'name="reason" value="([^"]*)"', form)[1] for form in forms] == [
        reason.feature for reason in reasons
    ]
    assert all(
        re.findall(r">([^<]*)</button>", form) == ["对", "不对", "已知", "没有帮助", "不清楚"]
        for form in forms
    )
    assert "<script" not in page
    sent = {"token": token_in(forms[1]), "reason": reasons[1].feature, "said": "wrong"}
    assert head.send(f"{path}/feedback", sent).onward.endswith("said=saved")
    assert head.send(f"{path}/feedback", sent).onward.endswith("said=again")
    (entry,) = room.book.entries(case.id)[before:]
    assert (entry.kind, entry.by, entry.day) == ("note", "h-1", room.day)
    assert entry.data == {"feedback": {reasons[1].feature: "wrong"}, "run": room._review("zh").model.version}
    assert re.search(r'value="wrong" aria-pressed="true"', head.ask(path).html)

    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(
        app, ["casebook", "feedback", "--book", str(room.book.engine.url), "--language", "en"]
    )
    assert "1 answers on 1 version(s) of the model; 1 new run(s)" in done.output


def test_feedback_is_not_taken_from_another_page_about_another_reason_or_from_an_office_above(room):
    case, path, reasons = told_case(room)
    head, office = Visitor(room, "h-1"), Visitor(room, "w-1")
    token = token_in(head.ask(path).html.split('/feedback"')[1])
    before = len(room.book.entries(case.id))
    good = {"token": token, "reason": reasons[0].feature, "said": "right"}
    foreign = token_in(head.ask(f"{path}/meet").html)

    assert head.send(f"{path}/feedback", good | {"token": foreign}).status == 400
    assert head.send(f"{path}/feedback", good | {"token": ""}).status == 400
    assert head.send(f"{path}/feedback", good | {"said": "perhaps"}).status == 400
    assert head.send(f"{path}/feedback", good | {"reason": "mht_total"}).status == 400
    for person in ("w-1", "k-1", "a-1", "nobody"):
        visitor = Visitor(room, person)
        assert "/feedback" not in visitor.ask(path).html
        assert visitor.ask(f"{path}/feedback").status == visitor.send(f"{path}/feedback", good).status == 404
    assert len(room.book.entries(case.id)) == before
    head.send(f"{path}/feedback", good)
    assert reasons[0].label not in office.ask(path).html
    assert reasons[0].feature not in office.ask(path).html
