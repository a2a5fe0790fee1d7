"""Kinds of help, and which cause each one fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Help:
    """One kind of help that fits, and what it is suggested for.

    Parameters
    ----------
    kind : str
        ``tutoring``, ``financial_aid``, ``counselling``, ``home_visit``, ``transport_or_boarding`` or
        ``vocational_route``.
    because : tuple of str
        Names of the features or alert rules behind the suggestion.
    text : str
        The suggestion in the asked language.
    """

    kind: str
    because: tuple[str, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Write the suggestion as one entry of the reply's ``suggested_help``."""
        return {"kind": self.kind, "because": list(self.because), "text": self.text}
