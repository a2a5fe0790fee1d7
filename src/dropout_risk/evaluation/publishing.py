"""May a model be published? What its report must answer first, and what the answer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dropout_risk.evaluation.section import PASSED, Check
from dropout_risk.evaluation.sections import missing_sections
from dropout_risk.text import CLAUSES, Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport


SYNTHETIC = Text(zh="模型由模拟数据训练", en="the model was trained on simulated pupils")
LACKING = Text(zh="报告中没有“{section}”一节", en="the report has no section on {section}")
NOT_PASSED = Text(zh="{name}：{passed}（{reason}）", en="{name} {passed}: {reason}")
MAY = Text(
    zh="可以投入使用：所有必需的检查均已通过。", en="May be published: every required check is passed."
)
MAY_NOT = Text(zh="不得投入使用：{refusals}。", en="Must not be published: {refusals}.")


@dataclass(frozen=True)
class Verdict:
    """Whether a model may be published, and if not, all that stands against it.

    ``lacking`` names the required sections that its report has not, ``unpassed`` are the checks that failed
    or could not be made.

    >>> Verdict(synthetic=True).text("en")
    'Must not be published: the model was trained on simulated pupils.'
    """

    synthetic: bool = False
    lacking: tuple[Text, ...] = ()
    unpassed: tuple[Check, ...] = ()

    @classmethod
    def of(cls, report: EvaluationReport) -> Self:
        """Judge a report: all required sections there, and every check of every section passed."""
        checks = (check for section in report.sections for check in section.checks)
        return cls(
            report.synthetic,
            tuple(missing_sections(report)),
            tuple(check for check in checks if check.passed is not True),
        )

    @property
    def may_be_published(self) -> bool:
        """Whether nothing stands against it."""
        return not (self.synthetic or self.lacking or self.unpassed)

    @property
    def refusals(self) -> tuple[Text, ...]:
        """Every reason why not, each check with what was found."""
        return (
            *([SYNTHETIC] if self.synthetic else []),
            *(LACKING.filled(section=words) for words in self.lacking),
            *(
                NOT_PASSED.filled(name=check.title, passed=PASSED[check.passed], reason=check.reason)
                for check in self.unpassed
            ),
        )

    def text(self, language: Language) -> str:
        """Say the verdict in one sentence."""
        if self.may_be_published:
            return MAY.to(language)
        return MAY_NOT.fill(language, refusals=CLAUSES.joined(self.refusals).to(language))
