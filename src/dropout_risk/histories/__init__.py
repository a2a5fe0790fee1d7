"""Histories: one row per pupil, columnar and compact, with the day each thing became known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.histories.histories import Histories
    from dropout_risk.histories.store_append import append_day, known_to

__all__ = ["Histories", "append_day", "known_to"]
_HOMES = {"Histories": "histories", "append_day": "store_append", "known_to": "store_append"}

__getattr__, __dir__ = given_names("dropout_risk.histories", _HOMES)
