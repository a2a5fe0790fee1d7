"""The form of visits as CSV: a row for each, filled in on any machine and read back whole or not at all."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dropout_risk.casebook.visiting.visits import DayRoute
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.errors import VisitNotesError
from dropout_risk.files import write_whole
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.files.encodings import find_encoding
from dropout_risk.records.values import NO_DATE, day_in
from dropout_risk.text import ITEMS, Language, Text

COLUMNS: dict[str, Text] = {
    "case": Text(zh="个案", en="case"),
    "day": Text(zh="日期", en="day"),
    **{key: question.title for key, question in QUESTIONS.items()},
    "next_day": Text(zh="下次日期", en="next day"),
    "note": Text(zh="备注", en="note"),
}
"""The columns of the form, by key; a header may be the key or either wording."""
ANSWERS = (*QUESTIONS, "next_day", "note")
MOST_CHARACTERS = 2000


@dataclass(frozen=True, repr=False)
class VisitNote:
    """What a visit was written down with, in the keys of ``words``; ``row`` is its row in the form."""

    case_id: str
    day: dt.date
    way: str
    met: tuple[str, ...]
    company: tuple[str, ...]
    difficulty: tuple[str, ...]
    result: str
    next_day: dt.date | None
    note: str
    row: int


@dataclass(frozen=True)
class VisitNotes:
    """The rows of a form: the ``notes``, and the rows ``not_filled`` in beyond case and day."""

    notes: tuple[VisitNote, ...]
    not_filled: tuple[int, ...]

    def __iter__(self) -> Iterator[VisitNote]:
        return iter(self.notes)

    def __len__(self) -> int:
        return len(self.notes)


def write_visit_form(path: str | Path, routes: Iterable[DayRoute], language: Language = "zh") -> Path:
    """Write a form with a row for each visit of some routes, in UTF-8 as spreadsheets read it."""
    text = io.StringIO()
    form = csv.writer(text, lineterminator="\r\n")
    form.writerow(title.to(language) for title in COLUMNS.values())
    for route in routes:
        form.writerows([visit.stop.case_id, route.day, *[""] * len(ANSWERS)] for visit in route.visits)
    return write_whole(path, text.getvalue(), encoding="utf-8-sig")


def read_visit_notes(
    path: str | Path, *, today: dt.date | None = None, cases: Collection[str] | None = None
) -> VisitNotes:
    """Read a form that was filled in; UTF-8, UTF-16 or GB18030, with commas, semicolons or tabs.

    ``today`` is the day after which nobody has visited yet, and ``cases`` are those that there are.

    Raises
    ------
    VisitNotesError
        With every problem, by row and column and without what was typed; nothing was taken then.
    """
    path = Path(path)
    form = _VisitForm(_read_table(path), today, cases)
    filled = [(row, cells) for row, cells in form.rows if any(cells[key] for key in ANSWERS)]
    notes = tuple(form.read_note(row, cells) for row, cells in filled)
    form.find_repeated(notes)
    if form.problems:
        raise VisitNotesError(
            f"Nothing of {path.name} was taken; {len(form.problems)} problems: {'; '.join(form.problems)}.",
            hint="mend these cells and read the form again",
        )
    told = {row for row, _ in filled}
    return VisitNotes(
        notes, tuple(row for row, cells in form.rows if row not in told and any(cells.values()))
    )


def _read_table(path: Path) -> list[list[str]]:
    try:
        raw = path.read_bytes()
        text = raw.decode(find_encoding(io.BytesIO(raw), path.name, None).name).removeprefix("\ufeff")
        head = text.split("\n", 1)[0]
        delimiter = max(",;\t", key=head.count)
        return [
            [*map(str.strip, row)]
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        cause = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise VisitNotesError(
            f"{path.name} cannot be read as CSV: {cause}.", hint="save it as CSV in UTF-8 and read it again"
        ) from error


class _VisitForm:
    """A form that is being read: its rows by column, and all problems so far."""

    def __init__(self, table: list[list[str]], today: dt.date | None, cases: Collection[str] | None) -> None:
        self.today, self.cases, self.problems = today, cases, list[str]()
        header, *body = table or [[]]
        keys = [_column_of(title) for title in header]
        for key in COLUMNS:
            if keys.count(key) != 1:
                self.add_problem(1, key, "is missing" if key not in keys else "stands twice")
        named = [key or f"column {number}" for number, key in enumerate(keys, 1)]
        for name, title in zip(named, header, strict=True):
            if title and name not in COLUMNS:
                self.problems.append(f"row 1, {name}: is no column of the form")
        empty = dict.fromkeys(COLUMNS, "")
        self.rows = [
            (row, empty | dict(zip(named, cells, strict=False))) for row, cells in enumerate(body, 2)
        ]
        for row, cells in enumerate(body, 2):
            if any(cells[len(header) :]):
                self.problems.append(f"row {row}: has more cells than the header")

    def add_problem(self, row: int, key: str, what: str) -> None:
        """Add what is wrong in a cell, without what stands in it."""
        self.problems.append(f"row {row}, column {key} ({COLUMNS[key].zh}): {what}")

    def read_note(self, row: int, cells: Mapping[str, str]) -> VisitNote:
        """Read a row; what is wrong in it becomes a problem."""
        words = {key: self._read_words(row, key, cells[key]) for key in QUESTIONS}
        day, next_day = (self._read_day(row, key, cells[key]) for key in ("day", "next_day"))
        met = words["met"]
        asked = (
            "case",
            "day",
            "way",
            "met",
            *(("difficulty", "result") if met and "nobody" not in met else ()),
        )
        wrong = {
            **{(key, "is empty"): not cells[key] for key in asked},
            ("met", "says nobody and somebody"): "nobody" in met and len(met) > 1,
            ("case", "is none of the cases"): self._is_unknown(cells["case"]),
            ("day", "has not come yet"): day and self.today and day > self.today,
            ("next_day", "is not after the visit"): day and next_day and next_day <= day,
            ("note", f"has more than {MOST_CHARACTERS} characters"): len(cells["note"]) > MOST_CHARACTERS,
            ("note", "has lost characters before it came here"): "\ufffd" in cells["note"],
        }
        for (key, what), is_so in wrong.items():
            if is_so:
                self.add_problem(row, key, what)
        one = {key: "".join(words[key][:1]) for key in QUESTIONS}
        return VisitNote(
            cells["case"], day or dt.date.min, one["way"], met, words["with"], words["difficulty"],
            one["result"], next_day, cells["note"], row,
        )  # fmt: skip

    def _is_unknown(self, case: str) -> bool:
        return bool(case) and self.cases is not None and case not in self.cases

    def _read_words(self, row: int, key: str, cell: str) -> tuple[str, ...]:
        question = QUESTIONS[key]
        found = [question.word_of(part) for part in re.split(r"[、，,;；/|\n]", cell) if part.strip()]
        keys = tuple(dict.fromkeys(word.key for word in found if word))
        if None in found:
            self.add_problem(row, key, "allowed: " + ITEMS.zh.join(word.text.zh for word in question.words))
        if len(keys) > 1 and not question.many:
            self.add_problem(row, key, "takes one word")
        return keys

    def _read_day(self, row: int, key: str, cell: str) -> dt.date | None:
        day = day_in(unicodedata.normalize("NFKC", cell)) if cell else NO_DATE
        if cell and day == NO_DATE:
            self.add_problem(row, key, "is no date such as 2025-05-20")
        return None if day == NO_DATE else date_of(day)

    def find_repeated(self, notes: Iterable[VisitNote]) -> None:
        """Find the rows that tell of a case, a day and a way of which an earlier row tells."""
        first: dict[tuple[str, dt.date, str], int] = {}
        for note in notes:
            row = first.setdefault((note.case_id, note.day, note.way), note.row)
            if row != note.row and note.case_id:
                self.add_problem(note.row, "case", f"is told of in row {row} with the same day and way")


def _column_of(title: str) -> str | None:
    return next((key for key, text in COLUMNS.items() if title.casefold() in (key, text.zh, text.en)), None)
