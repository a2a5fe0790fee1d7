"""What a morning did, in numbers and on one screen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from dropout_risk.casebook.machine import PARTS, VERBS
from dropout_risk.text import ITEMS, Language, Text, date_in_words

WHY_NOT: dict[str, Text] = {
    "answered": Text(zh="同一情况已销号", en="the same was closed before"),
    "capped": Text(zh="启用初期，按紧急程度分日立案", en="held back in the first days, by urgency"),
    "not_at_school": Text(zh="不在校", en="not at school"),
    "nobody": Text(zh="没有可办理的人", en="nobody may act"),
}
"""Why a signal opened no case."""

_PUPILS = Text(zh="在校{total}人：{parts}", en="{total} pupils at school: {parts}")
_COUNT = Text(zh="{what}{number}", en="{what} {number}")
_WRITTEN = Text(zh="今早记录：{counts}", en="Written this morning: {counts}")
_NOTHING = Text(zh="没有新记录", en="nothing new")
_ROUND = Text(
    zh="当日应办{round}件，其中上一教学日留办{held}件；待发通知{notices}条",
    en="Due today: {round} cases, of which {held} were held at the top; {notices} notices wait to be sent",
)
_MADE_UP = Text(
    zh="补办的早间处理：这一天没有下发应办，不因无人答复上报",
    en="A missed morning, made up for: nobody was shown what was due, so nothing of it goes up unanswered",
)
_IDLE = Text(
    zh="{n}条授权范围内没有学生，请核对：{grants}", en="{n} grant(s) of a place without pupils: {grants}"
)
_OPENED_NONE = Text(zh="未立案的预警：{counts}", en="Signals that opened no case: {counts}")
_SHOWN = 10
_MORE = Text(zh="……另有{number}条", en="... and {number} more")


@dataclass(frozen=True)
class MorningReport:
    """What a morning did.

    ``written`` counts entries by verb, ``parts`` pupils at school by where they stand, ``why_not`` signals by
    why they opened nothing. ``round`` is the number of cases due, ``held`` that of the last round's which
    stay at the top level, ``notices`` that of the digests put into the outbox; ``registers`` are sentences
    about registers that are missing or odd. One that is not ``shown`` was made up for later, without a round.
    ``stood`` is the fingerprint of where everybody stands; ``idle`` names the grants in which nobody is.
    """

    day: dt.date
    written: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, int] = field(default_factory=dict)
    why_not: Mapping[str, int] = field(default_factory=dict)
    round: int = 0
    held: int = 0
    notices: int = 0
    registers: Sequence[str] = ()
    shown: bool = True
    stood: str = ""
    idle: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON."""
        lists = {"registers": [*self.registers], "idle": [*self.idle]}
        return asdict(self) | {"day": self.day.isoformat()} | lists

    def text(self, language: Language) -> str:
        """Word it on one screen.

        >>> parts = {"today": 2, "nothing": 38}
        >>> print(MorningReport(dt.date(2025, 3, 3), {"open": 2}, parts, round=2).text("en"))
        2025-03-03
        40 pupils at school: to do today 2, in progress 0, staying 0, nothing today 38, to be verified 0
        Written this morning: opened 2
        Due today: 2 cases, of which 0 were held at the top; 0 notices wait to be sent
        """
        return "\n".join(self._lines(language))

    def _lines(self, language: Language) -> Iterator[str]:
        yield date_in_words(self.day, language)
        named = {part: (text, self.parts.get(part, 0)) for part, text in PARTS.items()}
        parts = _counts_text(named.values(), language)
        yield _PUPILS.fill(language, total=sum(number for _, number in named.values()), parts=parts)
        written = [(VERBS[kind].text, number) for kind, number in self.written.items()]
        yield _WRITTEN.fill(language, counts=_counts_text(written, language) or _NOTHING.to(language))
        due = _ROUND.fill(language, round=self.round, held=self.held, notices=self.notices)
        yield due if self.shown else _MADE_UP.to(language)
        if self.why_not:
            told = [(WHY_NOT[why], number) for why, number in self.why_not.items()]
            yield _OPENED_NONE.fill(language, counts=_counts_text(told, language))
        yield from self.registers[:_SHOWN]
        if len(self.registers) > _SHOWN:
            yield _MORE.fill(language, number=len(self.registers) - _SHOWN)
        if self.idle:
            grants = ITEMS.join(language, self.idle[:_SHOWN])
            yield _IDLE.fill(language, n=len(self.idle), grants=grants)


def _counts_text(counts: Iterable[tuple[Text, int]], language: Language) -> str:
    told = (_COUNT.fill(language, what=text.to(language), number=number) for text, number in counts)
    return ITEMS.join(language, told)
