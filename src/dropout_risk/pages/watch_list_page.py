"""The watch list as pages: no script, no request, one A4 sheet or more per teacher."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dropout_risk.errors import SettingsError
from dropout_risk.pages.sheets import school_sheet
from dropout_risk.pages.words import WORDS, day, words
from dropout_risk.scoring.files import write_whole
from dropout_risk.text import Language
from dropout_risk.watchlist.watch_list import WatchList

INDEX = "index.html"
_OURS = re.compile(r"school-[A-Za-z0-9_-]*[0-9a-f]{8}\.html")


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
    return _render(watch_list, watch_list.schools, language)


def write_pages(watch_list: WatchList, folder: str | Path, language: Language) -> Path:
    """Write one page per school and an index that links to them.

    Each file is there complete or not at all, and the index comes last. Pages of schools that are no
    longer on the list are removed, so that nobody reads yesterday's.

    Returns
    -------
    Path
        The index.
    """
    folder = Path(folder)
    names = {school: page_name(school) for school in watch_list.schools}
    for school, name in names.items():
        write_whole(folder / name, _render(watch_list, (school,), language, index=INDEX))
    index = write_whole(folder / INDEX, _render_index(watch_list, names, language))
    for old in folder.glob("school-*.html"):
        if _OURS.fullmatch(old.name) and old.name not in names.values():
            old.unlink(missing_ok=True)
    return index


def page_name(school_id: str | None) -> str:
    """Name a school's page: safe whatever the id, and never the same for two ids.

    Examples
    --------
    >>> page_name("../x")
    'school-x-551622b6.html'
    """
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", school_id or "").strip("-")[:40]
    mark = hashlib.sha256(repr(school_id).encode()).hexdigest()[:8]
    return f"school-{readable}-{mark}.html" if readable else f"school-{mark}.html"


def _render(
    watch_list: WatchList, schools: tuple[str | None, ...], language: Language, index: str = ""
) -> str:
    _check_language(watch_list, language)
    sheets = [
        school_sheet(watch_list, school, anchor=f"s{place}") for place, school in enumerate(schools, start=1)
    ]
    page = _environment().get_template("watch_list.html")
    return page.render(**_shared(watch_list), schools=sheets, index=index)


def _render_index(watch_list: WatchList, names: dict[str | None, str], language: Language) -> str:
    _check_language(watch_list, language)
    sheets = [
        (name, school_sheet(watch_list, school, anchor=f"s{place}"))
        for place, (school, name) in enumerate(names.items(), start=1)
    ]
    return _environment().get_template("index.html").render(**_shared(watch_list), schools=sheets)


def _check_language(watch_list: WatchList, language: Language) -> None:
    if language != watch_list.language:
        raise SettingsError(
            f"The list's sentences are in {watch_list.language!r}, the page was asked for in {language!r}.",
            hint=f"score with language={language!r}",
        )


def _shared(watch_list: WatchList) -> dict[str, Any]:
    language = watch_list.language
    as_of = day(watch_list.as_of, language)
    return {
        "w": words(language),
        "lang": "zh-CN" if language == "zh" else "en",
        "css": resources.files("dropout_risk.pages").joinpath("templates/style.css").read_text("utf-8"),
        "as_of": as_of,
        "synthetic": bool(watch_list.model.get("synthetic")),
        "what_a_score_is": WORDS["what_a_score_is"].fill(language, as_of=as_of, horizon=_horizon(watch_list)),
        "first_note": WORDS["first_note"].fill(language, capacity=watch_list.settings.capacity),
        "counts": watch_list.counts(),
        "adds_up": WORDS["adds_up"].fill(language, **watch_list.counts()),
        "reading": [WORDS[name].to(language) for name in ("about_interval", "about_bars")],
        "about": _about(watch_list, as_of),
    }


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


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dropout_risk.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
