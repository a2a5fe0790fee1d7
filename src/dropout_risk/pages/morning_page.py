"""The first page of a morning: the reader's own pupils, alerts first, one sentence and one next step each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dropout_risk.alerts.duty import duty_text, urgency_of
from dropout_risk.alerts.facts import fact_lines
from dropout_risk.pages.links import Links
from dropout_risk.pages.pupil_search import FoundPupil, risk_in_words
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.text import Language
from dropout_risk.watchlist.group import WatchEntry, WatchGroup, count_pupils
from dropout_risk.watchlist.watch_list import WatchList
from dropout_risk.watchlist.wording import listed_reasons

OWN_SHOWN, HEAD_SHOWN, ROWS_SHOWN = 5, 3, 12
LISTS = "lists"


@dataclass(frozen=True)
class MorningLine(FoundPupil):
    """One pupil to see first: why in one sentence, who acts on an alert, and one next step.

    ``sign`` is what puts the pupil on the list: an alert of today, one that is open still, or its risk;
    ``computed`` says that the sentence is the arithmetic of a model and no fact.
    """

    sentence: str
    computed: bool
    step: str


@dataclass(frozen=True)
class CountLine:
    """A school or a teacher in numbers, and where its list is."""

    name: str
    page: str
    counts: dict[str, int]


@dataclass(frozen=True)
class MorningPage:
    """The first page of a reader.

    ``lines`` are the first of the list; ``more`` says how many others there are, and ``more_page`` where:
    of many schools in their table, whose ``anchor`` it is.
    Who reads of several teachers' pupils has the table of schools, or of the teachers of the one school: its
    first lines, and ``others``. ``find`` is where the pupils of the school's list stand by name and id.
    """

    whose: str
    adds_up: str
    lines: tuple[MorningLine, ...]
    more: str
    more_page: str
    anchor: str
    heading: str
    table: tuple[CountLine, ...]
    others: tuple[CountLine, ...]
    find: str
    total: dict[str, int]


def morning_page(watch_list: WatchList, links: Links, directory: Directory) -> MorningPage:
    """Lay out the first page; it adds nothing to the list."""
    language, schools = watch_list.language, watch_list.schools
    own = len(watch_list.groups) <= 1
    entries = _own_order(watch_list.groups) if own else _head_order(watch_list.groups)
    shown = entries[: OWN_SHOWN if own else HEAD_SHOWN]
    left = len(entries) - len(shown)
    rows = () if own else _count_lines(watch_list, links)
    words = "more_own" if own else "more_alerts"
    return MorningPage(
        whose=_whose_list(watch_list),
        adds_up=WORDS["adds_up"].fill(language, **watch_list.counts()),
        lines=tuple(_morning_line(entry, links, directory, language) for entry in shown),
        more=WORDS[words].fill(language, n=left) if left > 0 else WORDS["whole_list"].to(language),
        more_page=links.school(schools[0]) if len(schools) == 1 else f"#{LISTS}" if rows else "",
        anchor=LISTS,
        heading=WORDS["teacher" if len(schools) == 1 else "school"].to(language),
        table=rows[:ROWS_SHOWN],
        others=rows[ROWS_SHOWN:],
        find=f"{links.school(schools[0])}#find" if rows and len(schools) == 1 and not links.search else "",
        total=count_pupils(watch_list.groups),
    )


def _own_order(groups: Sequence[WatchGroup]) -> list[WatchEntry]:
    """Give everybody on the list of a reader, alerts of today first, then the risks, then what is open."""
    return [entry for group in groups for entry in (*group.alerts, *group.risks, *group.followed)]


def _head_order(groups: Sequence[WatchGroup]) -> list[WatchEntry]:
    """Give all who have an alert of today, the most urgent first."""
    alerts = [entry for group in groups for entry in group.alerts]
    return sorted(alerts, key=lambda entry: urgency_of(entry.score.alerts[0]))


def _whose_list(watch_list: WatchList) -> str:
    owners = dict.fromkeys((group.school_id, group.responsible_id) for group in watch_list.groups)
    if len(watch_list.schools) != 1:
        return ""
    ((school, teacher), *others) = owners
    names = (school or WORDS["no_school"].to(watch_list.language), None if others else teacher)
    return " · ".join(filter(None, names))


def _count_lines(watch_list: WatchList, links: Links) -> tuple[CountLine, ...]:
    """Count by school, or by teacher where there is one school; who has most alerts today is first."""
    language = watch_list.language
    if len(watch_list.schools) == 1:
        rows = [
            CountLine(
                group.responsible_id or WORDS["no_teacher"].to(language),
                links.sheet(group.school_id, group.responsible_id, 1) if links.sheet else "",
                count_pupils((group,)),
            )
            for group in watch_list.groups
        ]
    else:
        rows = [
            CountLine(
                school or WORDS["no_school"].to(language),
                links.school(school),
                count_pupils(watch_list.of_school(school)),
            )
            for school in watch_list.schools
        ]
    return tuple(sorted(rows, key=lambda row: (-row.counts["with_alert"], -row.counts["first"])))


def _morning_line(entry: WatchEntry, links: Links, directory: Directory, language: Language) -> MorningLine:
    score = entry.score
    sentence, computed, step = _sentence_and_step(entry, language)
    kind = "alert" if entry.of_today and score.alerts else "followed" if score.alerts else "risk"
    return MorningLine(
        name=directory.name_of(score.student_id),
        student_id=str(score.student_id),
        class_id=score.class_id or "",
        page=links.pupil(score.student_id),
        kind=kind,
        sign=_sign_of(entry, kind, language),
        sentence=sentence,
        computed=computed,
        step=step,
    )


def _sign_of(entry: WatchEntry, kind: str, language: Language) -> str:
    """Say why a pupil is on the list: who acts on its alert, or its risk; never both."""
    score = entry.score
    if kind != "risk":
        return duty_text(score.alerts[0], language)
    return risk_in_words(entry, language)


def _sentence_and_step(entry: WatchEntry, language: Language) -> tuple[str, bool, str]:
    """Give the one sentence on a pupil, whether it is computed, and the one next step.

    An alert tells both. Else the step is the help that fits, and the sentence the fact that it follows; where
    there is none, the sentence is what weighs most in the risk.
    """
    score = entry.score
    first = next(iter(score.suggested_help), None)
    step = first.text if first else WORDS["talk_first"].to(language)
    if score.alerts:
        sentence, asked = first_sentence(score.alerts[0].text)
        return sentence, False, asked or step
    behind = [item for item in score.facts if first and item.name in first.because]
    fact = next(iter(fact_lines(behind or score.facts, language, exams=1)), "")
    if behind and fact:
        return fact, False, step
    reason = next((item.text for item in listed_reasons(score)), "")
    if reason and entry.judged:
        return reason, True, step
    return fact or WORDS["nothing_raises"].to(language), False, step


def first_sentence(text: str) -> tuple[str, str]:
    """Part a text after its first sentence.

    >>> first_sentence("今天无故缺课。请联系家长")
    ('今天无故缺课。', '请联系家长')
    >>> first_sentence("Absent for 4.5 h. Call home")
    ('Absent for 4.5 h.', 'Call home')
    """
    first, *rest = re.split(r"(?<=。)|(?<=\.)\s", text, maxsplit=1)
    return first, "".join(rest)
