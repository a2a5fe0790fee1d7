"""From which days the rows are that a reason's value came from, in words."""

from __future__ import annotations

from dropout_risk.explanation.reason import Reason
from dropout_risk.text import DAY_OF_YEAR, Language, Text, date_in_words

FROM_TO = Text(zh="{first}至{last}", en="{first} to {last}")
_SINCE = Text(zh="{first}起", en="since {first}")
_WITH_DAYS = Text(zh="{text}（{days}）", en="{text} ({days})")


def days_of_reason(reason: Reason, language: Language) -> str:
    """Write from when to when the rows lie that a value came from; nothing where the sentence says it.

    What is on record of a family holds since a day.
    """
    first, last = reason.first_day, reason.last_day
    if first is None or last is None:
        return ""
    since = date_in_words(first, language)
    if since in reason.text:
        return ""
    if reason.domain == "family":
        return _SINCE.fill(language, first=since)
    if first == last:
        return since
    same_year = first.year == last.year
    until = DAY_OF_YEAR.fill(language, day=last) if same_year else date_in_words(last, language)
    return FROM_TO.fill(language, first=since, last=until)


def dated_text(reason: Reason, language: Language, text: str | None = None) -> str:
    """Give a reason's sentence with the days of the rows it came from."""
    text = reason.text if text is None else text
    days = days_of_reason(reason, language)
    return _WITH_DAYS.fill(language, text=text, days=days) if days else text
