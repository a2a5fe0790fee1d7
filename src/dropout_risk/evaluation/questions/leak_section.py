"""The leak checks as a section of the report: what was looked for, what was found, what cannot be seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.parts import Parts
from dropout_risk.evaluation.report_tables import feature_names
from dropout_risk.evaluation.section import Check, Question, Section, SectionKind, SectionTable
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.leaks.column_checks import ELSEWHERE, MadeCheck
from dropout_risk.modelling.leaks.record_checks import chosen_check, future_check
from dropout_risk.modelling.leaks.report import LeakReport, find_leaks
from dropout_risk.settings import Settings
from dropout_risk.text import CLAUSES, Text

NOTHING = Text(
    zh="{n}项检查没有发现泄漏。没有发现不等于没有：每项检查看不到什么，见下表。",
    en="{n} checks found no leak. That nothing was found does not prove that nothing is there: what each "
    "check cannot see is in the table.",
)
FOUND = Text(zh="{n}项发现未获准。", en="{n} finding(s) that nobody has allowed.")
ALLOWED = Text(
    zh="已获准：{name}，理由：{reason}（发现：{found}）",
    en="Allowed: {name}, because {reason} (found: {found})",
)
UNUSED = Text(zh="没有这样的发现", en="nothing was found there")
PART = Text(
    zh="各列的计数取自{total}行中的{counted}行（按学生抽取）；重复行在全部行中查找。",
    en="Columns were counted on {counted} of {total} rows, a part of the pupils; repeated rows were "
    "looked for in all of them.",
)
IN_TIME = Text(zh="测试在训练之后", en="the test comes after training")
AT_RANDOM = Text(zh="随机划分：不是预测", en="a random split: no forecast")
NOTHING_FOUND = Text(zh="未发现", en="nothing found")
NAMED = Text(zh="{column}：{reason}", en="{column}: {reason}")
LEAK = Text(
    zh="训练资料里是否混入了事后才知道的内容", en="whether its training held what is known only afterwards"
)
SPLIT_IN_TIME = Question(
    "split_in_time",
    "按时间划分",
    Text(zh="检验用的日子是否都在训练之后", en="whether it was tested on days after those of the training"),
)
NAMES = {
    "tells_the_outcome": "单列即可区分结局",
    "missing_tells": "缺失即可区分结局",
    "identifier": "编号列",
    "audit_only": "仅供审计的列",
    "filled_by_outcome": "按结局填补",
    "filled_from_everything": "用全部数据填补",
    "copied_pupils": "学生同在训练和测试",
    "repeated_rows": "重复的行",
    "order_tells": "行序透露结局",
    "made_up_rows": "人造的行",
    "known_late": "事后才可知的列",
    "future_read": "读到以后的记录",
    "chosen_by_outcome": "按结局选取学生",
}
"""The leak checks in few words; one that is not here goes by its title."""
COLUMNS = (
    Text(zh="检查", en="Check"),
    Text(zh="结果", en="Result"),
    Text(zh="看不到", en="Cannot see"),
)


def leaks_section(report: LeakReport, *, split: str = "temporal") -> Section:
    """Write the leak checks as a section, with one check each for publishing; a random test does not pass."""
    in_time = split == "temporal"
    rows = tuple((check.title, _finding_in_words(check), check.blind) for check in report.checks)
    return LEAKS.section(
        _leak_remarks(report),
        [SectionTable(LEAKS.title, COLUMNS, rows)],
        {"found": float(len(report.found)), "allowed": float(len(report.found) - len(report.leaks))},
        [
            SPLIT_IN_TIME.answered(in_time, IN_TIME if in_time else AT_RANDOM),
            *(_leak_check(check, report) for check in report.checks if check.not_judged != ELSEWHERE),
        ],
    )


def _leak_remarks(report: LeakReport) -> list[Text]:
    judged = sum(check.not_judged is None for check in report.checks)
    remarks = [FOUND.filled(n=len(report.leaks)) if report.leaks else NOTHING.filled(n=judged)]
    for name, reason in report.allowed.items():
        found = [leak.reason for leak in report.found if (leak.column or leak.check) == name] or [UNUSED]
        named = Text(zh=NAMES.get(name) or feature_names([name]).zh, en=name)
        remarks.append(ALLOWED.filled(name=named, reason=reason, found=CLAUSES.joined(found)))
    if report.n_counted < report.n_rows:
        remarks.append(PART.filled(total=report.n_rows, counted=report.n_counted))
    return remarks


def _finding_in_words(check: MadeCheck) -> Text:
    if check.not_judged is not None:
        return check.not_judged
    if not check.leaks:
        return NOTHING_FOUND
    return CLAUSES.joined(
        [
            NAMED.filled(column=leak.column, reason=leak.reason) if leak.column else leak.reason
            for leak in check.leaks
        ]
    )


def _leak_check(check: MadeCheck, report: LeakReport) -> Check:
    passed = None if check.not_judged is not None else all(report.allows(leak) for leak in check.leaks)
    return Question(check.name, NAMES.get(check.name, check.title.zh)).answered(
        passed, _finding_in_words(check)
    )


LEAKS = SectionKind(
    name="leaks",
    title=Text(zh="数据泄漏检查", en="Leak checks"),
    of_model=lambda trained: leaks_section(trained.leaks, split=trained.parts.kind),
    questions=(SPLIT_IN_TIME, *(Question(name, zh, LEAK) for name, zh in NAMES.items())),
    required=Text(zh="泄漏检查", en="leaks"),
)


# --- Refuse to train on leaks: the checks of the rows and of the records, before anything is fitted ---


def refuse_leaks(
    histories: Histories, parts: Parts, catalogue: FeatureCatalogue, settings: Settings
) -> LeakReport:
    """Look for leaks in the rows that train, calibrate and test, and in how they were made.

    ``settings.leaks.allowed`` names the columns that are honest after all, each with its reason; LeakError
    with every finding that nobody has allowed.
    """
    rows = np.sort(np.concatenate([parts.before_test, parts.test]))
    found = find_leaks(
        parts.X(rows),
        parts.y(rows),
        parts.pupils(rows),
        test=np.isin(rows, parts.test, assume_unique=True),
    )
    left = [
        replace(check, not_judged=ELSEWHERE) if check.name == "known_late" else check
        for check in found.checks
    ]
    outcome = settings.outcome
    report = (
        replace(found, checks=tuple(left))
        .with_checks(
            [
                future_check(histories, parts.cohort, parts.features, catalogue),
                chosen_check(histories, parts.cohort, outcome.horizon_days, outcome.events),
            ]
        )
        .allowing(settings.leaks.allowed, catalogue)
    )
    report.require_none()
    return report
