"""The school roll (学籍) as tables of records: pupils, and what it says of their families."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.left_out import IDENTITY, NOT_READ, LeftOut
from dropout_risk.exchange.pseudonyms import Pseudonyms, holds_identity
from dropout_risk.exchange.record_folder import Imported
from dropout_risk.exchange.roll_template import (
    ID_COLUMNS,
    RollColumn,
    roll_column,
    roll_mapping,
    roll_value,
    roll_word,
)
from dropout_risk.exchange.source_files import Row, SourceFile, source_files
from dropout_risk.records.files.readers import has_mark_file
from dropout_risk.records.pupils.id_forms import rounded_ids, scientific_ids
from dropout_risk.records.tables import TABLES
from dropout_risk.text import Text

FEWEST_COLUMNS = 3
_PERSONAL = TABLES["students"].personal
_NO_ROLL = Text(zh="不是学籍表：认得的列太少", en="it is no school roll: too few of its columns are known")
_UNKNOWN = Text(zh="模板中没有这一列", en="the template has no such column")
_SPARE = Text(zh="同一列已由另一表头给出", en="another header already gives this column")
_CODES = Text(zh="表头行重复，或是一行代码", en="a row of headers or of codes")
_ODD = Text(
    zh="“{column}”的取值不认识，未采用", en="{column} holds a word or code that nobody knows; it is not used"
)
_GUARDIANS = (1, 2)
_GUARDIAN_PARTS = (
    *(f"成员{number}{part}" for number in _GUARDIANS for part in ("姓名", "联系电话", "是否监护人")),
    "联系电话",
)


def import_roll(
    source: Path,
    pseudonyms: Pseudonyms,
    *,
    drawn_on: dt.date,
    with_directory: bool = False,
    id_column: str | None = None,
    enters: int | None = None,
) -> Imported:
    """Read a school roll as tables of records.

    Parameters
    ----------
    source : path
        A folder, zip, workbook or CSV in the form of the import template, by names, codes or both.
    pseudonyms : Pseudonyms
        Stand for identity numbers, also inside of roll numbers (G and the number).
    drawn_on : date
        The day on which the roll was drawn: what it says of families is known from then on.
    with_directory : bool, default=False
        Whether names, guardians, telephones and addresses are kept, for pages alone.
    id_column : str, optional
        The header of the pupils' ids; by default the first of :data:`ID_COLUMNS` that a row fills.
    enters : int, optional
        The grade level in which the schools' pupils enter, so that the month of entry tells it.

    Raises
    ------
    RecordsError
        If no file is a roll, or pupils are without an id that can be stored.
    """
    left = LeftOut()
    rolls = [
        _Roll(file, left, id_column, with_directory)
        for file in source_files(source, roll_mapping(), left)
        if _is_roll(file, left)
    ]
    if not rolls:
        raise RecordsError(
            f"{str(source)!r} holds no school roll.",
            hint="its headers are those of the import template (学校标识码, 姓名, 性别 …) or their codes",
        )
    students: list[dict[str, Any]] = []
    family: list[dict[str, Any]] = []
    nameless: list[str] = []
    for roll in rolls:
        rows = roll.rows()
        ids = list(roll.ids(rows, pseudonyms))
        nameless += [f"{ids.count(None)} row(s) of {roll.file.name}"] if None in ids else []
        for row, name in zip(rows, ids, strict=True):
            students.append({"student_id": name, **roll.student(row, enters)})
            family += [{"student_id": name, **told} for told in roll.family(row, drawn_on)]
        roll.tell()
    if nameless:
        key = "" if pseudonyms.key else "give a key with --key, so that identity numbers become pseudonyms; "
        raise RecordsError(
            f"Pupils without an id that may be stored: {', '.join(nameless)}.",
            hint=f"{key}fill one of {', '.join(ID_COLUMNS)}, or name another column of ids with --id",
        )
    conventions = {} if enters is None else {"cohort_enters": enters}
    synthetic = source.is_dir() and has_mark_file(source)
    return Imported({"students": students, "family": family}, left, conventions, synthetic)


def _is_roll(file: SourceFile, left: LeftOut) -> bool:
    known = {column.name for column in map(roll_column, file.header) if column is not None}
    if len(known) < FEWEST_COLUMNS:
        left.add_file(file.name, _NO_ROLL)
    return len(known) >= FEWEST_COLUMNS


class _Roll:
    """One file or sheet of the roll: which header gives what, and what of it is not used."""

    def __init__(self, file: SourceFile, left: LeftOut, id_column: str | None, with_directory: bool) -> None:
        self.file, self.left = file, left
        self.columns: dict[str, tuple[RollColumn, str]] = {}
        self._odd: Counter[str] = Counter()
        for header in dict.fromkeys(filter(str.strip, file.header)):
            column = roll_column(header)
            if column is None and header != id_column:
                left.add_columns(file.name, [header], _UNKNOWN)
            elif column is not None and column.name in self.columns:
                left.add_columns(file.name, [header], _SPARE)
            else:
                column = column or RollColumn(header, "", "", NOT_READ)
                self.columns[column.name] = column, header
        asked = roll_column(id_column) if id_column is not None else None
        names = ID_COLUMNS if id_column is None else (asked.name if asked is not None else id_column,)
        self.ids = _IdColumns([name for name in names if name in self.columns], file)
        self.used = [
            name
            for name, (column, _) in self.columns.items()
            if column.gives and (with_directory or column.gives not in _PERSONAL)
        ]
        self.guardians = [name for name in _GUARDIAN_PARTS if with_directory and name in self.columns]

    def rows(self) -> list[Row]:
        """Read the rows, without those that repeat the headers or their codes."""
        names = (*self.used, *self.guardians, *self.ids.names)
        wanted = {name: self.columns[name][1] for name in names}
        rows = self.file.rows(wanted, self.left)
        kept = [row for row in rows if not self._repeats_header(row)]
        self.left.add_rows(self.file.name, len(rows) - len(kept), _CODES)
        return kept

    def _repeats_header(self, row: Row) -> bool:
        said = {name: roll_column(cell) for name, cell in row.items() if cell}
        return sum(found is not None and found.name == name for name, found in said.items()) >= FEWEST_COLUMNS

    def student(self, row: Row, enters: int | None) -> dict[str, Any]:
        """Make a row of ``students`` of a row of the roll, but for its id."""
        told: dict[str, Any] = {}
        for name in self.used:
            column = self.columns[name][0]
            if not column.is_factor:
                told[column.gives] = self._read(name, column, row)
        if self.guardians:
            told |= self._guardian_of(row)
        entered = str(told.get("enrolled_on") or "")
        if enters is not None and told.get("grade_level") is None and entered[:4].isdigit():
            told["grade_level"] = entered[:4]
        return told

    def _read(self, name: str, column: RollColumn, row: Row) -> str | None:
        value, odd = roll_value(column, row[name])
        self._odd[name] += odd
        return value

    def _guardian_of(self, row: Row) -> dict[str, str | None]:
        for number in _GUARDIANS:
            cell = row.get(f"成员{number}是否监护人")
            if cell is not None and roll_word(cell) in ("1", "是"):
                phone = row.get(f"成员{number}联系电话") or row.get("联系电话")
                return {"guardian": row.get(f"成员{number}姓名"), "phone": phone}
        return {"phone": row.get("联系电话")}

    def family(self, row: Row, drawn_on: dt.date) -> Iterator[dict[str, Any]]:
        """Give a row of ``family`` for each factor of which the roll says something."""
        for name, (column, _) in self.columns.items():
            if column.is_factor and row[name] is not None:
                value = self._read(name, column, row)
                yield {
                    "factor": column.gives, "valid_from": drawn_on, "value": value, "source": "学籍",
                    "recorded_on": drawn_on,
                }  # fmt: skip

    def tell(self) -> None:
        """Note the columns that were not used, and the values that nobody knows."""
        kept = {*self.used, *self.guardians}
        for name, (column, header) in self.columns.items():
            if name not in kept and (name not in self.ids.used or column.why is IDENTITY):
                self.left.add_columns(self.file.name, [header], column.why)
        for name, number in self._odd.items():
            self.left.add_rows(self.file.name, number, _ODD.filled(column=name))


class _IdColumns:
    """The columns that may give a pupil's id: in each row the first that is filled and may be stored."""

    def __init__(self, names: list[str], file: SourceFile) -> None:
        self.names, self.file = names, file
        self.used: set[str] = set()

    def __call__(self, rows: list[Row], pseudonyms: Pseudonyms) -> Iterator[str | None]:
        """Give the id of each row; RecordsError if a spreadsheet rounded them."""
        for name in self.names:
            self._refuse_rounded(name, [cell for row in rows if (cell := row[name])])
        for row in rows:
            yield next(self._ids_of(row, pseudonyms), None)

    def _ids_of(self, row: Row, pseudonyms: Pseudonyms) -> Iterator[str]:
        for name in self.names:
            cell = row[name]
            secret = cell is not None and (name == "身份证件号" or holds_identity(cell))
            found = pseudonyms.of_number(cell or "") if secret else cell
            if found is not None:
                self.used.add(name)
                yield found

    def _refuse_rounded(self, name: str, cells: list[str]) -> None:
        ids = pa.array(cells, pa.string())
        rounded = int((rounded_ids(ids) | scientific_ids(ids)).sum()) if cells else 0
        if rounded:
            raise RecordsError(
                f"Column {name!r} of {self.file.name} has {rounded} number(s) rounded by a spreadsheet.",
                hint="it keeps 15 digits of a number: export again with the column as text",
            )
