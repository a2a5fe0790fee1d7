"""Preview: what the check says once doubtful headers, words and forms are taken to be right."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from dropout_risk.errors import DropoutRiskError
from dropout_risk.proposals.lines import Line
from dropout_risk.proposals.mapping_toml import write_mapping
from dropout_risk.proposals.table_guess import TableGuess
from dropout_risk.records.files.folders import find_parts
from dropout_risk.records.files.readers import Part, PartitionedPart
from dropout_risk.records.rules import CheckReport
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.text import CLAUSES, Text

_OF_PLACE = ("school_id", "class_id", "grade_level")
_TAKEN_KEYS = ("dates", "max_score", "cohort_enters")


class Preview(NamedTuple):
    """A report with the lines that were taken to be right, and the columns that were taken to be empty."""

    report: CheckReport
    taken: tuple[Line, ...]
    empty: tuple[str, ...]

    def heading(self) -> Text:
        """Say what was taken for granted; the mapping itself leaves it out."""
        entries = ", ".join(line.entry for line in self.taken)
        said = [_TAKEN.filled(entries=entries)] if self.taken else []
        said += [_EMPTY.filled(columns=", ".join(self.empty))] if self.empty else []
        return _HEADING.filled(said=CLAUSES.joined(said))


def preview_of(
    folder: Path, lines: Sequence[Line], guesses: Sequence[TableGuess], today: dt.date
) -> Preview | None:
    """Check the files as if what is doubted of headers, words and forms were right; None if nothing is.

    A roster that lacks its schools, classes or grade levels is read as if they were not known.
    """
    taken = list(_taken_lines(lines, guesses))
    applied = [*_roster_lines(taken, guesses), *taken]
    said = {(line.section, line.key) for line in applied}
    kept = [line for line in lines if (line.section, line.key) not in said]
    sure = [replace(line, degree="likely") for line in applied]
    try:
        mapping = RecordsMapping(tomllib.loads(write_mapping([*sure, *kept], (), "en")))
        found = find_parts(folder, mapping)
        roster = [_completed_part(part, mapping) for part in found.parts.get("students", ())]
        empty = tuple(dict.fromkeys(name for _, missing in roster for name in missing))
        if not roster or not (taken or empty):
            return None
        parts = {**found.parts, "students": [part for part, _ in roster]}
        records = SchoolRecords(parts, mapping, today=today, unknown=found.unknown, said=found.problems)
        return Preview(records.check(), tuple(taken), empty)
    except DropoutRiskError:
        return None


def _taken_lines(lines: Sequence[Line], guesses: Sequence[TableGuess]) -> Iterator[Line]:
    """Give the doubtful lines without which a table, or its words, cannot be read.

    What days without a row mean is never among them: it is for the school to say.
    """
    rosters = [guess for guess in guesses if guess.table == "students"]
    lacks_roster = not any(guess.used for guess in rosters)
    for line in lines:
        if line.applied or line.spare or line.value is None:
            continue
        part, *rest = line.section or ("",)
        if part == "words" or (not part and line.key in _TAKEN_KEYS):
            yield line
        if part == "columns" and rest[0] in TABLES and line.value in TABLES[rest[0]].required:
            yield line
        if part == "tables" and line.value == "students" and lacks_roster:
            yield line


def _roster_lines(taken: Sequence[Line], guesses: Sequence[TableGuess]) -> Iterator[Line]:
    """Give the columns of a doubtful roster that is taken for one."""
    named = {line.key for line in taken if line.section == ("tables",)}
    for guess in guesses:
        if guess.table == "students" and guess.file.called in named:
            for column in guess.columns.values():
                if not column.built_in:
                    section = ("columns", "students")
                    yield Line(section, column.header, column.column, column.degree, column.evidence)


def _completed_part(part: Part, mapping: RecordsMapping) -> tuple[Part, list[str]]:
    chosen = mapping.headers("students", part.header).chosen
    missing = [name for name in _OF_PLACE if name not in chosen]
    return (PartitionedPart(part, dict.fromkeys(missing)) if missing else part), missing


_HEADING = Text(
    zh="以下只是预览（映射本身不变）：{said}", en="As a preview, which the mapping does not hold: {said}"
)
_TAKEN = Text(
    zh="存疑的各项暂当作属实：{entries}",
    en="these doubtful lines are taken to be right: {entries}",
)
_EMPTY = Text(
    zh="缺少的列暂当作空：{columns}",
    en="these columns, which are not there, are taken to be empty: {columns}",
)
