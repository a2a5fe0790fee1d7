"""Rows that could not be used, each with its reason: the county's own file, since it holds pupils' values."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from dropout_risk.records.check import Rule
from dropout_risk.records.drafts import Draft, Span
from dropout_risk.text import Language

if TYPE_CHECKING:
    import pandas as pd

_MARKS = ("table", "file", "row", "rule", "reason")


@dataclass(frozen=True)
class SetApart:
    """The rows of one table that were set apart.

    Parameters
    ----------
    table : str
        Its name.
    spans : tuple of Span
        The parts the rows came from.
    rules : dict
        Row (position in the order of reading) to the rules that fired on it.
    """

    table: str
    spans: tuple[Span, ...]
    rules: dict[int, tuple[Rule, ...]]

    @classmethod
    def of(cls, draft: Draft) -> SetApart:
        """Collect the rows of a draft that carry an error."""
        rules: dict[int, tuple[Rule, ...]] = {}
        for found in draft.findings:
            for row in found.rows.tolist() if found.severity == "error" else ():
                known = rules.get(row, ())
                rules[row] = known if found.rule in known else (*known, found.rule)
        return cls(draft.table.name, tuple(draft.spans), dict(sorted(rules.items())))

    def __len__(self) -> int:
        return len(self.rules) + sum(len(span.broken) for span in self.spans)

    def rows(self, broken: Rule) -> Iterator[tuple[str, int, tuple[Rule, ...]]]:
        """Give file, row number and rules of each row, broken lines at the end of their file."""
        for span, stop in zip(self.spans, self._stops(), strict=True):
            for row, rules in self.rules.items():
                if span.start <= row < stop:
                    yield span.part.name, span.number(row), rules
            for number in span.broken:
                yield span.part.name, number, (broken,)

    def originals(self) -> Iterator[tuple[Span, int, dict[str, Any]]]:
        """Read the rows again as they stood in the input."""
        for span, stop in zip(self.spans, self._stops(), strict=True):
            wanted = np.array([row for row in self.rules if span.start <= row < stop], np.int64)
            position = span.start
            for batch in span.part.batches(span.part.header) if len(wanted) else ():
                here = wanted[(wanted >= position) & (wanted < position + batch.num_rows)]
                if len(here):
                    taken = batch.take(pa.array(here - position))
                    columns = [_plain(column) for column in taken.columns]
                    for k, row in enumerate(here.tolist()):
                        content = zip(span.part.header, (column[k] for column in columns), strict=True)
                        yield span, row, dict(content)
                position += batch.num_rows

    def _stops(self) -> list[float]:
        return [*(span.start for span in self.spans[1:]), float("inf")]


class Quarantine:
    """Every row that was set apart, with its reason.

    Parameters
    ----------
    tables : sequence of SetApart
        Per table.
    student_rules : dict
        Ids of pupils without a usable row in ``students``, to the rules that fired on theirs.
    broken : Rule
        The rule for lines that could not be split into fields.
    """

    def __init__(
        self, tables: Sequence[SetApart], student_rules: dict[Any, tuple[Rule, ...]], broken: Rule
    ) -> None:
        self._tables = {table.table: table for table in tables}
        self._broken = broken
        self.student_rules = student_rules

    @property
    def student_ids(self) -> list[Any]:
        """Pupils without a usable row in ``students``: they cannot be scored, and must be named."""
        return list(self.student_rules)

    def __len__(self) -> int:
        return sum(len(table) for table in self._tables.values())

    def counts(self) -> dict[str, int]:
        """Count the rows set apart per table."""
        return {name: len(table) for name, table in self._tables.items()}

    def frame(self, language: Language = "en") -> pd.DataFrame:
        """Give table, file, row number, codes of the rules and reason of each row, without its values."""
        import pandas as pd

        rows = [
            (name, file, number, _codes(rules), _reasons(rules, language))
            for name, table in self._tables.items()
            for file, number, rules in table.rows(self._broken)
        ]
        return pd.DataFrame(rows, columns=list(_MARKS)).astype({"row": "int64"})

    def write(self, path: str | Path, language: Language = "en") -> list[Path]:
        """Write the rows as they stood in the input, each with its reason.

        The files hold pupils' values; they are readable by their owner only and appear complete or not
        at all.

        Parameters
        ----------
        path : path
            A file ending in ``.csv`` for all tables together, or a folder for one file per table; files
            of tables that have nothing set apart any more are removed from it.
        language : {"zh", "en"}, default="en"
            The language of the reasons.

        Returns
        -------
        list of Path
            The files written.
        """
        path = Path(path)
        if path.suffix.lower() == ".csv":
            _write(path, list(self._tables.values()), self._broken, language)
            return [path]
        path.mkdir(parents=True, exist_ok=True)
        written = []
        for name, table in self._tables.items():
            file = path / f"{name}.csv"
            if len(table):
                _write(file, [table], self._broken, language)
                written.append(file)
            else:
                file.unlink(missing_ok=True)
        return written


def _write(path: Path, tables: Sequence[SetApart], broken: Rule, language: Language) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    headers = dict.fromkeys(header for table in tables for span in table.spans for header in span.part.header)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*_MARKS, *headers])
            for table in tables:
                writer.writerows(_lines(table, list(headers), broken, language))
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _lines(table: SetApart, headers: list[str], broken: Rule, language: Language) -> Iterator[list[Any]]:
    for span, row, content in table.originals():
        rules = table.rules[row]
        marks = [table.table, span.part.name, span.number(row), _codes(rules), _reasons(rules, language)]
        yield [*marks, *(content.get(header) for header in headers)]
    for span in table.spans:
        for number in span.broken:
            yield [table.table, span.part.name, number, broken.code, broken.message.to(language)]


def _plain(column: Any) -> list[Any]:
    return list(column.to_pylist())


def _codes(rules: Sequence[Rule]) -> str:
    return "; ".join(rule.code for rule in rules)


def _reasons(rules: Sequence[Rule], language: Language) -> str:
    return "; ".join(rule.message.to(language) for rule in rules)
