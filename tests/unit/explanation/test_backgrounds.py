"""Rows are measured against the stayers of their grade level, as plain loops, shap and Shapley have it."""

import threading
from concurrent.futures import ThreadPoolExecutor

import lightgbm
import numpy as np
import pytest

from dropout_risk.errors import BundleError
from dropout_risk.explanation import backgrounds as module
from dropout_risk.explanation import pattern_tables, trees
from dropout_risk.explanation.backgrounds import NO_LEVEL, Backgrounds
from dropout_risk.explanation.contributions import BlendTerms, LinearTerms
from dropout_risk.explanation.curves import CurveShape
from dropout_risk.explanation.pattern_tables import PatternTables
from dropout_risk.explanation.trees import TreeTerms
from support.shapley import shapley_by_definition

EXACT = 1e-10
SINGLE_PRECISION = 1e-6
LINEAR = LinearTerms(
    -1.5, tuple(CurveShape((-1.0, 0.0, 2.0), (-0.7, 0.1 * place, 0.4), 0.2) for place in range(6))
)
KINDS = ["linear", "trees", "blend"]


def rows(n=900, seed=0):
    """Six features, labels, and grade levels: most pupils in 7 and 8, few in 9, some in none."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 6))
    X[rng.random(X.shape) < 0.1] = np.nan
    levels = rng.choice([7, 8, 9, NO_LEVEL], n, p=[0.45, 0.45, 0.05, 0.05])
    X[:, 0] += 0.5 * (levels == 8)
    risky = np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) + rng.normal(size=n) > 1
    return X, risky.astype(int), levels


@pytest.fixture(scope="module")
def booster():
    X, y, _ = rows()
    parameters = {"objective": "binary", "max_depth": 4, "verbose": -1, "num_threads": 1, "seed": 1}
    return lightgbm.train(parameters, lightgbm.Dataset(X, y), 25)


@pytest.fixture(scope="module")
def own(booster):
    forest = TreeTerms.of(booster.model_to_string())
    return {"linear": LINEAR, "trees": forest, "blend": BlendTerms(LINEAR, forest, 0.3)}


@pytest.fixture(scope="module")
def by_grade(own):
    X, y, levels = rows()
    return {kind: Backgrounds.of(terms, X, y == 0, levels) for kind, terms in own.items()}


def of_grade(level):
    X, y, levels = rows()
    return X[(y == 0) & (True if level is None else levels == level)]


def test_grade_levels_with_few_stayers_and_pupils_without_one_take_all_who_stayed(by_grade):
    backgrounds = by_grade["linear"]
    assert backgrounds.names == ("stayed", "stayed, grade 7", "stayed, grade 8")
    assert backgrounds.indices(np.array([8, 9, NO_LEVEL, 7, 12])).tolist() == [2, 0, 0, 1, 0]
    assert backgrounds.words.endswith(f"; else stayed: {len(of_grade(None)):,} rows")
    assert [one.rows for one in backgrounds.given] == [len(of_grade(level)) for level in (None, 7, 8)]


def test_a_curve_adds_its_height_less_its_mean_over_the_stayers_of_the_grade(by_grade):
    X, _, levels = rows(60, seed=3)
    found = by_grade["linear"].contributions(X, by_grade["linear"].indices(levels))
    for row, level, base, values in zip(X, levels, found.base, found.values, strict=True):
        stayers = of_grade(level if level in (7, 8) else None)
        means = [shape(stayers[:, place]).mean() for place, shape in enumerate(LINEAR.shapes)]
        heights = [shape(row[[place]])[0] for place, shape in enumerate(LINEAR.shapes)]
        assert values == pytest.approx(np.array(heights) - means, abs=1e-12)
        assert base == pytest.approx(LINEAR.base + sum(means), abs=1e-12)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matplotlib's, from shap's own colours
@pytest.mark.parametrize("level", [7, 8, None])
def test_trees_give_what_shap_gives_with_the_stayers_of_the_grade_as_background(booster, by_grade, level):
    import shap

    X, _, levels = rows(300, seed=4)
    some = X[levels == (NO_LEVEL if level is None else level)][:8]
    indices = np.full(len(some), (None, 7, 8).index(level))
    mine = by_grade["trees"].contributions(some, indices)
    stayers = of_grade(level)
    explainer = shap.TreeExplainer(booster, shap.maskers.Independent(stayers, len(stayers)), "raw",
                                   feature_perturbation="interventional")  # fmt: skip
    assert np.abs(mine.values - explainer.shap_values(some)).max() < SINGLE_PRECISION
    for row, values in zip(some[:2], mine.values, strict=False):
        assert np.abs(values - shapley_by_definition(booster, row, stayers)).max() < EXACT
    assert mine.base == pytest.approx(booster.predict(stayers, raw_score=True).mean(), abs=EXACT)


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_does_not_depend_on_whom_it_is_compared_with(own, by_grade, kind):
    X, _, levels = rows(500, seed=5)
    found = by_grade[kind].contributions(X, by_grade[kind].indices(levels))
    assert len(np.unique(found.base)) == 3
    assert np.abs(found.log_odds - own[kind].contributions(X).log_odds).max() < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("threads", ["1", "3"])
def test_neither_order_nor_batch_nor_threads_nor_neighbours_of_other_grades_change_a_bit(
    by_grade, kind, threads, monkeypatch
):
    monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
    monkeypatch.setattr(trees, "ROWS_OF_A_THREAD", 300)
    X, _, levels = rows(1500, seed=6)
    backgrounds = by_grade[kind]
    indices = backgrounds.indices(levels)
    whole = backgrounds.contributions(X, indices)
    order = np.random.default_rng(0).permutation(len(X))
    shuffled = backgrounds.contributions(X[order], indices[order])
    assert np.array_equal(shuffled.values, whole.values[order])
    assert np.array_equal(shuffled.log_odds, whole.log_odds[order])
    for start, stop in ((0, 1), (7, 20), (100, 700)):
        part = backgrounds.contributions(X[start:stop], indices[start:stop])
        assert np.array_equal(part.values, whole.values[start:stop])
        assert np.array_equal(part.log_odds, whole.log_odds[start:stop])


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_of_counts_and_means_gives_the_same_bits_again(own, by_grade, kind):
    X, _, levels = rows(200, seed=7)
    data = by_grade[kind].to_bytes()
    again = Backgrounds.from_bytes(own[kind], data)
    indices = again.indices(levels)
    before, after = (one.contributions(X, indices) for one in (by_grade[kind], again))
    assert np.array_equal(after.values, before.values)
    assert np.array_equal(after.base, before.base)
    assert again.to_bytes() == data
    assert again.words == by_grade[kind].words


def test_the_file_grows_with_the_trees_and_not_with_the_pupils(own):
    X, y, levels = rows(900)
    files = [
        Backgrounds.of(
            own["blend"], *(np.concatenate([part] * times) for part in (X, y == 0, levels))
        ).to_bytes()
        for times in (1, 8)
    ]
    assert len(files[1]) < 1.3 * len(files[0])


def test_a_file_of_another_model_is_refused(own, by_grade):
    X, y, _ = rows()
    other = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(X, y), 2
    )
    for terms in (TreeTerms.of(other.model_to_string()), LINEAR):
        with pytest.raises(BundleError, match="not those of these"):
            Backgrounds.from_bytes(terms, by_grade["trees"].to_bytes())
    with pytest.raises(BundleError, match="cannot be read"):
        Backgrounds.from_bytes(LINEAR, b"nothing")


def test_threads_that_ask_at_once_wait_for_one_table(booster, monkeypatch):
    made, build = [], PatternTables.build.__func__
    monkeypatch.setattr(
        PatternTables, "build", classmethod(lambda cls, *given: made.append(1) or build(cls, *given))
    )
    terms, start = TreeTerms.of(booster.model_to_string()), threading.Barrier(4)

    def ask(row):
        start.wait()
        return terms.contributions(row)

    X = rows(4)[0]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, (X[place : place + 1] for place in range(4))))
    assert len(made) == 1
    assert np.array_equal(np.concatenate([one.values for one in found]), terms.contributions(X).values)


def test_trees_too_deep_for_a_background_keep_their_training_rows_and_say_so(booster, monkeypatch):
    monkeypatch.setattr(pattern_tables, "MOST_BYTES", 0)
    X, y, levels = rows()
    deep = TreeTerms.of(booster.model_to_string())
    for terms in (deep, BlendTerms(LINEAR, deep, 0.3)):
        found = Backgrounds.of(terms, X, y == 0, levels)
        assert found.names == ("training",)
        assert "training rows as counted in the trees' nodes" in found.words
        assert "quadrature" in found.terms().explainer


@pytest.mark.parametrize(("kind", "n"), [("stayed", 1), ("training", 0)])
def test_another_background_may_be_asked_for(own, kind, n):
    X, y, levels = rows()
    found = Backgrounds.of(own["blend"], X, y == 0, levels, kind)
    assert len(found.given) == n
    assert found.names == (kind,)


def test_a_grade_level_needs_enough_stayers(own, monkeypatch):
    X, y, levels = rows()
    monkeypatch.setattr(module, "FEWEST_ROWS", 1)
    assert Backgrounds.of(own["linear"], X, y == 0, levels).levels == (7, 8, 9)
