"""The sheet to take along: a page for each day's route, with boxes to tick and lines to write on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dropout_risk.casebook.visiting.visits import DayRoute, Visit
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.records.directory import Directory
from dropout_risk.text import ITEMS, Language, Text, date_in_words

SHEET_WORDS: dict[str, Text] = {
    "title": Text(zh="家访记录表", en="Home visits"),
    "who": Text(zh="家访人：{persons}", en="Visitors: {persons}"),
    "summary": Text(
        zh="{n} 户 · {set_out:%H:%M} 出发 · {back:%H:%M} 返回 · 路上约 {way} 分钟",
        en="{n} homes · set out {set_out:%H:%M} · back {back:%H:%M} · about {way} minutes of way",
    ),
    "number": Text(zh="编号 {reference}", en="Number {reference}"),
    "case": Text(zh="个案 {case}", en="case {case}"),
    "due": Text(zh="期限 {due}", en="due {due}"),
    "overdue": Text(zh="已逾期 {days} 天", en="{days} days overdue"),
    "guardian": Text(zh="监护人", en="Guardian"),
    "phone": Text(zh="电话", en="Phone"),
    "address": Text(zh="住址", en="Address"),
    "next_day": Text(zh="下次日期", en="Next day"),
    "arrived": Text(zh="实际到访时间", en="Arrived at"),
    "note": Text(zh="记录", en="Notes"),
    "signed": Text(zh="家访人签字", en="Signed"),
    "nothing": Text(zh="这几天没有安排家访。", en="No visits are planned on these days."),
    "keep": Text(
        zh="内含个人信息，用后交回学校保管，不得拍照转发。",
        en="Personal data: hand it back to the school after use; no photographs.",
    ),
}
FACTS = ("guardian", "phone", "address")
POLICY = "default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def visit_sheet(
    routes: Iterable[DayRoute],
    directory: Directory,
    language: Language = "zh",
    names: Mapping[str, str] | None = None,
) -> str:
    """Render the sheets of some routes as one page of HTML, to be printed on A4.

    Of a pupil stands on it what the reader's ``directory`` holds, and the pupil's id where it holds no name;
    ``names`` are those of the visitors.
    """
    template, css = _sheet_parts()
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return str(
        template.render(
            lang=language,
            css=css,
            policy=POLICY.format(digest=digest),
            w={key: text.to(language) for key, text in SHEET_WORDS.items()},
            questions=[
                (question.title.to(language), [word.text.to(language) for word in question.words])
                for question in QUESTIONS.values()
            ],
            sheets=[_sheet_of(route, directory, language, names or {}) for route in routes],
        )
    )


@cache
def _sheet_parts() -> tuple[Any, str]:
    """Give the template and its style."""
    folder = resources.files("dropout_risk.desk") / "templates"
    environment = Environment(
        loader=PackageLoader("dropout_risk.desk"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    css = (folder / "visit_sheet.css").read_text(encoding="utf-8")
    return environment.get_template("visit_sheet.html"), css


def _sheet_of(
    route: DayRoute, directory: Directory, language: Language, names: Mapping[str, str]
) -> dict[str, Any]:
    persons = (names.get(person, person) for person in route.persons)
    return {
        "day": date_in_words(route.day, language),
        "who": SHEET_WORDS["who"].fill(language, persons=ITEMS.join(language, persons)),
        "number": SHEET_WORDS["number"].fill(language, reference=route.reference),
        "summary": SHEET_WORDS["summary"].fill(
            language, n=len(route.visits), set_out=route.set_out, back=route.back, way=route.way_minutes
        ),
        "visits": [_visit_lines(visit, directory, language) for visit in route.visits],
    }


def _visit_lines(visit: Visit, directory: Directory, language: Language) -> dict[str, Any]:
    """Give what stands above the boxes of a visit: of the pupil only what the directory holds."""
    stop, known = visit.stop, directory.of(visit.stop.pupil_id)
    due = SHEET_WORDS["due"].fill(language, due=date_in_words(stop.due, language)) if stop.due else ""
    known["address"] = " ".join(known[key] for key in ("village", "address") if key in known)
    return {
        "time": f"{visit.arrive:%H:%M}–{visit.leave:%H:%M}",
        "who": known.get("name", stop.pupil_id),
        "case": SHEET_WORDS["case"].fill(language, case=stop.case_id),
        "due": SHEET_WORDS["overdue"].fill(language, days=stop.days_overdue) if stop.overdue else due,
        "overdue": stop.overdue,
        "facts": [(SHEET_WORDS[key].to(language), known[key]) for key in FACTS if known.get(key)],
    }
