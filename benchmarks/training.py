"""Time and peak memory of choosing and fitting a model on 200,000 rows of 60 features.

    python benchmarks/training.py [--rows 200000] [--columns 60] [--trials N]

The numbers are drawn: skewed counts, shares, marks with gaps, and some codes. The bound is 10 minutes and
4 GB on 2 cores. A plain LightGBM fit on the same rows stands beside it.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dropout_risk import RiskClassifier
from dropout_risk.modelling.tuning import Tuning

BOUNDS = {"seconds": 600.0, "GB": 4.0}


def drawn(n_rows: int, n_columns: int, seed: int = 0) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    """Draw features of four kinds in turn, and an outcome of about one row in twelve."""
    rng = np.random.default_rng(seed)
    columns: dict[str, object] = {}
    margin = np.full(n_rows, -3.0)
    for place in range(n_columns):
        kind, weight = place % 4, rng.normal(scale=0.25)
        if kind == 0:
            value = rng.poisson(rng.exponential(2.0, n_rows)).astype(float)
            margin += weight * np.log1p(value)
        elif kind == 1:
            value = rng.beta(1, 8, n_rows)
            margin += 8 * weight * value
        elif kind == 2:
            value = rng.normal(size=n_rows)
            margin += weight * np.maximum(value, 0)
            value[rng.random(n_rows) < 0.15] = np.nan
        else:
            value = rng.integers(0, 6, n_rows).astype(float)
            margin += weight * (value == 2)
        columns[f"x{place}"] = value
    X = pd.DataFrame(columns)
    margin += 0.4 * (X["x0"] > 3) * (X["x1"] > 0.1)
    return X, (rng.random(n_rows) < 1 / (1 + np.exp(-margin))).astype(np.int8)


def main() -> None:
    """Print seconds, their ratio to a plain LightGBM fit, peak memory, and the candidates."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=60)
    parser.add_argument("--trials", type=int, help="tune with so many trials for each candidate")
    given = parser.parse_args()
    X, y = drawn(given.rows, given.columns)
    print(f"{len(X):,} rows, {X.shape[1]} columns, {y.mean():.1%} positive")
    plain = _plain(X, y)
    begun = time.perf_counter()
    tuning = None if given.trials is None else Tuning(trials=given.trials)
    model = RiskClassifier(tuning=tuning).fit(X, y)
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"RiskClassifier {seconds:.0f} s, {seconds / plain:.0f} times a plain LightGBM fit ({plain:.1f} s)")
    print(f"peak memory of the process {memory:.2f} GB")
    print(model.selection_.frame().drop(columns="reason").to_string(index=False))
    for name, found in {"seconds": seconds, "GB": memory}.items():
        print(f"bound {BOUNDS[name]:g} {name}: {'met' if found < BOUNDS[name] else 'MISSED'}")


def _plain(X: pd.DataFrame, y: NDArray[np.int8]) -> float:
    from lightgbm import LGBMClassifier

    begun = time.perf_counter()
    LGBMClassifier(n_jobs=2, verbose=-1, random_state=0).fit(X, y)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
