"""What a county says once, as its values suggest it: orders of dates, full marks, units, years of entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from dropout_risk.proposals.column_values import ColumnValues, number_in
from dropout_risk.proposals.known_names import name_key
from dropout_risk.proposals.lines import Degree, Line
from dropout_risk.proposals.table_guess import TableGuess
from dropout_risk.records.days.dates import declared_date, is_serial
from dropout_risk.records.tables import TABLES
from dropout_risk.records.wording.grade_levels import FIRST_COHORT, LAST_COHORT, grade_level_in
from dropout_risk.text import Text

_ORDERS = ("dmy", "mdy", "ymd")
_READ, _FEW_DAYS, _WEEKEND, _OFF = 0.98, 5, 0.15, 0.02
_FAR_KM, _HUNDRED, _FEW_MARKS = 50, 100, 20
_WEEKEND_DAYS, _YEAR_DAYS = (5, 6), 366


def convention_lines(guesses: Sequence[TableGuess], today: dt.date) -> list[Line]:
    """Propose the conventions that values speak for."""
    used = [guess for guess in guesses if guess.used]
    found = [
        *_date_order_lines(used, today),
        *_full_mark_lines(used),
        *_unit_lines(used),
        *_entry_year_lines(used),
    ]
    found += [line for guess in guesses for line in _encoding_lines(guess)]
    return found


# --- The order of dates -----------------------------------------------------------------------------


def _date_order_lines(used: Sequence[TableGuess], today: dt.date) -> Iterator[Line]:
    written, at_school = set(), set()
    for guess in used:
        for name in guess.columns:
            values = guess.of_column(name)
            if values is not None and TABLES[guess.table or ""][name].kind == "date":
                written |= set(values.undated)
                at_school |= set(values.undated) if guess.table == "attendance" else set()
    serial = {text for text in written if is_serial(text)}
    orders = ["serial"] if serial else []
    found = (
        _best_order(sorted(written - serial), sorted(at_school - serial), today) if written - serial else None
    )
    if found is not None:
        order, degree, evidence = found
        yield Line((), "dates", (order, *orders) if orders else order, degree, evidence)
    elif orders:
        yield Line((), "dates", "serial", "likely", _SERIAL.filled(n=len(serial)))


def _best_order(
    texts: Sequence[str], at_school: Sequence[str], today: dt.date
) -> tuple[str, Degree, Text] | None:
    read = {order: _days_in(texts, order) for order in _ORDERS}
    possible = [order for order in _ORDERS if len(read[order]) >= _READ * len(texts)]
    latest = today + dt.timedelta(_YEAR_DAYS)
    possible = [order for order in possible if max(read[order], default=today) <= latest]
    if len(possible) == 1:
        return possible[0], "sure", _ONLY.filled(order=possible[0], n=len(texts))
    if not possible:
        return None
    off = {order: _weekend_share(at_school, order) for order in possible}
    best = min(possible, key=lambda order: off[order])
    rest = min(off[order] for order in possible if order != best)
    if len(at_school) >= _FEW_DAYS and off[best] <= _OFF and rest >= _WEEKEND:
        evidence = _WEEKDAYS.filled(order=best, share=f"{rest:.0%}")
        return best, "likely", evidence
    return best, "doubtful", _EITHER.filled(orders=" / ".join(possible))


def _days_in(texts: Sequence[str], order: str) -> list[dt.date]:
    found = (declared_date(text, (order,)) for text in texts)
    return [day for day in found if day is not None]


def _weekend_share(texts: Sequence[str], order: str) -> float:
    days = _days_in(texts, order)
    return sum(day.weekday() in _WEEKEND_DAYS for day in days) / max(len(days), 1)


# --- Numbers ----------------------------------------------------------------------------------------


def _full_mark_lines(used: Sequence[TableGuess]) -> Iterator[Line]:
    lacking = [guess for guess in used if guess.table == "grades" and "max_score" not in guess.columns]
    given = [guess.of_column("score") for guess in lacking]
    marks = [
        (number, count) for values in given if values is not None for number, count in _counted_marks(values)
    ]
    if not lacking:
        return
    highest = max((number for number, _ in marks), default=0)
    if highest == _HUNDRED and sum(count for _, count in marks) >= _FEW_MARKS:
        yield Line((), "max_score", _HUNDRED, "likely", _MARKS.filled(highest=f"{highest:g}"))
        return
    steps = (1, 4, 5, 10, 20, _HUNDRED, 120, 150)
    guessed = next((step for step in steps if highest <= step), int(highest)) if marks else _HUNDRED
    evidence = _MARKS.filled(highest=f"{highest:g}") if marks else _NO_MARKS
    yield Line((), "max_score", guessed, "doubtful", evidence)


def _counted_marks(values: ColumnValues) -> Iterator[tuple[float, int]]:
    for text, count in values.counts.items():
        number = number_in(text)
        if number is not None:
            yield number, count


def _unit_lines(used: Sequence[TableGuess]) -> Iterator[Line]:
    for guess in used:
        column, values = guess.columns.get("distance_km"), guess.of_column("distance_km")
        if column is None or values is None or not values.numbers:
            continue
        middle = sorted(values.numbers)[len(values.numbers) // 2]
        key = name_key(column.header)
        in_name = key.endswith(("米", "metres", "meters")) and not key.endswith("千米")
        if in_name or middle > _FAR_KM:
            evidence = _METRES_SAID if in_name else _METRES_SEEN
            yield Line(
                ("units",),
                "distance_km",
                "m",
                "sure" if in_name and middle > _FAR_KM else "doubtful",
                evidence,
            )


def _entry_year_lines(used: Sequence[TableGuess]) -> Iterator[Line]:
    for guess in used:
        values = guess.of_column("grade_level")
        if values is not None and values.share(_is_cohort) > 0:
            yield Line((), "cohort_enters", 7, "doubtful", _COHORTS)
            return


def _is_cohort(text: str) -> bool:
    level = grade_level_in(text)
    number = number_in(text) if level is None else level
    return number is not None and FIRST_COHORT <= number <= LAST_COHORT


def _encoding_lines(guess: TableGuess) -> Iterator[Line]:
    if guess.file.encoding is not None:
        known = [column for column in guess.columns.values() if column.degree != "doubtful"]
        degree: Degree = "likely" if len(known) > 1 else "doubtful"
        evidence = _ENCODING.filled(encoding=guess.file.encoding, n=len(known))
        yield Line(("encoding",), guess.file.base, guess.file.encoding, degree, evidence)


_SERIAL = Text(zh="日期写成电子表格的序号（{n}个）", en="{n} dates are numbers as spreadsheets count days")
_ONLY = Text(
    zh="{n}个不同的日期只有按 {order} 才都读得出", en="only as {order} can all {n} different dates be read"
)
_WEEKDAYS = Text(
    zh="按 {order}，考勤的日子都在周一至周五；按另一种读法，有{share}落在周末",
    en="as {order} the register has weekdays only; read otherwise, {share} of its days are at weekends",
)
_EITHER = Text(
    zh="日期按 {orders} 都读得出，内容不能分辨：请核对一个知道的日期",
    en="the dates can be read as {orders}, and nothing tells which: compare one that you know",
)
_MARKS = Text(
    zh="没有满分一列，最高分是{highest}",
    en="there is no column of full marks, and the highest mark is {highest}",
)
_NO_MARKS = Text(
    zh="没有满分一列，也没有数字的分数：请写等第折成的分以多少为满分",
    en="there is no column of full marks, and no mark is a number: say of how many points "
    "the marks in words are",
)
_METRES_SAID = Text(zh="表头写明米", en="the header says metres")
_METRES_SEEN = Text(zh="多数距离大于50，像是米", en="most distances are above 50, as metres are")
_COHORTS = Text(
    zh="年级写成入学年份：请写明这些学生入学时的年级（初中为7，高中为10，小学为1）",
    en="grade levels are years of entry: say in which level these pupils enter (such as 7, 10 or 1)",
)
_ENCODING = Text(
    zh="按 {encoding} 读出的是正常文字，认出{n}个表头",
    en="in {encoding} its text makes sense, and {n} headers are known",
)
