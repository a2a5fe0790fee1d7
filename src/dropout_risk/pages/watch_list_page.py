"""The watch list as pages: no script, no request, one A4 sheet or more per teacher."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.duty import duty_order, duty_text
from dropout_risk.errors import SettingsError
from dropout_risk.evaluation.caution import caution_lines
from dropout_risk.files import UNFINISHED, write_whole
from dropout_risk.pages.pupil_page import CardWriter, PupilCard
from dropout_risk.pages.rendering import INDEX, LIST_ONLY, Links, is_our_page, render_page, school_page_name
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language, date_in_words, iso_date_words
from dropout_risk.watchlist.group import WatchGroup, count_pupils
from dropout_risk.watchlist.state import ListState, StudentId
from dropout_risk.watchlist.watch_list import WatchList
from dropout_risk.watchlist.wording import shorten_list


@dataclass(frozen=True)
class TeacherSheet:
    """One teacher's sheet."""

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

    @property
    def shown(self) -> bool:
        """Whether there is anything to print."""
        return bool(self.alerts or self.followed or self.first or self.unscored)


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


def school_sheet(
    watch_list: WatchList,
    school_id: str | None,
    *,
    anchor: str,
    links: Links = LIST_ONLY,
    directory: Directory | None = None,
) -> SchoolSheet:
    """Write one school's sheets."""
    groups, language = watch_list.of_school(school_id), watch_list.language
    lacking = _shared_by_most(groups, lambda pupil: pupil.missing)
    for_all = _shared_by_most(groups, lambda pupil: pupil.notes)
    names = Directory.empty() if directory is None else directory
    writer = CardWriter(
        language,
        watch_list.last is not None,
        frozenset(lacking + for_all),
        links,
        names,
        watch_list.last_week,
    )
    counts = count_pupils(groups)
    return SchoolSheet(
        name=school_id or WORDS["no_school"].to(language),
        adds_up=WORDS["adds_up"].fill(language, **counts),
        counts=counts,
        who_acts=_who_acts(groups, writer, watch_list.last),
        teachers=tuple(
            _teacher_sheet(group, writer, f"{anchor}-{number}")
            for number, group in enumerate(groups, start=1)
        ),
        lacking=shorten_list(lacking, len(lacking), language),
        for_all=shorten_list(for_all, len(for_all), language),
        questions=tuple(item.text for item in watch_list.questions_of(school_id)),
    )


def _teacher_sheet(group: WatchGroup, writer: CardWriter, anchor: str) -> TeacherSheet:
    language, counts = writer.language, count_pupils((group,))
    return TeacherSheet(
        anchor=anchor,
        teacher=group.responsible_id or WORDS["no_teacher"].to(language),
        has_teacher=group.responsible_id is not None,
        lacks_teacher=group.responsible_id is None and counts["cohort"] > counts["not_scored"],
        adds_up=WORDS["adds_up"].fill(language, **counts),
        alerts=tuple(writer.write(entry) for entry in group.alerts),
        followed=tuple(writer.write(entry) for entry in group.followed),
        first=tuple(writer.write(entry) for entry in group.risks),
        tied=WORDS["tied"].fill(language, n=group.tied) if group.tied else "",
        below=WORDS["below_note"].fill(language, n=len(group.below)) if group.below else "",
        unscored=_by_reason(group, writer.directory),
        counts=counts,
    )


def _who_acts(
    groups: Sequence[WatchGroup], writer: CardWriter, last: ListState | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Name the pupils by who acts on their alerts of today, and to whom these are reported.

    What the class teacher alone acts on stands on her own sheet.
    """
    before = last.as_of if last else None
    duties: dict[tuple[bool, int, int], tuple[Alert, dict[str, None]]] = {}
    for entry in (entry for group in groups for entry in group.alerts):
        for alert in entry.score.alerts:
            if alert.is_of_today(before) and (alert.report_to or alert.route != "class_teacher"):
                duty = duties.setdefault(duty_order(alert), (alert, {}))
                duty[1][_name_with_class(entry.score, writer.directory)] = None
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
    groups: Sequence[WatchGroup], part: Callable[[PupilScore], tuple[str, ...]]
) -> tuple[str, ...]:
    """Give the sentences that more than half of the school's scored pupils have, the most frequent first."""
    pupils: list[PupilScore] = [entry.score for group in groups for entry in group.listed]
    pupils += [pupil for group in groups for pupil in group.below]
    counts = Counter(sentence for pupil in pupils for sentence in part(pupil))
    most = [sentence for sentence, number in counts.items() if len(pupils) > 1 and 2 * number > len(pupils)]
    return tuple(sorted(most, key=lambda sentence: (-counts[sentence], sentence)))


def _named_pupil(student_id: StudentId, directory: Directory) -> str:
    """Give a pupil's name, where it is known, and the id beside it."""
    return f"{directory.name_of(student_id)} {student_id}".strip()


def _name_with_class(pupil: PupilScore, directory: Directory) -> str:
    named = _named_pupil(pupil.student_id, directory)
    return f"{named} ({pupil.class_id})" if pupil.class_id else named


def render_watch_list(watch_list: WatchList, language: Language) -> str:
    """Write the whole list as one page of HTML, without scripts and without anything to fetch.

    SettingsError if the list was scored in another language than the page's: its sentences are written
    already.

    >>> import datetime as dt
    >>> from dropout_risk.scoring.scores import Scores
    >>> from dropout_risk.settings import WatchListSettings
    >>> scores = Scores(dt.date(2025, 3, 3), "r-1", {"name": "m", "version": "1"}, "en", ())
    >>> page = render_watch_list(WatchList.of(scores, settings=WatchListSettings()), "en")
    >>> "informs and never decides" in page
    True
    """
    _check_language(watch_list, language)
    return render_schools(watch_list, watch_list.schools, LIST_ONLY)


def write_pages(watch_list: WatchList, folder: str | Path, language: Language) -> Path:
    """Write one page per school and an index that links to them.

    Nothing is there before all of it is, and the index comes last. Pages of schools that are no
    longer on the list are removed, so that nobody reads yesterday's.

    Returns
    -------
    Path
        The index.
    """
    _check_language(watch_list, language)
    links = Links("", "", INDEX, LIST_ONLY.pupil, school_page_name)

    def pages() -> Iterator[tuple[str, str]]:
        for school in watch_list.schools:
            yield school_page_name(school), render_schools(watch_list, (school,), links)
        yield INDEX, render_index(watch_list, links)

    return write_folder(Path(folder), pages())


def render_schools(
    watch_list: WatchList,
    schools: Sequence[str | None],
    links: Links,
    directory: Directory | None = None,
) -> str:
    """Render the lists of some schools as one page."""
    sheets = [
        school_sheet(watch_list, school, anchor=f"s{number}", links=links, directory=directory)
        for number, school in enumerate(schools, start=1)
    ]
    groups = [group for school in schools for group in watch_list.of_school(school)]
    lines = caution_lines(watch_list.model, watch_list.language, grades_of(groups))
    about = about_list(watch_list) | {"caution": lines}
    return render_page("watch_list.html", watch_list.language, links=links, schools=sheets, **about)


def grades_of(groups: Iterable[WatchGroup]) -> set[str] | None:
    """Give the grades whose pupils are on some lists; None where scores do not tell them."""
    listed = (entry.score for group in groups for entry in group.listed)
    found = [grade_of(score) for score in listed]
    return None if None in found else {grade for grades in found for grade in grades or ()}


def grade_of(score: PupilScore) -> tuple[str, ...] | None:
    """Give the grade of the pupils that a score is compared with; None where it is compared with others."""
    found = score.background.partition("grade ")[2]
    return (found,) if found else None


def render_index(watch_list: WatchList, links: Links) -> str:
    """Render the page that leads to every school's list."""
    no_school = WORDS["no_school"].to(watch_list.language)
    rows = [
        (links.school(school), school or no_school, count_pupils(watch_list.of_school(school)))
        for school in watch_list.schools
    ]
    return render_page("index.html", watch_list.language, links=links, schools=rows, **about_list(watch_list))


def write_folder(folder: Path, pages: Iterable[tuple[str, str]]) -> Path:
    """Write pages to a folder, all of them made before one takes its place; give the path of the last one.

    The last one is also written last. Other files stay; pages of schools and pupils that are not written
    again are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder, prefix=UNFINISHED))
    try:
        names = [write_whole(unfinished / name, page).name for name, page in pages]
        for name in names:
            (unfinished / name).replace(folder / name)
    finally:
        shutil.rmtree(unfinished)
    for old in folder.glob("*.html"):
        if is_our_page(old.name) and old.name not in names:
            old.unlink(missing_ok=True)
    return folder / names[-1]


def about_list(watch_list: WatchList) -> dict[str, Any]:
    """Give what every page of one date says: the date, what a score is, and which model made it."""
    language = watch_list.language
    as_of = date_in_words(watch_list.as_of, language)
    return {
        "as_of": as_of,
        "synthetic": bool(watch_list.model.get("synthetic")),
        "caution": caution_lines(watch_list.model, language, None),
        "what_a_score_is": WORDS["what_a_score_is"].fill(
            language, as_of=as_of, horizon=_horizon_words(watch_list)
        ),
        "first_note": WORDS["first_note"].fill(language, capacity=watch_list.settings.capacity),
        "counts": watch_list.counts(),
        "adds_up": WORDS["adds_up"].fill(language, **watch_list.counts()),
        "reading": [WORDS[name].to(language) for name in ("about_interval", "about_bars")],
        "about": _about_lines(watch_list, as_of),
    }


def _check_language(watch_list: WatchList, language: Language) -> None:
    if language != watch_list.language:
        raise SettingsError(
            f"The list's sentences are in {watch_list.language!r}, the page was asked for in {language!r}.",
            hint=f"score with language={language!r}",
        )


_DAYS_OF_A_TERM = range(80, 101)


def _horizon_words(watch_list: WatchList) -> str:
    days = watch_list.model.get("horizon_days")
    name = "some_time" if not days else "horizon_of_a_term" if days in _DAYS_OF_A_TERM else "horizon"
    return WORDS[name].fill(watch_list.language, days=days)


def _about_lines(watch_list: WatchList, as_of: str) -> list[str]:
    language, model, last = watch_list.language, watch_list.model, watch_list.last
    told = {"name": model.get("name", ""), "version": model.get("version", ""), "as_of": as_of}
    trained_to = iso_date_words(model.get("trained_to") or WORDS["undated"].to(language)).to(language)
    lines = [WORDS["about_model"].fill(language, **told, trained_to=trained_to)]
    if last is None:
        lines.append(WORDS["about_first"].to(language))
    else:
        lines.append(WORDS["about_last"].fill(language, date=date_in_words(last.as_of, language)))
        if last.model != str(model.get("version", "")):
            lines.append(WORDS["about_new_model"].to(language))
    return [*lines, WORDS["keep_private"].to(language)]
