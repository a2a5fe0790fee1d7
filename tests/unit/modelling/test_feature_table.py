"""A table of any library is read by its names, and cells that are no single value are refused by name."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dropout_risk.errors import FeatureInputError
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.inputs.encoding import CategoryWarning, FeatureEncoding

RNG = np.random.default_rng(5)
N = 240
X = pd.DataFrame({"absent": RNG.exponential(size=N), "way": RNG.choice(["bus", "foot", "boat"], N)})
Y = (X["absent"] + (X["way"] == "foot") + RNG.logistic(size=N) > 1.5).astype(int).to_numpy()


@pytest.fixture(scope="module")
def fitted():
    return RiskClassifier("logistic", folds=2, leaks="ignore").fit(X, Y)


@pytest.mark.parametrize(
    "other",
    [
        pl.from_pandas(X),
        pl.from_pandas(X).with_columns(pl.col("way").cast(pl.Categorical)),
        pl.from_pandas(X).with_columns(pl.col("way").cast(pl.Enum(["foot", "boat", "bus"]))),
        pa.Table.from_pandas(X).select(["way", "absent"]),
        X.astype({"way": pd.CategoricalDtype(["foot", "bus", "boat", "raft"])}),
        X.astype({"way": "string"}),
    ],
    ids=["polars", "polars categories", "polars enum", "arrow", "other codes", "strings"],
)
def test_frames_of_other_libraries_give_the_same_risks(fitted, other):
    assert np.array_equal(fitted.predict_proba(other), fitted.predict_proba(X))
    again = RiskClassifier("logistic", folds=2, leaks="ignore").fit(other, Y)
    assert again.n_features_in_ == 2
    assert set(again.feature_names_in_) == set(X.columns)
    assert again.explain(other).values.shape == (N, 2)


def test_a_frame_without_rows_yet_is_refused(fitted):
    with pytest.raises(FeatureInputError, match="collect"):
        fitted.predict_proba(pl.from_pandas(X).lazy())


@pytest.mark.parametrize(
    "columns",
    [pd.MultiIndex.from_tuples([("absent", "sum"), ("way", "first")]),
     pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
     pd.Index([0, 1]), pd.Index(["absent", 7])],
    ids=["two levels", "tuples", "numbers", "mixed"],
)  # fmt: skip
def test_columns_of_any_names_are_fitted_and_explained(columns):
    named = X.set_axis(columns, axis="columns")
    clf = RiskClassifier("logistic", folds=2, leaks="ignore").fit(named, Y)
    told = clf.explain(named[:5])
    assert np.isfinite(told.values).all()
    assert all(isinstance(name, str) for name in told.feature_names)
    assert np.array_equal(clf.predict_proba(named.iloc[:, ::-1]), clf.predict_proba(named))


def test_two_levels_that_join_to_one_name_are_refused():
    levels = pd.MultiIndex.from_tuples([("a_b", "c"), ("a", "b_c")])
    with pytest.raises(FeatureInputError, match="share a name"):
        RiskClassifier("logistic").fit(X.set_axis(levels, axis="columns"), Y)


def test_a_model_of_an_array_explains_a_frame():
    clf = RiskClassifier("logistic", folds=2).fit(X[["absent"]].to_numpy(), Y)
    assert clf.explain(X[["absent"]]).data[0, 0] == X["absent"].iloc[0]


CELLS = {
    "lists": [[1, 2]] * N,
    "arrays": [np.zeros(2)] * N,
    "objects": [{"a": 1}] * N,
    "sets": [{1}] * N,
    "tuples": [(1, 2)] * N,
    "lengths of time": pd.to_timedelta(np.arange(N), unit="D"),
    "lengths as objects": pd.Series([dt.timedelta(days=i) for i in range(N)], dtype=object),
    "dates": pd.date_range("2025-01-01", periods=N),
    "dates as objects": pd.Series([dt.date(2025, 1, 1)] * N, dtype=object),
    "times": pd.Series([dt.time(8)] * N, dtype=object),
    "complex": np.ones(N) * 1j,
}


@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS)
def test_cells_that_are_no_single_value_are_refused_by_the_name_of_their_column(fitted, cells):
    for name in X.columns:
        strange = X.copy()
        strange[name] = (
            list(cells) if isinstance(cells, list) else np.asarray(cells, dtype=getattr(cells, "dtype", None))
        )
        with pytest.raises(FeatureInputError, match=name):
            RiskClassifier("logistic").fit(strange, Y)
        with pytest.raises(FeatureInputError, match=name):
            fitted.predict_proba(strange)


@pytest.mark.parametrize(
    "codes", [X["way"].astype("category").cat.codes, X["way"].str.upper(), X["way"] + " "]
)
def test_categories_that_the_fit_did_not_see_are_told_by_column(fitted, codes):
    with pytest.warns(CategoryWarning, match=f"'way' holds {N} of {N}"):
        fitted.predict_proba(X.assign(way=codes))


@pytest.mark.filterwarnings("error")
def test_one_unknown_category_among_many_and_missing_ones_pass_as_missing(fitted):
    way = X["way"].where(X.index > 40)
    for odd in (way.mask(X.index == N - 1, "raft"), None):
        assert np.isfinite(fitted.predict_proba(X.assign(way=odd))).all()


def test_numbers_written_as_text_are_told():
    texts = pd.DataFrame({"mark": [f"{i / 4}" for i in range(60)] + ["-"]})
    with pytest.warns(CategoryWarning, match="60 of which are numbers"):
        FeatureEncoding.learn(texts)


def test_text_in_an_array_is_refused_without_repeating_it():
    with pytest.raises(FeatureInputError) as caught:
        RiskClassifier().fit([["secret", 1.0], ["other", 2.0]] * 20, [0, 1] * 20)
    assert "secret" not in str(caught.value)
