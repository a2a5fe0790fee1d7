"""The words of the calibration part of a report."""

from __future__ import annotations

from dropout_risk.evaluation.fairness_groups import ATTRIBUTES
from dropout_risk.text import Text

TITLE = Text(zh="校准：风险能否当作概率来读", en="Calibration: may risks be read as probabilities?")
CLUSTERS = {
    "school": Text(
        zh="区间均为95%，按学校整群计算：同一所学校的学生并不相互独立。",
        en="Intervals are at 95 %, clustered by school: pupils of one school are not independent.",
    ),
    "pupil": Text(
        zh="区间均为95%，按学生整群计算；学校不足十所，学校之间的差异未计入。",
        en="Intervals are at 95 %, clustered by pupil; there are fewer than ten schools, so differences "
        "between schools are not in them.",
    ),
}
SPREAD = Text(
    zh="除去偶然因素，各校之间对数几率的标准差为{spread:.2f}。表中各校数值已向总体收缩，学生少的学校收缩更多。",
    en="Beyond chance, schools differ by a standard deviation of {spread:.2f} in log-odds. Their figures are "
    "drawn towards the whole, those of small schools more.",
)
SMALL = Text(
    zh="另有{groups}个组的学生不足{fewest}人，未列出。",
    en="{groups} group(s) of fewer than {fewest} pupils are not listed.",
)
COVERED = Text(
    zh="在{cohorts}个“学校×日期×风险段”中，{share:.1%}的实际辍学人数落在由90%区间推出的范围内（含偶然波动）；"
    "不用区间、把风险当作准确值时为{exact:.1%}。两者相近时，人数的偶然波动已占主要部分，这项检验说明不了多少。",
    en="Of {cohorts} bands of risk at one school on one day, {share:.1%} had as many dropouts as the 90 % "
    "intervals leave room for, chance included; without intervals, risks taken as exact, it is {exact:.1%}. "
    "Where the two are close, chance in the numbers outweighs the intervals, and this says little of them.",
)
FEW_COHORTS = Text(
    zh="学校和日期太少，无法检验区间。", en="There are too few schools and days to hold intervals to account."
)
SETS = Text(
    zh="90%判别集合：后来辍学的学生中有{drop_out:.1%}、留下的学生中有{stay:.1%}的集合包含真实结果；"
    "{both:.1%}的学生两种结果都不能排除。",
    en="Sets at 90 %: what happened lay in the set of {drop_out:.1%} of those who dropped out and of "
    "{stay:.1%} of those who stayed; for {both:.1%} of pupils neither outcome is ruled out.",
)
SUMMARY = Text(zh="总体校准", en="Calibration in the whole")
SUMMARY_COLUMNS = (
    "",
    Text(zh="数值", en="Value"),
    Text(zh="下限", en="Low"),
    Text(zh="上限", en="High"),
)
FIGURES = {
    "slope": Text(zh="斜率（1为准确，小于1为过于极端）", en="Slope (1 is right, below 1 too extreme)"),
    "in_the_large": Text(
        zh="总体偏移（对数几率，0为准确，小于0为风险偏高）",
        en="Calibration in the large (log-odds; 0 is right, below 0 too high risks)",
    ),
    "error": Text(zh="期望校准误差（十等分）", en="Expected calibration error (ten bins)"),
    "by_chance": Text(zh="其中偶然因素就会造成的误差", en="The error that chance alone would show"),
}
BY_GROUP = {
    "school": Text(zh="偏离最大的学校", en="Schools that are furthest off"),
    "day": Text(zh="各测试日", en="By test day"),
    **{
        name: Text(zh=f"按{words.zh}", en=f"By {words.en.lower()}")
        for name, words in ATTRIBUTES.items()
        if name != "school"
    },
}
GROUP_COLUMNS = (
    Text(zh="组", en="Group"),
    Text(zh="学生", en="Pupils"),
    Text(zh="辍学", en="Dropouts"),
    Text(zh="平均风险", en="Mean risk"),
    Text(zh="实际比例", en="Share"),
    Text(zh="偏移", en="Shift"),
    Text(zh="下限", en="Low"),
    Text(zh="上限", en="High"),
)
NO_SLOPE = Text(
    zh="测试部分只有{dropouts}人次辍学，少于{fewest}，或风险没有差别",
    en="{dropouts} dropouts in the test part, {fewest} are needed, and risks that differ",
)
CHECKED_SLOPE = Text(
    zh="斜率{value:.2f}（{low:.2f}至{high:.2f}），整个区间应在{least}至{most}之间",
    en="slope {value:.2f} ({low:.2f} to {high:.2f}), wanted: the whole interval within {least} to {most}",
)
CHECKED_LARGE = Text(
    zh="总体偏移{value:.2f}（{low:.2f}至{high:.2f}），整个区间应在{least}至{most}之间",
    en="shift {value:.2f} ({low:.2f} to {high:.2f}), wanted: the whole interval within {least} to {most}",
)
