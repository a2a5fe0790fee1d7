"""From a template to a page: every word escaped, no script, and a policy that lets nothing in."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from dropout_risk.errors import DropoutRiskError
from dropout_risk.explanation.reason import Reason
from dropout_risk.pages.words import page_words
from dropout_risk.proposals.error_words import error_words
from dropout_risk.text import CLAUSES, Language, Text
from dropout_risk.watchlist.reason_notes import comparison_text, days_of_reason

INDEX = "index.html"
COHORT = "cohort.html"
MODEL = "model.html"


@dataclass(frozen=True)
class Links:
    """How the pages find one another: their addresses, empty where there are none.

    ``lists`` is the index of all schools; ``pupil`` and ``school`` give an address from an id.
    """

    cohort: str
    model: str
    lists: str
    pupil: Callable[[Any], str]
    school: Callable[[str | None], str]


def school_page_name(school_id: str | None) -> str:
    """Name a school's file: safe whatever the id, and never the same for two ids.

    >>> school_page_name("../x")
    'school-x-551622b6.html'
    """
    return _page_name("school", school_id, 8)


def pupil_page_name(student_id: str | int) -> str:
    """Name a pupil's file.

    >>> pupil_page_name("<b>")
    'pupil-b-6d04c958cc9518d6.html'
    """
    return _page_name("pupil", student_id, 16)


def is_our_page(name: str) -> bool:
    """Say whether a file of that name is a school's or a pupil's page.

    >>> is_our_page(school_page_name(None)), is_our_page("school-notes.html")
    (True, False)
    """
    return bool(_OURS.fullmatch(name))


_OURS = re.compile(r"school-[A-Za-z0-9_-]*[0-9a-f]{8}\.html|pupil-[A-Za-z0-9_-]*[0-9a-f]{16}\.html")


def _page_name(kind: str, identifier: str | int | None, digits: int) -> str:
    words = "" if identifier is None else str(identifier)
    return f"{file_name(kind, words, repr(identifier), digits)}.html"


def file_name(kind: str, words: str, identity: str, digits: int) -> str:
    """Name a file or folder by what can be read of its words, and by a mark of what it is of."""
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", words).strip("-")[:40]
    mark = hashlib.sha256(identity.encode()).hexdigest()[:digits]
    return f"{kind}-{readable}-{mark}" if readable else f"{kind}-{mark}"


FILES = Links(COHORT, MODEL, INDEX, pupil_page_name, school_page_name)
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


def served_under(root: str, language: str = "") -> Links:
    """Give the addresses of the service below that of the cohort's page, all asking for a language if given.

    >>> served_under("/review", "en").pupil("a/b <c>")
    '/review/pupil/a%2Fb%20%3Cc%3E?lang=en'
    """
    asked = f"?lang={quote(language, safe='')}" if language else ""

    def pupil(student_id: str | int) -> str:
        return f"{root}/pupil/{address_of(str(student_id))}{asked}"

    def school(school_id: str | None) -> str:
        below = "" if school_id is None else f"/{address_of(school_id)}"
        return f"{root}/school{below}{asked}"

    return Links(root + asked, f"{root}/model{asked}", "", pupil, school)


def note_on_reason(reason: Reason, language: Language) -> str:
    """Write what to hold a reason against, and the days of the rows it came from."""
    notes = [comparison_text(reason, language), days_of_reason(reason, language)]
    return CLAUSES.join(language, filter(None, notes))


def render_page(template: str, language: Language, **content: Any) -> str:
    """Render a page from a file in ``templates/``; every word of the content is escaped."""
    shared = {"w": page_words(language), "lang": language, "css": style_sheet(), "policy": content_policy()}
    return _template_environment().get_template(template).render(**shared, **content)


@cache
def style_sheet() -> str:
    """Read the one style sheet, which every page carries in itself."""
    return (resources.files("dropout_risk.pages") / "templates" / "style.css").read_text(encoding="utf-8")


@cache
def content_policy() -> str:
    """Give the pages' content security policy: their own style sheet by its hash, and nothing else.

    >>> content_policy().startswith("default-src 'none'; style-src 'sha256-")
    True
    """
    digest = base64.b64encode(hashlib.sha256(style_sheet().encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src 'self' data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _template_environment() -> Environment:
    return Environment(
        loader=PackageLoader("dropout_risk.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


# --- A page that says why there is no other one ---

Message = Literal["switched_off", "not_here", "nobody_yet", "unknown_language", "no_store", "no_scope"]
_MESSAGES: dict[Message, tuple[Text, Text]] = {
    "switched_off": (
        Text(zh="这里还没有可看的内容", en="There is nothing to review here yet"),
        Text(
            zh="启动服务前，请把环境变量 DROPOUT_RISK_STORE 设为历史库所在的文件夹"
            "（用 dropout-risk store build 建立）。",
            en="Set DROPOUT_RISK_STORE to the folder of a store of histories (dropout-risk store build makes "
            "one) before the service is started.",
        ),
    ),
    "not_here": (
        Text(zh="没有这一页", en="There is no such page"),
        Text(
            zh="评估日没有这名学生（或这所学校）的评估：可能当天不在校，学生表的行未通过检查，或编号有误。",
            en="No pupil (or school) of that id was scored on the date: not at school on it, a row that did "
            "not pass the checks, or another id.",
        ),
    ),
    "nobody_yet": (
        Text(zh="那一天还没有记录", en="Nothing is known on that date"),
        Text(zh="请核对记录的日期。", en="Check the dates of the records."),
    ),
    "unknown_language": (
        Text(zh="没有这种语言", en="There is no such language"),
        Text(zh="可用 ?lang=zh 或 ?lang=en。", en="Ask for ?lang=zh or ?lang=en."),
    ),
    "no_scope": (
        Text(zh="可查看的学生范围不明确", en="It is not clear whose pupils are shown here"),
        Text(
            zh="请联系服务的管理人员，核对学校、年级和班级。",
            en="Tell whoever runs the service to check the school, the grade level and the class.",
        ),
    ),
    "no_store": (
        Text(zh="历史库暂时无法读取", en="The store of histories cannot be read at present"),
        Text(
            zh="请稍后再试；如仍不行，请联系服务的管理人员。",
            en="Try again later; if it stays so, tell whoever runs the service.",
        ),
    ),
}


def message_page(
    said: Message, language: Language, links: Links, error: DropoutRiskError | None = None
) -> str:
    """Render a page that says why there is no other one, an error's words in small print."""
    head, text = (words.to(language) for words in _MESSAGES[said])
    shown = "" if error is None else _error_in_words(error, language)
    return render_page("message.html", language, links=links, head=head, text=text, error=shown)


def _error_in_words(error: DropoutRiskError, language: Language) -> str:
    """Give an error's code and words; in Chinese the words alone, and nothing where there are none."""
    if language == "en":
        return f"{error.code}: {error.message} {error.hint}"
    said = (error_words(text).zh for text in (error.message, error.hint))
    return "".join(text for text in said if not text.isascii())
