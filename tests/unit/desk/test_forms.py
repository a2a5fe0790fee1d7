"""Forms: what is forged, old or foreign is refused, what is typed is kept, and nothing is written twice."""

import datetime as dt
import html
import re
import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving.desk import Asked

from dropout_risk.casebook.machine import OUTCOMES
from dropout_risk.casebook.mornings.morning import Attended, MorningFacts, run_morning
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.people import People
from dropout_risk.casebook.rights import CASE_ROLES
from dropout_risk.casebook.words import RELEASED
from dropout_risk.desk.deeds import DEEDS, open_outcomes
from dropout_risk.desk.form import Ask, read_answers
from dropout_risk.desk.session_keys import SessionKeys
from dropout_risk.errors import CaseRefusedError, NoteKeyError
from dropout_risk.text import Text
from support.desk_town import DAY, EVIL, INJECTED, MET, PERSON_OF_ROLE, Town, held_in, pupils, token_in

ANSWERS = MET | {"due": "2025-05-22"}


@pytest.fixture
def town():
    return Town()


@pytest.fixture
def meet(town):
    return f"/desk/case/{town.address('p-1')}/meet"


def test_a_contact_is_written_and_leads_back_to_the_case(town, meet):
    teacher = town.visitor("t-1")
    sent = teacher.fill(meet, ANSWERS | {"note": "奶奶答应明天送来"}, way="home_visit")
    entry = town.book.entries(town.case("p-1").id)[-1]

    assert sent.status == 303
    assert sent.onward.endswith("?said=saved")
    assert (entry.kind, entry.by, entry.day, entry.data["way"]) == ("meet", "t-1", DAY, "call")
    assert town.book.note_of(entry) == "奶奶答应明天送来"
    assert "奶奶答应明天送来" in teacher.ask(f"/desk/case/{town.address('p-1')}").html


def test_a_double_tap_writes_once_and_says_so(town, meet):
    teacher = town.visitor("t-1")
    fields = held_in(teacher.ask(meet).html) | ANSWERS
    sent = [teacher.send(meet, fields).onward for _ in range(3)]

    assert ["saved" in sent[0], "again" in sent[1], "again" in sent[2]] == [True, True, True]
    assert len(town.book.entries(town.case("p-1").id)) == 2


def test_of_two_people_who_write_at_once_the_second_reads_the_first_and_keeps_what_it_typed(town, meet):
    teacher, head = town.visitor("t-1"), town.visitor("h-1")
    first, second = held_in(teacher.ask(meet).html), held_in(head.ask(meet).html)
    assert teacher.send(meet, first | ANSWERS | {"note": "第一个写的"}).status == 303
    sent = head.send(meet, second | ANSWERS | {"note": "第二个写的", "difficulty": "poverty"})

    assert sent.status == 409
    assert "有人先写了" in sent.html
    assert "第一个写的" in sent.html
    assert "第二个写的</textarea>" in sent.html
    assert 'value="poverty" checked' in sent.html
    assert head.send(meet, held_in(sent.html) | ANSWERS | {"note": "第二个写的"}).status == 303
    assert [entry.by for entry in town.book.entries(town.case("p-1").id)] == ["morning", "t-1", "h-1"]


def test_what_was_closed_meanwhile_takes_nothing_and_offers_no_button(town, meet):
    head, teacher = town.visitor("h-1"), town.visitor("t-1")
    fields = held_in(teacher.ask(meet).html)
    head.fill(meet.replace("/meet", "/close"), {"outcome": "false_alarm", "note": "登记有误"})
    sent = teacher.send(meet, fields | ANSWERS | {"note": "写了一半"})

    assert sent.status == 409
    assert "写了一半" in sent.html
    assert '<button class="first">' not in sent.html
    assert [case.state for case in town.book.cases() if case.pupil == "p-1"] == ["closed"]


def test_many_taps_at_once_write_once(tmp_path):
    town = Town(f"sqlite:///{tmp_path}/book.db")
    path = f"/desk/case/{town.address('p-1')}/meet"
    teacher = town.visitor("t-1")
    fields = held_in(teacher.ask(path).html) | ANSWERS
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(teacher.send(path, fields).status)) for _ in range(8)
    ]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert answers == [303] * 8
    assert len(town.book.entries(town.case("p-1").id)) == 2


@pytest.mark.parametrize("forged", ["", "x", "e30.x.y", "W10.aaaaaa.bbbbbb"])
def test_a_forged_token_writes_nothing_and_keeps_what_was_typed(town, meet, forged):
    sent = town.visitor("t-1").send(meet, ANSWERS | {"token": forged, "note": "写了很久"})

    assert sent.status == 400
    assert "写了很久" in sent.html
    assert token_in(sent.html)
    assert len(town.book.entries(town.case("p-1").id)) == 1


def test_a_token_of_another_session_page_case_or_secret_writes_nothing(town, meet):
    teacher = town.visitor("t-1")
    again, head = town.visitor("t-1"), town.visitor("h-1")
    other = meet.replace(town.address("p-1"), town.address("p-4"))
    strange = SessionKeys(b"y" * 32)
    tokens = [
        again.token(meet),
        head.token(meet),
        teacher.token(other),
        teacher.token(meet.replace("/meet", "/plan")),
        strange.ticket_for(town.room.keys.session_in(teacher.cookie), meet, 1),
    ]

    assert {teacher.send(meet, ANSWERS | {"token": token}).status for token in tokens} == {400}
    assert len(town.book.entries(town.case("p-1").id)) == 1


def test_what_was_signed_half_a_day_ago_is_too_old(town, meet, monkeypatch):
    teacher = town.visitor("t-1")
    token, link = teacher.token(meet), town.room.keys.link_for("t-1")
    now = dt.datetime.now(dt.UTC).timestamp()
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda self: int(now) + 13 * 3600)

    assert teacher.ask("/desk/today").status == 401
    assert town.room.keys.person_of_link(link) == "t-1"
    fresh = town.visitor("t-1")
    assert fresh.send(meet, ANSWERS | {"token": token}).status == 400
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda self: int(now) + 25 * 3600)
    assert town.room.keys.person_of_link(link) is None


@pytest.mark.parametrize("cookie", ["", "x", "t-1", "WyJ0LTEiLCJ4Il0.aaaaaa.bbbbbb"])
def test_nobody_comes_in_by_a_cookie_that_was_not_signed_here(town, cookie):
    visitor = town.visitor("t-1")
    visitor.cookie = cookie

    assert {visitor.ask(path).status for path in ("/desk", "/desk/today", "/desk/nonsense")} == {401}


def test_a_link_shows_a_button_and_only_the_button_lets_in(town):
    nobody = town.visitor("t-1")
    nobody.cookie = ""
    link = town.room.keys.link_for("t-1")
    shown = nobody.ask("/desk/enter", token=link)
    given = town.room.given(given_post(("enter",), f"token={link}"))

    assert shown.status == 200
    assert "t-1" in shown.html
    assert given.answer.status == 303
    assert town.room.keys.session_in(given.cookie).person == "t-1"
    assert town.room.given(given_post(("enter",), "token=x")).cookie is None


def given_post(steps, body, **more):
    return Asked("POST", steps, {}, body=body.encode(), **more)


def test_a_page_of_another_house_lets_nobody_in_and_nobody_out(town):
    """It could let somebody in as somebody else, who would then write into that one's cases."""
    cookie = town.room.keys.cookie_for("t-1")
    for steps, body in ((("enter",), f"token={town.room.keys.link_for('t-2')}"), (("leave",), "")):
        given = town.room.given(given_post(steps, body, cookie=cookie, is_foreign=True))
        assert (given.answer.status, given.cookie) == (403, None)
        assert town.room.given(given_post(steps, body, cookie=cookie)).cookie is not None


def test_a_trusted_proxy_names_who_asks_only_where_it_was_declared(town):
    asked = Asked("GET", ("today",), {}, header="t-1")
    assert town.room.given(asked).answer.status == 401
    town.room.header = "X-Remote-User"
    assert town.room.given(asked).answer.status == 200
    assert (
        town.room.given(Asked("GET", ("today",), {}, cookie=town.visitor("t-1").cookie)).answer.status == 401
    )


def test_a_short_secret_is_refused_with_the_way_to_a_long_one(tmp_path):
    (tmp_path / "secret").write_text("short")
    with pytest.raises(NoteKeyError, match="32 are needed"):
        SessionKeys.load(tmp_path / "secret")


@pytest.mark.parametrize(
    "body", [b"note=%FF%FE", "note=奶奶".encode(), b"&".join(b"x=1" for _ in range(200)), b"note=%00x"]
)
def test_characters_that_were_lost_and_floods_of_fields_write_nothing(town, meet, body):
    teacher = town.visitor("t-1")
    fields = "&".join(f"{name}={value}" for name, value in (ANSWERS | {"token": teacher.token(meet)}).items())
    sent = teacher.send(meet, {}, body=fields.encode() + b"&" + body)

    assert sent.status == 400
    assert len(town.book.entries(town.case("p-1").id)) == 1


def test_what_is_wrong_is_said_at_the_question_and_the_rest_is_kept(town, meet):
    sent = town.visitor("t-1").fill(meet, {"met": "mother", "result": "king", "note": "x" * 2001})

    assert sent.status == 400
    assert 'value="mother" checked' in sent.html
    assert {"wrong-difficulty", "wrong-result", "wrong-note"} <= set(
        html.unescape(sent.html).replace('"', " ").split()
    )


@pytest.mark.parametrize("text", [INJECTED, EVIL, "=1+1", "${7*7}", "\u202eabc"])
def test_what_is_typed_is_shown_as_it_is_typed_and_runs_nowhere(town, meet, text):
    teacher = town.visitor("t-1")
    teacher.fill(meet, ANSWERS | {"note": text})
    page = teacher.ask(f"/desk/case/{town.address('p-1')}").html

    assert html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page
    assert "<script" not in page.lower()
    assert "<img" not in page.lower()
    assert len(town.book.entries(town.case("p-1").id)) == 2


def test_an_evil_name_runs_on_no_page(town):
    for screen in ("today", "gaps", "evening"):
        page = town.visitor("h-1").ask(f"/desk/{screen}").html
        assert "<script" not in page.lower()
    assert "&lt;script&gt;" in town.visitor("h-1").ask("/desk/today").html


PUPILS = (("p-1", "school"), ("p-5", "school"), ("p-7", "school"), ("p-8", "school"), ("p-4", "care"))


@pytest.mark.parametrize("role", CASE_ROLES)
def test_every_form_that_opens_is_taken_with_the_least_answered(role):
    """No button that would be refused: each form, filled with its first options, is written."""
    seen = Town().visitor(PERSON_OF_ROLE[role])
    for pupil, line in PUPILS:
        for name in DEEDS:
            desk = seen.room.desk()
            seat = desk.seat(seen.reader(), desk.addresses.address_of(desk.book.case_of(pupil, line).id))
            if seat is None or not DEEDS[name].is_open_to(desk, seat):
                continue
            town = Town()
            path = f"/desk/case/{town.address(pupil, line)}/{name}"
            least = {ask.name: least_answer(ask) for ask in DEEDS[name].asks(desk, seat)}
            sent = town.visitor(seen.person).fill(path, {key: value for key, value in least.items() if value})
            assert sent.status == 303, (pupil, name)


def least_answer(ask):
    if ask.value or ask.kind == "date" or ask.name == "words":  # own words go with no standard sentence
        return ""
    return ask.options[0][0] if ask.options else "x"


def test_an_outcome_is_offered_to_its_level_alone_and_stays_once_the_register_confirms():
    town = Town()
    desk = town.room.desk()

    def offered(person, pupil):
        return {
            outcome.name
            for outcome in open_outcomes(desk, desk.seat(desk.reader(person), town.address(pupil)))
        }

    assert offered("t-1", "p-1") == {"false_alarm", "corrected"}
    assert offered("h-1", "p-1") == {"false_alarm", "corrected", "transferred", "home_teaching"}
    assert offered("k-1", "p-8") == {"transferred", "home_teaching", "deferred", "lost"}
    assert "stayed" not in offered("t-1", "p-5")
    desk.attended = lambda asked: [Attended(20, 0, None) for _ in asked]
    assert "stayed" in offered("t-1", "p-5")
    desk.attended = lambda asked: [Attended(20, 1, DAY) for _ in asked]
    assert "stayed" not in offered("t-1", "p-5")
    assert set(OUTCOMES) > offered("h-1", "p-1")


OF_OFFICES = ("stayed", "home_teaching", "deferred", "lost")


def test_a_counsellor_is_offered_no_outcome_that_an_office_decides_and_no_return(town):
    counsellor, path = town.visitor("c-1"), f"/desk/case/{town.address('p-3', 'care')}"
    form = counsellor.ask(f"{path}/close").html
    assert not [name for name in OF_OFFICES if OUTCOMES[name].text.zh in form]
    assert OUTCOMES["transferred"].text.zh in form
    case = counsellor.ask(path).html
    assert (f"{path}/meet" in case, f"{path}/returned" in case) == (True, False)
    contact = counsellor.ask(f"{path}/meet").html
    assert ("心理约谈" in contact, "不愿返" in contact, "公安" in contact) == (True, False, False)


@pytest.mark.parametrize("outcome", OF_OFFICES)
def test_the_book_takes_no_outcome_of_an_office_for_a_counsellors_case(town, outcome):
    given = {"outcome": outcome, "document": "x", "present": 99, "absent": 0}
    with pytest.raises(CaseRefusedError, match="for the school's cases"):
        town.book.write("close", DAY, "c-1", "x", case=town.case("p-3", "care"), data=given, today=DAY)


def test_a_class_teacher_does_not_put_off_hand_over_or_close_what_went_above(town):
    page = town.visitor("t-2").ask(f"/desk/case/{town.address('p-7')}").html

    assert "/meet" in page
    assert [name for name in ("plan", "hand_over", "pass_up", "close") if f"/{name}" in page] == []


def test_a_worry_opens_a_case_and_a_second_one_stirs_it(town):
    teacher = town.visitor("t-1")
    assert teacher.fill("/desk/worry", {"pupil": "p-6", "note": "最近不说话"}).status == 303
    assert teacher.fill("/desk/worry", {"pupil": "p-6"}).status == 303
    assert teacher.fill("/desk/worry", {"pupil": "p-10"}).status == 400
    case = town.case("p-6")

    assert [entry.kind for entry in town.book.entries(case.id)] == ["open", "signal"]
    assert (case.owner, case.level, [*case.signals]) == ("t-1", 0, ["worry"])
    assert "有人提出担心" in teacher.ask("/desk/today").html


def released_on_the_page(town, person="t-1"):
    return town.visitor(person).ask(f"/desk/case/{town.address('p-3')}").html


def test_a_counsellor_tells_the_class_teacher_only_what_it_releases(town):
    counsellor = town.visitor("c-1")
    path = f"/desk/case/{town.address('p-3', 'care')}/release"
    assert counsellor.fill(path, {}).status == 303
    page = released_on_the_page(town)

    assert RELEASED[0].text.zh in page
    assert "测评" not in page.replace("不写测评结果", "")
    assert RELEASED[0].text.zh not in released_on_the_page(town, "w-1")
    assert len(town.book.entries(town.case("p-3", "care").id)) == 1


@pytest.mark.parametrize("word", RELEASED, ids=lambda word: word.key)
def test_every_standard_sentence_is_offered_and_read_in_the_readers_language(town, word):
    path = f"/desk/case/{town.address('p-3', 'care')}/release"
    assert town.visitor("c-1").fill(path, {"released": word.key}).status == 303
    page = town.visitor("t-1", "en").ask(f"/desk/case/{town.address('p-3')}").html

    assert (town.case("p-3").owner, [*town.case("p-3").signals]) == ("t-1", ["counsellor_word"])
    assert word.text.en in page
    assert "talk with the pupil by" in page


def test_own_words_are_released_as_they_are_and_a_second_tap_writes_nothing(town):
    counsellor, path = town.visitor("c-1"), f"/desk/case/{town.address('p-3', 'care')}/release"
    fields = held_in(counsellor.ask(path).html) | {"released": "own", "words": "让他坐前排"}
    assert [counsellor.send(path, fields).status for _ in range(2)] == [303, 303]

    assert "让他坐前排" in released_on_the_page(town)
    assert len(town.book.entries(town.case("p-3").id)) == 1


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"released": "own", "words": "他 M H T 得分高"}, "话里提到了测评"),
        ({"released": "own", "words": "请留意，他最近晚上总睡不着觉"}, "与只有心理教师能看的记录雷同"),
        ({"released": "own", "words": "好" * 201}, "最多200个字"),
        ({"released": "own"}, "请选择或填写"),
        ({"released": "no_blame", "words": "让他坐前排"}, "请选“自己写”"),
    ],
)
def test_words_that_tell_too_much_are_refused_in_the_form_with_what_was_typed(town, answers, wrong):
    care = town.case("p-3", "care")
    town.book.write("note", DAY, "c-1", "n", case=care, note="母亲说他最近晚上总睡不着觉，不敢说", today=DAY)
    sent = town.visitor("c-1").fill(f"/desk/case/{town.address('p-3', 'care')}/release", answers)

    assert sent.status == 400
    assert wrong in sent.html
    assert f"{answers.get('words', '')}</textarea>" in sent.html
    assert f'value="{answers["released"]}" checked' in sent.html
    assert town.case("p-3") is None


def test_own_words_wait_while_a_note_cannot_be_read(town):
    care = town.case("p-3", "care")
    town.book.write("note", DAY, "c-1", "n", case=care, note="他说最近晚上总睡不着觉", today=DAY)
    town.book.keys = NoteKeys.new()
    sent = town.visitor("c-1").fill(
        f"/desk/case/{town.address('p-3', 'care')}/release", {"released": "own", "words": "让他坐前排"}
    )

    assert (sent.status, "备注没有密钥" in sent.html) == (400, True)


WEEK = ["2025-05-19", "2025-05-20"]


def test_a_letter_is_released_by_a_person_found_wrong_by_a_correction_and_taken_back(town):
    teacher, path = town.visitor("t-1"), f"/desk/case/{town.address('p-1')}/letter"
    form = teacher.ask(path).html.split("</nav>")[1]
    assert [f'value="{day}" checked' in form for day in WEEK] == [True, False]
    sent = {"days": WEEK, "call": "李老师0999-12", "aids": ["nutrition"]}
    assert teacher.fill(path, sent).status == 303
    letter = teacher.ask(path).html.split("<article")[1]

    assert "本周有2天没有到校（5月19日、5月20日）" in letter
    assert "请联系李老师0999-12。" in letter
    assert "营养改善计划" in letter
    assert "已签发" in letter
    assert [word for word in ("风险", "预警", "关注名单", "无故", "草稿") if word in letter] == []
    assert "take_back" not in letter

    corrected = {"wrong": "late_excuse", "days": WEEK[1:]}
    assert teacher.fill(path.replace("/letter", "/correct"), corrected).status == 303
    letter = teacher.ask(path).html
    assert "5月20日没有到校，与事实不符" in letter
    assert "内容有误，须收回" in letter

    assert teacher.fill(path.replace("/letter", "/take_back"), {}).status == 303
    letter = teacher.ask(path).html
    assert "已收回" in letter
    assert "take_back" not in letter
    page = teacher.ask(path.removesuffix("/letter")).html
    assert [text in page for text in ("家长信：已签发", "补交请假、5月20日", "家长信：已收回")] == [True] * 3


def test_letters_of_a_closed_case_are_still_there_to_be_taken_back(town):
    head, path = town.visitor("h-1"), f"/desk/case/{town.address('p-1')}/letter"
    head.fill(path, {"days": WEEK[:1]})
    head.fill(path.replace("/letter", "/close"), {"outcome": "corrected", "note": "病假条补交"})
    head.fill(path.replace("/letter", "/correct"), {"wrong": "late_excuse"})
    page = head.ask(path)

    assert (page.status, "内容有误，须收回" in page.html, "anew" in page.html) == (200, True, False)
    assert head.fill(path.replace("/letter", "/take_back"), {}).status == 303


def test_days_of_a_correction_go_with_an_excuse_or_the_register_alone(town):
    path = f"/desk/case/{town.address('p-1')}/correct"
    sent = town.visitor("t-1").fill(path, {"wrong": "wrong_pupil", "days": WEEK[:1]})

    assert (sent.status, "wrong-days" in sent.html) == (400, True)
    assert f'value="{WEEK[0]}" checked' in sent.html


def test_without_keys_nobody_is_asked_for_text_that_could_not_be_sealed():
    town = Town(keys=False)
    page = town.visitor("t-1").ask(f"/desk/case/{town.address('p-1')}/meet").html

    assert "<textarea" not in page
    assert town.visitor("t-1").fill(f"/desk/case/{town.address('p-1')}/meet", ANSWERS).status == 303


def test_a_refusal_of_the_book_is_said_in_the_form(town, meet, monkeypatch):
    def refuse(*args, **more):
        raise CaseRefusedError("x")

    monkeypatch.setattr(town.book, "write", refuse)
    sent = town.visitor("t-1").fill(meet, ANSWERS | {"note": "还在"})

    assert sent.status == 400
    assert "没有保存" in sent.html
    assert "还在" in sent.html


ASK = Ask(
    "met",
    Text(zh="见到", en="met"),
    "many",
    options=(("pupil", Text(zh="学生", en="pupil")), ("mother", Text(zh="母", en="mother"))),
)


@given(st.lists(st.text(max_size=10), max_size=4))
def test_nothing_is_taken_that_was_not_offered(words):
    answers = read_answers([ASK], {"met": words}, DAY)
    offered = {"pupil", "mother"}

    assert bool(answers.problems) or {*answers.many("met")} <= offered


def refusal(page):
    return re.search(r'<p class="wrong" id="wrong-to">(.*?)</p>', page.html)[1]


@pytest.mark.parametrize("to", ["t-3", "h-2", "c-2", "nobody", "t-1"])
def test_a_referral_to_somebody_without_a_right_is_refused_with_the_names_of_those_who_have_one(town, to):
    path = f"/desk/case/{town.address('p-1')}/refer"
    page = town.visitor("t-1").fill(path, {"to": to, "due": "2025-05-22"})

    assert page.status == 400
    assert refusal(page) == (
        "请从给出的选项中选择：班主任（包保责任人） t-9、校长 h-1、乡镇（街道） w-1、县教育局 k-1、"
        "心理教师 c-1、心理教师 c-9、村（社区） v-1"
    )
    assert len(town.book.entries(town.case("p-1").id)) == 1


def test_a_referral_of_care_names_counsellors_alone(town):
    page = town.visitor("c-1").fill(
        f"/desk/case/{town.address('p-4', 'care')}/refer", {"to": "h-1", "due": "2025-05-22"}
    )
    assert refusal(page) == "请从给出的选项中选择：心理教师 c-9"


def test_whoever_may_be_referred_to_is_not_declined_by_the_next_morning(town):
    """Rights that end before the next morning, or since the form was opened, are none."""
    path, teacher = f"/desk/case/{town.address('p-1')}/refer", town.visitor("t-1")
    opened = held_in(teacher.ask(path).html)
    ending = {"h-1": DAY + dt.timedelta(1), "c-1": DAY}
    town.people = People(
        tuple(replace(grant, until=ending.get(grant.person)) for grant in town.people.grants)
    )
    page = teacher.send(path, opened | {"to": "h-1", "due": "2025-05-22"})
    assert page.status == 400
    assert "h-1" not in refusal(page)
    assert "c-1" not in refusal(page)

    assert teacher.fill(path, {"to": "c-9", "due": "2025-05-22"}).status == 303
    run_morning(town.book, MorningFacts(dt.date(2025, 5, 21), pupils(), town.days), town.people)
    assert town.case("p-1").referrals == {"c-9": ""}


@pytest.mark.parametrize(
    ("pupil", "line", "person", "met", "unsaid"),
    [
        ("p-1", "school", "t-1", "nobody", ()),
        ("p-1", "school", "t-1", "mother", ("difficulty", "result")),
        ("p-2", "school", "t-1", "pupil", ()),
        ("p-3", "care", "c-1", "pupil", ()),
    ],
)
def test_difficulty_and_result_are_asked_of_whoever_met_somebody_about_days_away(
    town, pupil, line, person, met, unsaid
):
    form = f"/desk/case/{town.address(pupil, line)}/meet"
    answers = {"way": "home_visit", "met": met, "due": "2025-05-22"}
    sent = town.visitor(person).fill(form, answers)
    wrong = {name for name in ("difficulty", "result") if f"wrong-{name}" in sent.html}
    assert (wrong, sent.status) == ({*unsaid}, 400 if unsaid else 303)
    if not unsaid:
        last = town.book.entries(town.case(pupil, line).id)[-1]
        assert (last.kind, {"difficulty", "result"} & {*last.data}) == ("meet", set())
