"""What the check of a proposed mapping says of conventions: the zone, absences only, the week, the year."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dropout_risk.proposals.lines import Line
from dropout_risk.records.rules import CheckReport, Problem
from dropout_risk.text import Text

_TIME = re.compile(r"(\d{2}):\d{2}")


_WITHOUT_DAYS = {"presence_without_school_days", "spans_without_school_days"}


def check_lines(report: CheckReport, chinese: bool, by_lesson: bool = False) -> Iterator[Line]:
    """Propose the conventions for which the problems of a report speak; each once.

    That days without a row were days at school is never taken for granted: it is for the school to say. Of a
    register ``by_lesson`` it cannot be said.
    """
    rules = {problem.rule.name: problem for problem in report.problems}
    week = "china" if chinese else "weekdays"
    if "time_of_day" in rules:
        yield _zone_line(rules["time_of_day"], chinese)
    elif "shifted_week" in rules:
        yield Line((), "zone", "Asia/Shanghai" if chinese else "local", "doubtful", _SHIFTED)
    only = next((code for code in ("absences_only", "mostly_absences") if code in rules), None)
    only = None if by_lesson else only
    if only is not None:
        yield _unrecorded_line([problem for problem in report.problems if problem.rule.name == only])
    if rules.keys() & _WITHOUT_DAYS or (only is not None and "calendar" not in report.counts):
        yield Line(("calendar",), "week", week, "doubtful", _WEEK)
    elif "calendar_of_exceptions" in rules:
        yield Line(("calendar",), "week", week, "doubtful", _EXCEPTIONS)
    if "leave_beside_absence" in rules:
        yield Line((), "leave_days", "beside", "doubtful", _LEAVE)
    if "year_cut_in_term" in rules:
        yield Line((), "year_start", "02-01", "doubtful", _YEAR)


def _unrecorded_line(problems: list[Problem]) -> Line:
    """Propose the convention; where single classes list absences only, name the lines for these."""
    evidence = _ONLY if problems[0].rule.name == "absences_only" else _MOSTLY
    if not all(problem.detail for problem in problems):
        return Line((), "unrecorded", "present", "doubtful", evidence)
    lines = "; ".join(problem.detail.en for problem in problems)
    return Line((), "unrecorded", None, "doubtful", _OF_CLASSES.filled(lines=lines))


def _zone_line(problem: Problem, chinese: bool) -> Line:
    hours = {int(hour) for hour in _TIME.findall(problem.detail.en)}
    ahead = (24 - max(hours)) if hours else 0
    if chinese and hours == {16}:
        return Line((), "zone", "Asia/Shanghai", "likely", _SHANGHAI)
    return Line((), "zone", "local", "doubtful", _EAST.filled(ahead=ahead))


_SHANGHAI = Text(
    zh="日期的时刻都是 16:00，正是北京时间零点的 UTC 写法，而文件是中文的",
    en="all dates have the time 16:00, which is midnight in China written in UTC, and the files are Chinese",
)
_EAST = Text(
    zh="日期的时刻像是 UTC 写法的当地零点（比 UTC 早{ahead}小时）：请写学校所在的时区；"
    "时刻本是当地时间时写 local",
    en="the times look like midnights {ahead} hours ahead of UTC: name the school's zone, or keep "
    "local if these are its own times",
)
_SHIFTED = Text(
    zh="考勤从周日到周四（或周二到周六），日期可能差一天：若由 UTC 时刻得来，请按当地日期重新导出；"
    "学校确实如此上课时写 local",
    en="the register runs Sunday to Thursday (or Tuesday to Saturday): if its dates came from UTC, "
    "export the school's own days; local if this is its week",
)
_ONLY = Text(
    zh="几乎没有一行写出勤：像是只登记缺课。确实如此才可写；每人每天都应有记录的，是漏登了",
    en="hardly any row says that somebody came, as in a register of absences only; declare it only "
    "if that is what it is",
)
_MOSTLY = Text(
    zh="大多数行不是出勤，多数学生多数日子没有记录：可能只登记缺课",
    en="most rows are no presence and most pupils have no row on most days: it may list absences only",
)
_OF_CLASSES = Text(
    zh="只有个别班级像是只登记缺课。确实如此的，写：{lines}",
    en="single classes seem to list absences only; if they do, write: {lines}",
)
_WEEK = Text(
    zh="没有校历：只登记缺课的考勤需要知道哪些日子上课",
    en="there is no calendar, and a register of absences needs to know the school days",
)
_EXCEPTIONS = Text(zh="校历只列放假和调休日", en="the calendar lists exceptions only")
_LEAVE = Text(
    zh="有的行请假多于缺课：缺课天数可能不含请假",
    en="some rows have more leave than absence: absence may not hold leave",
)
_YEAR = Text(
    zh="8月1日前后学校都在上课：学年可能从别的日子开始，请写那一天",
    en="school goes on over 1 August: the school year may begin on another day; write that day",
)
