"""A school's list: a table of its teachers, and each teacher's sheet, whole or in parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.duty import duty_order, duty_text
from dropout_risk.pages.links import LIST_ONLY, Links
from dropout_risk.pages.pupil_index import IndexLine, index_of_listed
from dropout_risk.pages.pupil_page import CardWriter, PupilCard
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import ASIDE, Language
from dropout_risk.watchlist.group import WatchGroup, count_pupils
from dropout_risk.watchlist.state import Memory, StudentId
from dropout_risk.watchlist.watch_list import WatchList
from dropout_risk.watchlist.wording import shorten_list

CARDS = 20
"""How many pupils are on one page of a teacher's list, where lists have pages of their own."""


@dataclass(frozen=True)
class TeacherSheet:
    """One teacher's sheet, or a part of it: ``starts`` are the places of its first cards.

    ``page`` is where it is, empty where it is on this very page; ``parts`` are the addresses of all its
    parts, of which this is number ``part``.
    """

    anchor: str
    teacher: str
    has_teacher: bool
    lacks_teacher: bool
    adds_up: str
    alerts: tuple[PupilCard, ...]
    followed: tuple[PupilCard, ...]
    first: tuple[PupilCard, ...]
    tied: str
    below: str
    unscored: tuple[tuple[str, tuple[str, ...]], ...]
    counts: dict[str, int]
    starts: tuple[int, int, int] = (0, 0, 0)
    page: str = ""
    part: int = 1
    parts: tuple[str, ...] = ()

    @property
    def shown(self) -> bool:
        """Whether there is anything to print."""
        return bool(self.counts["listed"] or self.counts["not_scored"])

    @property
    def is_last(self) -> bool:
        """Whether what follows the cards is on this part."""
        return self.part >= len(self.parts)


@dataclass(frozen=True)
class SchoolSheet:
    """One school's sheets."""

    name: str
    adds_up: str
    counts: dict[str, int]
    who_acts: tuple[tuple[str, tuple[str, ...]], ...]
    teachers: tuple[TeacherSheet, ...]
    lacking: str
    for_all: str
    questions: tuple[str, ...]
    index: tuple[tuple[str, tuple[IndexLine, ...]], ...] = ()


Shared = tuple[tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True)
class SchoolList:
    """A school's list, from which its pages are made; ``links`` say whether each teacher has one of her own.

    Sentences that most of the school's listed pupils have are told once on each page; they may be ``known``.
    """

    watch_list: WatchList
    school_id: str | None
    anchor: str = "s1"
    links: Links = LIST_ONLY
    directory: Directory = field(default_factory=Directory.empty)
    known: Shared | None = None

    @cached_property
    def groups(self) -> tuple[WatchGroup, ...]:
        """The groups of the school."""
        return self.watch_list.of_school(self.school_id)

    @cached_property
    def shared(self) -> Shared:
        """What is not known of most who are listed, and what holds for most of them."""
        if self.known is not None:
            return self.known
        pupils = [entry.score for group in self.groups for entry in group.listed]
        return (
            _shared_by_most(pupils, lambda pupil: pupil.missing),
            _shared_by_most(pupils, lambda pupil: pupil.notes),
        )

    @property
    def shared_in_words(self) -> tuple[str, str]:
        """The same as two lines, empty where there is nothing to tell."""
        lacking, for_all = self.shared
        language = self.watch_list.language
        return shorten_list(lacking, len(lacking), language), shorten_list(for_all, len(for_all), language)

    @property
    def name(self) -> str:
        """What the school is called on its pages."""
        return self.school_id or WORDS["no_school"].to(self.watch_list.language)

    @cached_property
    def writer(self) -> CardWriter:
        """What writes the cards."""
        lacking, for_all = self.shared
        compared = self.watch_list.last is not None
        return CardWriter(
            self.watch_list.language,
            compared,
            frozenset(lacking + for_all),
            self.links,
            self.directory,
            self.watch_list.last_week,
            not self.watch_list.memory.is_blank,
        )

    @property
    def is_parted(self) -> bool:
        """Whether teachers' lists are on pages of their own: there are several, or one of many cards."""
        several = len(self.groups) > 1 or any(len(group.listed) > CARDS for group in self.groups)
        return self.links.sheet is not None and several

    def table(self) -> SchoolSheet:
        """Write the school's sheet with all teachers: their cards, or where they are."""
        counts = count_pupils(self.groups)
        lacking, for_all = self.shared_in_words
        asked = [item.text for item in self.watch_list.questions_of(self.school_id)]
        asked += [item.text for item in self.watch_list.unlike_of(self.school_id)]
        return SchoolSheet(
            name=self.name,
            adds_up=WORDS["adds_up"].fill(self.watch_list.language, **counts),
            counts=counts,
            who_acts=_who_acts(self.groups, self.writer, self.watch_list.memory),
            teachers=tuple(self._teacher(number) for number in range(1, len(self.groups) + 1)),
            lacking=lacking,
            for_all=for_all,
            questions=tuple(asked),
            index=index_of_listed(self.groups, self.links, self.directory) if self.is_parted else (),
        )

    def pages_of(self, group: WatchGroup) -> tuple[str, ...]:
        """Give the addresses of the parts of a teacher's list; none where they are on the school's page."""
        if self.links.sheet is None or not self.is_parted:
            return ()
        number = max(1, -(-len(group.listed) // CARDS))
        owner = (group.school_id, group.responsible_id)
        return tuple(self.links.sheet(*owner, part) for part in range(1, number + 1))

    def part(self, responsible_id: str | None, part: int) -> TeacherSheet | None:
        """Write a part of a teacher's list, the first of which is 1; None where there is none."""
        for number, group in enumerate(self.groups, start=1):
            if group.responsible_id == responsible_id:
                pages = self.pages_of(group)
                return self._sheet(group, number, pages, part) if part in range(1, len(pages) + 1) else None
        return None

    def _teacher(self, number: int) -> TeacherSheet:
        group = self.groups[number - 1]
        pages = self.pages_of(group)
        if not pages:
            return self._sheet(group, number, (), 1)
        return self._sheet(replace_cards(group), number, pages, 1, whole=group)

    def _sheet(
        self,
        group: WatchGroup,
        number: int,
        pages: tuple[str, ...],
        part: int,
        whole: WatchGroup | None = None,
    ) -> TeacherSheet:
        """Write a sheet, or the part of it that is on one of its pages."""
        held = range((part - 1) * CARDS, part * CARDS) if pages else range(len(group.listed))
        kinds, starts, before = [], [], 0
        for entries in (group.alerts, group.followed, group.risks):
            start = min(max(held.start - before, 0), len(entries))
            kinds.append(tuple(map(self.writer.write, entries[start : max(held.stop - before, 0)])))
            starts.append(start)
            before += len(entries)
        language, counts = self.watch_list.language, count_pupils((whole or group,))
        return TeacherSheet(
            anchor=f"{self.anchor}-{number}",
            teacher=group.responsible_id or WORDS["no_teacher"].to(language),
            has_teacher=group.responsible_id is not None,
            lacks_teacher=group.responsible_id is None and counts["cohort"] > counts["not_scored"],
            adds_up=WORDS["adds_up"].fill(language, **counts),
            alerts=kinds[0],
            followed=kinds[1],
            first=kinds[2],
            tied=WORDS["tied"].fill(language, n=group.tied) if group.tied else "",
            below=WORDS["below_note"].fill(language, n=len(group.below)) if group.below else "",
            unscored=_by_reason(group, self.directory),
            counts=counts,
            starts=(starts[0], starts[1], starts[2]),
            page=pages[0] if whole and pages else "",
            part=part,
            parts=pages,
        )


def replace_cards(group: WatchGroup) -> WatchGroup:
    """Give a group of which nobody is told by name."""
    return replace(group, alerts=(), followed=(), risks=(), below=(), unscored=(), tied=0)


def _who_acts(
    groups: Sequence[WatchGroup], writer: CardWriter, memory: Memory
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name the pupils by who acts on their alerts of today, and to whom these are reported.

    What the class teacher alone acts on stands on her own sheet.
    """
    duties: dict[tuple[bool, int, int], tuple[Alert, dict[str, None]]] = {}
    for entry in (entry for group in groups for entry in group.alerts):
        told = memory.keys_of(entry.score)
        for alert in entry.score.alerts:
            if alert.is_of_today(told) and (alert.report_to or alert.route != "class_teacher"):
                duty = duties.setdefault(duty_order(alert), (alert, {}))
                duty[1][_name_with_class(entry.score, writer.directory, writer.language)] = None
    return tuple(
        (duty_text(duties[key][0], writer.language), tuple(duties[key][1])) for key in sorted(duties)
    )


def _by_reason(group: WatchGroup, directory: Directory) -> tuple[tuple[str, tuple[str, ...]], ...]:
    reasons: dict[str, list[str]] = {}
    for item in group.unscored:
        told = "?" if item.student_id is None else _named_pupil(item.student_id, directory)
        reasons.setdefault(item.reason, []).append(told)
    return tuple((reason, tuple(ids)) for reason, ids in reasons.items())


def _shared_by_most(
    pupils: Sequence[PupilScore], part: Callable[[PupilScore], tuple[str, ...]]
) -> tuple[str, ...]:
    """Give the sentences that more than half of several pupils have, the most frequent first."""
    counts = Counter(sentence for pupil in pupils for sentence in part(pupil))
    most = [sentence for sentence, number in counts.items() if len(pupils) > 1 and 2 * number > len(pupils)]
    return tuple(sorted(most, key=lambda sentence: (-counts[sentence], sentence)))


def _named_pupil(student_id: StudentId, directory: Directory) -> str:
    """Give a pupil's name, where it is known, and the id beside it."""
    return f"{directory.name_of(student_id)} {student_id}".strip()


def _name_with_class(pupil: PupilScore, directory: Directory, language: Language) -> str:
    named = _named_pupil(pupil.student_id, directory)
    return ASIDE.fill(language, text=named, aside=pupil.class_id) if pupil.class_id else named
