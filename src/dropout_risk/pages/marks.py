"""A pupil's marks by subject over time: small pictures of one shape, so that they can be compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from dropout_risk.catalogue.grades import CORE_SUBJECTS
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.pupil_words import EXAMS, SUBJECTS
from dropout_risk.pages.scales import Scale
from dropout_risk.pages.words import WORDS, day
from dropout_risk.records.calendar import date_of
from dropout_risk.text import Language, Text
from dropout_risk.watchlist.told import percent

HEIGHT, TOP, LONGEST_DAYS = 64, 6, 730
_ROOM_BEFORE, _ROOM_AFTER = 0.22, 0.02


@dataclass(frozen=True)
class Mark:
    """One mark: its place, and what it is in words."""

    x: float
    y: float
    told: str


@dataclass(frozen=True)
class SubjectMarks:
    """The marks of one subject.

    Parameters
    ----------
    subject, last : str
        The subject, and its latest mark in words.
    marks : tuple of Mark
        By date.
    said : str
        The picture in words: every mark of it.
    """

    subject: str
    last: str
    marks: tuple[Mark, ...]
    said: str


@dataclass(frozen=True)
class Marks:
    """All subjects on one axis of time, which ends on the as-of date.

    Parameters
    ----------
    subjects : tuple of SubjectMarks
        The core subjects first.
    first, last : str
        The dates at the ends of the axis.
    as_of : float
        The place of the as-of line.
    """

    subjects: tuple[SubjectMarks, ...]
    first: str
    last: str
    as_of: float

    @classmethod
    def of(cls, known: Snapshot, language: Language) -> Self:
        """Draw the marks of one pupil as they were known on a date.

        Parameters
        ----------
        known : Snapshot
            Of histories with this pupil alone.
        language : {"zh", "en"}
            The language of the words.
        """
        rows, words = known.grades.rows, known.histories.words
        names = ("subject", "date", "exam", "percent")
        given = [row for row in zip(*(rows[name].tolist() for name in names), strict=True)
                 if known.ordinal - row[1] <= LONGEST_DAYS]  # fmt: skip
        if not given:
            return cls((), "", "", 100.0)
        oldest = min(date for _, date, _, _ in given)
        span = max(known.ordinal - oldest, 1)
        scale = Scale(oldest - _ROOM_BEFORE * span, known.ordinal + _ROOM_AFTER * span)
        by_subject: dict[str, list[tuple[int, str, float]]] = {}
        for subject, date, exam, share in given:
            by_subject.setdefault(words["subject"][subject], []).append((date, words["exam"][exam], share))
        return cls(
            subjects=tuple(
                _subject(name, by_subject[name], scale, language) for name in _core_first(by_subject)
            ),
            first=day(date_of(oldest), language),
            last=day(known.as_of, language),
            as_of=scale(known.ordinal),
        )


def _core_first(subjects: Iterable[str]) -> list[str]:
    core = {name: place for place, name in enumerate(CORE_SUBJECTS)}
    return sorted(subjects, key=lambda name: (core.get(name, len(core)), name))


def _subject(
    name: str, given: list[tuple[int, str, float]], scale: Scale, language: Language
) -> SubjectMarks:
    given = sorted(given)
    marks = tuple(
        Mark(scale(date), _height(share), _told(date_of(date), exam, share, language))
        for date, exam, share in given
    )
    latest, _, share = given[-1]
    last = WORDS["last_mark"].fill(language, share=percent(share), date=day(date_of(latest), language))
    between = "；" if language == "zh" else "; "
    said = f"{_word(SUBJECTS, name, language)}: {between.join(mark.told for mark in marks)}"
    return SubjectMarks(_word(SUBJECTS, name, language), last, marks, said)


def _height(share: float) -> float:
    return round(TOP + (HEIGHT - 2 * TOP) * (1 - min(max(share, 0.0), 1.0)), 2)


def _told(date: dt.date, exam: str, share: float, language: Language) -> str:
    return f"{day(date, language)} {_word(EXAMS, exam, language)} {percent(share)}"


def _word(words: dict[str, Text], name: str, language: Language) -> str:
    """Give a common word in the page's language, and any other as the school writes it."""
    return words[name].to(language) if name in words else name
