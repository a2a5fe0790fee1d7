"""What MLflow loads of a bundle and asks for scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.errors import FeatureInputError
from dropout_risk.scoring.bundles.mlflow_model import GRADE_LEVEL, NUMBERS
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.text import language_of


class PyfuncModel:
    """What ``mlflow.pyfunc`` loads: features in, risks with their reasons out, by the one scoring function.

    Parameters
    ----------
    model : RiskModel
        What scores.
    """

    def __init__(self, model: RiskModel) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Score ready features through :meth:`RiskModel.score_features`.

        Parameters
        ----------
        model_input : pandas.DataFrame
            Columns by the catalogue's names (a column left out is missing), and ``grade_level``, if known.
        params : mapping, optional
            ``language``: zh or en.

        Returns
        -------
        pandas.DataFrame
            Row by row what was given: ``risk``, its interval ``low`` to ``high``, ``band``, ``reasons`` (a
            list of sentences, the strongest first) and ``error``: why a row has none of them.

        Raises
        ------
        FeatureInputError
            If a column is unknown, with the nearest right name, or none is a feature: MLflow itself leaves
            out, with a warning, what the signature does not name.
        """
        language = (params or {}).get("language")
        given = pd.DataFrame(model_input)
        if given.columns.isin(self.model.catalogue.names).sum() == 0:
            raise FeatureInputError(
                "No column is a feature of this model.",
                hint=f"the first is {self.model.catalogue.names[0]!r}",
            )
        levels = given.get(GRADE_LEVEL)
        X = given.drop(columns=GRADE_LEVEL, errors="ignore").reset_index(drop=True)
        scores = self.model.score_features(
            X, grade_levels=levels, language=None if language is None else language_of(language)
        )
        broken = {error.index: f"[{error.code}] {error.message}" for error in scores.errors}
        places = np.setdiff1d(np.arange(len(X)), list(broken))
        columns: dict[str, list[Any]] = {
            "risk": [pupil.risk for pupil in scores.pupils],
            "low": [pupil.interval[0] for pupil in scores.pupils],
            "high": [pupil.interval[1] for pupil in scores.pupils],
            "band": [pupil.band for pupil in scores.pupils],
            "reasons": [[reason.text for reason in pupil.raising] for pupil in scores.pupils],
        }
        table = pd.DataFrame(columns, index=places, columns=[*columns]).reindex(range(len(X)))
        table = table.astype(dict.fromkeys(NUMBERS, "float64"))
        table["error"] = pd.Series(broken, dtype=object).reindex(range(len(X)))
        return (
            table.astype({"band": object, "error": object}).where(table.notna(), None).set_axis(given.index)
        )


def _load_pyfunc(path: str) -> PyfuncModel:
    """Load a bundle for ``mlflow.pyfunc``; MLflow asks for this name."""
    return PyfuncModel(RiskModel.load(Path(path)))
