"""The grades of the pupils on a list, as far as their scores tell them."""

from __future__ import annotations

from collections.abc import Iterable

from dropout_risk.scoring.scores import PupilScore
from dropout_risk.watchlist.group import WatchGroup


def grades_of(groups: Iterable[WatchGroup]) -> set[str] | None:
    """Give the grades whose pupils are on some lists; None where scores do not tell them."""
    listed = (entry.score for group in groups for entry in group.listed)
    found = [grade_of(score) for score in listed]
    return None if None in found else {grade for grades in found for grade in grades or ()}


def grade_of(score: PupilScore) -> tuple[str, ...] | None:
    """Give the grade of the pupils that a score is compared with; None where it is compared with others."""
    found = score.background.partition("grade ")[2]
    return (found,) if found else None
