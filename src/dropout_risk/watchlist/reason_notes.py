"""What stands beside a reason's sentence: what to hold it against, and from which days its rows are."""

from __future__ import annotations

from dropout_risk.catalogue.feature import YES_OR_NO
from dropout_risk.explanation.reason import Reason
from dropout_risk.text import DAY_OF_YEAR, Language, Text, date_in_words, percent_text, tenths_in_words

_COMPARISONS = {
    "class": Text(zh="同班其他同学平均{value}", en="class-mates: {value} on average"),
    "stayed": Text(zh="坚持在读的学生平均{value}", en="pupils who stayed: {value} on average"),
    "own_past": Text(zh="本人12周前{value}", en="the pupil twelve weeks before: {value}"),
}
_NONE_OF_THEM = Text(zh="同班其他同学都没有", en="class-mates: none")
_YES = Text(zh="同班其他同学中有{value}", en="{value} of class-mates")
_YES_STAYED = Text(zh="坚持在读的学生中有{value}", en="{value} of pupils who stayed")
_FROM_TO = Text(zh="{first}至{last}", en="{first} to {last}")
_SINCE = Text(zh="{first}起", en="since {first}")
_WITH_DAYS = Text(zh="{text}（{days}）", en="{text} ({days})")


def comparison_text(reason: Reason, language: Language) -> str:
    """Give what to hold a value against, in the form in which the sentence tells the value; else nothing."""
    given = reason.comparison
    if not given or reason.value is None:
        return ""
    value, kind = float(given["value"]), str(given["kind"])
    nobody = kind == "class" and reason.value > 0 and abs(value) < _NOTHING
    if reason.unit == YES_OR_NO.to(language):
        if reason.value != 1 or kind == "own_past":
            return ""
        share = _YES_STAYED if kind == "stayed" else _NONE_OF_THEM if nobody else _YES
        return share.fill(language, value=percent_text(value))
    shown = _like_the_sentence(reason, value, language)
    if shown and nobody and reason.counted is not None:
        return _NONE_OF_THEM.to(language)
    return _COMPARISONS[kind].fill(language, value=shown) if shown and kind in _COMPARISONS else ""


_NOTHING = 1e-9


def _like_the_sentence(reason: Reason, value: float, language: Language) -> str:
    """Count another value as the sentence counts the pupil's own."""
    if reason.counted is None or reason.counted_unit is None or not reason.value or value < 0:
        return ""
    number = value * reason.counted / reason.value
    between = "" if language == "zh" else " "
    return f"{tenths_in_words(number).to(language)}{between}{reason.counted_unit}"


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
    return _FROM_TO.fill(language, first=since, last=until)


def dated_text(reason: Reason, language: Language, text: str | None = None) -> str:
    """Give a reason's sentence with the days of the rows it came from."""
    text = reason.text if text is None else text
    days = days_of_reason(reason, language)
    return _WITH_DAYS.fill(language, text=text, days=days) if days else text
