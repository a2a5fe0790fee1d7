from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.explanation.reasons import Reason, ReasonWriter, ScoredRows

CATALOGUE = default_catalogue()
N = len(CATALOGUE)
PLACE = {name: place for place, name in enumerate(CATALOGUE)}
NOTHING = np.full(N, np.nan)


def row(values=None, contributions=None, classes=None, past=NOTHING):
    given_values, given_contributions = np.full(N, np.nan), np.zeros(N)
    for name, value in (values or {}).items():
        given_values[PLACE[name]] = value
    for name, value in (contributions or {}).items():
        given_contributions[PLACE[name]] = value
    states = np.where(np.isnan(given_values), 1, 0).astype(np.int8)
    return one(given_values, given_contributions, states, NOTHING if classes is None else classes, past, 3)


def one(values, contributions, states, classes=NOTHING, past=NOTHING, age=-1):
    arrays = (values[None], contributions[None], states[None], classes[None], past[None])
    return ScoredRows(
        *arrays, {"attendance": np.array([age])}, np.zeros(1), np.zeros(1), np.zeros(1, np.int64)
    )


def write(rows, stayed=NOTHING, language="en", place=0, base=0.0):
    log_odds = np.array([base + rows.contributions.sum()])
    rows = replace(rows, base=np.array([base]), log_odds=log_odds, backgrounds=np.array([place]))
    writer = ReasonWriter(CATALOGUE, stayed, language)
    chosen = writer.choose(rows)
    told = (writer.write(chosen, side, rows).to_pylist()[0] for side in range(2))
    return *(tuple(Reason(**reason) for reason in side) for side in told), chosen.other[0]


POSSIBLE = np.array([max(feature.valid_range[0], 0.0) for feature in CATALOGUE.values()])


@given(arrays(np.float64, N, elements=st.floats(-3, 3)), arrays(np.bool_, N))
def test_reasons_and_other_add_up_to_all_contributions(contributions, missing):
    values = np.where(missing, np.nan, POSSIBLE)
    raising, lowering, other = write(one(values, contributions, missing.astype(np.int8)))
    told = sum(reason.contribution for reason in (*raising, *lowering)) + other

    assert told == pytest.approx(contributions.sum(), abs=1e-9)
    assert all(reason.contribution > 0 for reason in raising)
    assert all(reason.contribution < 0 for reason in lowering)
    assert len(raising) <= 4
    assert len(lowering) <= 4


@given(arrays(np.float64, N, elements=st.floats(-3, 3)))
def test_domains_and_causes_each_sum_to_all_contributions(contributions):
    rows = one(POSSIBLE, contributions, np.zeros(N, dtype=np.int8))
    chosen = ReasonWriter(CATALOGUE, NOTHING, "en").choose(rows)
    for part, names, sums in (("domain", DOMAINS, chosen.domains), ("cause", CAUSES, chosen.causes)):
        by_hand = dict.fromkeys(names, 0.0)
        for feature, contribution in zip(CATALOGUE.values(), contributions.tolist(), strict=True):
            by_hand[getattr(feature, part)] += contribution
        assert dict(zip(names, sums[0].tolist(), strict=True)) == by_hand


def test_window_variants_of_one_fact_are_one_reason():
    raising, _, _ = write(
        row(
            {"absence_share_10d": 0.5, "absence_share_60d": 0.3},
            {"absence_share_10d": 0.4, "absence_share_60d": 0.7},
        )
    )

    assert [(reason.feature, reason.contribution) for reason in raising] == [
        ("absence_share_60d", pytest.approx(1.1))
    ]


def test_what_is_missing_in_the_same_words_is_one_reason():
    raising, lowering, _ = write(
        row({}, {"bereavement": 0.4, "family_burden_count": 0.3, "migrant_child": -0.2})
    )

    assert [(reason.text, reason.contribution) for reason in raising] == [
        ("Family information not on record or not known", pytest.approx(0.5))
    ]
    assert lowering == ()


def test_a_value_on_the_safe_side_never_words_a_raising_reason():
    stayed = np.full(N, 0.05)
    raising, _, other = write(row({"absence_share_60d": 0.0}, {"absence_share_60d": 0.9}), stayed)

    assert raising == ()
    assert other == pytest.approx(0.9)


def test_a_value_on_the_risky_side_words_a_raising_reason():
    raising, _, _ = write(row({"absence_share_60d": 0.4}, {"absence_share_60d": 0.9}), np.full(N, 0.05))

    assert "40%" in raising[0].text
    assert raising[0].comparison == {"kind": "stayed", "value": 0.05}
    assert raising[0].data_age_days == 3


@pytest.mark.parametrize(("language", "word"), [("en", "No"), ("zh", "没有")])
def test_a_missing_value_is_worded_as_missing_and_never_as_zero(language, word):
    raising, _, _ = write(row({}, {"absence_share_60d": 0.9}), language=language)

    assert raising[0].missing
    assert raising[0].value is None
    assert raising[0].comparison is None
    assert raising[0].text.startswith(word) or word in raising[0].text


def test_the_class_is_compared_with_before_those_who_stayed():
    raising, _, _ = write(
        row({"absence_share_60d": 0.4}, {"absence_share_60d": 0.9}, np.full(N, 0.1)), np.full(N, 0.05)
    )

    assert raising[0].comparison == {"kind": "class", "value": 0.1}


def test_the_own_past_is_compared_with_where_there_is_no_class():
    told = {"absence_share_60d": 0.4}, {"absence_share_60d": 0.9}
    (without_class,), _, _ = write(row(*told, past=np.full(N, 0.2)), np.full(N, 0.05))
    (with_class,), _, _ = write(row(*told, np.full(N, 0.1), np.full(N, 0.2)), np.full(N, 0.05))

    assert without_class.comparison == {"kind": "own_past", "value": 0.2}
    assert with_class.comparison == {"kind": "class", "value": 0.1}
    assert without_class.own_past == with_class.own_past == 0.2


@pytest.mark.parametrize(("classes", "past"), [(0.6, np.nan), (np.nan, 0.6), (0.6, 0.6)])
def test_a_class_or_a_past_that_speaks_for_the_other_side_is_not_shown(classes, past):
    told = {"absence_share_60d": 0.4}, {"absence_share_60d": 0.9}
    (reason,), _, _ = write(row(*told, np.full(N, classes), np.full(N, past)), np.full(N, 0.05))

    assert reason.comparison == {"kind": "stayed", "value": 0.05}


def test_a_lowering_reason_is_not_held_against_a_class_that_is_better():
    told = {"absence_share_60d": 0.1}, {"absence_share_60d": -0.9}
    _, (reason,), _ = write(row(*told, np.full(N, 0.02)), np.full(N, 0.3))

    assert reason.comparison == {"kind": "stayed", "value": 0.3}


@pytest.mark.parametrize(("value", "contribution"), [(0.003, 0.9), (-0.003, -0.9), (0.0, 0.9)])
def test_marks_that_rise_never_word_a_raising_reason_and_those_that_fall_no_lowering_one(value, contribution):
    stayed = np.full(N, 2 * value or 0.01)
    raising, lowering, other = write(
        row({"score_slope_200d": value}, {"score_slope_200d": contribution}), stayed
    )

    assert raising == lowering == ()
    assert other == pytest.approx(contribution)


def test_a_value_is_held_against_the_stayers_of_its_own_background():
    stayed = np.stack([np.full(N, 0.05), np.full(N, 0.5)])
    told = row({"absence_share_60d": 0.4}, {"absence_share_60d": 0.9})
    (reason,), _, _ = write(told, stayed)
    raising, _, other = write(told, stayed, place=1)

    assert reason.comparison == {"kind": "stayed", "value": 0.05}
    assert raising == ()
    assert other == pytest.approx(0.9)


def test_points_are_contributions_times_the_mean_slope_of_the_risk_from_the_base():
    raising, _, _ = write(row({"absence_share_60d": 0.4}, {"absence_share_60d": 1.0}), base=-2.0)

    assert raising[0].points == pytest.approx(1 / (1 + np.exp(1.0)) - 1 / (1 + np.exp(2.0)))
