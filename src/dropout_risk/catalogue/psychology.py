"""Features of well-being tests: totals, a few scales, bands, change, and the state of the test itself.

A value says where to look, never what somebody has. Critical items are no features: they go to a
person at once, past the model. A higher distress score never lowers the risk; whether an old or an
invalid test is a sign of anything is left to the data.
"""

from __future__ import annotations

import math
from functools import partial

from dropout_risk.catalogue.feature import YES_OR_NO, Feature
from dropout_risk.catalogue.measures import InvalidTest, RiskBand, ScaleChange, ScaleScore, TestAge
from dropout_risk.text import Text

POINTS = Text(zh="分", en="points")
NO_TEST = Text(zh="没有心理测评记录", en="No well-being test on record")
NOT_A_DIAGNOSIS = Text(zh="仅供关心与约谈参考", en="a prompt for a talk, nothing more")
_feature = partial(
    Feature, domain="psychology", source="wellbeing", cause="wellbeing", sensitivity="sensitive"
)


def scale_score(
    name: str,
    instrument: str,
    *,
    label: Text,
    about: Text,
    valid_range: tuple[float, float],
    scale: str = "total",
    shown: str = "{value:.0f}",
    unit: Text = POINTS,
) -> Feature:
    """Declare the latest valid score of one scale of one instrument."""
    return _feature(
        name=name,
        measure=ScaleScore(instrument=instrument, scale=scale),
        unit=unit,
        valid_range=valid_range,
        monotone=1,
        family=instrument.lower(),
        label=label,
        sentence=Text(
            zh=f"{label.zh}{shown}分（{about.zh}）",
            en=f"{label.en} {shown} ({about.en})",
        ),
        missing_sentence=Text(zh=f"没有有效的{label.zh}", en=f"No valid result on record: {label.en}"),
    )


SCALE_SCORES: tuple[Feature, ...] = (
    scale_score(
        "mht_total",
        "MHT",
        label=Text(zh="MHT总分", en="MHT total"),
        about=Text(
            zh="心理健康测评，满分90分，65分及以上建议心理教师约谈",
            en="well-being test, highest 90; 65 and above calls for a talk with the counsellor",
        ),
        valid_range=(0, 90),
    ),
    scale_score(
        "mht_learning_anxiety",
        "MHT",
        scale="learning_anxiety",
        label=Text(zh="MHT学习焦虑分", en="MHT learning anxiety"),
        about=Text(
            zh="满分15分，8分及以上宜多了解学习压力",
            en="highest 15; from 8 it is worth asking about pressure at school",
        ),
        valid_range=(0, 15),
    ),
    scale_score(
        "mht_loneliness",
        "MHT",
        scale="loneliness",
        label=Text(zh="MHT孤独倾向分", en="MHT loneliness"),
        about=Text(
            zh="满分10分，8分及以上宜多了解同伴交往", en="highest 10; from 8 it is worth asking about friends"
        ),
        valid_range=(0, 10),
    ),
    scale_score(
        "mht_physical_symptoms",
        "MHT",
        scale="physical_symptoms",
        label=Text(zh="MHT身体症状分", en="MHT physical symptoms"),
        about=Text(
            zh="满分15分，8分及以上宜多了解睡眠和身体状况",
            en="highest 15; from 8 it is worth asking about sleep and health",
        ),
        valid_range=(0, 15),
    ),
    scale_score(
        "mssmhs_total",
        "MSSMHS",
        label=Text(zh="MSSMHS总均分", en="MSSMHS mean score"),
        about=Text(
            zh="中学生心理健康量表，1至5分，2分及以上宜关注",
            en="well-being test for middle schools, 1 to 5; 2 and above deserves attention",
        ),
        valid_range=(1, 5),
        shown="{value:.1f}",
        unit=Text(zh="分（1至5的均分）", en="mean of answers from 1 to 5"),
    ),
    scale_score(
        "sdq_total",
        "SDQ",
        label=Text(zh="SDQ困难总分", en="SDQ total difficulties"),
        about=Text(
            zh="长处与困难问卷，满分40分，分界值因常模而异",
            en="strengths and difficulties questionnaire, highest 40; cut-offs depend on the norm",
        ),
        valid_range=(0, 40),
    ),
    scale_score(
        "phq9_total",
        "PHQ-9",
        label=Text(zh="PHQ-9总分", en="PHQ-9 total"),
        about=Text(
            zh="情绪问卷，满分27分，10分及以上建议心理教师约谈",
            en="mood questionnaire, highest 27; 10 and above calls for a talk with the counsellor",
        ),
        valid_range=(0, 27),
    ),
    scale_score(
        "gad7_total",
        "GAD-7",
        label=Text(zh="GAD-7总分", en="GAD-7 total"),
        about=Text(
            zh="紧张担忧问卷，满分21分，10分及以上建议心理教师约谈",
            en="questionnaire on worry, highest 21; 10 and above calls for a talk with the counsellor",
        ),
        valid_range=(0, 21),
    ),
    scale_score(
        "scl90_total",
        "SCL-90",
        label=Text(zh="SCL-90总分", en="SCL-90 total"),
        about=Text(
            zh="自评量表，按1至5或0至4计分，分界值随计分方式而定",
            en="self-report list, answers counted 1 to 5 or 0 to 4; the cut-off depends on which",
        ),
        valid_range=(0, 450),
    ),
)

PSYCHOLOGY: tuple[Feature, ...] = (
    *SCALE_SCORES,
    _feature(
        name="psych_risk_band",
        measure=RiskBand(),
        unit=Text(zh="档（0至2）", en="band, 0 to 2"),
        valid_range=(0, 2),
        monotone=1,
        family="psych_band",
        label=Text(zh="心理测评关注档", en="Well-being band"),
        sentence=Text(
            zh=f"最近心理测评处于第{{value:.0f}}档（1为关注，2为重点关注；{NOT_A_DIAGNOSIS.zh}）",
            en=f"Latest well-being tests in band {{value:.0f}} (1 watch, 2 high; {NOT_A_DIAGNOSIS.en})",
        ),
        zero_sentence=Text(
            zh="最近心理测评未达到关注分界值", en="Latest well-being tests below every cut-off for attention"
        ),
        missing_sentence=Text(
            zh="没有可判断关注档的有效心理测评", en="No valid well-being test on record with a known cut-off"
        ),
    ),
    _feature(
        name="psych_change",
        measure=ScaleChange(),
        unit=Text(zh="占量表全距的比例", en="share of the scale's range"),
        valid_range=(-1, 1),
        monotone=1,
        family="psych_change",
        label=Text(zh="心理测评分数升幅", en="Change in well-being tests"),
        sentence=Text(
            zh="心理测评困扰分比上次升高，幅度为量表全距的{value:.0%}",
            en="Distress score up since the test before, by {value:.0%} of the scale's range",
        ),
        negative_sentence=Text(
            zh="心理测评困扰分比上次降低，幅度为量表全距的{value:.0%}",
            en="Distress score down since the test before, by {value:.0%} of the scale's range",
        ),
        zero_sentence=Text(zh="心理测评困扰分与上次相同", en="Distress score the same as in the test before"),
        missing_sentence=Text(
            zh="没有两次有效的同类心理测评可比较", en="No two valid well-being tests of one kind to compare"
        ),
    ),
    _feature(
        name="psych_test_age",
        measure=TestAge(),
        unit=Text(zh="教学日", en="school days"),
        valid_range=(0, math.inf),
        family="psych_test_state",
        actionable=True,
        label=Text(zh="距最近一次心理测评的天数", en="Age of the latest well-being test"),
        sentence=Text(
            zh="距最近一次心理测评已过{value:.0f}个教学日",
            en="School days since the latest well-being test: {value:.0f}",
        ),
        zero_sentence=Text(
            zh="最近一个教学日做过心理测评", en="The latest well-being test is from the last school day"
        ),
        missing_sentence=NO_TEST,
    ),
    _feature(
        name="psych_test_invalid",
        measure=InvalidTest(),
        unit=YES_OR_NO,
        valid_range=(0, 1),
        reads=1,
        faults=True,
        family="psych_test_state",
        actionable=True,
        label=Text(zh="心理测评无效或未作答", en="Well-being test invalid or refused"),
        sentence=Text(
            zh="最近一次心理测评无效或未作答，宜另约时间重测",
            en="The latest well-being test is invalid or was refused; a new one may help",
        ),
        zero_sentence=Text(zh="最近一次心理测评有效", en="The latest well-being test is valid"),
        missing_sentence=NO_TEST,
    ),
)
