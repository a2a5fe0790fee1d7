"""The values of one column of a foreign file, counted, and what their shapes say that they are."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from dropout_risk.proposals.known_names import known_word, points_of
from dropout_risk.records.days.dates import DATE_ORDERS, declared_date, is_serial
from dropout_risk.records.tables import WORD_KINDS, Column
from dropout_risk.records.values import NO_DATE, day_in
from dropout_risk.records.wording.grade_levels import FIRST_COHORT, LAST_COHORT, grade_level_in
from dropout_risk.records.wording.mapping import RecordsMapping
from dropout_risk.records.wording.words import narrow_text, trimmed_text, word_key

_CLOCK = re.compile(r"[ T]+\d{1,2}:\d{2}.*$")
_MOST, _SOME = 0.8, 0.3
_FEW_WORDS, _LONG_ID, _HIGHEST_LEVEL = 20, 40, 13


class ColumnValues:
    """How often each value stands in a column; empty cells are counted apart.

    >>> values = ColumnValues({"2024-09-02": 3, "2024/9/3": 1, "": 2})
    >>> values.filled, values.empty, values.fits_kind("date")
    (4, 2, True)
    """

    def __init__(self, counts: Mapping[str, int]) -> None:
        self.counts: dict[str, int] = {}
        self.empty = 0
        for text, number in counts.items():
            bare = trimmed_text(text)
            if bare is None:
                self.empty += number
            else:
                self.counts[bare] = self.counts.get(bare, 0) + number

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(self.counts.values())

    def share(self, has: Callable[[str], bool]) -> float:
        """Give the share of filled cells whose value is such."""
        return sum(number for text, number in self.counts.items() if has(text)) / max(self.filled, 1)

    @cached_property
    def distinct(self) -> frozenset[str]:
        """All values."""
        return frozenset(self.counts)

    @property
    def recurs(self) -> bool:
        """Whether values stand more than once, as ids do in a table of days."""
        return len(self.counts) < _MOST * self.filled

    @cached_property
    def numbers(self) -> list[float]:
        """Those values that are numbers."""
        found = (number_in(text) for text in self.counts)
        return [number for number in found if number is not None]

    @cached_property
    def undated(self) -> list[str]:
        """Those values that are not read as dates without more being said, without their times."""
        return [text for text in map(without_clock, self.counts) if day_in(text) == NO_DATE]

    def understood(self, column: Column) -> float:
        """Give the share of cells whose word is known, to the records or to a proposal."""
        words, section = RecordsMapping().words(column), column.word_section
        return self.share(lambda text: words.meaning(text) is not None or bool(known_word(section, text)))

    def fits_kind(self, kind: str) -> bool | None:
        """Say whether the values have the shape of a kind of column; None where shapes do not tell."""
        if not self.counts:
            return None
        return _FITS[kind](self) if kind in _FITS else None

    def fits(self, column: Column) -> bool | None:
        """Say whether the values have the shape of a column's."""
        if not self.counts:
            return None
        if column.kind in WORD_KINDS:
            return _fits_words(self, column)
        if column.name == "grade_level":
            return self.share(is_grade_level) >= _MOST
        if column.name == "score":
            return self.share(is_mark) >= _MOST
        if column.name in ("subject", "factor", "exam"):
            return True if self.understood(column) >= _SOME else False if _is_dated(self) else None
        return self.fits_kind(column.kind)


def without_clock(text: str) -> str:
    """Take the time of day off a date.

    >>> without_clock("9/2/2024 0:00"), without_clock("2024-09-02T16:00:00Z")
    ('9/2/2024', '2024-09-02')
    """
    return _CLOCK.sub("", narrow_text(text))


def is_date(text: str) -> bool:
    """Say whether a text is a date in any order.

    >>> is_date("9/2/2024"), is_date("2.9.24"), is_date("20240902"), is_date("007")
    (True, True, True, False)
    """
    bare = without_clock(text)
    return day_in(bare) != NO_DATE or declared_date(bare, DATE_ORDERS[:3]) is not None


def number_in(text: str) -> float | None:
    """Read a number; None where it is none."""
    try:
        number = float(narrow_text(text).removesuffix("%"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def is_grade_level(text: str) -> bool:
    """Say whether a text is a grade level or a year of entry."""
    number = number_in(text)
    if number is not None:
        return number.is_integer() and (
            0 <= number <= _HIGHEST_LEVEL or FIRST_COHORT <= number <= LAST_COHORT
        )
    return grade_level_in(text) is not None or bool(known_word("grade_level", text))


def is_mark(text: str) -> bool:
    """Say whether a text is a mark, in numbers or in words, or stands in place of one."""
    return number_in(text) is not None or points_of(text) is not None or bool(known_word("taken", text))


def recurring_share(ids: Iterable[str], among: frozenset[str]) -> float:
    """Give the share of some ids that are among others."""
    ids = frozenset(ids)
    return len(ids & among) / max(len(ids), 1)


def _is_dated(values: ColumnValues) -> bool:
    return values.share(is_date) >= _MOST


def _is_date_or_serial(values: ColumnValues) -> bool:
    return values.share(lambda text: is_date(text) or is_serial(text)) >= _MOST


def _is_number(values: ColumnValues) -> bool:
    return values.share(lambda text: number_in(text) is not None) >= _MOST


def _is_id(values: ColumnValues) -> bool:
    return (
        values.share(lambda text: len(text) <= _LONG_ID and any(char.isdigit() for char in text)) >= _MOST
        and values.share(lambda text: is_date(text) and len(text) != len("20240902")) < _SOME
    )


def _fits_words(values: ColumnValues, column: Column) -> bool | None:
    if values.understood(column) >= _SOME:
        return True
    return (
        None
        if len({word_key(text) for text in values.counts}) <= _FEW_WORDS and not _is_dated(values)
        else False
    )


_FITS: dict[str, Callable[[ColumnValues], bool | None]] = {
    "date": _is_date_or_serial,
    "number": _is_number,
    "integer": _is_number,
    "student": _is_id,
    "text": lambda values: False if _is_dated(values) else None,
}
