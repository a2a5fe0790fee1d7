"""Schools are drawn as wholes, figures of each draw are scikit-learn's, and intervals cover."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import calibration_slope
from dropout_risk.evaluation.resampling import (
    FEWEST_SCHOOLS,
    Resampling,
    auc_by_replicate,
    figures_by_replicate,
    list_figures,
)


def _sample(n=600, n_schools=12, seed=0, digits=2):
    rng = np.random.default_rng(seed)
    p = np.round(1 / (1 + np.exp(-rng.normal(-1.5, 1.2, n))), digits)
    p = np.clip(p, 0.01, 0.99)
    y = (rng.random(n) < p).astype(float)
    schools = np.array([f"s-{number:02d}" for number in rng.integers(n_schools, size=n)])
    return y, p, schools, np.array([f"p-{number}" for number in range(n)])


Y, P, SCHOOLS, STUDENTS = _sample()
DRAWN = Resampling.of(SCHOOLS, STUDENTS, replicates=5)
WEIGHTS = [weights[DRAWN.codes].astype(float) for weights in DRAWN.weights]


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("auc", lambda w: roc_auc_score(Y, P, sample_weight=w)),
        ("average_precision", lambda w: average_precision_score(Y, P, sample_weight=w)),
        ("brier", lambda w: brier_score_loss(Y, P, sample_weight=w)),
        ("log_loss", lambda w: log_loss(Y, P, sample_weight=w)),
    ],
)
def test_a_figure_in_a_replicate_is_scikit_learns_with_the_draws_as_weights(name, of):
    found = figures_by_replicate(Y, P, np.zeros_like(P), DRAWN, slope=np.nan, intercept=np.nan)[name]
    assert found == pytest.approx([of(weights) for weights in WEIGHTS], abs=1e-12)


def test_one_step_to_the_slope_comes_close_to_the_whole_way():
    y, p, schools, students = _sample(6000, 30, digits=6)
    draws = Resampling.of(schools, students, replicates=8)
    slope, _ = calibration_slope(y, p)
    found = figures_by_replicate(y, p, np.zeros_like(p), draws, slope=slope, intercept=np.nan)
    margin = np.log(p / (1 - p))[:, None]
    fitted = [
        LogisticRegression(C=np.inf, tol=1e-10).fit(margin, y, sample_weight=weights[draws.codes]).coef_[0, 0]
        for weights in draws.weights.astype(float)
    ]
    assert found["calibration_slope"] == pytest.approx(fitted, abs=0.01)


def test_auc_within_groups_compares_only_pairs_of_one_group():
    y, p = np.array([1.0, 0, 1, 0]), np.array([0.2, 0.1, 0.9, 0.95])
    groups = np.array([0, 0, 1, 1])
    once = Resampling.once(4)
    assert auc_by_replicate(y, p, once, groups).tolist() == [0.5]
    assert auc_by_replicate(y, p, once).tolist() == [0.5]
    assert auc_by_replicate(y, p, once, np.array([0, 1, 0, 0])).tolist() == [0.0]


def test_list_figures_are_ratios_of_the_rows_that_were_drawn():
    listed = (P > 0.3).astype(float)
    found = list_figures(Y, listed, DRAWN)
    for place, weights in enumerate(WEIGHTS):
        hits = (weights * listed * Y).sum()
        precision, recall = hits / (weights * listed).sum(), hits / (weights * Y).sum()
        assert found["precision"][place] == pytest.approx(precision)
        assert found["recall"][place] == pytest.approx(recall)
        assert found["lift"][place] == pytest.approx(precision * weights.sum() / (weights * Y).sum())


def test_whole_schools_are_drawn_and_as_many_as_there_are():
    assert DRAWN.unit == "school"
    assert (DRAWN.weights.sum(axis=1) == 12).all()
    for weights in WEIGHTS:
        assert all(len(set(weights[school == SCHOOLS])) == 1 for school in set(SCHOOLS))


def test_of_few_schools_pupils_are_drawn_within_each_and_a_pupil_with_all_its_rows():
    schools = np.array(["a"] * 6 + ["b"] * 4)
    students = np.array([1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    draws = Resampling.of(schools, students, replicates=20)
    assert draws.unit == "pupil"
    assert draws.codes.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert (draws.weights[:, :3].sum(axis=1) == 3).all()
    assert (draws.weights[:, 3:].sum(axis=1) == 2).all()
    assert "pupils were drawn" in draws.in_words()[0].en


def test_five_schools_are_enough_to_draw_schools_but_the_interval_is_called_rough():
    draws = Resampling.of(np.arange(FEWEST_SCHOOLS), np.arange(FEWEST_SCHOOLS))
    assert draws.unit == "school"
    assert "rough" in draws.in_words()[0].en


@settings(max_examples=10)
@given(st.randoms())
def test_the_order_of_rows_does_not_change_a_draw(random):
    order = np.array(random.sample(range(len(Y)), len(Y)))
    mixed = Resampling.of(SCHOOLS[order], STUDENTS[order], replicates=5)
    assert auc_by_replicate(Y[order], P[order], mixed).tolist() == auc_by_replicate(Y, P, DRAWN).tolist()


def test_a_figure_that_most_draws_do_not_define_has_no_interval():
    assert DRAWN.interval(np.array([0.5, np.nan, 0.5])) is None
    assert Resampling.once(3).interval(np.array([0.5])) is None


def test_intervals_of_a_clustered_mean_cover_it_where_rows_taken_alone_would_not():
    """150 districts of 12 schools whose rates differ: the truth lies inside in about 95 of 100."""
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(150):
        schools = np.repeat(np.arange(12), 40)
        y = (rng.random(480) < 0.3 + 0.1 * rng.standard_normal(12)[schools]).astype(float)
        draws = Resampling.of(schools, np.arange(480), replicates=200)
        ends = draws.interval(draws.sums(y[:, None])[:, 0] / draws.sums(np.ones((480, 1)))[:, 0])
        inside += ends.low <= 0.3 <= ends.high
    assert 0.91 <= inside / 150 <= 0.99


def test_rows_without_school_and_pupil_are_refused():
    with pytest.raises(EvaluationError):
        Resampling.of(np.array(["a"]), np.array([]))
