"""A card as a page of its own, which is one file."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cache
from importlib import resources

from dropout_risk.evaluation.card_figures import with_figures
from dropout_risk.evaluation.section import to_html
from dropout_risk.text import Language


def card_page(markdown: str, language: Language, figures: Mapping[str, str] | None = None) -> str:
    """Write a card's Markdown as a page of its own: nothing is loaded from elsewhere, all HTML escaped.

    ``figures`` are pictures by the heading that they stand under.
    """
    title = markdown.partition("\n")[0].lstrip("# ")
    body = with_figures(to_html(markdown), figures or {})
    spoken = "zh-CN" if language == "zh" else "en"
    return (
        f'<!DOCTYPE html>\n<html lang="{spoken}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_style_sheet()}</style></head><body><main>\n{body}</main></body></html>\n"
    )


@cache
def _style_sheet() -> str:
    return (resources.files("dropout_risk.evaluation") / "card.css").read_text(encoding="utf-8")
