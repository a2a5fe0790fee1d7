"""Keys of a report in words of both languages, and what the hard words mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dropout_risk.text import COLON, ITEMS, Language, Text

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
            zh="辍学者中不在名单上的比例，未辍学者中列入名单的比例。",
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
    "horizon_not_observed": Text(zh="预测期尚未结束", en="horizon not observed"),
    "left_without_outcome": Text(zh="离校而无结局记录", en="left without an outcome"),
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
CHECK_NAMES = {
    "better_than_base_rate": "优于基准率",
    "not_below_baselines": "不低于各基准",
    "split_in_time": "按时间划分",
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
    "calibration_slope": "校准斜率",
    "calibration_in_the_large": "总体校准",
    "timing_not_worse_than_one_curve": "时间分布不劣于统一曲线",
    "timing_of_the_mean": "时间分布的均值",
    "fnr_gap": "漏掉比例的差距",
    "reasons_kept": "理由前后一致",
    "reasons_move_the_score": "理由确能改变分数",
    "leading_cause": "主要原因与真实原因相符",
}
"""The checks in Chinese; in English their keys are words."""


def words_of(key: object, words: Mapping[str, Text], language: Language) -> str:
    """Give a key in words; a key without words as it is.

    >>> words_of("dropout", EVENTS, "zh"), words_of("moved abroad", EVENTS, "zh")
    ('辍学', 'moved abroad')
    """
    return words[str(key)].to(language) if str(key) in words else str(key)


def events_of(events: Iterable[str], language: Language) -> str:
    """Write outcome events."""
    return ITEMS.join(language, (words_of(event, EVENTS, language) for event in events))


def check_name(name: str, language: Language) -> str:
    """Give the name of a check: in English its stable key."""
    return CHECK_NAMES.get(name, name) if language == "zh" else name


def feature_names(names: Iterable[str], language: Language) -> str:
    """Name features: in Chinese by their labels, where the shipped catalogue has them."""
    from dropout_risk.catalogue.default import default_catalogue

    features = default_catalogue().items()
    labels = {name: feature.label for name, feature in features} if language == "zh" else {}
    return ITEMS.join(language, (words_of(name, labels, language) for name in names))


def glossary(language: Language) -> list[str]:
    """Give one line for each hard word."""
    return [COLON.joined(line).to(language) for line in GLOSSARY]
