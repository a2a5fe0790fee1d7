"""What stands in the cells of a ledger: of the county's list, of where a pupil is, and of the entries."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable

from dropout_risk.casebook.entry import Entry
from dropout_risk.casebook.machine import LEVELS, OUTCOMES, STATES
from dropout_risk.casebook.paperwork.comparisons import ENROLMENTS, yes_or_no
from dropout_risk.casebook.paperwork.county_list import DECLARED, says_yes
from dropout_risk.casebook.paperwork.ledger_rows import LedgerRow
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.text import CLAUSES, COLON, ITEMS, NO_WORDS, Text, same_words

Value = Callable[[LedgerRow], Text | str]
_GROUPS = {key: Text(zh=zh, en=en) for key, (zh, en) in DECLARED["groups"].items()}
_NOT_ON_PAPER = ("mental_health",)
_GONE = ("whereabouts_unknown", "transfer_to_verify", "migrant_work", "early_marriage")
_NO_NAME = Text(zh="（学号 {pupil}）", en="(id {pupil})")
_GRADE_CLASS = Text(zh="{grade}年级 {name}班", en="grade {grade}, class {name}")
_OR_MORE = Text(zh="{days}天以上", en="{days} or more")
_BACK_AGAIN = Text(
    zh="曾{days}天以上，考勤{day}起到校（待核实）",
    en="was {days} or more; present since {day} by the register (to be verified)",
)
_OTHER = Text(zh="其他", en="other")
_TIMES, _WITH = Text(zh="{way}{times}次", en="{way}: {times}"), Text(zh="会同{who}", en="together with {who}")
_STAGES = {"suspected": Text(zh="疑似辍学", en="suspected dropout"), "dropout": Text(zh="辍学", en="dropout")}
_SPACE = same_words(" ")


def _name_value(row: LedgerRow) -> Text | str:
    return row.listed.get("name") or _NO_NAME.filled(pupil=row.placed.pupil)


def _groups_value(row: LedgerRow) -> Text | str:
    told = [text for key, text in _GROUPS.items() if says_yes(row.listed.get(key, ""))]
    return ITEMS.joined(told) if told else row.listed.get("groups", "")


def _poor_value(row: LedgerRow) -> Text | str:
    on = row.compared.on.get("poor") if row.compared else None
    return row.listed.get("poor") or yes_or_no(on)


def _birth_month(row: LedgerRow) -> str:
    """Cut a birth date to its month, in whatever way it is written."""
    told = row.listed.get("birth_date", "")
    return told[:7] if told[4:5] in ("-", "/", ".") else told[:6] if told.isdecimal() else told


def _class_value(row: LedgerRow) -> Text | str:
    """Write the class without its school, and such that no spreadsheet takes ``8/2`` for a day."""
    bare = row.placed.class_name.removeprefix(f"{row.placed.school}/")
    grade, _, name = bare.partition("/")
    return _GRADE_CLASS.filled(grade=grade, name=name.removesuffix("班")) if name else bare


def _enrolment_value(row: LedgerRow) -> Text | str:
    """By the county's lists; without them as far as the book tells."""
    if row.compared is not None and row.compared.enrolment is not None:
        return row.compared.enrolment
    return ENROLMENTS[True, not row.is_away] if row.at_school else ""


def _absent_value(row: LedgerRow) -> Text | str:
    """Say how long a pupil was absent, and since when the register has the pupil back."""
    days, _ = row.absence
    if not days or row.present_since is None:
        return _OR_MORE.filled(days=days) if days else ""
    return _BACK_AGAIN.filled(days=days, day=row.present_since)


def _spaced_text(*values: Text | str) -> Text:
    texts = (value if isinstance(value, Text) else same_words(value) for value in values)
    return _SPACE.joined(text for text in texts if text)


def _day_text(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _told_keys(entry: Entry, question: str) -> list[str]:
    """Give what was ticked; nothing where nobody was met, of which no difficulty and no result is asked."""
    told = entry.data.get(question) or []
    return [told] if isinstance(told, str) else [*told]


def _word_texts(question: str, entry: Entry) -> list[Text]:
    """Give the words that were ticked; what is told of moods is not for paper."""
    texts = {word.key: word.text for word in QUESTIONS[question].words}
    return [_OTHER if key in _NOT_ON_PAPER else texts[key] for key in _told_keys(entry, question)]


def _reason_value(row: LedgerRow) -> Text | str:
    """Give what the family said last, but for what was not clear yet."""
    known = (entry for entry in reversed(row.meetings) if {*_told_keys(entry, "difficulty")} - {"unknown"})
    last = next(known, None)
    return ITEMS.joined(_word_texts("difficulty", last)) if last else ""


def _gone_value(row: LedgerRow) -> Text:
    """Say where the pupil went, as the last contact tells."""
    texts = {word.key: word.text for name in ("result", "difficulty") for word in QUESTIONS[name].words}
    last = row.meetings[-1:]
    told = (key for name in ("result", "difficulty") for entry in last for key in _told_keys(entry, name))
    return ITEMS.joined(texts[key] for key in told if key in _GONE)


def _contact_text(entry: Entry) -> Text:
    """Say whom a contact met, and what came of it."""
    told = (ITEMS.joined(_word_texts(name, entry)) for name in ("met", "result"))
    return COLON.joined(text for text in told if text)


def _dated_contacts(entries: Iterable[Entry]) -> Text:
    return CLAUSES.joined(_spaced_text(_day_text(entry.day), _contact_text(entry)) for entry in entries)


def _measures_value(row: LedgerRow) -> Text:
    """Count each way of contact, and name who came along."""
    ways = Counter(text for entry in row.meetings for text in _word_texts("way", entry))
    company = dict.fromkeys(text for entry in row.meetings for text in _word_texts("with", entry))
    told = [_TIMES.filled(way=way, times=times) for way, times in ways.items()]
    return CLAUSES.joined(told + ([_WITH.filled(who=ITEMS.joined(company))] if company else []))


def _documents_value(row: LedgerRow) -> Text:
    """Name the documents of entries, each with its day."""
    named = [(entry.data["document"], entry.day) for entry in row.entries if entry.data.get("document")]
    return CLAUSES.joined(same_words(f"{document} {day}") for document, day in named)


def _outcome_value(row: LedgerRow) -> Text:
    """Say how the case ended, or else its state."""
    if row.case is None:
        return NO_WORDS
    return OUTCOMES[row.case.outcome].text if row.case.outcome else STATES[row.case.state]


def _contact_value(key: str) -> Value:
    return lambda row: ITEMS.joined(_word_texts(key, row.contact)) if row.contact else ""


LEDGER_VALUES: dict[str, Value] = {
    "name": _name_value,
    "groups": _groups_value,
    "poor": _poor_value,
    "birth_month": _birth_month,
    "school": lambda row: row.placed.school,
    "class": _class_value,
    "school_and_class": lambda row: _spaced_text(row.placed.school, _class_value(row)),
    "responsible": lambda row: row.placed.responsible or "",
    "enrolment": _enrolment_value,
    "compared": lambda row: row.compared.findings if row.compared else "",
    "updated": lambda row: _day_text(row.standing_day),
    "since": lambda row: row.absence[1],
    "since_month": lambda row: (row.absence[1] or _day_text(row.case.opened if row.case else None))[:7],
    "absent": _absent_value,
    "gone": _gone_value,
    "reason": _reason_value,
    "office": lambda row: LEVELS[row.case.office] if row.case else "",
    "owner": lambda row: row.case.owner if row.case else "",
    "due": lambda row: _day_text(row.case.due if row.case else None),
    "visits": lambda row: str(sum(entry.data["way"] == "home_visit" for entry in row.meetings)),
    "last_result": lambda row: _dated_contacts(row.meetings[-1:]),
    "measures": _measures_value,
    "persuasions": lambda row: str(len(row.persuasions)),
    "persuaders": lambda row: ITEMS.joined(map(same_words, dict.fromkeys(e.by for e in row.persuasions))),
    "persuasion_days": lambda row: ITEMS.joined(same_words(_day_text(e.day)) for e in row.persuasions),
    "persuasion_texts": lambda row: _dated_contacts(row.persuasions),
    "documents": _documents_value,
    "outcome": _outcome_value,
    "closed": lambda row: _day_text(row.case.turned if row.case and row.case.state == "closed" else None),
    "stays_until": lambda row: _day_text(row.stays_until),
    "stage_and_state": lambda row: _spaced_text(_STAGES[row.stage], _outcome_value(row)),
    "contact_day": lambda row: _day_text(row.contact.day if row.contact else None),
    "contact_by": lambda row: row.contact.by if row.contact else "",
    "contact_result": lambda row: _contact_text(row.contact) if row.contact else "",
    "contact_way": _contact_value("way"),
    "contact_with": _contact_value("with"),
}
"""Where the value of a cell comes from, by source; any other source is a column of the county's list."""


def cell_value(source: str, row: LedgerRow) -> Text | str:
    """Give the value of a source for a row; empty where nobody knows it."""
    return LEDGER_VALUES[source](row) if source in LEDGER_VALUES else row.listed.get(source, "")
