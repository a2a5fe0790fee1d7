"""Features of grades: level, direction, fluctuation, standing in class, and exams missed.

Marks are shares of full marks. Higher marks never raise the risk. A subject that is no longer taught
should not count for ever, so what reads "the latest of each subject" looks back 200 school days, about
a school year; unlike the school year to date, that window is not empty in autumn.
"""

from __future__ import annotations

import math
from functools import partial

from dropout_risk.catalogue.feature import Feature, Window
from dropout_risk.catalogue.measures import (
    ClassZ,
    DaysSinceExam,
    FailingCount,
    GapToClass,
    LargestDrop,
    LastAgainstOwnMean,
    MissedExams,
    ScoreLast,
    ScoreMean,
    ScoreSlope,
    ScoreSpread,
)
from dropout_risk.catalogue.window_words import label_over, sentence_over, windowed_name
from dropout_risk.records.wording.exam_spellings import CORE
from dropout_risk.text import Text

_feature = partial(Feature, domain="grades", source="grades", cause="learning", actionable=True)

LOOK_BACK = 200
CORE_SUBJECTS = (*CORE, *CORE.values())

MARKS = Text(zh="得分率（占满分比例）", en="share of full marks")
SUBJECTS = Text(zh="科", en="subjects")
POINTS = Text(zh="分", en="out of 100")
DEVIATIONS = Text(zh="班级标准差", en="standard deviations of the class")
NO_MARKS = Text(zh="近{window}个教学日没有成绩记录", en="No marks recorded in the last {window} school days")
NOT_COMPARABLE = Text(zh="成绩无法与班级比较", en="Marks cannot be compared with the class")
TOO_FEW_MARKS = Text(
    zh="近{window}个教学日的成绩太少，看不出变化",
    en="Too few marks in the last {window} school days to see a change",
)

_level = partial(
    _feature, unit=MARKS, valid_range=(0, 1), monotone=-1, family="score_level", counted_unit=POINTS
)
_course = partial(_feature, window=LOOK_BACK, missing_sentence=TOO_FEW_MARKS)
_standing = partial(
    _feature, window=LOOK_BACK, unit=DEVIATIONS, monotone=-1, family="class_standing",
    missing_sentence=NOT_COMPARABLE,
)  # fmt: skip
_failing = partial(
    _feature, window=LOOK_BACK, unit=SUBJECTS, counted_unit=SUBJECTS, monotone=1, family="failing"
)

SCORE_LAST_CORE = _level(
    name="score_last_core_200d",
    measure=ScoreLast(subjects=CORE_SUBJECTS),
    window=LOOK_BACK,
    label=Text(zh="语数英最近一次成绩", en="Latest marks, core subjects"),
    sentence=Text(
        zh="语数英最近一次考试平均{points:.0f}分（按满分100计）",
        en="The latest marks in Chinese, maths and English average {points:.0f} out of 100",
    ),
    missing_sentence=Text(
        zh="近{window}个教学日没有语数英成绩记录",
        en="No marks in Chinese, maths or English in the last {window} school days",
    ),
)


def core_rank(subject: str) -> int:
    """Rank a subject among others: the core ones first, in their order, and then all others alike.

    >>> [core_rank(name) for name in ("maths", "语文", "history", "art")]
    [1, 3, 6, 6]
    """
    return CORE_SUBJECTS.index(subject) if subject in CORE_SUBJECTS else len(CORE_SUBJECTS)


def missed_exams(window: Window) -> Feature:
    """Declare the number of exams that the class sat and the pupil did not."""
    return _feature(
        name=windowed_name("missed_exams", window),
        measure=MissedExams(),
        window=window,
        unit=Text(zh="科次", en="exams"),
        valid_range=(0, math.inf),
        monotone=1,
        cause="disengagement",
        family="missed_exams",
        label=label_over(window, zh="缺考科次", en="Exams without a mark"),
        sentence=sentence_over(
            window,
            zh="<period>缺考{value:.0f}科次（班级已考、本人没有成绩）",
            en="Exams that the class sat <period> and that have no mark for this pupil: {value:.0f}",
        ),
        counted_sentence=sentence_over(window, zh="<period>：{missed}", en="Exams <period>: {missed}"),
        counted_unit=Text(zh="科次", en="exams"),
        faults=True,
        zero_sentence=sentence_over(
            window,
            zh="<period>没有缺考",
            en="A mark for every exam that the class sat <period>",
        ),
        missing_sentence=sentence_over(
            window,
            zh="不清楚班级<period>参加了哪些考试",
            en="Not known which exams the class sat <period>",
        ),
    )


MISSED_WINDOWS: tuple[Window, ...] = (60, "year")

GRADES: tuple[Feature, ...] = (
    _level(
        name="score_mean_year",
        measure=ScoreMean(),
        window="year",
        label=Text(zh="本学年平均分", en="Mean mark, this school year"),
        sentence=Text(
            zh="本学年平均{points:.0f}分（按满分100计）",
            en="Marks this school year average {points:.0f} out of 100",
        ),
        missing_sentence=Text(zh="本学年没有成绩记录", en="No marks recorded this school year"),
    ),
    _level(
        name="score_mean",
        measure=ScoreMean(),
        label=Text(zh="历次平均分", en="Mean mark, all on record"),
        sentence=Text(
            zh="历次考试平均{points:.0f}分（按满分100计）",
            en="All marks on record average {points:.0f} out of 100",
        ),
        missing_sentence=Text(zh="没有成绩记录", en="No marks on record"),
    ),
    _level(
        name="score_last_200d",
        measure=ScoreLast(),
        window=LOOK_BACK,
        label=Text(zh="各科最近一次成绩", en="Latest marks, all subjects"),
        sentence=Text(
            zh="各科最近一次考试平均{points:.0f}分（按满分100计）",
            en="The latest marks in each subject average {points:.0f} out of 100",
        ),
        missing_sentence=NO_MARKS,
    ),
    SCORE_LAST_CORE,
    _course(
        name="score_slope_200d",
        measure=ScoreSlope(),
        unit=Text(zh="每20个教学日的得分率变化", en="share of full marks per 20 school days"),
        monotone=-1,
        family="score_change",
        label=label_over(LOOK_BACK, zh="成绩走势", en="Course of marks"),
        sentence=Text(
            zh="成绩呈上升走势，每20个教学日约升{points:.1f}分（按满分100计）",
            en="Marks have been rising by {points:.1f} points of 100 every 20 school days",
        ),
        negative_sentence=Text(
            zh="成绩呈下降走势，每20个教学日约降{points:.1f}分（按满分100计）",
            en="Marks have been falling by {points:.1f} points of 100 every 20 school days",
        ),
        zero_sentence=Text(zh="成绩走势平稳", en="Marks have been neither rising nor falling"),
    ),
    _course(
        name="score_spread_200d",
        measure=ScoreSpread(),
        unit=MARKS,
        valid_range=(0, 1),
        reads=1,
        family="score_spread",
        label=label_over(LOOK_BACK, zh="成绩波动", en="Fluctuation of marks"),
        sentence=Text(
            zh="成绩围绕自身走势上下波动约{points:.1f}分（按满分100计）",
            en="Marks fluctuate by {points:.1f} points of 100 about their own course",
        ),
        zero_sentence=Text(zh="成绩没有起伏", en="Marks do not fluctuate"),
    ),
    _course(
        name="score_largest_drop_200d",
        measure=LargestDrop(),
        unit=MARKS,
        valid_range=(0, 1),
        monotone=1,
        family="score_change",
        label=label_over(LOOK_BACK, zh="单科最大降幅", en="Largest fall in one subject"),
        sentence=Text(
            zh="同一科目相邻两次考试最多下降{points:.0f}分（按满分100计）",
            en="Largest fall from one mark to the next in the same subject: {points:.0f} points of 100",
        ),
        counted_sentence=Text(
            zh="{subject}由{first}的{before:.0f}分降到{last}的{after:.0f}分（{of}）",
            en="{subject} fell from {before:.0f} on {first} to {after:.0f} on {last} (out{of})",
        ),
        faults=True,
        zero_sentence=Text(
            zh="各科成绩都没有比上一次下降", en="No subject's mark fell from one exam to the next"
        ),
    ),
    _course(
        name="score_last_against_own_mean_200d",
        measure=LastAgainstOwnMean(),
        unit=MARKS,
        valid_range=(-1, 1),
        monotone=-1,
        family="score_change",
        label=Text(zh="最近成绩与自己以往之差", en="Latest marks against own past"),
        sentence=Text(
            zh="各科最近一次成绩平均比自己以往高{points:.1f}分（按满分100计）",
            en="Latest marks by subject {points:.1f} points of 100 above the pupil's own earlier average",
        ),
        negative_sentence=Text(
            zh="各科最近一次成绩平均比自己以往低{points:.1f}分（按满分100计）",
            en="Latest marks by subject {points:.1f} points of 100 below the pupil's own earlier average",
        ),
        zero_sentence=Text(
            zh="各科最近一次成绩平均与自己以往持平",
            en="Latest marks by subject the same as the pupil's own earlier average",
        ),
    ),
    _standing(
        name="class_z_last_200d",
        measure=ClassZ(of="last"),
        label=Text(zh="最近考试的班级位置", en="Standing in class, latest exams"),
        sentence=Text(
            zh="各科最近一次考试高于全班平均{value:.1f}个标准差",
            en="Latest exams {value:.1f} standard deviations above the class average",
        ),
        negative_sentence=Text(
            zh="各科最近一次考试低于全班平均{value:.1f}个标准差",
            en="Latest exams {value:.1f} standard deviations below the class average",
        ),
        counted_sentence=Text(
            zh="{exams}平均比同班其他同学高{size}",
            en="Marks in {exams} {size} above class-mates on average",
        ),
        counted_negative_sentence=Text(
            zh="{exams}平均比同班其他同学低{size}",
            en="Marks in {exams} {size} below class-mates on average",
        ),
        zero_sentence=Text(zh="各科最近一次考试与全班平均相同", en="Latest exams at the class average"),
    ),
    _standing(
        name="class_z_mean_200d",
        measure=ClassZ(of="mean", shrink=3.0),
        label=label_over(LOOK_BACK, zh="班级位置", en="Standing in class"),
        sentence=Text(
            zh="近{window}个教学日的考试总体高于全班平均{value:.1f}个标准差",
            en="Exams of the last {window} school days {value:.1f} standard deviations "
            "above the class average",
        ),
        negative_sentence=Text(
            zh="近{window}个教学日的考试总体低于全班平均{value:.1f}个标准差",
            en="Exams of the last {window} school days {value:.1f} standard deviations "
            "below the class average",
        ),
        counted_sentence=Text(
            zh="近{window}个教学日各科考试平均比同班其他同学高{size}",
            en="Marks of the last {window} school days {size} above class-mates",
        ),
        counted_negative_sentence=Text(
            zh="近{window}个教学日各科考试平均比同班其他同学低{size}",
            en="Marks of the last {window} school days {size} below class-mates",
        ),
        zero_sentence=Text(
            zh="近{window}个教学日的考试总体与全班平均相同",
            en="Exams of the last {window} school days at the class average",
        ),
    ),
    _standing(
        name="class_z_change_200d",
        measure=ClassZ(of="change"),
        family="score_change",
        label=Text(zh="班级位置变化", en="Change of standing in class"),
        sentence=Text(
            zh="各科班级位置比该科前一次考试平均上升{value:.1f}个标准差",
            en="Standing in class up {value:.1f} standard deviations since each subject's exam before",
        ),
        negative_sentence=Text(
            zh="各科班级位置比该科前一次考试平均下降{value:.1f}个标准差",
            en="Standing in class down {value:.1f} standard deviations since each subject's exam before",
        ),
        counted_sentence=Text(
            zh="与同班其他同学相比，各科最近一次考试平均比该科前一次进步{size}",
            en="Against class-mates, the latest exam of each subject is {size} better than the one before",
        ),
        counted_negative_sentence=Text(
            zh="与同班其他同学相比，各科最近一次考试平均比该科前一次退步{size}",
            en="Against class-mates, the latest exam of each subject is {size} worse than the one before",
        ),
        zero_sentence=Text(
            zh="各科班级位置平均与该科前一次考试相同",
            en="Standing in class the same as in each subject's exam before",
        ),
        missing_sentence=Text(
            zh="没有两次考试可以比较班级位置", en="No two exams from which to compare standing in class"
        ),
    ),
    _feature(
        name="score_gap_to_class_year",
        measure=GapToClass(feature="score_mean_year"),
        window="year",
        unit=MARKS,
        valid_range=(-1, 1),
        monotone=-1,
        family="class_standing",
        label=Text(zh="本学年平均与班级之差", en="Mean mark against the class, this school year"),
        sentence=Text(
            zh="本学年平均比全班高{points:.1f}分（按满分100计）",
            en="Mean mark this school year {points:.1f} points of 100 above the class average",
        ),
        negative_sentence=Text(
            zh="本学年平均比全班低{points:.1f}分（按满分100计）",
            en="Mean mark this school year {points:.1f} points of 100 below the class average",
        ),
        counted_sentence=Text(
            zh="本学年平均{counted:.0f}分，比同班其他同学高{size}",
            en="Marks this school year average {counted:.0f} out of 100, {size} above class-mates",
        ),
        counted_negative_sentence=Text(
            zh="本学年平均{counted:.0f}分，比同班其他同学低{size}",
            en="Marks this school year average {counted:.0f} out of 100, {size} below class-mates",
        ),
        zero_sentence=Text(
            zh="本学年平均与全班相同", en="Mean mark this school year the same as the class average"
        ),
        missing_sentence=NOT_COMPARABLE,
    ),
    _failing(
        name="failing_count_200d",
        measure=FailingCount(),
        valid_range=(0, math.inf),
        label=Text(zh="不及格科目数", en="Subjects below the pass mark"),
        sentence=Text(
            zh="各科最近一次考试中有{value:.0f}科低于满分的60%",
            en="Subjects whose latest mark is below 60% of full marks: {value:.0f}",
        ),
        counted_sentence=Text(
            zh="各科最近一次考试中有{counted:.0f}科低于满分的60%：{subjects}",
            en="Subjects whose latest mark is below 60% of full marks: {subjects}",
        ),
        faults=True,
        zero_sentence=Text(
            zh="各科最近一次考试都达到满分的60%",
            en="The latest mark in every subject is at least 60% of full marks",
        ),
        missing_sentence=NO_MARKS,
    ),
    _failing(
        name="failing_core_count_200d",
        measure=FailingCount(subjects=CORE_SUBJECTS),
        valid_range=(0, len(CORE_SUBJECTS)),
        label=Text(zh="语数英不及格科目数", en="Core subjects below the pass mark"),
        sentence=Text(
            zh="语数英中有{value:.0f}科最近一次考试低于满分的60%",
            en="Latest marks below 60% of full marks among Chinese, maths and English: {value:.0f}",
        ),
        counted_sentence=Text(
            zh="语数英中有{counted:.0f}科最近一次考试低于满分的60%：{subjects}",
            en="Latest marks below 60% of full marks among Chinese, maths and English: {subjects}",
        ),
        faults=True,
        zero_sentence=Text(
            zh="语数英最近一次考试都达到满分的60%",
            en="The latest marks in Chinese, maths and English are at least 60% of full marks",
        ),
        missing_sentence=SCORE_LAST_CORE.missing_sentence,
    ),
    *(missed_exams(window) for window in MISSED_WINDOWS),
    _feature(
        name="days_since_exam",
        measure=DaysSinceExam(),
        unit=Text(zh="教学日", en="school days"),
        valid_range=(0, math.inf),
        family="score_age",
        actionable=False,
        label=Text(zh="距最近一次成绩的天数", en="Age of the latest mark"),
        sentence=Text(
            zh="距最近一次成绩已过{value:.0f}个教学日", en="School days since the latest mark: {value:.0f}"
        ),
        counted_sentence=Text(
            zh="距最近一次成绩（{last}）已过{counted:.0f}个教学日",
            en="School days since the latest mark, of {last}: {counted:.0f}",
        ),
        zero_sentence=Text(zh="最近一个教学日有成绩", en="The latest mark is from the last school day"),
        missing_sentence=Text(zh="没有成绩记录", en="No marks on record"),
    ),
)
