"""Words in the two languages of the library's readers."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

from dropout_risk.errors import SettingsError, nearest, nearest_of

_FIELD = r"(?:[\w %-]|(?<=\d)\.(?=\d))+"
"""Words and numbers; a point within a number only."""

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def language_of(word: str) -> Language:
    """Take a language as it was typed; SettingsError if it is not one of zh and en."""
    for language in LANGUAGES:
        if word == language:
            return language
    raise SettingsError(f"Unknown language {word!r}.", hint=nearest(str(word), LANGUAGES))


@dataclass(frozen=True)
class Text:
    """One piece of wording in Chinese and English.

    Parameters
    ----------
    zh, en : str
        The wording; may hold ``{value}``-like fields for :meth:`fill`.

    Examples
    --------
    >>> Text(zh="缺课", en="absent").to("zh")
    '缺课'
    >>> Text(zh="{n}天", en="{n} days").fill("en", n=3), Text(zh="{n}天", en="{n} days").fill("en", n=1)
    ('3 days', '1 day')
    >>> Text(zh="{n}天{x}", en="{n} days{x}").filled(n=3, x=Text(zh="前", en=" before")).en
    '3 days before'
    >>> CLAUSES.joined([Text(zh="缺课", en="absent"), Text(zh="迟到", en="late")]).en
    'absent; late'
    """

    zh: str
    en: str

    def __bool__(self) -> bool:
        """Whether there is any wording."""
        return bool(self.zh or self.en)

    def to(self, language: Language) -> str:
        """Give the wording in one language; SettingsError if it is not one of zh and en."""
        if language == "zh":
            return self.zh
        return self.en if language == "en" else self.to(language_of(language))

    def fill(self, language: Language, **fields: object) -> str:
        """Fill the wording's fields in one language."""
        wording = self.to(language)
        return fill_english(wording, **fields) if language == "en" else wording.format(**fields)

    def filled(self, **fields: object) -> Text:
        """Fill the wording in both languages; fields that are wordings themselves in their own."""
        zh, en = (
            {name: field.to(language) if isinstance(field, Text) else field for name, field in fields.items()}
            for language in LANGUAGES
        )
        return Text(zh=self.zh.format(**zh), en=fill_english(self.en, **en))

    def pattern(self, language: Language) -> re.Pattern[str]:
        """Give the pattern of the wording in one language, whatever words and numbers its fields hold.

        >>> told = Text(zh="{n}天", en="{n} days").pattern("en")
        >>> bool(told.fullmatch("3 days")), bool(told.fullmatch("1 day"))
        (True, True)
        """
        wording = self.to(language)
        pattern = re.escape(wording)
        for several, _, one in _counts_in(wording):
            pattern = pattern.replace(re.escape(several), f"(?:{re.escape(several)}|{re.escape(one)})")
        return re.compile(re.sub(r"\\\{\w+\\\}", lambda _: _FIELD, pattern))

    def join(self, language: Language, parts: Iterable[str]) -> str:
        """Put this between some words of one language."""
        return self.to(language).join(parts)

    def joined(self, parts: Iterable[Text]) -> Text:
        """Put this between some wordings, in both languages."""
        parts = tuple(parts)
        return Text(zh=self.zh.join(part.zh for part in parts), en=self.en.join(part.en for part in parts))


_COUNTED = re.compile(
    r"(?P<whole>(?P<field>\{\w+[^{}]*\})(?: school| recorded| known| test| more)? "
    r"(?:days|rows|pupils|cells|lines|weeks|columns|hours|minutes|months|years|mornings|schools|classes|sheets"
    r"|files|subjects|exams|lessons|sessions|features|values|points|papers|contacts|events|folds|words"
    r"|dropouts|snapshots))\b(?: (?P<verb>are|were|have|hold|lie|show)\b)?"
)
"""A number and what it counts, in a wording, and what is told of that."""
_OF_ONE = {"are": "is", "were": "was", "have": "has"}


@lru_cache(maxsize=4096)
def _counts_in(wording: str) -> tuple[tuple[str, str, str], ...]:
    """Give each number with what it counts, the field alone, and the number with one such thing."""
    found = []
    for match in _COUNTED.finditer(wording):
        verb = match["verb"] or ""
        one = match["whole"].removesuffix("es" if match["whole"].endswith("sses") else "s")
        found.append((match[0], match["field"], f"{one} {_OF_ONE.get(verb, f'{verb}s')}" if verb else one))
    return tuple(found)


def fill_english(wording: str, **fields: object) -> str:
    """Fill the fields of an English wording; what a number counts is one thing where the number is 1.

    >>> fill_english("{n:g} school days in {m} classes are told", n=1.0, m=1)
    '1 school day in 1 class is told'
    """
    for several, field, one in _counts_in(wording):
        if field.format(**fields) == "1":
            wording = wording.replace(several, one)
    return wording.format(**fields)


NO_WORDS = Text(zh="", en="")


def same_words(word: str) -> Text:
    """Take what is the same in both languages: a name of a file or a column, a time."""
    return Text(zh=word, en=word)


def nearest_words(given: str, allowed: Iterable[str]) -> Text:
    """Suggest the allowed word nearest to the given one, or list the allowed words, in both languages.

    >>> nearest_words("atendance", ["attendance"]).zh
    '是否为 attendance？'
    """
    words = sorted(allowed)
    close = nearest_of(given, words)
    listed = ITEMS.zh.join(words)
    return Text(zh=f"是否为 {close}？" if close else f"可用：{listed}", en=nearest(given, words))


CLAUSES = Text(zh="；", en="; ")
"""What stands between sentences that are told as one."""
COMMA = Text(zh="，", en=", ")
ITEMS = Text(zh="、", en=", ")
"""What stands between the words of a list."""
COLON = Text(zh="：", en=": ")
ASIDE = Text(zh="{text}（{aside}）", en="{text} ({aside})")
_DATE = Text(zh="{date.year}年{date.month}月{date.day}日", en="{date}")


def date_in_words(date: dt.date, language: Language) -> str:
    """Write a date.

    >>> date_in_words(dt.date(2025, 3, 3), "zh"), date_in_words(dt.date(2025, 3, 3), "en")
    ('2025年3月3日', '2025-03-03')
    """
    return _DATE.fill(language, date=date)


DAY_OF_YEAR = Text(zh="{day.month}月{day.day}日", en="{day}")
"""A day of which the reader knows the year; in English with the year all the same."""


def iso_date_words(day: str) -> Text:
    """Write a date that is given as YYYY-MM-DD in both languages; anything else stays as it is.

    >>> iso_date_words("2025-03-03").zh, iso_date_words("–").zh
    ('2025年3月3日', '–')
    """
    try:
        date = dt.date.fromisoformat(day)
    except ValueError:
        return same_words(day)
    return Text(zh=date_in_words(date, "zh"), en=date_in_words(date, "en"))


def tenths_in_words(number: float) -> Text:
    """Write a number with at most one decimal; a small one is not written as 0.

    >>> tenths_in_words(3.0).en, tenths_in_words(0.57).en, tenths_in_words(0.02).zh
    ('3', '0.6', '不到0.1')
    """
    if number and number < 0.05:
        return Text(zh="不到0.1", en="under 0.1")
    return same_words(f"{number:.1f}".removesuffix(".0"))


def percent_text(share: float) -> str:
    """Write a share or a risk as a percentage without decimals.

    >>> percent_text(0.314), percent_text(0.004), percent_text(0.999)
    ('31%', '<1%', '>99%')
    """
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_NEGATIVE = re.compile(r"-[0-9]+(\.[0-9]+)?")


def is_formula(cell: object) -> bool:
    """Say whether a spreadsheet may run a cell as a formula; in Chinese ones full-width signs begin one, too.

    >>> is_formula("=1+1"), is_formula("＝1"), is_formula("'=1"), is_formula("8-2"), is_formula("-1.5")
    (True, True, True, False, False)
    """
    return isinstance(cell, str) and bool(_FORMULA.match(cell)) and not _NEGATIVE.fullmatch(cell)


def guarded_cell(cell: Any) -> Any:
    """Give a cell of a table that no spreadsheet runs as a formula: with a quote in front.

    >>> guarded_cell("=1+1"), guarded_cell("8-2"), guarded_cell(-1.5)
    ("'=1+1", '8-2', -1.5)
    """
    return f"'{cell}" if is_formula(cell) else cell
