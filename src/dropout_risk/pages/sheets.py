"""A school's list as the page shows it: a sheet for the school, then one per responsible teacher."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dropout_risk.alerts.alert import ROUTES
from dropout_risk.pages.card import Card, CardWriter
from dropout_risk.pages.links import LIST_ONLY, Links
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language
from dropout_risk.watchlist.group import WatchGroup
from dropout_risk.watchlist.told import shorten, told_missing
from dropout_risk.watchlist.watch_list import WatchList

# Whose alerts the class teacher's own sheet already shows; the others get a line on the school's sheet.
_ELSEWHERE = tuple(route for route in ROUTES if route != "class_teacher")


@dataclass(frozen=True)
class TeacherSheet:
    """One teacher's sheet."""

    anchor: str
    teacher: str
    has_teacher: bool
    lacks_teacher: bool
    adds_up: str
    alerts: tuple[Card, ...]
    first: tuple[Card, ...]
    tied: str
    below: str
    unscored: tuple[tuple[str, tuple[str, ...]], ...]
    counts: dict[str, int]

    @property
    def shown(self) -> bool:
        """Whether there is anything to print."""
        return bool(self.alerts or self.first or self.unscored)


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


def school_sheet(
    watch_list: WatchList, school_id: str | None, *, anchor: str, links: Links = LIST_ONLY
) -> SchoolSheet:
    """Write one school's sheets."""
    groups, language = watch_list.of_school(school_id), watch_list.language
    lacking = _shared_by_most(groups, told_missing)
    for_all = _shared_by_most(groups, lambda pupil: pupil.warnings)
    writer = CardWriter(language, watch_list.last is not None, frozenset(lacking + for_all), links)
    counts = counts_of(groups)
    return SchoolSheet(
        name=school_id or WORDS["no_school"].to(language),
        adds_up=WORDS["adds_up"].fill(language, **counts),
        counts=counts,
        who_acts=_who_acts(groups, language),
        teachers=tuple(
            _teacher_sheet(group, writer, f"{anchor}-{place}") for place, group in enumerate(groups, start=1)
        ),
        lacking=shorten(lacking, len(lacking), language),
        for_all=shorten(for_all, len(for_all), language),
    )


def _teacher_sheet(group: WatchGroup, writer: CardWriter, anchor: str) -> TeacherSheet:
    language, counts = writer.language, counts_of((group,))
    return TeacherSheet(
        anchor=anchor,
        teacher=group.responsible_id or WORDS["no_teacher"].to(language),
        has_teacher=group.responsible_id is not None,
        lacks_teacher=group.responsible_id is None and counts["cohort"] > counts["not_scored"],
        adds_up=WORDS["adds_up"].fill(language, **counts),
        alerts=tuple(writer.write(entry) for entry in group.alerts),
        first=tuple(writer.write(entry) for entry in group.risks),
        tied=WORDS["tied"].fill(language, n=group.tied) if group.tied else "",
        below=WORDS["below_note"].fill(language, n=len(group.below)) if group.below else "",
        unscored=_by_reason(group),
        counts=counts,
    )


def counts_of(groups: Iterable[WatchGroup]) -> dict[str, int]:
    """Count the pupils of some groups by where they stand."""
    groups = tuple(groups)
    return {
        "cohort": sum(len(group) for group in groups),
        "listed": sum(len(group.listed) for group in groups),
        "with_alert": sum(len(group.alerts) for group in groups),
        "first": sum(len(group.risks) for group in groups),
        "below_line": sum(len(group.below) for group in groups),
        "not_scored": sum(len(group.unscored) for group in groups),
        "tied": sum(group.tied for group in groups),
    }


def _who_acts(groups: Sequence[WatchGroup], language: Language) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name the pupils whose alerts go to someone other than the class teacher."""
    lines = []
    for route in _ELSEWHERE:
        pupils = tuple(
            _named(entry.score)
            for group in groups
            for entry in group.alerts
            if any(alert.route == route for alert in entry.score.alerts)
        )
        if pupils:
            lines.append((WORDS[route].to(language), pupils))
    return tuple(lines)


def _by_reason(group: WatchGroup) -> tuple[tuple[str, tuple[str, ...]], ...]:
    reasons: dict[str, list[str]] = {}
    for item in group.unscored:
        reasons.setdefault(item.reason, []).append("?" if item.student_id is None else str(item.student_id))
    return tuple((reason, tuple(ids)) for reason, ids in reasons.items())


def _shared_by_most(
    groups: Sequence[WatchGroup], part: Callable[[PupilScore], tuple[str, ...]]
) -> tuple[str, ...]:
    """Give the sentences that more than half of the school's scored pupils have, the most frequent first."""
    pupils: list[PupilScore] = [entry.score for group in groups for entry in group.listed]
    pupils += [pupil for group in groups for pupil in group.below]
    counts = Counter(sentence for pupil in pupils for sentence in part(pupil))
    most = [sentence for sentence, number in counts.items() if len(pupils) > 1 and 2 * number > len(pupils)]
    return tuple(sorted(most, key=lambda sentence: (-counts[sentence], sentence)))


def _named(pupil: PupilScore) -> str:
    return f"{pupil.student_id} ({pupil.class_id})" if pupil.class_id else str(pupil.student_id)
