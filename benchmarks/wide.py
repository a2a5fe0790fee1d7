"""How long a fit takes on wide tables and on a text column of many words, beside scikit-learn and LightGBM.

    python benchmarks/wide.py [--columns 100 500 1000 5000] [--levels 100 1000 10000]

Processor seconds of one thread. Scikit-learn fits one penalty once; its search compares five on five folds
and fits again, as ours does (seven on a wide table), which also looks for leaks and calibrates.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.learners.logistic import STRENGTHS

OURS = ("scorecard", "logistic", "lightgbm")


def wide_table(n_columns: int, n_rows: int = 2000) -> tuple[pd.DataFrame, Any]:
    """Make numbers of which ten say something."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, n_columns))
    y = (X[:, :10].sum(axis=1) + 3 * rng.logistic(size=n_rows) > 2).astype(int)
    return pd.DataFrame(X, columns=[f"c{index}" for index in range(n_columns)]), y


def word_table(n_levels: int, n_rows: int = 20_000) -> tuple[pd.DataFrame, Any]:
    """Make a number and a column of words."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=n_rows)})
    X["village"] = np.char.add("v", rng.integers(0, n_levels, n_rows).astype(str))
    return X, (X["a"] + rng.logistic(size=n_rows) > 2).astype(int)


def seconds_of(work: Callable[[], Any]) -> float:
    """Measure processor time."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def fits_of(X: pd.DataFrame, y: Any) -> dict[str, Callable[[], Any]]:
    """Give what is timed, by name."""
    numbers = X.select_dtypes("number")
    first = StandardScaler() if numbers.shape[1] == X.shape[1] else OneHotEncoder(handle_unknown="ignore")
    theirs = make_pipeline(first, LogisticRegression(max_iter=1000))
    search = make_pipeline(first, LogisticRegressionCV(Cs=STRENGTHS, cv=5, max_iter=1000))
    coded = X.astype(dict.fromkeys(X.columns.difference(numbers.columns), "category"))
    others = {
        "scikit-learn": lambda: theirs.fit(X, y),
        "its search": lambda: search.fit(X, y),
        "LightGBM": lambda: LGBMClassifier(n_jobs=1, verbose=-1).fit(coded, y),
    }
    ours = {f"ours, {name}": lambda name=name: RiskClassifier(name).fit(X, y) for name in OURS}
    return others | ours


def main() -> None:
    """Print one row for each table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--columns", type=int, nargs="*", default=[100, 500, 1000, 5000])
    asked.add_argument("--levels", type=int, nargs="*", default=[100, 1000, 10_000])
    given = asked.parse_args()
    tables = {f"{number} columns": wide_table(number) for number in given.columns}
    tables |= {f"{number} words": word_table(number) for number in given.levels}
    with threadpool_limits(limits=1), warnings.catch_warnings(action="ignore"):
        for name in OURS:  # compile what is compiled
            RiskClassifier(name).fit(*wide_table(20, 500))
        for name, (X, y) in tables.items():
            told = [f"{fit}: {seconds_of(work):.1f} s" for fit, work in fits_of(X, y).items()]
            print(f"{name:>14}  {'  '.join(told)}", flush=True)


if __name__ == "__main__":
    main()
