"""Reasons as a list tells them: each sentence once. What their reader may not know is gone before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dropout_risk.explanation.reason import Reason
from dropout_risk.records.refused_rows import REFUSED_TABLES
from dropout_risk.scoring.remarks.refused_notes import tells_of_refused
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import CLAUSES, Language, Text

SUMMARY = Text(
    zh="共{cohort}人：已列入{listed}人（其中有预警{with_alert}人），未列入名单{below_line}人，"
    "暂不评估{not_scored}人",
    en="{cohort} pupils: {listed} listed ({with_alert} of them by an alert), {below_line} below the line, "
    "{not_scored} could not be scored",
)
"""Where everybody of the cohort is."""
_MORE = Text(zh="等{all}项", en="and {left} more")


@dataclass(frozen=True)
class ListedReason:
    """A reason as a list tells it; ``points`` are nothing where its number is not for the reader.

    There is no ``reason`` where no more than its domain may be known.
    """

    text: str
    points: float
    reason: Reason | None


def listed_reasons(pupil: PupilScore, *, raise_risk: bool = True) -> tuple[ListedReason, ...]:
    """Give the reasons of one side as their reader may read them: those with a number, then words alone.

    What has one sentence is told once, with the sum of its points.
    """
    listed: dict[str, ListedReason] = {}
    for reason in pupil.raising if raise_risk else pupil.lowering:
        points = reason.points + (listed[reason.text].points if reason.text in listed else 0.0)
        listed[reason.text] = ListedReason(reason.text, points, reason)
    for item in pupil.told:
        if item.raises is raise_risk:
            listed.setdefault(item.text, ListedReason(item.text, 0.0, item.reason))
    return tuple(listed.values())


def listed_refusals(pupil: PupilScore) -> tuple[str, ...]:
    """Give of the notes on a pupil what tells of rows that were not used."""
    return tuple(text for text in pupil.notes if tells_of_refused(text, REFUSED_TABLES))


def shorten_list(sentences: Sequence[str], most: int, language: Language) -> str:
    """Join the first sentences, and say how many more there are.

    >>> shorten_list(["a", "b", "c"], 2, "en")
    'a; b; and 1 more'
    """
    left = len(sentences) - most
    more = [_MORE.fill(language, left=left, all=len(sentences))] if left > 0 else []
    return CLAUSES.join(language, [*sentences[:most], *more])
