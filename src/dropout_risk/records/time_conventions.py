"""What a county says of its dates and totals: the zone of its times, its school year, its leave."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Self

from dropout_risk.errors import SettingsError
from dropout_risk.records.school_zone import is_zone

YearStart = str | int | tuple[int, int] | list[int] | None
TIME_KEYS = ("zone", "year_start", "leave_days")
_LEAVE = ("within", "beside")
_MONTH_DAY = re.compile(r"(\d{1,2})(?:[-/.](\d{1,2}))?", re.ASCII).fullmatch
_YEAR_HINT = 'write month and day as "02-01", or the month as 2'


@dataclass(frozen=True)
class TimeConventions:
    """The keys ``zone``, ``year_start`` and ``leave_days`` of a mapping.

    >>> TimeConventions.of({"zone": {"attendance": "Asia/Shanghai"}}).zone_of("attendance", "a.parquet")
    'Asia/Shanghai'
    """

    zones: Mapping[str, str] = field(default_factory=dict)
    year_start: tuple[int, int] | None = None
    leave_beside: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read checked entries of a mapping."""
        zone = data.get("zone", {})
        return cls(
            {"all": zone} if isinstance(zone, str) else dict(zone),
            first_day_of_year(data.get("year_start")),
            data.get("leave_days") == "beside",
        )

    def zone_of(self, table: str, file: str) -> str | None:
        """Give the zone of a part's times: that of its file goes before that of its table and that of all."""
        path = PurePosixPath(file)
        for name in (file, path.name, path.name.split(".")[0], table, "all"):
            if name in self.zones:
                return self.zones[name]
        return None


def first_day_of_year(given: YearStart) -> tuple[int, int] | None:
    """Read month and day on which a school year begins; SettingsError if it is none.

    >>> first_day_of_year("02-01"), first_day_of_year(9), first_day_of_year(None)
    ((2, 1), (9, 1), None)
    """
    if given is None:
        return None
    try:
        if isinstance(given, str):
            found = _MONTH_DAY(given.strip())
            month, day = (int(found[1]), int(found[2] or 1)) if found else (0, 0)
        elif isinstance(given, int):
            month, day = (given, 1) if not isinstance(given, bool) else (0, 0)
        else:
            month, day = map(int, given)
        dt.date(2023, month, day)  # a year without a 29th of February: it must exist in every one
    except (TypeError, ValueError):
        raise SettingsError("'year_start' is no day of a year.", hint=_YEAR_HINT) from None
    return month, day


def time_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what is wrong with these entries of a mapping, each with the way out."""
    zones = data.get("zone", {})
    zones = {"all": zones} if isinstance(zones, str) else zones
    if not isinstance(zones, Mapping):
        yield "'zone' must be the name of a zone, or a table of names", 'write zone = "Asia/Shanghai"'
        zones = {}
    for key, zone in zones.items():
        if not is_zone(zone):
            hint = 'write a name such as "Asia/Shanghai", or "local" for the school\'s own times'
            yield f"'zone.{key}' names no time zone", hint
    try:
        first_day_of_year(data.get("year_start"))
    except SettingsError as error:
        yield "'year_start' is no day of a year", error.hint
    if "leave_days" in data and data["leave_days"] not in _LEAVE:
        yield '\'leave_days\' must be "within" or "beside"', "say whether days_absent holds days_excused"
