"""From a request's JSON to scores: its lists become school records, and from there the one path goes on."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, UnknownFeatureError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import members_on
from dropout_risk.histories.histories import LONG_TABLES, Histories
from dropout_risk.records.calendar import SchoolCalendar, ordinal_of
from dropout_risk.records.rules import RULES
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import RowError, Scores
from dropout_risk.text import Language, Text

_LISTS = tuple(name for name in LONG_TABLES if name != "outcomes")
_IGNORED = Text(
    zh="{number}条记录的日期或登记日期不早于评估日，未使用",
    en="{number} row(s) dated or recorded on or after as_of were not used",
)
_SET_APART = Text(zh="{number}条记录有错，未使用，见 errors", en="{number} row(s) were not used, see errors")
_ABSENT_CODE = "DR198"
_ABSENT = "The pupil was not at school on as_of: enrolled later, or left before."


@dataclass(frozen=True)
class Request:
    """The raw records of some pupils, as the endpoint's ``POST /score`` takes them.

    Parameters
    ----------
    body : mapping
        ``as_of``, ``students``, and optionally ``language`` and ``class_context``; already of the form
        that the contract's schema asks for.
    """

    body: Mapping[str, Any]

    @property
    def students(self) -> list[Mapping[str, Any]]:
        """The pupils, in the order of the request."""
        return list(self.body["students"])

    @property
    def language(self) -> Language:
        """The language of the sentences."""
        language: Language = self.body.get("language", "zh")
        return language

    def tables(self) -> dict[str, pa.Table]:
        """Lay the lists out as long tables; a pupil is named by its place in the request."""
        rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in ("students", *_LISTS)}
        for place, student in enumerate(self.students):
            own = {key: value for key, value in student.items() if key not in _LISTS}
            rows["students"].append(own | {"student_id": _name(place)})
            for table in _LISTS:
                rows[table].extend(row | {"student_id": _name(place)} for row in student.get(table, ()))
        return {name: _table(name, content) for name, content in rows.items() if content}

    def places(self, table: str) -> list[tuple[int, int]]:
        """Give, for each row of a long table, its pupil's place and its own place in the list."""
        return [
            (place, number)
            for place, student in enumerate(self.students)
            for number in range(len(student.get(table, ())) if table in _LISTS else 1)
        ]

    def ignored(self, place: int) -> int:
        """Count a pupil's rows that are dated or recorded on or after ``as_of``."""
        as_of, student = str(self.body["as_of"]), self.students[place]
        dates = {"attendance_totals": "period_end", "family": "valid_from"}
        return sum(
            max(str(row[dates.get(table, "date")]), str(row.get("recorded_on", ""))) >= as_of
            for table in _LISTS
            for row in student.get(table, ())
        )


def score_request(
    model: RiskModel,
    body: Mapping[str, Any],
    *,
    calendar: pd.DataFrame | None = None,
    context: ClassContext | None = None,
    request_id: str | None = None,
) -> Scores:
    """Answer ``POST /score``: raw records in, explained risks out.

    Parameters
    ----------
    model : RiskModel
        What scores.
    body : mapping
        The request, already of the form that the contract's schema asks for.
    calendar : pandas.DataFrame, optional
        School days (``date``, optionally ``school_id``, ``is_school_day``). Without any for a pupil's
        school, the pupil's own attendance dates are the school days, so that a pupil's answer never
        depends on who else is in the request.
    context : ClassContext, optional
        Held by the service; one in the request goes before it. Without any, features that need
        class-mates are missing.
    request_id : str, optional
        Names the reply.

    Returns
    -------
    Scores
        A row that breaks a rule is an entry in ``errors`` and is not used; its pupil is scored from the
        rest and told so, as in a batch. A pupil that cannot be scored at all is only in ``errors``.
    """
    request = Request(body)
    records = SchoolRecords.from_tables(today=dt.date.max, calendar=calendar, **request.tables())
    errors = [*_duplicates(request), *_row_errors(request, records)]
    histories = _histories(records, body["as_of"])
    places = [int(name) for name in histories.student_ids]
    absent = ~members_on(histories.on(body["as_of"]))
    errors += [
        _pupil_error(request, place, _ABSENT_CODE, "enrolled_on", _ABSENT)
        for row, place in enumerate(places)
        if absent[row]
    ]
    repeated = {error.index for error in errors if error.field == "student_id"}
    chosen = [row for row, place in enumerate(places) if not absent[row] and place not in repeated]
    given = body.get("class_context")
    context = ClassContext.from_rows(given) if given else context
    scores = model.score_histories(
        histories, body["as_of"], np.array(chosen, dtype=np.intp), language=request.language,
        context=context or ClassContext.empty(), request_id=request_id,
        notes={row: _notes(request, places[row], errors) for row in chosen},
    )  # fmt: skip
    ids = [request.students[places[row]]["student_id"] for row in chosen]
    pupils = tuple(replace(pupil, student_id=name) for pupil, name in zip(scores.pupils, ids, strict=True))
    return replace(scores, pupils=pupils, errors=tuple(sorted(errors, key=lambda error: (error.index, error.field))))


def score_features_request(model: RiskModel, body: Mapping[str, Any], *, request_id: str | None = None) -> Scores:
    """Answer ``POST /score_features``: ready features in, explained risks out.

    A row with an unknown feature, or a value that is no number or out of range, is an entry in
    ``errors``; the others are scored. A row without ``student_id`` is named by its place.
    """
    errors, kept, ids = [], [], []
    for place, row in enumerate(body["rows"]):
        student = row.get("student_id", place)
        try:
            kept.append(_feature_row(model.catalogue, row["features"]))
            ids.append(student)
        except (UnknownFeatureError, FeatureInputError) as error:
            errors.append(RowError(place, student, error.code, f"rows[{place}].features", error.message, error.hint))
    X = pd.DataFrame(kept, columns=model.catalogue.names, dtype=np.float64)
    X.index = pd.Index(ids, dtype=object)
    scores = model.score_features(X, language=body.get("language", "zh"), request_id=request_id)
    return replace(scores, errors=tuple(errors))


def _feature_row(catalogue: FeatureCatalogue, features: Mapping[str, Any]) -> list[float]:
    for name, value in features.items():
        feature = catalogue[name]
        if isinstance(value, str):
            raise FeatureInputError(f"{name} is text where a number is needed.", hint=f"unit: {feature.unit.en}")
        low, high = feature.valid_range
        if value is not None and not low <= float(value) <= high:
            raise FeatureInputError(f"{name} lies outside [{low:g}, {high:g}].", hint=f"unit: {feature.unit.en}")
    return [math.nan if features.get(name) is None else float(features[name]) for name in catalogue]


def _name(place: int) -> str:
    return f"{place:06d}"


def _table(name: str, rows: list[Mapping[str, Any]]) -> pa.Table:
    columns = [column for column in TABLES[name].names if any(column in row for row in rows)]
    return pa.table({column: [_plain(row.get(column)) for row in rows] for column in columns})


def _plain(value: Any) -> Any:
    """Keep numbers and truth values as they are; everything else is read as text, like a file's."""
    return value if value is None or isinstance(value, (int, float)) else str(value)


def _histories(records: SchoolRecords, as_of: str) -> Histories:
    """Build histories in which a pupil whose school has no known days has its own attendance dates."""
    students = records.table("students")
    tables = {name: records.table(name) for name in LONG_TABLES}
    held = records.calendar if records.has_calendar else SchoolCalendar([], [])
    days = {name: held.days[row, : held.lengths[row]] for row, name in enumerate(held.schools) if held.lengths[row]}
    dates = tables["attendance"]["date"].cast(pa.int32()).to_numpy()
    pupil = tables["attendance"]["pupil"].to_numpy()
    names = []
    for row, (student, school) in enumerate(zip(*(students[c].to_pylist() for c in ("student_id", "school_id")), strict=True)):
        if school not in days:
            days[f"pupil {student}"] = dates[pupil == row]
        names.append(school if school in days else f"pupil {student}")
    return Histories.from_tables(
        students, tables, SchoolCalendar.from_days(days), observed_to=ordinal_of(as_of), calendars=names
    )


def _row_errors(request: Request, records: SchoolRecords) -> list[RowError]:
    errors = []
    for row in records.quarantine.frame().itertuples():
        place, number = request.places(row.table)[row.row - 1]
        column = row.column or "student_id"
        path = column if row.table == "students" else f"{row.table}[{number}].{column}"
        rule = RULES[row.rule]
        errors.append(_pupil_error(request, place, rule.code, path, rule.message.en, rule.hint.en))
    return errors


def _duplicates(request: Request) -> list[RowError]:
    names = [(type(student["student_id"]), student["student_id"]) for student in request.students]
    counts = Counter(names)
    message = "The pupil is in the request more than once; none of them is scored."
    return [
        _pupil_error(request, place, "DR197", "student_id", message, "send each pupil once")
        for place, name in enumerate(names)
        if counts[name] > 1
    ]


def _pupil_error(request: Request, place: int, code: str, field: str, message: str, hint: str = "") -> RowError:
    return RowError(place, request.students[place]["student_id"], code, field, message, hint)


def _notes(request: Request, place: int, errors: list[RowError]) -> tuple[str, ...]:
    counted = ((_IGNORED, request.ignored(place)), (_SET_APART, sum(error.index == place for error in errors)))
    return tuple(text.fill(request.language, number=number) for text, number in counted if number)


