"""All pages of one date: rendered the same for a folder of files and for the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from dropout_risk.errors import DateError, SettingsError, UnknownPupilError
from dropout_risk.features.cohort import Source, histories_of
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.changes import ChangeQuestions, Changes
from dropout_risk.pages.cohort_page import MOST_SHOWN, cohort_page
from dropout_risk.pages.model_page import model_page
from dropout_risk.pages.pupil_page import CardWriter, PupilPageWriter
from dropout_risk.pages.rendering import FILES, INDEX, Links, pupil_page_name, render_page, school_page_name
from dropout_risk.pages.watch_list_page import about_list, render_index, render_schools, write_folder
from dropout_risk.pages.words import WORDS
from dropout_risk.records.calendar import DateLike
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.roles import CLASS_TEACHER, Role, role_named, roles_of
from dropout_risk.scoring.score_rows import pupil_heads
from dropout_risk.scoring.scores import PupilScore, Scores
from dropout_risk.settings import Settings, WatchListSettings
from dropout_risk.text import Language
from dropout_risk.watchlist.group import WatchEntry
from dropout_risk.watchlist.state import ListState, StudentId
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


def sees_less_than_lists(reader: Role) -> bool:
    """Say whether a role sees less than lists tell, which is all but results of psychological tests."""
    return not set(reader.hidden) <= set(CLASS_TEACHER.hidden)


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
        Of one date and in one language.
    watch_list : WatchList
        Made from these scores.
    role : Role
        For whom the pages are made, by default a class teacher: what this role may not see is on none of
        them, and lists never hold results of psychological tests.
    """

    model: RiskModel
    histories: Histories
    scores: Scores
    watch_list: WatchList
    role: Role = CLASS_TEACHER

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
        """
        scores = model.score(records, as_of, language=language)
        listed = settings or model.settings.watch_list
        told = model.redact(scores, role, language=scores.language) if sees_less_than_lists(role) else scores
        watch_list = WatchList.of(told, settings=listed, previous=previous)
        return cls(model, histories_of(records), scores, watch_list, role)

    def __repr__(self) -> str:
        """Count; nobody's name belongs into a log."""
        return f"<Review of {self.watch_list!r} for {self.role.name}>"

    def cohort(self, links: Links = FILES) -> str:
        """Render the page of the whole cohort."""
        page = cohort_page(self.scores, self.watch_list, self.model.settings.bands, links, self._seen)
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
        scored = score_blocks(
            self.model, self.histories, self.watch_list.as_of, sentences=False, language=self.language
        )
        page = model_page(self.model, scored, self.language, self.role.hidden)
        note = WORDS["overall_note"].fill(self.language, n=page.overall.pupils)
        return self._render("model.html", links, page=page, overall_note=note)

    def pupil(self, student_id: StudentId, links: Links = FILES) -> str:
        """Render a pupil's page.

        UnknownPupilError if no pupil of that id was scored on the date; DateError if nothing had been
        recorded of the pupil by then.
        """
        score = self._score(student_id)
        snapshot = self.histories.take([self._rows[score.student_id]]).on(self.watch_list.as_of)
        compared = self.watch_list.last is not None
        labels = {name: item.label.to(self.language) for name, item in self.model.catalogue.items()}
        writer = PupilPageWriter(self.role, CardWriter(self.language, compared, links=links), labels)
        page = writer.write(
            self._seen(score), snapshot, self._entries.get(score.student_id), self._changes(score.student_id)
        )
        note = WORDS["strip_note"].fill(self.language, as_of=self._about["as_of"])
        return self._render("pupil.html", links, page=page, strip_note=note)

    def school(self, school_id: str | None, links: Links = FILES) -> str:
        """Render a school's list; UnknownPupilError if nobody of that school is on it or below."""
        if school_id not in self.watch_list.schools:
            raise UnknownPupilError(
                "Nobody of that school was scored on that date.", hint="the cohort's page lists the schools"
            )
        return render_schools(self.watch_list, (school_id,), links)

    @property
    def language(self) -> Language:
        """The language of the scores, and so of the pages."""
        return self.scores.language

    def write(self, folder: str | Path) -> Path:
        """Write the index, every school's list, each listed pupil's page, the cohort's and the model's.

        All of it is made before any of it takes its place, and the index, whose path is given, comes last.
        Pages of schools and pupils that are no longer listed are removed, so that nobody reads yesterday's.
        """
        return write_folder(Path(folder), self._files())

    def _files(self) -> Iterator[tuple[str, str]]:
        links = replace(FILES, pupil=lambda pupil: pupil_page_name(pupil) if pupil in self._entries else "")
        yield links.cohort, self.cohort(links)
        yield links.model, self.about_model(links)
        for student_id in self._entries:
            yield pupil_page_name(student_id), self.pupil(student_id, links)
        for school in self.watch_list.schools:
            yield school_page_name(school), self.school(school, links)
        yield INDEX, render_index(self.watch_list, links)

    @cached_property
    def _about(self) -> dict[str, Any]:
        return about_list(self.watch_list)

    @cached_property
    def _pupils(self) -> dict[str, tuple[StudentId, int]]:
        """The id of each scored pupil and its index among the scores, by its id in words."""
        return {
            str(head.student_id): (head.student_id, head.place) for head in pupil_heads(self.scores.pupils)
        }

    @cached_property
    def _rows(self) -> dict[Any, int]:
        return {student_id: row for row, student_id in enumerate(self.histories.student_ids)}

    @cached_property
    def _entries(self) -> dict[StudentId, WatchEntry]:
        return {entry.score.student_id: entry for group in self.watch_list.groups for entry in group.listed}

    def _seen(self, score: PupilScore) -> PupilScore:
        return self.model.redact(score, self.role, language=self.language)

    def _changes(self, student_id: StudentId) -> Changes:
        listed = student_id in self._entries
        changes = self._changes_of_listed if listed else self._questions.about([self._rows[student_id]])
        return changes.get(student_id, Changes())

    @cached_property
    def _changes_of_listed(self) -> dict[StudentId, Changes]:
        return self._questions.about([self._rows[student_id] for student_id in self._entries])

    @property
    def _questions(self) -> ChangeQuestions:
        last, now = self.watch_list.last, self.watch_list.as_of
        before = now - A_WEEK if last is None else last.as_of
        return ChangeQuestions(self.model, self.histories, before, now, self.role, self.language)

    def _score(self, student_id: StudentId) -> PupilScore:
        found = self._pupils.get(str(student_id))
        if found is not None:
            return self.scores.pupils[found[1]]
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
        return render_page(template, self.language, links=links, **self._about, **content)


def _anything_known(snapshot: Snapshot) -> bool:
    """Say whether any row of a single pupil was known on a date."""
    runs = (snapshot.grades.rows, snapshot.wellbeing, snapshot.totals, snapshot.family, snapshot.outcomes)
    return any(int(rows.offsets[-1]) for rows in runs) or bool(np.any(snapshot.words("recorded")))
