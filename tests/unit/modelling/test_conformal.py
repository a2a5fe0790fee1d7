"""Sets cover each class as often as they say, and are those of mapie within a class."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapie.classification import SplitConformalClassifier
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from dropout_risk.errors import SettingsError
from dropout_risk.modelling.uncertainty import ConformalSets


class Given(ClassifierMixin, BaseEstimator):
    """Gives the risks that are its input."""

    def fit(self, X=None, y=None):
        self.classes_ = np.array([0, 1])
        self.fitted_ = True
        return self

    def predict_proba(self, X):
        return np.column_stack([1 - X[:, 0], X[:, 0]])

    def predict(self, X):
        return (X[:, 0] > 0.5).astype(int)


def drawn(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2.0, 1.5, n)
    return margin, (rng.random(n) < expit(margin + shift)).astype(np.int8)


@pytest.mark.parametrize("label", [0, 1])
def test_a_class_gets_the_sets_of_mapie_conformalized_on_that_class(label):
    margin, y = drawn(800, 0)
    own = expit(margin[y == label])
    scores = np.where(label, own, own)[:, None]
    mapie = SplitConformalClassifier(Given().fit(), confidence_level=0.9, conformity_score="lac")
    mapie.conformalize(scores, np.full(len(own), label))
    asked = np.random.default_rng(1).uniform(0.001, 0.999, 400)
    _, oracle = mapie.predict_set(asked[:, None])
    sets = ConformalSets.fit(expit(margin), y, 0.9)
    assert np.array_equal(sets.open_outcomes(asked)[:, label], oracle[:, label, 0])


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_each_class_is_covered_as_often_as_it_says(shift):
    covered = []
    for seed in range(200):
        margin, y = drawn(600, seed)
        new, then = drawn(600, [seed, 1])
        chance = np.exp(shift * then)  # another base rate, by drawing dropouts more often
        keep = np.random.default_rng([seed, 2]).random(len(then)) < chance / chance.max()
        held = ConformalSets.fit(margin, y).open_outcomes(new[keep])[np.arange(keep.sum()), then[keep]]
        covered.append([held[then[keep] == 0].mean(), held[then[keep] == 1].mean()])
    assert np.mean(covered, axis=0) == pytest.approx([0.9, 0.9], abs=0.015)


def test_with_too_few_of_a_class_its_outcome_stays_open():
    sets = ConformalSets.fit(np.array([-3.0, -2.0, -1.0, 2.0]), np.array([0, 0, 0, 1]), 0.9)
    assert sets.open_outcomes(np.array([-100.0, 100.0])).all()
    assert ConformalSets.from_dict(sets.to_dict()) == sets
    assert sets.to_dict()["drops_from"] is None


def test_a_level_in_percent_is_refused():
    with pytest.raises(SettingsError, match="between 0 and 1"):
        ConformalSets.fit(np.zeros(2), np.array([0, 1]), 90)


scores = st.lists(st.floats(-10, 10), min_size=1, max_size=60)


@given(scores, scores, st.floats(0.05, 0.95))
def test_a_threshold_is_the_plain_count(stayed, dropped, level):
    sets = ConformalSets.fit(
        np.array(stayed + dropped), np.repeat([0, 1], [len(stayed), len(dropped)]), level
    )
    for held, own in ((sets.stays_to, stayed), (-sets.drops_from, [-one for one in dropped])):
        needed = (len(own) + 1) * level - 1e-8
        enough = [one for one in own if sum(other <= one for other in own) >= needed]
        assert held == (min(enough) if enough else math.inf)
