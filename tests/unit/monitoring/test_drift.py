from itertools import pairwise

import numpy as np
import pytest

import dropout_risk as dr


@pytest.fixture(scope="module")
def features():
    records = dr.simulate_district(n_students=600, seed=2)
    return dr.build_features(records, dr.Cohort.on(records, ["2025-03-03", "2025-04-07"]))


def psi_by_hand(bins, values):
    edges = np.array([-np.inf, *bins["edges"], np.inf])
    there = values[~np.isnan(values)]
    now = [((there >= low) & (there < high)).mean() for low, high in pairwise(edges)]
    gap = np.isnan(values).mean()
    observed = np.maximum([*(share * (1 - gap) for share in now), gap], 1e-4)
    then = np.array(bins["counts"]) / sum(bins["counts"])
    expected = np.maximum([*(then * (1 - bins["missing"])), bins["missing"]], 1e-4)
    return sum((o - e) * np.log(o / e) for o, e in zip(observed, expected, strict=True))


def test_the_index_is_that_of_a_plain_loop(risk_model, features):
    report = dr.measure_drift(risk_model, features).frame().set_index("feature")
    for bins in risk_model.reference.bins():
        if sum(bins["counts"]):
            expected = psi_by_hand(bins, features[bins["feature"]].to_numpy())
            assert report.loc[bins["feature"], "psi"] == pytest.approx(expected, abs=1e-12)


def test_a_slipped_unit_is_seen(risk_model, features):
    report = dr.measure_drift(risk_model, features.assign(score_mean=features["score_mean"] * 100)).frame()

    assert report["feature"][0] == "score_mean"
    assert report["verdict"][0] == "moved far"
