"""Every cell of the declared table of rights, asked of the real service over HTTP."""

from __future__ import annotations

import json

import numpy as np
import pytest
from serving.gate.door import DESK, REVIEW
from serving.gate.door import ROUTES as DOOR_ROUTES
from serving.openapi import EXAMPLES
from serving.review import ReviewRoom, day_after

from dropout_risk.access.audit import open_audit
from dropout_risk.access.reader import LOCAL, READER_ROLES
from dropout_risk.access.route_rights import ANYONE, ROUTE_RIGHTS, ROUTES, parts_of
from dropout_risk.casebook.placed_pupils import PlacedPupils
from dropout_risk.exchange.pseudonyms import make_key as make_audit_key
from dropout_risk.features.cohort import histories_of, members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.records.directory import Directory
from dropout_risk.simulate.district import simulate_district
from support.asking import asked_service, posted, with_key

ROLES = [role for role in READER_ROLES if role != LOCAL]
SCORES = ("/score", "/score_features")
STORED = ("/score_stored", "/explain/change", "/what_if")
PLACE = {"school_id": "s-1", "grade_level": 8, "class_id": "2"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="module")
def store(folder):
    return histories_of(simulate_district(n_students=120, seed=11)).save(folder / "store")


@pytest.fixture(scope="module")
def headers(folder, placed):
    """A key for each role, for all pupils of the county; and some for places."""
    one, own = placed.pupils[0], next(pupil for pupil in placed.pupils if pupil.class_name)
    keys = {role: with_key(folder, role, role) for role in ROLES}
    keys["of a school"] = with_key(folder, "school", "principal", "school", one.school)
    keys["of s-1"] = with_key(folder, "s-1", "principal", "school", "s-1")
    keys["of a class"] = with_key(folder, "class", "class_teacher", "class", own.class_name)
    keys["of a pupil"] = with_key(folder, "pupil", "counsellor", "pupil", one.pupil)
    return keys | {ANYONE: {}}


@pytest.fixture(scope="module")
def placed(store):
    """Where everybody is who is at school."""
    histories = Histories.load(store)
    day = day_after(histories)
    at_school = np.flatnonzero(members_on(histories.on(day)))
    return PlacedPupils.of_histories(histories, day, Directory.load(store), at_school)


@pytest.fixture(scope="module")
def audit(folder):
    make_audit_key(folder / "audit.key")
    return {
        "DROPOUT_RISK_AUDIT_URL": f"sqlite:///{folder}/audit.db",
        "DROPOUT_RISK_AUDIT_KEY": folder / "audit.key",
    }


@pytest.fixture(scope="module")
def client(bundle, folder, headers, store, audit):
    keys = {"DROPOUT_RISK_API_KEYS_FILE": folder / "keys.json"}
    with asked_service(bundle, folder, DROPOUT_RISK_STORE=store, **keys, **audit) as started:
        yield started


def raw(example, *pupils):
    """A request for some pupils, all with the example's records."""
    return example | {"students": [example["students"][0] | {"student_id": pupil} for pupil in pupils]}


@pytest.fixture(scope="module")
def shown(client, headers, placed):
    """A pupil of the list and its school: both have a page for whoever reads the whole county."""
    return next(
        pupil
        for pupil in placed.pupils
        if client.get(f"/review/pupil/{pupil.pupil}", headers=headers["county"]).status_code == 200
    )


def ask(client, route, headers, example, shown):
    ids = {"/review/pupil": f"/{shown.pupil}", "/review/school": f"/{shown.school}"}
    path = route.replace("/models", "/models/dropout_risk") + ids.get(route, "")
    if route == "/score":
        return posted(client, path, raw(example, "p-001"), headers)
    if route == "/score_features":
        rows = {"rows": [{"student_id": "p-001", "features": {"absence_share_20d": 0.5}}]}
        return posted(client, path, rows, headers)
    if route == "/v2/models/infer":
        return posted(client, path, EXAMPLES["infer"], headers)
    if route in STORED:
        asked = {"student_ids": [shown.pupil]} | ({"before": "2025-01-06"} if "change" in route else {})
        return posted(client, path, asked, headers)
    if route == "/feedback":
        return posted(client, path, {"student_id": shown.pupil, "answers": {}}, headers)
    return client.get(path, headers=headers, follow_redirects=False)


def test_every_address_that_answers_is_in_the_table(client):
    from serving.service import DropoutRisk
    from starlette.routing import Route

    mounted = {
        route.path for app, *_ in DropoutRisk.mount_apps for route in app.routes if isinstance(route, Route)
    }
    answering = {*DOOR_ROUTES, *REVIEW, DESK, *mounted, *(api.route for api in DropoutRisk.apis.values())}
    assert answering == {*ROUTES}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("role", [ANYONE, *ROLES])
def test_every_cell_of_the_table_is_what_the_service_answers(client, headers, example, shown, role, route):
    reply = ask(client, route, headers[role], example, shown)
    if parts_of(ANYONE, route):
        assert reply.status_code not in (401, 403) or route == DESK
    elif role == ANYONE:
        assert (reply.status_code, reply.json()["problems"][0]["code"]) == (401, "DR620")
        assert reply.headers["www-authenticate"] == "Bearer"
    elif parts_of(role, route) and route == "/feedback":  # let in, and told that there is no book here
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "DR625")
    elif parts_of(role, route):
        assert reply.status_code == (308 if route == "/review/" else 200), reply.text
    else:
        assert (reply.status_code, reply.json()["problems"][0]["code"]) == (403, "DR621")


@pytest.mark.parametrize("role", [role for role in ROLES if parts_of(role, "/score")])
def test_a_reply_holds_the_parts_of_its_cell_and_no_other(client, headers, example, role):
    reply = posted(client, "/score", raw(example, "p-001", "p-002"), headers[role]).json()
    parts, text = parts_of(role, "/score"), json.dumps(reply)
    assert ("p-001" in text) == ("where" in parts)
    domains = {
        reason["domain"]
        for pupil in reply["results"]
        for side in ("raising", "lowering")
        for reason in pupil[side]
    }
    told = {name for pupil in reply["results"] for name in pupil["domains"]} | domains
    assert ("psychology" in told) == ("psychology" in parts)
    if "psychology" not in parts:
        assert "psycholog" not in text.replace("psychologist", "")
        assert "ell-being" not in text


def test_an_address_that_is_in_no_table_is_for_nobody(client, headers):
    assert client.get("/new").status_code == 401
    for role in ROLES:
        assert client.get("/new", headers=headers[role]).status_code == 404
    assert not {cell for cell in ROUTE_RIGHTS if cell.route == "/new"}


def test_who_is_not_known_cannot_tell_addresses_apart(client):
    told = {
        json.dumps(client.get(path).json()["error"]) for path in ("/model", "/new", "/review", "/metrics")
    }
    assert len(told) == 1


def without_names(reply):
    """The reply as it is, but for what names the request."""
    body = reply.json()
    name = body.pop("request_id")
    kept = {key: value for key, value in reply.headers.items() if key not in ("x-request-id", "date")}
    assert reply.headers["x-request-id"] == name
    return reply.status_code, body, kept


@pytest.mark.parametrize("whose", ["of a school", "of a class", "of a pupil"])
def test_a_pupil_outside_is_answered_as_one_who_is_not_there(client, headers, example, placed, whose):
    key = headers[whose]
    grants = {"of a school": placed.pupils[0].school, "of a pupil": placed.pupils[0].pupil}
    wanted = grants.get(whose) or next(pupil for pupil in placed.pupils if pupil.class_name).class_name
    inside = [p.pupil for p in placed.pupils if wanted in (p.school, p.class_name, p.pupil)]
    outside = next(p.pupil for p in placed.pupils if wanted not in (p.school, p.class_name, p.pupil))
    assert posted(client, "/score", raw(example, inside[0]), key).status_code == 200
    there = posted(client, "/score", raw(example, outside), key)
    nowhere = posted(client, "/score", raw(example, "x" * len(outside)), key)
    assert without_names(there) == without_names(nowhere)
    assert without_names(there)[0] == 404
    mixed = posted(client, "/score", raw(example, inside[0], outside), key)
    assert (mixed.status_code, mixed.json()["error"]["field"]) == (404, "students[1].student_id")
    rows = {"rows": [{"student_id": outside, "features": {}}]}
    assert posted(client, "/score_features", rows, key).status_code == 404
    for path in (f"/review/pupil/{outside}", "/review/pupil/nobody-at-all"):
        assert client.get(path, headers=key).status_code == 404
    pages = [client.get(f"/review/pupil/{name}", headers=key).text for name in (outside, "nobody-at-all")]
    assert pages[0] == pages[1]


def test_the_store_says_where_a_pupil_is_and_not_the_request(client, headers, example, placed):
    """A caller who says that a pupil is of its school is not believed where a store knows better."""
    outside = next(pupil for pupil in placed.pupils if pupil.school != placed.pupils[0].school)
    request = raw(example, outside.pupil)
    request["students"][0]["school_id"] = placed.pupils[0].school
    assert posted(client, "/score", request, headers["of a school"]).status_code == 404


def test_without_a_store_the_request_says_where_its_pupils_are(client, headers, example, monkeypatch):
    monkeypatch.setattr(ReviewRoom, "placed", lambda room: None)
    key = headers["of s-1"]
    request = raw(example, "p-1")
    request["students"][0].update(PLACE)
    assert posted(client, "/score", request, key).status_code == 200
    request["students"][0]["school_id"] = "s-2"
    assert posted(client, "/score", request, key).status_code == 404
    rows = {"rows": [{"student_id": "p-1", "features": {}}]}
    assert posted(client, "/score_features", rows, key).status_code == 404


def test_a_readers_first_page_holds_the_pupils_of_its_grants_and_no_other(client, headers, placed):
    class_name = next(pupil for pupil in placed.pupils if pupil.class_name).class_name
    page = client.get("/review/pupils?lang=en", headers=headers["of a class"]).text
    others = [pupil.pupil for pupil in placed.pupils if pupil.class_name != class_name]
    assert not [pupil for pupil in others if f">{pupil}<" in page]
    assert any(f">{pupil.pupil}<" in page for pupil in placed.pupils if pupil.class_name == class_name)


def looks_at(folder, pupil):
    return open_audit(f"sqlite:///{folder}/audit.db", folder / "audit.key", create=False).who_saw(pupil)


def test_whoever_is_told_of_a_pupil_is_written_down(client, headers, example, placed, folder):
    pupil = placed.pupils[0].pupil
    before = len(looks_at(folder, pupil))
    reply = posted(client, "/score", raw(example, pupil), headers["of a pupil"])
    client.get(f"/review/pupil/{pupil}", headers=headers["of a pupil"])
    rows = looks_at(folder, pupil)[before:]
    assert [(row.person, row.role, row.act) for row in rows] == [
        ("pupil", "counsellor", "/score"),
        ("pupil", "counsellor", "/review/pupil"),
    ]
    assert rows[0].request == reply.json()["request_id"]
    assert rows[0].model.startswith(f"{reply.json()['model']['name']} {reply.json()['model']['version']} ")
    assert pupil not in (folder / "audit.db").read_bytes().decode("latin-1")


def test_nobody_is_told_what_cannot_be_written_down(client, headers, example, placed, monkeypatch):
    from dropout_risk.access.audit import Audit
    from dropout_risk.errors import AuditError

    def lost(*_, **__):
        raise AuditError("The database is away.")

    monkeypatch.setattr(Audit, "note", lost)
    pupil = placed.pupils[0].pupil
    for reply in (
        posted(client, "/score", raw(example, pupil), headers["counsellor"]),
        posted(
            client,
            "/score_features",
            {"rows": [{"student_id": pupil, "features": {}}]},
            headers["counsellor"],
        ),
        client.get(f"/review/pupil/{pupil}", headers=headers["counsellor"]),
        client.get("/review", headers=headers["counsellor"]),
    ):
        assert (reply.status_code, reply.json()["error"]["code"]) == (503, "DR623")
        assert pupil not in reply.text
        assert "risk" not in reply.text


@pytest.mark.parametrize(
    ("ids", "code", "index"),
    [([1, "1"], "DR610", 1), (["p", "p"], "DR610", 1), (["p", ""], "DR610", 1), (["p", " "], "DR610", 1)],
)
@pytest.mark.parametrize("route", SCORES)
def test_rows_that_do_not_name_a_pupil_each_are_refused_by_path(
    client, headers, example, route, ids, code, index
):
    rows = {"rows": [{"student_id": name, "features": {}} for name in ids]}
    request = raw(example, *ids) if route == "/score" else rows
    reply = posted(client, route, request, headers["county"])
    field = f"{'students' if route == '/score' else 'rows'}[{index}].student_id"
    told = [(problem["code"], problem["field"]) for problem in reply.json()["problems"]]
    assert (reply.status_code, told) == (400, [(code, field)])


def test_a_row_without_an_id_is_no_pupil_whose_name_is_its_index(client, headers, folder):
    rows = {"rows": [{"student_id": "p", "features": {}}, {"features": {}}, {"features": {}}]}
    before = [len(looks_at(folder, name)) for name in ("p", "1", "2")]
    reply = posted(client, "/score_features", rows, headers["county"])
    told = [(problem["code"], problem["field"]) for problem in reply.json()["problems"]]
    assert told == [("DR608", "rows[1].student_id"), ("DR608", "rows[2].student_id")]
    assert [len(looks_at(folder, name)) for name in ("p", "1", "2")] == before
