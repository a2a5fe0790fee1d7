"""Graduation: where the risk of a pupil of a final grade ends, before the horizon does."""

from __future__ import annotations

import datetime as dt

import numpy as np

from dropout_risk.settings import OutcomeSettings
from dropout_risk.text import Language, Text, date_in_words

GRADUATES = Text(
    zh="本人读毕业年级：{date}前后毕业，离今天约{days}个教学日，不足{horizon}个。"
    "这个风险只说到毕业为止，毕业后的升学、就业不在其内",
    en="This pupil is in a final grade and leaves about {date}, some {days} school days from now and not "
    "{horizon}. The risk ends there, and says nothing of what comes after school",
)


def days_to_graduation(grade_level: float, as_of: dt.date, outcome: OutcomeSettings) -> int | None:
    """Count the weekdays until a pupil of a final grade leaves; None where the horizon ends before that.

    >>> days_to_graduation(9, dt.date(2025, 5, 19), OutcomeSettings())
    30
    >>> days_to_graduation(8, dt.date(2025, 5, 19), OutcomeSettings()) is None
    True
    >>> days_to_graduation(9, dt.date(2024, 10, 8), OutcomeSettings()) is None
    True
    """
    if grade_level not in outcome.final_grades:
        return None
    left = int(np.busday_count(as_of, graduation_after(as_of, outcome)))
    return left if left < outcome.horizon_days else None


def graduation_after(as_of: dt.date, outcome: OutcomeSettings) -> dt.date:
    """Give the next day of graduation."""
    day = dt.date.fromisoformat(f"{as_of.year}-{outcome.graduation}")
    return day if day > as_of else day.replace(year=day.year + 1)


def graduation_note(grade_level: float, as_of: dt.date, outcome: OutcomeSettings, language: Language) -> str:
    """Say that the risk ends with school; empty where the horizon ends before that."""
    days = days_to_graduation(grade_level, as_of, outcome)
    if days is None:
        return ""
    date = date_in_words(graduation_after(as_of, outcome), language)
    return GRADUATES.fill(language, date=date, days=days, horizon=outcome.horizon_days)
