"""Reasons as a list tells them: short, and without results of psychological tests.

Test results are confidential. Whoever reads a list learns that a test plays a part and whom to ask; the
values stay with the counsellor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dropout_risk.alerts.facts import Fact
from dropout_risk.alerts.help import Help
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.explanation.reasons import Reason
from dropout_risk.records.refused_rows import REFUSED_TABLES
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.refused_notes import tells_of_refused
from dropout_risk.scoring.roles import CLASS_TEACHER, Telling
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import CLAUSES, Language, Text, percent_text

_COMPARISONS = {
    "class": Text(zh="同班平均{value}", en="class: {value}"),
    "stayed": Text(zh="继续就读的学生平均{value}", en="pupils who stayed: {value}"),
    "own_past": Text(zh="本人以往{value}", en="own past: {value}"),
}
_YES_OR_NO = Text(zh="是或否", en="yes or no")
_MORE = Text(zh="等{all}项", en="and {left} more")
_YES = Text(zh="同班{value}", en="{value} of the class")
_YES_STAYED = Text(zh="继续就读的学生中{value}", en="{value} of pupils who stayed")


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


def listed_facts(pupil: PupilScore) -> tuple[Fact, ...]:
    """Give the facts of a pupil that a class teacher may read."""
    return tuple(fact for fact in pupil.facts if fact.domain in CLASS_TEACHER.sees)


def listed_help(pupil: PupilScore) -> tuple[Help, ...]:
    """Give the help that something else asks for than what a class teacher may not read."""
    return tuple(
        item
        for item in pupil.suggested_help
        if any(
            name not in FACT_KINDS or FACT_KINDS[name].domain in CLASS_TEACHER.sees for name in item.because
        )
    )


_CONFIDENTIAL_TABLES = [name for name in REFUSED_TABLES if TABLES[name].domain in CLASS_TEACHER.hidden]


def comparison_text(reason: Reason, language: Language) -> str:
    """Give what to hold a value against, in the form in which the sentence tells the value; else nothing."""
    given = reason.comparison
    if not given or reason.value is None:
        return ""
    value, kind = float(given["value"]), str(given["kind"])
    if reason.unit == _YES_OR_NO.to(language):
        share = _YES_STAYED if kind == "stayed" else _YES
        return share.fill(language, value=percent_text(value)) if reason.value == 1 else ""
    shown = _like_the_sentence(reason, value)
    return _COMPARISONS[kind].fill(language, value=shown) if shown and kind in _COMPARISONS else ""


def _like_the_sentence(reason: Reason, value: float) -> str:
    told_value: Any = reason.value
    if f"{told_value:.0%}" in reason.text and value >= 0:
        return percent_text(value)
    whole = float(told_value).is_integer() and told_value >= 1
    return f"{value:.1f}".removesuffix(".0") if whole and f"{told_value:.0f}" in reason.text else ""


def shorten_list(sentences: Sequence[str], most: int, language: Language) -> str:
    """Join the first sentences, and say how many more there are.

    >>> shorten_list(["a", "b", "c"], 2, "en")
    'a; b; and 1 more'
    """
    left = len(sentences) - most
    more = [_MORE.fill(language, left=left, all=len(sentences))] if left > 0 else []
    return CLAUSES.join(language, [*sentences[:most], *more])
