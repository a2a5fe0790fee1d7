"""The desk: the pages on which people read their cases and write down what they did, as plain forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.desk.visit_sheet_page import visit_sheet

__all__ = ["visit_sheet"]
_HOMES = {"visit_sheet": "visit_sheet_page"}

__getattr__, __dir__ = given_names("dropout_risk.desk", _HOMES)
