"""The numbers behind scores, made again when somebody asks for them: features and their contributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.explanation.contributions import Contributions, as_shap
from dropout_risk.text import Language


@dataclass(frozen=True, eq=False)
class ExplainedScores:
    """Features (NaN is missing) and contributions (log-odds) of pupils who have a score, in their order."""

    catalogue: FeatureCatalogue
    values: Floats
    contributions: Contributions

    def as_shap(self, labels: Language | None = None) -> Any:
        """Give a ``shap.Explanation``; named by labels in a language, where one is given."""
        features = self.catalogue.items()
        names = [name if labels is None else feature.label.to(labels) for name, feature in features]
        return as_shap(self.contributions, self.values, names)
