"""A folder for each person who reads: pages, table and state of her own pupils, and no other's."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dropout_risk.files import write_whole
from dropout_risk.pages.links import INDEX, file_name, is_our_page
from dropout_risk.pages.review import Review
from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.records.pupils.classes import parts_of_class
from dropout_risk.scoring.readers.scope import NONE, Scope, grade_of
from dropout_risk.scoring.score_rows import pupil_heads
from dropout_risk.text import Text, guarded_cell
from dropout_risk.watchlist.group import WatchGroup
from dropout_risk.watchlist.state import ListState, StudentId
from dropout_risk.watchlist.table import LIST_COLUMNS

TABLE, STATE, READERS = "watch-list.csv", "state.json", "readers.csv"
_COLUMNS = (
    Text(zh="文件夹", en="folder"),
    LIST_COLUMNS["school_id"],
    Text(zh="年级", en="grade_level"),
    LIST_COLUMNS["class_id"],
    LIST_COLUMNS["responsible_id"],
    Text(zh="学生数", en="pupils"),
    Text(zh="已列入", en="listed"),
    Text(zh="今日预警", en="alerts"),
)


@dataclass(frozen=True, eq=False)
class ReaderFolder:
    """The folder of one reader, and what is in it."""

    name: str
    review: Review

    def row(self) -> list[object]:
        """Tell whose folder it is, and how much there is to read."""
        scope, counts = self.review.scope, self.review.watch_list.counts()
        who = (scope.school_id, scope.grade_level, scope.class_id, scope.responsible_id)
        return [self.name, *who, counts["cohort"], counts["listed"], counts["with_alert"]]


def write_morning(review: Review, folder: Path) -> Path:
    """Write a morning's pages and CSV, and its state for the next morning; give the first page."""
    index = review.write(folder)
    review.watch_list.to_csv(folder / TABLE, review.directory)
    review.watch_list.save_state(folder / STATE)
    return index


def last_state(folder: Path) -> ListState | None:
    """Read the state of the last morning in a folder, if there was one."""
    return ListState.load(folder / STATE) if (folder / STATE).exists() else None


def write_reader_folders(review: Review, out: Path) -> Path:
    """Write a folder for each responsible person, with her own pupils; give the table of the folders.

    Pupils for whom nobody is responsible are in one folder for each class. What was written for readers who
    have no pupils any more is removed, so that nobody reads yesterday's.
    """
    folders = list(reader_folders(review, out))
    review.ask_about(dict.fromkeys(student for folder in folders for student in folder.review.listed_ids))
    for folder in folders:
        write_morning(folder.review, out / folder.name)
    _remove_old(out, {folder.name for folder in folders})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.to(review.language) for column in _COLUMNS)
    for folder in folders:
        writer.writerow(["" if cell is None else guarded_cell(cell) for cell in folder.row()])
    return write_whole(out / READERS, text.getvalue(), encoding="utf-8-sig", only_changed=True)


def reader_folders(review: Review, out: Path) -> Iterator[ReaderFolder]:
    """Give the readers of a review, each with the review of her own pupils as compared with her last list."""
    for scope in reader_scopes(review):
        name = folder_name(scope)
        yield ReaderFolder(name, review.within(scope, last_state(out / name)))


def reader_scopes(review: Review) -> tuple[Scope, ...]:
    """Part the pupils of a review by who reads of them: each pupil is in one scope."""
    found: dict[Scope, None] = {}
    placed = review.histories.placed_on(ordinal_of(review.watch_list.as_of))
    rows = {student: row for row, student in enumerate(placed.student_ids)}
    for group in review.watch_list.groups:
        school = group.school_id or NONE
        if group.responsible_id is not None:
            found[Scope(school, responsible_id=group.responsible_id)] = None
            continue
        for student in _students_of(group):
            code = placed.classes.codes[rows[student]] if student in rows else -1
            of_class = Scope(school, None, NONE, NONE)
            if code >= 0:
                _, own, level = parts_of_class(placed.classes.names[code])
                of_class = Scope(school, grade_of(level), own, NONE)
            found[of_class] = None
    return tuple(found)


def folder_name(scope: Scope) -> str:
    """Name the folder of a reader: safe whatever the ids, and never the same for two readers.

    >>> folder_name(Scope("s-1", responsible_id="t-7"))
    'reader-s-1-t-7-be401ff6'
    """
    parts = (scope.school_id, scope.grade_level, scope.class_id, scope.responsible_id)
    words = "-".join(str(part) for part in parts if part)
    return file_name("reader", words, repr(parts), 8)


def _students_of(group: WatchGroup) -> Iterator[StudentId | None]:
    yield from (entry.score.student_id for entry in group.listed)
    yield from (head.student_id for head in pupil_heads(group.below))
    yield from (item.student_id for item in group.unscored)


def _remove_old(out: Path, kept: set[str]) -> None:
    for folder in out.glob("reader-*"):
        if folder.name in kept or not folder.is_dir() or not (folder / STATE).exists():
            continue
        for path in folder.iterdir():
            if path.name in (TABLE, STATE, INDEX, "cohort.html", "model.html") or is_our_page(path.name):
                path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
