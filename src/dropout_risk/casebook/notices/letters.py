"""Letters to parents: drafted from facts, released by a person, and taken back where the facts were wrong.

A letter tells on which days a child was not at school, whom to call, and which aid may be applied for. What
the book keeps of it is an entry of kind ``note``; which letters stand, the entries alone say.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, Self

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.entry import MORNING, Entry
from dropout_risk.casebook.mornings.morning import Attended
from dropout_risk.casebook.rights import require_right
from dropout_risk.catalogue.alert_kinds import ABSENT, kind_of_rule
from dropout_risk.errors import CaseRefusedError, NoticeError, nearest
from dropout_risk.text import DAY_OF_YEAR, ITEMS, NO_WORDS, Text, date_in_words

LetterState = Literal["released", "wrong", "taken_back"]
LETTER_STATES: dict[LetterState, Text] = {
    "released": Text(zh="已签发", en="released"),
    "wrong": Text(zh="内容有误，须收回", en="wrong, to be taken back"),
    "taken_back": Text(zh="已收回", en="taken back"),
}

AIDS: dict[str, Text] = {
    "living_allowance": Text(zh="生活补助", en="the living allowance"),
    "nutrition": Text(zh="营养改善计划", en="school meals"),
    "boarding": Text(zh="住宿", en="a boarding place"),
    "transport": Text(zh="乘车补助", en="the bus allowance"),
    "temporary_relief": Text(zh="临时救助", en="temporary relief"),
    "tutoring": Text(zh="课后辅导", en="lessons after school"),
}
"""What a letter may name; each is offered to every family, and tells nothing of this one."""

_LETTER = Text(
    zh="家长您好：\n您的孩子本周有{n}天没有到校（{days}），老师很惦记。请联系{call}。{aid}\n{school}　{date}",
    en="Dear parents,\nyour child was not at school on {n} day(s) of this week ({days}), and is missed. "
    "Please call {call}.{aid}\n{school}, {date}",
)
_AID = Text(zh="\n可申请的资助：{aids}。", en="\nAid that you may apply for: {aids}.")
_DRAFT = Text(zh="【草稿，未签发，不得发出】\n", en="[Draft, not released: not to be given out]\n")
_CORRECTION = Text(
    zh="家长您好：\n我们{date}的信说您的孩子{days}没有到校，与事实不符，特此更正，并向您和孩子致歉。请联系{call}。\n{school}",
    en="Dear parents,\nour letter of {date} said that your child was not at school on {days}. That was "
    "not so: we apologise to you and your child. Please call {call}.\n{school}",
)

_SILENT = Attended(0, 0, None)


@dataclass(frozen=True)
class Letter:
    """One letter.

    Parameters
    ----------
    day : date
        Of the letter.
    absent : tuple of date
        The days of that week on which the child was not at school.
    aids : tuple of str
        Keys of :data:`AIDS`.
    seq : int or None
        The number of the entry by which it was released; None for a draft.
    state : {"released", "wrong", "taken_back"} or None
    wrong : tuple of date
        The days of which it was wrong.
    call : str
        Whom to call, with a number, as it was released.
    """

    day: dt.date
    absent: tuple[dt.date, ...]
    aids: tuple[str, ...] = ()
    seq: int | None = None
    state: LetterState | None = None
    wrong: tuple[dt.date, ...] = ()
    call: str = ""

    @classmethod
    def draft(cls, day: dt.date, absent: Iterable[dt.date], aids: Sequence[str] = (), call: str = "") -> Self:
        """Draft a letter of the week that ends with a day. NoticeError where it would tell nothing.

        >>> draft = Letter.draft(dt.date(2025, 3, 7), [dt.date(2025, 3, 3), dt.date(2025, 2, 27)])
        >>> print(draft.text("李老师", "城关中学").zh)
        【草稿，未签发，不得发出】
        家长您好：
        您的孩子本周有1天没有到校（3月3日），老师很惦记。请联系李老师。
        城关中学　2025年3月7日
        """
        monday = day - dt.timedelta(day.weekday())
        this_week = tuple(sorted({date for date in absent if monday <= date <= day}))
        unknown = [name for name in aids if name not in AIDS]
        if unknown:
            raise NoticeError(f"No letter names the aid {unknown[0]!r}.", hint=nearest(unknown[0], AIDS))
        if not this_week:
            raise NoticeError(
                f"There is no day of absence in the week up to {day}.", hint="no letter is needed"
            )
        return cls(day, this_week, tuple(aids), call=call)

    def text(self, call: str, school: str) -> Text:
        """Word it, to be printed: whom to call (with a number), and the name of the school.

        A draft says that it is one; a letter that was wrong becomes its correction.
        """
        date = Text(zh=date_in_words(self.day, "zh"), en=date_in_words(self.day, "en"))
        if self.state in ("wrong", "taken_back"):
            return _CORRECTION.filled(date=date, days=_days_text(self.wrong), call=call, school=school)
        aids = _AID.filled(aids=ITEMS.joined(AIDS[name] for name in self.aids)) if self.aids else NO_WORDS
        told = _LETTER.filled(
            n=len(self.absent), days=_days_text(self.absent), call=call, aid=aids, school=school, date=date
        )
        return told if self.seq is not None else NO_WORDS.joined((_DRAFT, told))


def _days_text(days: Iterable[dt.date]) -> Text:
    return ITEMS.joined(DAY_OF_YEAR.filled(day=day) for day in days)


def absent_since(case: Case, present_since: dt.date | None = None) -> dt.date | None:
    """Give the first day of absence, where that is what a case is about and the pupil is not back.

    ``present_since`` is the day since which the register has the pupil back, if it has.
    """
    days = [since for rule, since in case.signals.items() if kind_of_rule(rule) == ABSENT]
    is_away = days and case.state == "open" and present_since is None
    return dt.date.fromisoformat(min(days)) if is_away else None


def proposed_days(
    case: Case, week: Sequence[dt.date], told: Sequence[Attended], present_since: dt.date | None = None
) -> list[dt.date]:
    """Choose the days of a week, without its last, on which a letter would say that the child was absent.

    ``told`` is what the records have since each day, or nothing: where they are silent, the signals speak, up
    to the day since which the register has the pupil back.
    """
    told, since = [*told] or [_SILENT] * len(week), absent_since(case)
    silent = [here.present == after.present for here, after in pairwise([*told, _SILENT])]
    return [
        day
        for day, here, is_silent in zip(week, told, silent, strict=True)
        if here.first_absent == day or (since and is_silent and since <= day < (present_since or week[-1]))
    ]


def release_letter(
    book: Book, case: Case, letter: Letter, by: str, *, roles: Collection[str], key: str, today: dt.date
) -> Case:
    """Write down that a person releases a drafted letter; give the case after it.

    Raises
    ------
    CaseRightError
        If none of the person's roles may write notes, or the case is one that only counsellors know of.
    CaseRefusedError
        If it is released already, or no person releases it.
    """
    require_right(roles, "write", "notes", case.line)
    if case.line != "school" or by == MORNING or letter.seq is not None:
        raise CaseRefusedError(
            "This letter cannot be released.", hint="a person releases a draft, in a case of the school"
        )
    data = {
        "letter": "released",
        "of": letter.day.isoformat(),
        "absent": [day.isoformat() for day in letter.absent],
        "aids": [*letter.aids],
    } | ({"call": letter.call} if letter.call else {})
    return book.write("note", letter.day, by, key, case=case, data=data, today=today)


def take_back_letter(
    book: Book, case: Case, letter: Letter, by: str, *, roles: Collection[str], key: str, today: dt.date
) -> Case:
    """Write down that a family was told that a letter was wrong."""
    require_right(roles, "write", "notes", case.line)
    if letter.state != "wrong":
        raise CaseRefusedError("This letter need not be taken back.", hint="see letters_of(entries)")
    data = {"letter": "taken_back", "entry": letter.seq}
    return book.write("note", today, by, key, case=case, data=data, today=today)


def letters_of(entries: Iterable[Entry]) -> list[Letter]:
    """Tell from the entries of a case which letters were released, and which of them stand.

    A correction of an absence (``late_excuse``, ``register``) makes every earlier letter wrong that told of
    its ``days``; without ``days`` every earlier one. The wrong pupil's letters are wrong altogether.
    """
    letters: dict[int, Letter] = {}
    for entry in entries:
        told = entry.data.get("letter") if entry.kind == "note" else None
        if told == "released":
            letters[entry.seq] = _released_letter(entry)
        elif told == "taken_back" and entry.data.get("entry") in letters:
            number = entry.data["entry"]
            letters[number] = replace(letters[number], state="taken_back")
        elif entry.kind == "correct":
            letters = {number: _corrected_letter(letter, entry) for number, letter in letters.items()}
    return [*letters.values()]


def _released_letter(entry: Entry) -> Letter:
    data = entry.data
    return Letter(
        dt.date.fromisoformat(data["of"]),
        _dates_of(data["absent"]),
        tuple(data["aids"]),
        entry.seq,
        "released",
        call=data.get("call", ""),
    )


def _corrected_letter(letter: Letter, entry: Entry) -> Letter:
    data = entry.data
    if data["wrong"] == "wrong_entry":
        concerned = letter.absent if data.get("entry") == letter.seq else ()
    elif data["wrong"] == "wrong_pupil":
        concerned = letter.absent
    else:
        named = _dates_of(data.get("days") or [])
        concerned = tuple(day for day in letter.absent if day in named) if named else letter.absent
    if not concerned:
        return letter
    return replace(letter, state="wrong", wrong=tuple(sorted({*letter.wrong, *concerned})))


def _dates_of(words: Iterable[Any]) -> tuple[dt.date, ...]:
    return tuple(dt.date.fromisoformat(word) for word in words)
