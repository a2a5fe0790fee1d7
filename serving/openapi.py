"""The service's description (OpenAPI 3.1), made of the contract's own schemas."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from dropout_risk.errors import (
    NotAnsweredError,
    NotGrantedError,
    NotSignedInError,
    RequestError,
    TooSlowError,
)
from dropout_risk.scoring.contract_problems import contract_schema

Schema = dict[str, Any]
CONTRACT = "1"
"""The version of the contract."""

_TEXT: Schema = {"type": "string"}
_PROBLEM: Schema = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "pattern": "^DR[0-9]{3}$"},
        "message": {"type": "string", "minLength": 1},
        "field": {"type": "string", "description": "Where it is, such as students[3].grades[2].date"},
        "hint": _TEXT,
    },
    "required": ["code", "message", "field", "hint"],
}
ERROR: Schema = {
    "description": "Every reply that is no success",
    "type": "object",
    "properties": {
        "error": _PROBLEM,
        "problems": {"type": "array", "items": _PROBLEM, "minItems": 1, "maxItems": 20},
        "request_id": {"type": "string", "minLength": 1},
    },
    "required": ["error", "problems", "request_id"],
}


_NAME: Schema = {"type": ["string", "integer"]}
CONTEXT_ROW: Schema = {
    "description": "A row of the class context, as ClassContext.to_rows writes it",
    "type": "object",
    "properties": {
        "school_id": _NAME,
        "class_id": _NAME,
        "grade_level": {"type": ["integer", "null"]},
        "feature": _NAME,
        "subject": _NAME,
        "exam": _NAME,
        "date": {"type": ["string", "null"], "description": "YYYY-MM-DD; null for a row of a feature"},
        "mean": {"type": "number", "minimum": -1e9, "maximum": 1e9},
        "sd": {"type": "number", "minimum": 0, "maximum": 1e9},
        "n": {"type": "integer", "minimum": 0, "maximum": 1_000_000_000},
        "school_n": {
            "type": ["integer", "null"],
            "minimum": 0,
            "description": "of a feature",
        },
    },
    "required": ["school_id", "class_id", "feature", "subject", "exam", "date", "mean", "sd", "n"],
    "additionalProperties": False,
    "if": {"properties": {"subject": {"minLength": 1}}},
    "then": {"properties": {"n": {"minimum": 1}}},
}


SCHEMES: Schema = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "of the issuer"},
    "key": {"type": "http", "scheme": "bearer", "description": "an API key, drk_..."},
    "proxy": {"type": "apiKey", "in": "header", "name": "X-Remote-Signature", "description": "of the proxy"},
    "session": {"type": "apiKey", "in": "cookie", "name": "desk", "description": "of a link to the desk"},
}
"""How a caller says who asks; none of them where the service, on the loopback address, asks nobody."""


SAID: Schema = {
    "type": "object",
    "properties": {"request_id": _TEXT, "model": {"type": "object"}, "written": {"type": "object"}},
    "required": ["request_id", "model", "written"],
}
_TENSOR: Schema = {
    "type": "object",
    "properties": {
        "name": _TEXT,
        "shape": {"type": "array", "items": {"type": "integer"}},
        "datatype": {"enum": ["BYTES", "FP64"]},
        "data": {"type": "array", "items": {"type": ["number", "string", "null"]}},
    },
    "required": ["name", "shape", "datatype", "data"],
}
INFERRED: Schema = {
    "type": "object",
    "properties": {
        "model_name": _TEXT,
        "model_version": _TEXT,
        "id": _TEXT,
        "outputs": {"type": "array", "items": _TENSOR},
    },
    "required": ["model_name", "model_version", "outputs"],
}
_ABOUT = (
    "Risks of dropping out with their reasons. They inform people; they never decide. Every address is good "
    f"with the version of the contract before it, too: /v{CONTRACT}/score; replies say it in "
    "X-Contract-Version."
)
_STORED = {"student_ids": ["p-001"], "language": "en"}
_SCORE = json.loads((files("dropout_risk.scoring") / "contract" / "score.request.example.json").read_bytes())
EXAMPLES: Schema = {
    "score": _SCORE,
    "score_features": {
        "rows": [{"student_id": "p-001", "features": {"absence_share_20d": 0.3}}], "language": "en"
    },
    "score_stored": _STORED,
    "explain_change": _STORED | {"before": "2025-03-03", "as_of": "2025-04-07"},
    "what_if": _STORED | {"most": 2},
    "explain_records": _SCORE | {"before": "2025-02-03"},
    "what_if_records": _SCORE | {"most": 1},
    "feedback": {"student_id": "p-001", "answers": {"absence_share_20d": "right"}},
    "infer": {
        "inputs": [
            {"name": "student_id", "shape": [2], "datatype": "BYTES", "data": ["p-001", "p-002"]},
            {"name": "absence_share_20d", "shape": [2], "datatype": "FP64", "data": [0.3, None]},
        ],
        "parameters": {"language": "en"},
    },
}  # fmt: skip
"""An example of each request, which the tests send."""
OF_RECORDS = {"explain_change": "explain_records", "what_if": "what_if_records"}
"""What may be asked about pupils of the store, and of which records."""

TITLES = {
    "score": "ScoreRequest",
    "score_features": "FeaturesRequest",
    "score_stored": "StoredRequest",
    "explain_change": "ChangeRequest",
    "what_if": "WhatIfRequest",
    "explain_records": "ChangeOfRecordsRequest",
    "what_if_records": "WhatIfOfRecordsRequest",
    "feedback": "FeedbackRequest",
    "reply": "ScoreReply",
    "changes": "ChangesReply",
    "what_ifs": "WhatIfsReply",
    "said": "FeedbackReply",
    "infer": "InferenceRequest",
    "inferred": "InferenceReply",
    "error": "Refusal",
    "inference_error": "InferenceRefusal",
    "context_row": "ClassContextRow",
}
"""What a client that is generated calls its types."""


def service_description() -> Schema:
    """Describe every address of the service."""
    paths: dict[str, dict[str, Schema]] = {
        "/score": {"post": _posted_path("score", "Raw records of up to 200 pupils")},
        "/score_features": {"post": _posted_path("score_features", "Features of up to 10,000 pupils")},
        "/score_stored": {"post": _posted_path("score_stored", "Up to 200 pupils of the store, by ids")},
        "/explain/change": {
            "post": _posted_path("explain_change", "Why risks changed between two days", "changes")
        },
        "/what_if": {"post": _posted_path("what_if", "What would bring risks below a target", "what_ifs")},
        "/feedback": {
            "post": _posted_path("feedback", "What the school says of the reasons of a case", "said")
        },
        **_protocol_paths(),
        "/model": {"get": _question_path("model", "Name, version, metrics and card", {"type": "object"})},
        "/catalogue": {
            "get": _question_path(
                "catalogue", "The features it reads", {"type": "array", "items": {"type": "object"}}
            )
        },
        "/review": {"get": _page_path("The reader's own pupils, for reviewers")},
        "/review/cohort": {"get": _page_path("The cohort, for reviewers")},
        "/review/pupils": {"get": _page_path("Pupils that are looked for, for reviewers")},
        "/review/model": {"get": _page_path("The model, for reviewers")},
        "/review/pupil/{id}": {"get": _page_path("A pupil, for reviewers", "id")},
        "/review/school/{id}": {"get": _page_path("A school's list, for reviewers", "id")},
        "/livez": {"get": _probe_path("The process runs")},
        "/readyz": {"get": _probe_path("The model is loaded")},
        "/metrics": {"get": _probe_path("Counts and durations for Prometheus", is_open=False)},
    }
    for path, ways in paths.items():
        for way in ways.values():
            way.setdefault("operationId", path.strip("/").replace("/{id}", "").replace("/", "_"))
    return {
        "openapi": "3.1.0",
        "info": {"title": "dropout_risk", "version": CONTRACT, "description": _ABOUT},
        "paths": paths,
        "security": [{name: []} for name in SCHEMES] + [{}],
        "components": {
            "securitySchemes": SCHEMES,
            "schemas": {name: schema | {"title": TITLES[name]} for name, schema in _named_schemas().items()},
        },
    }


def _protocol_paths() -> dict[str, dict[str, Schema]]:
    """Describe the open inference protocol's addresses, where refusals have its form."""
    model = {"name": "model", "in": "path", "required": True, "schema": _TEXT, "example": "dropout_risk"}
    told = "The same by the open inference protocol"
    refused = "inference_error"
    infer = _posted_path("infer", told, "inferred", refused) | {"parameters": [model]}
    about = [
        _question_path(name, told, {"type": "object"}, refused)
        for name in ("v2_server", "v2_model", "v2_model_ready")
    ]
    for one in about[1:]:
        one["parameters"] = [model]
        one["responses"]["404"] = infer["responses"]["404"]
    return {
        "/v2/health/live": {"get": _probe_path("The process runs")},
        "/v2/health/ready": {"get": _probe_path("The model is loaded")},
        "/v2": {"get": about[0]},
        "/v2/models/{model}": {"get": about[1]},
        "/v2/models/{model}/ready": {"get": about[2]},
        "/v2/models/{model}/infer": {"post": infer},
    }


def _named_schemas() -> Schema:
    return {
        **{name: contract_schema(f"{name}.request") for name in EXAMPLES},
        **{name: _with_context_rows(name) for name in OF_RECORDS.values()},
        "reply": contract_schema("score.reply"),
        "changes": _answers_schema(before={"type": "string", "format": "date"}),
        "what_ifs": _answers_schema(),
        "said": SAID,
        "inferred": INFERRED,
        "error": ERROR,
        "inference_error": ERROR | {"properties": ERROR["properties"] | {"error": _TEXT}},
        "context_row": CONTEXT_ROW,
    }


def _with_context_rows(name: str) -> Schema:
    """Give the schema of a request of records; the contract leaves rows of a class context open."""
    schema = contract_schema(f"{name}.request")
    rows = {"items": _schema_reference("context_row")}
    typed = {name: told | rows if name.startswith("class_context") else told
             for name, told in schema["properties"].items()}  # fmt: skip
    return schema | {"properties": typed}


def _posted_path(name: str, summary: str, reply: str = "reply", refused: str = "error") -> Schema:
    asked = _schema_reference(name)
    if name == "score":  # the contract leaves these rows open; what reads them does not
        asked |= {"properties": {"class_context": {"items": _schema_reference("context_row")}}}
    of_records = OF_RECORDS.get(name)
    if of_records is not None:
        asked = {"oneOf": [asked, _schema_reference(of_records)]}
    content = {"application/json": {"schema": asked, "example": EXAMPLES[name]}}
    return {
        "summary": summary,
        "operationId": name,
        "requestBody": {"required": True, "content": content},
        "responses": {"200": _json_response("Results, and rows that were not used", _schema_reference(reply))}
        | _refusal_responses(refused),
    }


def _answers_schema(**more: Schema) -> Schema:
    """Describe a list of answers, by the words of their days and names."""
    listed: Schema = {"type": "array", "items": {"type": "object"}}
    told: Schema = more | {
        "as_of": {"type": "string", "format": "date"},
        "request_id": _TEXT,
        "language": {"enum": ["zh", "en"]},
        "model": {"type": "object"},
        "results": listed,
        "errors": listed,
        "warnings": listed,
    }
    return {"type": "object", "properties": told, "required": [*told]}


def _question_path(name: str, summary: str, schema: Schema, refused: str = "error") -> Schema:
    return {
        "summary": summary,
        "operationId": name,
        "responses": {"200": _json_response(summary, schema)} | _door_responses(refused),
    }


def _page_path(summary: str, *named: str) -> Schema:
    asked = [
        {"name": "lang", "in": "query", "schema": {"enum": ["zh", "en"]}},
        {
            "name": "role",
            "in": "query",
            "schema": _TEXT,
            "description": "Of the reader's roles, the one to read in",
        },
    ]
    ids = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in named]
    shown = {"description": summary, "content": {"text/html": {}}}
    told = dict.fromkeys(("200", "400", "404", "503"), shown)
    busy = {"429": _json_response("Pages are asked for too often", _schema_reference("error"))}
    refused = _door_responses()
    lost = refused["503"]  # a page that says it, or the door's refusal
    refused["503"] = lost | {"content": shown["content"] | lost["content"]}
    return {"summary": summary, "parameters": [*ids, *asked], "responses": told | busy | refused}


def _probe_path(summary: str, *, is_open: bool = True) -> Schema:
    told = {"200": {"description": summary, "content": {"text/plain": {}}}}
    if is_open:
        return {"summary": summary, "security": [], "responses": told}
    return {"summary": summary, "responses": told | _door_responses()}


def _door_responses(refused: str = "error") -> Schema:
    """Give the refusals of whoever is not known, asks for what is not theirs, or cannot be looked up."""
    kinds = (NotSignedInError, NotGrantedError, NotAnsweredError, TooSlowError)
    return {
        str(kind.status): _json_response(f"{kind.code}: {kind.__doc__}", _schema_reference(refused))
        for kind in kinds
    }


def _refusal_responses(refused: str) -> Schema:
    said: dict[int, list[str]] = {}
    for kind in RequestError.__subclasses__():
        said.setdefault(kind.status, []).append(f"{kind.code}: {kind.__doc__}")
    return {
        str(status): _json_response(" ".join(said[status]), _schema_reference(refused))
        for status in sorted(said)
    }


def _json_response(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": _json_content(schema)}


def _json_content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _schema_reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
