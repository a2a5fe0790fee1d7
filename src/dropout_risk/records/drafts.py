"""A table as read: compact columns, and findings about rows that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dropout_risk.records.check import RULES, Problem, Rule, Severity
from dropout_risk.records.convert import NO_CODE, NO_DATE
from dropout_risk.records.pupil_index import NO_PUPIL, UNKNOWN_PUPIL
from dropout_risk.records.readers import Part
from dropout_risk.records.tables import Kind, Table

__all__ = ["EMPTY", "NO_PUPIL", "UNKNOWN_PUPIL", "Array", "Draft", "Finding", "Mask", "Span", "is_empty"]

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

EMPTY: dict[Kind, Any] = {
    "student": np.int32(NO_PUPIL),
    "text": np.int32(NO_CODE),
    "date": np.int32(NO_DATE),
    "integer": np.int32(NO_DATE),
    "number": np.float64("nan"),
    "yes_no": np.int8(NO_CODE),
    "status": np.int8(NO_CODE),
    "event": np.int8(NO_CODE),
}


@dataclass(frozen=True)
class Finding:
    """What a rule found: the rows of a draft it fired on, or (without rows) something about a file."""

    rule: Rule
    column: str
    rows: Array
    severity: Severity
    detail: str = ""
    file: str = ""


@dataclass
class Span:
    """The rows that one part gave, from ``start`` on; broken lines have no row in the draft."""

    part: Part
    start: int
    broken: tuple[int, ...] = ()

    def numbers(self, rows: Array) -> Array:
        """Give the numbers of rows in their file, counted from 1 without the header."""
        counted = np.asarray(rows, np.int64) - self.start + 1
        shifts = np.array(self.broken, np.int64) - np.arange(len(self.broken))
        return np.asarray(counted + np.searchsorted(shifts, counted, side="right"))


@dataclass
class Draft:
    """One table in compact columns.

    Missing values are -1 for pupils and codes, the smallest int32 for dates and whole numbers, NaN for
    numbers. ``apart`` marks the rows that cannot be used.
    """

    table: Table
    apart: Mask
    values: dict[str, Array] = field(default_factory=dict)
    words: dict[str, list[str]] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.apart)

    def missing(self, name: str) -> Mask:
        """Mark the rows in which a column is empty."""
        return is_empty(self.values[name], self.table[name].kind)

    def set_apart(self, rule: str, column: str, mask: Mask) -> None:
        """Set rows apart by a rule."""
        if np.count_nonzero(mask):
            self.findings.append(Finding(RULES[rule], column, np.flatnonzero(mask), "error"))
            self.apart |= mask

    def set_rows_apart(self, rule: str, column: str, rows: Array) -> None:
        """Set rows apart that are given by their positions."""
        if len(rows):
            self.findings.append(Finding(RULES[rule], column, np.sort(rows), "error"))
            self.apart[rows] = True

    def warn(self, rule: str, column: str, mask: Mask, detail: str = "") -> None:
        """Note rows that stay."""
        if np.count_nonzero(mask):
            self.findings.append(Finding(RULES[rule], column, np.flatnonzero(mask), "warning", detail))

    def fault(self, rule: str, name: str, mask: Mask) -> None:
        """Set rows apart, or empty the value where the column is lenient."""
        if not self.table[name].lenient:
            self.set_apart(rule, name, mask)
        elif np.count_nonzero(mask):
            self.warn(rule, name, mask, "the value is left empty and the row stays")
            self.values[name] = np.where(mask, EMPTY[self.table[name].kind], self.values[name])

    def where(self, row: int) -> tuple[str, int]:
        """Give the file and the row number of a row."""
        starts = [span.start for span in self.spans]
        span = self.spans[int(np.searchsorted(starts, row, side="right")) - 1]
        return span.part.name, int(span.numbers(np.array([row]))[0])

    def problems(self) -> list[Problem]:
        """Give one problem per rule and column; many files with the same problem make one line."""
        groups: dict[tuple[str, str, Severity, str], list[Finding]] = {}
        for found in self.findings:
            groups.setdefault((found.rule.code, found.column, found.severity, found.detail), []).append(found)
        return [*(self._problem(group) for group in groups.values()), *self._broken_lines()]

    def _problem(self, group: list[Finding]) -> Problem:
        found = group[0]
        rows = sum(len(other.rows) for other in group)
        firsts = [int(other.rows[0]) for other in group if len(other.rows)]
        file, number = self.where(min(firsts)) if firsts else (found.file, None)
        return Problem(
            self.table.name, found.column, found.rule, rows, number, file, found.severity, found.detail
        )

    def _broken_lines(self) -> list[Problem]:
        spans = [span for span in self.spans if span.broken]
        if not spans:
            return []
        first, file, rows = spans[0].broken[0], spans[0].part.name, self.broken
        return [Problem(self.table.name, "", RULES["broken_line"], rows, first, file, "error")]

    @property
    def broken(self) -> int:
        """How many lines could not even be split into fields."""
        return sum(len(span.broken) for span in self.spans)


def is_empty(values: Array, kind: Kind) -> Mask:
    """Mark the empty values of a compact column."""
    return np.isnan(values) if kind == "number" else np.asarray(values == EMPTY[kind])
