"""May a model be published? What its report must answer first, and what the answer is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dropout_risk.evaluation.report_words import check_name
from dropout_risk.evaluation.section import PASSED, Check
from dropout_risk.text import CLAUSES, Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport


REQUIRED = {
    "leaks": Text(zh="泄漏检查", en="leaks"),
    "baselines": Text(zh="与基线的比较", en="comparison with the baselines"),
    "calibration": Text(zh="校准", en="calibration"),
    "fairness": Text(zh="公平性", en="fairness"),
    "stability": Text(zh="理由的稳定性", en="stability of the reasons"),
}
"""The sections that a report must hold before its model is published."""
SYNTHETIC = Text(zh="模型由模拟数据训练", en="the model was trained on simulated pupils")
LACKING = Text(zh="报告中没有“{section}”一节", en="the report has no section on {section}")
NOT_PASSED = Text(zh="{name}：{passed}（{reason}）", en="{name} {passed}: {reason}")
MAY = Text(zh="可以发布：所有必需的检查均已通过。", en="May be published: every required check is passed.")
MAY_NOT = Text(zh="不得发布：{refusals}。", en="Must not be published: {refusals}.")


@dataclass(frozen=True)
class Verdict:
    """Whether a model may be published, and if not, every reason why.

    Parameters
    ----------
    refusals : tuple of Text
        What is missing, failed or could not be judged; none where the model may be published.

    Examples
    --------
    >>> Verdict(()).may_be_published
    True
    >>> Verdict((SYNTHETIC,)).text("en")
    'Must not be published: the model was trained on simulated pupils.'
    """

    refusals: tuple[Text, ...]

    @classmethod
    def of(cls, report: EvaluationReport) -> Self:
        """Judge a report: all required sections there, and every check of every section passed."""
        return cls(tuple(_refusals(report)))

    @property
    def may_be_published(self) -> bool:
        """Whether nothing stands against it."""
        return not self.refusals

    def text(self, language: Language) -> str:
        """Say the verdict in one sentence."""
        if self.may_be_published:
            return MAY.to(language)
        return MAY_NOT.filled(refusals=CLAUSES.joined(self.refusals)).to(language)


def _refusals(report: EvaluationReport) -> Iterator[Text]:
    if report.synthetic:
        yield SYNTHETIC
    there = {section.name for section in report.sections}
    for name, words in REQUIRED.items():
        if name not in there:
            yield LACKING.filled(section=words)
    for section in report.sections:
        yield from (_of_check(check) for check in section.checks if check.passed is not True)


def _of_check(check: Check) -> Text:
    return NOT_PASSED.filled(
        name=Text(zh=check_name(check.name, "zh"), en=check.name),
        passed=PASSED[check.passed],
        reason=check.reason,
    )
