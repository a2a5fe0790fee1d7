"""What is wrong with a request by the contract's schema, each named by its place and never by its value."""

from __future__ import annotations

import datetime as dt
import json
import math
import numbers
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from dropout_risk.errors import (
    EmptyListError,
    MissingFieldError,
    NotAllowedValueError,
    NotFiniteError,
    RequestError,
    TooManyRowsError,
    UnknownFieldError,
    WrongDateError,
    WrongTypeError,
    nearest,
)
from dropout_risk.records.directory import PERSONAL
from dropout_risk.scoring.request_schema import records_schema, request_schema

Schema = Mapping[str, Any]
Place = tuple[int | str, ...]
MOST_PROBLEMS = 20
_LARGEST: Any = sys.float_info.max
MOST_PATH = 120
WHOLE_BODY = "body"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": numbers.Integral, "number": numbers.Real, "array": (list, tuple),
    "object": Mapping, "null": type(None), "date": dt.date,
}  # fmt: skip
_WORDS = {
    "string": "a valid string", "integer": "a valid integer", "number": "a valid number",
    "boolean": "a valid boolean", "array": "a valid list", "object": "an object",
    "string integer": "a string or an integer", "string date": "a date",
}  # fmt: skip
_SCALAR = "a number, a string or a truth value"
_HINTS: dict[type[RequestError], str] = {
    NotFiniteError: "leave out what is not known",
    WrongDateError: "write it as YYYY-MM-DD",
    TooManyRowsError: "send fewer pupils at once, or only a pupil's later rows",
}


def problems_of(value: Any, schema: Schema, place: Place = ()) -> list[RequestError]:
    """List the problems of a value in the order of its schema; of a long list, only the first."""
    if _is_infinite(value):
        return [_word_problem(NotFiniteError, place, "should be a finite number")]
    if "enum" in schema:
        return _choice_problems(value, schema, place)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = any(_is_kind(value, kind) for kind in kinds)
    if not fits or _is_too_large(value, kinds):
        words = _WORDS.get(" ".join(kinds), _SCALAR)
        return [_word_problem(WrongTypeError, place, f"should be {words}")]
    if isinstance(value, Mapping):
        return _object_problems(value, schema, place)
    if isinstance(value, list | tuple):
        return _list_problems(value, schema, place)
    return list(_limit_problems(value, schema, place))


def is_finite(value: Any) -> bool:
    """Say whether there is no NaN and no infinity at any depth of a value."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(map(is_finite, value.values()))
    return all(map(is_finite, value)) if isinstance(value, list | tuple) else True


def _is_infinite(value: Any) -> bool:
    inexact = isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational)
    return inexact and not math.isfinite(value)


def _is_too_large(value: Any, kinds: Sequence[str]) -> bool:
    return "number" in kinds and isinstance(value, numbers.Real) and bool(abs(value) > _LARGEST)


def _is_unicode(text: str) -> bool:
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def path_of(place: Place) -> str:
    """Write a place as ``students[3].grades[2].date``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    path = path.removeprefix(".").encode("utf-8", "replace").decode()
    return (path if len(path) <= MOST_PATH else path[:MOST_PATH] + "…") or WHOLE_BODY


def _is_kind(value: Any, kind: str) -> bool:
    """Tell the types of JSON Schema, where 8.0 is an integer and true is no number."""
    if isinstance(value, bool) or kind == "boolean":
        return isinstance(value, bool) and kind == "boolean"
    return isinstance(value, _TYPES[kind]) or (
        kind == "integer" and isinstance(value, float | np.floating) and value.is_integer()
    )


def _choice_problems(value: Any, schema: Schema, place: Place) -> list[RequestError]:
    if not isinstance(value, bool) and any(value == word for word in schema["enum"]):
        return []
    *others, last = map(repr, schema["enum"])
    return [_word_problem(NotAllowedValueError, place, f"should be {', '.join(others)} or {last}")]


def _object_problems(value: Mapping[str, Any], schema: Schema, place: Place) -> list[RequestError]:
    fields, others = schema.get("properties", {}), schema.get("additionalProperties")
    if not fields and others is None:
        words = "should hold finite numbers only"
        return [] if is_finite(value) else [_word_problem(NotFiniteError, place, words)]
    found = []
    for name, field in fields.items():
        if name in value:
            found += problems_of(value[name], field, (*place, name))
        elif name in schema["required"]:
            found.append(_word_problem(MissingFieldError, (*place, name), "is missing"))
    for name, given in value.items():
        if name not in fields and others:
            found += problems_of(given, others, (*place, name))
        elif name not in fields:
            found.append(_unknown_field(given, list(fields), (*place, name)))
    return found


_NO_NAMES = "a request names nobody: leave it out; pages join names to the ids of the reply"


def _unknown_field(value: Any, fields: list[str], place: Place) -> RequestError:
    if _is_infinite(value):
        return _word_problem(NotFiniteError, place, "should be a finite number")
    hint = _NO_NAMES if place[-1] in PERSONAL else nearest(str(place[-1]), fields)
    return _word_problem(UnknownFieldError, place, "is not a field of the contract", hint)


def _list_problems(value: Sequence[Any], schema: Schema, place: Place) -> list[RequestError]:
    most = schema.get("maxItems", math.inf)
    if len(value) < schema.get("minItems", 0):
        return [_word_problem(EmptyListError, place, "should have at least one entry")]
    if len(value) > most:
        return [_word_problem(TooManyRowsError, place, f"should have at most {most} entries")]
    found: list[RequestError] = []
    for number, row in enumerate(value):
        found += problems_of(row, schema["items"], (*place, number))
        if len(found) >= MOST_PROBLEMS:
            break
    return found


def _limit_problems(value: Any, schema: Schema, place: Place) -> Iterator[RequestError]:
    if isinstance(value, str) and not _is_unicode(value):
        yield _word_problem(NotAllowedValueError, place, "should be text in Unicode")
    if schema.get("format") == "date" and not _is_date(value):
        yield _word_problem(WrongDateError, place, "should be a date written as YYYY-MM-DD")
    if "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        yield _word_problem(NotAllowedValueError, place, f"should match {schema['pattern']}")
    if "minLength" in schema and len(value) < schema["minLength"]:
        words = f"String should have at least {schema['minLength']} character"
        yield _word_problem(NotAllowedValueError, place, words)
    if "minimum" in schema and value < schema["minimum"]:
        words = f"should be greater than or equal to {schema['minimum']}"
        yield _word_problem(NotAllowedValueError, place, words)
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield _word_problem(
            NotAllowedValueError, place, f"should be greater than {schema['exclusiveMinimum']}"
        )


@lru_cache(maxsize=4096)
def _is_known_date(ten_characters: str) -> bool:
    try:
        return bool(_DATE.fullmatch(ten_characters) and dt.date.fromisoformat(ten_characters))
    except ValueError:
        return False


def _is_date(text: str | dt.date) -> bool:
    if isinstance(text, dt.date):
        return True
    return len(text) == len("YYYY-MM-DD") and _is_known_date(text)


def _word_problem(kind: type[RequestError], place: Place, words: str, hint: str = "") -> RequestError:
    """Word one problem without the value that caused it."""
    path = path_of(place)
    return kind(f"{path} {words}.", hint=hint or _HINTS.get(kind, ""), field=path)


OF_RECORDS = {
    "explain_records.request": "explain_change.request",
    "what_if_records.request": "what_if.request",
}
"""Questions about raw records: the same as about pupils of a store, with what a request for scores takes."""


def contract_schema(name: str) -> dict[str, Any]:
    """Read a schema of the contract, such as ``score.reply``; that of a request has all declared tables."""
    if name == "score.request":
        return request_schema()
    if name in OF_RECORDS:
        return records_schema(contract_schema(OF_RECORDS[name]))
    file = files("dropout_risk.scoring") / "contract" / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


# --- What a caller in Python is held to: the shape, while words and limits are for the check of records ---

_SCALARS = ["string", "number", "boolean", "null", "date"]
STRICT = ("student_id", "registered_to", "unrecorded")
"""The cells of a pupil that tell who it is and how its rows are read: never left to the check of records."""


def require_shape(body: Any, name: str) -> None:
    """Refuse a request that has not the shape of a contract's: fields, types at any depth, lists.

    What a single cell says is left to the check of records, which names its row and goes on without it.

    >>> require_shape({"as_of": "2025-03-03", "students": [{"student_id": 1, "grades": 7}]}, "score")
    Traceback (most recent call last):
    dropout_risk.errors.WrongTypeError: [DR609] students[0].grades should be a valid list.
    """
    problems = problems_of(body, _shape_of(name))
    if problems:
        raise problems[0]


@cache
def _shape_of(name: str) -> Schema:
    return _loosened_schema(contract_schema(f"{name}.request"), 0)


def _loosened_schema(schema: Schema, depth: int, field: str = "") -> Schema:
    """Let a cell of a list be any scalar; what says how the request is read stays as it is."""
    if "items" in schema:
        kept = {key: part for key, part in schema.items() if key != "maxItems"}
        return {**kept, "items": _loosened_schema(schema["items"], depth + 1)}
    if "properties" in schema:
        fields = schema["properties"].items()
        return {**schema, "properties": {name: _loosened_schema(part, depth, name) for name, part in fields}}
    if "additionalProperties" in schema:
        return {**schema, "additionalProperties": {"type": _SCALARS}}
    if schema.get("format") == "date" and (not depth or field in STRICT):
        return {**schema, "type": ["string", "date"]}
    is_cell = depth and field not in STRICT and schema.get("type") != "object"
    return {"type": _SCALARS} if is_cell else schema
