"""What a reader who knows no statistics is told of a model, in three sentences and in one line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.questions.data_section import DATA
from dropout_risk.evaluation.sections import SECTIONS
from dropout_risk.text import CLAUSES, ITEMS, Language, Text, iso_date_words

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport

AT_A_GLANCE = Text(zh="一页读懂", en="At a glance")
FINDS = Text(
    zh="在没有见过的学生身上检验：把风险最高的{share:.0%}列成名单，能找到后来辍学学生中的{recall:.0%}"
    "（{positives}人次中的{hits:.0f}人次），其余的没有找到。",
    en="Tested on pupils it had not seen: a list of the {share:.0%} with the highest risks finds "
    "{recall:.0%} of those who later dropped out ({hits:.0f} of {positives} rows), and misses the others.",
)
STAY = Text(
    zh="名单上每10人中约有{stayed}人后来没有辍学：列入名单不等于会辍学，未列入也不等于没有困难。",
    en="About {stayed} of 10 named on the list stayed at school: to be on it is no forecast for a child, and "
    "not to be on it does not mean that all is well.",
)
USE = Text(
    zh="各项必需的检查均已通过，可以投入使用；去看谁、怎样帮，仍由人决定。",
    en="Every required check is passed and the model may be used; people decide whom to see and how to help.",
)
NOT_YET = Text(zh="目前不得投入使用，因为{why}。", en="It is not to be used yet, because {why}.")
NOT_FOUND = Text(
    zh="检验中没有人辍学，不知道它能找到多少。",
    en="Nobody in the test dropped out: nobody knows what it finds.",
)
SYNTHETIC = Text(zh="它由模拟数据训练", en="it was trained on simulated pupils")
LACKING = Text(zh="报告缺少{names}", en="the report has nothing on {names}")
FAILED = Text(zh="检查未通过：{names}", en="these checks failed: {names}")
UNDECIDED = Text(zh="现有数据不足以判断：{names}", en="there is too little data to judge: {names}")
LINE = Text(
    zh="本模型自{since}检验以来不得投入使用，名单只供试看：{why}。",
    en="Since its test of {since} this model is not to be used, and the list is for trial only: {why}.",
)
TRIAL = Text(
    zh="本模型的检验没有全部通过（{why}），{day}经批准试用：{reason}",
    en="This model did not pass every check ({why}); put into use on {day} all the same: {reason}",
)
NO_REPORT = Text(
    zh="本模型没有附带评估报告，不知道它有多准，名单只供试看。",
    en="This model carries no evaluation, so nobody knows how good it is: the list is for trial only.",
)


def three_sentences(report: EvaluationReport) -> tuple[Text, ...]:
    """Say what the list finds, how many of it stay, and whether the model may be used."""
    why = why_not(report)
    verdict = USE if why is None else NOT_YET.filled(why=why)
    listed = report.result().at_capacity
    if not listed["positives"]:
        return NOT_FOUND, verdict
    found = {name: listed[name]["expected"] for name in ("hits", "recall", "precision")}
    return (
        FINDS.filled(share=listed["share"], positives=listed["positives"], **found),
        STAY.filled(stayed=round(10 * (1 - found["precision"]))),
        verdict,
    )


def why_not(report: EvaluationReport) -> Text | None:
    """Say shortly, and without statistics, why a model may not be used; None where it may."""
    verdict = Verdict.of(report)
    plain = {question.name: question.plain for kind in SECTIONS for question in kind.questions}
    titles = [(check.passed, plain.get(check.name) or check.title) for check in verdict.unpassed]
    reasons = [
        *([SYNTHETIC] if verdict.synthetic else []),
        *_named_reasons(LACKING, verdict.lacking),
        *_named_reasons(FAILED, [title for passed, title in titles if passed is False]),
        *_named_reasons(UNDECIDED, [title for passed, title in titles if passed is None]),
    ]
    return CLAUSES.joined(reasons) if reasons else None


def _named_reasons(words: Text, names: Iterable[Text]) -> list[Text]:
    said = {name.zh: Text(zh=name.zh, en=name.en.replace("_", " ")) for name in names}.values()
    return [words.filled(names=ITEMS.joined(said))] if said else []


def tested_on(report: EvaluationReport) -> str:
    """Give the last day of the records that the report was made from, else the last test day."""
    section = report.section(DATA.name)
    days = [*report.split.get("test_as_of", []), "–"]
    return (
        str(days[-2] if len(days) > 1 else days[0]) if section is None else str(section.points["observed_to"])
    )


def line_for_lists(report: EvaluationReport | None, published: Mapping[str, Any]) -> Text | None:
    """Say in one line why a list of this model is for trial only, and since when; None where it is not.

    ``published`` is what was kept when it was put into use: the day, and the reason for it if checks stood
    against it.
    """
    if report is None:
        return NO_REPORT
    why = why_not(report)
    if why is None:
        return None
    if published.get("override"):
        return TRIAL.filled(
            why=why, day=iso_date_words(str(published["published_on"])), reason=published["override"]
        )
    return LINE.filled(why=why, since=iso_date_words(tested_on(report)))


def at_a_glance(report: EvaluationReport, language: Language) -> str:
    """Write the three sentences under their heading."""
    lines = "\n".join(
        f"{number}. {sentence.to(language)}"
        for number, sentence in enumerate(three_sentences(report), start=1)
    )
    return f"## {AT_A_GLANCE.to(language)}\n\n{lines}"
