"""The wording of a pupil's page, in both languages."""

from __future__ import annotations

from dropout_risk.text import Text

PUPIL_WORDS: dict[str, Text] = {
    "pupil": Text(zh="学生", en="Pupil"),
    "rank": Text(zh="本校第{rank}位", en="number {rank} of the school"),
    "for_whom": Text(zh="本页供{who}查看", en="This page is for: {who}"),
    "tests_hidden": Text(
        zh="心理测评结果保密，本页不显示；需要了解时请找心理教师。",
        en="Results of well-being tests are confidential and not shown here; ask the counsellor.",
    ),
    "why_this_risk": Text(zh="为什么是这个风险", en="Why this risk"),
    "how_read_waterfall": Text(
        zh="从上往下读：从参照学生的风险出发，每一项把它推高（向右）或拉低（向左），最后到达该生的风险。"
        "右边的数字是分量，各项相加正好等于结果；横轴上小的风险拉得较开。",
        en="Read from top to bottom: from the risk of the pupils compared with, each item pushes it up (to "
        "the right) or pulls it down (to the left), and the last row is this pupil's. The numbers are "
        "weights in log-odds and add up exactly; on this axis small risks are spread out.",
    ),
    "by_domain": Text(zh="按方面", en="By domain"),
    "by_reason": Text(zh="按原因", en="By reason"),
    "start_training": Text(zh="起点：训练所用的全部学生", en="Start: all pupils it was trained on"),
    "start_stayed": Text(zh="起点：继续就读的学生", en="Start: pupils who stayed"),
    "start_stayed_in_grade": Text(
        zh="起点：继续就读的{grade}年级学生", en="Start: pupils of grade {grade} who stayed"
    ),
    "this_pupil": Text(zh="该生", en="This pupil"),
    "all_other": Text(zh="其余各项合计", en="Everything else together"),
    "pushes_up": Text(zh="使风险升高，分量{number}", en="raises the risk, weight {number}"),
    "pulls_down": Text(zh="使风险降低，分量{number}", en="lowers the risk, weight {number}"),
    "attendance": Text(zh="出勤", en="Attendance"),
    "strip_note": Text(
        zh="每格一个上课日，每列一周，从周一到周五；右侧虚线是评估日{as_of}，当天及以后的情况这里一概不用。",
        en="One cell per school day, one column per week from Monday down. The dashed line is the as-of "
        "date, {as_of}: nothing of that day or later is used.",
    ),
    "strip_said": Text(
        zh="{first}至{last}的出勤：{counts}", en="Attendance from {first} to {last}: {counts}"
    ),
    "days_of": Text(zh="{state}{number}天", en="{state} {number}"),
    "present": Text(zh="出勤", en="present"),
    "unexcused": Text(zh="未请假缺勤", en="absent, unexplained"),
    "excused": Text(zh="请假", en="excused"),
    "suspended": Text(zh="停课", en="suspended"),
    "late": Text(zh="迟到或早退", en="late or left early"),
    "no_record": Text(zh="无记录", en="no record"),
    "no_attendance": Text(zh="没有按天的出勤记录。", en="No attendance by day is recorded."),
    "total_of_period": Text(
        zh="{start}至{end}：应到{enrolled}天，缺勤{absent}天",
        en="{start} to {end}: absent on {absent} of {enrolled} days",
    ),
    "in_numbers": Text(zh="按月的天数", en="The same in numbers"),
    "month": Text(zh="月份", en="Month"),
    "marks": Text(zh="成绩", en="Marks"),
    "marks_note": Text(
        zh="满分的百分比，每点一次考试，最近两年；虚线是评估日。",
        en="Share of full marks, one dot per exam, of the last two years; the dashed line is the as-of date.",
    ),
    "last_mark": Text(zh="最近{share}（{date}）", en="last {share} ({date})"),
    "no_marks": Text(zh="没有成绩记录。", en="No marks are recorded."),
    "since_last_time": Text(zh="与上次相比", en="Since last time"),
    "what_would_change": Text(zh="哪些变化会改变风险", en="What would change the risk"),
    "to_find_out": Text(zh="还不了解、值得补的", en="Not known, and worth finding out"),
    "nothing_missing": Text(zh="没有缺项。", en="Nothing is missing."),
    "about_the_data": Text(zh="还请注意", en="Also to know"),
    "todays_alert": Text(zh="今日预警", en="today's alert"),
    "because": Text(zh="因为：{reasons}", en="because: {reasons}"),
    "what_it_is_not": Text(zh="这个分数不是什么", en="What a score is not"),
    "not_verdict": Text(
        zh="不是对孩子的结论，也不是预言：即使风险高，也有许多学生留下来。",
        en="No verdict and no prophecy: many pupils at high risk stay.",
    ),
    "not_for_use": Text(
        zh="不得用于处分、劝退、分班、评优，也不得用来考核老师。",
        en="Not for punishing, excluding, streaming or rewarding anyone, nor for rating teachers.",
    ),
    "not_cause": Text(
        zh="“原因”是模型算出这个数的依据，不一定是孩子遇到的真正困难；真正的困难要当面问、用心听。",
        en="A reason is what the number was made from, not necessarily what troubles the child: ask, and "
        "listen.",
    ),
    "not_effect": Text(
        zh="不说明哪种帮助有效，也不说明谁更值得帮助。",
        en="It does not say which help works, nor who deserves it.",
    ),
}

SUBJECTS: dict[str, Text] = {
    "chinese": Text(zh="语文", en="Chinese"),
    "maths": Text(zh="数学", en="Maths"),
    "english": Text(zh="英语", en="English"),
    "physics": Text(zh="物理", en="Physics"),
    "chemistry": Text(zh="化学", en="Chemistry"),
    "biology": Text(zh="生物", en="Biology"),
    "history": Text(zh="历史", en="History"),
    "geography": Text(zh="地理", en="Geography"),
    "politics": Text(zh="道德与法治", en="Politics"),
    "science": Text(zh="科学", en="Science"),
    "physical_education": Text(zh="体育", en="Physical education"),
    "music": Text(zh="音乐", en="Music"),
    "art": Text(zh="美术", en="Art"),
    "computing": Text(zh="信息技术", en="Computing"),
    "labour": Text(zh="劳动", en="Labour"),
}

EXAMS: dict[str, Text] = {
    "midterm": Text(zh="期中", en="midterm"),
    "final": Text(zh="期末", en="final"),
    "monthly": Text(zh="月考", en="monthly test"),
    "unit": Text(zh="单元测试", en="unit test"),
}
