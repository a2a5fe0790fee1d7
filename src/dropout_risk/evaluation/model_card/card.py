"""The model card: what a model is for, what it must not be used for, and how good it is."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dropout_risk.evaluation import report_tables as tables
from dropout_risk.evaluation.model_card.card_figures import with_figures
from dropout_risk.evaluation.model_card.first_page import at_a_glance
from dropout_risk.evaluation.model_card.statement import ModelStatement, no_changes
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.questions.data_section import DATA
from dropout_risk.evaluation.report_tables import (
    HOW_TO_READ,
    counts_table,
    events_of,
    glossary_lines,
    population_table,
    provenance_table,
    results_table,
    rule_table,
)
from dropout_risk.evaluation.section import to_html
from dropout_risk.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport


PURPOSE = Text(
    zh="## 用途\n\n"
    "估计每名在校学生在今后约一学期（{horizon}个教学日）内出现“{events}”的概率，并给出依据，"
    "供班主任、心理教师、包保责任人决定先去看望谁。分数只回答“谁先需要有人关心”，由人作出决定。",
    en="## Use\n\n"
    'Estimates each enrolled pupil\'s probability of "{events}" within the next {horizon} school days, with '
    "reasons, so that class teachers, counsellors and responsible teachers can decide whom to see first. "
    "A score says who needs a person's attention first; people decide.",
)
NOT_FOR = Text(
    zh="## 不得用于\n\n"
    "- 处分、劝退、分班、评优、录取，或对教师、学校的考核\n"
    "- 不经人核实就自动采取任何措施，或把分数告知同学、公布名单\n"
    "- 心理诊断，或推断家庭、民族、性别方面的结论\n"
    "- 判断某项帮助是否有效：风险不等于帮助的效果\n"
    "- 训练数据以外的地区、学段，除非先在当地数据上重新评估和校准",
    en="## Not for\n\n"
    "- punishment, exclusion, streaming, awards, admission, or rating teachers and schools\n"
    "- any automatic measure without a person's check, or lists shown to class-mates or in public\n"
    "- diagnosis, or conclusions about family, ethnicity or sex\n"
    "- judging whether a measure helps: risk is not the benefit of help\n"
    "- other places or school levels than it was trained on, unless evaluated and calibrated there first",
)
LIMITS = Text(
    zh="## 局限\n\n"
    "- {tested}；情况变化后结果会不同，应定期重新评估\n"
    "- 同一学生可能在多个评分日出现；区间按学校（或学生）整体重抽样，但不包括年份之间的变化\n"
    "- 迟报、漏报的数据会使风险偏低；没有记录不等于没有风险\n"
    "- 曾得到帮助而留下的学生在数据中算作未辍学，模型会低估他们当时的风险",
    en="## Limits\n\n"
    "- {tested}; evaluate again regularly, since things change\n"
    "- a pupil can appear on several test days; intervals draw whole schools (or pupils) again, and hold "
    "nothing of how one year differs from another\n"
    "- late or missing entries make risks too low; no record does not mean no risk\n"
    "- pupils who stayed because someone helped count as having stayed, so their risk then is underestimated",
)
TESTED = {
    "temporal": Text(
        zh="只在训练之后{days}个评分日上检验过", en="tested on {days} test day(s) after its training only"
    ),
    "random": Text(
        zh="只在与训练相同的{days}个评分日上、对其他学生检验过，没有在训练之后的任何一天检验过",
        en="tested on other pupils of the {days} day(s) it was trained on, on no day after its training",
    ),
}
TITLE = Text(zh="# 模型说明书：{model}", en="# Model card: {model}")
PUBLISHING = Text(zh="## 能否投入使用", en="## May it be published?")


def model_card(
    report: EvaluationReport,
    *,
    language: Language,
    statement: ModelStatement | None = None,
    changes: str = "",
) -> str:
    """Write the model card in Markdown: a first page for everybody, what it is for and not for, how good.

    ``changes`` is the part on what is new since the last version, with its heading.
    """
    kind = "random" if report.split.get("kind") == "random" else "temporal"
    tested = TESTED[kind].fill(language, days=len(report.split.get("test_as_of", [])))
    purpose = PURPOSE.fill(
        language, horizon=report.horizon_days, events=events_of(report.events).to(language)
    )
    rule, data = rule_table(report), report.section(DATA.name)
    reading = "\n".join(f"- {line}" for line in glossary_lines(language))
    parts = [
        TITLE.fill(language, model=report.model),
        *([f"> {tables.SYNTHETIC.to(language)}"] if report.synthetic else []),
        at_a_glance(report, language),
        *([] if data is None else [data.to_markdown(language, by_school=False)]),
        (statement or ModelStatement()).to_markdown(language),
        changes or no_changes(language),
        purpose,
        NOT_FOR.to(language),
        PUBLISHING.to(language),
        Verdict.of(report).text(language),
        *(f"> {remark}" for remark in report.remarks(language, synthetic=False)),
        *(
            table.to(language).to_markdown()
            for table in (
                provenance_table(report),
                counts_table(report),
                population_table(report),
                results_table(report),
            )
            if table is not None
        ),
        f"## {HOW_TO_READ.to(language)}\n\n{reading}",
        *([] if rule is None else [rule.to(language).to_markdown()]),
        *(
            section.to_markdown(language, by_school=False)
            for section in report.sections
            if section is not data
        ),
        LIMITS.fill(language, tested=tested),
    ]
    return "\n\n".join(parts) + "\n"


def model_cards(report: EvaluationReport) -> dict[str, str]:
    """Write the card in both languages, by language."""
    return {language: model_card(report, language=language) for language in LANGUAGES}


def card_page(markdown: str, language: Language, figures: Mapping[str, str] | None = None) -> str:
    """Write a card's Markdown as a page of its own: nothing is loaded from elsewhere, all HTML escaped.

    ``figures`` are pictures by the heading that they stand under.
    """
    title = markdown.partition("\n")[0].lstrip("# ")
    body = with_figures(to_html(markdown), figures or {})
    spoken = "zh-CN" if language == "zh" else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{spoken}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_style_sheet()}</style></head><body><main>\n{body}</main></body></html>\n"
    )


@cache
def _style_sheet() -> str:
    return (resources.files("dropout_risk.evaluation.model_card") / "card.css").read_text(encoding="utf-8")
