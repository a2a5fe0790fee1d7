"""Recount what pages tell before any model: the facts on record, and the alerts.

From a pupil's raw rows the lines are written again, as they must stand on the page in Chinese: a line on the
page that is not among them is false, and one that the page lacks is missing. Only the shipped steps of
absence are known here, and no class that comes in turns.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from operator import itemgetter

from dropout_risk.catalogue.factors import FACTORS
from raw_pupils import ABSENT, CUTS, LEAST_MATES, SUBJECTS, Day, Pupil, exam_said, missed_exams, valid_scores

Line = tuple[str, frozenset[str]]
"""The head of a line, and what is told after it."""

_NAMES = {code: name for name, code in SUBJECTS.items()}
_CRITICAL = {("PHQ-9", "item_9"): 0, ("MHT", "item_85"): 0, ("MHT", "item_97"): 0}
_EVENTS = {"dropout": "登记辍学", "suspected_dropout": "登记疑似辍学", "returned": "返校"}
_WHOLE_CLASS, _WHOLE_SHARE = 5, 0.95
_WINDOW, _OLDEST_RUN, _LONGEST_GAP = 64, 30, 10


def facts_on_page(page: str) -> Counter[Line]:
    """Give the lines of what is on record."""
    section = re.search(r"<h2>已知情况</h2>(.*?)</section>", page, re.DOTALL)
    told = re.findall(r"<li>(.*?)</li>", section[1], re.DOTALL) if section else []
    return Counter(_line_read(html.unescape(text).strip()) for text in told)


def alerts_on_page(page: str) -> Counter[str]:
    """Give the alerts of today and those still open, each with which it is and who acts."""
    told: Counter[str] = Counter()
    for heading in (_TODAY, _OPEN):
        section = re.search(f"<h2>{heading}</h2>(.*?)</section>", page, re.DOTALL)
        found = re.findall(
            r'<p class="alert"><span class="route">(.*?)</span>(.*?)</p>',
            section[1] if section else "",
            re.DOTALL,
        )
        told += Counter(f"{heading}：{who.strip()}：{html.unescape(text).strip()}" for who, text in found)
    return told


def false_facts(page: str, pupil: Pupil, earlier: Day | None = None) -> tuple[int, list[tuple[str, str]]]:
    """Recount a page: the number of its lines, and each that is false or missing, with which it is.

    ``earlier`` is the date of the only list before this one; None where there was none.
    """
    told = (facts_on_page(page), alerts_on_page(page))
    counted = (Counter(_line_read(line) for line in facts_told(pupil)), Counter(alerts_told(pupil, earlier)))
    faults = [(line, "compared with no list that there was") for line in _compared_with(page, earlier)]
    faults += [
        (line, "reassures beside an alert that says the contrary") for line in _reassuring(page, pupil)
    ]
    for own, right in zip(told, counted, strict=True):
        faults += [(str(line), "counted otherwise") for line in own - right]
        faults += [(str(line), "missing on the page") for line in right - own]
    return sum(map(Counter.total, told)), faults


def _compared_with(page: str, earlier: Day | None) -> Iterator[str]:
    """Give what a page says of a last time that never was."""
    section = re.search(r"<h2>与上次相比</h2>(.*?)</section>", page, re.DOTALL)
    for line in re.findall(r"<li>(.*?)</li>", section[1], re.DOTALL) if section else ():
        since = re.search(r"自(\d{4}年\d+月\d+日)以来", line)
        if earlier is None or (since and since[1] != _full(earlier)):
            yield html.unescape(line)


def _reassuring(page: str, pupil: Pupil) -> Iterator[str]:
    """Give what lowers the risk where an alert says the contrary."""
    lowering = re.findall(r'<li class="lowering">\s*<span class="words">(.*?)<', page, re.DOTALL)
    for alerts, belied in (
        (_critical(pupil), "心理|困扰分|MHT|PHQ|SDQ"),
        (_falling_marks(pupil), "进步|上升走势|比自己以往高|没有比上一次下降"),
        (_unexplained(pupil), "比此前少"),
    ):
        if any(alerts):
            yield from (line.strip() for line in lowering if re.search(belied, line))


def _line_read(text: str) -> Line:
    head, _, rest = text.partition("：")
    if head == "学籍变动":  # in the order of the days
        return text, frozenset()
    days = re.fullmatch(r"(.*缺课\d+天(?:（.*）)?)：(.*)", rest)
    return (
        (f"{head}：{days[1]}", frozenset(days[2].split("、")))
        if days
        else (head, frozenset(rest.split("、")))
    )


# --- Facts ---


def facts_told(pupil: Pupil) -> Iterator[str]:
    """Write the facts of a pupil again."""
    yield from _joined("家庭情况", _family(pupil))
    yield from _joined("上学路程", _way(pupil))
    yield from _joined("学籍变动", _events(pupil))
    yield from _joined("心理测评", _tests(pupil))
    yield from _joined("考勤", _absences(pupil))
    yield from _exams(pupil)


def _joined(head: str, parts: Iterable[str]) -> Iterator[str]:
    told = list(parts)
    if told:
        yield f"{head}：{'、'.join(told)}"


def _family(pupil: Pupil) -> Iterator[str]:
    for row in pupil.family:
        if row["factor"] == "none" or (row["valid_to"] is not None and row["valid_to"] < pupil.as_of):
            continue
        factor = FACTORS[row["factor"]]
        value = f"（{factor.values[row['value']].zh}）" if row["value"] in factor.values else ""
        yield f"{factor.label.zh}{value}（{_full(row['valid_from'])}起）"


def _way(pupil: Pupil) -> Iterator[str]:
    km, boards = pupil.student["distance_km"], pupil.student["boarding"]
    if km is not None:
        yield f"家校距离{round(10 * km) / 10:g}公里"
    if boards is not None:
        yield "寄宿生" if boards else "走读生"


def _events(pupil: Pupil) -> Iterator[str]:
    for row in sorted(pupil.district.rows[pupil.id]["outcomes"], key=itemgetter("date")):
        if row["event"] in _EVENTS and row["date"] < pupil.as_of:
            yield f"{_full(row['date'])}{_EVENTS[row['event']]}"


def _tests(pupil: Pupil) -> Iterator[str]:
    for instrument, cuts in CUTS.items():
        for day, score in valid_scores(pupil, instrument, "total")[-1:]:
            if score >= min(cuts):
                yield f"{instrument}总分达到筛查线（{_full(day)}）"
    for instrument, date, known, days in _critical(pupil):
        since = f"，至今{days}个教学日" if days else ""
        yield f"{instrument}中有须尽快了解的回答：{_full(date)}测评，{_full(known)}登记{since}"


def _absences(pupil: Pupil) -> Iterator[str]:
    window, days = pupil.school_days[-20:], pupil.by_day
    missed = [day for day in window if days.get(day) in ABSENT]
    if not missed:
        return
    unexcused = sum(days[day] == "absent" for day in missed)
    stretches: list[list[Day]] = [[missed[0]]]
    for before, day in pairwise(missed):
        if window.index(day) == window.index(before) + 1:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    told = [
        f"{_short(own[0])}至{_short(own[-1])}" if len(own) > 2 else "、".join(map(_short, own))
        for own in stretches
    ]
    why = f"（无故{unexcused}天）" if unexcused else ""
    yield f"近{len(window)}个教学日缺课{len(missed)}天{why}：{'、'.join(told)}"


def _exams(pupil: Pupil) -> Iterator[str]:
    last = {}
    for subject, day, exam, share in pupil.marks:
        full = pupil.full[subject, exam]
        last[subject] = day, exam, f"{round(share * full, 1):g}/{full:g}"
    for (subject, exam), day in sorted(missed_exams(pupil, "year").items(), key=itemgetter(1)):
        if subject not in last or last[subject][0] < day:
            last[subject] = day, exam, "缺考"
    sittings = defaultdict(list)
    for subject, (day, exam, told) in last.items():
        sittings[exam].append((day, f"{_NAMES[subject]}{told}"))
    for exam, marks in sittings.items():
        days = sorted({_full(day): day for day, _ in marks}.values())
        since = "至".join(_full(day) for day in (days[:1] if len(days) == 1 else (days[0], days[-1])))
        yield f"{exam_said(exam)}（{since}）：{'、'.join(told for _, told in marks)}"


# --- Alerts ---


_TODAY, _OPEN = "今日预警", "跟进中的预警"


def alerts_told(pupil: Pupil, earlier: Day | None = None) -> Iterator[str]:
    """Write the alerts of a pupil again, each after where it stands and who acts on it.

    Only a critical answer stays open, and only once the list of an earlier date has told it.
    """
    for text in (*_unexplained(pupil), *_silent(pupil), *_falling_marks(pupil)):
        yield f"{_TODAY}：{text}"
    then = None if earlier is None else pupil.district.pupil(pupil.id, earlier)
    told = [answer[:3] for answer in _critical(then)] if then is not None and then.at_school else []
    for *answer, days in _critical(pupil):
        meets = "如还没有见面，请心理教师今天与学生见面" if days else "请心理教师今天与学生见面"
        aside = "（这里没有以往的名单或个案簿可对照：可能早已告知过）" if days and earlier is None else ""
        where = _OPEN if tuple(answer) in told else _TODAY
        yield (
            f"{where}：心理教师办理：心理测评中有需要专人尽快了解的情况。{meets}；"
            f"内容保密，只向心理教师提供{aside}"
        )


_STEPS = (
    (20, "，报县教育局", "按劝返复学程序报告，并登记本次劝返：与乡镇（街道）一起家访，书面报告县教育局"),
    (5, "，报县教育局", "按疑似辍学程序与乡镇（街道）一起家访，书面报告县教育局"),
    (3, "，报乡镇（街道）", "当天联系家长并家访，书面报告乡镇（街道）"),
    (2, "，报校长", "报告校长，并与村（社区）一起家访"),
    (1, "", "当天联系家长"),
)


def _unexplained(pupil: Pupil) -> Iterator[str]:
    run, unknown = absence_run(pupil)
    if not run or (pupil.as_of - run[-1]).days > _OLDEST_RUN:
        return
    n, since, last = len(run), _short(run[0]), _short(run[-1])
    if unknown and n > 1:
        fact = f"{since}起有记录的{n}天都无故缺课（未请假；最后一天{last}），另有{unknown}个教学日没有记录"
    elif unknown:
        fact = f"{last}无故缺课（未请假），此后{unknown}个教学日没有记录"
    elif n > 1:
        fact = f"到{last}，已连续{n}个教学日无故缺课（{since}起）"
    else:
        fact = f"{since}无故缺课（未请假）"
    _, office, action = next(step for step in _STEPS if n >= step[0])
    yield f"班主任办理{office}：{fact}。请班主任{action}"


def absence_run(pupil: Pupil) -> tuple[list[Day], int]:
    """Give the days of the run that lasts to the last record, and the school days since without one."""
    left_out = {day for day in pupil.school_days[-_WINDOW:] if whole_class_absent(pupil, day)}
    index = {day: number for number, day in enumerate(pupil.school_days)}
    run: list[Day] = []
    for day, status in reversed(pupil.days):
        if day in left_out:
            continue
        if status != "absent" or (run and index[run[-1]] - index[day] > _LONGEST_GAP + 1):
            break
        run.append(day)
    days = run[::-1]
    unknown = [day for day in pupil.school_days if days and day >= days[0] and day not in {*days, *left_out}]
    return days, len(unknown)


def whole_class_absent(pupil: Pupil, day: Day) -> bool:
    """Say whether nearly everybody of the class was absent on a day, this pupil not there."""
    status = pupil.by_day.get(day)
    if status is not None and status not in ABSENT:
        return False
    members = [*pupil.mates, *([pupil] if pupil.at_school else [])]
    told = [one.by_day.get(day) for one in members]
    known = [one for one in told if one is not None]
    many = len(known) >= _WHOLE_CLASS and 2 * len(known) >= len(members) >= _WHOLE_CLASS
    return many and sum(one in ABSENT for one in known) >= _WHOLE_SHARE * len(known)


def _silent(pupil: Pupil) -> Iterator[str]:
    enrolled = pupil.student["enrolled_on"] or pupil.year
    since = max(enrolled, pupil.year) if not pupil.days else pupil.days[-1][0] + dt.timedelta(days=1)
    window = pupil.school_days[-_WINDOW:]
    members = [*pupil.mates, pupil]
    kept = [one for one in members if one.days and one.days[-1][0] >= window[0]]
    missed = []
    for day in window:
        rows = sum(day in one.by_day for one in kept)
        many = rows >= 0.25 * len(kept) if len(members) >= _WHOLE_CLASS else True
        if day >= since and rows and many:
            missed.append(day)
    if len(missed) < LEAST_MATES:
        return
    n, begun = len(missed), _short(missed[0])
    who, office = ("班主任", "") if n < 5 else ("校长", "") if n < 20 else ("校长", "，报乡镇（街道）")
    if pupil.days:
        fact = (
            f"同班有考勤而本人没有可用记录的教学日已有{n}个（{begun}起，"
            f"最后一条记录：{_short(pupil.days[-1][0])}）。请{who}今天核实孩子在哪里"
        )
    else:
        fact = (
            f"在籍，但本学年没有任何可用的考勤记录，而同班有考勤的教学日已有{n}个（{begun}起）。"
            f"请{who}今天核实孩子是否到校、在哪里"
        )
    yield f"{who}办理{office}：{fact}"


def _falling_marks(pupil: Pupil) -> Iterator[str]:
    recent = pupil.school_days[-100]
    marks = [own for own in pupil.marks_in("all").values() if len(own) > 1 and own[-1][0] >= recent]
    falls = [own[-1][2] - sum(mark[2] for mark in own[:-1]) / (len(own) - 1) for own in marks]
    absences = pupil.count_days({"absent"}, 20)
    fall = sum(falls) / len(falls) if falls else 0.0
    if fall <= -0.1 + 1e-9 and absences > 1:
        days = (min(own[0][0] for own in marks), max(own[-1][0] for own in marks))
        yield (
            f"班主任办理：各科最近一次成绩平均比自己以往低{round(-100 * fall)}分"
            f"（按满分100计，{_full(days[0])}至{_full(days[1])}的考试），同时近20个教学日无故缺课{absences}天。请班主任当天与学生和家长谈一谈"
        )


def _critical(pupil: Pupil) -> Iterator[tuple[str, Day, Day, int]]:
    """Give the latest critical answer of the last 60 school days: test, its day, when entered, days since."""
    answers = [
        (row["recorded_on"], row["date"], row["instrument"])
        for row in pupil.tests
        if row["score"] > _CRITICAL.get((row["instrument"], row["scale"]), float("inf"))
    ]
    for known, date, instrument in [max(answers)] if answers else []:
        if known > pupil.school_days[-61]:
            told = bisect_right(pupil.school_days, known)
            yield instrument, date, known, len(pupil.school_days) - told


def _full(day: Day) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _short(day: Day) -> str:
    return f"{day.month}月{day.day}日"
