"""What the check found, counted per block of pupils on the executors and added up by Spark."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from dropout_risk.records.check import RULES, CheckReport, Counts, Problem
from dropout_risk.records.tables import TABLES

TALLY = pa.struct(
    [
        *(pa.field(name, pa.string()) for name in ("table", "column", "rule", "severity", "detail")),
        pa.field("rows", pa.int64()),
    ]
)
COUNTED = ("read", "used", "set_apart")
_BY_CODE = {rule.code: rule for rule in RULES.values()}


def tallies(report: CheckReport) -> list[dict[str, Any]]:
    """Write a report as rows to add up: one per rule, and three per table (read, used, set apart)."""
    nothing = {"column": "", "severity": "", "detail": ""}
    counted = [
        {"table": table, "rule": what, "rows": getattr(counts, what), **nothing}
        for table, counts in report.counts.items()
        for what in COUNTED
    ]
    found = [
        {
            "table": problem.table,
            "column": problem.column,
            "rule": problem.rule.code,
            "severity": problem.severity,
            "detail": problem.detail,
            "rows": problem.rows,
        }
        for problem in report.problems
    ]
    return counted + found


def report_of(rows: list[dict[str, Any]]) -> CheckReport:
    """Read a report back from rows that were added up; a cluster has no first row of a problem."""
    order = {name: place for place, name in enumerate(TABLES)}
    sums = {(row["table"], row["rule"]): row["rows"] for row in rows if row["rule"] in COUNTED}
    names = sorted({table for table, _ in sums}, key=order.__getitem__)
    counts = {name: Counts(*(sums[name, what] for what in COUNTED)) for name in names}
    found = sorted(
        (row for row in rows if row["rule"] not in COUNTED),
        key=lambda row: (order[row["table"]], row["rule"], row["column"], row["detail"]),
    )
    problems = (
        Problem(
            row["table"],
            row["column"],
            _BY_CODE[row["rule"]],
            row["rows"],
            None,
            "",
            row["severity"],
            row["detail"],
        )
        for row in found
    )
    return CheckReport(tuple(problems), counts)
