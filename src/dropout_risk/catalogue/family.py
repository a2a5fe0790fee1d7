"""Features of family, distance and boarding: what the records say on the day, by legal definition.

A further burden never lowers the risk. Migration, grandparents' care and boarding can protect as well
as burden, so they carry no direction.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

from dropout_risk.catalogue.feature import YES_OR_NO, Cause, Feature
from dropout_risk.catalogue.measures import FactorCount, FactorHolds, RecentFactor, StudentColumn
from dropout_risk.text import Text

NO_FAMILY_RECORD = Text(
    zh="家庭情况未登记或不详，请核实",
    en="Family information not on record or not known: please find out",
)
_feature = partial(
    Feature, domain="family", source="family", cause="family", sensitivity="sensitive",
    missing_sentence=NO_FAMILY_RECORD,
)  # fmt: skip


def declare_factor(
    name: str,
    *factors: str,
    label: Text,
    holds: Text,
    absent: Text,
    values: tuple[str, ...] = (),
    cause: Cause = "family",
    monotone: Literal[-1, 0, 1] = 1,
) -> Feature:
    """Declare whether one of some family factors holds on the day."""
    return _feature(
        name=name,
        measure=FactorHolds(factors=factors, values=values),
        unit=YES_OR_NO,
        valid_range=(0, 1),
        monotone=monotone,
        faults=monotone == 1,
        cause=cause,
        family=factors[0],
        label=label,
        sentence=holds,
        zero_sentence=absent,
    )


FACTORS_ON_THE_DAY: tuple[Feature, ...] = (
    declare_factor(
        "left_behind_both_parents",
        "left_behind",
        values=("both_parents", "both_parents_half_year"),
        label=Text(zh="父母均外出的留守儿童", en="Left behind, both parents away"),
        holds=Text(
            zh="登记为留守儿童，父母双方均外出务工",
            en="Recorded as a left-behind child: both parents work away from home",
        ),
        absent=Text(zh="没有父母双方均外出务工的登记", en="No record of both parents working away"),
    ),
    declare_factor(
        "left_behind",
        "left_behind",
        label=Text(zh="留守儿童", en="Left behind"),
        holds=Text(zh="登记为留守儿童", en="Recorded as a left-behind child: a parent works away from home"),
        absent=Text(zh="没有留守儿童登记", en="No record as a left-behind child"),
    ),
    declare_factor(
        "single_parent",
        "single_parent",
        label=Text(zh="单亲家庭", en="Single parent"),
        holds=Text(zh="登记为单亲家庭", en="Recorded as living with a single parent"),
        absent=Text(zh="没有单亲家庭登记", en="No record of living with a single parent"),
    ),
    declare_factor(
        "parents_divorced",
        "parents_divorced",
        label=Text(zh="父母离异", en="Parents divorced"),
        holds=Text(zh="登记为父母离异", en="Parents recorded as divorced"),
        absent=Text(zh="没有父母离异登记", en="No record of a divorce of the parents"),
    ),
    declare_factor(
        "orphan_or_de_facto_unsupported",
        "orphan",
        "de_facto_unsupported",
        label=Text(zh="孤儿或事实无人抚养", en="Orphan or de facto unsupported"),
        holds=Text(
            zh="登记为孤儿或事实无人抚养儿童", en="Recorded as an orphan or a de facto unsupported child"
        ),
        absent=Text(
            zh="没有孤儿或事实无人抚养登记", en="No record as an orphan or a de facto unsupported child"
        ),
    ),
    declare_factor(
        "parent_unable_to_care",
        "parent_unable_to_care",
        label=Text(zh="父母一方无法照料", en="A parent unable to care"),
        holds=Text(
            zh="登记有父母一方因病、残或其他原因无法照料",
            en="A parent is recorded as unable to care, through illness, disability or other reasons",
        ),
        absent=Text(zh="没有父母无法照料的登记", en="No record of a parent unable to care"),
    ),
    declare_factor(
        "bereavement",
        "bereavement",
        label=Text(zh="亲人离世", en="Death in the family"),
        holds=Text(zh="登记有父母或监护人离世", en="The death of a parent or guardian is recorded"),
        absent=Text(zh="没有父母或监护人离世的登记", en="No record of the death of a parent or guardian"),
    ),
    declare_factor(
        "low_income",
        "low_income",
        "extreme_poverty",
        "monitored_household",
        "registered_poor",
        cause="poverty",
        label=Text(zh="低保、特困或防返贫监测家庭", en="Low-income or monitored household"),
        holds=Text(
            zh="登记为低保、特困或防返贫监测家庭",
            en="Recorded as a low-income household or one monitored for poverty",
        ),
        absent=Text(
            zh="没有低保、特困或防返贫监测登记", en="No record of low income or of monitoring for poverty"
        ),
    ),
    declare_factor(
        "disability",
        "disability",
        label=Text(zh="残疾", en="Disability"),
        holds=Text(zh="登记有残疾", en="A disability is recorded"),
        absent=Text(zh="没有残疾登记", en="No record of a disability"),
    ),
    declare_factor(
        "migrant_child",
        "migrant_child",
        monotone=0,
        label=Text(zh="随迁子女", en="Migrant child"),
        holds=Text(zh="登记为进城务工人员随迁子女", en="Recorded as having moved with migrant parents"),
        absent=Text(zh="没有随迁子女登记", en="No record of having moved with migrant parents"),
    ),
    declare_factor(
        "grandparents_care",
        "grandparents_care",
        monotone=0,
        label=Text(zh="隔代抚养", en="Grandparents' care"),
        holds=Text(zh="登记为由祖辈照料", en="Recorded as living in grandparents' care"),
        absent=Text(zh="没有隔代抚养登记", en="No record of grandparents' care"),
    ),
)

FAMILY: tuple[Feature, ...] = (
    *FACTORS_ON_THE_DAY,
    _feature(
        name="family_burden_count",
        measure=FactorCount(),
        unit=Text(zh="项", en="family burdens"),
        valid_range=(0, math.inf),
        monotone=1,
        faults=True,
        family="family_burdens",
        label=Text(zh="家庭困难项数", en="Family burdens on record"),
        sentence=Text(
            zh="目前登记有{value:.0f}项家庭困难", en="Family burdens on record at present: {value:.0f}"
        ),
        zero_sentence=Text(zh="目前没有家庭困难登记", en="No family burden on record at present"),
    ),
    _feature(
        name="family_recent_change_60d",
        measure=RecentFactor(),
        window=60,
        unit=Text(zh="项", en="changes"),
        valid_range=(0, math.inf),
        monotone=1,
        faults=True,
        family="family_recent_change",
        label=Text(zh="近60个教学日家庭变故", en="Family changes, last 60 school days"),
        sentence=Text(
            zh="近{window}个教学日新增{value:.0f}项家庭困难",
            en="Family burdens that began in the last {window} school days: {value:.0f}",
        ),
        zero_sentence=Text(
            zh="近{window}个教学日没有新增家庭困难",
            en="No family burden began in the last {window} school days",
        ),
    ),
    Feature(
        name="distance_km",
        domain="family",
        source="students",
        measure=StudentColumn(column="distance_km"),
        unit=Text(zh="公里", en="kilometres"),
        valid_range=(0, math.inf),
        monotone=1,
        cause="distance",
        family="distance",
        label=Text(zh="家校距离", en="Distance from home to school"),
        sentence=Text(zh="家校距离{value:.1f}公里", en="Home is {value:.1f} km from school"),
        zero_sentence=Text(zh="家就在学校旁", en="Home is next to the school"),
        missing_sentence=Text(
            zh="家校距离未登记，请核实", en="Distance from home to school not on record: please find out"
        ),
    ),
    Feature(
        name="boarding",
        domain="family",
        source="students",
        measure=StudentColumn(column="boarding"),
        unit=YES_OR_NO,
        valid_range=(0, 1),
        cause="distance",
        family="boarding",
        actionable=True,
        label=Text(zh="寄宿", en="Boarding"),
        sentence=Text(zh="寄宿生", en="Boards at school"),
        zero_sentence=Text(zh="走读生", en="Lives at home and does not board"),
        missing_sentence=Text(
            zh="是否寄宿未登记，请核实", en="Not on record whether the pupil boards: please find out"
        ),
    ),
)
