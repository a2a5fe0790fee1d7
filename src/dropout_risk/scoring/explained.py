"""The numbers behind scores, made again when somebody asks for them: features and their contributions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.explanation.as_shap import as_shap
from dropout_risk.explanation.contributions import Contributions
from dropout_risk.features.class_context import ClassContext
from dropout_risk.histories.histories import Histories
from dropout_risk.records.calendar import DateLike
from dropout_risk.scoring.population import Population, Pupils, impossible, named
from dropout_risk.scoring.risks import grade_levels

if TYPE_CHECKING:
    from dropout_risk.scoring.risk_model import RiskModel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explained:
    """Features and contributions of the pupils who have a score, in their order.

    Parameters
    ----------
    names : tuple of str
        Of the features.
    values : float64 array of shape (n, n_features)
        Features; NaN is missing.
    contributions : Contributions
        In log-odds, each against the pupil's background.
    """

    names: tuple[str, ...]
    values: Floats
    contributions: Contributions

    def as_shap(self) -> Any:
        """Give a ``shap.Explanation``."""
        return as_shap(self.contributions, self.values, self.names)


def explained(
    model: RiskModel,
    histories: Histories,
    as_of: DateLike,
    pupils: Pupils,
    context: ClassContext | None = None,
) -> Explained:
    """Split the scores of some pupils again, as :meth:`RiskModel.score_histories` did."""
    table = Population.of(model, histories, as_of, context=context).table
    return explained_values(model, table.values[pupils], named(table, pupils))


def explained_values(model: RiskModel, values: Floats, students: pa.Table) -> Explained:
    """Split the scores of ready features; rows with an impossible value have no score and are left out."""
    kept = np.delete(np.arange(len(values)), list(impossible(model.catalogue, values)))
    own = np.ascontiguousarray(values[kept])
    parts = model.calibrated.contributions(own, grade_levels(students.take(pa.array(kept))))
    return Explained(tuple(model.catalogue.names), own, parts)
