"""The contract's requests as types: exactly as wide as its JSON Schemas, which a test holds them to.

Only the rows of one pupil have a limit that the contract lacks.

They are typed dictionaries, so that a checked request is still the plain JSON that scoring takes.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Literal, NotRequired, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    with_config,
)
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema
from typing_extensions import TypedDict

MOST_PROBLEMS = 20
# The service's own limits; the contract has none.
MOST_DAYS, MOST_ROWS = 4000, 2000
EXACTLY = with_config(ConfigDict(extra="forbid", allow_inf_nan=False, strict=True))
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@lru_cache(maxsize=4096)
def _is_date(ten_characters: str) -> bool:
    try:
        return bool(_DATE.fullmatch(ten_characters) and dt.date.fromisoformat(ten_characters))
    except ValueError:
        return False


def _date(text: str) -> str:
    if len(text) == len("YYYY-MM-DD") and _is_date(text):
        return text
    raise PydanticCustomError("wrong_date", "should be a date written as YYYY-MM-DD")


def _whole(value: Any) -> Any:
    """Take 8.0 for 8, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _identifier(value: Any) -> str | int:
    value = _whole(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise PydanticCustomError("identifier_type", "should be a string or an integer")


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "should be a finite number")
    if isinstance(value, (str, int, float)):
        return value
    raise PydanticCustomError("scalar_type", "should be a number, a string or a truth value")


def _scalar_or_null(value: Any) -> Any:
    return None if value is None else _scalar(value)


def _finite(value: Any) -> Any:
    """Refuse NaN and infinity at any depth of a value that the contract leaves open."""
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "should hold finite numbers only")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _finite(part)
    return value


@dataclass(frozen=True)
class Rows:
    """Marks a list that tells its first problems instead of a million of them.

    Parameters
    ----------
    at_least, at_most : int
        How many entries it may have.
    """

    at_least: int = 0
    at_most: float = math.inf

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Wrap the list's own check, which stops at its first bad entry."""
        one = lru_cache(maxsize=1)(lambda: TypeAdapter[Any](get_args(source)[0]))

        def check(value: Any, quick: Callable[[Any], Any]) -> Any:
            self._check_length(value)
            try:
                return quick(value)
            except ValidationError:
                if not isinstance(value, list):
                    raise
                raise _first_problems(value, one()) from None

        rows = core_schema.list_schema(handler(get_args(source)[0]), fail_fast=True)
        return core_schema.no_info_wrap_validator_function(check, rows)

    def _check_length(self, value: Any) -> None:
        if isinstance(value, list) and len(value) < self.at_least:
            raise PydanticCustomError("empty_list", "should have at least one entry")
        if isinstance(value, list) and len(value) > self.at_most:
            raise PydanticCustomError(
                "too_many", "should have at most {most} entries", {"most": self.at_most}
            )


def _first_problems(rows: list[Any], one: TypeAdapter[Any]) -> ValidationError:
    found: list[InitErrorDetails] = []
    for place, row in enumerate(rows):
        try:
            one.validate_python(row)
        except ValidationError as error:
            found += [_at(place, problem) for problem in error.errors(include_url=False)]
        if len(found) >= MOST_PROBLEMS:
            break
    return ValidationError.from_exception_data("rows", found)


def _at(place: int, problem: Any) -> InitErrorDetails:
    same = PydanticCustomError(problem["type"], problem["msg"].replace("{", "{{"))
    return InitErrorDetails(type=same, loc=(place, *problem["loc"]), input=problem["input"])


Text = Annotated[str, Field(min_length=1)]
Date = Annotated[str, AfterValidator(_date)]
Integer = Annotated[int, BeforeValidator(_whole)]
Count = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
Identifier = Annotated[Any, PlainValidator(_identifier)]
Scalar = Annotated[Any, PlainValidator(_scalar)]
ScalarOrNull = Annotated[Any, PlainValidator(_scalar_or_null)]
OpenObject = Annotated[dict[str, Any], AfterValidator(_finite)]
Language = Literal["zh", "en"]


@EXACTLY
class Attendance(TypedDict):
    """One day, or one session of a day."""

    date: Date
    session: NotRequired[str]
    status: Literal["present", "absent", "excused", "late", "left_early", "suspended"]
    recorded_on: NotRequired[Date]


@EXACTLY
class AttendanceTotals(TypedDict):
    """Days absent in a period, where no days are kept."""

    period_start: Date
    period_end: Date
    days_enrolled: Count
    days_absent: Count
    days_excused: NotRequired[Count]
    days_late: NotRequired[Count]
    recorded_on: NotRequired[Date]


@EXACTLY
class Grade(TypedDict):
    """One mark."""

    date: Date
    subject: Text
    exam: Text
    score: float
    max_score: Annotated[float, Field(gt=0)]
    recorded_on: NotRequired[Date]


@EXACTLY
class Wellbeing(TypedDict):
    """One scale of one psychological test."""

    date: Date
    instrument: Text
    scale: Text
    score: float
    valid: NotRequired[bool]
    norm: NotRequired[Text]
    recorded_on: NotRequired[Date]


@EXACTLY
class Family(TypedDict):
    """One family factor and when it holds."""

    factor: Text
    value: NotRequired[Scalar]
    valid_from: Date
    valid_to: NotRequired[Date]
    source: NotRequired[Text]
    recorded_on: NotRequired[Date]


@EXACTLY
class Discipline(TypedDict):
    """One disciplinary incident."""

    date: Date
    kind: Text
    days: NotRequired[Annotated[float, Field(ge=0)]]
    recorded_on: NotRequired[Date]


@EXACTLY
class Student(TypedDict):
    """One pupil with its lists."""

    student_id: Identifier
    school_id: NotRequired[Identifier]
    class_id: NotRequired[Identifier]
    grade_level: NotRequired[Integer]
    enrolled_on: NotRequired[Date]
    left_on: NotRequired[Date]
    boarding: NotRequired[bool]
    distance_km: NotRequired[Annotated[float, Field(ge=0)]]
    attendance: NotRequired[Annotated[list[Attendance], Rows(at_most=MOST_DAYS)]]
    attendance_totals: NotRequired[Annotated[list[AttendanceTotals], Rows(at_most=MOST_ROWS)]]
    grades: NotRequired[Annotated[list[Grade], Rows(at_most=MOST_ROWS)]]
    wellbeing: NotRequired[Annotated[list[Wellbeing], Rows(at_most=MOST_ROWS)]]
    family: NotRequired[Annotated[list[Family], Rows(at_most=MOST_ROWS)]]
    discipline: NotRequired[Annotated[list[Discipline], Rows(at_most=MOST_ROWS)]]


@EXACTLY
class ScoreRequest(TypedDict):
    """The body of ``POST /score``."""

    as_of: Date
    students: Annotated[list[Student], Rows(at_least=1, at_most=200)]
    language: NotRequired[Language]
    class_context: NotRequired[Annotated[list[OpenObject], Rows()]]


@EXACTLY
class FeatureRow(TypedDict):
    """Ready features of one pupil."""

    student_id: NotRequired[Identifier]
    features: dict[str, ScalarOrNull]


@EXACTLY
class ScoreFeaturesRequest(TypedDict):
    """The body of ``POST /score_features``."""

    rows: Annotated[list[FeatureRow], Rows(at_least=1, at_most=10_000)]
    language: NotRequired[Language]
