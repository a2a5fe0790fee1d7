"""What one request, and one caller, may cost."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

from limits import RateLimitItem, parse

from dropout_risk.errors import SettingsError


@dataclass(frozen=True)
class Limits:
    """What one request may cost.

    A body has so many bytes and must be there within ``reading`` seconds, its answer within ``seconds``.
    ``at_once`` requests with a body are answered or wait for it; as many again may still be sending theirs.
    Of large bodies so many ``rows`` are answered or wait for it, but for one that is larger by itself. A
    caller asks for pages of ``/review`` as often as ``pages`` says.
    """

    body: int = 32_000_000
    seconds: int = 60
    at_once: int = 64
    reading: int = 10
    rows: int = 500_000
    pages: str = "600/minute"

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``DROPOUT_RISK_MAX_BODY``, ``_TIMEOUT`` and the others of the how-to page."""
        return cls(
            body=positive_number("DROPOUT_RISK_MAX_BODY", cls.body),
            seconds=positive_number("DROPOUT_RISK_TIMEOUT", cls.seconds),
            at_once=positive_number("DROPOUT_RISK_MAX_REQUESTS", cls.at_once),
            reading=positive_number("DROPOUT_RISK_READ_TIMEOUT", cls.reading),
            rows=positive_number("DROPOUT_RISK_MAX_ROWS", cls.rows),
            pages=_rate_of("DROPOUT_RISK_PAGE_RATE", cls.pages),
        )

    @property
    def page_rate(self) -> RateLimitItem:
        """How often a caller may ask for a page."""
        return parse(self.pages)


def positive_number(name: str, default: int) -> int:
    """Read a whole number from the environment; SettingsError if it is none, or not positive."""
    text = os.environ.get(name, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise SettingsError(f"{name} is not a positive whole number.", hint=f"the default is {default}")
    return int(text)


def _rate_of(name: str, default: str) -> str:
    text = os.environ.get(name, default)
    try:
        parse(text)
    except ValueError:
        raise SettingsError(
            f"{name} is not a rate.", hint=f"such as {default}, which is the default"
        ) from None
    return text
