"""From a template to a page: every word escaped, no script, and a policy that lets nothing in."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any, Literal

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from dropout_risk.errors import DropoutRiskError
from dropout_risk.explanation.reason import Reason
from dropout_risk.explanation.reason_days import days_of_reason
from dropout_risk.pages.links import Links
from dropout_risk.pages.words import page_words
from dropout_risk.proposals.error_words import error_words
from dropout_risk.text import CLAUSES, Language, Text
from dropout_risk.watchlist.reason_notes import comparison_text, own_past_text


def note_on_reason(reason: Reason, language: Language) -> str:
    """Write what to hold a reason against, the pupil's own past, and the days of the rows it came from."""
    notes = [
        comparison_text(reason, language),
        own_past_text(reason, language),
        days_of_reason(reason, language),
    ]
    return CLAUSES.join(language, filter(None, notes))


ROOM = "dropout_risk.pages"
"""The package whose ``templates/`` every page may use."""


def render_page(template: str, language: Language, *, room: str = ROOM, **content: Any) -> str:
    """Render a page from a file in ``templates/``, of the package ``room`` first; every word is escaped."""
    links = content.get("links")
    forms = room != ROOM or (isinstance(links, Links) and bool(links.search))
    policy = content_policy(forms=forms, room=room)
    shared = {"w": page_words(language), "lang": language, "css": style_sheet(room), "policy": policy}
    return _template_environment(room).get_template(template).render(**shared, **content)


@cache
def style_sheet(room: str = ROOM) -> str:
    """Read the one style sheet, which every page carries in itself, and what a room has beside it."""
    rooms = dict.fromkeys((ROOM, room))
    return "".join(
        (resources.files(name) / "templates" / "style.css").read_text(encoding="utf-8") for name in rooms
    )


@cache
def content_policy(*, forms: bool = False, room: str = ROOM) -> str:
    """Give the pages' content security policy: their own style sheet by its hash, and nothing else.

    ``forms``: whether a form may ask the house that the page came from, which files have none of.

    >>> content_policy().startswith("default-src 'none'; style-src 'sha256-")
    True
    """
    digest = base64.b64encode(hashlib.sha256(style_sheet(room).encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src 'self' data:"
    asked = "'self'" if forms else "'none'"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action {asked}"


@cache
def _template_environment(room: str) -> Environment:
    rooms = dict.fromkeys((room, ROOM))
    return Environment(
        loader=ChoiceLoader([PackageLoader(name) for name in rooms]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


# --- A page that says why there is no other one ---

Message = Literal[
    "switched_off", "not_here", "nobody_yet", "unknown_language", "unknown_question", "no_store", "no_scope"
]
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
    "unknown_question": (
        Text(zh="这样查找不了", en="The list cannot be asked in this way"),
        Text(
            zh="请从页面上的查找框重新查找；查找词最多64个字。",
            en="Use the search field of the page; what is looked for has at most 64 characters.",
        ),
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
