"""Entries of a county's mapping that apply to nothing in the records they are read with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dropout_risk.records.files.readers import Part
from dropout_risk.records.rules import RULES, Problem
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import plain_form
from dropout_risk.text import same_words


def unused_entries(mapping: RecordsMapping, parts: Mapping[str, Sequence[Part]]) -> Iterator[Problem]:
    """Name the headers under [columns] that stand in no file; tables that were not given are not asked."""
    rule = RULES["unused_entry"]
    given = {table: {plain_form(h) for part in own for h in part.header} for table, own in parts.items()}
    for table, own in mapping.shapes.combined.items():
        given.setdefault(table, set()).update(header for headers in own.values() for header in headers)
    every = {header for headers in given.values() for header in headers}
    for table, entries in mapping.own_columns.items():
        if table != "all" and table not in given:
            continue
        for header in entries:
            if header not in (every if table == "all" else given[table]):
                where = "" if table == "all" else table
                yield Problem(
                    where, header, rule, 0, None, "", rule.severity, same_words(f"[columns.{table}]")
                )
