"""Tracking: the only place that talks to MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.tracking.monitor_runs import matured_history

__all__ = ["matured_history"]
_HOMES = {"matured_history": "monitor_runs"}

__getattr__, __dir__ = given_names("dropout_risk.tracking", _HOMES)
