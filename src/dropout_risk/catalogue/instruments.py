"""The instruments that come with the library; a county adds its own with ``with_instruments``.

Bands route attention and are never a diagnosis. Only keys and cut-offs that could be checked are
encoded; what could not is named in ``notes`` and left out.
"""

from __future__ import annotations

from functools import cache

from dropout_risk.catalogue.instrument import (
    CriticalItem,
    Cut,
    Instrument,
    InstrumentRegistry,
    Norm,
    Scale,
    Validity,
)
from dropout_risk.text import Text

TOTAL = Text(zh="总分", en="total")


def _item_numbers(first: int, last: int, step: int = 1) -> tuple[int, ...]:
    return tuple(range(first, last + 1, step))


def _sum_of(zh: str, en: str, items: tuple[int, ...]) -> Scale:
    return Scale(label=Text(zh=zh, en=en), low=0, high=len(items), items=items)


MHT_SUBSCALES: dict[str, Scale] = {
    "learning_anxiety": _sum_of("学习焦虑", "learning anxiety", _item_numbers(1, 15)),
    "social_anxiety": _sum_of("对人焦虑", "social anxiety", _item_numbers(16, 25)),
    "loneliness": _sum_of("孤独倾向", "loneliness", _item_numbers(26, 35)),
    "self_blame": _sum_of("自责倾向", "self-blame", _item_numbers(36, 45)),
    "hypersensitivity": _sum_of("过敏倾向", "hypersensitivity", _item_numbers(46, 55)),
    "physical_symptoms": _sum_of("身体症状", "physical symptoms", _item_numbers(56, 70)),
    "phobia": _sum_of("恐怖倾向", "phobia", _item_numbers(71, 80)),
    "impulsivity": _sum_of("冲动倾向", "impulsivity", _item_numbers(81, 99, 2)),
}

MHT = Instrument(
    code="MHT",
    name=Text(zh="心理健康诊断测验", en="Mental Health Test"),
    aliases=("心理健康诊断测验", "心理健康测验"),
    version=Text(
        zh="周步成修订，100题，是计1分、否计0分；总分为效度量表以外90题之和",
        en="Zhou Bucheng, 100 items, yes = 1, no = 0; total over the 90 items outside the validity scale",
    ),
    source=Text(
        zh="三份相互独立的实现一致的计分键", en="key on which three independent implementations agree"
    ),
    scales={"total": Scale(label=TOTAL, low=0, high=90)}
    | MHT_SUBSCALES
    | {"validity": _sum_of("效度", "validity", _item_numbers(82, 100, 2))},
    norms={
        "standard": Norm(
            label=Text(zh="通用", en="general"),
            cuts={"total": Cut(high=65)} | {scale: Cut(high=8) for scale in MHT_SUBSCALES},
            source=Text(
                zh="公开分档：总分65分及以上需个别指导计划，分量表8分及以上为高",
                en="published bands: total from 65 calls for an individual plan; subscale from 8 is high",
            ),
        )
    },
    default_norm="standard",
    validity=Validity(scale="validity", invalid_from=7),
    critical=(
        CriticalItem(
            scale="item_85",
            above=0,
            source=Text(zh="来自代码，并非手册", en="from code, not the manual"),
            verified=False,
        ),
        CriticalItem(
            scale="item_97",
            above=0,
            source=Text(zh="来自代码，并非手册", en="from code, not the manual"),
            verified=False,
        ),
    ),
    notes=(
        Text(
            zh="有资料把55至64分列为关注，未经核实，不予采用",
            en="A watch band of 55 to 64 is in use but not verified, and not encoded",
        ),
        Text(
            zh="第85、97题作为危机题来自代码而非手册；为稳妥起见仍直接转交专人",
            en="Items 85 and 97 as critical come from code, not the manual; they go to a person to be safe",
        ),
        Text(
            zh="网上流传多种错误版本（40题、其他分量表、四级计分），本库只采用这一份计分键",
            en="False versions circulate (40 items, other scales, four-point answers); this key only",
        ),
    ),
)


def _mean_of(zh: str, en: str, *items: int) -> Scale:
    return Scale(label=Text(zh=zh, en=en), low=1, high=5, combine="mean", items=items)


MSSMHS_FACTORS: dict[str, Scale] = {
    "obsession": _mean_of("强迫", "obsession", 3, 10, 12, 22, 23, 48),
    "paranoia": _mean_of("偏执", "paranoia", 11, 20, 24, 26, 47, 49),
    "hostility": _mean_of("敌对", "hostility", 19, 21, 25, 50, 52, 58),
    "interpersonal_sensitivity": _mean_of("人际敏感", "interpersonal sensitivity", 4, 17, 18, 45, 51, 59),
    "depression": _mean_of("抑郁", "depression", 5, 13, 14, 16, 44, 57),
    "anxiety": _mean_of("焦虑", "anxiety", 6, 15, 34, 43, 46, 56),
    "learning_pressure": _mean_of("学习压力", "learning pressure", 31, 33, 36, 38, 40, 55),
    "maladjustment": _mean_of("适应不良", "maladjustment", 1, 8, 9, 29, 39, 41),
    "emotional_instability": _mean_of("情绪不稳", "emotional instability", 2, 7, 27, 32, 35, 53),
    "imbalance": _mean_of("心理不平衡", "psychological imbalance", 28, 30, 37, 42, 54, 60),
}

MSSMHS = Instrument(
    code="MSSMHS",
    name=Text(zh="中学生心理健康量表", en="Middle School Students' Mental Health Scale"),
    aliases=("中学生心理健康量表",),
    version=Text(
        zh="王极盛编制，60题，1至5计分，取均分", en="Wang Jisheng, 60 items, answers 1 to 5; scores are means"
    ),
    source=Text(
        zh="公开计分键；2分及以上的规则经两处印证",
        en="published key; the rule of 2 and above is confirmed on two pages",
    ),
    scales={"total": Scale(label=Text(zh="总均分", en="mean score"), low=1, high=5, combine="mean")}
    | MSSMHS_FACTORS,
    norms={
        "standard": Norm(
            label=Text(zh="通用", en="general"),
            cuts={scale: Cut(watch=2) for scale in ("total", *MSSMHS_FACTORS)},
            source=Text(zh="均分2分及以上宜关注", en="mean of 2 and above deserves attention"),
        )
    },
    default_norm="standard",
    notes=(
        Text(
            zh="轻、中、重的细分档未经核实，不予采用",
            en="Finer bands (mild, moderate, severe) are not verified, and not encoded",
        ),
    ),
)

SDQ = Instrument(
    code="SDQ",
    name=Text(zh="长处与困难问卷", en="Strengths and Difficulties Questionnaire"),
    aliases=("长处与困难问卷",),
    version=Text(
        zh="25题，0至2计分；困难总分为20题之和",
        en="25 items, answers 0 to 2; total over the 20 items on difficulties",
    ),
    source=Text(
        zh="公开计分方法；题目有版权，不予收录",
        en="published scoring; the wording is under copyright and not kept",
    ),
    scales={
        "total": Scale(label=Text(zh="困难总分", en="total difficulties"), low=0, high=40),
        "emotional": Scale(label=Text(zh="情绪症状", en="emotional symptoms"), low=0, high=10),
        "conduct": Scale(label=Text(zh="品行问题", en="conduct"), low=0, high=10),
        "hyperactivity": Scale(label=Text(zh="多动", en="hyperactivity"), low=0, high=10),
        "peer": Scale(label=Text(zh="同伴交往", en="peer relations"), low=0, high=10),
        "prosocial": Scale(
            label=Text(zh="亲社会行为", en="prosocial behaviour"), low=0, high=10, higher_is_worse=False
        ),
    },
    norms={
        "sdq-cn-parent": Norm(
            label=Text(zh="中国家长版（5至13岁）", en="China, parent form, age 5 to 13"),
            cuts={
                "total": Cut(watch=17, high=19),
                "emotional": Cut(watch=4, high=5),
                "conduct": Cut(watch=4, high=5),
                "hyperactivity": Cut(watch=7, high=8),
                "peer": Cut(watch=5, high=6),
                "prosocial": Cut(watch=4, high=3),
            },
            source=Text(zh="22108名儿童，PMC4054577，表6", en="22,108 children, PMC4054577, table 6"),
        ),
        "sdq-uk-parent": Norm(
            label=Text(zh="英国家长版", en="UK, parent form"),
            cuts={"total": Cut(watch=14, high=17)},
            source=Text(zh="英国三档分界，家长版", en="UK three-band scoring, parent form"),
        ),
        "sdq-uk-teacher": Norm(
            label=Text(zh="英国教师版", en="UK, teacher form"),
            cuts={"total": Cut(watch=12, high=16)},
            source=Text(zh="英国三档分界，教师版", en="UK three-band scoring, teacher form"),
        ),
    },
    default_norm="sdq-cn-parent",
    notes=(
        Text(
            zh="英国自评版分界值未经核实，不予采用",
            en="Cut-offs of the UK self-report form are not verified, and not encoded",
        ),
        Text(
            zh="各国常模不同，请逐行注明常模", en="Norms differ between countries; name the norm in every row"
        ),
    ),
)


def _phq_instrument(code: str, name: Text, aliases: tuple[str, ...]) -> Instrument:
    return Instrument(
        code=code,
        name=name,
        aliases=aliases,
        version=Text(zh="9题，0至3计分", en="9 items, answers 0 to 3"),
        source=Text(zh="公开计分方法", en="published scoring"),
        scales={"total": Scale(label=TOTAL, low=0, high=27, items=_item_numbers(1, 9))},
        norms={
            "standard": Norm(
                label=Text(zh="通用", en="general"),
                cuts={"total": Cut(watch=5, high=10)},
                source=Text(
                    zh="公开分界5、10、15、20；5分起关注，10分起重点关注",
                    en="published steps 5, 10, 15, 20; from 5 watch, from 10 high",
                ),
            )
        },
        default_norm="standard",
        critical=(
            CriticalItem(
                scale="item_9",
                above=0,
                source=Text(zh="第9题的公开处置规则", en="published routing of item 9"),
            ),
        ),
        notes=(
            Text(
                zh="云南2237名学生中AUC仅0.62至0.71，最佳分界值为11，且因人群而异",
                en="Among 2,237 pupils in Yunnan: AUC .62 to .71, best cut-off 11, differing by group",
            ),
        ),
    )


PHQ_9 = _phq_instrument(
    "PHQ-9",
    Text(zh="患者健康问卷（9项）", en="Patient Health Questionnaire, 9 items"),
    ("患者健康问卷-9", "Patient Health Questionnaire-9"),
)
PHQ_A = _phq_instrument(
    "PHQ-A",
    Text(zh="患者健康问卷（青少年版）", en="Patient Health Questionnaire for adolescents"),
    ("PHQ-9-A", "PHQ-9A"),
)

GAD_7 = Instrument(
    code="GAD-7",
    name=Text(zh="广泛性焦虑量表（7项）", en="Generalised Anxiety Disorder scale, 7 items"),
    aliases=("广泛性焦虑量表-7", "Generalized Anxiety Disorder-7"),
    version=Text(zh="7题，0至3计分", en="7 items, answers 0 to 3"),
    source=Text(zh="公开计分方法", en="published scoring"),
    scales={"total": Scale(label=TOTAL, low=0, high=21, items=_item_numbers(1, 7))},
    norms={
        "standard": Norm(
            label=Text(zh="通用", en="general"),
            cuts={"total": Cut(watch=5, high=10)},
            source=Text(
                zh="公开分界5、10、15；5分起关注，10分起重点关注",
                en="published steps 5, 10, 15; from 5 watch, from 10 high",
            ),
        )
    },
    default_norm="standard",
)

SCL_90 = Instrument(
    code="SCL-90",
    name=Text(zh="症状自评量表", en="Symptom Checklist, 90 items"),
    aliases=("症状自评量表",),
    version=Text(zh="90题，1至5或0至4计分", en="90 items, answers 1 to 5 or 0 to 4"),
    source=Text(
        zh="公开计分方法；须以常模注明计分起点",
        en="published scoring; the origin of the answers must be declared as the norm",
    ),
    scales={
        "total": Scale(label=TOTAL, low=0, high=450),
        "positives": Scale(label=Text(zh="阳性项目数", en="positive items"), low=0, high=90, combine="count"),
        "highest_factor": Scale(
            label=Text(zh="最高因子均分", en="highest factor mean"), low=0, high=5, combine="max"
        ),
    },
    norms={
        "1-5": Norm(
            label=Text(zh="1至5计分", en="answers 1 to 5"),
            cuts={
                "total": Cut(watch=160, strict=True),
                "positives": Cut(watch=43, strict=True),
                "highest_factor": Cut(watch=2, strict=True),
            },
            ranges={"total": (90, 450), "highest_factor": (1, 5)},
            source=Text(
                zh="总分超过160，或阳性项目超过43，或任一因子超过2",
                en="total above 160, or more than 43 positive items, or a factor above 2",
            ),
        ),
        "0-4": Norm(
            label=Text(zh="0至4计分", en="answers 0 to 4"),
            cuts={"total": Cut(watch=70, strict=True), "highest_factor": Cut(watch=1)},
            ranges={"total": (0, 360), "highest_factor": (0, 4)},
            source=Text(zh="总分超过70，或任一因子达到1", en="total above 70, or a factor of 1 and above"),
        ),
    },
    default_norm=None,
    notes=(
        Text(
            zh="未注明计分方式（1-5或0-4）的分数不分档：同一个数含义不同",
            en="A score without a norm (1-5 or 0-4) has no band; one number would mean two things",
        ),
    ),
)


@cache
def default_instruments() -> InstrumentRegistry:
    """Give the instruments that come with the library.

    >>> list(default_instruments())
    ['MHT', 'MSSMHS', 'SDQ', 'PHQ-9', 'PHQ-A', 'GAD-7', 'SCL-90']
    >>> default_instruments()["phq9"].code
    'PHQ-9'
    """
    return InstrumentRegistry((MHT, MSSMHS, SDQ, PHQ_9, PHQ_A, GAD_7, SCL_90))
