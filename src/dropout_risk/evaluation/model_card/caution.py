"""What every list and page says of its model: whether it may be used, and whom it misses more often."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dropout_risk.errors import EvaluationError
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport

OFTEN = 1.5
"""How many times as often as in another grade pupils are missed, from where on a list says so."""
MISSED = Text(
    zh="{grade}年级：检验中，后来辍学的学生有{missed:.0%}没有列入名单，是{least}年级（{fewest:.0%}）的"
    "{times:.1f}倍{sure}。没有列入名单的{grade}年级学生，请班主任多留意。",
    en="Grade {grade}: in the test, {missed:.0%} of those who dropped out were not on the list, {times:.1f} "
    "times as many as in grade {least} ({fewest:.0%}){sure}. Keep an eye on "
    "pupils of grade {grade} who are not listed.",
)
BY_CHANCE = Text(zh="（人数少，可能有偶然因素）", en="; few pupils, so it may be chance")


def report_in(metrics: Mapping[str, Any]) -> EvaluationReport | None:
    """Read the evaluation that a model carries; None where it has none."""
    from dropout_risk.evaluation.report import EvaluationReport  # slow to import, and scores come without

    try:
        return EvaluationReport.from_dict(metrics)
    except EvaluationError:
        return None


def cautions_of(metrics: Mapping[str, Any], published: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is said of a model wherever its lists are read, as plain data in both languages.

    ``for_trial_only`` is why it may not be used, and since when, or None; ``missed_more`` are sentences on
    the grades whose pupils it misses much more often than those of another.
    """
    from dropout_risk.evaluation.model_card.first_page import line_for_lists

    report = report_in(metrics)
    line = line_for_lists(report, published)
    return {
        "for_trial_only": None if line is None else vars(line),
        "missed_more": {} if report is None else dict(_missed_more(report)),
    }


def _missed_more(report: EvaluationReport) -> list[tuple[str, dict[str, str]]]:
    from dropout_risk.evaluation.questions.fairness import missed_grades_of

    rows = missed_grades_of(report)
    if not rows or not rows[0]["missed"]:
        return []
    least = rows[0]
    return [
        (
            row["grade"],
            vars(
                MISSED.filled(
                    grade=row["grade"], missed=row["missed"], least=least["grade"], fewest=least["missed"],
                    times=row["missed"] / least["missed"],
                    sure=Text(zh="", en="") if row["sure"] else BY_CHANCE,
                )
            ),
        )
        for row in rows[1:]
        if row["missed"] >= OFTEN * least["missed"]
    ]  # fmt: skip


MISSES = Text(zh="有的年级更常被漏掉，请点开看", en="Some grades are missed more often: open to read")
_HEAD = re.compile(r"[（：]| \(|: ")


def caution_head(lines: Sequence[str], about: Mapping[str, Any], language: Language) -> str:
    """Give what the first page says before the lines are opened; empty where there is none.

    >>> caution_head(["Since its test this model is not to be used: too few."], {"for_trial_only": {}}, "en")
    'Since its test this model is not to be used'
    """
    if not lines:
        return ""
    return (
        MISSES.to(language) if about.get("for_trial_only") is None else _HEAD.split(lines[0], maxsplit=1)[0]
    )


def caution_lines(
    about: Mapping[str, Any], language: Language, grades: Collection[str] | None = ()
) -> list[str]:
    """Give the lines of a page, of what its scores say of their model: those of some grades, or of all."""
    line, missed = about.get("for_trial_only"), about.get("missed_more") or {}
    told = [text for grade, text in missed.items() if grades is None or grade in grades]
    return [Text(**text).to(language) for text in ([] if line is None else [line]) + told]
