"""Compares what Spark gives with what one machine gives, column by column and bit by bit."""

from __future__ import annotations

import struct

from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.population import score_blocks


def bits(value):
    """A value in which every float is its eight bytes."""
    if isinstance(value, float):
        return struct.pack("<d", value)
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [bits(item) for item in value]
    return value


def local_rows(model, records, as_of):
    """The scores of one machine by pupil, in the columns of the cluster's, with their ranks."""
    ranks = {pupil.student_id: pupil.rank_in_school for pupil in model.score(records, as_of).pupils}
    blocks = score_blocks(model, Histories.from_records(records), as_of)
    rows = [row for block in blocks for row in block.to_pylist() if row.pop("error") is None]
    return {row["student_id"]: bits(row | {"rank_in_school": ranks[row["student_id"]]}) for row in rows}


def spark_rows(scores):
    table = scores.scores.toArrow()
    return {row["student_id"]: bits(row) for row in table.to_pylist()}


def differences(found, expected):
    """Pupils and columns that differ."""
    pairs = [(student, None) for student in found.keys() ^ expected.keys()]
    for student in found.keys() & expected.keys():
        mine, other = found[student], expected[student]
        pairs += [(student, name) for name in mine.keys() | other.keys() if mine.get(name) != other.get(name)]
    return sorted(pairs, key=str)


def counted(report):
    """A report without the numbers of first rows."""
    found = {(p.table, p.column, p.rule.code, p.severity, p.detail.en): p.rows for p in report.problems}
    return found, dict(report.counts)
