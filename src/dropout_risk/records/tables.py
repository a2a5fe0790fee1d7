"""The data contract as plain data: nine tables, their columns, keys and closed words."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from dropout_risk.records.statuses import STATUSES
from dropout_risk.text import Text

Kind = Literal["student", "text", "date", "integer", "number", "yes_no", "status", "event", "taken"]
Role = Literal["predictor", "audit_only", "display_only"]

EVENTS = ("dropout", "suspected_dropout", "returned", "transferred", "graduated", "died")
TAKEN = ("taken", "missed", "exempt", "deferred", "unknown")
# what stands in place of a mark, as a number that is none, until it is parted from the marks
NOT_MARKS: dict[str, float] = {"missed": -1e300, "exempt": -2e300, "deferred": -3e300, "unknown": -4e300}
CLOSED_WORDS: dict[Kind, tuple[str, ...]] = {"status": STATUSES.words, "event": EVENTS, "taken": TAKEN}
WORD_KINDS: tuple[Kind, ...] = (*CLOSED_WORDS, "yes_no")
"""The kinds of columns that hold nothing but known words."""
HIGH_CODES = (999.0, 9999.0, 99999.0)
"""What stands for "not known" in numbers of other systems, where nothing else is declared."""
LOW_CODES = (-9.0, -99.0, -999.0, -9999.0)
"""What stands for it besides; a number that may lie around zero has none of them but by declaration."""
LONG_GAP = 60


class Farness(NamedTuple):
    """When the days of a table are lone: ``few`` days of hardly any rows, and how far they are from the bulk.

    ``beyond`` counts in any direction; ``thin``, if any, for days with less than half of the usual rows,
    and ``ahead``, if any, for days after the bulk. The bulk has at least ``least_days`` days and
    ``least_rows`` rows.
    """

    beyond: int
    thin: int | None = None
    ahead: int | None = None
    least_days: int = 1
    least_rows: int = 30
    few: int = 5
    share: float = 0.02


FAR_APART = Farness(1100)
"""What is lone in a table of which nothing else is declared."""


@dataclass(frozen=True)
class Column:
    """One column of the contract; its kind decides how it is read and how it is kept.

    A column is ``required`` to be there, and ``nullable`` if a value may be missing in a row that is used.
    Dates may lie after today with ``future``. A ``note`` never makes two rows contradict each other. A
    ``lenient`` value that cannot be used is left empty with a warning, and the row stays. A ``coded`` column
    is kept as Arrow dictionary rather than as plain strings; a ``spelled`` one is kept as it is written, in
    others case, width and spaces do not decide. A number lies between ``lowest`` and ``highest``;
    ``codes`` are those that stand for "not known", by default :data:`HIGH_CODES`. Audit-only columns check
    fairness and never become features. A ``personal`` one names a pupil or says where it lives: it is kept in
    the directory alone, which pages read, and is no part of histories. ``domain`` says who may read of it,
    where that is not everybody who reads of the table.
    """

    name: str
    kind: Kind
    required: bool = True
    nullable: bool = False
    key: bool = False
    future: bool = False
    note: bool = False
    lenient: bool = False
    coded: bool = False
    spelled: bool = False
    lowest: float | None = None
    highest: float | None = None
    codes: tuple[float, ...] | None = None
    role: Role = "predictor"
    personal: bool = False
    domain: str | None = None

    @property
    def arrow_type(self) -> Any:
        """The canonical Arrow type (that of ``student_id`` follows the input)."""
        if self.coded:
            return pa.dictionary(pa.int32(), pa.string())
        return _ARROW_TYPES[self.kind]

    @property
    def word_section(self) -> str:
        """The section of a mapping in which its words stand; all columns of yes and no share one."""
        return "yes_no" if self.kind == "yes_no" else self.name

    @property
    def codes_for_unknown(self) -> tuple[float, ...]:
        """The numbers that stand for "not known"."""
        if self.codes is not None:
            return self.codes
        return HIGH_CODES if self.kind in ("integer", "number") else ()


_ARROW_TYPES: dict[str, Any] = {
    "student": pa.int32(),
    "text": pa.string(),
    "date": pa.date32(),
    "integer": pa.int32(),
    "number": pa.float64(),
    "yes_no": pa.bool_(),
    "status": pa.int8(),
    "event": pa.string(),
    "taken": pa.string(),
}


@dataclass(frozen=True)
class Table:
    """One table of the contract: all that distinguishes it, wherever tables are gone through.

    ``date`` names the column that dates a row of a pupil and stands in for an empty ``recorded_on``; rows of
    a table that looks ``ahead`` may be known before it, and lie anywhere in time. Days of any other dated
    table that lie as far from the bulk as ``far`` says are slips of the pen. Rows that tell of days
    ``at_school`` count from enrolment to leaving. A table of ``incidents`` alone tells, where a school
    keeps it, by no row that there was none. ``run`` and ``source`` are the names under which histories hold
    its rows and features read it. Who sees the ``domain`` may read of its rows; a table of no domain is
    hidden from everybody who does not see all. A request may carry its rows with ``in_request``. ``label``
    tells what it is, as a datum worth fetching, ``called`` what sentences about its rows call it.

    Stores number tables in their order, and words by the name of their column: a new table comes last, and
    a column of words has the name of another one only where it means the same.

    >>> TABLES["attendance"].key
    ('student_id', 'date', 'session')
    >>> TABLES["attendance"].schema().names
    ['pupil', 'date', 'session', 'status', 'recorded_on']
    """

    name: str
    columns: tuple[Column, ...]
    date: str | None = None
    ahead: bool = False
    far: Farness = FAR_APART
    at_school: bool = False
    incidents: bool = False
    run: str | None = None
    source: str | None = None
    domain: str | None = None
    in_request: bool = False
    label: Text | None = None
    called: Text | None = None

    @property
    def title(self) -> Text:
        """What readers call the table; its name where nothing is declared."""
        return Text(zh=self.name, en=self.name) if self.called is None else self.called

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def has(self, names: Set[str]) -> bool:
        """Say whether all of these are its columns."""
        return self._by_name.keys() >= names

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of all columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names of the columns that name a row."""
        return tuple(column.name for column in self.columns if column.key)

    @cached_property
    def personal(self) -> tuple[str, ...]:
        """Names of the columns that pages show and nothing else reads."""
        return tuple(column.name for column in self.columns if column.personal)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Names of the columns that histories hold as codes of words."""
        return tuple(
            column.name for column in self.columns if column.kind in ("text", "event") and not column.note
        )

    @property
    def farness(self) -> Farness | None:
        """When a day of it is lone; None where days may lie anywhere."""
        dated = any(column.name == self.day for column in self.columns)
        return self.far if dated and not self.ahead else None

    @property
    def day(self) -> str:
        """The column of the day that a row is about, whether it is one of a pupil or not."""
        return self.date or "date"

    @property
    def tells_observed(self) -> bool:
        """Whether its last date tells how far a school has been observed."""
        return not (self.ahead or self.incidents)

    @property
    def known_from(self) -> str | None:
        """The date column that stands in for an empty ``recorded_on``."""
        return self.date if "recorded_on" in self else None

    @cached_property
    def of_pupils(self) -> bool:
        """Whether each row belongs to one pupil of ``students``."""
        return self.name != "students" and "student_id" in self

    def schema(self, id_type: Any = None) -> Any:
        """Give the canonical Arrow schema; ``id_type`` is the type of the pupils' ids in ``students``."""
        if id_type not in self._schemas:
            pupil = ("pupil", pa.int32()) if self.of_pupils else ("student_id", id_type or pa.string())
            self._schemas[id_type] = pa.schema(
                pupil if column.kind == "student" else (column.name, column.arrow_type)
                for column in self.columns
            )
        return self._schemas[id_type]

    @cached_property
    def _schemas(self) -> dict[Any, Any]:
        return {}


STUDENT = Column("student_id", "student", key=True)
DATE = Column("date", "date", key=True)
RECORDED_ON = Column("recorded_on", "date", required=False, nullable=True)


def _optional_column(name: str, kind: Kind, **options: Any) -> Column:
    return Column(name, kind, required=False, nullable=True, **options)


def _pupil_column(name: str, kind: Kind, **options: Any) -> Column:
    return Column(name, kind, nullable=True, lenient=True, **options)


def _personal_column(name: str) -> Column:
    return _pupil_column(
        name, "text", required=False, role="display_only", spelled=True, note=True, personal=True
    )


_LEVEL_CODES = (*HIGH_CODES, *LOW_CODES, 99.0, -1.0)  # a score of -1 may be of a scale around zero
_ALL = (
    Table(
        "students",
        (
            STUDENT,
            _pupil_column("school_id", "text", spelled=True),
            _pupil_column("class_id", "text", spelled=True),
            _pupil_column("grade_level", "integer", lowest=0, highest=13, codes=_LEVEL_CODES),
            _pupil_column("enrolled_on", "date", required=False),
            _pupil_column("left_on", "date", required=False, future=True),
            _pupil_column("responsible_id", "text", required=False, role="display_only", spelled=True),
            _pupil_column("birth_date", "date", required=False, role="audit_only"),
            _pupil_column("boarding", "yes_no", required=False, domain="family"),
            _pupil_column("distance_km", "number", required=False, lowest=0, highest=300, domain="family"),
            _pupil_column("sex", "text", required=False, role="audit_only"),
            _pupil_column("ethnicity", "text", required=False, role="audit_only"),
            _pupil_column("residence", "text", required=False, role="audit_only"),
            *map(_personal_column, ("name", "seat", "guardian", "phone", "village", "address")),
        ),
    ),
    Table(
        "attendance",
        (
            STUDENT,
            DATE,
            _optional_column("session", "text", key=True),
            Column("status", "status"),
            RECORDED_ON,
        ),
        date="date",
        far=Farness(400, thin=LONG_GAP, least_days=10),
        source="attendance",
        domain="attendance",
        in_request=True,
        label=Text(zh="出勤记录", en="attendance"),
        called=Text(zh="考勤", en="attendance"),
    ),
    Table(
        "attendance_totals",
        (
            STUDENT,
            Column("period_start", "date", key=True),
            Column("period_end", "date", key=True),
            Column("days_enrolled", "number", lowest=0),
            Column("days_absent", "number", lowest=0),
            _optional_column("days_excused", "number", lowest=0),
            _optional_column("days_late", "number", lowest=0),
            RECORDED_ON,
        ),
        date="period_end",
        far=Farness(1100, ahead=120),
        at_school=True,
        run="totals",
        source="attendance",
        domain="attendance",
        in_request=True,
        called=Text(zh="考勤汇总", en="attendance totals"),
    ),
    Table(
        "grades",
        (
            STUDENT,
            DATE,
            Column("subject", "text", key=True, coded=True),
            Column("exam", "text", key=True, coded=True),
            Column("score", "number", nullable=True, lowest=0, codes=()),
            Column("max_score", "number"),
            RECORDED_ON,
            _optional_column("taken", "taken"),
        ),
        date="date",
        far=Farness(1100, ahead=120),
        at_school=True,
        run="grades",
        source="grades",
        domain="grades",
        in_request=True,
        label=Text(zh="本学期成绩", en="marks of this term"),
        called=Text(zh="成绩", en="grades"),
    ),
    Table(
        "wellbeing",
        (
            STUDENT,
            DATE,
            Column("instrument", "text", key=True),
            Column("scale", "text", key=True),
            Column("score", "number", nullable=True, codes=(*HIGH_CODES, *LOW_CODES)),
            _optional_column("valid", "yes_no"),
            _optional_column("norm", "text"),
            RECORDED_ON,
        ),
        date="date",
        far=Farness(1100, ahead=200),
        run="wellbeing",
        source="wellbeing",
        domain="psychology",
        in_request=True,
        label=Text(zh="心理测评", en="a well-being test"),
        called=Text(zh="心理测评", en="well-being tests"),
    ),
    Table(
        "family",
        (
            STUDENT,
            Column("factor", "text", key=True),
            Column("valid_from", "date", key=True),
            _optional_column("value", "text"),
            _optional_column("valid_to", "date", future=True),
            _optional_column("source", "text", note=True, spelled=True),
            RECORDED_ON,
        ),
        date="valid_from",
        ahead=True,
        run="family",
        source="family",
        domain="family",
        in_request=True,
        label=Text(zh="家庭情况", en="family information"),
        called=Text(zh="家庭情况", en="family"),
    ),
    Table(
        "discipline",
        (
            STUDENT,
            DATE,
            Column("kind", "text", key=True),
            _optional_column("days", "number", lowest=0),
            RECORDED_ON,
        ),
        date="date",
        incidents=True,
        run="discipline",
        source="discipline",
        domain="attendance",
        in_request=True,
        called=Text(zh="纪律记录", en="discipline"),
    ),
    Table(
        "outcomes",
        (STUDENT, DATE, Column("event", "event", key=True)),
        date="date",
        run="outcomes",
        called=Text(zh="学籍变动", en="outcomes"),
    ),
    Table(
        "calendar",
        (
            Column("date", "date", key=True, future=True),
            _optional_column("school_id", "text", key=True, spelled=True),
            Column("is_school_day", "yes_no"),
        ),
        far=Farness(400, least_days=10, least_rows=10, share=0.1),
    ),
)
TABLES: dict[str, Table] = {table.name: table for table in _ALL}
RUNS: dict[str, Table] = {table.run: table for table in _ALL if table.run is not None}
INCIDENTS: dict[str, Table] = {run: table for run, table in RUNS.items() if table.incidents}
