"""From a request's JSON to scores: its lists become school records, and from there the one path goes on."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Ints
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import (
    EmptyListError,
    FeatureInputError,
    NotFiniteError,
    TooManyRowsError,
    UnknownFeatureError,
    UnknownPupilError,
)
from dropout_risk.explanation.backgrounds import NO_LEVEL
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import histories_of, members_on
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.registers import Registers
from dropout_risk.records.checks.absences_only import FEW_ABSENCES, FEW_WEEKS, FULL_COVER
from dropout_risk.records.checks.family_values import NOT_FILLED, YES
from dropout_risk.records.days.calendar import DateLike, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.days.ordinary_week import OrdinaryWeek
from dropout_risk.records.files.readers import ListPart
from dropout_risk.records.rules import RULES, RULES_BY_CODE
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.statuses import STATUSES
from dropout_risk.records.tables import INCIDENTS, RUNS, TABLES, Table
from dropout_risk.records.values import NO_DATE, day_in
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.sessions import session_name
from dropout_risk.records.wording.words import Words
from dropout_risk.scoring.contract_problems import require_shape
from dropout_risk.scoring.remarks.mark_doubts import mark_doubts
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import NOT_AT_SCHOOL, PUPIL_ERRORS, REPEATED, RowError, Scores
from dropout_risk.text import Language, Text, language_of

_LISTS = tuple(name for name, table in TABLES.items() if table.in_request)
_IGNORED = Text(
    zh="{number}条记录的日期或登记日期不早于评估日，未使用",
    en="{number} row(s) dated or recorded on or after as_of were not used",
)
_EMPTIED = Text(
    zh="{number}项学生信息无法使用，按不详处理，见 errors",
    en="{number} value(s) of the pupil could not be used and count as not known, see errors",
)
_FEW_DAYS = Text(
    zh="许多工作日没有考勤记录，这些日子按不详处理；若只登记缺课，在请求中写明 unrecorded",
    en="Many weekdays have no row of attendance; nothing is known of them. If the register lists absences "
    "only, say so in the request (unrecorded)",
)
MOST_PUPILS = 200
MOST_DAYS, MOST_ROWS = 4000, 2000
"""The service's own limits of a pupil's lists; the contract has none."""
_ABSENCES_ONLY = (
    Text(
        zh="给出的考勤没有一行是出勤，多数日子也没有记录：像是只登记缺课，照此计算该学生天天缺课",
        en="No row of attendance says that the pupil was there, and most days have none: the register "
        "seems to list absences only, so that the pupil would be absent all the time",
    ),
    Text(
        zh='若只登记缺课，请在请求中写 unrecorded = "present"，并写明考勤登记到哪天（registered_to）；'
        '若没有记录的日子确实不知道，写 unrecorded = "unknown"',
        en='if it lists absences only, say unrecorded = "present" in the request, and to which day it was '
        'kept (registered_to); if nobody knows of the other days, say unrecorded = "unknown"',
    ),
)
ABSENCES_ONLY, NO_SCHOOL_DAYS, OF_SESSIONS = (
    RULES[name].code for name in ("absences_only", "presence_without_school_days", "presence_of_sessions")
)
_DENSE = 0.7
"""With a row for fewer of the weekdays, a pupil's own days with attendance are not all school days."""
_TEXT = {str, type(None)}
_BETWEEN = "\x1f"
_ANY_MAX = 100.0  # full marks of a row without a mark, which count for nothing
_WORDS = PUPIL_ERRORS | {ABSENCES_ONLY: _ABSENCES_ONLY}
_USED = ("doubtful_unit", "twin_names", "bonus_mark", "totals_against_register")
_DOUBTED = {RULES[name].code for name in _USED}
"""What is said of a value that is used all the same."""


@dataclass(frozen=True)
class Request:
    """The raw records of some pupils, as ``POST /score`` takes them and the contract's schema asks."""

    body: Mapping[str, Any]

    @property
    def students(self) -> list[Mapping[str, Any]]:
        """The pupils, in the order of the request."""
        students: list[Mapping[str, Any]] = self.body["students"]
        return students

    @property
    def language(self) -> Language:
        """The language of the sentences."""
        language: Language = self.body.get("language", "zh")
        return language

    @property
    def context(self) -> ClassContext | None:
        """The class context that it brings; None without one."""
        given = self.body.get("class_context")
        return ClassContext.from_rows(given) if given else None

    def presumes(self, index: int) -> bool:
        """Say whether a pupil without a row on a school day was there."""
        return self.declared(index) == "present"

    def declared(self, index: int) -> str | None:
        """Give what the request says of days without a row, for a pupil or for all."""
        declared: str | None = self.students[index].get("unrecorded", self.body.get("unrecorded"))
        return declared

    def names_absences_only(self, index: int) -> bool:
        """Say whether a pupil's rows look like those of a register of absences, and nothing is declared.

        They do where they all are absences, over some weeks, and most days from Monday to Friday have none.
        """
        rows = self.students[index].get("attendance", ())
        if self.declared(index) is not None or len(rows) < FEW_ABSENCES:
            return False
        if any(_status_words().meaning(str(row["status"])) not in _ABSENT_WORDS for row in rows):
            return False
        days = np.unique([day for row in rows if (day := day_in(str(row["date"]))) != NO_DATE])
        return _leaves_days_out(days)

    @cached_property
    def tables(self) -> dict[str, ListPart]:
        """Lay the lists out as long tables; a pupil is named by its index in the request."""
        names: list[str | None] = [_row_name(index) for index in range(len(self.students))]
        found = {"students": _list_part("students", self.students, names)}
        for table in _LISTS:
            lists = [pupil.get(table, ()) for pupil in self.students]
            if table == "family":
                lists = [[_with_said_value(row) for row in own] for own in lists]
            rows = [row for own in lists for row in own]
            if rows:
                owners = [name for name, own in zip(names, lists, strict=True) for _ in own]
                found[table] = _list_part(table, rows, owners)
        return found

    def row_indices(self, table: str) -> list[tuple[int, int]]:
        """Give, for each row of a long table, its pupil's index and its own in the list."""
        return [
            (index, number)
            for index, pupil in enumerate(self.students)
            for number in range(len(pupil.get(table, ())) if table in _LISTS else 1)
        ]

    @cached_property
    def ignored(self) -> Counter[int]:
        """Count each pupil's rows that are dated or recorded on or after ``as_of``."""
        as_of, late = str(self.body["as_of"]), Counter[int]()
        for name in _LISTS:
            columns = self.tables[name].columns if name in self.tables else {}
            dates, known = columns.get(str(TABLES[name].date), []), columns.get("recorded_on", [])
            rows = {row for days in (dates, known) for row, day in enumerate(days) if day and day >= as_of}
            late.update(int(columns["student_id"][row] or 0) for row in rows)
        return late


def score_request(
    model: RiskModel,
    body: Mapping[str, Any],
    *,
    calendar: pd.DataFrame | None = None,
    context: ClassContext | None = None,
    request_id: str | None = None,
    checked: bool = False,
) -> Scores:
    """Answer ``POST /score``: raw records, of the form that the contract's schema asks for, in; risks out.

    A RequestError names the field of a body that has not that form; ``checked`` says that it is known to.

    Without a school day in ``calendar`` (``date``, optionally ``school_id``, ``is_school_day``) for a pupil's
    school, the pupil's own attendance dates are the school days, so that a pupil's answer never depends on
    who else is in the request. A class context in the request goes before the given one; without any,
    features that need class-mates are missing.

    No request is marked as made up: a synthetic model answers it with a SyntheticModelError, unless it was
    loaded with ``allow_synthetic``.

    A row that breaks a rule is an entry in ``errors`` and is not used; a value of a pupil's own that cannot
    be read is one too, and counts as not given; its pupil is scored from the rest and told so, as in a batch.
    A pupil that cannot be scored at all is only in ``errors``.
    """
    if not checked:
        require_shape(body, "score")
    request = Request(body)
    asked = AskedPupils.of(request, calendar)
    scores = model.score_histories(
        asked.histories, body["as_of"], np.array(asked.rows, dtype=np.intp), language=request.language,
        context=request.context or context or ClassContext.empty(), request_id=request_id, notes=asked.notes,
    )  # fmt: skip
    pupils = tuple(pupil.named(asked.given_id(pupil.student_id)) for pupil in scores.pupils)
    return replace(scores, pupils=pupils, errors=asked.errors_beside(scores.errors))


@dataclass(frozen=True)
class AskedPupils:
    """The pupils of a request: of whom something can be said, and what is wrong with the others and rows.

    ``rows`` are those of the histories that are answered for, ``notes`` by row what is said of them first.
    """

    request: Request
    histories: Histories
    rows: list[int]
    errors: list[RowError]
    notes: Mapping[int, tuple[str, ...]]

    @classmethod
    def of(cls, request: Request, calendar: pd.DataFrame | None) -> Self:
        """Check the records of a request as any others, and lay them out as histories."""
        records = _request_records(request, calendar)
        errors = [*_repeated_pupils(request), *_row_errors(request, records)]
        emptied = [*_value_errors(request, records), *_noted_errors(request, records)]
        days = OwnDays.of(records)
        histories = _request_histories(request, records, days)
        indices = [int(name) for name in histories.student_ids]
        as_of = request.body["as_of"]
        absent = ~members_on(histories.on(as_of))
        gone = [left is not None and left <= date_of(ordinal_of(as_of)) for left in
                histories.students["left_on"].to_pylist()]  # fmt: skip
        refused = {index: code for index in indices if (code := _register_refusal(request, records, index))}
        errors += [_pupil_error(request, index, code, "unrecorded") for index, code in refused.items()]
        errors += [
            _pupil_error(request, index, NOT_AT_SCHOOL, "left_on" if gone[row] else "enrolled_on")
            for row, index in enumerate(indices)
            if absent[row]
        ]
        out = {error.index for error in errors if error.code == REPEATED} | refused.keys()
        rows = [row for row, index in enumerate(indices) if not absent[row] and index not in out]
        lost = Counter(error.index for error in emptied if error.code not in _DOUBTED)
        doubts = mark_doubts(records.rows("grades"), len(indices), request.language)
        notes = {
            row: (*_pupil_notes(request, indices[row], lost), *doubts[row], *_day_notes(request, days, row))
            for row in rows
        }
        return cls(request, histories, rows, [*errors, *emptied], notes)

    def given_id(self, name: str | int) -> str | int:
        """Give the id that the request has for a pupil of the histories, who is named by its index."""
        given: str | int = self.request.students[int(name)]["student_id"]
        return given

    @property
    def named_notes(self) -> dict[str | int, tuple[str, ...]]:
        """What is said of the records of pupils, by the ids of the request."""
        names = self.histories.student_ids
        return {self.given_id(names[row]): said for row, said in self.notes.items() if said}

    def errors_beside(self, errors: Iterable[RowError]) -> tuple[RowError, ...]:
        """Give all errors in the order of the request: the given ones name pupils of the histories."""
        named = [
            replace(error, index=int(str(error.student_id)), student_id=self.given_id(str(error.student_id)))
            for error in errors
        ]
        return tuple(sorted([*self.errors, *named], key=lambda error: (error.index, error.field)))


def histories_of_request(
    body: Mapping[str, Any], calendar: pd.DataFrame | None = None, *, checked: bool = False
) -> Histories:
    """Give the histories of the pupils of a request: checked as any records are, and laid out alike.

    A pupil is named by its index in the request, in six digits; rows that break a rule are left out. School
    days and what is refused are as in :func:`score_request`.

    >>> pupil = {"student_id": "a", "school_id": "s", "class_id": "s-1", "grade_level": 7,
    ...          "attendance": [{"date": "2025-03-03", "status": "present"}]}
    >>> histories_of_request({"as_of": "2025-03-10", "students": [pupil]})
    <Histories of 1 pupil at 1 school>
    """
    if not checked:
        require_shape(body, "score")
    request = Request(body)
    records = _request_records(request, calendar)
    return _request_histories(request, records, OwnDays.of(records))


def _request_records(request: Request, calendar: pd.DataFrame | None) -> SchoolRecords:
    given: dict[str, Any] = {"calendar": calendar, **request.tables}
    year_start = request.body.get("year_start")
    return SchoolRecords.from_tables(today=dt.date.max, year_start=year_start, whole=False, **given)


def score_features_request(
    model: RiskModel, body: Mapping[str, Any], *, request_id: str | None = None, checked: bool = False
) -> Scores:
    """Answer ``POST /score_features``: ready features in, explained risks out.

    A row with an unknown feature, or a value that is no number or out of range, is an entry in
    ``errors``; the others are scored. A row without ``student_id`` is named by its index. A RequestError
    names the field of a body that has not the form of the contract; ``checked`` says that it is known to.
    """
    if not checked:
        require_shape(body, "score_features")
    model.refuse_real(marked=False)
    errors, kept, indices = [], [], []
    ids = [row.get("student_id", index) for index, row in enumerate(body["rows"])]
    for index, row in enumerate(body["rows"]):
        try:
            kept.append(_feature_row(model.catalogue, row["features"]))
            indices.append(index)
        except (UnknownFeatureError, FeatureInputError, NotFiniteError) as error:
            field = getattr(error, "field", "features")
            errors.append(RowError(index, ids[index], error.code, field, error.message, error.hint))
    values = np.array(kept, np.float64).reshape(len(kept), len(model.catalogue))
    levels = np.full(len(kept), NO_LEVEL, np.int64)
    scores = model.score_rows(
        values, [ids[index] for index in indices], levels, language=body.get("language", "zh"),
        request_id=request_id,
    )  # fmt: skip
    errors += [
        replace(error, index=indices[error.index], field=f"features.{error.field}") for error in scores.errors
    ]
    return replace(scores, errors=tuple(sorted(errors, key=lambda error: error.index)))


def _feature_row(catalogue: FeatureCatalogue, features: Mapping[str, Any]) -> list[float]:
    sound = catalogue.has_all(features) and str not in map(type, features.values())
    for name, value in () if sound else features.items():
        unit = catalogue[name].unit.en
        if isinstance(value, str):
            raise FeatureInputError(f"{name} is text where a number is needed.", hint=f"unit: {unit}")
    try:
        given = map(features.get, catalogue)
        return [math.nan if value is None else float(value) for value in given]
    except OverflowError:
        name = next(name for name, value in features.items() if _is_no_float(value))
        message = f"{name} is larger than any number of the machine."
        raise NotFiniteError(message, hint="leave out what is not known", field=f"features.{name}") from None


def _is_no_float(value: Any) -> bool:
    try:
        math.isnan(value or 0)
    except OverflowError:
        return True
    return False


def _row_name(index: int) -> str:
    return f"{index:06d}"


def _list_part(name: str, rows: Sequence[Mapping[str, Any]], owners: list[str | None]) -> ListPart:
    """Lay rows out in columns, and name the pupil of each."""
    given: set[str] = set().union(*rows)
    columns: dict[str, list[str | None]] = {"student_id": owners}
    for column in TABLES[name].columns[1:]:
        if column.name in given or column.required:
            columns[column.name] = _as_texts([row.get(column.name) for row in rows])
    return ListPart(columns)


def _with_said_value(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Write an empty value of a family factor as one that was not filled in; none at all is a yes."""
    return {**row, "value": NOT_FILLED} if not str(row.get("value", YES)).strip() else row


def _as_texts(values: list[Any]) -> list[str | None]:
    return values if {*map(type, values)} <= _TEXT else [_as_text(value) for value in values]


def _as_text(value: Any) -> str | None:
    """Write a value as a file would hold it: a column of mixed types is then read like any other."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class OwnDays:
    """The days with attendance of each pupil, and when each was known.

    ``sparse`` says of whom they leave many weekdays out while the school has no listed days.
    """

    told: list[tuple[Ints, Ints]]
    sparse: list[bool]

    @classmethod
    def of(cls, records: SchoolRecords) -> Self:
        """Read them off the records of a request."""
        schools = records.rows("students").texts("school_id")
        told = [records.attendance.dates_of(row) for row in range(len(schools))]
        return cls(told, [
            not records.lists_days_of(school or "") and _leaves_days_out(_each_once(dates), _DENSE)
            for school, (dates, _) in zip(schools, told, strict=True)
        ])  # fmt: skip

    def to_the_end(self, row: int, school: str, records: SchoolRecords) -> tuple[Ints, Ints]:
        """Give the school days of a pupil whose school has no listed days, and when each was known.

        Where its own leave out many weekdays, these are school days too, of which nothing is known: rows of
        every third day are no days running.
        """
        dates, known = self.told[row]
        if self.sparse[row]:
            return OrdinaryWeek().completed((dates, known), dates[:0], dates[:0])
        return records.completed_days(school, dates, known)

    def last_before(self, row: int, as_of: int) -> int:
        """Give the last day that was known before a date; -1 without one."""
        dates, known = self.told[row]
        return int(dates[(dates < as_of) & (known < as_of)].max(initial=-1))


def _each_once(days: Ints) -> Ints:
    return days if (days[1:] > days[:-1]).all() else np.unique(days)


def _request_histories(request: Request, records: SchoolRecords, own: OwnDays) -> Histories:
    """Build histories in which a pupil whose school has no listed days has its own attendance dates.

    A list of incidents, be it empty, says that the school of this pupil keeps them: pupils who differ in that
    have calendars of their own, since it is the calendar that stands for a school.
    """
    schools = records.rows("students").texts("school_id")
    indices = [int(name) for name in records.table("students")["student_id"].to_pylist()]
    tables = {table.name: records.rows(table.name) for table in RUNS.values()}
    days: dict[str, Ints] = {}
    known: dict[str, Ints] = {}
    names = []
    for row, school in enumerate(schools):
        held = records.lists_days_of(school or "")
        name = (school or "") if held else f"pupil {row}"
        since = records.calendar.days_of(name) if held else own.to_the_end(row, school or "", records)
        kept = [run for run, table in INCIDENTS.items() if table.name in request.students[indices[row]]]
        presumed = (_PRESUMED,) if request.presumes(indices[row]) else ()
        name = _BETWEEN.join((name, *kept, *presumed))
        days[name], known[name] = since
        names.append(name)
    calendar = SchoolCalendar.from_days(days, known=known, year_start=records.year_start)
    histories = Histories.from_tables(
        records.table("students"), tables, calendar, attendance=records.attendance,
        observed_to=ordinal_of(request.body["as_of"]), calendars=names,
        presumed=[name for name in names if _PRESUMED in name.split(_BETWEEN)[1:]],
        refused=records.refused,
    )  # fmt: skip
    last = np.array([_kept_to(request, own, row, index) for row, index in enumerate(indices)], np.int32)
    histories.in_registers(Registers.through(histories.calendar_row, last, histories.calendar))
    for run, first in histories.observed.kept.items():
        first[[run in name.split(_BETWEEN)[1:] for name in histories.calendar.schools]] = 0
    return histories


def _leaves_days_out(days: Ints, share: float = FULL_COVER) -> bool:
    """Say whether some rising days are less than a share of those from Monday to Friday, over some weeks."""
    if len(_each_once((days + 3) // 7)) < FEW_WEEKS:
        return False
    span = np.busday_count(*np.array([days[0], days[-1] + 1], "datetime64[D]"))
    return bool(len(days) < share * span)


@cache
def _status_words() -> Words:
    return RecordsMapping().words(TABLES["attendance"]["status"])


_PRESUMED = "unrecorded is present"
_ABSENT_WORDS = frozenset(status.word for status in STATUSES.entries if "absent" in status.kinds)


def _kept_to(request: Request, own: OwnDays, row: int, index: int) -> int:
    """Give the last date before ``as_of`` to which a pupil's register was kept; -1 where none is known."""
    as_of = ordinal_of(request.body["as_of"])
    last = own.last_before(row, as_of)
    told = request.students[index].get("registered_to")
    return last if told is None else max(last, min(ordinal_of(told), as_of - 1))


def _register_refusal(request: Request, records: SchoolRecords, index: int) -> str:
    """Give the code of what keeps days without a row from being days at school; empty for nothing."""
    pupil = request.students[index]
    if not request.presumes(index):
        return ABSENCES_ONLY if request.names_absences_only(index) else ""
    if not records.lists_days_of(str(pupil.get("school_id", ""))):
        return NO_SCHOOL_DAYS
    sessions = (session_name(str(row.get("session") or "")) for row in pupil.get("attendance", ()))
    return OF_SESSIONS if any(sessions) else ""


def _row_errors(request: Request, records: SchoolRecords) -> list[RowError]:
    if not len(records.quarantine):
        return []
    columns = {(problem.table, problem.rule.code): problem.column for problem in records.check().problems}
    indices = {name: request.row_indices(name) for name in ("students", *_LISTS)}
    errors = []
    for row in records.quarantine.rows():
        if row.table == "calendar":
            continue
        index, number = indices[row.table][row.number - 1]
        for rule in row.rules:
            column = columns.get((row.table, rule.code)) or "student_id"
            path = column if row.table == "students" else f"{row.table}[{number}].{column}"
            errors.append(_pupil_error(request, index, rule.code, path))
    return errors


def _value_errors(request: Request, records: SchoolRecords) -> list[RowError]:
    """Name the values of pupils that the check left empty; each pupil is checked alone."""
    warned = {problem.column for problem in records.check().problems
              if problem.table == "students" and problem.severity == "warning"}  # fmt: skip
    errors = []
    for kept in records.table("students").to_pylist() if warned else ():
        index = int(kept["student_id"])
        given = request.students[index]
        lost = {name for name in warned & set(given) if given[name] is not None and kept[name] is None}
        if lost:
            own = {name: given[name] for name in lost}
            alone = SchoolRecords.from_tables(
                today=dt.date.max, students=_list_part("students", [own], [kept["student_id"]])
            )
            errors += [
                _pupil_error(request, index, problem.rule.code, problem.column)
                for problem in alone.check().problems
                if problem.column in lost
            ]
    return errors


def _noted_errors(request: Request, records: SchoolRecords) -> list[RowError]:
    """Name the values of rows that stay: they count as not known, or are used in doubt."""
    errors = []
    for noted in records.noted_rows:
        found = request.row_indices(noted.table)
        for index, number in (found[row] for row in noted.rows.tolist()):
            path = f"{noted.table}[{number}].{noted.column}"
            errors.append(_pupil_error(request, index, noted.rule.code, path))
    return errors


def _repeated_pupils(request: Request) -> list[RowError]:
    names = [(type(pupil["student_id"]), pupil["student_id"]) for pupil in request.students]
    counts = Counter(names)
    return [
        _pupil_error(request, index, REPEATED, "student_id")
        for index, name in enumerate(names)
        if counts[name] > 1
    ]


def _pupil_error(request: Request, index: int, code: str, field: str) -> RowError:
    message, hint = _error_wording(code, field)
    pupil, language = request.students[index]["student_id"], request.language
    return RowError(index, pupil, code, field, message.to(language), hint.to(language))


def _error_wording(code: str, field: str) -> tuple[Text, Text]:
    """Say what is wrong with a field, such as ``grades[0].score``, and the way out."""
    if code in _WORDS:
        return _WORDS[code]
    row, _, column = field.rpartition(".")
    return RULES_BY_CODE[code].wording_in_request(row.partition("[")[0] or "students", column)


def _pupil_notes(request: Request, index: int, lost: Counter[int]) -> tuple[str, ...]:
    counted = ((_IGNORED, request.ignored[index]), (_EMPTIED, lost[index]))
    return tuple(text.fill(request.language, number=number) for text, number in counted if number)


def _day_notes(request: Request, days: OwnDays, row: int) -> tuple[str, ...]:
    """Say of a pupil without listed school days that its rows leave many weekdays out."""
    return (_FEW_DAYS.to(request.language),) if days.sparse[row] else ()


def request_of(
    records: SchoolRecords, student_ids: Sequence[str | int], as_of: DateLike, language: Language = "zh"
) -> dict[str, Any]:
    """Write the request that asks for at most 200 pupils of school records; :func:`score_request` answers it.

    Rows dated or recorded on or after the date are left out; the day to which each pupil's register is known
    to be kept goes along. UnknownPupilError if the records have no such
    pupil; RequestError if the endpoint would refuse the request. The contract asks for a score of every test:
    one that was refused is written with 0 and ``"valid": false``, since no feature reads an invalid score.
    """
    day = date_of(ordinal_of(as_of))
    rows = _rows_of(records, student_ids)
    students = [
        _filled_fields(row, _STUDENT_FIELDS) for row in records.table("students").take(rows).to_pylist()
    ]
    for name in _LISTS:
        table = records.table(name)
        for row, pupil in zip(rows, students, strict=True):
            own = table.filter(pc.equal(table["pupil"], row)).drop(["pupil"]).to_pylist()
            pupil[name] = [_filled_fields(item) for item in own if _known_before(item, TABLES[name], day)]
    for name in (table.name for table in INCIDENTS.values()):
        kept = _schools_that_keep(records, name, day)
        for pupil in students:
            if pupil.get("school_id") not in kept:
                del pupil[name]
    _refuse_too_many_rows(students)
    histories = histories_of(records)
    unit = histories.registers.unit[rows]
    kept_to = histories.registers.spans_on(ordinal_of(day), histories.calendar)[1][unit]
    presumed = histories.presumed[rows].tolist()
    for row, last, there, pupil in zip(rows, kept_to.tolist(), presumed, students, strict=True):
        if last >= 0:
            date = histories.calendar.day(histories.calendar_row[row], last)
            pupil["registered_to"] = date_of(int(date)).isoformat()
        if there:
            pupil["unrecorded"] = "present"
    body = {"as_of": day.isoformat(), "language": language_of(language), "students": students}
    for index, pupil in enumerate(students):  # whose other days are known to be unknown
        if Request(body).names_absences_only(index):
            pupil["unrecorded"] = "unknown"
    return body


_STUDENT_FIELDS = tuple(column.name for column in TABLES["students"].columns if column.role == "predictor")


def _rows_of(records: SchoolRecords, student_ids: Sequence[str | int]) -> list[int]:
    """Find the rows of the pupils that a request asks for."""
    if not len(student_ids):
        raise EmptyListError("A request needs at least one pupil.", field="students")
    if len(student_ids) > MOST_PUPILS:
        raise TooManyRowsError(
            f"A request holds at most {MOST_PUPILS} pupils, {len(student_ids)} were asked for.",
            hint="write a request for each part of them, or score the records: RiskModel.score",
            field="students",
        )
    index = {pupil: row for row, pupil in enumerate(records.table("students")["student_id"].to_pylist())}
    unknown = sum(pupil not in index for pupil in student_ids)
    if unknown:
        raise UnknownPupilError(
            f"{unknown} of {len(student_ids)} pupils are not in the records.",
            hint="check the type and leading zeros of student_id",
        )
    return [index[pupil] for pupil in student_ids]


def _refuse_too_many_rows(students: list[dict[str, Any]]) -> None:
    for index, pupil in enumerate(students):
        for name in _LISTS:
            most = MOST_DAYS if name == "attendance" else MOST_ROWS
            if len(pupil.get(name, ())) > most:
                raise TooManyRowsError(
                    f"The pupil has {len(pupil[name]):,} rows of {name}, the endpoint takes {most:,}.",
                    hint="score the records instead: RiskModel.score", field=f"students[{index}].{name}",
                )  # fmt: skip


def _schools_that_keep(records: SchoolRecords, name: str, day: dt.date) -> set[str | None]:
    """Give the schools of which a row of a table of incidents was known on a day."""
    table, schools = records.table(name), records.table("students")["school_id"]
    pupils = table["pupil"].filter(pc.less(table["recorded_on"], pa.scalar(day)))
    return set(schools.take(pupils).to_pylist())


def _known_before(row: Mapping[str, Any], table: Table, day: dt.date) -> bool:
    return bool(row["recorded_on"] < day and (table.ahead or row[str(table.date)] < day))


def _filled_fields(row: Mapping[str, Any], names: Sequence[str] | None = None) -> dict[str, Any]:
    """Keep what is there, in the form of the contract."""
    kept = {name: row[name] for name in (names or row) if row[name] is not None}
    if kept.pop("taken", "taken") != "taken":
        kept["score"] = row["taken"]
        kept["max_score"] = row["max_score"] if (row["max_score"] or 0) > 0 else _ANY_MAX
    if "status" in kept:
        kept["status"] = STATUSES.words[kept["status"]]
    if "instrument" in kept and "score" not in kept:
        kept |= {"score": 0.0, "valid": False}
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in kept.items()}
