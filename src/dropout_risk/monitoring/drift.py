"""Drift: how far today's pupils differ from the ones the model was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import FeatureInputError, nearest, require_kind
from dropout_risk.evaluation.small_groups import FEWEST
from dropout_risk.modelling.inputs.feature_table import named_frame
from dropout_risk.scoring.risk_model import RiskModel

MODERATE, LARGE = 0.1, 0.25
_FLOOR = 1e-4


@dataclass(frozen=True)
class DriftReport:
    """How far each feature has moved since training.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per feature: population stability index (``psi``), share missing then and now, and a
        verdict: ``stable`` (PSI below 0.1), ``moved`` or ``moved far`` (0.25 and above). Of fewer than ten
        pupils there is no figure, and the verdict is ``too few pupils``.
    """

    table: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """Give the table, the feature that moved furthest first."""
        return self.table

    def chart(self) -> Any:
        """Draw the stability index of the features that moved furthest."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.subplots()
        worst = self.table.head(15).iloc[::-1]
        axes.barh(worst["feature"], worst["psi"])
        for limit in (MODERATE, LARGE):
            axes.axvline(limit, color="grey", linestyle="--", linewidth=1)
        axes.set_xlabel("population stability index since training")
        return figure

    def _repr_html_(self) -> str:
        html: str = self.table.to_html(index=False, float_format="%.3f")
        return html


def measure_drift(model: RiskModel, X: pd.DataFrame) -> DriftReport:
    """Compare features with the bins that the model keeps of its training rows.

    Parameters
    ----------
    model : RiskModel
        Its reference holds counts per bin, never rows of pupils.
    X : DataFrame of pandas, Polars or Arrow
        Today's features by the catalogue's names, as :func:`build_features` gives them.

    Returns
    -------
    DriftReport
        With the population stability index over the training deciles and one bin for missing values.
        Features of the time of year (days since an exam, the year to date) move with the calendar:
        compare like with like.

    Raises
    ------
    FeatureInputError
        If a feature of the model is not a column of ``X``.
    """
    require_kind(model, RiskModel, "model", "dr.RiskModel.load(path)")
    X = named_frame(X)
    missing = [name for name in model.catalogue if name not in X]
    if missing:
        raise FeatureInputError(
            f"{len(missing)} feature(s) of the model are not there: {missing[:5]}.",
            hint=nearest(missing[0], map(str, X)),
        )
    rows = [
        _drift_row(bins, X[bins["feature"]].to_numpy(dtype=np.float64)) for bins in model.reference.bins()
    ]
    table = pd.DataFrame(rows).sort_values("psi", ascending=False, kind="stable").reset_index(drop=True)
    return DriftReport(table)


def _drift_row(bins: dict[str, Any], values: npt.NDArray[np.float64]) -> dict[str, Any]:
    if len(values) < FEWEST:
        nothing = {"psi": np.nan, "missing_then": bins["missing"], "missing_now": np.nan}
        return {"feature": bins["feature"], **nothing, "verdict": "too few pupils"}
    there = values[~np.isnan(values)]
    now = np.bincount(np.searchsorted(bins["edges"], there, side="right"), minlength=len(bins["counts"]))
    missing = float(np.isnan(values).mean()) if len(values) else np.nan
    expected = _shares_of_bins(np.array(bins["counts"], dtype=np.float64), bins["missing"])
    observed = _shares_of_bins(now.astype(np.float64), missing)
    psi = float(np.sum((observed - expected) * np.log(observed / expected)))
    verdict = "stable" if psi < MODERATE else "moved" if psi < LARGE else "moved far"
    return {
        "feature": bins["feature"],
        "psi": psi,
        "missing_then": bins["missing"],
        "missing_now": missing,
        "verdict": verdict,
    }


def _shares_of_bins(counts: npt.NDArray[np.float64], missing: float) -> npt.NDArray[np.float64]:
    """Give the share of each bin, and of missing values last; never quite zero, so that a ratio exists."""
    of_bins = (1 - missing) * counts / max(counts.sum(), 1)
    shares: npt.NDArray[np.float64] = np.maximum(np.append(of_bins, missing), _FLOOR)
    return shares
