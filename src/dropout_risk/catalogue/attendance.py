"""Features of attendance and conduct: how much is missed, how it runs, and how that changes.

More absence never lowers the risk. Where a higher value can also mean less absence elsewhere in the
record (spells, trend, weekdays), no direction is declared.
"""

from __future__ import annotations

import math
from functools import partial

from dropout_risk.catalogue.feature import YES_OR_NO, Feature, Window
from dropout_risk.catalogue.measures import (
    AtLeast,
    ClassMean,
    Count,
    CurrentStreak,
    DaysSince,
    GapToClass,
    IncidentCount,
    LongestStreak,
    Share,
    ShareTrend,
    Spells,
    WeekdayExcess,
)
from dropout_risk.catalogue.window_words import counted_days, label_over, sentence_over, windowed_name
from dropout_risk.text import Text

_feature = partial(Feature, domain="attendance", source="attendance", cause="disengagement", actionable=True)

SHARE = Text(zh="占教学日的比例", en="share of school days")
DAYS = Text(zh="教学日", en="school days")
NO_RECORD = (
    "<period>没有考勤记录",
    "No attendance recorded <period>",
)
BESIDE_OTHERS = Text(
    zh="近{window}个教学日缺课{counted:g}天，同班其他同学{mates}",
    en="Absent on {counted:g} of the last {window} school days; class-mates: {mates}",
)
NEVER_RECORDED = Text(zh="没有考勤记录", en="No attendance on record")
DAY = Text(zh="天", en="days")
_share = partial(_feature, unit=SHARE, valid_range=(0, 1), monotone=1)
_days = partial(_feature, unit=DAYS, valid_range=(0, math.inf), monotone=1, counted_unit=DAY)


def absence_share(window: Window) -> Feature:
    """Declare the share of days missed for whatever reason (the base of chronic absence)."""
    return _share(
        name=windowed_name("absence_share", window),
        measure=Share(of="absent", totals=window == "year"),
        window=window,
        family="absence",
        label=label_over(window, zh="缺课率", en="Absence"),
        sentence=sentence_over(window, zh="<days>中有{value:.0%}缺课", en="Absent on {value:.0%} of <days>"),
        counted_sentence=counted_days(
            window, zh="<period>缺课{counted:g}天", en="Absent on {counted:g} of <days>"
        ),
        counted_unit=DAY,
        whole_sentence=sentence_over(window, zh="<period>全部缺课", en="Absent on all of <days>"),
        faults=True,
        zero_sentence=sentence_over(window, zh="<period>没有缺课", en="No absence <period>"),
        missing_sentence=sentence_over(window, *NO_RECORD),
    )


def unexcused_share(window: Window) -> Feature:
    """Declare the share of days missed without an explanation."""
    return _share(
        name=windowed_name("unexcused_share", window),
        measure=Share(of="unexcused"),
        window=window,
        family="unexcused_absence",
        label=label_over(window, zh="无故缺课率", en="Unexplained absence"),
        sentence=sentence_over(
            window,
            zh="<days>中有{value:.0%}无故缺课",
            en="Absent without an explanation on {value:.0%} of <days>",
        ),
        counted_sentence=counted_days(
            window,
            zh="<period>无故缺课{counted:g}天",
            en="Absent without an explanation on {counted:g} of <days>",
        ),
        counted_unit=DAY,
        whole_sentence=sentence_over(
            window, zh="<period>全部无故缺课", en="Absent without an explanation on all of <days>"
        ),
        faults=True,
        zero_sentence=sentence_over(window, zh="<period>没有无故缺课", en="No unexplained absence <period>"),
        missing_sentence=sentence_over(window, *NO_RECORD),
    )


def late_share(window: Window) -> Feature:
    """Declare the share of days with a late arrival or an early leaving."""
    return _share(
        name=windowed_name("late_share", window),
        measure=Share(of="late"),
        window=window,
        family="lateness",
        label=label_over(window, zh="迟到早退率", en="Late or left early"),
        sentence=sentence_over(
            window, zh="<days>中有{value:.0%}迟到或早退", en="Late or left early on {value:.0%} of <days>"
        ),
        counted_sentence=counted_days(
            window, zh="<period>迟到或早退{counted:g}天", en="Late or left early on {counted:g} of <days>"
        ),
        counted_unit=DAY,
        faults=True,
        zero_sentence=sentence_over(
            window, zh="<period>没有迟到早退", en="Neither late nor leaving early <period>"
        ),
        missing_sentence=sentence_over(window, *NO_RECORD),
    )


def longest_streak(window: Window) -> Feature:
    """Declare the longest run of missed days."""
    return _days(
        name=windowed_name("absence_longest_streak", window),
        measure=LongestStreak(of="absent"),
        window=window,
        family="absence_streak",
        label=label_over(window, zh="最长连续缺课", en="Longest run of absence"),
        sentence=sentence_over(
            window,
            zh="<period>最长一次连续缺课{value:.0f}个教学日",
            en="Most school days missed in a row <period>: {value:.0f}",
        ),
        counted_sentence=sentence_over(
            window,
            zh="<period>最长一次连续缺课{counted:.0f}个教学日（{first}至{last}）",
            en="Most school days missed in a row <period>: {counted:.0f}, from {first} to {last}",
        ),
        single_sentence=sentence_over(
            window,
            zh="<period>缺课每次只有一天（最近一次是{last}）",
            en="Absent for single days only <period>, the latest on {last}",
        ),
        faults=True,
        zero_sentence=sentence_over(window, zh="<period>没有缺课", en="No absence <period>"),
        missing_sentence=sentence_over(window, *NO_RECORD),
    )


DAYS_SINCE_PRESENT = _days(
    name="days_since_present",
    measure=DaysSince(of="present"),
    family="absence_streak",
    label=Text(zh="距上次到校的天数", en="Since last at school"),
    sentence=Text(
        zh="距上次到校记录已过{value:.0f}个教学日",
        en="School days since the last recorded day at school: {value:.0f}",
    ),
    counted_sentence=Text(
        zh="距上次到校（{last}）已过{counted:.0f}个教学日",
        en="School days since the last recorded day at school, {last}: {counted:.0f}",
    ),
    faults=True,
    zero_sentence=Text(zh="最近一个教学日到校", en="At school on the last school day"),
    missing_sentence=Text(zh="没有到校记录", en="No record of a day at school"),
)

CLASS_ABSENCE = _feature(
    name="class_absence_10d",
    measure=ClassMean(feature="absence_share_10d"),
    window=10,
    unit=SHARE,
    valid_range=(0, 1),
    monotone=-1,
    reads=0,
    actionable=False,
    family="class_absence",
    label=label_over(10, zh="全班缺课率", en="Absence of the class"),
    sentence=sentence_over(
        10,
        zh="<period>全班平均缺课率{value:.1%}",
        en="The class missed {value:.1%} of <days> on average",
    ),
    zero_sentence=sentence_over(
        10, zh="<period>全班没有人缺课", en="Nobody in the class was absent <period>"
    ),
    missing_sentence=sentence_over(
        10,
        zh="<period>不知道全班的缺课率",
        en="Absence of the class is not known <period>",
    ),
)
"""How the whole class came, for one's own catalogue: it helps where groups differ for good, as courses do.

Where a shock hits a class it lets pupils answer for their neighbours, so the default catalogue is without it.
"""

SHARE_WINDOWS: tuple[Window, ...] = (10, 20, 60, "year")
UNEXCUSED_WINDOWS: tuple[Window, ...] = (20, 60, "year")
STREAK_WINDOWS: tuple[Window, ...] = (60, "year")

ATTENDANCE: tuple[Feature, ...] = (
    *(absence_share(window) for window in SHARE_WINDOWS),
    *(unexcused_share(window) for window in UNEXCUSED_WINDOWS),
    _days(
        name="absence_streak",
        measure=CurrentStreak(of="absent"),
        family="absence_streak",
        label=Text(zh="当前连续缺课", en="Current absence"),
        sentence=Text(
            zh="到最近一次考勤已连续缺课{value:.0f}个教学日",
            en="School days absent without a break, up to the latest record: {value:.0f}",
        ),
        counted_sentence=Text(
            zh="到{last}，已连续{counted:.0f}个教学日缺课（{first}起）",
            en="School days absent without a break up to {last}: {counted:.0f}, since {first}",
        ),
        single_sentence=Text(zh="最近一次考勤（{last}）缺课", en="Absent on the latest recorded day, {last}"),
        faults=True,
        zero_sentence=Text(zh="最近一次考勤在校", en="At school on the latest recorded day"),
        missing_sentence=NEVER_RECORDED,
    ),
    _days(
        name="unexcused_streak",
        measure=CurrentStreak(of="unexcused"),
        family="unexcused_absence",
        label=Text(zh="当前连续无故缺课", en="Current unexplained absence"),
        sentence=Text(
            zh="到最近一次考勤已连续{value:.0f}个教学日无故缺课",
            en="School days absent without an explanation, up to the latest record: {value:.0f}",
        ),
        counted_sentence=Text(
            zh="到{last}，已连续{counted:.0f}个教学日无故缺课（{first}起）",
            en="School days absent without an explanation up to {last}: {counted:.0f}, since {first}",
        ),
        single_sentence=Text(
            zh="最近一次考勤（{last}）无故缺课",
            en="Absent without an explanation on the latest recorded day, {last}",
        ),
        faults=True,
        zero_sentence=Text(
            zh="最近一次考勤没有无故缺课",
            en="No unexplained absence on the latest recorded day",
        ),
        missing_sentence=NEVER_RECORDED,
    ),
    *(longest_streak(window) for window in STREAK_WINDOWS),
    DAYS_SINCE_PRESENT,
    _feature(
        name="absence_spells_60d",
        measure=Spells(of="absent"),
        window=60,
        unit=Text(zh="次", en="separate absences"),
        valid_range=(0, 30),
        reads=1,
        faults=True,
        family="absence_spells",
        counted_unit=Text(zh="次", en="times"),
        label=label_over(60, zh="缺课次数", en="Separate absences"),
        sentence=sentence_over(
            60, zh="<period>缺课{value:.0f}次（连续几天算一次）", en="Separate absences <period>: {value:.0f}"
        ),
        zero_sentence=sentence_over(60, zh="<period>没有缺课", en="No absence <period>"),
        missing_sentence=sentence_over(60, *NO_RECORD),
    ),
    *(late_share(window) for window in (20, 60)),
    _feature(
        name="absence_weekday_excess_60d",
        measure=WeekdayExcess(of="absent", weekdays=(0, 4)),
        window=60,
        unit=SHARE,
        valid_range=(-1, 1),
        reads=1,
        family="absence_weekdays",
        label=label_over(60, zh="周一周五缺课偏多", en="Monday and Friday absence"),
        sentence=sentence_over(
            60,
            zh="<period>周一、周五的缺课率比其他日子高{points:.1f}个百分点",
            en="Absence on Mondays and Fridays {points:.1f} percentage points above other days, <period>",
        ),
        negative_sentence=sentence_over(
            60,
            zh="<period>周一、周五的缺课率比其他日子低{points:.1f}个百分点",
            en="Absence on Mondays and Fridays {points:.1f} percentage points below other days, <period>",
        ),
        counted_sentence=sentence_over(
            60,
            zh="<period>的{on_of}个周一、周五缺课{on}天，其他{off_of}天缺课{off}天，周一、周五偏多",
            en="Absent on {on} of {on_of} Mondays and Fridays and {off} of {off_of} other days <period>: "
            "more often on those",
        ),
        counted_negative_sentence=sentence_over(
            60,
            zh="<period>的{on_of}个周一、周五缺课{on}天，其他{off_of}天缺课{off}天，周一、周五偏少",
            en="Absent on {on} of {on_of} Mondays and Fridays and {off} of {off_of} other days <period>: "
            "less often on those",
        ),
        zero_sentence=sentence_over(
            60,
            zh="<period>周一、周五的缺课率与其他日子相同",
            en="Absence on Mondays and Fridays no different from other days, <period>",
        ),
        missing_sentence=sentence_over(
            60,
            zh="<period>考勤记录太少，看不出周一、周五的差别",
            en="Too little attendance recorded to compare weekdays, <period>",
        ),
    ),
    _feature(
        name="absence_trend_10d",
        measure=ShareTrend(of="absent", before=50),
        window=10,
        unit=SHARE,
        valid_range=(-1, 1),
        reads=1,
        family="absence_trend",
        label=Text(zh="近10个教学日缺课率升幅", en="Change in absence, last 10 school days"),
        sentence=Text(
            zh="近{window}个教学日的缺课率比此前50个教学日上升{points:.1f}个百分点",
            en="Absence up {points:.1f} percentage points in the last {window} school days on the 50 before",
        ),
        negative_sentence=Text(
            zh="近{window}个教学日的缺课率比此前50个教学日下降{points:.1f}个百分点",
            en="Absence down {points:.1f} percentage points in the last {window} school days "
            "on the 50 before",
        ),
        counted_sentence=Text(
            zh="近{window}个教学日缺课{now}天（有记录{now_of}天），此前50个教学日缺课{then}天（有记录{then_of}天），"
            "比此前多",
            en="Absent on {now} of {now_of} days in the last {window} school days and {then} of {then_of} in "
            "the 50 before: more often than before",
        ),
        counted_negative_sentence=Text(
            zh="近{window}个教学日缺课{now}天（有记录{now_of}天），此前50个教学日缺课{then}天（有记录{then_of}天），"
            "比此前少",
            en="Absent on {now} of {now_of} days in the last {window} school days and {then} of {then_of} in "
            "the 50 before: less often than before",
        ),
        zero_sentence=Text(
            zh="近{window}个教学日的缺课率与此前50个教学日持平",
            en="Absence in the last {window} school days the same as in the 50 before",
        ),
        missing_sentence=Text(
            zh="考勤记录太少，看不出近{window}个教学日的变化",
            en="Too little attendance recorded to see a change in the last {window} school days",
        ),
    ),
    _feature(
        name="chronic_absence_year",
        measure=AtLeast(feature="absence_share_year", threshold=0.10),
        window="year",
        unit=YES_OR_NO,
        valid_range=(0, 1),
        monotone=1,
        family="absence",
        label=Text(zh="本学年长期缺课（10%及以上）", en="Chronic absence this school year (10% or more)"),
        sentence=Text(
            zh="本学年缺课已达教学日的10%及以上（含请假和停课）",
            en="Absent on 10% or more of school days this year, excused days and suspensions included",
        ),
        counted_sentence=Text(
            zh="本学年缺课{counted:g}天，已达教学日的10%及以上（含请假和停课）",
            en="Absent on {counted:g} school days this year, which is 10% or more (excused days and "
            "suspensions included)",
        ),
        faults=True,
        zero_sentence=Text(
            zh="本学年缺课不到教学日的10%", en="Absent on less than 10% of school days this year"
        ),
        missing_sentence=sentence_over("year", *NO_RECORD),
    ),
    _days(
        name="suspension_count_year",
        measure=Count(of="suspended"),
        window="year",
        family="suspension",
        label=label_over("year", zh="停课天数", en="Days suspended"),
        sentence=sentence_over(
            "year", zh="<period>停课{value:.0f}天", en="Days suspended <period>: {value:.0f}"
        ),
        faults=True,
        zero_sentence=sentence_over("year", zh="<period>没有停课", en="No suspension <period>"),
        missing_sentence=sentence_over("year", *NO_RECORD),
    ),
    _feature(
        name="discipline_incidents_year",
        source="discipline",
        measure=IncidentCount(table="discipline"),
        window="year",
        unit=Text(zh="次", en="incidents"),
        valid_range=(0, math.inf),
        monotone=1,
        family="discipline",
        label=label_over("year", zh="违纪处分次数", en="Disciplinary incidents"),
        sentence=sentence_over(
            "year",
            zh="<period>有{value:.0f}次违纪处分记录",
            en="Disciplinary incidents on record <period>: {value:.0f}",
        ),
        counted_unit=Text(zh="次", en="times"),
        faults=True,
        zero_sentence=sentence_over(
            "year", zh="<period>没有违纪处分记录", en="No disciplinary incident on record <period>"
        ),
        missing_sentence=Text(zh="学校没有违纪处分记录表", en="The school keeps no record of discipline"),
    ),
    _feature(
        name="absence_gap_to_class_20d",
        measure=GapToClass(feature="absence_share_20d"),
        window=20,
        unit=SHARE,
        valid_range=(-1, 1),
        monotone=1,
        family="absence",
        label=label_over(20, zh="缺课率与班级之差", en="Absence against the class"),
        sentence=sentence_over(
            20,
            zh="<period>的缺课率比全班平均高{points:.1f}个百分点",
            en="Absence {points:.1f} percentage points above the class average <period>",
        ),
        negative_sentence=sentence_over(
            20,
            zh="<period>的缺课率比全班平均低{points:.1f}个百分点",
            en="Absence {points:.1f} percentage points below the class average <period>",
        ),
        counted_sentence=BESIDE_OTHERS,
        counted_negative_sentence=BESIDE_OTHERS,
        zero_sentence=sentence_over(
            20, zh="<period>的缺课率与全班平均相同", en="Absence the same as the class average <period>"
        ),
        missing_sentence=sentence_over(
            20,
            zh="<period>的缺课率无法与班级比较",
            en="Absence cannot be compared with the class <period>",
        ),
    ),
)
