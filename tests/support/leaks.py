"""The leaks that published figures are full of, built on purpose, in the fewest lines."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


def real_data(name):
    """The folder of a real data set, or a skipped test that says where to find it."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("DROPOUT_RISK_DATA", beside)) / name
    if not folder.is_dir():
        pytest.skip("the real data are not here: set DROPOUT_RISK_DATA to their folder")
    return folder


def uci():
    """UCI 697 as everybody reads it: numbers, Dropout against the rest; without the audit-only column."""
    table = pd.read_csv(real_data("uci697") / "data.csv", sep=";")
    table.columns = table.columns.str.strip()
    return table.drop(columns=["Target", "Gender"]), (table["Target"] == "Dropout").astype(int)


def cortez(subject="por"):
    """Portuguese pupils with G1, without G2 and the audit-only column, and whether G3 failed."""
    table = pd.read_csv(real_data("cortez") / f"student-{subject}.csv", sep=";")
    return table.drop(columns=["G2", "G3", "sex"]), (table["G3"] < 10).astype(int), table["G3"]


def hsls():
    """US pupils still enrolled in spring 2012: survey and grade averages, and who ever dropped out."""
    table = pd.read_csv(real_data("hsls09") / "hsls09.csv.gz", low_memory=False)
    table = table[table["enrollment_status_survey2"] == "In base year school"]
    names = [name for name in table if name.endswith("_survey1") and "dob" not in name]
    return table[[*names, "gpa_9th_survey3"]], table["X4EVERDROP"].astype(int)


def made_up(n=3000, seed=0):
    """A clean table: counts, shares, scales, a category, gaps, and about 15 % dropouts."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "absent": rng.poisson(4, n).astype(float),
            "late": rng.integers(0, 8, n).astype(float),
            "mark": np.round(rng.normal(65, 12, n), 1),
            "distance": rng.gamma(2, 3, n),
            "scale": rng.normal(size=n),
            "route": rng.choice(["bus", "foot", "bike"], n),
        }
    )
    margin = 0.25 * X["absent"] - 0.05 * X["mark"] + 0.3 * X["scale"] + 0.2
    y = pd.Series((rng.random(n) < 1 / (1 + np.exp(-margin))).astype(int))
    X.loc[rng.random(n) < 0.2, "scale"] = np.nan
    return X, y


def smote(X, y, k=5, seed=0, keep_types=False):
    """Make up dropouts between a dropout and one of its nearest, until there are as many as others."""
    from sklearn.neighbors import NearestNeighbors

    rng, ones = np.random.default_rng(seed), X[y == 1].to_numpy(dtype=float)
    number = int((y == 0).sum() - len(ones))
    start = rng.integers(0, len(ones), number)
    nearest = NearestNeighbors(n_neighbors=k + 1).fit(ones).kneighbors(ones)[1][:, 1:]
    end = nearest[start, rng.integers(0, k, number)]
    made = ones[start] + rng.random((number, 1)) * (ones[end] - ones[start])
    more = pd.DataFrame(made, columns=X.columns)
    if keep_types:
        more = more.astype(X.dtypes)
    return pd.concat([X, more], ignore_index=True), np.append(y, np.ones(number, dtype=int))


def oversampled(X, y, seed=0):
    """Draw dropouts again until there are as many as others."""
    again = np.random.default_rng(seed).choice(np.flatnonzero(y), int((y == 0).sum() - y.sum()))
    rows = np.append(np.arange(len(y)), again)
    return X.iloc[rows].reset_index(drop=True), np.asarray(y)[rows]
