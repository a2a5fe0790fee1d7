"""Features: measures over histories, and the cohort they are made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.features.class_context import ClassContext
    from dropout_risk.features.cohort import Cohort
    from dropout_risk.features.compute import build_features, compute_features
    from dropout_risk.features.pupil_functions import register_pupil_function

__all__ = ["ClassContext", "Cohort", "build_features", "compute_features", "register_pupil_function"]
_HOMES = {
    "ClassContext": "class_context", "Cohort": "cohort", "build_features": "compute",
    "compute_features": "compute", "register_pupil_function": "pupil_functions",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.features", _HOMES)
