"""The service's description (OpenAPI 3.1), made of the contract's own schemas."""

from __future__ import annotations

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
    "title": "Every reply that is no success",
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
    "title": "A row of the class context, as ClassContext.to_rows writes it",
    "type": "object",
    "properties": {
        "school_id": _NAME,
        "class_id": _NAME,
        "grade_level": {"type": ["integer", "null"]},
        "feature": _NAME,
        "subject": _NAME,
        "exam": _NAME,
        "date": {"type": ["string", "null"], "description": "YYYY-MM-DD; null for a row of a feature"},
        "mean": {"type": "number"},
        "sd": {"type": "number", "minimum": 0},
        "n": {"type": "integer", "minimum": 0},
    },
    "required": ["school_id", "class_id", "feature", "subject", "exam", "date", "mean", "sd", "n"],
    "additionalProperties": False,
}


SCHEMES: Schema = {
    "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "of the issuer"},
    "key": {"type": "http", "scheme": "bearer", "description": "an API key, drk_..."},
    "proxy": {"type": "apiKey", "in": "header", "name": "X-Remote-Signature", "description": "of the proxy"},
    "session": {"type": "apiKey", "in": "cookie", "name": "desk", "description": "of a link to the desk"},
}
"""How a caller says who asks; none of them where the service, on the loopback address, asks nobody."""


def service_description() -> Schema:
    """Describe every address of the service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "dropout_risk",
            "version": "1",
            "description": "Risks of dropping out with their reasons. They inform people; they never decide.",
        },
        "paths": {
            "/score": {"post": _scoring_path("score", "Raw records of up to 200 pupils")},
            "/score_features": {
                "post": _scoring_path("score_features", "Ready features of up to 10,000 pupils")
            },
            "/model": {"get": _question_path("The model: name, version, metrics, card", {"type": "object"})},
            "/catalogue": {
                "get": _question_path("The features it reads", {"type": "array", "items": {"type": "object"}})
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
        },
        "security": [{name: []} for name in SCHEMES] + [{}],
        "components": {
            "securitySchemes": SCHEMES,
            "schemas": {
                "score": contract_schema("score.request"),
                "score_features": contract_schema("score_features.request"),
                "reply": contract_schema("score.reply"),
                "error": ERROR,
                "context_row": CONTEXT_ROW,
            },
        },
    }


def _scoring_path(name: str, summary: str) -> Schema:
    asked = _schema_reference(name)
    if name == "score":  # the contract leaves these rows open; what reads them does not
        asked |= {"properties": {"class_context": {"items": _schema_reference("context_row")}}}
    return {
        "summary": summary,
        "operationId": name,
        "requestBody": {"required": True, "content": _json_content(asked)},
        "responses": {
            "200": _json_response("Results, and rows that were not used", _schema_reference("reply"))
        }
        | _refusal_responses(),
    }


def _question_path(summary: str, schema: Schema) -> Schema:
    return {"summary": summary, "responses": {"200": _json_response(summary, schema)} | _door_responses()}


def _page_path(summary: str, *named: str) -> Schema:
    language = {"name": "lang", "in": "query", "schema": {"enum": ["zh", "en"]}}
    ids = [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in named]
    shown = {"description": summary, "content": {"text/html": {}}}
    told = dict.fromkeys(("200", "400", "404", "503"), shown)
    busy = {"429": _json_response("Pages are asked for too often", _schema_reference("error"))}
    refused = _door_responses()
    lost = refused["503"]  # a page that says it, or the door's refusal
    refused["503"] = lost | {"content": shown["content"] | lost["content"]}
    return {"summary": summary, "parameters": [*ids, language], "responses": told | busy | refused}


def _probe_path(summary: str, *, is_open: bool = True) -> Schema:
    told = {"200": {"description": summary, "content": {"text/plain": {}}}}
    if is_open:
        return {"summary": summary, "security": [], "responses": told}
    return {"summary": summary, "responses": told | _door_responses()}


def _door_responses() -> Schema:
    """Give the refusals of whoever is not known, asks for what is not theirs, or cannot be looked up."""
    kinds = (NotSignedInError, NotGrantedError, NotAnsweredError, TooSlowError)
    return {
        str(kind.status): _json_response(f"{kind.code}: {kind.__doc__}", _schema_reference("error"))
        for kind in kinds
    }


def _refusal_responses() -> Schema:
    said: dict[int, list[str]] = {}
    for kind in RequestError.__subclasses__():
        said.setdefault(kind.status, []).append(f"{kind.code}: {kind.__doc__}")
    return {
        str(status): _json_response(" ".join(said[status]), _schema_reference("error"))
        for status in sorted(said)
    }


def _json_response(description: str, schema: Schema) -> Schema:
    return {"description": description, "content": _json_content(schema)}


def _json_content(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _schema_reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
