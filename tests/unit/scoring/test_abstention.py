"""The datum that is named is missing, moves the risk, and moves it as far as is said."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.explanation.contributions import LinearTerms
from dropout_risk.explanation.curves import CurveShape
from dropout_risk.features.missing import KNOWN, NOT_RECORDED, REFUSED
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.calibration import LinearCalibration
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.modelling.learners.logistic import LogisticModel
from dropout_risk.scoring.remarks.abstention import (
    NOTHING,
    FactSwings,
    FetchAdvice,
    facts_of,
    judged_by,
    too_little_known,
)
from dropout_risk.settings import BandSettings


def catalogue_of_some():
    names, wanted = default_catalogue().names, []
    for domain in ("attendance", "grades", "psychology", "family"):
        own = [n for n in names if default_catalogue()[n].domain == domain and not
               default_catalogue()[n].measure.needs]  # fmt: skip
        wanted += own[:2]
    return default_catalogue().select([*wanted, "distance_km"])


SOME = catalogue_of_some()
FACTS = list(facts_of(SOME))
BASE = -4.5


def model(weights):
    shapes = tuple(CurveShape((0.0, 1.0), (0.0, weight), 0.1) for weight in weights)
    return CalibratedModel(
        FeatureEncoding(tuple(SOME.names)), LogisticModel(LinearTerms(BASE, shapes)), LinearCalibration()
    )


def pupils(n, seed=0, missing=0.4):
    rng = np.random.default_rng(seed)
    values = rng.uniform(size=(n, len(SOME)))
    for places in facts_of(SOME).values():
        values[np.ix_(rng.random(n) < missing, places)] = np.nan
    return values


def risks_of(calibrated, values):
    contributions = calibrated.contributions(values)
    log_odds = contributions.log_odds
    return Risks(values, contributions, log_odds, expit(log_odds))


class Risks(SimpleNamespace):
    def __init__(self, values, contributions, log_odds, risk):
        super().__init__(values=values, contributions=contributions, log_odds=log_odds, risk=risk)

    def __len__(self):
        return len(self.values)


def advised(calibrated, values, states=None, bands=None, swings=None):
    training = pd.DataFrame(pupils(2_000, seed=9), columns=SOME.names)
    swings = FactSwings.of(calibrated, SOME, training) if swings is None else swings
    advice = FetchAdvice(SOME, swings, bands or BandSettings())
    states = np.where(np.isnan(values), NOT_RECORDED, KNOWN) if states is None else states
    risks = risks_of(calibrated, values)
    return advice, risks, advice.of(risks, states, too_little_known(values, judged_by(SOME)))


WEIGHTS = [2.0, 1.0, 1.5, 1.0, 3.0, 0.5, 0.8, 0.0, 0.0]


def test_nobody_is_judged_without_attendance_and_marks_and_nothing_else_abstains():
    values = pupils(500)
    blank = np.array([[np.isnan(row[places]).all() for places in facts_of(SOME).values()] for row in values])
    assert np.array_equal(too_little_known(values, judged_by(SOME)), blank[:, 0] & blank[:, 1])


def test_the_datum_that_is_named_is_missing():
    _, _, worth = advised(model(WEIGHTS), values := pupils(500))
    assert (worth.fact != NOTHING).sum() > 50
    for row in np.flatnonzero(worth.fact != NOTHING):
        assert np.isnan(values[row, facts_of(SOME)[FACTS[worth.fact[row]]]]).all()


def test_a_datum_that_the_model_does_not_use_is_never_named():
    weights = [0.0 if place in facts_of(SOME)["psychology"] else w for place, w in enumerate(WEIGHTS)]
    calibrated = model(weights)
    shapes = list(calibrated.model.terms.shapes)
    for place in facts_of(SOME)["psychology"]:
        shapes[place] = CurveShape((0.0, 1.0), (0.0, 0.0), 0.0)
    unused = CalibratedModel(
        calibrated.encoding, LogisticModel(LinearTerms(BASE, tuple(shapes))), LinearCalibration()
    )
    _, _, worth = advised(unused, pupils(500))
    named = {FACTS[fact] for fact in worth.fact[worth.fact != NOTHING]}
    assert "psychology" not in named
    assert named


def test_a_refused_test_is_not_asked_for_again():
    values = np.array([[0.5] * 4 + [np.nan] * 2 + [0.5] * 3])
    states = np.where(np.isnan(values), REFUSED, KNOWN)
    assert advised(model(WEIGHTS), values, states)[2].fact.tolist() == [NOTHING]
    assert advised(model(WEIGHTS), values)[2].fact.tolist() == [FACTS.index("psychology")]


def test_when_the_datum_arrives_nine_risks_of_ten_lie_where_was_said():
    known = pupils(3_000, seed=4, missing=0.0)
    without = known.copy()
    without[:, facts_of(SOME)["psychology"]] = np.nan
    calibrated = model(WEIGHTS)
    _, _, worth = advised(calibrated, without)
    then = expit(calibrated.log_odds(known))
    named = worth.fact != NOTHING
    held = (worth.low[named] - 1e-12 <= then[named]) & (then[named] <= worth.high[named] + 1e-12)
    assert named.mean() > 0.3
    assert held.mean() == pytest.approx(0.9, abs=0.02)


def test_the_named_datum_changes_the_band_more_often_than_any_other_that_is_missing():
    values = np.full((1, len(SOME)), 0.5)
    values[0, facts_of(SOME)["grades"] + facts_of(SOME)["psychology"]] = np.nan
    calibrated = model([2.0, 1.0, 0.6, 0.4, *WEIGHTS[4:]])
    _, risks, worth = advised(calibrated, values)
    changed = {}
    for fact in ("grades", "psychology"):
        filled = np.repeat(values, 4_000, axis=0)
        places = facts_of(SOME)[fact]
        filled[:, places] = np.random.default_rng(1).uniform(size=(4_000, len(places)))
        edges = [0.05, 0.15, 0.30]
        after = np.searchsorted(edges, expit(calibrated.log_odds(filled)), side="right")
        changed[fact] = np.mean(after != np.searchsorted(edges, risks.risk[0], side="right"))
    assert FACTS[worth.fact[0]] == max(changed, key=changed.get)
    assert abs(changed["grades"] - changed["psychology"]) > 0.1


def test_a_datum_that_would_change_no_band_is_named_only_to_who_is_not_judged():
    values = np.full((2, len(SOME)), 0.5)
    values[0, facts_of(SOME)["psychology"]] = np.nan
    values[1, : len(facts_of(SOME)["attendance"]) + len(facts_of(SOME)["grades"])] = np.nan
    one_band = BandSettings(watch=0.9, elevated=0.95, high=0.99)
    _, _, worth = advised(model(WEIGHTS), values, bands=one_band)
    assert worth.fact[0] == NOTHING
    assert FACTS[worth.fact[1]] in ("attendance", "grades")


@given(st.integers(0, 100), st.integers(1, 40))
def test_a_pupil_is_told_the_same_alone_and_in_another_order(seed, n):
    values = pupils(n, seed)
    calibrated = model(WEIGHTS)
    advice, risks, worth = advised(calibrated, values)
    told = advice.told(worth, risks, too_little_known(values, judged_by(SOME)), "en")
    order = np.random.default_rng(seed).permutation(n)
    _, others, again = advised(calibrated, values[order], swings=advice.swings)
    assert advice.told(again, others, too_little_known(values[order], judged_by(SOME)), "en") == [
        told[row] for row in order
    ]
    _, alone, own = advised(calibrated, values[:1], swings=advice.swings)
    assert (own.low[0], own.high[0]) == (worth.low[0], worth.high[0]) or np.isnan(worth.low[0])
    assert advice.told(own, alone, too_little_known(values[:1], judged_by(SOME)), "en") == told[:1]


def test_swings_read_back_are_the_same_and_hold_no_fact_of_few():
    training = pd.DataFrame(pupils(100, missing=0.8), columns=SOME.names)
    swings = FactSwings.of(model(WEIGHTS), SOME, training)
    assert FactSwings.from_dict(swings.to_dict()) == swings
    assert len(swings.quantiles) < len(FACTS)


def test_a_fact_is_named_in_both_languages_with_what_it_could_do():
    values = np.array([[0.5] * 4 + [np.nan] * 2 + [0.5] * 3])
    advice, risks, worth = advised(model(WEIGHTS), values)
    english, chinese = (
        advice.told(worth, risks, too_little_known(values, judged_by(SOME)), language)[0][0]
        for language in ("en", "zh")
    )
    assert english.startswith("Worth fetching first: a well-being test. It could move the risk from ")
    assert chinese.startswith("最值得先补：心理测评。补上后，风险可能从")
