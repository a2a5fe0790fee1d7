"""Simulated provinces as Parquet, for measuring: made once, kept in a folder, nobody in them is real."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dropout_risk.records.tables import TABLES
from dropout_risk.simulate.district import simulate_tables

DISTRICT = 200_000
DAYS = 180
NAMES = ("school_id", "class_id", "responsible_id")


def province(folder: Path, pupils: int, *, text_ids: bool = False) -> Path:
    """Write the tables of so many pupils, one file per table and district of 200,000, unless it is there.

    Every district is another seed, with its own schools; ids are whole numbers unless ``text_ids``.
    """
    place = folder / f"{pupils}{'-text' if text_ids else ''}"
    if (place / "done").exists():
        return place
    shutil.rmtree(place, ignore_errors=True)
    for district, first in enumerate(range(0, pupils, DISTRICT)):
        tables = simulate_tables(min(DISTRICT, pupils - first), seed=district, n_days=DAYS).tables
        for name, table in tables.items():
            own = _with_ids(_of_district(table, district), first, text_ids)
            _write(own, place / name / f"part-{district}.parquet")
    (place / "done").touch()
    return place


def only(place: Path, tables: tuple[str, ...]) -> Path:
    """Give a folder with links to some of the tables."""
    chosen = place.with_name(place.name + "-" + "-".join(tables))
    chosen.mkdir(exist_ok=True)
    for name in tables:
        link = chosen / name
        if not link.is_symlink():
            link.symlink_to(place / name, target_is_directory=True)
    return chosen


def one_day(place: Path) -> tuple[Path, Path]:
    """Split a province into all rows before its last school day, and the rows of that day.

    Marks, tests and family rows entered from that day on belong to it; the students do not.
    """
    last = dt.date.fromisoformat(str(last_day(place)))
    before, day = place.with_name(place.name + "-before"), place.with_name(place.name + "-day")
    if (day / "done").exists():
        return before, day
    for folder in (before, day):
        shutil.rmtree(folder, ignore_errors=True)
    for name in sorted(table for table in TABLES if (place / table).is_dir()):
        for file in sorted((place / name).iterdir()):
            if name in ("students", "calendar"):
                _write(pq.read_table(file), before / name / file.name)
                continue
            table = pq.read_table(file)
            column = "recorded_on" if "recorded_on" in table.column_names else "date"
            new = pc.greater_equal(table[column], pa.scalar(last))
            _write(table.filter(pc.invert(new)), before / name / file.name)
            _write(table.filter(new), day / name / file.name)
    (day / "done").touch()
    return before, day


def last_day(place: Path) -> dt.date:
    """Give the last day with attendance."""
    return max(
        dt.date.fromisoformat(str(pc.max(pq.read_table(file, columns=["date"])["date"]).as_py()))
        for file in (place / "attendance").iterdir()
    )


def _write(table: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="zstd")


def _of_district(table: pa.Table, district: int) -> pa.Table:
    """Give a district's schools, classes and teachers names of their own."""
    for name in NAMES:
        if name in table.column_names:
            column = table[name].combine_chunks()
            words = pc.binary_join_element_wise(f"d{district}", column.dictionary.cast(pa.string()), "-")
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.DictionaryArray.from_arrays(column.indices, words))
    return table


def _with_ids(table: pa.Table, first: int, text: bool) -> pa.Table:
    if "student_id" not in table.column_names:
        return table
    column = table["student_id"].combine_chunks()
    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    numbers = pc.add(pc.utf8_slice_codeunits(coded.dictionary, 2).cast(pa.int64()), first)
    if text:
        words = pc.binary_join_element_wise("p", pc.utf8_lpad(numbers.cast(pa.string()), 9, "0"), "-")
        ids = pa.DictionaryArray.from_arrays(coded.indices, words).cast(pa.string())
    else:
        ids = numbers.take(coded.indices)
    return table.set_column(table.column_names.index("student_id"), "student_id", ids)
