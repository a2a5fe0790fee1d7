"""The directory: names, guardians and addresses, kept apart from everything that a model or a reply reads.

Pages join it by the pupils' ids, and show of it what the reader may see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
from pyarrow import feather

from dropout_risk.errors import BundleError
from dropout_risk.files import write_whole
from dropout_risk.records.tables import TABLES
from dropout_risk.text import fill_english

if TYPE_CHECKING:
    from dropout_risk.records.school_records import SchoolRecords

PERSONAL = TABLES["students"].personal
FILE = "directory.arrow"
StudentId = str | int


@dataclass(frozen=True, eq=False, repr=False)
class Directory:
    """What is known of pupils by name; ``rows`` has their ``student_id`` and columns of :data:`PERSONAL`.

    >>> rows = pa.table({"student_id": ["p-1"], "name": ["某某"], "phone": [None]})
    >>> Directory(rows).of("p-1"), Directory(rows).only(["phone"]).of("p-1"), Directory(rows).of("p-2")
    ({'name': '某某'}, {}, {})
    """

    rows: pa.Table

    @classmethod
    def empty(cls) -> Self:
        """Give a directory in which nobody stands."""
        return cls(pa.table({"student_id": pa.array([], pa.string())}))

    @classmethod
    def of_records(cls, records: SchoolRecords) -> Self:
        """Take the personal columns of the students table that say anything."""
        students = records.table("students")
        there = [name for name in PERSONAL if students[name].null_count < students.num_rows]
        return cls(students.select(["student_id", *there])) if there else cls.empty()

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def __repr__(self) -> str:
        """Count; nobody's name belongs into a log."""
        return fill_english("<Directory of {n} pupils>", n=len(self))

    def of(self, student_id: StudentId) -> dict[str, str]:
        """Give what is known of a pupil, by column."""
        row = self._places.get(str(student_id))
        if row is None:
            return {}
        (found,) = self.rows.slice(row, 1).to_pylist()
        return {name: found[name] for name in PERSONAL if found.get(name)}

    def name_of(self, student_id: StudentId) -> str:
        """Give a pupil's name; empty where it is not known."""
        return self.of(student_id).get("name", "")

    def only(self, columns: Collection[str]) -> Self:
        """Give the same with some columns alone."""
        kept = [name for name in self.rows.column_names if name in columns]
        return type(self)(self.rows.select(["student_id", *kept])) if kept else self.empty()

    def updated(self, newer: Directory) -> Self:
        """Give the same with what a newer one says: it replaces a pupil's line, column by column."""
        lines = {str(line["student_id"]): line for line in self.rows.to_pylist()}
        for line in newer.rows.to_pylist():
            told = {name: value for name, value in line.items() if value is not None}
            lines.setdefault(str(line["student_id"]), {}).update(told)
        return type(self)(_table_of(lines.values()))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {str(name): row for row, name in enumerate(self.rows["student_id"].to_pylist())}

    def save(self, folder: str | Path) -> None:
        """Write it beside a store of histories, for its owner only; nothing where nobody stands in it."""
        if len(self):
            write_whole(Path(folder) / FILE, lambda unfinished: feather.write_feather(self.rows, unfinished))
        else:
            (Path(folder) / FILE).unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what :meth:`save` wrote; an empty one where there is none.

        BundleError if the file cannot be read.
        """
        path = Path(folder) / FILE
        if not path.exists():
            return cls.empty()
        try:
            return cls(feather.read_table(path, memory_map=False))
        except (OSError, pa.ArrowException) as error:
            raise BundleError(
                "The directory of names beside the store cannot be read.",
                hint="build the store again from all records, or remove the file: pages show ids then",
            ) from error


def _table_of(lines: Iterable[dict[str, Any]]) -> pa.Table:
    lines = [*lines]
    ids = [line["student_id"] for line in lines]
    whole = all(isinstance(name, int) for name in ids)
    columns: dict[str, Any] = {"student_id": pa.array(ids if whole else map(str, ids))}
    return pa.table(
        columns | {name: pa.array([line.get(name) for line in lines], pa.string()) for name in PERSONAL}
    )
