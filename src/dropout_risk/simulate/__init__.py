"""A simulated school district with known causes: for demos, tests and benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.simulate.district import simulate_district
    from dropout_risk.simulate.hidden import truth_as_of

__all__ = ["simulate_district", "truth_as_of"]
_HOMES = {"simulate_district": "district", "truth_as_of": "hidden"}

__getattr__, __dir__ = given_names("dropout_risk.simulate", _HOMES)
