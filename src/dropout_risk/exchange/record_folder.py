"""A folder of tables of the data contract, as an import writes it, and the check of what was written."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from dropout_risk.errors import OutputError, SettingsError
from dropout_risk.exchange.left_out import LeftOut
from dropout_risk.exchange.pseudonyms import holds_identity
from dropout_risk.exchange.source_files import require_nothing
from dropout_risk.files import write_all
from dropout_risk.records.files.folders import table_stem
from dropout_risk.records.files.readers import FILE as SYNTHETIC
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping

MAPPING = "mapping.toml"
_LONG = 18
_OURS = ("unrecorded", "cohort_enters", "calendar")
Rows = Sequence[Mapping[str, Any]]


class Imported(NamedTuple):
    """What an import has read: tables of the contract, the conventions they need, and what was left out."""

    tables: dict[str, list[dict[str, Any]]]
    left: LeftOut
    conventions: dict[str, Any]
    synthetic: bool = False


class RecordFolder:
    """A folder to which an import writes tables; it may hold other tables already.

    Parameters
    ----------
    path : path
        The folder; made where it is missing.
    replace : bool, default=False
        Whether tables that an import wrote before may be replaced.
    """

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        self.path, self.replace = path, replace

    def holds(self, table: str) -> bool:
        """Say whether there is a file of a table."""
        return any(self._files_of([table]))

    def write(self, imported: Imported) -> list[str]:
        """Write the tables that have rows, and the conventions, all made before one is in its place.

        Raises
        ------
        OutputError
            If there is another file of such a table.
        SettingsError
            If the mapping that is there says something else.
        RecordsError
            If a cell is an identity number.
        """
        given = {name: rows for name, rows in imported.tables.items() if rows}
        own = {f"{name}.csv" for name in given} if self.replace else set()
        others = sorted(set(self._files_of(given)) - own)
        if others:
            raise OutputError(
                f"{self.path} has {', '.join(others)} already.",
                hint="name another folder with --out, or take the place of .csv files with --force",
            )
        _refuse_identities(given)
        files = [(f"{name}.csv", table_text(name, rows)) for name, rows in given.items()]
        if imported.conventions:
            files.append((MAPPING, self._mapping_text(imported.conventions)))
        if imported.synthetic:
            files.append((SYNTHETIC, ""))
        return write_all(self.path, files)

    def checked(self) -> SchoolRecords:
        """Read the folder with its mapping, as every other command does."""
        return SchoolRecords.from_folder(self.path, mapping=self.mapping)

    @property
    def mapping(self) -> Path | None:
        """The mapping with which it is read, where it has one."""
        path = self.path / MAPPING
        return path if path.exists() else None

    def _files_of(self, tables: Iterable[str]) -> list[str]:
        words, tables = RecordsMapping.of(None), {*tables}
        entries = self.path.iterdir() if self.path.is_dir() else ()
        return [entry.name for entry in entries if words.table_of(table_stem(entry.name)) in tables]

    def _mapping_text(self, conventions: Mapping[str, Any]) -> str:
        path = self.path / MAPPING
        before = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.exists() else {}
        lines = toml_text(conventions)
        differing = [key for key in conventions if key in before and before[key] != conventions[key]]
        if {*before} - {*_OURS} or (differing and not self.replace):
            raise SettingsError(
                f"{path} holds other lines, and the import needs: {' '.join(lines.split())}.",
                hint="name another folder with --out, or write these lines into your own mapping",
            )
        return toml_text({**before, **conventions})


def _refuse_identities(tables: Mapping[str, Rows]) -> None:
    """Refuse cells that are identity numbers, wherever they come from: the last gate before the disk."""
    told = []
    for table, rows in tables.items():
        for name in TABLES[table].names:
            cells = {cell for row in rows if isinstance(cell := row.get(name), str) and len(cell) >= _LONG}
            number = sum(map(holds_identity, cells))
            told += [f"{number} in {table}.{name}"] if number else []
    require_nothing(told, "Identity numbers would be stored", "export the column without them")


def toml_text(conventions: Mapping[str, Any]) -> str:
    """Write conventions as a mapping, its keys before its sections.

    >>> print(toml_text({"calendar": {"week": "weekdays"}, "unrecorded": "present"}))
    unrecorded = "present"
    [calendar]
    week = "weekdays"
    <BLANKLINE>
    """
    lines = [f"{key} = {json.dumps(value)}" for key, value in conventions.items() if not _is_section(value)]
    for key, part in conventions.items():
        if _is_section(part):
            lines += [f"[{key}]", *(f"{name} = {json.dumps(value)}" for name, value in part.items())]
    return "\n".join([*lines, ""])


def _is_section(value: Any) -> bool:
    return isinstance(value, Mapping)


def table_text(table: str, rows: Rows) -> str:
    """Write rows as CSV: the required columns of a table, and the others that any row has.

    >>> print(table_text("outcomes", [{"student_id": "a", "date": "2024-09-02", "event": "returned"}]))
    student_id,date,event
    a,2024-09-02,returned
    <BLANKLINE>
    """
    names = written_columns(table, rows)
    return csv_text(names, ([row.get(name) for name in names] for row in rows))


def written_columns(table: str, rows: Rows) -> list[str]:
    """Name the required columns of a table, and the others that any row has."""
    told = {name for row in rows for name, value in row.items() if value is not None}
    return [name for name in TABLES[table].names if name in told or name in TABLES[table].required]


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a header and rows as CSV; None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()
