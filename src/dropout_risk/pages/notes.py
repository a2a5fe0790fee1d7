"""What to hold a reason against: the comparison and how old the record is."""

from __future__ import annotations

from dropout_risk.explanation.reasons import Reason
from dropout_risk.pages.words import WORDS
from dropout_risk.text import Language
from dropout_risk.watchlist.told import comparison


def note(reason: Reason, language: Language) -> str:
    """Write the small print of a reason; nothing where there is nothing to say."""
    notes = [comparison(reason, language), _age(reason, language)]
    return ("；" if language == "zh" else "; ").join(said for said in notes if said)


def _age(reason: Reason, language: Language) -> str:
    days = reason.data_age_days
    if days is None or reason.missing:
        return ""
    if days == 1:
        return WORDS["age_of_one_day"].to(language)
    for unit, length in (("years", 365), ("months", 30)):
        if days >= 2 * length:
            return WORDS[f"age_in_{unit}"].fill(language, number=round(days / length))
    return WORDS["age_in_days"].fill(language, number=days)
