"""What it costs when a value is missing that the fit never saw missing, beside a refit without its column.

``python benchmarks/missing_values.py [--folds 5] [--seeds 0 1] [--models lightgbm logistic blend]``

UCI 697 (dropout against the rest, all columns): each of the six strongest columns is hidden in the rows left
out. Simulated districts: a school that records no well-being, no family, and neither of both; the rows of the
test are hidden through ``unrecorded``, as scoring marks them. Beside the rule stand the middle value alone,
and a fit with a tenth of all values hidden at random. Figures are log loss above that of the full rows;
the bound is 1.5 times what the refit without the columns loses.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

import dropout_risk as dr
from beside import NOT_HERE, results_folder, write
from dropout_risk.evaluation.parts import labelled_cohort, make_parts
from dropout_risk.features.cohort import histories_of
from dropout_risk.features.compute import build_features, kept_features
from dropout_risk.modelling.fitter import log_loss
from dropout_risk.settings import Settings
from real_data import data_folder, uci_rows

BOUND, STRONGEST, HIDDEN_SHARE = 1.5, 6, 0.1
TABLES = (("wellbeing",), ("family",), ("wellbeing", "family"))


def losses_of(model: dr.RiskClassifier, X: pd.DataFrame, y: Any, missing: Any = None) -> NDArray[np.float64]:
    """Give the log loss of each row; ``missing`` marks values of tables that the school does not record."""
    calibrated = model.calibrated_model_
    parts, _ = calibrated.with_interval(X, unrecorded=missing)
    return log_loss(parts.log_odds, y)


def uci_lines(folds: int, models: list[str]) -> Iterator[dict[str, Any]]:
    """Hide each of the strongest columns in each fold."""
    rows = uci_rows(data_folder())
    X, y = rows.drop(columns="Target"), (rows["Target"] == "Dropout").to_numpy(np.int8)
    rng = np.random.default_rng(0)
    splits = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))[:folds]
    for name in models:
        for seen, out in splits:
            model = dr.RiskClassifier(name, leaks="ignore").fit(X.iloc[seen], y[seen])
            some = X.iloc[seen].mask(rng.random((len(seen), X.shape[1])) < HIDDEN_SHARE)
            hidden_fit = dr.RiskClassifier(name, leaks="ignore").fit(some, y[seen])
            full = losses_of(model, X.iloc[out], y[out])
            size = np.abs(model.calibrated_model_.contributions(X.iloc[seen]).values).mean(axis=0)
            for column in X.columns[np.argsort(-size)[:STRONGEST]]:
                asked = X.iloc[out].assign(**{column: None})
                asked[column] = asked[column].astype(
                    X[column].dtype if X[column].dtype == "category" else float
                )
                again = dr.RiskClassifier(name, leaks="ignore").fit(
                    X.iloc[seen].drop(columns=column), y[seen]
                )
                without = losses_of(again, asked.drop(columns=column), y[out])
                yield line(("UCI 697", name, column), full, without, losses_of(model, asked, y[out])) | {
                    "middle": float((_middle(model, asked, y[out]) - full).mean()),
                    "fitted_hidden": float((losses_of(hidden_fit, asked, y[out]) - full).mean()),
                }


def _middle(model: dr.RiskClassifier, X: pd.DataFrame, y: Any) -> NDArray[np.float64]:
    calibrated = model.calibrated_model_
    raw = calibrated.backgrounds.contributions(calibrated.filled(X)).log_odds
    return log_loss(calibrated.calibration.apply(raw), y)


def district_lines(seeds: list[int], students: int, models: list[str]) -> Iterator[dict[str, Any]]:
    """Hide whole tables in the test of simulated districts."""
    settings = Settings()
    for seed in seeds:
        histories = histories_of(dr.simulate_district(students, seed))
        catalogue = kept_features(histories)
        cohort = labelled_cohort(histories, settings)
        parts = make_parts(histories, cohort, build_features(histories, cohort, catalogue), settings)
        train, test = parts.before_test, parts.test
        X, y, X_out, y_out = parts.X(train), parts.y(train), parts.X(test), parts.y(test)
        about: dict[str, Any] = {"groups": parts.groups(train), "cohorts": parts.cohorts(train)}
        for name in models:
            model = dr.RiskClassifier(name, catalogue, leaks="ignore").fit(X, y, **about)
            full = losses_of(model, X_out, y_out)
            for tables in TABLES:
                own = np.array([catalogue[column].source in tables for column in X])
                asked = X_out.mask(np.tile(own, (len(X_out), 1)))
                missing = np.tile(own, (len(X_out), 1))
                again = dr.RiskClassifier(name, catalogue, leaks="ignore").fit(X.loc[:, ~own], y, **about)
                without = losses_of(again, X_out.loc[:, ~own], y_out)
                found = losses_of(model, asked, y_out, missing)
                learned = float((losses_of(model, asked, y_out) - full).mean())
                words = "no " + " and no ".join(tables)
                yield line((f"district {seed}", name, words), full, without, found) | {"learned": learned}


def line(about: tuple[str, str, str], full: Any, without: Any, found: Any) -> dict[str, Any]:
    """Give the figures of one hidden column or table, of some data and a model."""
    error = float((found - without).std(ddof=1) / np.sqrt(len(full)))
    figures = {"refit": float((without - full).mean()), "rule": float((found - full).mean()), "error": error}
    return dict(zip(("data", "model", "hidden"), about, strict=True)) | figures


def main() -> int:
    """Print means over folds and districts, and whether each bound is met."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1])
    parser.add_argument("--students", type=int, default=3000)
    parser.add_argument("--models", nargs="+", default=["lightgbm", "logistic", "blend"])
    parser.add_argument("--quick", action="store_true", help="a small district alone, for a smoke test")
    parser.add_argument("--json", type=Path, default=results_folder() / "missing_values.json")
    given = parser.parse_args()
    if given.quick:
        given.folds, given.seeds, given.students, given.models = 0, [0], 600, ["logistic"]
    if not data_folder().is_dir() and given.folds:
        print(NOT_HERE)
        return 0
    warnings.simplefilter("ignore")
    lines = list(uci_lines(given.folds, given.models)) if given.folds else []
    lines += district_lines(given.seeds, given.students, given.models)
    frame = pd.DataFrame(lines)
    frame["data"] = frame["data"].str.replace(r"^district .*", "districts", regex=True)
    means = frame.groupby(["data", "model", "hidden"], sort=False).mean(numeric_only=True)
    means["met"] = means["rule"] <= BOUND * means["refit"]
    means["within_error"] = means["rule"] <= BOUND * means["refit"].clip(lower=0) + 2 * means["error"]
    print(means.round(4).to_string())
    write(given.json, {"lines": lines})
    return 0


if __name__ == "__main__":
    sys.exit(main())
