"""What a county says once about its numbers and dates: units, full marks, a bonus, orders, years of entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from dropout_risk.errors import nearest
from dropout_risk.records.calendar import YEAR_START
from dropout_risk.records.dates import DATE_ORDERS

CONVENTIONS = ("dates", "units", "max_score", "bonus", "cohort_enters")
BONUS = 0.2
UNITS: dict[str, dict[str, float]] = {"distance_km": {"km": 1.0, "m": 0.001, "里": 0.5}}
_MOST_LEVEL = 13


@dataclass(frozen=True)
class Conventions:
    """How a county writes what no single cell says.

    ``dates`` is the order of the numbers of a date, or several; ``units`` the unit of a column; ``max_score``
    the full marks of rows that name none; ``bonus`` the share of full marks by which a mark may lie above
    them; ``cohort_enters`` the grade level in which a year of entry (2023) begins, and ``year_start`` the
    month and day on which a school year does.

    >>> Conventions.of({"dates": "dmy", "units": {"distance_km": "m"}}).factors
    {'distance_km': 0.001}
    """

    dates: tuple[str, ...] = ()
    factors: dict[str, float] = field(default_factory=dict)
    max_score: float | None = None
    bonus: float = BONUS
    cohort_enters: int | None = None
    year_start: tuple[int, int] = YEAR_START

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read them off a mapping without problems."""
        dates = data.get("dates", ())
        return cls(
            (dates,) if isinstance(dates, str) else tuple(dates),
            {column: UNITS[column][unit] for column, unit in data.get("units", {}).items()},
            data.get("max_score"), data.get("bonus", BONUS), data.get("cohort_enters"),
        )  # fmt: skip


def convention_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name what is wrong with the conventions of a mapping, each with a hint."""
    for name, (fits, wanted) in _WANTED.items():
        if name in data and not fits(data[name]):
            yield f"'{name}' must be {wanted}", ""
    given = data.get("dates", ())
    for order in (given,) if isinstance(given, str) else given if isinstance(given, list | tuple) else ():
        if order not in DATE_ORDERS:
            yield f"'dates' names unknown {order!r}", nearest(str(order), DATE_ORDERS)
    units = data.get("units", {})
    for column, unit in units.items() if isinstance(units, Mapping) else ():
        if column not in UNITS:
            yield f"unknown key 'units.{column}'", nearest(str(column), tuple(UNITS))
        elif unit not in UNITS[column]:
            yield f"'units.{column}' names unknown {unit!r}", nearest(str(unit), tuple(UNITS[column]))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_WANTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "dates": (lambda value: isinstance(value, str | list | tuple), "one of " + ", ".join(DATE_ORDERS)),
    "units": (lambda value: isinstance(value, Mapping), "a table of units by column"),
    "max_score": (lambda value: _is_number(value) and value > 0, "a number above zero"),
    "bonus": (lambda value: _is_number(value) and 0 <= value <= 1, "a share from 0 to 1"),
    "cohort_enters": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_LEVEL,
        "a grade level",
    ),
}
