"""The index of a list: pupils by the first letter of their names, or by their ids, with their pages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dropout_risk.pages.links import Links
from dropout_risk.records.directory import Directory
from dropout_risk.watchlist.group import WatchGroup, id_order

IDS_TOGETHER = 40


@dataclass(frozen=True)
class IndexLine:
    """One pupil of the index."""

    name: str
    student_id: str
    class_id: str
    page: str


IndexHeading = tuple[str, tuple[IndexLine, ...]]


def index_of_listed(
    groups: Iterable[WatchGroup], links: Links, directory: Directory
) -> tuple[IndexHeading, ...]:
    """Give the listed pupils under headings: by the first letter of the name, and the nameless by id."""
    pupils = sorted(
        (entry.score for group in groups for entry in group.listed),
        key=lambda pupil: id_order(pupil.student_id),
    )
    lines = [
        IndexLine(
            directory.name_of(pupil.student_id),
            str(pupil.student_id),
            pupil.class_id or "",
            links.pupil(pupil.student_id),
        )
        for pupil in pupils
    ]
    return (
        *_by_letter([line for line in lines if line.name]),
        *_by_id([line for line in lines if not line.name]),
    )


def _by_letter(lines: list[IndexLine]) -> tuple[IndexHeading, ...]:
    letters: dict[str, list[IndexLine]] = {}
    for line in sorted(lines, key=lambda line: line.name):
        letters.setdefault(line.name[0].upper(), []).append(line)
    return tuple((letter, tuple(letters[letter])) for letter in sorted(letters))


def _by_id(lines: list[IndexLine]) -> tuple[IndexHeading, ...]:
    parts = [tuple(lines[start : start + IDS_TOGETHER]) for start in range(0, len(lines), IDS_TOGETHER)]
    return tuple(
        (" – ".join(dict.fromkeys((part[0].student_id, part[-1].student_id))), part) for part in parts
    )
