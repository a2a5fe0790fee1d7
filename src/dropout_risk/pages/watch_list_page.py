"""The watch list as pages: no script, no request, one A4 sheet or more per teacher."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dropout_risk.errors import SettingsError
from dropout_risk.evaluation.model_card.caution import caution_lines
from dropout_risk.explanation.backgrounds import grade_of_background
from dropout_risk.files import write_all
from dropout_risk.pages.links import INDEX, LIST_ONLY, Links, is_our_page, school_page_name
from dropout_risk.pages.rendering import render_page
from dropout_risk.pages.school_list import SchoolList
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language, date_in_words, iso_date_words
from dropout_risk.watchlist.group import WatchGroup, count_pupils
from dropout_risk.watchlist.watch_list import WatchList


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
    names = Directory.empty() if directory is None else directory
    lists = [
        SchoolList(watch_list, school, f"s{number}", links, names)
        for number, school in enumerate(schools, start=1)
    ]
    return render_lists(watch_list, lists, links)


def render_lists(watch_list: WatchList, lists: Sequence[SchoolList], links: Links) -> str:
    """Render schools' lists as one page."""
    groups = [group for school in lists for group in school.groups]
    lines = caution_lines(watch_list.model, watch_list.language, grades_of(groups))
    about = about_list(watch_list) | {"caution": lines}
    sheets = [school.table() for school in lists]
    return render_page("watch_list.html", watch_list.language, links=links, schools=sheets, **about)


def render_sheet(school: SchoolList, responsible_id: str | None, part: int) -> str | None:
    """Render a part of a teacher's list as a page of its own; None where there is no such part."""
    teacher = school.part(responsible_id, part)
    if teacher is None:
        return None
    watch_list = school.watch_list
    lacking, for_all = school.shared_in_words
    lines = caution_lines(watch_list.model, watch_list.language, grades_of(school.groups))
    return render_page(
        "sheet.html",
        watch_list.language,
        links=school.links,
        school=school.name,
        teacher=teacher,
        lacking=lacking,
        for_all=for_all,
        school_page=school.links.school(school.school_id),
        **about_list(watch_list) | {"caution": lines},
    )


def grades_of(groups: Iterable[WatchGroup]) -> set[str] | None:
    """Give the grades whose pupils are on some lists; None where scores do not tell them."""
    listed = (entry.score for group in groups for entry in group.listed)
    found = [grade_of(score) for score in listed]
    return None if None in found else {grade for grades in found for grade in grades or ()}


def grade_of(score: PupilScore) -> tuple[str, ...] | None:
    """Give the grade of the pupils that a score is compared with; None where it is compared with others."""
    found = grade_of_background(score.background)
    return None if found is None else (found,)


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

    Pages of schools, teachers and pupils that are not written again are removed; other files stay.
    """
    names = write_all(folder, pages)
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
