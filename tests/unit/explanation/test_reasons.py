import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.explanation.reason import Reason
from dropout_risk.explanation.reasons import ReasonWriter, ScoredRows
from dropout_risk.features.footing import Footing

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
    footings = None if age < 0 else StandOn(np.array([DAY - age]))
    return ScoredRows(
        *arrays, np.zeros(1), np.zeros(1), np.zeros(1, np.int64), footings=footings, ordinal=DAY
    )


DAY = 20_000


class StandOn:
    """Footings by which every value came from one day, and shares are of 20 days."""

    def __init__(self, day):
        self.day = day.astype(np.int32)

    def of(self, name, pupils):
        return Footing(self.day[pupils], self.day[pupils], scale=np.full(len(pupils), 20.0))


def write(rows, stayed=NOTHING, language="en", place=0, base=0.0):
    log_odds = np.array([base + rows.contributions.sum()])
    rows = replace(rows, base=np.array([base]), log_odds=log_odds, backgrounds=np.array([place]))
    writer = ReasonWriter(CATALOGUE, stayed, language)
    chosen = writer.choose(rows)
    told = (side.arrow().to_pylist()[0] for side in writer.write(chosen, rows))
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


@pytest.mark.parametrize("way", [1, -1])
def test_what_is_missing_is_no_reason_and_stays_in_the_sum(way):
    raising, lowering, other = write(row({}, {"bereavement": 0.4 * way, "family_burden_count": 0.3 * way}))

    assert raising == lowering == ()
    assert other == pytest.approx(0.7 * way)


@pytest.mark.parametrize("name", ["absence_share_60d", "missed_exams_60d", "absence_spells_60d"])
def test_what_went_wrong_never_words_a_lowering_reason(name):
    stayed = np.full(N, 5.0)
    _, told, _ = write(row({name: 0.0}, {name: -0.9}), stayed)
    _, nothing, other = write(row({name: 1.0}, {name: -0.9}), stayed)

    assert [reason.feature for reason in told] == [name]
    assert nothing == ()
    assert other == pytest.approx(-0.9)


@pytest.mark.parametrize("name", ["absence_trend_10d", "absence_weekday_excess_60d"])
def test_a_value_that_reads_as_worse_never_words_a_lowering_reason_though_no_direction_is_declared(name):
    raising, lowering, _ = write(row({name: 0.2}, {name: -0.9}))

    assert raising == lowering == ()


def test_a_reason_names_what_it_merges():
    names = {"absence_share_10d": 0.5, "absence_share_60d": 0.3, "single_parent": 1.0}
    raising, _, _ = write(row(names, dict.fromkeys(names, 0.4)))

    assert [reason.merges for reason in raising] == [
        ("absence_share_10d", "absence_share_60d"),
        ("single_parent",),
    ]


def test_a_value_on_the_safe_side_never_words_a_raising_reason():
    stayed = np.full(N, 0.05)
    raising, _, other = write(row({"absence_share_60d": 0.0}, {"absence_share_60d": 0.9}), stayed)

    assert raising == ()
    assert other == pytest.approx(0.9)


def test_a_value_on_the_risky_side_words_a_raising_reason():
    raising, _, _ = write(row({"absence_share_60d": 0.4}, {"absence_share_60d": 0.9}), np.full(N, 0.05))

    assert "Absent on 8 of the last 60 school days" in raising[0].text
    assert (raising[0].counted, raising[0].counted_unit) == (8.0, "days")
    assert raising[0].comparison == {"kind": "stayed", "value": 0.05}
    assert raising[0].data_age_days == 3
    assert raising[0].first_day == raising[0].last_day == dt.date(1970, 1, 1) + dt.timedelta(DAY - 3)


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
    told = {"mht_total": 30.0}, {"mht_total": -0.9}
    _, (reason,), _ = write(row(*told, np.full(N, 20.0)), np.full(N, 40.0))

    assert reason.comparison == {"kind": "stayed", "value": 40.0}


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
