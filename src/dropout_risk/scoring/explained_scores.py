"""The numbers behind scores, made again when somebody asks for them: features and their contributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dropout_risk.arrays import Floats
from dropout_risk.explanation.contributions import Contributions, as_shap


@dataclass(frozen=True, eq=False)
class ExplainedScores:
    """Features (NaN is missing) and contributions (log-odds) of pupils who have a score, in their order."""

    names: tuple[str, ...]
    values: Floats
    contributions: Contributions

    def as_shap(self) -> Any:
        """Give a ``shap.Explanation``."""
        return as_shap(self.contributions, self.values, self.names)
