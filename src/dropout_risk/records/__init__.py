"""School records: the tables, their checks and the school calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.records.days.calendar import SchoolCalendar
    from dropout_risk.records.directory import Directory
    from dropout_risk.records.rows import UsableRows
    from dropout_risk.records.rules import CheckReport
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.records.wording.mapping import RecordsMapping

__all__ = ["CheckReport", "Directory", "RecordsMapping", "SchoolCalendar", "SchoolRecords", "UsableRows"]
_HOMES = {
    "CheckReport": "rules", "Directory": "directory", "RecordsMapping": "wording.mapping",
    "SchoolCalendar": "days.calendar", "SchoolRecords": "school_records", "UsableRows": "rows",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.records", _HOMES)
