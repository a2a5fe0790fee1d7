"""One count of school days for all schools, which no label window can outrun in any of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dropout_risk.records.days.calendar import SchoolCalendar, ordinal_of


class SchoolDayIndex:
    """Counts the days before a date on which every school was open that keeps a calendar of them.

    Between two dates that is never more than any one school counts, so a label window of so many school days
    is over in all of them. A school counts from its first known day to its last.

    Parameters
    ----------
    calendar : SchoolCalendar
        The school days of each school.

    Examples
    --------
    >>> calendar = SchoolCalendar.from_days({"a": ["2025-03-03", "2025-03-04"], "b": ["2025-03-04"]})
    >>> index = SchoolDayIndex(calendar)
    >>> index("2025-03-03"), index("2025-03-04"), index("2025-03-05")
    (0, 1, 2)
    """

    def __init__(self, calendar: SchoolCalendar) -> None:
        days = [calendar.days_of(school)[0] for school in calendar.schools]
        known = [one for one in days if len(one)]
        begin = min((int(one[0]) for one in known), default=0)
        end = max((int(one[-1]) for one in known), default=0)
        is_open, is_closed = np.zeros(end - begin + 1, dtype=bool), np.zeros(end - begin + 1, dtype=bool)
        for one in known:
            own = np.zeros(len(is_open), dtype=bool)
            own[one - begin] = True
            is_open |= own
            is_closed[one[0] - begin : one[-1] - begin + 1] |= ~own[one[0] - begin : one[-1] - begin + 1]
        self._days = begin + np.flatnonzero(is_open & ~is_closed)

    def __call__(self, day: Any) -> int:
        """Count the days before a date."""
        return int(np.searchsorted(self._days, ordinal_of(day)))
