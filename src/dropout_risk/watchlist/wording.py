"""Reasons as a list tells them: short, and without results of psychological tests.

Test results are confidential. Whoever reads a list learns that a test plays a part and whom to ask; the
values stay with the counsellor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dropout_risk.explanation.reason import Reason
from dropout_risk.records.refused_rows import REFUSED_TABLES
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.refused_notes import tells_of_refused
from dropout_risk.scoring.roles import CLASS_TEACHER, Telling
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import CLAUSES, Language, Text

_MORE = Text(zh="等{all}项", en="and {left} more")


@dataclass(frozen=True)
class ListedReason:
    """A reason as a list tells it; of what is confidential, all of it as one, neither reason nor points."""

    text: str
    points: float
    reason: Reason | None


def listed_reasons(
    reasons: Sequence[Reason], language: Language, *, raise_risk: bool = True
) -> tuple[ListedReason, ...]:
    """Word reasons as a class teacher may read them, in their order; what has one sentence is told once.

    Such sentences have the sum of their points. All confidential reasons share one sentence, without details
    and without a number; of those that lower the risk nothing is told.
    """
    listed: dict[str, ListedReason] = {}
    for reason in reasons:
        telling = CLASS_TEACHER.tells(reason.domain, raises=raise_risk)
        text = telling.word(reason.text, reason.domain, language)
        if telling >= Telling.WORDS:
            points = reason.points + (listed[text].points if text in listed else 0.0)
            listed[text] = ListedReason(text, points, reason)
        elif text:
            listed[text] = ListedReason(text, 0.0, None)
    return tuple(listed.values())


def listed_missing(pupil: PupilScore) -> tuple[str, ...]:
    """Give what is not known of a pupil, without what would tell of a psychological test.

    That a test was refused, or is invalid, is as confidential as its result.
    """
    return tuple(sentence for sentence in pupil.missing if sentence not in pupil.missing_sensitive)


def listed_warnings(pupil: PupilScore) -> tuple[str, ...]:
    """Give the warnings about a pupil, without those that would tell that there is a psychological test."""
    return tuple(text for text in pupil.warnings if not tells_of_refused(text, _CONFIDENTIAL_TABLES))


def listed_refusals(pupil: PupilScore) -> tuple[str, ...]:
    """Give of these what tells of rows that were not used."""
    return tuple(text for text in listed_warnings(pupil) if tells_of_refused(text, REFUSED_TABLES))


_CONFIDENTIAL_TABLES = [name for name in REFUSED_TABLES if TABLES[name].domain in CLASS_TEACHER.hidden]


def shorten_list(sentences: Sequence[str], most: int, language: Language) -> str:
    """Join the first sentences, and say how many more there are.

    >>> shorten_list(["a", "b", "c"], 2, "en")
    'a; b; and 1 more'
    """
    left = len(sentences) - most
    more = [_MORE.fill(language, left=left, all=len(sentences))] if left > 0 else []
    return CLAUSES.join(language, [*sentences[:most], *more])
