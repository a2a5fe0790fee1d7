"""The morning's watch list: whom to see first, why, since when, and what help fits."""

from __future__ import annotations

import datetime as dt
import html
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd

from dropout_risk.alerts.silence import RegisterQuestion
from dropout_risk.errors import WatchListError, require_kind
from dropout_risk.files import write_whole
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.model_parts import SYNTHETIC
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.readers.roles import CLASS_TEACHER
from dropout_risk.scoring.remarks.refused_notes import NOT_JUDGED
from dropout_risk.scoring.remarks.unlike_groups import UnlikeGroup
from dropout_risk.scoring.score_rows import PupilHead, pupil_heads, take_pupils
from dropout_risk.scoring.scores import PUPIL_ERRORS, PupilScore, RowError, Scores
from dropout_risk.settings import UNKNOWN_BAND, WatchListSettings
from dropout_risk.text import CLAUSES, COLON, Language, Text, date_in_words
from dropout_risk.watchlist.group import CapacityLine, Unscored, WatchEntry, WatchGroup, count_pupils
from dropout_risk.watchlist.state import ListState, Memory, Signalled, Standing, StudentId
from dropout_risk.watchlist.table import list_csv, list_frame, worded_frame
from dropout_risk.watchlist.wording import SUMMARY, listed_refusals, shorten_list

_TOO_LITTLE = Text(
    zh="信息不足，暂不评估，请核实（{missing}）", en="Too little is known, to be verified ({missing})"
)
SIMULATED = Text(zh="模拟数据：本模型用模拟学生训练，不说明任何真实学生的情况", en=SYNTHETIC)
_MISSING_SHOWN = 2
_ABOUT_A_WEEK = range(5, 10)


def collect_unscored(
    scores: Scores, pupils: Sequence[PupilHead], given: Iterable[Unscored]
) -> list[Unscored]:
    """Collect everybody who could not be scored, with the reason: nobody is left out in silence.

    Errors count where they speak of a pupil who has no score; a pupil of band ``unknown`` counts unless an
    alert puts it on the list. Reasons that are given, being known from before, go before those of the errors.
    """
    left: dict[Hashable, Unscored] = {}
    for index, item in enumerate(given):
        left.setdefault(("given", index) if item.student_id is None else item.student_id, item)
    scored = {pupil.student_id for pupil in pupils}
    for error in sorted(scores.errors, key=lambda item: item.code not in PUPIL_ERRORS):
        if error.student_id not in scored:
            key = ("error", error.index) if error.student_id is None else error.student_id
            left.setdefault(key, Unscored(error.student_id, _reason_of_error(error, scores.language)))
    unknown = [pupil.row for pupil in pupils if pupil.band == UNKNOWN_BAND and not pupil.alerted]
    too_little = (_too_little(pupil, scores.language) for pupil in take_pupils(scores.pupils, unknown))
    return [*left.values(), *too_little]


def _reason_of_error(error: RowError, language: Language) -> str:
    if error.code not in PUPIL_ERRORS:
        return error.message if language == "zh" else f"{error.message} ({error.code}, {error.field})"
    return CLAUSES.joined(PUPIL_ERRORS[error.code]).to(language)


def _too_little(pupil: PupilScore, language: Language) -> Unscored:
    missing = shorten_list(pupil.missing, _MISSING_SHOWN, language)
    reason = _TOO_LITTLE.fill(language, missing=missing)
    if NOT_JUDGED.to(language) in pupil.warnings:
        reason = CLAUSES.join(language, [NOT_JUDGED.to(language), *listed_refusals(pupil)])
    return Unscored(pupil.student_id, reason, pupil.school_id, pupil.responsible_id)


ListOwner = tuple[str | None, str | None]
_Members = dict[ListOwner, tuple[list[PupilHead], list[Unscored]]]


@dataclass(frozen=True, repr=False)
class WatchList:
    """The list of one morning, for all schools and responsible teachers.

    Make it with :meth:`of`. Everybody in the cohort is in exactly one of three parts: listed, below the
    line, or not scored with the reason why.

    Parameters
    ----------
    as_of : date
        The date of the scores.
    language : {"zh", "en"}
        The language of its sentences.
    model : dict
        What the scores say of their model.
    settings : WatchListSettings
        Capacity per teacher, and what counts as a change.
    groups : tuple of WatchGroup
        One per school and responsible teacher; pupils without one are a group of their own.
    memory : Memory
        What was told before: by the list it was compared with, or by a case book.
    registers : tuple of RegisterQuestion
        Questions about the registers of classes: one for all of their pupils.
    unlike : tuple of UnlikeGroup
        Classes, schools and dates unlike those of the training.
    cohort : int
        How many pupils there are in all.
    read_by : str
        The role whose list it is.

    Raises
    ------
    WatchListError
        If the three parts do not add up to the cohort, or a pupil is in them twice.

    Examples
    --------
    >>> scores = Scores(dt.date(2025, 3, 3), "r-1", {"name": "m", "version": "1"}, "en", ())
    >>> WatchList.of(scores, settings=WatchListSettings(), unscored=[Unscored("p-9", "no row")]).counts()
    {'cohort': 1, 'listed': 0, 'with_alert': 0, 'below_line': 0, 'not_scored': 1}
    """

    as_of: dt.date
    language: Language
    model: dict[str, Any]
    settings: WatchListSettings
    groups: tuple[WatchGroup, ...]
    memory: Memory
    cohort: int
    registers: tuple[RegisterQuestion, ...] = ()
    unlike: tuple[UnlikeGroup, ...] = ()
    read_by: str = ""

    def __repr__(self) -> str:
        """Count; nobody's name belongs into a log."""
        return f"<WatchList of {self.as_of}: {self.counts()}>"

    def __post_init__(self) -> None:
        """Check that everybody is accounted for, once."""
        ids = Counter(self._ids())
        repeated = sum(number > 1 for student_id, number in ids.items() if student_id is not None)
        if repeated:
            raise WatchListError(
                f"{repeated} pupil(s) would be on the list more than once.",
                hint="every id may be scored once, or be given as not scored, not both",
            )
        held = sum(map(len, self.groups))
        if held != self.cohort:
            raise WatchListError(f"The parts of the list hold {held} pupils, the cohort {self.cohort}.")

    @property
    def last(self) -> ListState | None:
        """The list it was compared with."""
        return self.memory.last

    @property
    def last_week(self) -> bool:
        """Whether the list it is compared with is about a week old."""
        return self.last is not None and (self.as_of - self.last.as_of).days in _ABOUT_A_WEEK

    @classmethod
    def of(
        cls,
        scores: Scores,
        *,
        settings: WatchListSettings | None = None,
        previous: WatchList | Scores | ListState | None = None,
        unscored: Iterable[Unscored] = (),
        signalled: Signalled | None = None,
    ) -> Self:
        """Make the list from scores.

        Parameters
        ----------
        scores : Scores
            Of one date, as the reader of the list may read them; complete ones are read as a class teacher.
        settings : WatchListSettings, optional
            By default the shipped ones: ``capacity`` per teacher and ``changed_points``.
        previous : WatchList, Scores or ListState, optional
            The last list (or the scores behind it, or its saved state): who is new, worse or better,
            and since when.
        unscored : iterable of Unscored
            Pupils who never came as far as the scores, each with the reason.
        signalled : mapping, optional
            What a case book was told of before, as ``casebook.lessons.told_cases.signalled_before`` reads it.

        Notes
        -----
        Everybody with an alert is listed, whatever the capacity. Of the others a teacher's list holds
        the highest risks up to the capacity, but nobody in the lowest band: a line that is filled up
        with pupils whose risk is low wastes a morning. Equal risks are ordered by id, and the list says
        how many below the line equal the last one above it.
        """
        require_kind(scores, Scores, "scores", "model.score(records, as_of)")
        if scores.as_of is None:
            raise WatchListError(
                "Scores of ready features have no date.", hint="score records as of a date for a list"
            )
        as_of, scores = scores.as_of, _as_read(scores)
        settings = WatchListSettings() if settings is None else settings
        last = _state_of(previous, settings)
        last = last.for_role(scores.read_by or "").before(as_of) if last else None
        memory = Memory(last, signalled)
        pupils = [*pupil_heads(scores.pupils)]
        left = collect_unscored(scores, pupils, unscored)
        members = _by_teacher(pupils, left)
        lines = _drawn_lines(members, settings)
        listed = [row for line in lines.values() for row in (*line.alerts, *line.above)]
        entries = {
            row: WatchEntry.of(pupil, as_of, memory, settings.changed_points)
            for row, pupil in zip(listed, take_pupils(scores.pupils, listed), strict=True)
        }
        groups = [
            WatchGroup.of(owner, lines[owner], members[owner][1], entries, scores.pupils)
            for owner in sorted(members, key=_none_last)
        ]
        return cls(
            as_of=as_of,
            language=scores.language,
            model=dict(scores.model),
            settings=settings,
            groups=tuple(groups),
            memory=memory,
            cohort=_cohort_size(pupils, left),
            registers=scores.registers,
            unlike=scores.unlike,
            read_by=scores.read_by or "",
        )

    @property
    def schools(self) -> tuple[str | None, ...]:
        """The schools, in the list's order; None for pupils whose school is not known."""
        return tuple(dict.fromkeys(group.school_id for group in self.groups))

    def of_school(self, school_id: str | None) -> tuple[WatchGroup, ...]:
        """Give the groups of one school."""
        return tuple(group for group in self.groups if group.school_id == school_id)

    def counts(self) -> dict[str, int]:
        """Count the cohort and its parts; listed, below the line and not scored add up to it."""
        counts = count_pupils(self.groups)
        names = ("cohort", "listed", "with_alert", "below_line", "not_scored")
        return {name: counts[name] for name in names}

    def frame(self) -> pd.DataFrame:
        """Give one row for every pupil of the cohort; ``part`` says where the pupil stands."""
        return list_frame(self)

    def to_html(self, path: str | Path | None = None) -> str:
        """Give the whole list as one page without a script, and write it to a path where one is given.

        The file is for its owner alone. Pages with charts and links for each school and pupil:
        :func:`dropout_risk.pages.write_pages`.
        """
        lang = "zh-CN" if self.language == "zh" else "en"
        title = html.escape(date_in_words(self.as_of, self.language))
        page = (
            f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title></head>'
            f"<body>{self._html(None)}</body></html>\n"
        )
        if path is not None:
            write_whole(path, page)
        return page

    def _repr_html_(self) -> str:
        return self._html(20)

    def _html(self, most: int | None) -> str:
        told = SUMMARY.fill(self.language, **self.counts())
        synthetic = f"<p><strong>{SIMULATED.to(self.language)}</strong></p>"
        synthetic = synthetic if self.model.get("synthetic") else ""
        synthetic += "".join(f"<p>{html.escape(item.text)}</p>" for item in self.unlike)
        synthetic += "".join(f"<p>{html.escape(item.text)}</p>" for item in self.registers)
        frame = self.frame()
        listed = frame[frame["part"].isin(["alert", "followed", "above_line"])].iloc[:most]
        shown = ["responsible_id", "student_id", "part", "status", "since", "risk", "alerts", "reasons"]
        table: str = worded_frame(listed[shown], self.language).to_html(
            index=False, float_format="%.2f", escape=True, na_rep=""
        )
        said = f"{date_in_words(self.as_of, self.language)}{COLON.to(self.language)}{told}"
        return f"<p>{html.escape(said)}</p>{synthetic}{table}"

    def to_csv(self, path: str | Path, directory: Directory | None = None) -> Path:
        """Write the table for a spreadsheet (with a byte order mark, so that Excel shows Chinese).

        With a directory, pupils' names stand beside their ids.
        """
        return write_whole(path, list_csv(self, directory), encoding="utf-8-sig", only_changed=True)

    @property
    def state(self) -> ListState:
        """What the next list needs of this one."""
        since = {entry.score.student_id: entry.since for group in self.groups for entry in group.listed}
        standings = {
            pupil.student_id: Standing(pupil.risk, pupil.band, since.get(pupil.student_id))
            for group in self.groups
            for pupil in (*pupil_heads([entry.score for entry in group.listed]), *pupil_heads(group.below))
        }
        version = str(self.model.get("version", ""))
        return ListState(self.as_of, version, standings, self.last, self.read_by, self._told())

    def _told(self) -> dict[StudentId, frozenset[str]]:
        """Give the alerts that this list and those before it have told, and that stay open."""
        before = {} if self.last is None else self.last.told
        told = {pupil: frozenset(keys) for pupil, keys in before.items()}
        for entry in (entry for group in self.groups for entry in (*group.alerts, *group.followed)):
            pupil, keys = entry.score.student_id, {alert.key for alert in entry.score.alerts if alert.key}
            if keys:
                told[pupil] = told.get(pupil, frozenset()) | keys
        return told

    def save_state(self, path: str | Path) -> Path:
        """Write ids, risks, bands, since when and which alerts were told as JSON, for the next list."""
        return self.state.save(path)

    @staticmethod
    def load_state(path: str | Path) -> ListState:
        """Read what :meth:`save_state` wrote; give it as ``previous``."""
        return ListState.load(path)

    def questions_of(self, school_id: str | None) -> tuple[RegisterQuestion, ...]:
        """Give the questions about the registers of a school."""
        return tuple(item for item in self.registers if item.school_id == school_id)

    def unlike_of(self, school_id: str | None) -> tuple[UnlikeGroup, ...]:
        """Give the classes of a school, and the school, that are unlike those of the training."""
        return tuple(item for item in self.unlike if item.school_id == school_id)

    def _ids(self) -> list[Any]:
        ids = [entry.score.student_id for group in self.groups for entry in group.listed]
        ids += [pupil.student_id for group in self.groups for pupil in pupil_heads(group.below)]
        return ids + [item.student_id for group in self.groups for item in group.unscored]


def _as_read(scores: Scores) -> Scores:
    """Give scores that a role has read as they are, and complete ones as a class teacher may read them."""
    return redact(scores, CLASS_TEACHER) if scores.read_by is None else scores


def _state_of(
    previous: WatchList | Scores | ListState | None, settings: WatchListSettings
) -> ListState | None:
    if isinstance(previous, Scores):
        previous = WatchList.of(previous, settings=settings)
    return previous.state if isinstance(previous, WatchList) else previous


def _cohort_size(pupils: Iterable[PupilHead], left: Iterable[Unscored]) -> int:
    """Count the pupils, apart from how they are spread over the parts."""
    scored = {pupil.student_id for pupil in pupils}
    return len(scored) + sum(item.student_id is None or item.student_id not in scored for item in left)


def _by_teacher(pupils: Iterable[PupilHead], unscored: Iterable[Unscored]) -> _Members:
    members: _Members = {}
    for pupil in pupils:
        if pupil.alerted or pupil.band != UNKNOWN_BAND:
            members.setdefault((pupil.school_id, pupil.responsible_id), ([], []))[0].append(pupil)
    for item in unscored:
        members.setdefault((item.school_id, item.responsible_id), ([], []))[1].append(item)
    return members


def _drawn_lines(members: _Members, settings: WatchListSettings) -> dict[ListOwner, CapacityLine]:
    return {owner: CapacityLine.through(pupils, settings.capacity) for owner, (pupils, _) in members.items()}


def above_the_line(scores: Scores, settings: WatchListSettings) -> list[PupilHead]:
    """Give the pupils without an alert who are on the list of these scores, none of them put into words."""
    heads = [*pupil_heads(_as_read(scores).pupils)]
    lines = _drawn_lines(_by_teacher(heads, ()), settings)
    return [heads[row] for line in lines.values() for row in line.above]


def _none_last(owner: ListOwner) -> tuple[tuple[bool, str], ...]:
    return tuple((part is None, part or "") for part in owner)
