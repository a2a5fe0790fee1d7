"""The open inference protocol tells what the service's own addresses tell, and refuses what they refuse."""

from __future__ import annotations

import json

import pytest
from serving.gate.lanes import SMALL, rows_in

from support.asking import asked_service, posted, with_key

NAME = "/v2/models/dropout_risk"
FEATURES = {"absence_share_20d": [0.3, None, 0.0], "late_share_20d": [0.1, 0.2, None]}
IDS = ["p-1", "p-2", "p-3"]


def tensor(name, data, datatype="FP64"):
    return {"name": name, "shape": [len(data)], "datatype": datatype, "data": data}


def tensors(features=FEATURES, ids=IDS, **more):
    inputs = [tensor(name, data) for name, data in features.items()]
    named = [tensor("student_id", ids, "BYTES")] if ids else []
    return {"inputs": [*named, *inputs], "parameters": {"language": "en"}} | more


def rows(features=FEATURES, ids=IDS):
    return {
        "rows": [
            {"student_id": name, "features": {feature: data[row] for feature, data in features.items()}}
            for row, name in enumerate(ids)
        ],
        "language": "en",
    }


def outputs_of(reply):
    return {output["name"]: output["data"] for output in reply.json()["outputs"]}


def infer(client, body, path=f"{NAME}/infer"):
    return client.post(path, json=body)


def test_tensors_are_told_what_rows_are_told(client):
    own = client.post("/score_features", json=rows()).json()["results"]
    reply = infer(client, tensors(id="a-name"))
    told = outputs_of(reply)
    assert list(map(json.loads, told["score"])) == own
    assert told["student_id"] == IDS
    assert told["risk"] == [pupil["risk"] for pupil in own]
    assert told["interval"] == [number for pupil in own for number in pupil["interval"]]
    assert told["band"] == [pupil["band"] for pupil in own]
    assert {output["name"]: output["shape"] for output in reply.json()["outputs"]}["interval"] == [3, 2]
    assert reply.json()["id"] == "a-name"


def test_a_row_that_is_not_scored_keeps_its_place_and_says_why(client):
    told = outputs_of(infer(client, tensors({"absence_share_20d": [0.3, 7.0, 0.1]})))
    assert [risk is None for risk in told["risk"]] == [False, True, False]
    assert (told["band"][1], told["interval"][2:4]) == ("", [None, None])
    assert json.loads(told["score"][1])["code"] == "DR203"
    assert told["student_id"] == IDS


def test_outputs_are_those_that_are_asked_for(client):
    reply = infer(client, tensors(outputs=[{"name": "risk"}, {"name": "risk"}]))
    assert [output["name"] for output in reply.json()["outputs"]] == ["risk"]


def test_the_model_is_described_by_what_goes_in_and_comes_out(client):
    told, model = client.get(NAME).json(), client.get("/model").json()
    assert (told["name"], told["versions"]) == (model["name"], [model["version"]])
    catalogue = [feature["name"] for feature in client.get("/catalogue").json()]
    assert [entry["name"] for entry in told["inputs"]] == [*catalogue, "student_id"]
    shapes = {entry["name"]: entry["shape"] for entry in told["outputs"]}
    assert {name: len(shape) for name, shape in shapes.items()} == {
        output["name"]: len(output["shape"]) for output in infer(client, tensors()).json()["outputs"]
    }
    version = f"{NAME}/versions/{model['version']}"
    assert [client.get(f"{path}/ready").status_code for path in (NAME, version)] == [200, 200]
    assert infer(client, tensors(), f"{version}/infer").status_code == 200
    assert client.get("/v2").json()["name"] == model["name"]
    assert [client.get(f"/v2/health/{word}").status_code for word in ("live", "ready")] == [200, 200]


@pytest.mark.parametrize(
    "path", ["/v2/models/other", f"{NAME}/versions/other", f"{NAME}/versions/other/ready"]
)
def test_another_model_is_not_there(client, path):
    assert client.get(path).status_code == 404
    reply = infer(client, tensors(), f"{path.removesuffix('/ready')}/infer")
    assert (reply.status_code, reply.json()["problems"][0]["code"]) == (404, "DR615")


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"inputs": []}, "DR613", "inputs"),
        ({"inputs": [tensor("a", [0.1]), tensor("a", [0.2])]}, "DR610", "inputs[1].name"),
        ({"inputs": [tensor("a", [0.1]), tensor("b", [0.2, 0.3])]}, "DR610", "inputs[1].shape"),
        ({"inputs": [tensor("a", [0.1]) | {"shape": [1, 2]}]}, "DR610", "inputs[0].shape"),
        ({"inputs": [tensor("a", ["x"])]}, "DR609", "inputs[0].data"),
        ({"inputs": [tensor("a", ["x"], "BYTES")]}, "DR610", "inputs[0].datatype"),
        ({"inputs": [tensor("student_id", ["", "b"], "BYTES")]}, "DR609", "inputs[0].data"),
        ({"inputs": [tensor("student_id", [0.5], "FP64")]}, "DR610", "inputs[0].datatype"),
        ({"inputs": [tensor("a", [0.0] * 10_001)]}, "DR614", "inputs[0].data"),
        ({"outputs": [{"name": "reasons"}]}, "DR610", "outputs[0].name"),
        ({"parameters": {"language": "fr"}}, "DR610", "parameters.language"),
    ],
)
def test_what_is_wrong_is_told_by_its_path_and_as_the_protocol_words_it(client, change, code, field):
    reply = infer(client, tensors() | change)
    assert reply.status_code == 400
    assert [(problem["code"], problem["field"]) for problem in reply.json()["problems"]] == [(code, field)]
    assert reply.json()["error"].startswith(f"[{code}] ")


def test_a_body_of_many_short_rows_counts_as_large():
    body = json.dumps(tensors({"absence_share_20d": [0.1] * 5000}, [])).encode()
    assert rows_in("/v2/models/infer", body) >= 5000 > SMALL


def test_rights_and_audit_are_those_of_rows(bundle, tmp_path):
    """An auditor is told no name, whoever has no part of scores nothing, and looks are written down."""
    from dropout_risk.access.audit import open_audit
    from dropout_risk.exchange.pseudonyms import make_key

    make_key(tmp_path / "audit.key")
    url = f"sqlite:///{tmp_path}/audit.db"
    keys = {role: with_key(tmp_path, role, role) for role in ("counsellor", "auditor", "operator")}
    more = {"DROPOUT_RISK_AUDIT_URL": url, "DROPOUT_RISK_AUDIT_KEY": tmp_path / "audit.key"}
    with asked_service(
        bundle, tmp_path, DROPOUT_RISK_API_KEYS_FILE=tmp_path / "keys.json", **more
    ) as service:
        path = f"{NAME}/infer"
        told = outputs_of(posted(service, path, tensors(), keys["counsellor"]))
        own = posted(service, "/score_features", rows(), keys["counsellor"]).json()["results"]
        nameless = posted(service, path, tensors(), keys["auditor"])
        refused = posted(service, path, tensors(), keys["operator"])
        unnamed = posted(service, path, tensors(ids=None), keys["counsellor"])
        unknown = posted(service, path, tensors(), {})
    assert list(map(json.loads, told["score"])) == own
    assert nameless.status_code == 200
    assert "p-1" not in nameless.text
    assert (refused.status_code, unnamed.status_code, unknown.status_code) == (403, 400, 401)
    looks = open_audit(url, tmp_path / "audit.key", create=False).who_saw("p-1")
    assert [look.act for look in looks] == ["/v2/models/infer", "/score_features", "/v2/models/infer"]
