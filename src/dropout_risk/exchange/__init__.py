"""Records from and for other systems: the school roll's template, OneRoster, Ed-Fi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.exchange.profiles import PROFILES, ReadExport, read_export

__all__ = [
    "PROFILES",
    "ReadExport",
    "read_export",
]
_HOMES = dict.fromkeys(__all__, "profiles")

__getattr__, __dir__ = given_names("dropout_risk.exchange", _HOMES)
