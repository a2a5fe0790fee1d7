"""A county of a few pupils, each of whom stands somewhere else in the ledgers."""

import datetime as dt

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.people import Grant, People, Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead

FIRST, SECOND, THIRD = (dt.date(2025, 9, day) for day in (15, 16, 17))
SCHOOLS = {
    "week": "s-1",
    "month": "s-1",
    "day": "s-1",
    "calm": "s-1",
    "both": "s-2",
    "crisis": "s-2",
    "gone": "s-2",
}
PEOPLE = People((
    Grant("teacher", "class_teacher", "class", "s-1/8/1"),
    *(Grant(f"head-{n}", "principal", "school", f"s-{n}") for n in (1, 2)),
    *(Grant(f"mind-{n}", "counsellor", "school", f"s-{n}") for n in (1, 2)),
    Grant("town", "township", "township", "west"),
    Grant("elder", "village", "village", "upper"),
    Grant("county", "county", "county"),
    Grant("mother", "parent", "pupil", "month"),
    Grant("auditor", "auditor", "county"),
))  # fmt: skip
_HEADERS = (
    "学籍号,姓名,性别,出生日期,身份证件号,户口所在地行政区划,现住址,成员1姓名,联系电话,学校标识码,"
    "是否孤儿,残疾类型,是否脱贫户,自然村,户主姓名"
)
ROLL = f"""{_HEADERS}
week,=1+1,女,2011-03-04,110101201103040011,110101,上村1号,+86,013800138000,0011,1-是,0-无,是,上屯,-x
month,@甲,男,20110405,11010120110405001X,110101,上村2号,乙,13800138001,0011,否,肢体残疾,否,下屯,丙
both,丁,男,2011-05-06,110101201105060012,110101,上村3号,戊,13800138002,0012,否,,否,,己
"""


def placed(pupil):
    school = SCHOOLS[pupil]
    village = "lower" if pupil == "both" else "upper"
    return Placed(pupil, school, f"{school}/8/1", f"t-{pupil}", village, "west")


def signals(day):
    told = [
        Signal("week", "absent_5_days", dt.date(2025, 9, 8)),
        Signal("month", "absent_20_days", dt.date(2025, 8, 18)),
        Signal("day", "absent_1_day", FIRST), Signal("both", "absent_5_days", dt.date(2025, 9, 8)),
        *(Signal(pupil, "critical_item", FIRST, "care") for pupil in ("both", "crisis", "gone")),
    ]  # fmt: skip
    return told if day == FIRST else []


def run_days(book, *days):
    for day in days:
        pupils = [placed(pupil) for pupil in SCHOOLS if pupil != "gone" or day == FIRST]
        run_morning(book, MorningFacts(day, pupils, SchoolDaysAhead(), signals(day)), PEOPLE)


def meet(book, pupil, day, by="head-1", **data):
    told = {
        "way": "home_visit", "met": ["mother", "grandparents"], "with": ["village"],
        "difficulty": ["far_way"], "result": "promised", "due": (day + dt.timedelta(7)).isoformat(),
    }  # fmt: skip
    case = book.case_of(pupil)
    book.write("meet", day, by, f"{pupil}/{day}/{case.seq}", case=case, data=told | data, today=day)


def lived_book(url="sqlite://"):
    """Three mornings: the family of one pupil is met twice, and the counsellor talks with it."""
    book = Book.open(url)
    run_days(book, FIRST)
    meet(book, "month", FIRST)
    meet(book, "month", FIRST, "mind-1", way="counselling", difficulty=["mental_health"], result="unwilling")
    run_days(book, SECOND)
    meet(
        book,
        "month",
        SECOND,
        way="call",
        difficulty=["mental_health", "poverty"],
        result="whereabouts_unknown",
    )
    meet(book, "week", SECOND, difficulty=["unknown"])
    run_days(book, THIRD)
    return book


def write_roll(folder, text=ROLL):
    path = folder / "roll.csv"
    path.write_text(text, encoding="utf-8")
    return path
