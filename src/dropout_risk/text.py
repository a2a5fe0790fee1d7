"""Words in the two languages of the library's readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from dropout_risk.errors import SettingsError, nearest

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


@dataclass(frozen=True)
class Text:
    """One piece of wording in Chinese and English.

    Parameters
    ----------
    zh, en : str
        The wording; may hold ``{value}``-like fields for :meth:`fill`.

    Examples
    --------
    >>> Text(zh="缺勤", en="absent").to("zh")
    '缺勤'
    >>> Text(zh="{n}天", en="{n} days").fill("en", n=3)
    '3 days'
    """

    zh: str
    en: str

    def to(self, language: Language) -> str:
        """Give the wording in one language; SettingsError if it is not one of zh and en."""
        if language not in LANGUAGES:
            raise SettingsError(f"Unknown language {language!r}.", hint=nearest(str(language), LANGUAGES))
        return self.zh if language == "zh" else self.en

    def fill(self, language: Language, **fields: object) -> str:
        """Fill the wording's fields in one language."""
        return self.to(language).format(**fields)


def percent(share: float) -> str:
    """Write a share or a risk as a percentage without decimals.

    Examples
    --------
    >>> percent(0.314), percent(0.004), percent(0.999)
    ('31%', '<1%', '>99%')
    """
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"
