"""Ed-Fi's words for attendance, calendars and grades, and what they mean in records."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

_DECLARED = tomllib.loads(resources.files(__package__).joinpath("edfi.toml").read_text(encoding="utf-8"))
CATEGORIES: dict[str, str] = _DECLARED["categories"]
"""Categories of events, in small letters, with the status that each means."""
WRITTEN: dict[str, str] = _DECLARED["written"]
"""The category under which a status is written; a suspension has none, and is told by its reason."""
SUSPENSION = "Suspension"
CALENDAR: dict[str, list[str]] = _DECLARED["calendar"]
ENROLMENT: dict[str, list[str]] = _DECLARED["enrolment"]
_STRONGEST, _WHOLE_DAY = _DECLARED["events"]["strongest"], _DECLARED["events"]["whole_day"]
_WHOLE = 0.95  # three thirds of 0.33 are a day
_NUMBERED = re.compile(r"(?:grade )?(\d{1,2})")


def grade_level_of(word: str | None) -> int | None:
    """Read a grade level.

    >>> grade_level_of("Ninth grade"), grade_level_of("Kindergarten"), grade_level_of("Ungraded")
    (9, 0, None)
    """
    plain = (word or "").casefold().removesuffix(" grade")
    if plain in ENROLMENT["grades"]:
        return ENROLMENT["grades"].index(plain)
    found = _NUMBERED.fullmatch(plain)
    return int(found[1]) if found else None


def day_status(found: list[tuple[str, float]]) -> str:
    """Join the statuses of one day, each with the share of the day that it took.

    Absences of a part of the day that leave some of it count as leaving early.

    >>> day_status([("late", 1.0), ("excused", 1.0)]), day_status([("absent", 0.5)])
    ('excused', 'left_early')
    >>> day_status([("absent", 0.5), ("excused", 0.5)])
    'absent'
    """
    away = sum(share for status, share in found if status in _WHOLE_DAY)
    if 0 < away < _WHOLE:
        found = [("left_early" if status in _WHOLE_DAY else status, share) for status, share in found]
    return min((status for status, _ in found), key=_STRONGEST.index)
