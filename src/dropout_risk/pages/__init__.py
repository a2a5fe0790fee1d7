"""Pages for reviewers, rendered on the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.pages.review import Review
    from dropout_risk.pages.watch_list_page import write_pages

__all__ = ["Review", "write_pages"]
_HOMES = {"Review": "review", "write_pages": "watch_list_page"}

__getattr__, __dir__ = given_names("dropout_risk.pages", _HOMES)
