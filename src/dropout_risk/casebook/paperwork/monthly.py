"""月报: how many cases there were, came new, were closed and are left, school by school; it must close."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.case import fold_entries
from dropout_risk.casebook.entry import Entry
from dropout_risk.casebook.machine import OUTCOMES
from dropout_risk.casebook.paperwork.ledger_rows import SCHOOL_LINE, LedgerReader, entries_until
from dropout_risk.casebook.paperwork.workbook import Sheet, write_sheets
from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.tables import CASE, ENTRY
from dropout_risk.errors import CaseRightError, DateError, LawBrokenError
from dropout_risk.text import Language, Text

_KINDS = ("open", "hand_over", "close")
_MONTHS = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4]))?")


class Period(NamedTuple):
    """Days of which a report tells, the first and the last."""

    first: dt.date
    last: dt.date

    @classmethod
    def named(cls, name: str) -> Period:
        """Read a month, a quarter, a year, or the first and the last day of a term; or DateError.

        >>> names = "2025-09", "2025-Q3", "2025", "2025-09-01..2026-01-20"
        >>> [str(Period.named(name).last) for name in names]
        ['2025-09-30', '2025-09-30', '2025-12-31', '2026-01-20']
        """
        try:
            if found := _MONTHS.fullmatch(name):
                year, month, quarter = (int(group) if group else 0 for group in found.groups())
                first, last = (month or 1, month or 12) if not quarter else (quarter * 3 - 2, quarter * 3)
                return cls._of_months(year, first, last)
            first_day, last_day = map(dt.date.fromisoformat, name.split(".."))
            if first_day <= last_day:
                return cls(first_day, last_day)
        except ValueError:
            pass
        raise DateError(
            f"{name!r} is no period.",
            hint="a month 2025-09, a quarter 2025-Q3, a year 2025, a term 2025-09-01..2026-01-20",
        )

    @property
    def is_month(self) -> bool:
        """Whether it is one whole month."""
        return self == Period._of_months(self.first.year, self.first.month, self.first.month)

    def __str__(self) -> str:
        """Name a month, or else the first and the last day."""
        return f"{self.first:%Y-%m}" if self.is_month else f"{self.first}..{self.last}"

    @classmethod
    def _of_months(cls, year: int, first: int, last: int) -> Period:
        return cls(dt.date(year, first, 1), dt.date(year, last, calendar.monthrange(year, last)[1]))


@dataclass(frozen=True)
class SchoolBalance:
    """The balance of a school: cases before, new, taken over, closed, given away, and left at the end.

    ``outcomes`` counts how the closed ones ended, ``late`` what was written down after the period.
    """

    school: str
    before: int = 0
    new: int = 0
    taken: int = 0
    closed: int = 0
    given: int = 0
    after: int = 0
    late: int = 0
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def closes(self) -> bool:
        """Whether it does: before + new + taken over = closed + given away + after."""
        return self.before + self.new + self.taken == self.closed + self.given + self.after


def month_balances(book: Book, period: Period, *, person: str | None = None) -> list[SchoolBalance]:
    """Count the cases of each school over a period, from entries alone.

    What is there before and after is what the entries fold to; what came and went is counted one by one.

    Parameters
    ----------
    book : Book
    period : Period
        A month, a quarter, a term, a year.
    person : str, optional
        Only schools for which this person may see outcomes.

    Raises
    ------
    LawBrokenError
        If it does not close: it names the schools.
    CaseRightError
        If the person may see none.
    """
    counts: Counter[tuple[str, str]] = Counter()
    with book.reading() as connection:
        reader = LedgerReader.of_person(connection, person)
        for entries in _entries_of_cases(connection):
            try:
                counts.update([*_counted_events(entries, period)])
            except KeyError:  # no case that the verbs allow
                counts[str(entries[0].data.get("school")), "new"] += 1
    balances = [
        SchoolBalance(
            school,
            **{name: counts[school, name] for name in (*_COUNTS, "late")},
            outcomes={name: counts[school, name] for name in OUTCOMES},
        )
        for school in sorted({school for school, _ in counts})
    ]
    require_closed(balances)
    kept = [balance for balance in balances if reader.may_see("outcome", Placed("", balance.school))]
    if person is not None and not kept:
        raise CaseRightError(
            "No school is in the scope of that person.", hint="the file of people names who may see which"
        )
    return kept


def require_closed(balances: Iterable[SchoolBalance]) -> None:
    """Refuse balances that do not close, and name their schools."""
    wrong = [balance.school for balance in balances if not balance.closes]
    if wrong:
        raise LawBrokenError(
            f"The balance of {len(wrong)} school(s) does not close: {', '.join(wrong)} (law 3, on paper).",
            hint="run: dropout-risk casebook check --book URL, which names the cases",
        )


def total_balance(balances: Iterable[SchoolBalance], name: str) -> SchoolBalance:
    """Add balances up."""
    balances = list(balances)
    sums = {key: sum(getattr(balance, key) for balance in balances) for key in (*_COUNTS, "late")}
    outcomes = {key: sum(balance.outcomes.get(key, 0) for balance in balances) for key in OUTCOMES}
    return SchoolBalance(name, **sums, outcomes=outcomes)


def _entries_of_cases(connection: sa.Connection) -> Iterator[list[Entry]]:
    """Give, case by case, the entries that open, move and close it, each on the day on which it counts.

    That is its own day, or the latest day of which an earlier entry of the case tells: a case has one order.
    """
    counted = sa.func.max(ENTRY.c.day).over(partition_by=ENTRY.c.case, order_by=ENTRY.c.seq).label("day")
    school_line = sa.select(CASE.c.id).where(SCHOOL_LINE)
    columns = [column for column in ENTRY.columns if column.name not in ("day", "note")]
    told = sa.select(counted, *columns).where(ENTRY.c.case.in_(school_line)).subquery()
    rows = connection.execute(
        sa.select(told).where(told.c.kind.in_(_KINDS)).order_by(told.c.case, told.c.seq)
    ).mappings()
    for _, entries in groupby((Entry(**row) for row in rows), lambda entry: entry.case):
        yield [*entries]


def _counted_events(entries: list[Entry], period: Period) -> Iterator[tuple[str, str]]:
    """Give each thing that counts of a case, by school."""
    for name, day in (("before", period.first - dt.timedelta(1)), ("after", period.last)):
        case = fold_entries(entries_until(entries, day))
        if case is not None and case.state != "closed":
            yield case.school, name
    school = ""
    for entry in entries:
        moved = entry.data.get("school", school) if entry.kind in ("open", "hand_over") else school
        if period.first <= entry.day <= period.last:
            yield from _events_of(entry, school, moved)
            if entry.recorded_at.date() > period.last:
                yield moved, "late"
        school = moved


def _events_of(entry: Entry, school: str, moved: str) -> Iterator[tuple[str, str]]:
    if entry.kind == "open":
        yield moved, "new"
    elif entry.kind == "close":
        yield school, "closed"
        yield school, entry.data["outcome"]
    elif moved != school:
        yield school, "given"
        yield moved, "taken"


_COUNTS = ("before", "new", "taken", "closed", "given", "after")


# --- On paper ---

_HEADINGS: dict[str, Text] = {
    "before": Text(zh="{before}在册", en="before"),
    "new": Text(zh="{now}新增", en="new"),
    "taken": Text(zh="转入", en="taken over"),
    "closed": Text(zh="{now}销号", en="closed"),
    "given": Text(zh="转出", en="given away"),
    "after": Text(zh="{end}在册", en="after"),
}
_MONTH_WORDS = {"before": "上月", "now": "本月", "end": "月末"}
_OTHER_WORDS = {"before": "上期", "now": "本期", "end": "期末"}
_TITLE = Text(zh="控辍保学报表", en="report on dropout prevention")
_MONTH_TITLE = Text(zh="控辍保学月报", en="monthly report on dropout prevention")
_LAW = Text(
    zh="{first} 至 {last}    {before}在册＋{now}新增＋转入＝{now}销号＋转出＋{end}在册",
    en="{first} to {last}    before + new + taken over = closed + given away + after",
)
_SCHOOL, _ALL = Text(zh="学校", en="school"), Text(zh="合计", en="all")
_ENDED = Text(zh="其中：{outcome}", en="closed: {outcome}")
_LATE = Text(zh="期后补记", en="written down later")


def balance_sheet(balances: Iterable[SchoolBalance], period: Period, language: Language = "zh") -> Sheet:
    """Put balances on a sheet, a school a row, the sum last."""
    balances = list(balances)
    words = _MONTH_WORDS if period.is_month else _OTHER_WORDS
    title = (_MONTH_TITLE if period.is_month else _TITLE).to(language)
    ended = [_ENDED.fill(language, outcome=outcome.text.to(language)) for outcome in OUTCOMES.values()]
    counted = [_HEADINGS[name].fill(language, **words) for name in _COUNTS]
    headings = (_SCHOOL.to(language), *counted, *ended, _LATE.to(language))
    rows = [
        (
            balance.school,
            *(str(getattr(balance, name)) for name in _COUNTS),
            *(str(balance.outcomes.get(name, 0)) for name in OUTCOMES),
            str(balance.late),
        )
        for balance in (*balances, total_balance(balances, _ALL.to(language)))
    ]
    line = _LAW.fill(language, first=period.first, last=period.last, **words)
    return Sheet(title, (title, line), headings, (18, *[10] * (len(headings) - 1)), rows)


def write_month(
    balances: Iterable[SchoolBalance], period: Period, out: str | Path, language: Language = "zh"
) -> list[Path]:
    """Write the report as a workbook and as CSV, named for its period."""
    sheet = balance_sheet(balances, period, language)
    return write_sheets(Path(out, f"{sheet.name} {period}"), [sheet], period.last, language)
