"""Family factors by legal definition: the codes that the ``family`` table uses.

A code says what an office has recorded, never what a family is like. Sex and ethnicity are no factors:
they are kept for checks of fairness only.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dropout_risk.catalogue.feature import Cause
from dropout_risk.text import Text


@dataclass(frozen=True)
class Factor:
    """One family factor, by what the ``factor`` column says; ``values`` is what the ``value`` column may say.

    ``definition`` says when it holds, ``source`` the rule that defines it, or the office that records it;
    ``burden`` whether it counts as a burden of the family, and ``cause`` which cause it speaks for.
    """

    code: str
    label: Text
    definition: Text
    source: Text
    burden: bool = True
    cause: Cause = "family"
    values: dict[str, Text] = field(default_factory=dict)


SCHOOL_RECORDS = Text(zh="学校登记", en="school records")
CIVIL_AFFAIRS = Text(zh="民政部门认定", en="decision of the civil affairs office")

FACTORS: dict[str, Factor] = {
    factor.code: factor
    for factor in (
        Factor(
            code="left_behind",
            label=Text(zh="留守儿童", en="left-behind child"),
            definition=Text(
                zh="父母双方外出务工，或一方外出务工、另一方无监护能力，不满16周岁，农村户籍",
                en="both parents away for work, or one away and the other unable to act as guardian; "
                "under 16; rural household registration",
            ),
            source=Text(zh="国发〔2016〕13号", en="State Council document 国发〔2016〕13号"),
            values={
                "both_parents": Text(zh="父母双方外出", en="both parents away"),
                "one_parent": Text(
                    zh="一方外出，另一方无监护能力", en="one away, the other unable to act as guardian"
                ),
                "both_parents_half_year": Text(
                    zh="父母双方外出半年及以上（教育统计口径）",
                    en="both parents away for at least half a year (as education statistics count)",
                ),
            },
        ),
        Factor(
            code="parents_working_away",
            label=Text(zh="父母外出务工", en="parents working away"),
            definition=Text(
                zh="有父母外出务工，但未认定为留守儿童",
                en="a parent works away, without recognition as a left-behind child",
            ),
            source=SCHOOL_RECORDS,
            burden=False,
            values={
                "father": Text(zh="父亲", en="father"),
                "mother": Text(zh="母亲", en="mother"),
                "both_parents": Text(zh="父母双方", en="both parents"),
            },
        ),
        Factor(
            code="single_parent",
            label=Text(zh="单亲家庭", en="single parent"),
            definition=Text(zh="只与父母一方共同生活", en="lives with one parent only"),
            source=SCHOOL_RECORDS,
        ),
        Factor(
            code="parents_divorced",
            label=Text(zh="父母离异", en="parents divorced"),
            definition=Text(zh="父母已离婚", en="the parents are divorced"),
            source=SCHOOL_RECORDS,
        ),
        Factor(
            code="bereavement",
            label=Text(zh="亲人离世", en="death in the family"),
            definition=Text(zh="父母或监护人离世", en="a parent or guardian has died"),
            source=SCHOOL_RECORDS,
            values={
                "father": Text(zh="父亲", en="father"),
                "mother": Text(zh="母亲", en="mother"),
                "guardian": Text(zh="其他监护人", en="another guardian"),
            },
        ),
        Factor(
            code="orphan",
            label=Text(zh="孤儿", en="orphan"),
            definition=Text(
                zh="民政部门认定的孤儿", en="recognised as an orphan by the civil affairs office"
            ),
            source=CIVIL_AFFAIRS,
        ),
        Factor(
            code="de_facto_unsupported",
            label=Text(zh="事实无人抚养儿童", en="de facto unsupported child"),
            definition=Text(
                zh="不满18周岁，父母双方均重残、重病、服刑、强制隔离戒毒、被限制人身自由6个月以上或失联6个月以上，"
                "或一方死亡或失踪、另一方有上述情形",
                en="under 18; each parent severely disabled, seriously ill, in prison, in compulsory "
                "detoxification, deprived of liberty or out of contact for 6 months or more, or one dead or "
                "missing and the other in such a state",
            ),
            source=Text(zh="民发〔2019〕62号", en="Ministry of Civil Affairs document 民发〔2019〕62号"),
        ),
        Factor(
            code="parent_unable_to_care",
            label=Text(zh="父母一方无法照料", en="a parent unable to care"),
            definition=Text(
                zh="父母一方有事实无人抚养所列情形之一",
                en="one parent is in a state that the rule on de facto unsupported children lists",
            ),
            source=Text(zh="民发〔2019〕62号所列情形", en="states listed in 民发〔2019〕62号"),
            values={
                "severe_disability": Text(
                    zh="重残（1至2级，或3至4级精神、智力残疾）",
                    en="severe disability (grade 1 or 2, or mental or intellectual of grade 3 or 4)",
                ),
                "serious_illness": Text(zh="重病", en="serious illness"),
                "in_prison": Text(zh="服刑", en="in prison"),
                "compulsory_detoxification": Text(zh="强制隔离戒毒", en="compulsory detoxification"),
                "liberty_limited": Text(
                    zh="被限制人身自由6个月以上", en="deprived of liberty for 6 months or more"
                ),
                "out_of_contact": Text(zh="失联6个月以上", en="out of contact for 6 months or more"),
            },
        ),
        Factor(
            code="low_income",
            label=Text(zh="低保家庭", en="household on minimum allowance"),
            definition=Text(zh="享受最低生活保障", en="the household receives the minimum living allowance"),
            source=CIVIL_AFFAIRS,
            cause="poverty",
        ),
        Factor(
            code="extreme_poverty",
            label=Text(zh="特困供养", en="support for extreme hardship"),
            definition=Text(zh="纳入特困人员救助供养", en="receives support for persons in extreme hardship"),
            source=CIVIL_AFFAIRS,
            cause="poverty",
        ),
        Factor(
            code="monitored_household",
            label=Text(zh="防返贫监测对象", en="household monitored for poverty"),
            definition=Text(zh="纳入防止返贫动态监测", en="under monitoring against a return to poverty"),
            source=Text(zh="防返贫动态监测", en="monitoring against a return to poverty"),
            cause="poverty",
            values={
                "unstable_after_poverty": Text(zh="脱贫不稳定", en="out of poverty, not stable"),
                "marginal": Text(zh="边缘易致贫", en="at the edge of poverty"),
                "sudden_hardship": Text(zh="突发严重困难", en="sudden severe hardship"),
            },
        ),
        Factor(
            code="registered_poor",
            label=Text(zh="建档立卡户", en="registered poor household"),
            definition=Text(
                zh="2020年以前的建档立卡贫困户；此后为防返贫监测对象",
                en="registered as poor, until 2020; monitored households since then",
            ),
            source=Text(zh="建档立卡（至2020年）", en="register of poor households, until 2020"),
            cause="poverty",
        ),
        Factor(
            code="disability",
            label=Text(zh="残疾", en="disability"),
            definition=Text(zh="学生本人持有残疾证明", en="the pupil holds a certificate of disability"),
            source=Text(zh="残疾人证", en="certificate of disability"),
            values={grade: Text(zh=f"{grade}级", en=f"grade {grade}") for grade in ("1", "2", "3", "4")},
        ),
        Factor(
            code="migrant_child",
            label=Text(zh="随迁子女", en="child of migrant workers"),
            definition=Text(
                zh="随父母到务工地就读", en="moved with the parents and goes to school where they work"
            ),
            source=SCHOOL_RECORDS,
            burden=False,
        ),
        Factor(
            code="grandparents_care",
            label=Text(zh="隔代抚养", en="grandparents' care"),
            definition=Text(zh="日常由祖辈照料", en="grandparents look after the pupil from day to day"),
            source=SCHOOL_RECORDS,
            burden=False,
        ),
        Factor(
            code="none",
            label=Text(zh="无以上情况", en="none of these"),
            definition=Text(
                zh="已了解家庭情况，没有需要登记的困难",
                en="the family was asked, and there is no burden to record",
            ),
            source=SCHOOL_RECORDS,
            burden=False,
        ),
    )
}

BURDENS: tuple[str, ...] = tuple(code for code, factor in FACTORS.items() if factor.burden)
