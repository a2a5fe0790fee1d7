"""SchoolRecords: the tables of a county, checked once, usable rows only."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Array
from dropout_risk.errors import DateError, RecordsError, nearest
from dropout_risk.records.attendance import Roll
from dropout_risk.records.checking import CheckedRecords, KnownPupils, RecordsCheck, require_students
from dropout_risk.records.checks.unknown_words import unknown_words
from dropout_risk.records.days.calendar import YEAR_START, SchoolCalendar, date_of, ordinal_of
from dropout_risk.records.days.day_grid import DayGrid
from dropout_risk.records.days.school_declarations import (
    OutcomesTo,
    PresumedClasses,
    UnrecordedSource,
    declared_days,
    require_past,
)
from dropout_risk.records.files.folders import find_parts
from dropout_risk.records.files.readers import (
    FramePart,
    ListPart,
    Part,
    has_mark_file,
    marked_outcomes_to,
    to_arrow,
)
from dropout_risk.records.files.shaped_parts import shape_parts
from dropout_risk.records.quarantine import Quarantine
from dropout_risk.records.reading import Progress
from dropout_risk.records.refused_rows import RefusedRows
from dropout_risk.records.rows import NotedRows, UsableRows
from dropout_risk.records.rules import CheckReport, Problem
from dropout_risk.records.tables import RUNS, TABLES
from dropout_risk.records.tallies import TableTallies
from dropout_risk.records.values import one_array
from dropout_risk.records.wording.conventions import YearStart, first_day_of_year
from dropout_risk.records.wording.mapping import RecordsMapping, Source

if TYPE_CHECKING:
    import pandas as pd


class SchoolRecords:
    """School records, read from a folder or from frames.

    Made by :meth:`from_folder` or :meth:`from_tables`. The check runs once, when something is first asked
    for, and everything else sees usable rows only, in an order that does not depend on the input's.

    Attributes
    ----------
    truth : pandas.DataFrame or None
        What a simulator knows about its pupils; None for real records.
    synthetic : bool
        Whether any of the records are made up.
    known : KnownPupils or None
        The pupils and school days that were known before.
    year_start : tuple of int
        Month and day on which a school year begins.
    outcomes_to : dict of str to int
        The days (ordinals) up to which outcomes are declared complete, by school; empty if nobody did.
    folder : Path or None
        Where they were read from; None for frames.
    tallies : TableTallies
        The counts by which tables are judged as a whole, filled by the check.

    Examples
    --------
    >>> records = SchoolRecords.from_tables(
    ...     students=[{"student_id": 7, "school_id": "s1", "class_id": "s1-8-2", "grade_level": 8}],
    ...     attendance=[{"student_id": 7, "date": "2024-09-02", "status": "present"},
    ...                 {"student_id": 8, "date": "2024-09-02", "status": "absent"}],
    ... )
    >>> print(records.check())
    students: 1 read, 1 used, 0 set apart
    attendance: 2 read, 1 used, 1 set apart
    [DR114] error attendance.student_id: A pupil has no row in students (1 row, first data row 2). Hint: ...
    >>> records.table("attendance").num_rows
    1
    """

    def __init__(
        self,
        parts: Mapping[str, Sequence[Part]],
        mapping: RecordsMapping,
        *,
        today: dt.date | str | None = None,
        unknown: Sequence[str] = (),
        truth: pd.DataFrame | None = None,
        synthetic: bool = False,
        known: KnownPupils | None = None,
        progress: Progress | None = None,
        said: Sequence[Problem] = (),
        year_start: YearStart = None,
        whole: bool = True,
        outcomes_to: OutcomesTo | None = None,
        folder: Path | None = None,
        tallies: TableTallies | None = None,
    ) -> None:
        self.folder = folder
        self.tallies = TableTallies() if tallies is None else tallies
        given, parts = parts, shape_parts(parts, mapping)
        require_students(parts, mapping, unknown, known)
        self.known, self._progress = known, progress
        self._parts, self._mapping, self._unknown = parts, mapping, tuple(unknown)
        self._said, self._whole = tuple(said), whole
        self._today = ordinal_of(dt.date.today() if today is None else today)
        before = YEAR_START if known is None else known.calendar.year_start
        self.year_start = first_day_of_year(year_start) or mapping.time.year_start or before
        self.outcomes_to = mapping.outcomes_to if outcomes_to is None else declared_days(outcomes_to)
        require_past(self.outcomes_to, self._today)
        marks = [marked_outcomes_to(part) for part in given.get("outcomes", ())]
        if not self.outcomes_to and None not in marks and marks:
            self.outcomes_to = declared_days(min(str(mark) for mark in marks))
        self.truth = truth
        self.synthetic = synthetic or any(part.synthetic for given in parts.values() for part in given)

    @classmethod
    def from_folder(
        cls,
        path: str | Path,
        *,
        mapping: Source | RecordsMapping = None,
        today: dt.date | str | None = None,
        known: KnownPupils | None = None,
        progress: Progress | None = None,
        year_start: YearStart = None,
        unrecorded: UnrecordedSource = None,
        outcomes_to: OutcomesTo | None = None,
    ) -> Self:
        """Read a folder that holds one file, or one sub-folder of files, per table.

        Parameters
        ----------
        path : path
            The folder. Files are ``.csv``, ``.tsv`` or ``.txt`` (plain, ``.gz`` or ``.zip``), ``.xlsx``,
            ``.xls``, ``.xlsb``, ``.ods`` or ``.parquet``, named after their table: ``attendance.csv``,
            ``attendance_2024.xlsx``, ``attendance/``, ``考勤.csv``; or a workbook or zip that holds them. A
            file named ``SYNTHETIC`` beside them says that the records are made up; simulated Parquet says so
            itself.
        mapping : path, dict or RecordsMapping, optional
            The county's own headers and words, laid over the Chinese defaults.
        today : date, optional
            The day the records were drawn, by default today; rows dated later are set apart.
        known : KnownPupils, optional
            The pupils and school days of a store that the records are to be appended to: then ``students``
            may be missing, or hold only what is new (:func:`dropout_risk.histories.store_append.known_to`).
        progress : callable, optional
            Told, while the check reads, the table's name, its rows so far, and the share of its files that
            has been read (0 to 1).
        year_start : str, int or pair, optional
            Month and day on which a school year begins, such as ``"02-01"``, or its month; it goes before
            ``year_start`` of the mapping. By default 1 August.
        unrecorded : {"unknown", "present"} or dict of school to one of these, optional
            What it means that a pupil has no row on a school day. In place of its word a school may have a
            dict of its classes: ``{"s-1": {"8/1班": "present"}}``. ``"present"`` is for registers of absences
            only: every school day from enrolment to the last one for which the class handed anything in then
            counts as present. In place of what the mapping says.
        outcomes_to : date, or mapping of str to date, optional
            The last day whose outcomes are all recorded, for all schools or for each (``all`` for those not
            named); by default as the mapping says. A pupil has stayed only before it. Where nobody
            declares it, it is the earlier of a school's last well-attended day and its last outcome.

        Raises
        ------
        RecordsError
            If there is no ``students`` table, or it lacks a required column, or a file cannot be read.
        """
        words = RecordsMapping.of(mapping).declaring(unrecorded)
        found = find_parts(Path(path), words)
        synthetic = has_mark_file(Path(path))
        return cls(
            found.parts, words, today=today, unknown=found.unknown, synthetic=synthetic, known=known,
            progress=progress, said=found.problems, year_start=year_start, outcomes_to=outcomes_to,
            folder=Path(path),
        )  # fmt: skip

    @classmethod
    def from_tables(
        cls,
        *,
        mapping: Source | RecordsMapping = None,
        today: dt.date | str | None = None,
        truth: pd.DataFrame | None = None,
        synthetic: bool = False,
        known: KnownPupils | None = None,
        year_start: YearStart = None,
        unrecorded: UnrecordedSource = None,
        whole: bool = True,
        outcomes_to: OutcomesTo | None = None,
        **tables: Any,
    ) -> Self:
        """Take frames: pandas, Polars, Arrow, a DuckDB relation, or a list of dicts per table.

        Parameters
        ----------
        mapping, today
            As in :meth:`from_folder`.
        truth : pandas.DataFrame, optional
            What a simulator knows about its pupils.
        synthetic : bool, default=False
            Whether the records are made up; Arrow tables of a simulation say so themselves.
        known, year_start, unrecorded, outcomes_to
            As in :meth:`from_folder`.
        whole : bool, default=True
            Whether the tables hold all pupils of their schools, so that something can be concluded from what
            their attendance does not say.
        **tables
            ``students``, ``attendance``, … as named in the data contract, each a frame or a ``ListPart``;
            None and an empty list count as not given.

        Raises
        ------
        RecordsError
            If a table's name is not known, ``students`` is missing or lacks a required column.
        """
        words = RecordsMapping.of(mapping).declaring(unrecorded)
        parts: dict[str, list[Part]] = {}
        for name, frame in tables.items():
            table = words.table_of(name)
            if table is None:
                raise RecordsError(f"There is no table {name!r}.", hint=nearest(name, TABLES))
            as_it_is = frame is None or isinstance(frame, ListPart)
            part: Part | None = frame if as_it_is else FramePart(to_arrow(frame, name))
            if part is not None and part.header:
                _refuse_repeated_columns(part, table, words)
                parts.setdefault(table, []).append(part)
        return cls(
            parts, words, today=today, truth=truth, synthetic=synthetic, known=known,
            year_start=year_start, whole=whole, outcomes_to=outcomes_to,
        )  # fmt: skip

    @property
    def noted_rows(self) -> tuple[NotedRows, ...]:
        """Rows of a request that stay although a value of theirs is odd; none of other records."""
        return self._checked.noted

    @cached_property
    def _checked(self) -> CheckedRecords:
        checking = RecordsCheck(
            self._parts, self._mapping, self._today, self.known, self._progress,
            year_start=self.year_start, judge_registers=self._whole, tallies=self.tallies,
        )  # fmt: skip
        checking.outcomes_declared = bool(self.outcomes_to) or self.known is not None
        return checking.run(self._unknown, self._said)

    def check(self) -> CheckReport:
        """List every problem of the records at once, without any pupil's value."""
        return self._checked.report

    def table(self, name: str) -> Any:
        """Give the usable rows of a table as a canonical Arrow table; empty where it was not given.

        Raises
        ------
        RecordsError
            If the contract has no table of this name.
        """
        if name not in TABLES:
            raise RecordsError(f"There is no table {name!r}.", hint=nearest(name, TABLES))
        return self._checked.table(name)

    def unknown_words(self) -> pd.DataFrame:
        """Count the words that nothing here knows, as the files write them: what a mapping has yet to say.

        Returns
        -------
        DataFrame
            ``table``, ``column``, ``word``, ``rows`` with it, and the ``section`` of ``[words]`` that would
            say what it means; the most frequent of each table first. Of columns whose words are closed
            (status, event, yes or no, ``taken``) all that mean nothing, so that their rows are set apart or
            emptied; of ``factor`` and ``instrument`` those that no shipped feature reads. The words are
            values of the records: no error and no log holds them.

        Examples
        --------
        >>> pupil = {"student_id": 7, "school_id": "s1", "class_id": "s1-8-2", "grade_level": 8}
        >>> day = {"student_id": 7, "date": "2024-09-02", "status": "seen"}
        >>> records = SchoolRecords.from_tables(students=[pupil], attendance=[day])
        >>> print(records.unknown_words().to_string(index=False))
             table column word  rows section
        attendance status seen     1  status
        """
        return unknown_words(self._parts, self._mapping)

    def rows(self, name: str) -> UsableRows:
        """Give the usable rows of a table other than attendance as compact columns."""
        return self._checked.tables[name]

    @property
    def roll(self) -> Roll:
        """The pupils that ``students`` names, by their ids, also those whose row cannot be used."""
        return self._checked.roll

    @property
    def attendance(self) -> DayGrid:
        """The usable rows of attendance as a grid; ``table("attendance")`` writes them as a table."""
        return self._checked.attendance

    def lists_days_of(self, school: str) -> bool:
        """Say whether the calendar given lists school days of a school, by name or for all schools."""
        return self._checked.lists_days_of(school)

    @property
    def attended_days(self) -> SchoolCalendar:
        """The school days as far as the calendar lists them, or else attendance alone tells of them."""
        return self._checked.attended_days

    def completed_days(self, school: str, dates: Array, known: Array) -> tuple[Array, Array]:
        """Complete some days with attendance by the ordinary week of a school, where it has one."""
        return self._checked.completed_days(school, dates, known)

    @property
    def presumed_schools(self) -> list[str]:
        """The schools at which a pupil without a row of attendance on a school day was there."""
        return self._checked.presumed_schools

    @property
    def presumed_classes(self) -> PresumedClasses:
        """Classes of which that holds, or not, whatever does at their school."""
        return self._checked.presumed_classes

    @property
    def quarantine(self) -> Quarantine:
        """The rows that were set apart, each with its reason."""
        return self._checked.quarantine

    @property
    def refused(self) -> RefusedRows:
        """The rows of pupils that were set apart, by pupil, table and day."""
        return self._checked.refused

    @property
    def calendar(self) -> SchoolCalendar:
        """School days per school; pupils without a school belong to the school ``""``."""
        return self._checked.calendar

    @cached_property
    def observed_to(self) -> dt.date:
        """The last day with attendance, or else with any other dated row.

        Raises
        ------
        DateError
            If no row carries a date.
        """
        last = self.attendance.last_date()
        if last is not None:
            return date_of(last)
        dated = [table for table in RUNS.values() if table.tells_observed]
        days = [pc.max(self.table(table.name).column(table.date)).as_py() for table in dated]
        known: list[dt.date] = [day for day in days if day is not None]
        if known:
            return max(known)
        raise DateError("No row of the records carries a date.", hint="give attendance, grades or totals")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all usable tables; the same for the same rows in any order and from any source.

        The personal columns are left out: a run that is named by it holds nothing of a name.
        """
        digest = hashlib.sha256()
        for name in TABLES:
            table = self.table(name).drop_columns(list(TABLES[name].personal))
            if TABLES[name].incidents and not table.num_rows:
                continue
            digest.update(f"{name} {table.num_rows} {table.schema.to_string()}".encode())
            for column in table.columns:
                _digest_column(digest, one_array(column))
        return digest.hexdigest()

    def __repr__(self) -> str:
        """Name the tables that were given."""
        kind = "synthetic " if self.synthetic else ""
        return f"<{kind}SchoolRecords: {', '.join(name for name in TABLES if name in self._parts)}>"


def _refuse_repeated_columns(part: Part, table: str, mapping: RecordsMapping) -> None:
    """Refuse a frame of which two columns of one name could be meant."""
    used = mapping.headers(table, part.header).chosen.values()
    twice = [header for header in used if part.header.count(header) > 1]
    if twice:
        raise RecordsError(
            f"Table {table!r} has more than one column called {twice[0]!r}.",
            hint="keep the one that is meant, or give the other a name of its own",
        )


def _digest_column(digest: Any, column: Any) -> None:
    if pa.types.is_list(column.type):  # spells of enrolment
        digest.update(repr(column.drop_null().to_pylist()).encode())
        column = pc.list_value_length(column)
    if pa.types.is_string(column.type):
        column = column.dictionary_encode()
    if pa.types.is_dictionary(column.type):
        digest.update("\x00".join(column.dictionary.to_pylist()).encode())
        column = column.indices
    if pa.types.is_date(column.type):
        column = column.cast(pa.int32())
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if column.null_count:
        digest.update(np.packbits(column.is_null().to_numpy(zero_copy_only=False)).tobytes())
        column = pc.fill_null(column, 0)
    digest.update(np.ascontiguousarray(column.to_numpy(zero_copy_only=False)).data)
