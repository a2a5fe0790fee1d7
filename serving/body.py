"""From the bytes of a body to a request that keeps the contract, or to everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

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
from serving.schemas import MOST_PROBLEMS, ScoreFeaturesRequest, ScoreRequest

MOST_FIELDS = 1000
MOST_PATH = 120
WHOLE_BODY = "body"
_EASTERNMOST = dt.timezone(dt.timedelta(hours=14))
_KINDS: dict[str, type[RequestError]] = {
    "missing": MissingFieldError,
    "extra_forbidden": UnknownFieldError,
    "finite_number": NotFiniteError,
    "wrong_date": WrongDateError,
    "empty_list": EmptyListError,
    "too_many": TooManyRowsError,
    "literal_error": NotAllowedValueError,
    "string_too_short": NotAllowedValueError,
    "greater_than": NotAllowedValueError,
    "greater_than_equal": NotAllowedValueError,
}


class RefusedError(Exception):
    """A body that is not answered, and why.

    Parameters
    ----------
    problems : list of RequestError
        At most twenty.
    """

    def __init__(self, problems: list[RequestError]) -> None:
        super().__init__(problems[0].code)
        self.problems = problems


class Contract:
    """One request of the contract: its schema and the type that checks it.

    Parameters
    ----------
    name : str
        ``score`` or ``score_features``.
    form : type
        The typed dictionary.
    """

    def __init__(self, name: str, form: Any) -> None:
        self.schema = contract_schema(f"{name}.request")
        self._form: TypeAdapter[Any] = TypeAdapter(form)

    def read(self, body: bytes) -> dict[str, Any]:
        """Read a body.

        Raises
        ------
        RefusedError
            With every problem, up to twenty.
        """
        try:
            request: dict[str, Any] = self._form.validate_python(_parse(body))
            _refuse_future(request)
        except RecursionError:
            raise RefusedError([_too_deep()]) from None
        except RequestError as error:
            raise RefusedError([error]) from None
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            raise RefusedError([self._problem(each) for each in found[:MOST_PROBLEMS]]) from None
        return request

    def _problem(self, found: Mapping[str, Any]) -> RequestError:
        """Word one problem without the value that caused it."""
        path = _path(found["loc"])
        if isinstance(found["input"], float) and not math.isfinite(found["input"]):
            return NotFiniteError(f"{path} should be a finite number.", hint=NOT_KNOWN, field=path)
        kind = _KINDS.get(found["type"], WrongTypeError)
        if kind is MissingFieldError:
            return kind(f"{path} is missing.", field=path)
        if kind is UnknownFieldError:
            hint = nearest(str(found["loc"][-1]), self._fields(found["loc"][:-1]))
            return kind(f"{path} is not a field of the contract.", hint=hint, field=path)
        wording = found["msg"].removeprefix("Input ").replace("a valid dictionary", "an object")
        return kind(f"{path} {wording}.", hint=_HINTS.get(kind, ""), field=path)

    def _fields(self, place: tuple[int | str, ...]) -> list[str]:
        schema = self.schema
        for part in place:
            schema = schema["items"] if isinstance(part, int) else schema["properties"][part]
        return list(schema["properties"])


def contract_schema(name: str) -> dict[str, Any]:
    """Read a schema of the contract, such as ``score.reply``."""
    file = files("dropout_risk.scoring") / "contract" / f"{name}.schema.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return schema


NOT_KNOWN = "leave out what is not known"
_HINTS: dict[type[RequestError], str] = {
    NotFiniteError: NOT_KNOWN,
    WrongDateError: "write it as YYYY-MM-DD",
    TooManyRowsError: "send fewer pupils at once, or only a pupil's later rows",
}


def _parse(body: bytes) -> Any:
    try:
        data = json.loads(body.decode("utf-8"), object_pairs_hook=_object)
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


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_FIELDS:
        raise JsonBombError(f"An object has more than {MOST_FIELDS} fields.", field=WHOLE_BODY)
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        path = _path((twice,))
        raise DuplicateKeyError(f"{path} is given twice in one object.", hint="give it once", field=path)
    return made


def _too_deep() -> RequestError:
    return JsonBombError("The body is nested too deeply.", field=WHOLE_BODY)


def _refuse_future(request: Mapping[str, Any]) -> None:
    """Refuse a day that has not begun anywhere on Earth."""
    as_of = request.get("as_of")
    if as_of is not None and as_of > dt.datetime.now(_EASTERNMOST).date().isoformat():
        raise FutureDateError("as_of has not come yet.", hint="a score is made for today or an earlier day",
                              field="as_of")  # fmt: skip


def _path(place: tuple[int | str, ...]) -> str:
    """Write a place as ``students[3].grades[2].date``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    path = path.removeprefix(".").encode("utf-8", "replace").decode()
    return (path if len(path) <= MOST_PATH else path[:MOST_PATH] + "…") or WHOLE_BODY


SCORE = Contract("score", ScoreRequest)
SCORE_FEATURES = Contract("score_features", ScoreFeaturesRequest)
