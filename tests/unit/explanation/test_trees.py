"""Contributions of trees against LightGBM's own, against shap, and against Shapley's definition."""

from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.errors import BackgroundError, BundleError, FeatureInputError, ModelKindError
from dropout_risk.explanation import pattern_tables
from dropout_risk.explanation.pattern_tables import PatternTables
from dropout_risk.explanation.tree_codes import GroupTables
from dropout_risk.explanation.trees import Forest, PathQuadrature, TreeTerms
from support.shapley import shapley_by_definition

EXACT = 1e-10
SINGLE_PRECISION = 1e-6
"""shap adds up interventional values in single precision."""
KINDS = {
    "plain": {},
    "deep": {"max_depth": 9, "num_leaves": 40},
    "zero is missing": {"zero_as_missing": True},
    "nothing is missing": {"use_missing": False},
    "stumps": {"num_leaves": 2},
    "many categories in a set": {"max_cat_to_onehot": 1, "min_data_per_group": 1, "cat_smooth": 0.0},
}


def rows(n, seed, missing=0.2):
    """Five features: two numbers, one of few values around zero, a category of forty, and a constant."""
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [
            rng.normal(size=n),
            rng.exponential(size=n),
            rng.integers(-2, 3, n),
            rng.integers(0, 40, n),
            np.full(n, 7.0),
        ]
    )
    X[rng.random(X.shape) < missing] = np.nan
    X[:, 4] = 7.0
    return X


def fitted(seed=0, missing=0.2, rounds=12, **parameters):
    """Fit trees that read every kind of split, some features several times on a path."""
    X = rows(400, seed, missing)
    rng = np.random.default_rng(seed + 100)
    score = np.nan_to_num(X[:, 0]) * (np.nan_to_num(X[:, 1]) > 1) + np.isnan(X[:, 1]) + (X[:, 2] == 0)
    y = (score + (X[:, 3] % 3 == 0) + rng.normal(size=len(X)) > 1).astype(int)
    given_to_fit = {"objective": "binary", "max_depth": 4, "verbose": -1, "num_threads": 1, "seed": seed}
    given_to_fit |= {"min_data_in_leaf": 3, "learning_rate": 0.3} | parameters
    data = lightgbm.Dataset(X, y, categorical_feature=[3], params={"verbose": -1} | parameters)
    return lightgbm.train(given_to_fit, data, num_boost_round=rounds)


def unusual_rows(seed):
    """Rows as in the fit, and what may be sent: unseen categories, almost zero, huge, all missing."""
    X = rows(80, seed + 1)
    X[:4, 3] = (-1.0, 39.5, 1e9, 64.0)
    X[4:10, 0] = (0.0, -0.0, 1e-36, -1e-36, 1e300, -1e300)
    X[10] = np.nan
    return X


def largest_difference(terms, booster, X):
    """Compare with LightGBM's contributions and with its raw score."""
    theirs, mine = booster.predict(X, pred_contrib=True, num_threads=1), terms.contributions(X)
    from_raw = np.abs(mine.log_odds - booster.predict(X, raw_score=True)).max()
    return max(np.abs(mine.values - theirs[:, :-1]).max(), np.abs(mine.base - theirs[:, -1]).max(), from_raw)


@pytest.fixture
def without_tables(monkeypatch):
    """Take every model for one that is too deep for tables."""
    monkeypatch.setattr(pattern_tables, "MOST_BYTES", 0)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), missing=st.sampled_from([0.0, 0.2]))
def test_tables_agree_with_lightgbm_on_any_model(kind, seed, missing):
    booster = fitted(seed, missing, **KINDS[kind])
    terms = TreeTerms.of(booster.model_to_string())
    assert isinstance(terms.form, PatternTables)
    assert largest_difference(terms, booster, unusual_rows(seed)) < EXACT


@pytest.mark.usefixtures("without_tables")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_quadrature_agrees_with_lightgbm_on_any_model(kind, seed):
    booster = fitted(seed, **KINDS[kind])
    terms = TreeTerms.of(booster.model_to_string())
    assert isinstance(terms.form, PathQuadrature)
    assert "quadrature" in terms.explainer
    assert largest_difference(terms, booster, unusual_rows(seed)) < EXACT


def test_trees_too_deep_for_tables_are_walked():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 20))
    y = (X.sum(axis=1) + rng.normal(size=600) > 0).astype(int)
    parameters = {"objective": "binary", "num_leaves": 120, "min_data_in_leaf": 2, "verbose": -1}
    booster = lightgbm.train(parameters | {"num_threads": 1}, lightgbm.Dataset(X, y), 20)
    terms = TreeTerms.of(booster.model_to_string())
    assert isinstance(terms.form, PathQuadrature)
    assert largest_difference(terms, booster, X[:50]) < EXACT
    with pytest.raises(ModelKindError, match="too"):
        TreeTerms.of(booster.model_to_string(), X)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_background_gives_what_shapley_defined(kind, seed):
    booster = fitted(seed, **KINDS[kind])
    background, X = rows(60, seed + 7), unusual_rows(seed)[:12]
    mine = TreeTerms.of(booster.model_to_string(), background).contributions(X)
    for row, values in zip(X, mine.values, strict=True):
        assert np.abs(values - shapley_by_definition(booster, row, background)).max() < EXACT
    assert mine.base == pytest.approx(booster.predict(background, raw_score=True).mean(), abs=EXACT)
    assert np.abs(mine.log_odds - booster.predict(X, raw_score=True)).max() < EXACT


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matplotlib's, from shap's own colours
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_background_gives_what_shap_gives_as_far_as_shap_is_exact(seed):
    import shap

    rng = np.random.default_rng(seed)
    X = rng.normal(size=(500, 8))
    y = (X[:, 0] * X[:, 1] + X[:, 2] + rng.normal(size=500) > 0).astype(int)
    parameters = {"objective": "binary", "max_depth": 5, "verbose": -1, "num_threads": 1}
    booster = lightgbm.train(parameters, lightgbm.Dataset(X, y), 20)
    background, some = X[:90], X[100:200]
    theirs = shap.TreeExplainer(booster, background, feature_perturbation="interventional").shap_values(some)
    mine = TreeTerms.of(booster.model_to_string(), background).contributions(some).values
    assert np.abs(mine - theirs).max() < SINGLE_PRECISION
    for row, ours in zip(some[:4], mine, strict=False):
        assert np.abs(ours - shapley_by_definition(booster, row, background)).max() < EXACT


def test_counts_of_patterns_give_the_bits_of_the_rows():
    booster, background = fitted(), rows(300, 5)
    text = booster.model_to_string()
    counts = Forest.read(text).counted(background)
    assert counts.counts.dtype == np.int64
    from_counts, from_rows = TreeTerms.of(text, counts), TreeTerms.of(text, background[::-1])
    X = unusual_rows(0)
    assert np.array_equal(from_counts.contributions(X).values, from_rows.contributions(X).values)
    assert from_counts.background == "300 rows, as counts of patterns"


@pytest.mark.parametrize("kind", KINDS)
def test_patterns_are_counted_as_by_a_walk_down_each_path(kind):
    forest, background = Forest.read(fitted(**KINDS[kind]).model_to_string()), unusual_rows(3)
    counts = []
    for leaf in forest.leaves:
        tree, found = forest.model.trees[leaf.tree], np.zeros(1 << len(leaf.features), np.int64)
        for row in background:
            met = [all(_left(tree, node, row) == left for node, left in nodes) for nodes in leaf.conditions]
            found[sum(bit << place for place, bit in enumerate(met))] += 1
        counts.append(found)
    assert np.array_equal(forest.counted(background).counts, np.concatenate(counts))


def _left(tree, node, row):
    """Say whether a row goes left at a node, by the model's own text."""
    value = row[tree.feature[node]]
    if not tree.is_categorical(node):
        return bool(tree.goes_left(node, np.array([value]))[0])
    words = tree.category_set(node)
    known = not np.isnan(value) and -1 < value < 32 * len(words)
    return bool(known and words[int(value) >> 5] >> np.uint32(int(value) & 31) & 1)


def test_one_wrong_entry_of_a_table_is_caught():
    booster = fitted()
    terms = TreeTerms.of(booster.model_to_string())
    X = rows(2000, 9)
    assert largest_difference(terms, booster, X) < EXACT
    *others, tables = terms.form.arrays
    reached = next(place for place in range(len(tables)) if _shifted(terms, others, tables, place, X) > 0)
    assert largest_difference(_wrong(terms, others, tables, reached), booster, X) > EXACT


def _wrong(terms, others, tables, place):
    """Give the same terms with one entry of their tables changed."""
    tables, wrong = tables.copy(), replace(terms)
    tables[place] += 1e-6
    vars(wrong)["_form"] = PatternTables(terms.form.base, GroupTables(*others, tables))
    return wrong


def _shifted(terms, others, tables, place, X):
    wrong = _wrong(terms, others, tables, place)
    return np.abs(wrong.contributions(X).values - terms.contributions(X).values).max()


@pytest.mark.parametrize("form", ["tables", "quadrature", "background"])
@pytest.mark.parametrize("threads", ["1", "2", "3"])
def test_neither_order_nor_batch_nor_threads_change_a_bit(form, threads, monkeypatch):
    if form == "quadrature":
        monkeypatch.setattr(pattern_tables, "MOST_BYTES", 0)
    monkeypatch.setattr("dropout_risk.explanation.trees.ROWS_OF_A_THREAD", 700)
    monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
    background = rows(50, 3) if form == "background" else None
    terms = TreeTerms.of(fitted().model_to_string(), background)
    X = rows(3000, 4)
    whole = terms.contributions(X).values
    order = np.random.default_rng(0).permutation(len(X))
    assert np.array_equal(terms.contributions(X[order]).values, whole[order])
    assert np.array_equal(terms.contributions(np.asfortranarray(X)).values, whole)
    for start, stop in ((0, 1), (5, 12), (17, 26), (100, 613), (2999, 3000)):
        assert np.array_equal(terms.contributions(X[start:stop]).values, whole[start:stop])


def test_a_model_of_single_leaves_has_a_base_only():
    X = rows(50, 0)
    data = lightgbm.Dataset(X, (X[:, 2] > 0).astype(int), params={"verbose": -1})
    booster = lightgbm.train({"objective": "binary", "verbose": -1, "min_data_in_leaf": 100}, data, 3)
    for background in (None, X):
        mine = TreeTerms.of(booster.model_to_string(), background).contributions(X)
        assert not mine.values.any()
        assert np.allclose(mine.log_odds, booster.predict(X, raw_score=True), atol=EXACT, rtol=0)


def test_models_of_other_kinds_are_refused_by_name():
    X = rows(200, 0, missing=0.0)
    y = (X[:, 2] > 0).astype(int)
    quiet = {"verbose": -1, "num_threads": 1}
    linear = lightgbm.train(
        {"objective": "binary", "linear_tree": True} | quiet, lightgbm.Dataset(X, y, params=quiet), 2
    )
    with pytest.raises(ModelKindError, match="linear trees"):
        TreeTerms.of(linear.model_to_string())
    classes = lightgbm.train(
        {"objective": "multiclass", "num_class": 3} | quiet, lightgbm.Dataset(X, y + (X[:, 0] > 1)), 2
    )
    with pytest.raises(ModelKindError, match="several classes"):
        TreeTerms.of(classes.model_to_string())
    forest = {"objective": "binary", "boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1}
    averaged = lightgbm.train(forest | quiet, lightgbm.Dataset(X, y), 2)
    with pytest.raises(ModelKindError, match="averages"):
        TreeTerms.of(averaged.model_to_string())


def test_what_does_not_fit_the_trees_is_refused():
    text, other = fitted().model_to_string(), fitted(1, rounds=3).model_to_string()
    with pytest.raises(FeatureInputError, match="5 columns"):
        TreeTerms.of(text).contributions(np.zeros((2, 4)))
    with pytest.raises(BundleError, match="not those of these trees"):
        TreeTerms.of(text, Forest.read(other).counted(rows(10, 0)))
    with pytest.raises(BackgroundError, match="no rows"):
        TreeTerms.of(text, np.empty((0, 5)))
    with pytest.raises(BackgroundError, match="reads 5 columns"):
        TreeTerms.of(text, np.zeros((20, 4)))
    with pytest.raises(BundleError, match="not that of a LightGBM"):
        TreeTerms.of("nothing")
