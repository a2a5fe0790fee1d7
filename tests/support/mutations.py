"""What may befall a clean district on its way, and the rules that may name each change.

Only faults of hand-over belong here. A change that makes another truth, which no check could know (one
pupil's absent day left out, a mark of 80 that becomes 70, an optional cell left empty), is no part of the
claim. Rows left out count where all of a pupil, a class or the later half of a file go: then registers tell
it at the score.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.records.tables import TABLES, Column
from dropout_risk.simulate.district import simulate_tables
from support.workbooks import xlsx_bytes

Frames = dict[str, pd.DataFrame]
Rng = np.random.Generator
_FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
_SUBJECTS = {"chinese": "语文", "maths": "数学", "english": "英语"}


@cache
def clean_district() -> tuple[Frames, dt.date]:
    """A small district in which the check finds nothing, every cell as the text that a file has."""
    simulated = simulate_tables(60, 11, n_days=60)
    frames = {name: _as_text(table.to_pandas()) for name, table in simulated.tables.items()}
    frames["grades"]["subject"] = frames["grades"]["subject"].replace(_SUBJECTS)
    pupils = frames["students"]["student_id"]
    frames["discipline"] = pd.DataFrame(
        {
            "student_id": pupils[5:9].to_numpy(),
            "date": "2024-10-15",
            "kind": "fight",
            "days": "2",
            "recorded_on": "2024-10-16",
        }
    )
    ids = {old: f"0{2024_0000_0000_0101 + 37 * number}" for number, old in enumerate(pupils)}
    for frame in frames.values():
        if "student_id" in frame:
            frame["student_id"] = frame["student_id"].map(ids)
    return frames, simulated.last_day


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    def cell(value: Any) -> str:
        if value is None or value != value:
            return ""
        return f"{value:g}" if isinstance(value, float) else str(value)

    return frame.map(cell).astype(object) if len(frame) else frame.astype(object)


@dataclass(frozen=True)
class Mutation:
    """One change of the tables; ``rules`` may name it, in one of ``tables``.

    ``at_score`` allows the registers to tell it, on the day of the score. Without rules and without
    ``at_score`` nothing may change.
    """

    name: str
    change: Callable[[Frames, Rng], Frames]
    tables: tuple[str, ...]
    rules: tuple[str, ...] = ()
    at_score: bool = False


@dataclass(frozen=True)
class FileMutation:
    """One change of the files of a folder, by their names."""

    name: str
    change: Callable[[dict[str, bytes]], dict[str, bytes]]
    tables: tuple[str, ...]
    rules: tuple[str, ...] = ()
    at_score: bool = False


@dataclass(frozen=True)
class Oddity:
    """What may befall the cells of a column; ``share`` of its filled cells are changed."""

    name: str
    suits: Callable[[Column], bool]
    cell: Callable[[str], str]
    rules: tuple[str, ...] = ()
    share: float = 0.05


def _kind(*kinds: str) -> Callable[[Column], bool]:
    return lambda column: column.kind in kinds


def _word(column: Column) -> bool:
    return column.kind in ("status", "event", "taken", "yes_no") or (
        column.kind == "text" and not column.spelled
    )


def _needed(column: Column) -> bool:
    return column.required and not column.nullable


def _bounded(column: Column) -> bool:
    return _NUMBER(column) and (column.lowest is not None or not column.nullable or column.name == "score")


def _past(column: Column) -> bool:
    return column.kind == "date" and not column.future


def _date(form: str) -> Callable[[str], str]:
    return lambda cell: dt.date.fromisoformat(cell).strftime(form)


def _years(number: int) -> Callable[[str], str]:
    return lambda cell: f"{int(cell[:4]) + number}{cell[4:]}".replace("-02-29", "-02-28")


_NUMBER = _kind("number", "integer")
_TOO_LARGE = ("DR104", "DR108", "DR137", "DR139", "DR162")
ODDITIES = (
    Oddity("spaces around", lambda _: True, lambda cell: f"  {cell} "),
    Oddity("a space of full width behind", lambda _: True, lambda cell: f"{cell}\u3000"),
    Oddity("capital letters", _word, str.upper),
    Oddity(
        "full width", lambda column: not column.spelled, lambda cell: cell.translate(_FULL_WIDTH), ("DR156",)
    ),
    Oddity("no cell", _needed, lambda _: "", ("DR103",)),
    Oddity("an error of a formula", _kind("student"), lambda _: "#REF!", ("DR103", "DR114")),
    Oddity("an error of a formula", _kind("date"), lambda _: "#REF!", ("DR105", "DR160")),
    Oddity("an error of a formula", _NUMBER, lambda _: "#REF!", ("DR104",)),
    Oddity(
        "an unheard word", _kind("status", "event", "taken", "yes_no"), lambda _: "blip", ("DR104", "DR107")
    ),
    Oddity("slashes", _kind("date"), _date("%Y/%m/%d")),
    Oddity("Chinese dates", _kind("date"), _date("%Y年%m月%d日")),
    Oddity("no hyphens", _kind("date"), _date("%Y%m%d")),
    Oddity("midnight", _kind("date"), _date("%Y-%m-%d 00:00:00"), share=1),
    Oddity("day before month", _kind("date"), _date("%d/%m/%Y"), ("DR105",), 1),
    Oddity("ten years later", _past, _years(10), ("DR106", "DR159", "DR160", "DR168")),
    Oddity("thirty years later", _past, _years(30), ("DR106", "DR159")),
    Oddity("decimals", _NUMBER, lambda cell: cell if "." in cell else f"{cell}.0"),
    Oddity("a decimal comma", _NUMBER, lambda cell: f"{cell.split('.')[0]},5", ("DR104",)),
    Oddity(
        "negative",
        _bounded,
        lambda cell: f"-{float(cell) + 1:g}",
        ("DR104", "DR109", "DR110", "DR137", "DR162", "DR175"),
    ),
    Oddity("infinite", _NUMBER, lambda _: "inf", ("DR104", "DR111")),
    Oddity("a code for not known", _NUMBER, lambda _: "9999", (*_TOO_LARGE, "DR136", "DR140")),
    Oddity("zeros taken away", _kind("student"), lambda cell: cell.lstrip("0"), ("DR156",)),
    Oddity(
        "zeros taken away in the whole column", _kind("student"), lambda cell: cell.lstrip("0"), ("DR156",), 1
    ),
    Oddity("rounded by a spreadsheet", _kind("student"), lambda cell: f"{float(cell):.5E}", ("DR155",), 1),
    Oddity("a final .0", _kind("student"), lambda cell: f"{cell}.0", ("DR156",)),
)
"""Each is tried on every column of the contract that it suits and that the district fills."""


def column_mutations() -> list[Mutation]:
    """Every oddity on every column that it suits."""
    frames, _ = clean_district()
    return [
        Mutation(
            f"{table}.{column.name}: {oddity.name}",
            _of_cells(table, column.name, oddity),
            tuple(frames) if column.kind == "student" else (table,),
            oddity.rules,
        )
        for table, frame in frames.items()
        for column in TABLES[table].columns
        if column.name in frame and (frame[column.name] != "").any()
        for oddity in ODDITIES
        if oddity.suits(column)
    ]


def _of_cells(table: str, column: str, oddity: Oddity) -> Callable[[Frames, Rng], Frames]:
    def change(frames: Frames, rng: Rng) -> Frames:
        frame = frames[table].copy()
        filled = np.flatnonzero(frame[column] != "")
        number = max(1, round(oddity.share * len(filled)))
        place = frame.columns.get_loc(column)
        chosen = rng.permutation(filled)[:number]
        frame.iloc[chosen, place] = [oddity.cell(cell) for cell in frame.iloc[chosen, place]]
        return frames | {table: frame}

    return change


# --- Rows and tables ---


def _on(table: str, change: Callable[[pd.DataFrame, Rng], pd.DataFrame]) -> Callable[[Frames, Rng], Frames]:
    return lambda frames, rng: frames | {table: change(frames[table], rng)}


def _copied(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return pd.concat([frame, frame.sample(3, random_state=int(rng.integers(99)), replace=True)])


def _with_total(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return pd.concat([frame, frame.iloc[-1:].assign(student_id="合计")])


def _with_empty_row(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return pd.concat([frame, pd.DataFrame([dict.fromkeys(frame.columns, "")])])


def _with_headers(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return pd.concat([frame, pd.DataFrame([{name: name for name in frame.columns}])])


def _shuffled(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=int(rng.integers(99)))


def _columns_shuffled(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame[list(rng.permutation(frame.columns))]


def _headers_shouted(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.rename(columns=lambda name: f" {name.upper().translate(_FULL_WIDTH)} ")


def _swapped(one: str, other: str) -> Callable[[pd.DataFrame, Rng], pd.DataFrame]:
    return lambda frame, rng: frame.assign(**{one: frame[other], other: frame[one]})


def _days_later(column: str, days: int) -> Callable[[pd.DataFrame, Rng], pd.DataFrame]:
    def change(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
        moved = pd.to_datetime(frame[column]) + pd.Timedelta(days=days)
        return frame.assign(**{column: moved.dt.strftime("%Y-%m-%d").fillna("")})

    return change


def _in_utc(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return _days_later("date", -1)(frame, rng).assign(date=lambda moved: moved["date"] + "T16:00:00Z")


def _scaled(column: str, factor: float) -> Callable[[pd.DataFrame, Rng], pd.DataFrame]:
    def scaled(cell: str) -> str:
        return f"{float(cell) * factor:g}" if cell else ""

    return lambda frame, rng: frame.assign(**{column: frame[column].map(scaled)})


def _contradicted(column: str, value: str) -> Callable[[pd.DataFrame, Rng], pd.DataFrame]:
    def change(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
        others = frame[(frame[column] != value) & (frame[column] != "")]
        return pd.concat([frame, others.iloc[[rng.integers(len(others))]].assign(**{column: value})])

    return change


def _without_pupil(frames: Frames, rng: Rng) -> Frames:
    """Leave one pupil who is at school out of the attendance."""
    here = frames["students"][frames["students"]["left_on"] == ""]
    pupil = here["student_id"].iloc[rng.integers(len(here))]
    rows = frames["attendance"]
    return frames | {"attendance": rows[rows["student_id"] != pupil]}


def _without_last_days(of: str) -> Callable[[Frames, Rng], Frames]:
    """Leave the last two weeks of one pupil, class or school out of the attendance."""

    def change(frames: Frames, rng: Rng) -> Frames:
        students, rows = frames["students"], frames["attendance"]
        here = students[students["left_on"] == ""]
        group = here[of].iloc[rng.integers(len(here))]
        gone = rows["student_id"].isin(students.loc[students[of] == group, "student_id"])
        return frames | {"attendance": rows[~(gone & (rows["date"] >= "2024-11-18"))]}

    return change


def _later_half_lost(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.sort_values("date", kind="stable").iloc[: len(frame) // 2]


def _half_of_pupils_lost(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.sort_values("student_id", kind="stable").iloc[: len(frame) // 2]


def _enrolled_late(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Let pupils enrol in the middle of what is recorded of them."""
    frame = frame.copy()
    frame.iloc[rng.permutation(len(frame))[:5], frame.columns.get_loc("enrolled_on")] = "2024-10-21"
    return frame


def _of_every(name: str, change: Any, rules: Callable[[str], tuple[str, ...]]) -> list[Mutation]:
    frames, _ = clean_district()
    own = [table for table in frames if "student_id" in frames[table]]
    return [Mutation(f"{table}: {name}", _on(table, change), (table,), rules(table)) for table in own]


def _without_column(column: str) -> Callable[[pd.DataFrame, Rng], pd.DataFrame]:
    return lambda frame, rng: frame.drop(columns=column)


def table_mutations() -> list[Mutation]:
    """What befalls rows, columns and tables as a whole."""
    frames, _ = clean_district()
    required = [
        Mutation(
            f"{table}.{column}: no such column", _on(table, _without_column(column)), (table,), ("DR101",)
        )
        for table in frames
        for column in TABLES[table].required
    ]
    return [
        *required,
        *_of_every("rows twice", _copied, lambda _: ("DR112",)),
        *_of_every("a row of totals", _with_total, lambda _: ("DR130",)),
        *_of_every("the headers again", _with_headers, lambda _: ("DR130",)),
        *_of_every("an empty row", _with_empty_row, lambda _: ()),
        *_of_every("rows in another order", _shuffled, lambda _: ()),
        *_of_every("columns in another order", _columns_shuffled, lambda _: ()),
        *_of_every("headers in capitals of full width", _headers_shouted, lambda _: ()),
        *(Mutation(name, _on(table, change), (table,), rules) for name, table, change, rules in _OF_ONE),
        Mutation("half of the attendance, later", _on("attendance", _later_half_lost), (), at_score=True),
        Mutation(
            "half of the attendance, pupils", _on("attendance", _half_of_pupils_lost), (), at_score=True
        ),
        Mutation("no attendance of a pupil", _without_pupil, (), at_score=True),
        *(
            Mutation(f"two weeks without {of}", _without_last_days(of), (), at_score=True)
            for of in ("student_id", "class_id", "school_id")
        ),
        Mutation(
            "pupils enrolled late", _on("students", _enrolled_late), ("attendance", "grades"), ("DR160",)
        ),
        Mutation(
            "calendar of another year",
            _on("calendar", _days_later("date", 3640)),
            ("attendance",),
            ("DR122",),
        ),
        Mutation(
            "pupils left out",
            _on("students", lambda frame, _: frame.iloc[3:]),
            ("attendance", "grades", "wellbeing", "family"),
            ("DR114",),
        ),
    ]


def _recorded_at_the_end(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    return frame.assign(recorded_on=clean_district()[1].isoformat())


def _classes_as_dates(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    names = frame["class_id"]
    return frame.assign(class_id=names.where(names != names.iloc[0], "8月1日"))


def _days_of_marking(frame: pd.DataFrame, rng: Rng) -> pd.DataFrame:
    """Each mark of an exam has the day on which it was given."""
    days = pd.to_datetime(frame["date"]) - pd.to_timedelta(rng.integers(0, 12, len(frame)), unit="D")
    return frame.assign(date=days.dt.strftime("%Y-%m-%d"))


_OF_ONE: tuple[tuple[str, str, Any, tuple[str, ...]], ...] = (
    ("attendance a day early", "attendance", _days_later("date", -1), ("DR122", "DR158")),
    ("attendance a day late", "attendance", _days_later("date", 1), ("DR106", "DR122", "DR158")),
    ("attendance in UTC", "attendance", _in_utc, ("DR157", "DR158")),
    (
        "date and recorded_on swapped, attendance",
        "attendance",
        _swapped("date", "recorded_on"),
        ("DR113", "DR120", "DR122"),
    ),
    ("date and recorded_on swapped, grades", "grades", _swapped("date", "recorded_on"), ("DR120",)),
    ("date and recorded_on swapped, wellbeing", "wellbeing", _swapped("date", "recorded_on"), ("DR120",)),
    ("attendance recorded at the export", "attendance", _recorded_at_the_end, ("DR904",)),
    ("grades recorded at the export", "grades", _recorded_at_the_end, ("DR904",)),
    ("one exam on many days", "grades", _days_of_marking, ("DR910",)),
    ("a class as a date", "students", _classes_as_dates, ("DR906",)),
    ("score and max_score swapped", "grades", _swapped("score", "max_score"), ("DR108", "DR139")),
    ("subject and exam swapped", "grades", _swapped("subject", "exam"), ("DR142",)),
    ("factor and value swapped", "family", _swapped("factor", "value"), ("DR103", "DR135", "DR142")),
    ("periods reversed", "family", _swapped("valid_from", "valid_to"), ("DR103", "DR118")),
    ("enrolled_on and left_on swapped", "students", _swapped("enrolled_on", "left_on"), ("DR121",)),
    ("marks as shares of 1", "grades", _scaled("score", 0.01), ("DR140",)),
    ("marks of 1000", "grades", _scaled("score", 10), ("DR108",)),
    ("distances in metres", "students", _scaled("distance_km", 1000), ("DR137", "DR140")),
    ("instrument and scale swapped", "wellbeing", _swapped("instrument", "scale"), ("DR142",)),
    ("well-being scores as shares", "wellbeing", _scaled("score", 0.01), ("DR140",)),
    ("well-being scores below zero", "wellbeing", _scaled("score", -1), ("DR175",)),
    ("well-being scores tenfold", "wellbeing", _scaled("score", 10), ("DR175",)),
    ("a contradicting status", "attendance", _contradicted("status", "absent"), ("DR113", "DR151")),
    ("a contradicting mark", "grades", _contradicted("score", "1"), ("DR113", "DR151")),
    ("a contradicting class", "students", _contradicted("class_id", "z"), ("DR152", "DR153")),
)


# --- Files ---


def files_of(frames: Frames) -> dict[str, bytes]:
    """The district as CSV files."""
    return {f"{name}.csv": frame.to_csv(index=False).encode() for name, frame in frames.items()}


def _in_big5(files: dict[str, bytes]) -> dict[str, bytes]:
    traditional = files["grades.csv"].decode().translate(str.maketrans("语数学", "語數學"))
    return files | {"grades.csv": traditional.encode("big5")}


def _coded(name: str, encoding: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: files | {name: files[name].decode().encode(encoding)}


def _separated(name: str, mark: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: files | {name: files[name].replace(b",", mark.encode())}


def _prefixed(name: str, words: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: files | {name: words.encode() + files[name]}


def _moved(name: str, to: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: {to if key == name else key: content for key, content in files.items()}


def _copied_to(name: str, to: str) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    return lambda files: files | {to: files[name]}


def _zipped(files: dict[str, bytes]) -> dict[str, bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("grades.csv", files["grades.csv"])
    return {key: content for key, content in files.items() if key != "grades.csv"} | {
        "grades.zip": packed.getvalue()
    }


def _workbook(files: dict[str, bytes]) -> dict[str, bytes]:
    rows = [line.split(",") for line in files["grades.csv"].decode().splitlines()]
    return {key: content for key, content in files.items() if key != "grades.csv"} | {
        "grades.xlsx": xlsx_bytes({"grades": rows})
    }


def _cut(name: str, share: float) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        end = int(len(files[name]) * share)
        return files | {name: files[name][: files[name].rindex(b",", 0, end)]}

    return change


FILE_MUTATIONS = (
    *(
        FileMutation(f"grades in {code}", _coded("grades.csv", code), ("grades",))
        for code in ("utf-8-sig", "utf-16", "utf-32", "gb18030")
    ),
    FileMutation("grades in Big5", _in_big5, ("grades",), ("DR128", "DR142")),
    *(
        FileMutation(f"grades with {mark!r}", _separated("grades.csv", mark), ("grades",))
        for mark in (";", "\t", "|")
    ),
    FileMutation("sep= above", _prefixed("grades.csv", "sep=,\n"), ("grades",)),
    FileMutation("a title above", _prefixed("grades.csv", "成绩表\n"), ("grades",), ("DR127",)),
    FileMutation(
        "lines of Windows",
        lambda files: {key: content.replace(b"\n", b"\r\n") for key, content in files.items()},
        (),
    ),
    FileMutation("grades zipped", _zipped, ("grades",)),
    FileMutation("grades in a workbook", _workbook, ("grades",)),
    FileMutation("grades as PDF", _moved("grades.csv", "grades.pdf"), ("grades",), ("DR125",)),
    FileMutation(
        "grades under an unheard name", _moved("grades.csv", "blip.csv"), ("blip.csv", ""), ("DR123",)
    ),
    FileMutation("grades twice", _copied_to("grades.csv", "grades (1).csv"), ("grades",), ("DR131",)),
    FileMutation(
        "attendance twice", _copied_to("attendance.csv", "attendance_b.csv"), ("attendance",), ("DR112",)
    ),
    *(
        FileMutation(f"{name} cut off", _cut(f"{name}.csv", 0.6), (name,), ("DR124",), at_score=True)
        for name in ("attendance", "grades", "wellbeing", "family")
    ),
)
