"""Up to which day outcomes are complete, as a county declares it: who has none before it has stayed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dropout_risk.errors import DateError
from dropout_risk.records.calendar import DateLike, date_of, ordinal_of
from dropout_risk.records.unrecorded import ALL_SCHOOLS

OutcomesTo = DateLike | Mapping[str, DateLike]
"""One day for all schools, or one for each; ``all`` stands for every school that is not named."""


def declared_days(given: OutcomesTo | None) -> dict[str, int]:
    """Read a declaration: ordinals by school; nothing where nothing is declared.

    DateError if one of them is no day.

    >>> declared_days({"s1": "1970-01-03", "all": "1970-01-02"})
    {'s1': 2, 'all': 1}
    """
    if given is None:
        return {}
    named: Mapping[str, Any] = given if isinstance(given, Mapping) else {ALL_SCHOOLS: given}
    return {str(school): ordinal_of(_day(day)) for school, day in named.items()}


def _day(day: Any) -> Any:
    if not isinstance(day, str | dt.date):
        raise DateError(
            "outcomes_to is no day.", hint="write outcomes_to = 2025-06-30, or a table of schools"
        )
    return day


def require_past(declared: Mapping[str, int], today: int) -> None:
    """Refuse a declaration for days that have not come: nobody knows their outcomes."""
    ahead = [school for school, day in declared.items() if day > today]
    if ahead:
        last = date_of(max(declared[school] for school in ahead))
        raise DateError(
            f"outcomes_to is {last}, which lies after {date_of(today)}, the day the records were drawn.",
            hint="give the last day whose outcomes are all recorded, or today= the day of the records",
        )
