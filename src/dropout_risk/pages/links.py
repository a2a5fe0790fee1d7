"""How pages find one another: the names of their files, and their addresses in the service."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

INDEX = "index.html"
COHORT = "cohort.html"
MODEL = "model.html"


@dataclass(frozen=True)
class Links:
    """How the pages find one another: their addresses, empty where there are none.

    ``lists`` is the first page; ``pupil`` and ``school`` give an address from an id. ``sheet`` gives that of
    a part of a teacher's list from school, teacher and part, where lists have pages of their own, and
    ``cohort_part`` that of a further part of the cohort's page.
    ``search`` is where a form is answered that looks for pupils, and ``carried`` what else it must send.
    """

    cohort: str
    model: str
    lists: str
    pupil: Callable[[Any], str]
    school: Callable[[str | None], str]
    sheet: Callable[[str | None, str | None, int], str] | None = None
    search: str = ""
    carried: tuple[tuple[str, str], ...] = ()
    cohort_part: Callable[[int], str] = "cohort-{}.html".format


def school_page_name(school_id: str | None) -> str:
    """Name a school's file: safe whatever the id, and never the same for two ids.

    >>> school_page_name("../x")
    'school-x-551622b6.html'
    """
    return _page_name("school", school_id, 8)


def sheet_page_name(school_id: str | None, responsible_id: str | None, part: int) -> str:
    """Name the file of a part of a teacher's list.

    >>> sheet_page_name("s-1", "t-7", 1)
    'list-t-7-1-82327ba2.html'
    """
    words = f"{responsible_id or ''}-{part}"
    return f"{file_name('list', words, repr((school_id, responsible_id, part)), 8)}.html"


def pupil_page_name(student_id: str | int) -> str:
    """Name a pupil's file.

    >>> pupil_page_name("<b>")
    'pupil-b-6d04c958cc9518d6.html'
    """
    return _page_name("pupil", student_id, 16)


def is_our_page(name: str) -> bool:
    """Say whether a file of that name is a school's or a pupil's page, or a further part of the cohort's.

    >>> is_our_page(school_page_name(None)), is_our_page("cohort-2.html"), is_our_page("school-notes.html")
    (True, True, False)
    """
    return bool(_OURS.fullmatch(name))


_OURS = re.compile(
    r"((school|list)-[A-Za-z0-9_-]*[0-9a-f]{8}|pupil-[A-Za-z0-9_-]*[0-9a-f]{16}|cohort-[0-9]+)\.html"
)


def _page_name(kind: str, identifier: str | int | None, digits: int) -> str:
    words = "" if identifier is None else str(identifier)
    return f"{file_name(kind, words, repr(identifier), digits)}.html"


def file_name(kind: str, words: str, identity: str, digits: int) -> str:
    """Name a file or folder by what can be read of its words, and by a mark of what it is of."""
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", words).strip("-")[:40]
    mark = hashlib.sha256(identity.encode()).hexdigest()[:digits]
    return f"{kind}-{readable}-{mark}" if readable else f"{kind}-{mark}"


FILES = Links(COHORT, MODEL, INDEX, pupil_page_name, school_page_name, sheet_page_name)
"""Pages in one folder."""
LIST_ONLY = Links("", "", "", lambda _: "", school_page_name)
"""A watch list without any other page."""


_DOTS = re.compile(r"~*\.{1,2}")


def address_of(name: str) -> str:
    """Write an id as one step of an address; browsers take ``.`` and ``..`` for the way up, also as ``%2E``.

    >>> address_of("a/b"), address_of(".."), address_of("~..")
    ('a%2Fb', '~..', '~~..')
    """
    return ("~" if _DOTS.fullmatch(name) else "") + quote(name, safe="")


def id_at(step: str | None) -> str | None:
    """Give the id that :func:`address_of` wrote, from a step of an address without its percent signs.

    >>> id_at("~.."), id_at("a/b"), id_at(None)
    ('..', 'a/b', None)
    """
    return step[1:] if step and step[0] == "~" and _DOTS.fullmatch(step) else step


def served_under(root: str, language: str = "", role: str = "") -> Links:
    """Give the addresses of the service below that of the first page, all asking for what is given.

    >>> served_under("/review", "en").pupil("a/b <c>")
    '/review/pupil/a%2Fb%20%3Cc%3E?lang=en'
    """
    carried = tuple((name, word) for name, word in (("lang", language), ("role", role)) if word)
    asked = query_of_fields(carried)

    def pupil(student_id: str | int) -> str:
        return f"{root}/pupil/{address_of(str(student_id))}{asked}"

    def below(school_id: str | None) -> str:
        return f"{root}/school" + ("" if school_id is None else f"/{address_of(school_id)}")

    def sheet(school_id: str | None, responsible_id: str | None, part: int) -> str:
        whose = (("responsible", responsible_id or ""), ("page", str(part)), *carried)
        return f"{below(school_id)}{query_of_fields(whose)}"

    return Links(
        f"{root}/cohort{asked}",
        f"{root}/model{asked}",
        f"{root}{asked}",
        pupil,
        lambda school_id: f"{below(school_id)}{asked}",
        sheet,
        f"{root}/pupils",
        carried,
        lambda part: f"{root}/cohort{query_of_fields((('page', str(part)), *carried))}",
    )


def query_of_fields(fields: Iterable[tuple[str, str]]) -> str:
    """Write what an address asks for, in the order given.

    >>> query_of_fields([("q", "李 四"), ("page", "2")]), query_of_fields([])
    ('?q=%E6%9D%8E%20%E5%9B%9B&page=2', '')
    """
    asked = urlencode(list(fields), quote_via=quote)
    return f"?{asked}" if asked else ""
