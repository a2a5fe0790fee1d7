"""From a template to a page: every word escaped, no script, and a policy that lets nothing in."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from dropout_risk.pages.words import words
from dropout_risk.text import Language


def render(template: str, language: Language, **content: Any) -> str:
    """Render a page of HTML.

    Parameters
    ----------
    template : str
        The name of a file in ``templates/``.
    language : {"zh", "en"}
        The language of the wording.
    **content
        What the template shows; every word of it is escaped.
    """
    shared = {"w": words(language), "lang": language, "css": style_sheet(), "policy": content_policy()}
    return _environment().get_template(template).render(**shared, **content)


@cache
def style_sheet() -> str:
    """Read the one style sheet, which every page carries in itself."""
    return (resources.files("dropout_risk.pages") / "templates" / "style.css").read_text(encoding="utf-8")


@cache
def content_policy() -> str:
    """Give the pages' content security policy: their own style sheet by its hash, and nothing else.

    Examples
    --------
    >>> content_policy().startswith("default-src 'none'; style-src 'sha256-")
    True
    """
    digest = base64.b64encode(hashlib.sha256(style_sheet().encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src 'self' data:"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dropout_risk.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
