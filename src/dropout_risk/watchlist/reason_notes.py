"""What stands beside a reason's sentence: what to hold it against."""

from __future__ import annotations

from dropout_risk.catalogue.feature import YES_OR_NO
from dropout_risk.explanation.reason import Reason
from dropout_risk.text import Language, Text, percent_text, tenths_in_words

_COMPARISONS = {
    "class": Text(zh="同班其他同学平均{value}", en="class-mates: {value} on average"),
    "stayed": Text(zh="坚持在读的学生平均{value}", en="pupils who stayed: {value} on average"),
    "own_past": Text(zh="本人12周前{value}", en="the pupil twelve weeks before: {value}"),
}
_NONE_OF_THEM = Text(zh="同班其他同学都没有", en="class-mates: none")
_YES = Text(zh="同班其他同学中有{value}", en="{value} of class-mates")
_YES_STAYED = Text(zh="坚持在读的学生中有{value}", en="{value} of pupils who stayed")


def comparison_text(reason: Reason, language: Language) -> str:
    """Give what to hold a value against, in the form in which the sentence tells the value; else nothing."""
    given = reason.comparison
    return _compared_text(reason, str(given["kind"]), float(given["value"]), language) if given else ""


def own_past_text(reason: Reason, language: Language) -> str:
    """Give the pupil's own value of twelve weeks before, where the comparison is another one."""
    if reason.own_past is None or (reason.comparison or {}).get("kind") == "own_past":
        return ""
    return _compared_text(reason, "own_past", reason.own_past, language)


def _compared_text(reason: Reason, kind: str, value: float, language: Language) -> str:
    if reason.value is None:
        return ""
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
