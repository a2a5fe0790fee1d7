"""The watch list as pages: no script, no request, one A4 sheet or more per teacher."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from dropout_risk.errors import SettingsError
from dropout_risk.pages.links import INDEX, LIST_ONLY, Links, is_our_page, page_name
from dropout_risk.pages.rendering import render
from dropout_risk.pages.sheets import school_sheet
from dropout_risk.pages.words import WORDS, day
from dropout_risk.scoring.files import UNFINISHED, write_whole
from dropout_risk.text import Language
from dropout_risk.watchlist.watch_list import WatchList


def render_watch_list(watch_list: WatchList, language: Language) -> str:
    """Write the whole list as one page of HTML.

    Parameters
    ----------
    watch_list : WatchList
        The morning's list.
    language : {"zh", "en"}
        The language of the page; the list's own, since its sentences are written already.

    Returns
    -------
    str
        A complete document without scripts and without anything to fetch.

    Raises
    ------
    SettingsError
        If the list was scored in the other language.

    Examples
    --------
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
    links = Links("", "", INDEX, LIST_ONLY.pupil, page_name)

    def pages() -> Iterator[tuple[str, str]]:
        for school in watch_list.schools:
            yield page_name(school), render_schools(watch_list, (school,), links)
        yield INDEX, render_index(watch_list, links)

    return write_folder(Path(folder), pages())


def render_schools(watch_list: WatchList, schools: Sequence[str | None], links: Links) -> str:
    """Render the lists of some schools as one page."""
    sheets = [
        school_sheet(watch_list, school, anchor=f"s{place}", links=links)
        for place, school in enumerate(schools, start=1)
    ]
    return render(
        "watch_list.html", watch_list.language, links=links, schools=sheets, **about_list(watch_list)
    )


def render_index(watch_list: WatchList, links: Links) -> str:
    """Render the page that leads to every school's list."""
    sheets = [
        (links.school(school), school_sheet(watch_list, school, anchor="")) for school in watch_list.schools
    ]
    return render("index.html", watch_list.language, links=links, schools=sheets, **about_list(watch_list))


def write_folder(folder: Path, pages: Iterable[tuple[str, str]]) -> Path:
    """Write pages to a folder: all are made before one takes its place, and the last one comes last.

    Parameters
    ----------
    folder : Path
        Other files in it stay; pages of schools and pupils that are not written again are removed.
    pages : iterable of (str, str)
        Names and what is in them.

    Returns
    -------
    Path
        The last page.
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
    as_of = day(watch_list.as_of, language)
    return {
        "as_of": as_of,
        "synthetic": bool(watch_list.model.get("synthetic")),
        "what_a_score_is": WORDS["what_a_score_is"].fill(language, as_of=as_of, horizon=_horizon(watch_list)),
        "first_note": WORDS["first_note"].fill(language, capacity=watch_list.settings.capacity),
        "counts": watch_list.counts(),
        "adds_up": WORDS["adds_up"].fill(language, **watch_list.counts()),
        "reading": [WORDS[name].to(language) for name in ("about_interval", "about_bars")],
        "about": _about(watch_list, as_of),
    }


def _check_language(watch_list: WatchList, language: Language) -> None:
    if language != watch_list.language:
        raise SettingsError(
            f"The list's sentences are in {watch_list.language!r}, the page was asked for in {language!r}.",
            hint=f"score with language={language!r}",
        )


def _horizon(watch_list: WatchList) -> str:
    days = watch_list.model.get("horizon_days")
    name = "horizon" if days else "some_time"
    return WORDS[name].fill(watch_list.language, days=days)


def _about(watch_list: WatchList, as_of: str) -> list[str]:
    language, model, last = watch_list.language, watch_list.model, watch_list.last
    told = {"name": model.get("name", ""), "version": model.get("version", ""), "as_of": as_of}
    trained_to = model.get("trained_to") or WORDS["undated"].to(language)
    lines = [WORDS["about_model"].fill(language, **told, trained_to=trained_to)]
    if last is None:
        lines.append(WORDS["about_first"].to(language))
    else:
        lines.append(WORDS["about_last"].fill(language, date=day(last.as_of, language)))
        if last.model != str(model.get("version", "")):
            lines.append(WORDS["about_new_model"].to(language))
    return [*lines, WORDS["keep_private"].to(language)]
