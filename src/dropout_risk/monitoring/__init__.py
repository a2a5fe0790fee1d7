"""Monitoring whether today's pupils still look like those the model was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.monitoring.drift import DriftReport, measure_drift
    from dropout_risk.monitoring.matured import MaturedMonth, MaturedReport, check_matured

__all__ = ["DriftReport", "MaturedMonth", "MaturedReport", "check_matured", "measure_drift"]
_HOMES = {
    "DriftReport": "drift", "MaturedMonth": "matured", "MaturedReport": "matured", "check_matured": "matured",
    "measure_drift": "drift",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.monitoring", _HOMES)
