"""The tables of an evaluation report, and its keys and hard words: both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dropout_risk.evaluation.section import Cell, SectionTable, interval_in_brackets
from dropout_risk.evaluation.small_groups import withheld_groups
from dropout_risk.modelling.candidates import candidate_words
from dropout_risk.text import COLON, ITEMS, Language, Text

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
NOT_AVAILABLE = Text(zh="{label}不可用：{reason}", en="{label}: not available because {reason}")
AT_RULE = Text(
    zh="ABC规则点名的学生，与模型同样人数的名单（{flagged}人次）",
    en="ABC rule as it names pupils, and the model's list of the same length ({flagged} rows)",
)
AT_RULE_COLUMNS = (
    "",
    Text(zh="精确率", en="Precision"),
    Text(zh="灵敏度（召回率）", en="Sensitivity (recall)"),
    Text(zh="特异度", en="Specificity"),
)
BY_DAY = Text(zh="各评分日", en="Each test day")
DAY_COLUMNS = (Text(zh="日期", en="Day"), "", Text(zh="学生", en="Pupils"), Text(zh="辍学", en="Dropouts"))
METRICS_OF_A_DAY = ("auc", "average_precision", "brier", "log_loss")
COUNTS = Text(zh="样本", en="Rows and pupils")
POPULATION = Text(zh="训练与测试的学校和学生", en="Schools and pupils trained and tested on")
POPULATION_COLUMNS = (
    "",
    Text(zh="学校", en="Schools"),
    Text(zh="年级（学生数）", en="Grade levels (pupils)"),
    Text(zh="特征值缺失比例", en="Feature values missing"),
    Text(zh="没有任何值的特征", en="Features without a value"),
)
CENSORED_TITLE = Text(zh="未计入标签的行（删失）", en="Rows without a label (censored)")
SELECTION = Text(zh="候选模型", en="Candidates")
PROVENANCE = Text(zh="来源与切分", en="Data and split")
TEST_DAYS = Text(zh="测试评分日", en="Test days")
HORIZON = Text(zh="预测期（教学日）", en="Horizon, school days")
OUTCOME_EVENTS = Text(zh="结局事件", en="Outcome events")
CHOSEN_CANDIDATE = Text(zh="所选模型", en="Chosen candidate")
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
NO_WIDTH, TELLS_NOTHING = 1e-9, 20.0
"""A constant has no interval, and the slope of nearly equal risks one that tells nothing."""


def report_tables(report: EvaluationReport) -> list[SectionTable]:
    """Give every table of the report that has rows, its sections' apart."""
    made = (
        results_table(report),
        rule_table(report),
        snapshot_table(report),
        counts_table(report),
        population_table(report),
        censored_table(report),
        selection_table(report),
        provenance_table(report),
    )
    return [table for table in made if table is not None]


def results_table(report: EvaluationReport) -> SectionTable:
    """Give the model and its baselines, one row each, their intervals beneath."""
    rows: list[tuple[Cell, ...]] = []
    for result in report.results:
        rows.append((result.label, *(result.metrics.get(name) for name in METRIC_LABELS)))
        if result.intervals:
            rows.append((INTERVAL, *(_interval_in_words(result, name) for name in METRIC_LABELS)))
    return SectionTable(RESULTS, ("", *METRIC_LABELS.values()), tuple(rows))


def _interval_in_words(result: Result, name: str) -> str:
    ends = result.intervals.get(name)
    width = 0.0 if ends is None else ends["high"] - ends["low"]
    if ends is None or not NO_WIDTH < width < TELLS_NOTHING:
        return "–"
    return interval_in_brackets(ends, digits=3 if name in ("brier", "log_loss") else 2, before="")


def about_the_split(report: EvaluationReport) -> list[Text]:
    """Say what must be known of the split: that it was random, and what nothing could be learned of."""
    remarks = [RANDOM_SPLIT] if report.split.get("kind") == "random" else []
    names = report.split.get("without_value", [])
    if names:
        remarks.append(WITHOUT_VALUE.filled(n=len(names), names=feature_names(names)))
    return remarks


def not_available(report: EvaluationReport) -> list[Text]:
    """Say of each baseline without figures why there are none."""
    return [
        NOT_AVAILABLE.filled(label=result.label, reason=result.unavailable)
        for result in report.results
        if result.unavailable is not None
    ]


def rule_table(report: EvaluationReport) -> SectionTable | None:
    """Give the ABC rule's own list beside the model's list of the same length; None without the rule."""
    compared = report.at_rule
    if compared is None:
        return None
    rule, model, ratio = compared["rule"], compared["model"], compared["recall_ratio"]
    rows: list[tuple[Cell, ...]] = [
        (Text(zh="ABC规则", en="ABC rule"), rule["precision"], rule["recall"], rule["specificity"]),
        (
            Text(zh="模型", en="Model"),
            model["precision"]["expected"],
            model["recall"]["expected"],
            model["specificity"],
        ),
        (Text(zh="召回率之比", en="Ratio of recalls"), None, None if ratio is None else f"{ratio:.2f}", None),
    ]
    return SectionTable(AT_RULE.filled(flagged=compared["flagged"]), AT_RULE_COLUMNS, tuple(rows))


def snapshot_table(report: EvaluationReport) -> SectionTable:
    """Give the metrics of every test day, model and baselines."""
    rows = [
        (row["as_of"], result.label, row["n"], row["positives"], *(row[name] for name in METRICS_OF_A_DAY))
        for result in report.results
        for row in result.by_snapshot
    ]
    columns: tuple[Text | str, ...] = (*DAY_COLUMNS, *(METRIC_LABELS[name] for name in METRICS_OF_A_DAY))
    return SectionTable(BY_DAY, columns, tuple(sorted(rows, key=lambda row: str(row[0]))))


def counts_table(report: EvaluationReport) -> SectionTable:
    """Give rows, pupils and dropouts of each part."""
    rows = [
        (label, *(report.counts.get(part, {}).get(cell) for cell in CELLS)) for part, label in PARTS.items()
    ]
    return SectionTable(COUNTS, ("", *CELLS.values()), tuple(rows))


def population_table(report: EvaluationReport) -> SectionTable | None:
    """Give schools, grade levels and the share of missing values; None for a report without them."""
    rows = [
        (
            PARTS[part],
            found["schools"],
            _levels_in_words(found["grade_levels"]),
            None if found["missing"] is None else f"{found['missing']:.1%}",
            found["empty_features"],
        )
        for part, found in report.counts.get("population", {}).items()
    ]
    return SectionTable(POPULATION, POPULATION_COLUMNS, tuple(rows)) if rows else None


def _levels_in_words(levels: Mapping[str, int]) -> str | None:
    """Name grade levels with their numbers of pupils, but for small ones and who stands beside them."""
    hidden = withheld_groups(list(levels.values()))
    named = zip(levels.items(), hidden, strict=True)
    return ", ".join(f"{level} (–)" if away else f"{level} ({n})" for (level, n), away in named) or None


def censored_table(report: EvaluationReport) -> SectionTable | None:
    """Give the rows left without a label, by reason; None when there are none."""
    rows = [(word_of(key, CENSORED), rows) for key, rows in report.counts.get("censored", {}).items()]
    columns = (Text(zh="原因", en="Reason"), CELLS["rows"])
    return SectionTable(CENSORED_TITLE, columns, tuple(rows)) if rows else None


def selection_table(report: EvaluationReport) -> SectionTable | None:
    """Give the candidates as the selection saw them; None when there was nothing to select."""
    if not report.selection:
        return None
    names = list(report.selection[0])
    columns = tuple(word_of(name, SELECTION_COLUMNS) for name in names)
    rows = [tuple(_candidate_cell(name, row.get(name)) for name in names) for row in report.selection]
    return SectionTable(SELECTION, columns, tuple(rows))


def _candidate_cell(column: str, value: Any) -> Cell:
    if column == "candidate":
        return word_of(value, candidate_words())
    if isinstance(value, bool):
        return YES_NO[value]
    if isinstance(value, dict):
        return Text(**value)
    return f"{value:.5f}" if isinstance(value, float) else value


def provenance_table(report: EvaluationReport) -> SectionTable:
    """Give dates, horizon and hashes."""
    split = report.split
    rows: list[tuple[Cell, ...]] = [
        (Text(zh="训练评分日", en="Training days"), _days_in_words(split.get("train_as_of"))),
        (Text(zh="因标签间隔略去", en="Left out for the label gap"), _days_in_words(split.get("gap_as_of"))),
        (TEST_DAYS, _days_in_words(split.get("test_as_of"))),
        (HORIZON, report.horizon_days),
        (OUTCOME_EVENTS, events_of(report.events)),
        (CHOSEN_CANDIDATE, word_of(report.candidate, candidate_words())),
        (Text(zh="校准方式", en="Calibrated on"), word_of(split.get("calibration", "–"), CALIBRATED_ON)),
        *((word_of(key, HASHES), value) for key, value in report.hashes.items()),
    ]
    return SectionTable(PROVENANCE, ("", ""), tuple(rows))


def _days_in_words(days: list[str] | None) -> str | None:
    return ", ".join(days) if days else None


# --- Keys in words, and what the hard words mean ---

HOW_TO_READ = Text(zh="怎样读这份报告", en="How to read this")
GLOSSARY: tuple[tuple[Text, Text], ...] = (
    (
        Text(zh="AUC", en="AUC"),
        Text(
            zh="任取一名辍学和一名未辍学的学生，辍学者风险较高的机会；0.5等于抛硬币，1为全部排对。",
            en="how often a pupil who dropped out has the higher risk than one who stayed; 0.5 is a coin, 1 "
            "is always.",
        ),
    ),
    (
        Text(zh="平均精确率", en="AP (average precision)"),
        Text(
            zh="从风险最高的学生往下看，名单中辍学者所占比例的平均；只靠猜测时等于辍学率。",
            en="the mean share of dropouts on lists of the highest risks, short and long; guessing gives the "
            "base rate.",
        ),
    ),
    (
        Text(zh="Brier、对数损失", en="Brier score, log loss"),
        Text(
            zh="风险与实际结果的差距，越小越好；应与“基准率”一行相比，不能单独看。",
            en="how far risks are from what happened, less is better; to be read beside the base rate.",
        ),
    ),
    (
        Text(zh="校准斜率、校准截距", en="Slope, intercept"),
        Text(
            zh="斜率1、截距0表示风险的高低与实际相符；斜率小于1表示风险说得过于极端。",
            en="1 and 0 where risks are as high as they should be; a slope below 1: they are too extreme.",
        ),
    ),
    (
        Text(zh="对数几率", en="Log-odds"),
        Text(
            zh="风险的另一种刻度：风险p的对数几率为ln(p/(1−p))。风险低时，增加0.7约等于风险加倍。",
            en="another scale of risk, ln(p / (1 - p)); where risks are low, 0.7 more is about twice.",
        ),
    ),
    (
        Text(zh="提升度", en="Lift"),
        Text(
            zh="名单中辍学者的比例是全体的几倍；1等于随机抽取。",
            en="how many times as many dropouts a list holds as one drawn by lot; 1 is no better.",
        ),
    ),
    (
        Text(zh="一致性指数", en="Concordance"),
        Text(
            zh="任取两名学生，先辍学者风险较高的机会；0.5等于抛硬币。",
            en="of two pupils, how often who dropped out first had the higher risk; 0.5 is a coin.",
        ),
    ),
    (
        Text(zh="漏掉（FNR）、误列（FPR）", en="FNR, FPR"),
        Text(
            zh="辍学者中未列入名单的比例，未辍学者中列入名单的比例。",
            en="the share of dropouts that the list misses, and the share of those who stayed that it names.",
        ),
    ),
    (
        Text(zh="方括号、95%区间", en="Brackets, 95 %"),
        Text(
            zh="换一批学校或学生，数字大致会落在的范围；区间宽，说明数据还少。",
            en="about where the figure would lie with other schools or pupils; wide: too little data.",
        ),
    ),
)

EVENTS = {
    "dropout": Text(zh="辍学", en="dropout"),
    "suspected_dropout": Text(zh="疑似辍学", en="suspected dropout"),
    "returned": Text(zh="返校", en="returned"),
    "transferred": Text(zh="转学", en="transferred"),
    "graduated": Text(zh="毕业", en="graduated"),
    "died": Text(zh="去世", en="died"),
}
CENSORED = EVENTS | {
    "helped": Text(zh="预测期内有人帮扶", en="helped within the horizon"),
    "horizon_not_observed": Text(zh="预测期尚未结束", en="horizon not observed"),
    "outcomes_not_complete": Text(
        zh="学籍变动未必登记到预测期末", en="outcomes not known to be complete to the end of the horizon"
    ),
    "rows_set_apart": Text(zh="太多记录未使用", en="too many rows set apart"),
    "left_without_outcome": Text(zh="离校而无结局记录", en="left without an outcome"),
    "attendance_stopped": Text(
        zh="考勤中断而班级照常，又无学籍变动",
        en="attendance stops while the class goes on, without an outcome",
    ),
}
CALIBRATED_ON = {
    "pupils of their own": Text(zh="另留的学生", en="pupils of their own"),
    "out of fold": Text(zh="折外分数（交叉拟合）", en="out of fold"),
}
HASHES = {
    "data": Text(zh="数据指纹", en="Fingerprint of the data"),
    "catalogue": Text(zh="特征目录指纹", en="Fingerprint of the catalogue"),
}
SELECTION_COLUMNS = {
    "candidate": Text(zh="候选模型", en="Candidate"),
    "log_loss": Text(zh="对数损失", en="Log loss"),
    "excess": Text(zh="比最低者高", en="Above the lowest"),
    "standard_error": Text(zh="标准误", en="Standard error"),
    "worst_fold": Text(zh="最差一折", en="Worst fold"),
    "slope": Text(zh="斜率", en="Slope"),
    "intercept": Text(zh="截距", en="Intercept"),
    "chosen": Text(zh="选用", en="Chosen"),
    "reason": Text(zh="理由", en="Reason"),
}
YES_NO = {True: Text(zh="是", en="yes"), False: Text(zh="否", en="no")}


def word_of(key: object, words: Mapping[str, Text]) -> Text:
    """Give a key in words; a key without words as it is.

    >>> word_of("dropout", EVENTS).zh, word_of("moved abroad", EVENTS).zh
    ('辍学', 'moved abroad')
    """
    return words.get(str(key), Text(zh=str(key), en=str(key)))


def events_of(events: Iterable[str]) -> Text:
    """Write outcome events."""
    return ITEMS.joined([word_of(event, EVENTS) for event in events])


def feature_names(names: Iterable[str]) -> Text:
    """Name features: in Chinese by their labels, where the shipped catalogue has them."""
    from dropout_risk.catalogue.default import default_catalogue

    labels = {name: Text(zh=feature.label.zh, en=name) for name, feature in default_catalogue().items()}
    return ITEMS.joined([word_of(name, labels) for name in names])


def glossary_lines(language: Language) -> list[str]:
    """Give one line for each hard word."""
    return [COLON.joined(words).to(language) for words in GLOSSARY]
