"""From the bytes of a body to a request that keeps the contract, or to everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections.abc import Mapping
from typing import Any

import msgspec
from jsonschema_rs import Draft202012Validator

from dropout_risk.errors import (
    DuplicateKeyError,
    FutureDateError,
    JsonBombError,
    NotJsonError,
    RequestError,
)
from dropout_risk.scoring.contract_problems import (
    MOST_PROBLEMS,
    STRICT,
    WHOLE_BODY,
    contract_schema,
    is_finite,
    path_of,
    problems_of,
)
from dropout_risk.scoring.request import MOST_DAYS, MOST_ROWS

MOST_FIELDS = 1000
MOST_DIGITS = 4000
_BEYOND = 1 << 60
_EASTERNMOST = dt.timezone(dt.timedelta(hours=14))


class RefusedError(Exception):
    """A body that is not answered, and at most twenty reasons why."""

    def __init__(self, problems: list[RequestError]) -> None:
        super().__init__(problems[0].code)
        self.problems = problems


class Contract:
    """One request of the contract: a compiled check says yes, and only what it refuses is looked through.

    In the lists ``loose`` the contract allows what is no number: there NaN is looked for besides. A body with
    pupils' records is read by ``of_records``, where there is such a contract.
    """

    def __init__(self, name: str, *loose: str, of_records: Contract | None = None) -> None:
        self.schema = contract_schema(f"{name}.request")
        self._loose = loose
        self._of_records = of_records
        self._limited = _with_row_limits(self.schema)
        self._check = Draft202012Validator(_as_strict(self._limited), validate_formats=True)
        self._form = Draft202012Validator(_as_strict(_with_open_cells(self._limited)), validate_formats=True)
        self._whole = _integers_of(self.schema)

    def read(self, body: bytes, *, by_row: bool = False) -> dict[str, Any]:
        """Read a body; RefusedError with every problem, up to twenty.

        ``by_row`` lets what a pupil's cells say pass, a word, a day, how large a number is, where nothing
        else is wrong: it refuses nobody else, and the check of records names the rows.
        """
        try:
            request, finite = _parse_body(body)
            if self._of_records is not None and isinstance(request, dict) and "students" in request:
                return self._of_records.checked(request, by_row=True, finite=finite)
            return self.checked(request, by_row=by_row, finite=finite)
        except RecursionError:
            raise RefusedError([JsonBombError("The body is nested too deeply.", field=WHOLE_BODY)]) from None
        except RequestError as error:
            raise RefusedError([error]) from None

    def checked(self, request: Any, *, by_row: bool, finite: bool) -> dict[str, Any]:
        """Give what was parsed as a request that keeps the contract; ``finite``: no NaN is in it."""
        check = self._form if by_row else self._check
        loose = () if finite else self._loose
        if not (check.is_valid(request) and all(is_finite(request.get(name)) for name in loose)):
            problems = problems_of(request, self._limited)
            if problems:
                raise RefusedError(problems[:MOST_PROBLEMS])
        _take_whole_numbers(request, self._whole)
        _refuse_future(request)
        return dict(request)


_SAID_BY_CELLS = ("enum", "format", "pattern", "minLength", "minimum", "exclusiveMinimum")


def _with_open_cells(schema: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """Leave open what a pupil's cells say, but for those that tell who it is and how the rest is read."""
    made = dict(schema)
    if "items" in schema:
        made["items"] = _with_open_cells(schema["items"], depth + 1)
    elif "properties" in schema:
        fields = schema["properties"].items()
        made["properties"] = {
            name: field if name in STRICT else _with_open_cells(field, depth) for name, field in fields
        }
    elif depth:
        made = {key: part for key, part in schema.items() if key not in _SAID_BY_CELLS}
        made |= {"type": "string"} if "enum" in schema else {}
    return made


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


def _take_whole_numbers(value: Any, whole: Any) -> Any:
    """Take 8.0 for 8, as JSON Schema does."""
    if whole is True:
        return int(value) if isinstance(value, float) else value
    if isinstance(whole, list):
        for entry in value:
            _take_whole_numbers(entry, whole[0])
    else:
        for name, inside in whole.items():
            if name in value:
                value[name] = _take_whole_numbers(value[name], inside)
    return value


def _parse_body(body: bytes) -> tuple[Any, bool]:
    """Read JSON, and say whether all its numbers are finite, which the quick reader makes sure of.

    What that refuses, or may have lost a field of, is read again with care.
    """
    try:
        data = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError):
        return _parse_with_care(body), False
    whole = _count_fields(data) == body.count(b":")
    return (data, True) if whole else (_parse_with_care(body), False)


def _count_fields(value: Any) -> int:
    """Count the fields of all objects: with one that was given twice there are fewer than colons.

    Right for whatever keeps the contract; of an object with too many fields it is beyond all counting.
    """
    if isinstance(value, dict):
        own = len(value) if len(value) <= MOST_FIELDS else _BEYOND
        return own + sum(_count_fields(part) for part in value.values() if isinstance(part, (dict, list)))
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return 0
    if any(isinstance(part, (dict, list)) for part in value[0].values()):
        return sum(map(_count_fields, value))
    sizes = [len(entry) for entry in value if isinstance(entry, dict)]
    return sum(sizes) if max(sizes) <= MOST_FIELDS else _BEYOND


def _parse_with_care(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        data = json.loads(text, object_pairs_hook=_checked_object, parse_int=_whole_number)
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


def _whole_number(digits: str) -> float:
    """Read a whole number; one of thousands of digits, which Python would not, is as good as infinite."""
    return int(digits) if len(digits) <= MOST_DIGITS else math.inf


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


SCORE = Contract("score", "class_context")
SCORE_FEATURES = Contract("score_features", "rows")
