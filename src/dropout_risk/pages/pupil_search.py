"""The search among the reader's own pupils: by name, id or class, sorted and by pages, without a script."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Self

from dropout_risk.errors import SettingsError
from dropout_risk.pages.links import Links, query_of_fields
from dropout_risk.pages.pupil_index import IndexLine
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.score_rows import PupilHead, pupil_heads
from dropout_risk.settings import BAND_WORDS, UNKNOWN_BAND
from dropout_risk.text import Language, percent_text
from dropout_risk.watchlist.group import WatchEntry, WatchGroup, id_order
from dropout_risk.watchlist.state import StudentId
from dropout_risk.watchlist.watch_list import WatchList

ON_A_PAGE, LONGEST = 40, 64
ORDERS = ("list", "name", "id", "class")
_PAGE = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True)
class PupilQuestion:
    """What a reader looks for: words, an order, and a page of what is found.

    >>> PupilQuestion.read({"q": " ａ1 ", "page": "2"})
    PupilQuestion(words='a1', order='list', page=2)
    """

    words: str = ""
    order: str = "list"
    page: int = 1

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> Self:
        """Read a question from an address; SettingsError if it is none, without a word of what it says."""
        words, order, page = fields.get("q", ""), fields.get("sort", "list"), fields.get("page", "1")
        if len(words) > LONGEST or order not in ORDERS or not _PAGE.fullmatch(page):
            raise SettingsError(
                "That is no question about pupils.", hint=f"sort by {', '.join(ORDERS)}; pages begin at 1"
            )
        return cls(folded_words(words), order, int(page))

    def fields(self) -> tuple[tuple[str, str], ...]:
        """Write the question as fields of an address."""
        return (("q", self.words), ("sort", self.order), ("page", str(self.page)))


def folded_words(text: str) -> str:
    """Write a text as it is compared: without regard to case, width and spaces around it."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


@dataclass(frozen=True)
class FoundPupil(IndexLine):
    """One pupil that was found; ``sign`` says where it stands."""

    kind: str
    sign: str


@dataclass(frozen=True)
class FoundPupils:
    """A page of the pupils that were found; ``orders`` and ``pages`` have no address where they are shown."""

    asked: str
    found: str
    start: int
    lines: tuple[FoundPupil, ...]
    orders: tuple[tuple[str, str], ...]
    pages: tuple[tuple[int, str], ...]


def found_pupils(
    watch_list: WatchList,
    classes: Mapping[StudentId, str],
    question: PupilQuestion,
    links: Links,
    directory: Directory,
) -> FoundPupils | None:
    """Answer a question from the pupils of a list alone; None where there is no such page of them."""
    language = watch_list.language
    lines = [
        FoundPupil(
            directory.name_of(student),
            str(student),
            classes.get(student, ""),
            links.pupil(student) if kind != "unscored" else "",
            kind,
            sign,
        )
        for student, kind, sign in _pupil_standings(watch_list, language)
    ]
    lines = [line for line in lines if _fits_words(line, question.words)]
    if question.order in _KEYS:
        lines.sort(key=_KEYS[question.order])
    number = max(1, -(-len(lines) // ON_A_PAGE))
    if question.page > number:
        return None
    start = (question.page - 1) * ON_A_PAGE

    def address(changed: PupilQuestion) -> str:
        return (
            ""
            if changed == question
            else f"{links.search}{query_of_fields((*changed.fields(), *links.carried))}"
        )

    return FoundPupils(
        asked=question.words,
        found=WORDS["found"].fill(language, n=len(lines)),
        start=start + 1,
        lines=tuple(lines[start : start + ON_A_PAGE]),
        orders=tuple(
            (WORDS[f"order_{order}"].to(language), _order_address(question, order, address))
            for order in ORDERS
        ),
        pages=tuple((page, address(replace(question, page=page))) for page in range(1, number + 1)),
    )


def _order_address(question: PupilQuestion, order: str, address: Callable[[PupilQuestion], str]) -> str:
    return "" if order == question.order else address(replace(question, order=order, page=1))


_KEYS: dict[str, Callable[[FoundPupil], tuple[object, ...]]] = {
    "name": lambda line: (not line.name, line.name, line.student_id),
    "id": lambda line: (line.student_id,),
    "class": lambda line: (not line.class_id, line.class_id, line.student_id),
}


def _fits_words(line: FoundPupil, words: str) -> bool:
    return any(words in folded_words(text) for text in (line.name, line.student_id, line.class_id))


def _pupil_standings(watch_list: WatchList, language: Language) -> Iterator[tuple[StudentId, str, str]]:
    """Give each pupil with where it stands: alerts first, then by risk, then those without a score."""
    alerts: list[tuple[WatchEntry, str, str]] = []
    risks: list[WatchEntry] = []
    below: list[PupilHead] = []
    for group in watch_list.groups:
        alerts += [(entry, "alert", "with_alert") for entry in group.alerts]
        alerts += [(entry, "followed", "open_alerts") for entry in group.followed]
        risks += group.risks
        below += list(pupil_heads(group.below))
    for entry, kind, word in alerts:
        yield entry.score.student_id, kind, WORDS[word].to(language)
    for entry in sorted(risks, key=_by_falling_risk):
        yield entry.score.student_id, "risk", risk_in_words(entry, language)
    for head in sorted(below, key=lambda head: (-head.risk, id_order(head.student_id))):
        told = _band_and_risk(head.band, head.risk, language)
        yield (
            head.student_id,
            "below",
            told if head.band != UNKNOWN_BAND else WORDS["not_judged"].to(language),
        )
    for group in watch_list.groups:
        yield from _unscored_standings(group, language)


def _unscored_standings(group: WatchGroup, language: Language) -> Iterator[tuple[StudentId, str, str]]:
    for item in group.unscored:
        if item.student_id is not None:
            yield item.student_id, "unscored", WORDS["not_judged"].to(language)


def _by_falling_risk(entry: WatchEntry) -> tuple[float, tuple[int, int, str]]:
    return (-entry.score.risk, id_order(entry.score.student_id))


def risk_in_words(entry: WatchEntry, language: Language) -> str:
    """Say the band and the risk of a pupil, where they may stand beside its name."""
    if not entry.judged:
        return WORDS["not_judged"].to(language)
    return _band_and_risk(entry.score.band, entry.score.risk, language)


def _band_and_risk(band: str, risk: float, language: Language) -> str:
    return f"{BAND_WORDS[band].to(language)} {percent_text(risk)}"
