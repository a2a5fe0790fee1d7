"""Alerts by rule, independent of any model, and the kinds of help that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.alerts.alert import Alert
    from dropout_risk.alerts.silence import RegisterQuestion

__all__ = ["Alert", "RegisterQuestion"]
_HOMES = {"Alert": "alert", "RegisterQuestion": "silence"}

__getattr__, __dir__ = given_names("dropout_risk.alerts", _HOMES)
