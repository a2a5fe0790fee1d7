"""From the bytes of a body to a request that keeps the contract, or to everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jsonschema_rs import Draft202012Validator

from dropout_risk.errors import (
    DuplicateKeyError,
    EmptyListError,
    FutureDateError,
    JsonBombError,
    MissingFieldError,
    NotAllowedValueError,
    NotFiniteError,
    NotJsonError,
    RequestError,
    TooManyRowsError,
    UnknownFieldError,
    WrongDateError,
    WrongTypeError,
    nearest,
)
from dropout_risk.scoring.request import MOST_DAYS, MOST_ROWS
from dropout_risk.scoring.request_schema import request_schema

Schema = Mapping[str, Any]
Place = tuple[int | str, ...]
MOST_PROBLEMS = 20
MOST_PATH = 120
WHOLE_BODY = "body"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "array": list, "object": dict, "null": type(None),
}  # fmt: skip
_WORDS = {
    "string": "a valid string", "integer": "a valid integer", "number": "a valid number",
    "boolean": "a valid boolean", "array": "a valid list", "object": "an object",
    "string integer": "a string or an integer",
}  # fmt: skip
_SCALAR = "a number, a string or a truth value"
_HINTS: dict[type[RequestError], str] = {
    NotFiniteError: "leave out what is not known",
    WrongDateError: "write it as YYYY-MM-DD",
    TooManyRowsError: "send fewer pupils at once, or only a pupil's later rows",
}


def problems_of(value: Any, schema: Schema, place: Place = ()) -> list[RequestError]:
    """List the problems of a value in the order of its schema; of a long list, only the first."""
    if isinstance(value, float) and not math.isfinite(value):
        return [_word_problem(NotFiniteError, place, "should be a finite number")]
    if "enum" in schema:
        return _choice_problems(value, schema, place)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    fits = any(_is_kind(value, kind) for kind in kinds)
    if not fits or (kinds == ["number"] and abs(value) > sys.float_info.max):
        words = _WORDS.get(" ".join(kinds), _SCALAR)
        return [_word_problem(WrongTypeError, place, f"should be {words}")]
    if isinstance(value, dict):
        return _object_problems(value, schema, place)
    if isinstance(value, list):
        return _list_problems(value, schema, place)
    return list(_limit_problems(value, schema, place))


def is_finite(value: Any) -> bool:
    """Say whether there is no NaN and no infinity at any depth of a value."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(is_finite, value.values()))
    return all(map(is_finite, value)) if isinstance(value, list) else True


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
        kind == "integer" and isinstance(value, float) and value.is_integer()
    )


def _choice_problems(value: Any, schema: Schema, place: Place) -> list[RequestError]:
    if isinstance(value, str) and value in schema["enum"]:
        return []
    *others, last = map(repr, schema["enum"])
    return [_word_problem(NotAllowedValueError, place, f"should be {', '.join(others)} or {last}")]


def _object_problems(value: dict[str, Any], schema: Schema, place: Place) -> list[RequestError]:
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


def _unknown_field(value: Any, fields: list[str], place: Place) -> RequestError:
    if isinstance(value, float) and not math.isfinite(value):
        return _word_problem(NotFiniteError, place, "should be a finite number")
    hint = nearest(str(place[-1]), fields)
    return _word_problem(UnknownFieldError, place, "is not a field of the contract", hint)


def _list_problems(value: list[Any], schema: Schema, place: Place) -> list[RequestError]:
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


def _is_date(text: str) -> bool:
    return len(text) == len("YYYY-MM-DD") and _is_known_date(text)


def _word_problem(kind: type[RequestError], place: Place, words: str, hint: str = "") -> RequestError:
    """Word one problem without the value that caused it."""
    path = path_of(place)
    return kind(f"{path} {words}.", hint=hint or _HINTS.get(kind, ""), field=path)


# --- From the bytes of a body to a request ---

MOST_FIELDS = 1000
_EASTERNMOST = dt.timezone(dt.timedelta(hours=14))


class RefusedError(Exception):
    """A body that is not answered, and at most twenty reasons why."""

    def __init__(self, problems: list[RequestError]) -> None:
        super().__init__(problems[0].code)
        self.problems = problems


class Contract:
    """One request of the contract: a compiled check says yes, and only what it refuses is looked through.

    In the list ``loose`` the contract allows what is no number: there NaN is looked for besides.
    """

    def __init__(self, name: str, loose: str) -> None:
        self.schema = contract_schema(f"{name}.request")
        self._loose = loose
        self._limited = _with_row_limits(self.schema)
        self._check = Draft202012Validator(_as_strict(self._limited), validate_formats=True)
        self._whole = _integers_of(self.schema)

    def read(self, body: bytes) -> dict[str, Any]:
        """Read a body; RefusedError with every problem, up to twenty."""
        try:
            request = _parse_body(body)
            if not (self._check.is_valid(request) and is_finite(request.get(self._loose))):
                problems = problems_of(request, self._limited)
                if problems:
                    raise RefusedError(problems[:MOST_PROBLEMS])
            _make_whole(request, self._whole)
            _refuse_future(request)
        except RecursionError:
            raise RefusedError([JsonBombError("The body is nested too deeply.", field=WHOLE_BODY)]) from None
        except RequestError as error:
            raise RefusedError([error]) from None
        return dict(request)


def contract_schema(name: str) -> dict[str, Any]:
    """Read a schema of the contract, such as ``score.reply``; that of a request has all declared tables."""
    if name == "score.request":
        return request_schema()
    file = files("dropout_risk.scoring") / "contract" / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


def _with_row_limits(schema: dict[str, Any], name: str = "", depth: int = 0) -> dict[str, Any]:
    """Bound the lists of a pupil, which the contract leaves open."""
    made = dict(schema)
    if "items" in schema:
        made["items"] = _with_row_limits(schema["items"], depth=depth + 1)
        if depth:
            made["maxItems"] = MOST_DAYS if name == "attendance" else MOST_ROWS
    if "properties" in schema:
        fields = schema["properties"].items()
        made["properties"] = {name: _with_row_limits(field, name, depth) for name, field in fields}
    return made


def _as_strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Refuse what only Python cannot hold: the year 0, and numbers beyond its floats."""
    made = {key: _as_strict(part) if isinstance(part, dict) else part for key, part in schema.items()}
    if schema.get("format") == "date":
        made["not"] = {"pattern": "^0000"}
    if schema.get("type") == "number":
        made |= {"maximum": sys.float_info.max, "minimum": schema.get("minimum", -sys.float_info.max)}
    return made


def _integers_of(schema: Mapping[str, Any]) -> Any:
    """Give where integers stand: by field, a list for the entries of one, and True for themselves."""
    if "integer" in schema.get("type", ()):
        return True
    if "items" in schema:
        inside = _integers_of(schema["items"])
        return [inside] if inside else None
    fields = {name: _integers_of(field) for name, field in schema.get("properties", {}).items()}
    return {name: inside for name, inside in fields.items() if inside}


def _make_whole(value: Any, places: Any) -> Any:
    """Take 8.0 for 8, as JSON Schema does."""
    if places is True:
        return int(value) if isinstance(value, float) else value
    if isinstance(places, list):
        for entry in value:
            _make_whole(entry, places[0])
    else:
        for name, inside in places.items():
            if name in value:
                value[name] = _make_whole(value[name], inside)
    return value


def _parse_body(body: bytes) -> Any:
    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=_checked_object)
        if b"\\ud" in body.lower():
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except RequestError:
        raise
    except UnicodeError:
        raise NotJsonError("The body is not text in UTF-8.", field=WHOLE_BODY) from None
    except ValueError as error:
        place = (getattr(error, "lineno", 1), getattr(error, "colno", 1))
        message = "The body is not JSON (line {}, column {}).".format(*place)
        raise NotJsonError(message, field=WHOLE_BODY) from None
    return data


def _checked_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_FIELDS:
        raise JsonBombError(f"An object has more than {MOST_FIELDS} fields.", field=WHOLE_BODY)
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        path = path_of((twice,))
        raise DuplicateKeyError(f"{path} is given twice in one object.", hint="give it once", field=path)
    return made


def latest_today() -> dt.date:
    """Give the latest day that has begun anywhere on Earth."""
    return dt.datetime.now(_EASTERNMOST).date()


def _refuse_future(request: Mapping[str, Any]) -> None:
    """Refuse a day that has not begun anywhere on Earth."""
    as_of = request.get("as_of")
    if as_of is not None and as_of > latest_today().isoformat():
        raise FutureDateError("as_of has not come yet.", hint="a score is made for today or an earlier day",
                              field="as_of")  # fmt: skip


SCORE = Contract("score", loose="class_context")
SCORE_FEATURES = Contract("score_features", loose="rows")
