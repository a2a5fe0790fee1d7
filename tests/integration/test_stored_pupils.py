"""Pupils of the store are asked about by their ids: the answers are the batch's, as the role reads them."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from serving.review import day_after

from dropout_risk.access.audit import open_audit
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.exchange.pseudonyms import make_key as make_audit_key
from dropout_risk.features.cohort import histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.request import request_of
from dropout_risk.simulate.district import simulate_district
from support.asking import asked_service, posted, with_key

ROUTES = {"/score_stored": {}, "/explain/change": {"before": "2025-03-03"}, "/what_if": {}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("stored")


@pytest.fixture(scope="module")
def histories(folder):
    return Histories.load(histories_of(simulate_district(n_students=90, seed=12)).save(folder / "store"))


@pytest.fixture(scope="module")
def day(histories):
    return day_after(histories)


@pytest.fixture(scope="module")
def placed(histories, day, folder):
    from dropout_risk.features.cohort import members_on

    rows = members_on(histories.on(day)).nonzero()[0]
    return PlacedPupils.of_histories(histories, day, Directory.load(folder / "store"), rows).pupils


@pytest.fixture(scope="module")
def keys(folder, placed):
    made = {
        role: with_key(folder, role, role) for role in ("county", "counsellor", "class_teacher", "auditor")
    }
    return made | {"of a school": with_key(folder, "school", "principal", "school", placed[0].school)}


@pytest.fixture(scope="module")
def service(bundle, folder, keys, histories):
    make_audit_key(folder / "audit.key")
    more = {
        "DROPOUT_RISK_API_KEYS_FILE": folder / "keys.json", "DROPOUT_RISK_STORE": folder / "store",
        "DROPOUT_RISK_AUDIT_URL": f"sqlite:///{folder}/audit.db",
        "DROPOUT_RISK_AUDIT_KEY": folder / "audit.key",
    }  # fmt: skip
    with asked_service(bundle, folder, **more) as started:
        yield started


@pytest.fixture(scope="module")
def sent(day, placed):
    """A request with the records of some pupils of the store's district."""
    ids = [pupil.pupil for pupil in placed[::6]]
    return request_of(simulate_district(n_students=90, seed=12), ids, day, "en")


def asked(service, route, ids, key, **more):
    return posted(service, route, {"student_ids": ids, "language": "en"} | ROUTES[route] | more, key)


def test_scores_by_ids_are_those_of_the_batch(service, keys, risk_model, histories, placed, day):
    ids = [pupil.pupil for pupil in placed[:6]]
    reply = asked(service, "/score_stored", ids, keys["counsellor"]).json()
    batch = risk_model.score_histories(histories, day, language="en")
    told = risk_model.redact(batch, "counsellor")
    assert reply["as_of"] == day.isoformat()
    for result in reply["results"]:
        own = json.loads(json.dumps(told[result["student_id"]].to_dict()))
        assert result == own | {"rank_in_school": None}
    assert [result["student_id"] for result in reply["results"]] == ids


def test_a_change_adds_up_and_is_the_librarys(service, keys, risk_model, histories, placed, day):
    ids = [pupil.pupil for pupil in placed[:4]]
    reply = asked(service, "/explain/change", ids, keys["counsellor"]).json()
    own = risk_model.change(histories, "2025-03-03", day, ids, language="en")
    assert len(reply["results"]) + len(reply["errors"]) == len(ids)
    for told, change in zip(reply["results"], own, strict=True):
        parts = sum(told["data"].values()) + told["background"] + told["model"]
        assert abs(told["log_odds_now"] - told["log_odds_before"] - parts) < 1e-9
        assert told["data"] == pytest.approx(dict(change.data))
    assert (reply["before"], reply["as_of"]) == ("2025-03-03", day.isoformat())


def test_what_would_change_a_score_is_the_librarys(service, keys, risk_model, histories, placed, day):
    ids = [pupil.pupil for pupil in placed[:3]]
    reply = asked(service, "/what_if", ids, keys["counsellor"], most=1).json()
    own = risk_model.what_if(histories, day, ids, most=1, language="en")
    assert [told["text"] for told in reply["results"]] == [answer.text for answer in own]


@pytest.mark.parametrize("role", ["counsellor", "class_teacher"])
def test_options_and_changes_of_records_are_the_librarys_as_the_role_reads_them(
    service, keys, risk_model, sent, role
):
    from dropout_risk.scoring.request_answers import change_request, what_if_request

    asked = sent | {"before": "2025-03-03"}
    told = posted(service, "/explain/change", asked, keys[role]).json()
    own = risk_model.redact(change_request(risk_model, asked), role, language="en")
    assert told["results"] == [json.loads(json.dumps(change.to_dict())) for change in own]
    assert len(own) > 1
    told = posted(service, "/what_if", sent | {"most": 1}, keys[role]).json()
    own = risk_model.redact(what_if_request(risk_model, sent | {"most": 1}), role, language="en")
    assert [one["text"] for one in told["results"]] == [answer.text for answer in own]


def test_a_change_of_records_goes_from_the_score_of_the_one_day_to_that_of_the_other(service, keys, sent):
    key = keys["counsellor"]
    told = posted(service, "/explain/change", sent | {"before": "2025-03-03"}, key).json()
    scores = [
        posted(service, "/score", sent | {"as_of": day}, key).json() for day in ("2025-03-03", sent["as_of"])
    ]
    for side, reply in zip(("log_odds_before", "log_odds_now"), scores, strict=True):
        own = {pupil["student_id"]: pupil["log_odds"] for pupil in reply["results"]}
        assert [change[side] for change in told["results"]] == [
            own[change["student_id"]] for change in told["results"]
        ]
    assert {change["student_id"] for change in told["results"]} <= {
        pupil["student_id"] for pupil in sent["students"]
    }


@pytest.mark.parametrize(("route", "more"), [("/explain/change", {"before": "2025-03-03"}), ("/what_if", {})])
def test_rows_that_were_not_used_are_told_beside_answers(service, keys, sent, route, more):
    first, *others = sent["students"]
    late = {"date": sent["as_of"], "status": "present"}
    wrong = {"date": "no day", "status": "present"}
    odd = first | {"attendance": [*first["attendance"], late, wrong]}
    asked = sent | more | {"students": [odd, *others, others[0]]}
    reply = posted(service, route, asked, keys["counsellor"])
    assert [problem["code"] for problem in reply.json()["problems"]] == [
        "DR610"
    ]  # named again, and written down
    told = posted(service, route, asked | {"students": [odd, *others]}, keys["counsellor"]).json()
    field = f"attendance[{len(first['attendance']) + 1}].date"
    assert [(error["index"], error["field"]) for error in told["errors"] if error["index"] == 0] == [
        (0, field)
    ]
    assert [note["student_id"] for note in told["warnings"] if "not used" in note["text"]] == [
        first["student_id"]
    ]


@pytest.mark.parametrize(("route", "more"), [("/explain/change", {"before": "2025-03-03"}), ("/what_if", {})])
def test_records_of_pupils_outside_are_refused_as_if_they_were_not_there(
    service, keys, placed, sent, route, more
):
    inside = placed[0]
    outside = next(pupil.pupil for pupil in placed if pupil.school != inside.school)
    told = []
    for name in (outside, "x" * len(outside)):
        pupils = [sent["students"][0] | {"student_id": pupil} for pupil in (inside.pupil, name)]
        reply = posted(service, route, sent | more | {"students": pupils}, keys["of a school"])
        told.append((reply.status_code, reply.json()["problems"]))
    assert told[0] == told[1]
    assert (told[0][0], told[0][1][0]["field"]) == (404, "students[1].student_id")


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_but_a_counsellor_is_told_of_tests(service, keys, placed, route):
    ids = [pupil.pupil for pupil in placed[:20]]
    told = {name: asked(service, route, ids, keys[name]).text for name in ("counsellor", "class_teacher")}
    words = ("psycholog", "ell-being", "mht", "sdq")
    assert not any(word in told["class_teacher"].replace("psychologist", "") for word in words)
    assert route == "/what_if" or any(word in told["counsellor"] for word in words)


@pytest.mark.parametrize("route", ROUTES)
def test_an_auditor_who_names_nobody_asks_by_no_ids(service, keys, placed, route):
    reply = asked(service, route, [placed[0].pupil], keys["auditor"])
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "DR621")


@pytest.mark.parametrize("route", ROUTES)
def test_a_pupil_outside_is_answered_as_one_who_is_not_there(service, keys, placed, route):
    inside = placed[0]
    outside = next(pupil.pupil for pupil in placed if pupil.school != inside.school)
    told = []
    for name in (outside, "x" * len(outside)):
        reply = asked(service, route, [inside.pupil, name], keys["of a school"])
        told.append((reply.status_code, reply.json()["problems"]))
    assert told[0] == told[1]
    assert (told[0][0], told[0][1][0]["code"], told[0][1][0]["field"]) == (404, "DR622", "student_ids[1]")


@pytest.mark.parametrize("route", ROUTES)
def test_each_pupil_who_is_told_of_is_written_down(service, keys, placed, folder, route):
    pupil = placed[3].pupil
    reply = asked(service, route, [pupil], keys["county"])
    audit = open_audit(f"sqlite:///{folder}/audit.db", folder / "audit.key", create=False)
    last = audit.who_saw(pupil)[-1]
    assert (last.person, last.role, last.act) == ("county", "county", route)
    assert last.request == reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("route", "body", "told"),
    [
        ("/score_stored", {"student_ids": ["a", "b", "a"]}, ("DR610", "student_ids[2]")),
        ("/score_stored", {"student_ids": []}, ("DR613", "student_ids")),
        ("/score_stored", {"student_ids": ["a"], "as_of": "2999-01-01"}, ("DR612", "as_of")),
        ("/score_stored", {"student_ids": [1.5]}, ("DR609", "student_ids[0]")),
        ("/explain/change", {"student_ids": ["a"]}, ("DR608", "before")),
        ("/what_if", {"student_ids": ["a"], "most": 4}, ("DR610", "most")),
        ("/what_if", {"student_ids": ["a"], "target": 0.1}, ("DR607", "target")),
        (
            "/what_if",
            {"student_ids": ["a"], "students": [{"student_id": "a"}], "as_of": "2025-03-03"},
            ("DR607", "student_ids"),
        ),
        ("/what_if", {"students": [{"student_id": "a"}]}, ("DR608", "as_of")),
        (
            "/what_if",
            {"students": [{"student_id": index} for index in range(21)], "as_of": "2025-03-03"},
            ("DR614", "students"),
        ),
        ("/explain/change", {"students": [{"student_id": "a"}], "as_of": "2025-03-03"}, ("DR608", "before")),
        ("/what_if", {"student_ids": [str(index) for index in range(21)]}, ("DR614", "student_ids")),
        ("/feedback", {"student_id": "a"}, ("DR608", "answers")),
    ],
)
def test_what_is_wrong_is_told_by_its_path(service, keys, route, body, told):
    reply = posted(service, route, body, keys["counsellor"])
    assert reply.status_code == 400
    assert [(problem["code"], problem["field"]) for problem in reply.json()["problems"]] == [told]


def test_days_the_wrong_way_round_are_refused_by_path(service, keys, placed, day):
    reply = asked(service, "/explain/change", [placed[0].pupil], keys["county"], as_of="2025-01-06")
    assert (reply.status_code, reply.json()["error"]["field"]) == (400, "before")


def test_who_is_not_at_school_that_day_is_an_error_by_index(service, keys, placed):
    early = asked(service, "/score_stored", [placed[0].pupil], keys["county"], as_of="1990-01-01").json()
    assert early["results"] == []
    assert [(error["index"], error["field"]) for error in early["errors"]] == [(0, "as_of")]


def test_an_address_is_good_with_the_contracts_version_before_it_and_says_it(service, keys, placed):
    ids = [placed[0].pupil]
    replies = [
        posted(service, f"{version}/score_stored", {"student_ids": ids}, keys["county"])
        for version in ("", "/v1")
    ]
    assert [reply.headers["x-contract-version"] for reply in replies] == ["1", "1"]
    assert replies[0].json()["results"] == replies[1].json()["results"]
    wrong = posted(service, "/v2/score_stored", {"student_ids": ids}, keys["county"])
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (404, "DR615")
    assert service.get("/v1/livez").status_code == 401


@pytest.mark.parametrize("route", ROUTES)
def test_without_a_store_there_is_nothing_to_ask_about(service, keys, route, monkeypatch):
    monkeypatch.setattr("serving.review.ReviewRoom.held_store", lambda room: None)
    reply = asked(service, route, ["p-1"], keys["county"])
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "DR625")


# --- Feedback: the case book's own rules, reached by an address ------------------------------------------


@pytest.fixture
def town(monkeypatch, risk_model):
    from dropout_risk.desk.desk import Desk
    from support.desk_town import Town

    reasons = tuple(SimpleNamespace(feature=name) for name in ("absence_share_20d", "absence_streak_now"))
    monkeypatch.setattr(Desk, "reasons_of", lambda desk, seat, language="zh": reasons)
    made = Town()
    made.now = SimpleNamespace(desk=made.room, model=risk_model)
    return made


def said(town, person, pupil, answers, name="r-1"):
    from serving.answers.feedback import written_feedback

    body = json.dumps({"student_id": pupil, "answers": answers}).encode()
    return json.loads(written_feedback(town.now, town.room.desk().reader(person), body, name))


def test_feedback_is_written_once_for_each_name_of_a_request(town, risk_model):
    from dropout_risk.casebook.lessons.feedback import feedback_frame

    for _ in range(2):
        told = said(town, "t-1", "p-1", {"absence_share_20d": "right"})
    assert told["written"] == {"absence_share_20d": "right"}
    entries = [entry for entry in town.book.entries(town.case("p-1").id) if "feedback" in entry.data]
    assert [(entry.by, entry.data["run"]) for entry in entries] == [("t-1", risk_model.version)]
    assert feedback_frame(town.book)[["feature", "word"]].values.tolist() == [["absence_share_20d", "right"]]


def test_two_who_name_their_requests_alike_are_two(town):
    for person, word in (("t-1", "right"), ("h-1", "wrong")):
        said(town, person, "p-1", {"absence_share_20d": word})
    entries = [entry for entry in town.book.entries(town.case("p-1").id) if "feedback" in entry.data]
    assert [entry.by for entry in entries] == ["t-1", "h-1"]


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({}, "answers"),
        ({"absence_share_20d": "yes"}, "answers.absence_share_20d"),
        ({"secret": "right"}, "answers"),
    ],
)
def test_what_is_no_feedback_is_refused_by_path_and_nothing_is_written(town, answers, field):
    from serving.gate.body import RefusedError

    before = town.case("p-1").seq
    with pytest.raises(RefusedError) as refused:
        said(town, "t-1", "p-1", answers)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert town.case("p-1").seq == before


@pytest.mark.parametrize(
    ("person", "pupil"), [("t-1", "p-10"), ("t-1", "nobody"), ("nobody", "p-1"), ("t-1", "p-3")]
)
def test_whoever_has_no_such_case_is_told_that_there_is_none(town, person, pupil):
    from dropout_risk.errors import NotYoursError

    with pytest.raises(NotYoursError) as told:
        said(town, person, pupil, {"absence_share_20d": "right"})
    assert told.value.message == "There is no such pupil among yours."
