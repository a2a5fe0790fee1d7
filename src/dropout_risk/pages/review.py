"""All pages of one date: rendered the same for a folder of files and for the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.alerts.help import help_table
from dropout_risk.arrays import Bools
from dropout_risk.errors import DateError, SettingsError, UnknownPupilError
from dropout_risk.evaluation.model_card.caution import caution_head, caution_lines
from dropout_risk.features.cohort import Source, histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.changes import ChangeQuestions, Changes
from dropout_risk.pages.cohort_page import MOST_SHOWN, CohortPage, cohort_page
from dropout_risk.pages.links import FILES, INDEX, Links, pupil_page_name, school_page_name
from dropout_risk.pages.model_page import model_page
from dropout_risk.pages.morning_page import morning_page
from dropout_risk.pages.pupil_page import CardWriter, PupilPageWriter
from dropout_risk.pages.pupil_search import PupilQuestion, found_pupils
from dropout_risk.pages.rendering import render_page
from dropout_risk.pages.school_list import SchoolList, Shared
from dropout_risk.pages.watch_list_page import (
    about_list,
    grade_of,
    grades_of,
    render_lists,
    render_sheet,
    write_folder,
)
from dropout_risk.pages.words import WORDS
from dropout_risk.records.days.calendar import DateLike, ordinal_of
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.readers.roles import CLASS_TEACHER, Role, role_named, roles_of
from dropout_risk.scoring.readers.scope import EVERYBODY, Scope
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.score_rows import pupil_heads, take_pupils
from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.settings import Settings, WatchListSettings
from dropout_risk.text import Language
from dropout_risk.watchlist.group import WatchEntry
from dropout_risk.watchlist.state import ListState, Signalled, StudentId
from dropout_risk.watchlist.watch_list import WatchList


def reader_of_pages(role: str, settings: Settings) -> Role:
    """Give a role for which pages may be made; UnknownRoleError if there is none of that name.

    SettingsError if it may not know names, or does not work with the pupils: pages name pupils and say who
    acts.

    >>> reader_of_pages("counsellor", Settings()).name
    'counsellor'
    """
    reader = role_named(role, roles_of(settings))
    if not (reader.names and reader.staff):
        raise SettingsError(
            f"Pages name pupils and say who acts: they are not for {reader.name!r}.",
            hint="give this role scores: dropout-risk score --role",
        )
    return reader


A_WEEK = dt.timedelta(days=7)


@dataclass(frozen=True, eq=False, repr=False)
class Review:
    """What a reviewer reads of one date.

    Make it with :meth:`of`. Pages read the scores, the histories as known on the date, and the model;
    they add nothing of their own.

    Parameters
    ----------
    model : RiskModel
        What scored.
    histories : Histories
        What it scored.
    scores : Scores
        Of one date and in one language, as the role may read them: whatever a page holds is made of these.
    watch_list : WatchList
        Made from these scores.
    role : Role
        For whom the pages are made, by default a class teacher.
    scope : Scope
        Of which pupils the reader reads: no page holds another one, nor counts it.
    inside : array of bool, optional
        Which rows of the histories these pupils are; by default all.
    whole : Review, optional
        The review of everybody, of which this is a part; see :meth:`within`.
    directory : Directory
        Pupils' names, and of the rest what the role reads of it; nothing else than the pages has it.
    """

    model: RiskModel
    histories: Histories
    scores: Scores
    watch_list: WatchList
    role: Role = CLASS_TEACHER
    scope: Scope = EVERYBODY
    inside: Bools | None = None
    whole: Review | None = None
    directory: Directory = field(default_factory=Directory.empty)

    def __post_init__(self) -> None:
        """Refuse scores that are not as the role may read them: pages leave nothing out."""
        if self.scores.read_by != self.role.name:
            raise SettingsError(
                f"The scores are not as {self.role.name!r} may read them.", hint="make pages with Review.of"
            )

    @classmethod
    def of(
        cls,
        model: RiskModel,
        records: Source,
        as_of: DateLike,
        *,
        language: Language | None = None,
        role: Role = CLASS_TEACHER,
        settings: WatchListSettings | None = None,
        previous: WatchList | Scores | ListState | None = None,
        directory: Directory | None = None,
        signalled: Signalled | None = None,
    ) -> Self:
        """Score everyone at school on a date, and make the list.

        Parameters
        ----------
        model : RiskModel
            What scores.
        records : SchoolRecords or Histories
            What was recorded.
        as_of : date
            Rows dated or recorded on or after it are not seen.
        language : {"zh", "en"}, optional
            The language of the pages; by default that of the model's settings.
        role : Role
            For whom, by default a class teacher; see :func:`dropout_risk.pages.review.reader_of_pages`.
        settings : WatchListSettings, optional
            By default the model's.
        previous : WatchList, Scores or ListState, optional
            The last list.
        directory : Directory, optional
            Names to join; by default those of the records, of which histories hold none.
        signalled : mapping, optional
            What a case book was told of before that date.
        """
        if directory is None:
            directory = Directory.empty() if isinstance(records, Histories) else Directory.of_records(records)
        scores = model.score(records, as_of, language=language)
        listed = settings or model.settings.watch_list
        read = model.redact(scores, role, language=scores.language)
        if isinstance(previous, Scores):
            previous = model.redact(previous, role, language=previous.language)
        watch_list = WatchList.of(read, settings=listed, previous=previous, signalled=signalled)
        names = directory.only(role.reads_of_directory)
        return cls(model, histories_of(records), read, watch_list, role, directory=names)

    def within(self, scope: Scope, previous: ListState | None = None) -> Self:
        """Give the review of some of the pupils: what it holds is made of their scores alone.

        ``previous`` is the last list of the same pupils, by default that of everybody, as far as it is about
        them. SettingsError if the scope's class has that id in several grade levels.
        """
        whole = self.whole or self
        inside = scope.rows(self.histories, self.watch_list.as_of)
        inside &= True if self.inside is None else self.inside
        ids = {whole._ids[row] for row in np.flatnonzero(inside).tolist()}
        ids.update(self.histories.set_apart if scope.holds_unplaced else ())
        indices = sorted(self._indices[student] for student in ids if student in self._indices)
        scores = replace(
            self.scores,
            pupils=take_pupils(self.scores.pupils, indices),
            errors=tuple(error for error in self.scores.errors if error.student_id in ids),
            registers=tuple(
                item for item in self.scores.registers if scope.asks(item.school_id, item.class_id)
            ),
            unlike=tuple(
                item
                for item in self.scores.unlike
                if item.school_id is None or scope.asks(item.school_id, item.class_id)
            ),
            explained=None,
        )
        last = previous or self.watch_list.last
        watch_list = WatchList.of(
            scores,
            settings=self.watch_list.settings,
            previous=None if last is None else last.about(ids),
            signalled=self.watch_list.memory.signalled,
        )
        part = replace(self, scores=scores, watch_list=watch_list)
        return replace(part, scope=scope, inside=inside, whole=whole)

    @cached_property
    def _ids(self) -> list[StudentId]:
        return list(self.histories.student_ids)

    @cached_property
    def _indices(self) -> dict[StudentId, int]:
        """The index of each scored pupil among the scores."""
        return {head.student_id: head.row for head in pupil_heads(self.scores.pupils)}

    def __repr__(self) -> str:
        """Count; nobody's name belongs into a log."""
        return f"<Review of {self.watch_list!r} for {self.role.name}>"

    def morning(self, links: Links = FILES) -> str:
        """Render the first page: the reader's own pupils, alerts first; for heads, the table of lists too."""
        page = morning_page(self.watch_list, links, self.directory)
        grades = grades_of(self.watch_list.groups)
        caution = caution_lines(self.scores.model, self.language, grades)
        head = caution_head(caution, self.scores.model, self.language)
        return self._render("morning.html", links, page=page, caution=caution, caution_head=head)

    def search(self, question: PupilQuestion, links: Links) -> str:
        """Render a page of the pupils that a question finds; UnknownPupilError if it has no such page."""
        page = found_pupils(self.watch_list, self._class_ids, question, links, self.directory)
        if page is None:
            raise UnknownPupilError("There is no such page of pupils.", hint="begin with the first page")
        return self._render("pupils.html", links, page=page)

    def cohort(self, links: Links = FILES, part: int = 1) -> str:
        """Render a part of the page of the whole cohort; UnknownPupilError if it has no such part."""
        return self._cohort_part(self._whole_cohort(links), links, part)

    def _whole_cohort(self, links: Links) -> CohortPage:
        return cohort_page(
            self.scores,
            self.watch_list,
            self.model.settings.bands,
            links,
            directory=self.directory,
            withhold="name" not in self.role.reads_of_directory,
        )

    def _cohort_part(self, whole: CohortPage, links: Links, part: int) -> str:
        page = whole.on_part(part, links)
        if page is None:
            raise UnknownPupilError("The cohort's page has no such part.", hint="begin with the first part")
        language = self.language
        notes = {
            "by_capacity_note": WORDS["by_capacity_note"].fill(
                language, capacity=self.watch_list.settings.capacity
            ),
            "highest_note": WORDS["highest_note"].fill(language, shown=MOST_SHOWN),
        }
        return self._render("cohort.html", links, page=page, **notes)

    def about_model(self, links: Links = FILES) -> str:
        """Render the page of the model."""
        page = model_page(self.model, self._numbers(), self.language, self.role.hidden)
        note = WORDS["overall_note"].fill(self.language, n=page.overall.pupils)
        return self._render("model.html", links, page=page, overall_note=note)

    def pupil(self, student_id: StudentId, links: Links = FILES) -> str:
        """Render a pupil's page.

        UnknownPupilError if no pupil of that id was scored on the date; DateError if nothing had been
        recorded of the pupil by then.
        """
        score = self.score_of(student_id)
        snapshot = self.histories.take([self._rows[score.student_id]]).on(self.watch_list.as_of)
        last = self.watch_list.last
        writer = PupilPageWriter(
            self.role,
            CardWriter(
                self.language,
                last is not None,
                links=links,
                directory=self.directory,
                last_week=self.watch_list.last_week,
                remembers=not self.watch_list.memory.is_blank,
            ),
            self.watch_list.memory.keys_of(score),
            tuple(self.scores.model.get("risk_within_days", ())),
            self.model.settings.outcome,
            help_table(self.model.settings),
            {name: item.label.to(self.language) for name, item in self.model.catalogue.items()},
        )
        page = writer.write(
            score, snapshot, self._entries.get(score.student_id), self._changes(score.student_id)
        )
        note = WORDS["strip_note"].fill(self.language, as_of=self._about["as_of"])
        caution = caution_lines(self.scores.model, self.language, grade_of(score))
        return self._render("pupil.html", links, page=page, strip_note=note, caution=caution)

    def school(self, school_id: str | None, links: Links = FILES) -> str:
        """Render a school's list; UnknownPupilError if nobody of that school is on it or below."""
        return render_lists(self.watch_list, [self._school_list(school_id, links)], links)

    def sheet(
        self, school_id: str | None, responsible_id: str | None, part: int, links: Links = FILES
    ) -> str:
        """Render a part of a teacher's list; UnknownPupilError if the reader has no such part to read."""
        page = render_sheet(self._school_list(school_id, links), responsible_id, part)
        if page is None:
            raise UnknownPupilError(
                "There is no such part of that school's list.", hint="the school's page leads to all parts"
            )
        return page

    def _school_list(self, school_id: str | None, links: Links) -> SchoolList:
        """Give the list of a school; what holds for most of its pupils is found out once."""
        if school_id not in self.watch_list.schools:
            raise UnknownPupilError(
                "Nobody of that school was scored on that date.", hint="the first page lists the schools"
            )
        known = self._shared.get(school_id)
        school = SchoolList(self.watch_list, school_id, links=links, directory=self.directory, known=known)
        self._shared[school_id] = school.shared
        return school

    @cached_property
    def _shared(self) -> dict[str | None, Shared]:
        return {}

    @property
    def language(self) -> Language:
        """The language of the scores, and so of the pages."""
        return self.scores.language

    def write(self, folder: str | Path) -> Path:
        """Write the first page, every school's list, each listed pupil's page, the cohort's and the model's.

        All of it is made before any of it takes its place, and the index, whose path is given, comes last.
        What says the same as before stays as it is; pages of schools and pupils that are no longer listed are
        removed, so that nobody reads yesterday's.
        """
        return write_folder(Path(folder), self._files())

    def _files(self) -> Iterator[tuple[str, str]]:
        links = replace(FILES, pupil=lambda pupil: pupil_page_name(pupil) if pupil in self._entries else "")
        cohort = self._whole_cohort(links)
        for part, name in enumerate(cohort.addresses(links), start=1):
            yield name, self._cohort_part(cohort, links, part)
        yield links.model, self.about_model(links)
        for student_id in self._entries:
            yield pupil_page_name(student_id), self.pupil(student_id, links)
        for school in self.watch_list.schools:
            yield school_page_name(school), self.school(school, links)
            yield from self._sheets(school, links)
        yield INDEX, self.morning(links)

    def _sheets(self, school: str | None, links: Links) -> Iterator[tuple[str, str]]:
        """Give the pages of the teachers of a school, where they have any."""
        held = self._school_list(school, links)
        for group in held.groups:
            for part, name in enumerate(held.pages_of(group), start=1):
                yield name, render_sheet(held, group.responsible_id, part) or ""

    def _numbers(self) -> list[pa.RecordBatch]:
        """Give what each feature adds to each of the pupils' scores."""
        everybody = (self.whole or self)._numbers_of_everybody
        if self.whole is None:
            return everybody
        own = pa.array(list(self._indices), everybody[0]["student_id"].type)
        return [batch.filter(pc.is_in(batch["student_id"], own)) for batch in everybody]

    @cached_property
    def _numbers_of_everybody(self) -> list[pa.RecordBatch]:
        scored = score_blocks(
            self.model, self.histories, self.watch_list.as_of, sentences=False, language=self.language
        )
        return list(scored)

    @cached_property
    def _about(self) -> dict[str, Any]:
        return about_list(self.watch_list)

    @cached_property
    def _class_ids(self) -> dict[StudentId, str]:
        """The class of each pupil on the date, as far as it is known."""
        students = self.histories.placed_on(ordinal_of(self.watch_list.as_of)).students
        named = zip((self.whole or self)._ids, students["class_id"].to_pylist(), strict=True)
        return {student: str(own) for student, own in named if own is not None}

    @cached_property
    def _pupils(self) -> dict[str, StudentId]:
        """The id of each scored pupil, by its id in words."""
        return {str(student_id): student_id for student_id in self._indices}

    @cached_property
    def _rows(self) -> dict[Any, int]:
        ids = (self.whole or self)._ids
        rows = range(len(ids)) if self.inside is None else np.flatnonzero(self.inside).tolist()
        return {ids[row]: row for row in rows}

    @cached_property
    def _entries(self) -> dict[StudentId, WatchEntry]:
        return {entry.score.student_id: entry for group in self.watch_list.groups for entry in group.listed}

    def _changes(self, student_id: StudentId) -> Changes:
        if student_id not in self._asked and student_id in self._entries:
            self.ask_about(self._entries)
        if student_id not in self._asked:
            self.ask_about([student_id])
        return self._asked[student_id]

    @property
    def listed_ids(self) -> tuple[StudentId, ...]:
        """The pupils who are on the list."""
        return tuple(self._entries)

    def ask_about(self, student_ids: Iterable[StudentId]) -> None:
        """Ask the model about some pupils at once, and keep the answers: one by one is much slower."""
        rows = (self.whole or self)._rows
        new = [student_id for student_id in student_ids if student_id not in self._asked]
        answers = self._questions.about([rows[student_id] for student_id in new])
        self._asked.update({student_id: answers.get(student_id, Changes()) for student_id in new})

    @cached_property
    def _asked(self) -> dict[StudentId, Changes]:
        return {} if self.whole is None else self.whole._asked

    @property
    def _questions(self) -> ChangeQuestions:
        last, now = self.watch_list.last, self.watch_list.as_of
        before = now - A_WEEK if last is None else last.as_of
        return ChangeQuestions(self.model, self.histories, before, now, self.role, self.language)

    def score_of(self, student_id: StudentId) -> PupilScore:
        """Give a pupil's score as the role reads it; UnknownPupilError or DateError as for :meth:`pupil`."""
        found = self._pupils.get(str(student_id))
        if found in self._entries:
            return self._entries[found].score
        if found is not None:
            return self.scores.pupils[self._indices[found]]
        row = next((row for pupil, row in self._rows.items() if str(pupil) == str(student_id)), None)
        if row is None:
            raise UnknownPupilError("There is no pupil of that id.", hint="check the id, also its zeros")
        if not _anything_known(self.histories.take([row]).on(self.watch_list.as_of)):
            raise DateError(
                "Nothing had been recorded of that pupil by that date.",
                hint="choose a date after its first record",
            )
        raise UnknownPupilError(
            "That pupil was not scored on that date.", hint="it was not at school, or its row was set apart"
        )

    def _render(self, template: str, links: Links, **content: Any) -> str:
        return render_page(template, self.language, links=links, **self._about | content)


def _anything_known(snapshot: Snapshot) -> bool:
    """Say whether any row of a single pupil was known on a date."""
    runs = (snapshot.grades.rows, snapshot.wellbeing, snapshot.totals, snapshot.family, snapshot.outcomes)
    return any(int(rows.offsets[-1]) for rows in runs) or bool(np.any(snapshot.words("recorded")))
