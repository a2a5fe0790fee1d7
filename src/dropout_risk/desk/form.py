"""A form: what it asks, and what was answered, checked against what was offered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from dropout_risk.casebook.words import Word
from dropout_risk.desk.words import DESK_WORDS
from dropout_risk.text import COLON, ITEMS, Text

AskKind = Literal["one", "many", "pick", "line", "words", "date"]
NOTE_LENGTH, LINE_LENGTH = 2000, 80
UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True)
class Ask:
    """One question of a form.

    ``one`` and ``many`` are big buttons, ``pick`` a list that opens; ``line`` and ``words`` are typed. The
    ``value`` is what stands there at first.
    """

    name: str
    label: Text
    kind: AskKind = "one"
    options: tuple[tuple[str, Text], ...] = ()
    needed: bool = True
    value: tuple[str, ...] = ()
    most: int = LINE_LENGTH


def options_of(words: Iterable[Word]) -> tuple[tuple[str, Text], ...]:
    """Offer some words."""
    return tuple((word.key, word.text) for word in words)


@dataclass(frozen=True)
class Answers:
    """What was answered, by question, and what is wrong with it."""

    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    problems: Mapping[str, Text] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """Give the one answer; empty without one."""
        return next(iter(self.given.get(name, ())), "")

    def many(self, name: str) -> list[str]:
        """Give all answers."""
        return [*self.given.get(name, ())]

    def with_problems(self, problems: Mapping[str, Text]) -> Answers:
        """Give the same with more that is wrong."""
        return Answers(self.given, {**problems, **self.problems})


def read_answers(asks: Sequence[Ask], fields: Mapping[str, Sequence[str]], today: dt.date) -> Answers:
    """Check what was sent against what was asked: what was not offered is never taken.

    >>> ask = Ask("met", Text(zh="见到", en="met"), options=(("pupil", Text(zh="学生", en="pupil")),))
    >>> read_answers([ask], {"met": ["pupil"]}, dt.date(2025, 3, 3)).one("met")
    'pupil'
    >>> read_answers([ask], {"met": ["king"]}, dt.date(2025, 3, 3)).problems["met"].en
    'please choose one of those given: pupil'
    """
    given: dict[str, tuple[str, ...]] = {}
    problems: dict[str, Text] = {}
    for ask in asks:
        said = tuple(text for text in (word.strip() for word in fields.get(ask.name, ())) if text)
        given[ask.name] = said
        problem = _problem_with(ask, said, today)
        if problem is not None:
            problems[ask.name] = problem
    return Answers(given, problems)


def _problem_with(ask: Ask, said: tuple[str, ...], today: dt.date) -> Text | None:
    if not said:
        return DESK_WORDS["needed"] if ask.needed else None
    if any(_is_unreadable(word) for word in said):
        return DESK_WORDS["unreadable"]
    if ask.kind in ("one", "many", "pick") or len(said) > 1:
        offered = {*said} <= {value for value, _ in ask.options} and (len(said) == 1 or ask.kind == "many")
        return None if offered else _not_offered(ask)
    return _problem_with_typed(ask, said[0], today)


def _not_offered(ask: Ask) -> Text:
    """Name what may be chosen; a list that opens may be long, and stands there."""
    told = () if ask.kind == "pick" else (ITEMS.joined(text for _, text in ask.options),)
    return COLON.joined((DESK_WORDS["not_offered"], *told))


def _problem_with_typed(ask: Ask, word: str, today: dt.date) -> Text | None:
    if ask.kind == "date":
        return None if _is_past_day(word, today) else DESK_WORDS["no_day"]
    return DESK_WORDS["too_long"].filled(n=ask.most) if len(word) > ask.most else None


def _is_unreadable(word: str) -> bool:
    """Say whether characters were lost on the way, or are none that anybody types."""
    return UNREADABLE in word or any(ord(letter) < 32 and letter not in "\r\n\t" for letter in word)


def _is_past_day(word: str, today: dt.date) -> bool:
    try:
        return dt.date.fromisoformat(word) <= today
    except ValueError:
        return False
