"""The numbers behind scores, made again when somebody asks for them: features and their contributions."""

from __future__ import annotations

from collections.abc import Sequence
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
from dropout_risk.scoring.population import Population, Pupils, score_values

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
    """Read the parts of some pupils' scores off their rows, made as :meth:`RiskModel.score_histories` did."""
    population = Population.of(model, histories, as_of, context=context)
    batches = list(population.blocks(pupils, sentences=False))
    return _read(model, population.table.values[pupils], batches)


def explained_values(model: RiskModel, values: Floats, students: pa.Table) -> Explained:
    """Read the parts of the scores of ready features; rows with an impossible value have no score."""
    return _read(model, values, [score_values(model, values, students, model.settings.language)])


def _read(model: RiskModel, values: Floats, batches: Sequence[pa.RecordBatch]) -> Explained:
    names = tuple(model.catalogue.names)
    if not batches:
        return Explained(names, np.zeros((0, len(names))), Contributions(0.0, np.zeros((0, len(names)))))
    rows = pa.Table.from_batches(batches)
    scored = rows["error"].is_null()
    rows = rows.filter(scored).combine_chunks()
    base, columns = rows["base_log_odds"].to_numpy(), rows["contributions"].combine_chunks().flatten()
    added = np.column_stack([column.to_numpy(zero_copy_only=False) for column in columns])
    own = values[scored.to_numpy()]
    return Explained(names, np.ascontiguousarray(own), Contributions(base, np.ascontiguousarray(added)))
