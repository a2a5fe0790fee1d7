"""Recount every sentence of pupils' pages from the raw tables: no false number, no false date.

Pages of random pupils of a simulated district, and of all with an alert, are rendered as a counsellor reads
them, in Chinese. Each reason on them is read back with a regular expression and counted again, from the
tables as they were handed in, with plain loops; nothing of the library's computing is used here. A sentence
that no pattern knows is a fault. The facts on record and the alerts are written again from the same rows
(``recount_facts``): none may be false, and none missing. Some registers fall silent in this district, and one
class is absent as a whole, so that these sentences are told too.

    python benchmarks/recount_sentences.py --pupils 300
"""

from __future__ import annotations

import argparse
import datetime as dt
import html
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from raw_pupils import (
    ABSENT,
    CORE,
    CUTS,
    LATE,
    LEAST_MATES,
    NOT_BURDENS,
    SUBJECTS,
    Day,
    District,
    Pupil,
    exam_said,
    missed_exams,
    sat_by_class,
    valid_scores,
)
from recount_facts import false_facts

if TYPE_CHECKING:
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.scoring.risk_model import RiskModel

# --- What a sentence says: a number that must come out, and the days it must name ---


@dataclass(frozen=True)
class Counted:
    """What a sentence should have said: its number and the days of its rows.

    ``of_any`` is the number of any pupil that class-mates are compared by, and ``scale`` what it is
    multiplied with.
    """

    number: float | str | None = None
    first: Day | None = None
    last: Day | None = None
    of_any: Callable[[Pupil], float] | None = None
    scale: float = 1.0


Recount = Callable[[Pupil, "re.Match[str]"], Counted]
PATTERNS: list[tuple[re.Pattern[str], Recount]] = []


def says(pattern: str) -> Callable[[Recount], Recount]:
    """Register who recounts the sentences of a pattern."""

    def register(function: Recount) -> Recount:
        PATTERNS.append((re.compile(pattern), function))
        return function

    return register


def _ends(days: Sequence[Day]) -> dict[str, Any]:
    return {"first": min(days), "last": max(days)} if days else {}


def _window(said: str) -> int | str:
    return "year" if said == "本学年" else int(re.findall(r"\d+", said)[0])


WINDOW = r"(?P<window>近\d+个教学日|本学年)"
KINDS = {"缺课": ABSENT, "无故缺课": {"absent"}, "迟到或早退": LATE, "迟到早退": LATE}
KIND = r"(?P<kind>无故缺课|缺课|迟到或早退)"


@says(rf"^{WINDOW}{KIND}(?P<n>[\d.]+)天(（有记录的(?P<of>\d+)天中）)?$")
def _days(pupil: Pupil, said: re.Match[str]) -> Counted:
    window, kinds = _window(said["window"]), KINDS[said["kind"]]
    days = pupil.days_in(window)
    if said["of"] and int(said["of"]) != len(days):
        return Counted("days recorded")

    def share(one: Pupil) -> float:
        return one.share(kinds, window)

    return Counted(pupil.count_days(kinds, window), **_ends([day for day, _ in days]), of_any=share,
                   scale=len(days))  # fmt: skip


@says(rf"^{WINDOW}全部(?P<kind>无故缺课|缺课)$")
def _all_days(pupil: Pupil, said: re.Match[str]) -> Counted:
    window = _window(said["window"])
    days = pupil.days_in(window)
    every = len(days) == window and all(status in KINDS[said["kind"]] for _, status in days)

    def share(one: Pupil) -> float:
        return one.share(KINDS[said["kind"]], window)

    return Counted(None if every else "all days", **_ends([day for day, _ in days]), of_any=share,
                   scale=len(days))  # fmt: skip


@says(rf"^{WINDOW}没有(?P<kind>无故缺课|缺课|迟到早退)$")
def _no_days(pupil: Pupil, said: re.Match[str]) -> Counted:
    days = pupil.days_in(_window(said["window"]))
    none = not pupil.count_days(KINDS[said["kind"]], _window(said["window"]))
    return Counted(None if none else "no days", **_ends([day for day, _ in days]))


@says(r"^本学年缺课(?P<n>[\d.]+)天，已达教学日的10%及以上")
def _chronic(pupil: Pupil, said: re.Match[str]) -> Counted:
    days = pupil.days_in("year")
    reached = pupil.share(ABSENT, "year") >= 0.1
    told = pupil.count_days(ABSENT, "year") if reached else "share"
    return Counted(told, **_ends([day for day, _ in days]))


@says(r"^本学年缺课不到教学日的10%$")
def _not_chronic(pupil: Pupil, said: re.Match[str]) -> Counted:
    days = [day for day, _ in pupil.days_in("year")]
    return Counted(None if pupil.share(ABSENT, "year") < 0.1 else "share", **_ends(days))


@says(
    r"^到(?P<last>[\d年月]+日)，已连续(?P<n>\d+)个教学日(?P<kind>无故缺课|缺课)（(?P<first>[\d年月]+日)起）$"
)
def _streak(pupil: Pupil, said: re.Match[str]) -> Counted:
    kinds = KINDS[said["kind"]]
    days = pupil.streak(kinds)
    return Counted(
        len(days), **_ends(days), of_any=lambda one: len(one.streak(kinds)) if one.days else math.nan
    )


@says(
    r"^自(?P<month>\d+)月(?P<day>\d+)日起有记录的(?P<n>\d+)天都(?P<kind>无故缺课|缺课)，"
    r"另有(?P<unknown>\d+)个教学日没有记录$"
)
def _streak_with_gaps(pupil: Pupil, said: re.Match[str]) -> Counted:
    days = pupil.streak(KINDS[said["kind"]])
    begun = (days[0].month, days[0].day) == (int(said["month"]), int(said["day"]))
    unknown = sum(day >= days[0] for day in pupil.school_days) - len(days)
    right = begun and unknown == int(said["unknown"])
    kinds = KINDS[said["kind"]]
    return Counted(
        len(days) if right else "days without a record",
        **_ends(days),
        of_any=lambda one: float(len(one.streak(kinds))) if one.days else math.nan,
    )


@says(r"^最近一次考勤（(?P<last>.+日)）(?P<kind>无故缺课|缺课)$")
def _one_day_streak(pupil: Pupil, said: re.Match[str]) -> Counted:
    kinds = KINDS[said["kind"]]
    days = pupil.streak(kinds)
    return Counted(
        None if len(days) == 1 else "no single day",
        **_ends(days),
        of_any=lambda one: len(one.streak(kinds)) if one.days else math.nan,
    )


@says(r"^(?P<month>\d+)月(?P<day>\d+)日(?P<kind>无故缺课|缺课)，此后(?P<unknown>\d+)个教学日没有记录$")
def _one_day_with_gaps(pupil: Pupil, said: re.Match[str]) -> Counted:
    kinds = KINDS[said["kind"]]
    days = pupil.streak(kinds)
    unknown = sum(day > days[-1] for day in pupil.school_days)
    same = len(days) == 1 and (days[0].month, days[0].day) == (int(said["month"]), int(said["day"]))
    return Counted(
        None if same and unknown == int(said["unknown"]) else "days without a record",
        **_ends(days),
        of_any=lambda one: float(len(one.streak(kinds))) if one.days else math.nan,
    )


@says(r"^最近一次考勤(?P<none>没有无故缺课|在校)$")
def _no_streak(pupil: Pupil, said: re.Match[str]) -> Counted:
    day, status = pupil.days[-1]
    kinds = {"absent"} if said["none"] == "没有无故缺课" else ABSENT
    return Counted(None if status not in kinds else "no streak", day, day)


@says(rf"^{WINDOW}最长一次连续缺课(?P<n>\d+)个教学日（(?P<first>.+日)至(?P<last>.+日)）$")
def _longest(pupil: Pupil, said: re.Match[str]) -> Counted:
    window = _window(said["window"])
    longest = max(pupil.runs(ABSENT, window), key=lambda run: (len(run), run[0]))

    def of_any(one: Pupil) -> float:
        return max(map(len, one.runs(ABSENT, window)), default=0) if one.days_in(window) else math.nan

    return Counted(len(longest), **_ends(longest), of_any=of_any)


@says(rf"^{WINDOW}缺课每次只有一天（最近一次是(?P<last>.+日)）$")
def _single_days(pupil: Pupil, said: re.Match[str]) -> Counted:
    window = _window(said["window"])
    longest = max(pupil.runs(ABSENT, window), key=lambda run: (len(run), run[0]))

    def of_any(one: Pupil) -> float:
        return max(map(len, one.runs(ABSENT, window)), default=0) if one.days_in(window) else math.nan

    return Counted(None if len(longest) == 1 else "a longer run", **_ends(longest), of_any=of_any)


@says(rf"^{WINDOW}缺课(?P<n>\d+)次（连续几天算一次）$")
def _spells(pupil: Pupil, said: re.Match[str]) -> Counted:
    window = _window(said["window"])
    days = [day for day, _ in pupil.days_in(window)]

    def of_any(one: Pupil) -> float:
        return float(len(one.runs(ABSENT, window))) if one.days_in(window) else math.nan

    return Counted(len(pupil.runs(ABSENT, window)), **_ends(days), of_any=of_any)


@says(r"^距上次到校（(?P<last>.+日)）已过(?P<n>\d+)个教学日$")
def _since_present(pupil: Pupil, said: re.Match[str]) -> Counted:
    def days(one: Pupil) -> float:
        there = [day for day, status in one.days if status not in ABSENT]
        return float(sum(day > there[-1] for day in one.school_days)) if there else math.nan

    last = [day for day, status in pupil.days if status not in ABSENT][-1]
    return Counted(days(pupil), last, last, of_any=days)


@says(r"^最近一个教学日到校$")
def _present_yesterday(pupil: Pupil, said: re.Match[str]) -> Counted:
    day, status = pupil.days[-1]
    there = day == pupil.school_days[-1] and status not in ABSENT
    return Counted(None if there else "at school", day, day)


@says(r"^近60个教学日周一、周五的缺课率与其他日子相同$")
def _weekdays_alike(pupil: Pupil, said: re.Match[str]) -> Counted:
    return _compared_days(*_by_weekday(pupil))


@says(
    r"^近60个教学日的(?P<a_of>\d+)个周一、周五缺课(?P<a>\d+)天，其他(?P<b_of>\d+)天缺课(?P<b>\d+)天，"
    r"周一、周五偏(?P<way>多|少)$"
)
def _weekdays(pupil: Pupil, said: re.Match[str]) -> Counted:
    return _compared_days(*_by_weekday(pupil), said)


def _by_weekday(pupil: Pupil) -> tuple[list[tuple[Day, str]], list[tuple[Day, str]]]:
    days = pupil.days_in(60)
    named = [item for item in days if item[0].weekday() in {0, 4}]
    return named, [item for item in days if item not in named]


@says(r"^近10个教学日的缺课率与此前50个教学日持平$")
def _no_trend(pupil: Pupil, said: re.Match[str]) -> Counted:
    return _compared_days(*_now_and_before(pupil))


@says(
    r"^近10个教学日缺课(?P<a>\d+)天（有记录(?P<a_of>\d+)天），"
    r"此前50个教学日缺课(?P<b>\d+)天（有记录(?P<b_of>\d+)天），比此前(?P<way>多|少)$"
)
def _trend(pupil: Pupil, said: re.Match[str]) -> Counted:
    return _compared_days(*_now_and_before(pupil), said)


def _now_and_before(pupil: Pupil) -> tuple[list[tuple[Day, str]], list[tuple[Day, str]]]:
    now = pupil.days_in(10)
    return now, [item for item in pupil.days_in(60) if item not in now]


def _compared_days(
    these: list[tuple[Day, str]], others: list[tuple[Day, str]], said: re.Match[str] | None = None
) -> Counted:
    """Recount the days missed of two kinds of days; ``way`` says of which there were more."""
    missed = [sum(status in ABSENT for _, status in days) for days in (these, others)]
    counted = (missed[0], len(these), missed[1], len(others))
    share = missed[0] * len(others) - missed[1] * len(these)
    right = (
        share == 0
        if said is None
        else tuple(int(said[name]) for name in ("a", "a_of", "b", "b_of")) == counted
        and share * (1 if said["way"] == "多" else -1) > 0
    )
    return Counted(None if right else "days missed", **_ends([day for day, _ in (*these, *others)]))


def _way(points: float, said: re.Match[str], up: str) -> float | str:
    if said["way"] is None:
        return "the same" if abs(points) > 1e-9 else 0.0
    return points if said["way"] == up else -points


@says(r"^近20个教学日缺课(?P<n>[\d.]+)天，同班其他同学(?P<mates>都没有|平均.+天)$")
def _beside_mates(pupil: Pupil, said: re.Match[str]) -> Counted:
    days = pupil.days_in(20)
    shares = [share for share in (mate.share(ABSENT, 20) for mate in pupil.mates) if not math.isnan(share)]
    others = len(days) * sum(shares) / len(shares)
    if not _mean_is_told(said["mates"].removeprefix("平均").removesuffix("天"), others):
        return Counted("class-mates")
    return Counted(pupil.count_days(ABSENT, 20), **_ends([day for day, _ in days]))


LEVELS: dict[str, tuple[int | str, set[str] | None, bool]] = {
    "本学年": ("year", None, False), "历次考试": ("all", None, False),
    "各科最近一次考试": (200, None, True), "语数英最近一次考试": (200, CORE, True),
}  # fmt: skip


@says(r"^(?P<which>本学年|历次考试|各科最近一次考试|语数英最近一次考试)平均(?P<n>\d+)分（按满分100计）$")
def _level(pupil: Pupil, said: re.Match[str]) -> Counted:
    window, subjects, last = LEVELS[said["which"]]

    def taken(one: Pupil) -> list[Any]:
        own = one.marks_in(window, subjects).values()
        return [mark for marks in own for mark in (marks[-1:] if last else marks)]

    def of_any(one: Pupil) -> float:
        marks = taken(one)
        return sum(share for _, _, share in marks) / len(marks) if marks else math.nan

    days = [day for day, _, _ in taken(pupil)]
    return Counted(100 * of_any(pupil), **_ends(days), of_any=of_any, scale=100.0)


def _slope(pupil: Pupil) -> tuple[float, float, list[Day]]:
    """Slope per 20 school days with one level per subject, and the spread about it."""
    points: list[tuple[float, float]] = []
    subjects = pupil.marks_in(200)
    school_days = pupil.district.school_days[pupil.student["school_id"]]
    for own in subjects.values():
        days = [sum(day < mark[0] for day in school_days) for mark in own]
        middle, level = sum(days) / len(days), sum(mark[2] for mark in own) / len(own)
        points += [(day - middle, mark[2] - level) for day, mark in zip(days, own, strict=True)]
    slope = sum(x * y for x, y in points) / sum(x * x for x, _ in points)
    freedom = len(points) - len(subjects) - 1
    spread = math.sqrt(sum((y - slope * x) ** 2 for x, y in points) / freedom)
    return 2000 * slope, 100 * spread, [mark[0] for own in subjects.values() if len(own) > 1 for mark in own]


@says(r"^成绩呈(?P<way>上升|下降)走势，每20个教学日约[升降](?P<n>[\d.]+)分（按满分100计）$")
def _course(pupil: Pupil, said: re.Match[str]) -> Counted:
    slope, _, days = _slope(pupil)
    return Counted(_way(slope, said, "上升"), **_ends(days))


@says(r"^成绩围绕自身走势上下波动约(?P<n>[\d.]+)分（按满分100计）$")
def _spread(pupil: Pupil, said: re.Match[str]) -> Counted:
    _, spread, days = _slope(pupil)
    return Counted(spread, **_ends(days))


def _falls(pupil: Pupil) -> list[tuple[float, str, Any, Any]]:
    return [
        (before[2] - after[2], subject, before, after)
        for subject, own in pupil.marks_in(200).items()
        for before, after in pairwise(own)
    ]


OF = r"(?P<of>按满分100计|满分\d+)"


def _of_full(full: float | None) -> str:
    return "按满分100计" if full is None else f"满分{full:g}"


@says(
    r"^(?P<subject>[^由近最]+)由(?P<first>.+日)的(?P<before>\d+)分降到(?P<last>.+日)的(?P<after>\d+)分"
    rf"（{OF}）$"
)
def _drop(pupil: Pupil, said: re.Match[str]) -> Counted:
    falls = _falls(pupil)
    largest = max(fall for fall, *_ in falls)
    subject = SUBJECTS.get(said["subject"], said["subject"])
    for fall, name, before, after in falls:
        full = pupil.one_full((name, mark[1]) for mark in (before, after))
        shown = [round((full or 100) * mark[2]) for mark in (before, after)]
        told = [int(said["before"]), int(said["after"])]
        if (
            name == subject
            and abs(fall - largest) < 1e-9
            and shown == told
            and said["of"] == _of_full(full)
            and before[0] == _read_day(said["first"])
        ):
            return Counted(None, before[0], after[0])
    return Counted("largest fall")


@says(r"^各科成绩都没有比上一次下降$")
def _no_drop(pupil: Pupil, said: re.Match[str]) -> Counted:
    days = [mark[0] for own in pupil.marks_in(200).values() if len(own) > 1 for mark in own]
    return Counted(None if max(fall for fall, *_ in _falls(pupil)) <= 0 else "no fall", **_ends(days))


@says(r"^各科最近一次成绩平均(比自己以往(?P<way>高|低)(?P<n>[\d.]+)分（按满分100计）|与自己以往持平)$")
def _own_mean(pupil: Pupil, said: re.Match[str]) -> Counted:
    two = [own for own in pupil.marks_in(200).values() if len(own) > 1]
    gaps = [own[-1][2] - sum(mark[2] for mark in own[:-1]) / (len(own) - 1) for own in two]
    days = [mark[0] for own in two for mark in own]
    return Counted(_way(100 * sum(gaps) / len(gaps), said, "高"), **_ends(days))


@says(rf"^(?P<exam>.+?)平均比同班其他同学(?P<way>高|低)(?P<n>不到1|\d+)分（{OF}）$")
def _standing(pupil: Pupil, said: re.Match[str]) -> Counted:
    gaps = pupil.gaps(200)
    if said["exam"].startswith("近200个教学日"):
        named = [(subject, mark) for subject, own in gaps.items() for mark in own]
    else:
        named = [(subject, own[-1]) for subject, own in gaps.items()]
    named = [(subject, mark) for subject, mark in named if not math.isnan(mark[2])]
    chosen = [mark for _, mark in named]
    full = pupil.one_full((subject, mark[1]) for subject, mark in named)
    if said["of"] != _of_full(full):
        return Counted("full marks")
    names = {mark[1] for mark in chosen}
    if "学期" in said["exam"] and [exam_said(name) for name in names] != [
        said["exam"].removesuffix("考试各科").removesuffix("各科")
    ]:
        return Counted("name of the exam")
    points = sum(mark[2] for mark in chosen) / len(chosen) * (full or 100) / 100
    return Counted(_way(points, said, "高"), **_ends([mark[0] for mark in chosen]))


@says(
    r"^与同班其他同学相比，各科最近一次考试平均比该科前一次"
    rf"(?P<way>进步|退步)(?P<n>不到1|\d+)分（{OF}）$"
)
def _standing_change(pupil: Pupil, said: re.Match[str]) -> Counted:
    named = {subject: own[-2:] for subject, own in pupil.gaps(200).items() if len(own) > 1}
    named = {name: own for name, own in named.items() if not any(math.isnan(mark[2]) for mark in own)}
    two = [*named.values()]
    full = pupil.one_full((subject, mark[1]) for subject, own in named.items() for mark in own)
    if said["of"] != _of_full(full):
        return Counted("full marks")
    points = sum(own[1][2] - own[0][2] for own in two) / len(two) * (full or 100) / 100
    return Counted(_way(points, said, "进步"), **_ends([mark[0] for own in two for mark in own]))


STANDINGS = {
    "各科最近一次考试": "last",
    "各科班级位置比该科前一次考试平均": "change",
    "近200个教学日的考试总体": "mean",
}


@says(rf"^(?P<of>{'|'.join(STANDINGS)})(?P<way>高于|低于|上升|下降)(全班平均)?(?P<n>[\d.]+)个标准差$")
def _standing_in_deviations(pupil: Pupil, said: re.Match[str]) -> Counted:
    """Recount deviations of the whole class: told where points over all subjects say the contrary."""

    def z(subject: str, mark: tuple[Day, str, float]) -> float:
        _, exam, share = mark
        one = [row[3] for mate in pupil.mates for row in mate.marks if (row[0], row[2]) == (subject, exam)]
        every = [*one, share]
        mean = sum(every) / len(every)
        spread = math.sqrt(sum((other - mean) ** 2 for other in every) / len(every))
        return (share - mean) / spread if len(every) >= LEAST_MATES and spread else math.nan

    found = {name: [(m[0], z(name, m)) for m in own] for name, own in pupil.marks_in(200).items()}
    of = STANDINGS[said["of"]]
    if of == "change":
        two = [own[-2:] for own in found.values() if len(own) > 1]
        two = [own for own in two if not any(math.isnan(number) for _, number in own)]
        number = sum(own[1][1] - own[0][1] for own in two) / len(two)
        days = [day for own in two for day, _ in own]
    else:
        marks = [mark for own in found.values() for mark in (own[-1:] if of == "last" else own)]
        marks = [mark for mark in marks if not math.isnan(mark[1])]
        number = sum(number for _, number in marks) / (len(marks) + (3 if of == "mean" else 0))
        days = [day for day, _ in marks]
    return Counted(number if said["way"] in {"高于", "上升"} else -number, **_ends(days))


@says(r"^本学年平均(?P<n>\d+)分，比同班其他同学(?P<way>高|低)(?P<gap>不到1|\d+)分（按满分100计）$")
def _year_beside_mates(pupil: Pupil, said: re.Match[str]) -> Counted:
    def mean(one: Pupil) -> float:
        shares = [mark[2] for own in one.marks_in("year").values() for mark in own]
        return 100 * sum(shares) / len(shares) if shares else math.nan

    others = [value for value in map(mean, pupil.mates) if not math.isnan(value)]
    gap = mean(pupil) - sum(others) / len(others)
    if not _is_told(said["gap"], gap if said["way"] == "高" else -gap):
        return Counted("gap to class-mates")
    days = [mark[0] for own in pupil.marks_in("year").values() for mark in own]
    return Counted(mean(pupil), **_ends(days))


@says(r"^(?P<core>语数英中有|各科最近一次考试中有)(?P<n>\d+)科(最近一次考试)?低于满分的60%：(?P<names>.+)$")
def _failing(pupil: Pupil, said: re.Match[str]) -> Counted:
    subjects = CORE if said["core"] == "语数英中有" else None

    def failed(one: Pupil) -> dict[str, Day]:
        latest = {name: own[-1] for name, own in one.marks_in(200, subjects).items()}
        return {name: mark[0] for name, mark in latest.items() if mark[2] < 0.6}

    own = failed(pupil)
    if {SUBJECTS.get(name, name) for name in said["names"].split("、")} != own.keys():
        return Counted("subjects")

    def of_any(one: Pupil) -> float:
        return float(len(failed(one))) if one.marks_in(200, subjects) else math.nan

    return Counted(len(own), **_ends([*own.values()]), of_any=of_any)


@says(r"^(语数英最近一次考试|各科最近一次考试)都达到满分的60%$")
def _nothing_failed(pupil: Pupil, said: re.Match[str]) -> Counted:
    subjects = CORE if said[1].startswith("语数英") else None
    latest = [own[-1] for own in pupil.marks_in(200, subjects).values()]
    none = all(mark[2] >= 0.6 for mark in latest)
    return Counted(None if none else "nothing failed", **_ends([mark[0] for mark in latest]))


@says(r"^距最近一次成绩（(?P<last>.+日)）已过(?P<n>\d+)个教学日$")
def _since_mark(pupil: Pupil, said: re.Match[str]) -> Counted:
    last = max(mark[1] for mark in pupil.marks)
    return Counted(max(sum(day > last for day in pupil.school_days), 0), last, last)


# --- exams missed


@says(rf"^{WINDOW}：(共缺考(?P<n>\d+)科次（(?P<parts>.+)）|(?P<one>.+))$")
def _missed_exams(pupil: Pupil, said: re.Match[str]) -> Counted:
    window = _window(said["window"])
    missed, sat = missed_exams(pupil, window), sat_by_class(pupil)
    by_exam = Counter(exam for _, exam in missed)
    expected = set()
    for exam, n in by_exam.items():
        every = sum(name == exam for _, name in sat)
        expected.add(
            f"{exam_said(exam)}{n}科均未参加" if n == every else f"{exam_said(exam)}{every}科中缺考{n}科"
        )
    if {*(said["parts"] or said["one"]).split("、")} != expected:
        return Counted("exams missed")

    def of_any(one: Pupil) -> float:
        return float(len(missed_exams(one, window)))

    return Counted(len(missed), **_ends([*missed.values()]), of_any=of_any)


@says(rf"^{WINDOW}没有缺考$")
def _nothingmissed_exams(pupil: Pupil, said: re.Match[str]) -> Counted:
    window = _window(said["window"])
    days = [day for day, _ in sat_by_class(pupil).values() if day >= pupil.since(window)]
    days = [day for day in days if not pupil.student["enrolled_on"] or day >= pupil.student["enrolled_on"]]
    return Counted(None if not missed_exams(pupil, window) else "nothing missed", **_ends(days))


# --- psychology

SCALES = {
    "MHT总分": ("MHT", "total"),
    "MHT学习焦虑分": ("MHT", "learning_anxiety"),
    "MHT孤独倾向分": ("MHT", "loneliness"),
    "MHT身体症状分": ("MHT", "physical_symptoms"),
    "PHQ-9总分": ("PHQ-9", "total"),
    "SDQ困难总分": ("SDQ", "total"),
}
RANGES = {"MHT": 90, "PHQ-9": 27, "SDQ": 40}


@says(rf"^(?P<scale>{'|'.join(SCALES)})(?P<n>\d+)分（")
def _score(pupil: Pupil, said: re.Match[str]) -> Counted:
    instrument, scale = SCALES[said["scale"]]
    day, score = valid_scores(pupil, instrument, scale)[-1]
    return Counted(score, day, day)


@says(r"^最近心理测评(处于第(?P<n>\d)档（|未达到关注分界值$)")
def _band(pupil: Pupil, said: re.Match[str]) -> Counted:
    bands = []
    for instrument, (watch, high) in CUTS.items():
        for day, score in valid_scores(pupil, instrument, "total")[-1:]:
            bands.append((2 if score >= high else 1 if score >= watch else 0, day))
    worst = max(band for band, _ in bands)
    days = [day for band, day in bands if band == worst]
    return Counted(worst if said["n"] or worst == 0 else "band", **_ends(days))


@says(r"^心理测评困扰分(比上次(?P<way>升高|降低)，幅度为量表全距的(?P<n>\d+)%|与上次相同)$")
def _test_change(pupil: Pupil, said: re.Match[str]) -> Counted:
    changes = []
    for instrument, highest in RANGES.items():
        own = valid_scores(pupil, instrument, "total")[-2:]
        if len(own) == 2:
            changes.append((100 * (own[1][1] - own[0][1]) / highest, own))
    largest = max(change for change, _ in changes)
    days = [day for change, own in changes if change == largest for day, _ in own]
    return Counted(_way(largest, said, "升高"), **_ends(days))


@says(r"^(距最近一次心理测评已过(?P<n>\d+)个教学日|最近一个教学日做过心理测评)$")
def _test_age(pupil: Pupil, said: re.Match[str]) -> Counted:
    last = max(row["date"] for row in pupil.tests)
    return Counted(float(sum(day > last for day in pupil.school_days)), last, last)


@says(r"^最近一次心理测评(?P<state>无效或未作答，宜另约时间重测|有效)$")
def _test_state(pupil: Pupil, said: re.Match[str]) -> Counted:
    last = max(row["date"] for row in pupil.tests)
    rows = [row for row in pupil.tests if row["date"] == last]
    valid = all(
        any(day == last for day, _ in valid_scores(pupil, row["instrument"], row["scale"])) for row in rows
    )
    return Counted(None if valid == (said["state"] == "有效") else "state", last, last)


# --- family

FACTORS: dict[str, tuple[set[str], set[str] | None]] = {
    "登记为留守儿童，父母双方均外出务工": ({"left_behind"}, {"both_parents", "both_parents_half_year"}),
    "登记为留守儿童": ({"left_behind"}, None),
    "登记为单亲家庭": ({"single_parent"}, None),
    "登记为父母离异": ({"parents_divorced"}, None),
    "登记为孤儿或事实无人抚养儿童": ({"orphan", "de_facto_unsupported"}, None),
    "登记有父母一方因病、残或其他原因无法照料": ({"parent_unable_to_care"}, None),
    "登记有父母或监护人离世": ({"bereavement"}, None),
    "登记为低保、特困或防返贫监测家庭": (
        {"low_income", "extreme_poverty", "monitored_household", "registered_poor"}, None),
    "登记有残疾": ({"disability"}, None),
    "登记为进城务工人员随迁子女": ({"migrant_child"}, None),
    "登记为由祖辈照料": ({"grandparents_care"}, None),
}  # fmt: skip


def _holding(pupil: Pupil, factors: set[str] | None, values: set[str] | None = None) -> list[dict[str, Any]]:
    return [
        row
        for row in pupil.family
        if (row["factor"] in factors if factors else row["factor"] not in NOT_BURDENS)
        and (values is None or row["value"] in values)
        and (row["valid_to"] is None or row["valid_to"] >= pupil.as_of)
    ]


@says("^(?P<text>登记[为有].+)$")
def _factor(pupil: Pupil, said: re.Match[str]) -> Counted:
    factors, values = FACTORS[said["text"]]
    rows = _holding(pupil, factors, values)

    def of_any(one: Pupil) -> float:
        return float(bool(_holding(one, factors, values))) if one.family else math.nan

    return Counted(None if rows else "on record", **_ends([row["valid_from"] for row in rows]), of_any=of_any)


@says(r"^目前登记有(?P<n>\d+)项家庭困难$")
def _burdens(pupil: Pupil, said: re.Match[str]) -> Counted:
    rows = _holding(pupil, None)
    number = len({row["factor"] for row in rows})

    def of_any(one: Pupil) -> float:
        return float(len({row["factor"] for row in _holding(one, None)})) if one.family else math.nan

    return Counted(number, **_ends([row["valid_from"] for row in rows]), of_any=of_any)


@says(r"^近60个教学日新增(?P<n>\d+)项家庭困难$")
def _recent(pupil: Pupil, said: re.Match[str]) -> Counted:
    def rows(one: Pupil) -> list[dict[str, Any]]:
        return [
            row
            for row in one.family
            if row["factor"] not in NOT_BURDENS and row["valid_from"] >= one.since(60)
        ]

    own = rows(pupil)
    number = len({row["factor"] for row in own})

    def of_any(one: Pupil) -> float:
        return float(len({row["factor"] for row in rows(one)})) if one.family else math.nan

    return Counted(number, **_ends([row["valid_from"] for row in own]), of_any=of_any)


@says(r"^(家校距离(?P<n>[\d.]+)公里|家就在学校旁)$")
def _distance(pupil: Pupil, said: re.Match[str]) -> Counted:
    return Counted(pupil.student["distance_km"])


@says(r"^(?P<which>寄宿生|走读生)$")
def _boarding(pupil: Pupil, said: re.Match[str]) -> Counted:

    def of_any(one: Pupil) -> float:
        return math.nan if one.student["boarding"] is None else float(one.student["boarding"])

    right = bool(pupil.student["boarding"]) == (said["which"] == "寄宿生")
    return Counted(None if right else "boarding", of_any=of_any)


# --- Pages read back, and held against the tables ---

_LINE = re.compile(
    r'<li class="(?:raising|lowering)">\s*<span class="words">(?P<text>.*?)'
    r'(?: <small>(?P<note>.*?)</small>)?\s*(?:<details.*?</details>)?</span>', re.DOTALL)  # fmt: skip
_FULL_DAY = r"\d{4}年\d{1,2}月\d{1,2}日"
_DAYS_IN_NOTE = re.compile(
    rf"^(?P<first>{_FULL_DAY})(?:至(?P<last>(?:\d{{4}}年)?\d{{1,2}}月\d{{1,2}}日))?(?P<open>起)?$"
)


DATE_ON_PAGE = re.compile(rf"<small>(?!依据)(?:[^<]*；)?(?P<day>{_FULL_DAY})[^<]*</small>")
"""A date in the small print beside a reason."""


@dataclass(frozen=True)
class Fault:
    """A sentence that the tables do not bear out."""

    student_id: str
    sentence: str
    what: str


def reasons_on_page(page: str) -> Iterator[tuple[str, str]]:
    """Give each reason of the second waterfall: its sentence, and the small print beside it."""
    rows = page.split('<ul class="fall">')
    for found in _LINE.finditer(rows[2] if len(rows) > 2 else ""):
        yield html.unescape(found["text"]).strip(), html.unescape(found["note"] or "").strip()


_FOLDED = re.compile(r"<h3>另外使风险(?:升高|降低)（不显示分量）</h3>\s*<ul>(.*?)</ul>", re.DOTALL)


def folded_faults(page: str, district: District, student: str, as_of: Day) -> tuple[int, list[Fault]]:
    """Recount the reasons that a page tells without a number: how many there are, and the false ones."""
    pupil = district.pupil(student, as_of)
    lines = [
        html.unescape(line) for told in _FOLDED.findall(page) for line in re.findall("<li>(.*?)</li>", told)
    ]
    faults = []
    for line in lines:
        found = re.fullmatch(rf"(?P<text>.*?)（(?P<note>{_FULL_DAY}[^（）]*)）", line)
        text, note = (line, "") if found is None else (found["text"], found["note"])
        faults += [Fault(student, line, what) for what in _faults(pupil, text, note)]
    return len(lines), faults


def faults_of_page(
    page: str, district: District, student: str, as_of: Day, earlier: Day | None = None
) -> tuple[int, list[Fault]]:
    """Recount a page: the number of its sentences, and those that are false.

    ``earlier`` is the date of the list before, if there was one.
    """
    number, faults = 0, []
    pupil = district.pupil(student, as_of)
    for sentence, note in reasons_on_page(page):
        number += 1
        faults += [Fault(student, f"{sentence} [{note}]", what) for what in _faults(pupil, sentence, note)]
    lines, false = false_facts(page, pupil, earlier)
    return number + lines, [*faults, *(Fault(student, line, what) for line, what in false)]


_FEW_DAYS = re.compile(r"（只按有记录的(?P<known>\d+)天计：这\d+个教学日中其他日子没有记录）$")


def _faults(pupil: Pupil, sentence: str, note: str) -> Iterator[str]:
    few = _FEW_DAYS.search(sentence)
    if few is not None:
        sentence = sentence[: few.start()]
        window = _window(re.search(WINDOW, sentence)[0])  # type: ignore[index]
        if int(few["known"]) != len(pupil.days_in(window)):
            yield f"told {few['known']} recorded days"
    for pattern, recount in PATTERNS:
        said = pattern.search(sentence)
        if said is None:
            continue
        try:
            counted = recount(pupil, said)
        except (IndexError, ValueError, ZeroDivisionError, KeyError) as error:
            yield f"cannot be counted: {error!r}"
            return
        yield from _false_number(said, counted)
        yield from _false_days(said, note, counted)
        yield from _false_comparison(pupil, note, counted)
        return
    yield "no recount knows this sentence"


def _false_number(said: re.Match[str], counted: Counted) -> Iterator[str]:
    told = said.groupdict().get("n")
    if isinstance(counted.number, str):
        yield f"false: {counted.number}"
    elif told is not None and counted.number is not None and not _is_told(told, counted.number):
        yield f"told {told}, counted {counted.number}"


def _is_told(told: str, number: float) -> bool:
    """Say whether a number is told as it is, to the digits that are shown."""
    if told == "不到1":
        return 0 < number <= 0.5 + 1e-6
    digits = len(told.partition(".")[2])
    return abs(float(told) - number) <= 0.5 * 10**-digits + 1e-6


def _false_days(said: re.Match[str], note: str, counted: Counted) -> Iterator[str]:
    groups = said.groupdict()
    days = {name: _read_day(groups[name]) for name in ("first", "last") if groups.get(name)}
    for part in note.split("；"):
        found = _DAYS_IN_NOTE.match(part)
        if found:
            days["first"] = _read_day(found["first"])
            if not found["open"]:
                days["last"] = _read_day(found["last"] or found["first"], days["first"].year)
    for name, day in days.items():
        if day != getattr(counted, name):
            yield f"told {name} day {day}, counted {getattr(counted, name)}"
    if counted.first is not None and not days:
        yield "no day is told"


def _read_day(text: str, year: int | None = None) -> Day:
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    return dt.date(*numbers) if len(numbers) == 3 else dt.date(year or 1, *numbers)


_COMPARED = re.compile(r"^(?P<whom>同班其他同学|本人12周前)(?P<how>都没有|平均|中有)?(?P<number>[^；]*)$")


def _false_comparison(pupil: Pupil, note: str, counted: Counted) -> Iterator[str]:
    for part in note.split("；"):
        found = _COMPARED.match(part)
        if found is None:
            continue
        if counted.of_any is None:
            yield f"a comparison that nobody recounts: {part}"
            return
        if found["whom"] == "本人12周前":
            then = pupil.district.pupil(pupil.id, pupil.as_of - dt.timedelta(days=84))
            values = [counted.of_any(then)]
        else:
            values = [value for value in map(counted.of_any, pupil.mates) if not math.isnan(value)]
        mean = counted.scale * sum(values) / len(values)
        told = (found["how"] == "都没有" and "都没有") or re.sub(
            r"(天|次|科次|科|分|个)$", "", found["number"]
        )
        if not (_percent_is_told(told, mean) if told.endswith("%") else _mean_is_told(told, mean)):
            yield f"{part}: counted {mean}"


def _percent_is_told(told: str, share: float) -> bool:
    if told.startswith("<"):
        return 0 < share < 0.01
    return 0.99 < share < 1 if told.startswith(">") else _is_told(told.rstrip("%"), 100 * share)


def _mean_is_told(told: str, number: float) -> bool:
    if told == "都没有":
        return abs(number) < 1e-9
    if told == "不到0.1":
        return 0 < number < 0.05 + 1e-9
    return abs(float(told) - number) <= 0.05 + 1e-6


# --- A district, its pages, and the count ---


class Simulated(NamedTuple):
    """A simulated district, its records, a model of them, and the day after the last."""

    district: District
    records: SchoolRecords
    model: RiskModel
    as_of: Day


def simulated_district(students: int, seed: int, *, n_days: int = 340) -> Simulated:
    """Simulate a district, and train on it."""
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.settings import Settings
    from dropout_risk.simulate.district import simulate_tables
    from dropout_risk.training.train import train

    simulated = simulate_tables(students, seed, n_days=n_days)
    frames = {name: table.to_pandas() for name, table in simulated.tables.items()}
    frames["attendance"] = with_odd_registers(frames, simulated.last_day, seed)
    frames["wellbeing"] = with_critical_answers(frames["wellbeing"], simulated.last_day)
    records = SchoolRecords.from_tables(**frames, today=simulated.last_day, outcomes_to=simulated.last_day)
    settings = Settings(
        models={"candidate": "lightgbm", "folds": 2}, evaluation={"refits": 0, "learning_curve": False}
    )
    model = train(records, settings, track=False).model
    return Simulated(District(frames), records, model, simulated.last_day + dt.timedelta(days=1))


def simulated_pages(
    simulated: Simulated, seed: int, pupils: int, *, earlier: Day | None = None, role: str = "counsellor"
) -> dict[str, str]:
    """Render the pages of some random pupils, and of all with an alert; after an earlier list, or none."""
    from dropout_risk.pages.review import Review
    from dropout_risk.scoring.readers.roles import ROLES

    previous = None
    for as_of in filter(None, (earlier, simulated.as_of)):
        review = Review.of(
            simulated.model,
            simulated.records,
            as_of,
            language="zh",
            role=ROLES[role],
            previous=previous,
        )
        previous = review.watch_list
    ids = sorted(str(pupil.student_id) for pupil in review.scores.pupils)
    chosen = np.random.default_rng(seed).choice(ids, min(pupils, len(ids)), replace=False).tolist()
    chosen += [str(pupil.student_id) for pupil in review.scores.pupils if pupil.alerts]
    return {student: review.pupil(student) for student in chosen}


def with_odd_registers(frames: dict[str, pd.DataFrame], last: Day, seed: int) -> pd.DataFrame:
    """Give attendance in which some rows stop, some pupils stay away, and one class does for a day."""
    rows = frames["attendance"].copy()
    day = pd.to_datetime(rows["date"]).dt.date
    there = rows.loc[day == last, "student_id"].unique()
    chosen = np.random.default_rng(seed).choice(there, min(20, len(there)), replace=False).tolist()
    silent, back, away = chosen[:12], chosen[12:16], chosen[16:]
    own = {student: np.flatnonzero(rows["student_id"] == student) for student in chosen}
    kept = np.ones(len(rows), bool)
    for number, student in enumerate((*silent, *back)):
        kept[own[student][-(2 + 2 * number) :]] = False
    kept |= rows["student_id"].isin(back) & (day == last)
    for number, student in enumerate(away):
        rows.iloc[own[student][-(2 + number) :], rows.columns.get_loc("status")] = "absent"
    class_of = rows["student_id"].map(frames["students"].set_index("student_id")["class_id"])
    one_class = class_of == class_of[own[silent[0]][0]]
    whole = one_class & (day == last - dt.timedelta(days=1))
    rows.loc[whole | (rows["student_id"].isin(back) & (day == last)), "status"] = "absent"
    return rows[kept]


def with_critical_answers(rows: pd.DataFrame, last: Day) -> pd.DataFrame:
    """Give tests of which some hold a critical answer, entered weeks or days before the last day."""
    rows = rows.copy()
    items = rows[(rows["instrument"] == "PHQ-9") & (rows["scale"] == "item_9")]
    chosen = items.drop_duplicates("student_id", keep="last").index[:8]
    rows.loc[chosen, "score"] = 2
    entered = [last - dt.timedelta(days=days) for days in (2, 20)]
    rows.loc[chosen, "recorded_on"] = [entered[number % 2] for number in range(len(chosen))]
    return rows


def main() -> int:
    """Recount, print what is false, and say how much was counted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pupils", type=int, default=300)
    parser.add_argument("--students", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    simulated = simulated_district(asked.students, asked.seed)
    every = _recount_folded(simulated, asked)
    for earlier in (None, simulated.as_of - dt.timedelta(days=7)):
        pages = simulated_pages(simulated, asked.seed, asked.pupils, earlier=earlier)
        sentences, faults = 0, []
        for student, page in pages.items():
            number, found = faults_of_page(page, simulated.district, student, simulated.as_of, earlier)
            sentences += number
            faults += found
        for fault in faults:
            print(f"{fault.student_id}: {fault.sentence}: {fault.what}")
        told = "a first list" if earlier is None else "a list a week after another"
        print(f"{told}: {len(pages)} pages, {sentences} sentences, {len(faults)} false")
        every += len(faults)
    return 1 if every else 0


def _recount_folded(simulated: Simulated, asked: argparse.Namespace) -> int:
    """Recount what a class teacher is told without a number; give how much of it is false."""
    pages = simulated_pages(simulated, asked.seed, asked.pupils, role="class_teacher")
    counts = [
        folded_faults(page, simulated.district, student, simulated.as_of) for student, page in pages.items()
    ]
    faults = [fault for _, found in counts for fault in found]
    for fault in faults:
        print(f"{fault.student_id}: {fault.sentence}: {fault.what}")
    print(f"a class teacher's: {sum(n for n, _ in counts)} folded sentences, {len(faults)} false")
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
