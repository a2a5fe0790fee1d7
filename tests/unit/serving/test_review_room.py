import asyncio
import datetime as dt
import shutil
from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving import review
from serving.gate.looks import MANY
from serving.review import ReviewRoom

from dropout_risk.access.reader import LOCAL_READER, NOBODY, Reader
from dropout_risk.casebook.book import Book
from dropout_risk.casebook.people import Grant
from dropout_risk.casebook.seen import who_has_seen
from dropout_risk.casebook.tables import SIGNAL
from dropout_risk.errors import NotGrantedError
from dropout_risk.features.cohort import histories_of
from dropout_risk.pages.links import id_at, served_under
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.scoring.readers.scope import Scope
from dropout_risk.scoring.score_rows import is_crisis, pupil_heads
from dropout_risk.simulate.district import simulate_district
from support.confidential import AS_OF, district


def test_a_store_that_is_gone_is_a_page_that_names_no_folder(risk_model, tmp_path):
    store = histories_of(simulate_district(n_students=40, seed=11)).save(tmp_path / "store")
    room = ReviewRoom(risk_model, store, language="en")
    shutil.rmtree(store)
    page = asyncio.run(room.answer("/review", None, None))

    assert page.status == 503
    assert "cannot be read at present" in page.html
    assert str(tmp_path) not in page.html


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    place = tmp_path_factory.mktemp("room") / "store"
    return histories_of(simulate_district(n_students=120, seed=11)).save(place)


@pytest.fixture(scope="module")
def teacher_and_stranger(risk_model, store):
    """The room of one teacher, one of her own pupils, and one of another teacher."""
    room = ReviewRoom(risk_model, store, language="en")
    everybody = room.review_for("en", Scope()).watch_list.groups
    own, other = (group for group in everybody[:2])
    room.scope = Scope(own.school_id, responsible_id=own.responsible_id)
    pupils = [
        next(iter((*(e.score for e in group.listed), *group.below))).student_id for group in (own, other)
    ]
    return room, *pupils, other


def asked(room, path, rest=None, **fields):
    return asyncio.run(room.answer(path, rest, None, fields=fields))


def test_a_search_finds_own_pupils_and_knows_nobody_else(teacher_and_stranger):
    room, own, stranger, _ = teacher_and_stranger
    assert f">{own}<" in asked(room, "/review/pupils", q=str(own)).html
    for words in (str(stranger), "nobody-at-all"):
        page = asked(room, "/review/pupils", q=words)
        assert page.status == 200
        assert "0 found" in page.html
    everybody = asked(room, "/review/pupils").html
    assert f">{stranger}<" not in everybody


def test_another_teachers_list_is_answered_as_one_that_does_not_exist(teacher_and_stranger):
    room, _, _, other = teacher_and_stranger
    there = asked(room, "/review/school", other.school_id, responsible=other.responsible_id, page="1")
    nowhere = asked(room, "/review/school", other.school_id, responsible="t-nobody", page="1")
    assert (there.status, nowhere.status) == (404, 404)
    assert there.html == nowhere.html


@pytest.mark.parametrize("fields", [{"page": "x"}, {"sort": "x"}, {"q": 65 * "x"}])
def test_what_is_no_question_is_a_page_that_says_so_without_its_words(teacher_and_stranger, fields):
    page = asked(teacher_and_stranger[0], "/review/pupils", **fields)
    assert page.status == 400
    assert "cannot be asked in this way" in page.html
    assert 'value="x' not in page.html


def test_a_page_of_the_search_beyond_the_last_does_not_exist(teacher_and_stranger):
    assert asked(teacher_and_stranger[0], "/review/pupils", page="900").status == 404


def test_the_first_page_and_the_search_send_their_form_to_the_same_house_alone(teacher_and_stranger):
    for path in ("/review", "/review/pupils"):
        page = asked(teacher_and_stranger[0], path).html
        assert "form-action &#39;self&#39;" in page or "form-action 'self'" in page
        assert 'action="review/pupils"' in page or 'action="../review/pupils"' in page


@given(st.text(st.sampled_from("~./%2Eab?#"), min_size=1, max_size=6))
def test_an_id_in_an_address_is_one_step_and_is_read_again(name):
    address = served_under("/review").pupil(name)
    step = urljoin("http://x/review", address).removeprefix("http://x/review/pupil/")

    assert id_at(unquote(step)) == name


def test_the_ids_that_browsers_take_for_the_way_up_differ():
    steps = [
        served_under("/review").school(name).rpartition("/")[2] for name in (".", "..", "~.", "~..", "~")
    ]

    assert len(set(steps)) == len(steps)
    assert not {".", ".."} & set(steps)


def test_a_page_is_rendered_once_for_each_address_language_and_state(
    risk_model, store, tmp_path, monkeypatch
):
    rendered = []
    kept = dict(review.PAGES)
    monkeypatch.setitem(
        review.PAGES, "/review/cohort", lambda *asked: rendered.append(1) or kept["/review/cohort"](*asked)
    )
    own = shutil.copytree(store, tmp_path / "store")
    room = ReviewRoom(risk_model, own, language="en")
    first = asked(room, "/review/cohort")
    assert asked(room, "/review/cohort") == first
    assert len(rendered) == 1

    assert asked(room, "/review/cohort", nothing="of this counts") == first
    assert len(rendered) == 1

    asyncio.run(room.answer("/review/cohort", None, "zh"))
    room.scope = Scope("nowhere")
    asked(room, "/review/cohort")
    assert len(rendered) == 3
    monkeypatch.setattr(review, "read_state", lambda place: {"parts": "another"})
    asked(room, "/review/cohort")
    assert len(rendered) == 4


def test_pages_that_are_not_there_are_not_kept(risk_model, store):
    room = ReviewRoom(risk_model, store, language="en")
    assert asked(room, "/review/cohort").status == 200
    kept = len(room._pages)
    assert [asked(room, "/review/pupil", f"nobody {number}").status for number in range(3)] == [404] * 3
    assert len(room._pages) == kept == 1


@pytest.mark.parametrize(
    "reader", [NOBODY, Reader("e-1", (Grant("e-1", "parent", "pupil", "p-1"),)), Reader("local", ())]
)
def test_whoever_has_no_role_for_pages_gets_none_in_the_declared_role(risk_model, store, reader):
    room = ReviewRoom(risk_model, store)
    for path in ("/review", "/review/pupils", "/review/model"):
        with pytest.raises(NotGrantedError):
            asyncio.run(room.answer(path, None, None, reader=reader))
    assert asyncio.run(room.answer("/review", None, None)).status == 200


@pytest.fixture
def twofold(risk_model, store):
    """A room, and somebody who is principal of one school and counsellor of one pupil of another."""
    room = ReviewRoom(risk_model, store, language="en")
    placed = room.placed().by_id
    inside = [placed[pupil.student_id] for pupil in room.review_for("en", Scope()).scores.pupils]
    one = next(pupil for pupil in inside if pupil.school != inside[0].school)
    grants = (
        Grant("h-1", "counsellor", "pupil", one.pupil),
        Grant("h-1", "principal", "school", inside[0].school),
    )
    return room, Reader("h-1", grants), one


def asked_as(room, reader, path, rest=None, **fields):
    return asyncio.run(room.answer(path, rest, None, fields=fields, reader=reader))


def test_whoever_has_several_roles_reads_in_the_one_that_sees_most_or_is_asked_for(twofold):
    room, reader, pupil = twofold
    assert asked_as(room, reader, "/review").role == "principal"
    own = asked_as(room, reader, "/review", role="counsellor")
    assert own.role == "counsellor"
    assert "/cohort?role=counsellor" in own.html
    found = [
        asked_as(room, reader, "/review/pupils", q=pupil.pupil, **more).html
        for more in ({}, {"role": "counsellor"})
    ]
    assert [f"pupil/{pupil.pupil}?role=counsellor" in html for html in found] == [False, True]
    statuses = [asked_as(room, reader, "/review/pupil", pupil.pupil, **more).status
                for more in ({}, {"role": "principal"}, {"role": "counsellor"})]  # fmt: skip
    assert statuses == [404, 404, 200]


@pytest.mark.parametrize("role", ["county", "parent", "local", "", "<b>"])
def test_a_role_that_is_not_the_readers_is_refused(twofold, role):
    room, reader, _ = twofold
    for who in (reader, LOCAL_READER):
        with pytest.raises(NotGrantedError):
            asked_as(room, who, "/review", role=role)
    assert asked_as(room, LOCAL_READER, "/review", role="class_teacher").status == 200


def test_a_look_is_written_down_in_the_role_of_the_page(twofold):
    room, reader, pupil = twofold
    noted = []
    room.looks = type("", (), {"note": lambda self, *told: noted.append(told)})()
    asked_as(room, reader, "/review")
    asked_as(room, reader, "/review/pupil", pupil.pupil, role="counsellor")
    assert [told[2] for told in noted] == [{MANY: "principal"}, {pupil.pupil: "counsellor"}]


@pytest.fixture
def rooms(risk_model, tmp_path, monkeypatch):
    """The counsellor's room without a case book, and with one that was told of every critical answer."""
    monkeypatch.setenv("DROPOUT_RISK_DAY", AS_OF)
    store = histories_of(district()).save(tmp_path / "store")
    alone, beside = (ReviewRoom(risk_model, store, ROLES["counsellor"], "en") for _ in range(2))
    heads = pupil_heads(alone.review_for("en").scores.pupils)
    told = [(str(head.student_id), alert) for head in heads if is_crisis(head) for alert in head.alerts]
    beside.book = Book.open("sqlite://")
    rows = [
        {"day": dt.date(2025, 3, 2), "pupil": pupil, "rule": alert.rule, "line": "care", "since": alert.since}
        for pupil, alert in told
    ]
    with beside.book.writing() as connection:
        connection.execute(SIGNAL.insert(), rows)
    return alone, beside, told[0][0]


def test_the_review_asks_the_case_book_what_was_told_and_says_where_there_is_none(rooms):
    alone, beside, pupil = rooms
    pages = [asked(room, "/review/pupil", pupil).html for room in (alone, beside)]

    assert ["no earlier list and no case book" in page for page in pages] == [True, False]
    assert ["Alerts still open" in page for page in pages] == [False, True]


def test_who_looks_at_a_pupils_psychology_at_the_review_is_in_the_case_book(rooms):
    _, room, pupil = rooms
    readers = {
        name: Reader(name, (Grant(name, name, "county"),)) for name in ("counsellor", "principal", "county")
    }
    for reader in readers.values():
        page = asyncio.run(room.answer("/review/pupil", pupil, None, reader=reader))
        assert page.status == 200
    asyncio.run(room.answer("/review/pupil", "nobody", None, reader=readers["counsellor"]))

    seen = [(look.person, look.part) for look in who_has_seen(room.book, pupil)]
    assert seen == [("counsellor", "psychology")]
    assert who_has_seen(room.book, "nobody") == []
