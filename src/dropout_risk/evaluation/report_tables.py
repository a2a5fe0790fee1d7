"""The tables of an evaluation report: which figures stand where, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropout_risk.evaluation.report_words import (
    CALIBRATED_ON,
    HASHES,
    SELECTION_COLUMNS,
    YES_NO,
    events_of,
    feature_names,
    words_of,
)
from dropout_risk.evaluation.report_words import CENSORED as CENSORED_WORDS
from dropout_risk.evaluation.section import Table, bracketed
from dropout_risk.modelling.candidates import candidate_words
from dropout_risk.text import Language, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import Result


SYNTHETIC = Text(
    zh="模拟数据：以下数字不说明任何真实学校的情况，不得用于真实学生。",
    en="SYNTHETIC DATA: these figures say nothing about any real school; not to be used for real pupils.",
)
RANDOM_SPLIT = Text(
    zh="随机划分：训练与测试在时间上混在一起，以下数字不是预测，会高于今后任何一天的实际表现。",
    en="RANDOM SPLIT: training and test are mixed in time, so these figures are no forecast and flatter what "
    "any later day will show.",
)
WITHOUT_VALUE = Text(
    zh="目录中的{n}项特征在测试之前没有任何值，模型没有从中学到什么，它们也不影响分数：{names}。",
    en="{n} features of the catalogue had no value before the test: nothing was learned of them, and they do "
    "not change a score: {names}.",
)
METRIC_LABELS: dict[str, Text] = {
    "auc": Text(zh="AUC", en="AUC"),
    "average_precision": Text(zh="平均精确率", en="AP"),
    "brier": Text(zh="Brier", en="Brier"),
    "log_loss": Text(zh="对数损失", en="Log loss"),
    "calibration_slope": Text(zh="校准斜率", en="Slope"),
    "calibration_intercept": Text(zh="校准截距", en="Intercept"),
}
RESULTS = Text(zh="测试期结果", en="Results on the test part")
INTERVAL = Text(zh="  95%区间", en="  95 %")
NOT_AVAILABLE = Text(zh="不可用：{reason}", en="not available because {reason}")
AT_RULE = Text(
    zh="ABC规则点名的学生，与模型同样人数的名单（{flagged}人次）",
    en="ABC rule as it names pupils, and the model's list of the same length ({flagged} rows)",
)
BY_DAY = Text(zh="各评分日", en="Each test day")
COUNTS = Text(zh="样本", en="Rows and pupils")
POPULATION = Text(zh="训练与测试的学校和学生", en="Schools and pupils trained and tested on")
CENSORED = Text(zh="未计入标签的行（删失）", en="Rows without a label (censored)")
SELECTION = Text(zh="候选模型", en="Candidates")
PROVENANCE = Text(zh="来源与切分", en="Data and split")
PARTS = {
    "train": Text(zh="训练", en="Training"),
    "calibration": Text(zh="校准", en="Calibration"),
    "test": Text(zh="测试", en="Test"),
}
CELLS = {
    "rows": Text(zh="行", en="Rows"),
    "pupils": Text(zh="学生", en="Pupils"),
    "positives": Text(zh="辍学行数", en="Dropouts (rows)"),
    "leavers": Text(zh="辍学学生", en="Pupils who dropped out"),
}


def figure(value: Any, form: str = ".3f") -> str:
    """Write a figure; a dash where it is not defined.

    >>> figure(0.12345), figure(None), figure("lightgbm"), figure(3)
    ('0.123', '–', 'lightgbm', '3')
    """
    if value is None:
        return "–"
    return format(value, form) if isinstance(value, float) else str(value)


def results_table(report: EvaluationReport, language: Language) -> Table:
    """Give the model and its baselines, one row each, their intervals beneath."""
    columns = ["", *(label.to(language) for label in METRIC_LABELS.values())]
    rows = [row for result in report.results for row in _figures(result, language)]
    return Table(RESULTS.to(language), columns, rows)


def _figures(result: Result, language: Language) -> list[list[str]]:
    if result.unavailable is not None:
        return [[result.label.to(language)] + ["–"] * len(METRIC_LABELS)]
    rows = [[result.label.to(language), *(figure(result.metrics[name]) for name in METRIC_LABELS)]]
    if result.intervals:
        rows.append([INTERVAL.to(language), *(_interval(result, name) for name in METRIC_LABELS)])
    return rows


NO_WIDTH, TELLS_NOTHING = 1e-9, 20.0
"""A constant has no interval, and the slope of nearly equal risks one that tells nothing."""


def _interval(result: Result, name: str) -> str:
    ends = result.intervals.get(name)
    width = 0.0 if ends is None else ends["high"] - ends["low"]
    if ends is None or not NO_WIDTH < width < TELLS_NOTHING:
        return "–"
    return bracketed(ends, digits=3 if name in ("brier", "log_loss") else 2, before="")


def about_the_split(report: EvaluationReport, language: Language) -> list[str]:
    """Say what must be known of the split: that it was random, and what nothing could be learned of."""
    remarks = [RANDOM_SPLIT.to(language)] if report.split.get("kind") == "random" else []
    names = report.split.get("without_value", [])
    if names:
        remarks.append(WITHOUT_VALUE.fill(language, n=len(names), names=feature_names(names, language)))
    return remarks


def not_available(report: EvaluationReport, language: Language) -> list[str]:
    """Say of each baseline without figures why there are none."""
    return [
        f"{result.label.to(language)}: {NOT_AVAILABLE.fill(language, reason=result.unavailable.to(language))}"
        for result in report.results
        if result.unavailable is not None
    ]


def rule_table(report: EvaluationReport, language: Language) -> Table | None:
    """Give the ABC rule's own list beside the model's list of the same length; None without the rule."""
    compared = report.at_rule
    if compared is None:
        return None
    words = {
        "zh": ["", "精确率", "灵敏度（召回率）", "特异度"],
        "en": ["", "Precision", "Sensitivity (recall)", "Specificity"],
    }
    rule, model = compared["rule"], compared["model"]
    rows = [
        [
            Text(zh="ABC规则", en="ABC rule").to(language),
            *(figure(rule[key]) for key in ("precision", "recall", "specificity")),
        ],
        [
            Text(zh="模型", en="Model").to(language),
            figure(model["precision"]["expected"]),
            figure(model["recall"]["expected"]),
            figure(model["specificity"]),
        ],
        [
            Text(zh="召回率之比", en="Ratio of recalls").to(language),
            "–",
            figure(compared["recall_ratio"], ".2f"),
            "–",
        ],
    ]
    return Table(AT_RULE.fill(language, flagged=compared["flagged"]), words[language], rows)


def snapshot_table(report: EvaluationReport, language: Language) -> Table:
    """Give the metrics of every test day, model and baselines."""
    head = {"zh": ["日期", "", "学生", "辍学"], "en": ["Day", "", "Pupils", "Dropouts"]}[language]
    columns = head + [
        METRIC_LABELS[name].to(language) for name in ("auc", "average_precision", "brier", "log_loss")
    ]
    rows = [
        [row["as_of"], result.label.to(language), figure(row["n"]), figure(row["positives"])]
        + [figure(row[name]) for name in ("auc", "average_precision", "brier", "log_loss")]
        for result in report.results
        for row in result.by_snapshot
    ]
    return Table(BY_DAY.to(language), columns, sorted(rows, key=lambda row: row[0]))


def counts_table(report: EvaluationReport, language: Language) -> Table:
    """Give rows, pupils and dropouts of each part."""
    columns = ["", *(label.to(language) for label in CELLS.values())]
    rows = [
        [label.to(language), *(figure(report.counts.get(part, {}).get(cell)) for cell in CELLS)]
        for part, label in PARTS.items()
    ]
    return Table(COUNTS.to(language), columns, rows)


def population_table(report: EvaluationReport, language: Language) -> Table | None:
    """Give schools, grade levels and the share of missing values; None for a report without them."""
    population = report.counts.get("population", {})
    if not population:
        return None
    columns = [
        "",
        Text(zh="学校", en="Schools").to(language),
        Text(zh="年级（学生数）", en="Grade levels (pupils)").to(language),
        Text(zh="特征值缺失比例", en="Feature values missing").to(language),
        Text(zh="没有任何值的特征", en="Features without a value").to(language),
    ]
    rows = [
        [
            PARTS[part].to(language),
            figure(of["schools"]),
            ", ".join(f"{level} ({n})" for level, n in of["grade_levels"].items()) or "–",
            figure(of["missing"], ".1%"),
            figure(of["empty_features"]),
        ]
        for part, of in population.items()
    ]
    return Table(POPULATION.to(language), columns, rows)


def censored_table(report: EvaluationReport, language: Language) -> Table | None:
    """Give the rows left without a label, by reason; None when there are none."""
    reasons = report.counts.get("censored", {})
    if not reasons:
        return None
    columns = [Text(zh="原因", en="Reason").to(language), CELLS["rows"].to(language)]
    return Table(
        CENSORED.to(language),
        columns,
        [[words_of(key, CENSORED_WORDS, language), figure(value)] for key, value in reasons.items()],
    )


def selection_table(report: EvaluationReport, language: Language) -> Table | None:
    """Give the candidates as the selection saw them; None when there was nothing to select."""
    if not report.selection:
        return None
    names = list(report.selection[0])
    columns = [words_of(name, SELECTION_COLUMNS, language) for name in names]
    rows = [[_of_candidate(name, row.get(name), language) for name in names] for row in report.selection]
    return Table(SELECTION.to(language), columns, rows)


def _of_candidate(column: str, value: Any, language: Language) -> str:
    if column == "candidate":
        return words_of(value, candidate_words(), language)
    if isinstance(value, bool):
        return YES_NO[value].to(language)
    return str(value[language]) if isinstance(value, dict) else figure(value, ".5f")


def provenance_table(report: EvaluationReport, language: Language) -> Table:
    """Give dates, horizon and hashes."""
    split = report.split
    rows = [
        [Text(zh="训练评分日", en="Training days").to(language), _days(split.get("train_as_of", []))],
        [
            Text(zh="因标签间隔略去", en="Left out for the label gap").to(language),
            _days(split.get("gap_as_of", [])),
        ],
        [Text(zh="测试评分日", en="Test days").to(language), _days(split.get("test_as_of", []))],
        [Text(zh="预测期（上课日）", en="Horizon, school days").to(language), figure(report.horizon_days)],
        [Text(zh="结局事件", en="Outcome events").to(language), events_of(report.events, language)],
        [
            Text(zh="所选模型", en="Chosen candidate").to(language),
            words_of(report.candidate, candidate_words(), language),
        ],
        [
            Text(zh="校准方式", en="Calibrated on").to(language),
            words_of(split.get("calibration", "–"), CALIBRATED_ON, language),
        ],
        *[[words_of(key, HASHES, language), value] for key, value in report.hashes.items()],
    ]
    return Table(PROVENANCE.to(language), ["", ""], rows)


def _days(days: list[str]) -> str:
    return ", ".join(days) if days else "–"
