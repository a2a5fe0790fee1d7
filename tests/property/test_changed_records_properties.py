"""Whatever is changed of an untidy record: it is help, it fits together, and nothing else moves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import dropout_risk as dr
from dropout_risk.catalogue.levers import LEVERS
from dropout_risk.features.compute import compute_features
from dropout_risk.scoring.changes.changed_records import ChangeableRecords
from support.districts import untidy_histories

DAYS = ("2024-10-14", "2024-12-02", "2025-02-24", "2025-04-07")
CATALOGUE = dr.default_catalogue()
steps = st.tuples(*(st.integers(0, len(lever.levels)) for lever in LEVERS))
pupils = st.lists(st.integers(0, 155), min_size=1, max_size=6, unique=True)


def both(day, whose, changes):
    """Features of some pupils as they are, and with a record changed by each of some steps."""
    histories = untidy_histories()
    now = compute_features(histories, day, CATALOGUE)
    records = ChangeableRecords.of(histories.take(whose).on(day), LEVERS)
    of, each = np.repeat(np.arange(len(whose)), len(changes)), np.tile(np.array(changes), (len(whose), 1))
    changed = compute_features(records.with_steps(of, each), day, CATALOGUE, context=now.context)
    return now.values[np.array(whose)[of]], changed.values


@given(day=st.sampled_from(DAYS), whose=pupils, changes=st.lists(steps, min_size=1, max_size=4))
@settings(max_examples=40)
def test_a_change_of_the_record_is_help_for_every_feature_with_a_direction(day, whose, changes):
    now, changed = both(day, whose, changes)

    assert not (np.array(CATALOGUE.monotone) * np.nan_to_num(changed - now) > 1e-12).any()
    assert np.array_equal(np.isnan(now), np.isnan(changed))
    low, high = np.array([item.valid_range for item in CATALOGUE.values()]).T
    beyond = (changed < low) | (changed > high)
    assert not (beyond & ~((now < low) | (now > high))).any()


@given(day=st.sampled_from(DAYS), whose=pupils, changes=st.lists(steps, min_size=1, max_size=3))
@settings(max_examples=25)
def test_tests_family_and_what_nobody_can_change_keep_their_bits(day, whose, changes):
    now, changed = both(day, whose, changes)
    fixed = [place for place, item in enumerate(CATALOGUE.values())
             if item.domain in ("psychology", "family") or not item.actionable]  # fmt: skip

    assert np.array_equal(now[:, fixed], changed[:, fixed], equal_nan=True)


@given(day=st.sampled_from(DAYS), whose=pupils)
@settings(max_examples=15)
def test_no_step_gives_the_record_as_it_is_and_more_steps_never_take_help_back(day, whose):
    now, changed = both(day, whose, [(level,) * len(LEVERS) for level in range(5)])
    by_level = changed.reshape(len(whose), 5, -1)

    assert np.array_equal(by_level[:, 0], now[::5], equal_nan=True)
    worse = np.array(CATALOGUE.monotone) * np.nan_to_num(np.diff(by_level, axis=1))
    assert not (worse > 1e-12).any()


def test_days_missed_are_no_longer_missed_and_all_windows_agree():
    histories = untidy_histories()
    names = [
        "absence_share_10d",
        "absence_share_20d",
        "absence_streak",
        "unexcused_share_20d",
        "days_since_present",
    ]
    catalogue = CATALOGUE.select(names)
    records = ChangeableRecords.of(histories.on(DAYS[3]), LEVERS)
    everyone = np.arange(len(histories))
    full = np.tile([4, 0, 0, 0], (len(histories), 1))
    values = compute_features(records.with_steps(everyone, full), DAYS[3], catalogue).values

    recorded = ~np.isnan(values[:, 1])
    assert (values[recorded][:, [1, 3]] == 0).all()
    assert (np.nan_to_num(values[recorded][:, [0, 2]]) == 0).all()
