"""A book as files for analysis: its tables, and its entries line by line; free text stays where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dropout_risk.casebook.book import Book, stream_entries
from dropout_risk.errors import SettingsError
from dropout_risk.files import write_whole
from dropout_risk.text import guarded_cell

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["csv", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "parquet")
_OPEN_TABLES = ("entry", "case", "round", "signal", "standing", "school")
"""What tells nothing of the cases that only counsellors know of, once their rows are left out."""
_FREE_TEXT = ("reason", "why", "document", "note_mac")


def export_book(book: Book, folder: Path, kind: str = "csv", *, complete: bool = False) -> dict[str, int]:
    """Write the tables of a book, and ``entries.jsonl``; give the rows of each file.

    Notes and whatever people wrote in their own words are left out. Without ``complete`` so are the cases
    that only counsellors know of, and the tables that would tell of them by their counts.

    Raises
    ------
    SettingsError
        If the format is none.
    """
    if kind not in FORMATS:
        raise SettingsError(f"A book cannot be written as {kind!r}.", hint=f"allowed: {', '.join(FORMATS)}")
    frames = book.frames()
    told = {*frames["case"]["id"]} if complete else {*frames["case"].query("line == 'school'")["id"]}
    frames = {name: frame for name, frame in frames.items() if complete or name in _OPEN_TABLES}
    written: dict[str, int] = {}
    for name, frame in frames.items():
        shown = _shown_rows(name, frame, told, complete=complete)
        _write_frame(shown, folder / f"{name}.{kind}", kind)
        written[f"{name}.{kind}"] = len(shown)
    written["entries.jsonl"] = len(frames["entry"].query("case in @told"))
    write_whole(folder / "entries.jsonl", "".join(_entry_lines(book, told)))
    return written


def _shown_rows(name: str, frame: pd.DataFrame, told: set[int], *, complete: bool) -> pd.DataFrame:
    number = {"entry": "case", "round": "case", "case": "id"}.get(name)
    if number is not None:
        frame = frame[frame[number].isin(told)]
    if name == "signal" and not complete:
        frame = frame[frame["line"] == "school"]
    if name == "standing" and not complete:  # who has left stands there for any case
        frame = frame[frame["at_school"]]
    frame = frame.drop(columns=["note"], errors="ignore")
    words = {column: frame[column].map(_without_words) for column in ("data", "report") if column in frame}
    lists = {column: frame[column].map(_json_of) for column in ("signals", "referrals") if column in frame}
    return frame.assign(**words, **lists)


def _write_frame(frame: pd.DataFrame, path: Path, kind: str) -> None:
    if kind == "csv":
        write_whole(path, frame.map(guarded_cell).to_csv(index=False))
    else:
        write_whole(path, lambda beside: frame.to_parquet(beside, index=False))


def _entry_lines(book: Book, told: set[int]) -> list[str]:
    with book.reading() as connection:
        entries = [entry for entry in stream_entries(connection) if entry.case in told]
    return [
        _json_of({
            "case": entry.case, "seq": entry.seq, "day": entry.day.isoformat(),
            "recorded_at": entry.recorded_at.isoformat(), "kind": entry.kind, "by": entry.by,
            "key": entry.key,
            "data": {name: value for name, value in entry.data.items() if name not in _FREE_TEXT},
            "hash": entry.hash,
        }) + "\n"
        for entry in entries
    ]  # fmt: skip


def _without_words(data: dict[str, Any]) -> str:
    return _json_of({name: value for name, value in data.items() if name not in _FREE_TEXT})


def _json_of(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
