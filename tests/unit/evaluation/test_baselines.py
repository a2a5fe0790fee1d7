"""The baselines do what they claim, on frames small enough to check by hand."""

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.measures import FailingCount, ScoreLast
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.baselines import (
    AbcColumns,
    BaselineRows,
    abc_columns,
    abc_flags,
    fit_baselines,
    last_mark_risks,
)

CATALOGUE = default_catalogue()
COLUMNS = abc_columns(CATALOGUE)
LAST = "score_last_200d"
NAMES = ["base_rate", "last_mark", "abc_rule", "school_only"]


def _rows(absence, suspended, failing, last, schools, outcomes=None):
    features = pd.DataFrame(np.nan, index=range(len(schools)), columns=CATALOGUE.names)
    features[COLUMNS.absence], features[COLUMNS.suspension] = absence, suspended
    features[COLUMNS.failing], features[LAST] = failing, last
    return BaselineRows(
        features, np.array(schools, dtype=object), None if outcomes is None else np.array(outcomes)
    )


TRAIN = _rows(
    absence=[0.0, 0.3, 0.2, 0.1, 0.0, 0.0],
    suspended=[0, 1, 0, 0, 0, 0],
    failing=[0, 1, 0, 2, 0, 0],
    last=[0.9, 0.3, 0.4, 0.5, 0.8, np.nan],
    schools=["a", "a", "a", "b", "b", "b"],
    outcomes=[0, 1, 1, 0, 0, 1],
)
TEST = _rows([0.0, 0.25, 0.19], [0, 2, 0], [0, 1, 0], [0.95, 0.2, np.nan], ["a", "b", "c"])


def _by_name(catalogue=CATALOGUE):
    return {baseline.name: baseline for baseline in fit_baselines(TRAIN, TEST, catalogue)}


def test_all_four_are_there_and_give_probabilities():
    found = fit_baselines(TRAIN, TEST, CATALOGUE)
    assert [baseline.name for baseline in found] == NAMES
    for baseline in found:
        assert baseline.risks.shape == (3,)
        assert ((baseline.risks > 0) & (baseline.risks < 1)).all()
        assert baseline.description.zh
        assert baseline.description.en


def test_base_rate_gives_everyone_the_training_rate():
    assert _by_name()["base_rate"].risks.tolist() == [0.5, 0.5, 0.5]


def test_abc_counts_flags_and_names_whoever_has_one():
    assert abc_flags(TEST.features, COLUMNS).tolist() == [0, 3, 0]
    assert abc_flags(TRAIN.features, COLUMNS).tolist() == [0, 3, 1, 2, 0, 0]
    assert _by_name()["abc_rule"].flagged.tolist() == [False, True, False]


def test_abc_gives_the_training_rate_of_the_same_number_of_flags():
    # no flag: one dropout of three; three flags: one of one; each with one row of the base rate added
    expected = [(1 + 0.5) / 4, (1 + 0.5) / 2, (1 + 0.5) / 4]
    assert _by_name()["abc_rule"].risks == pytest.approx(expected)


@pytest.mark.parametrize(("absence", "flags"), [(0.2, 1), (0.1999, 0), (0.2 - 1e-15, 1), (np.nan, 0)])
def test_eighty_percent_attendance_is_a_flag_and_missing_is_not(absence, flags):
    frame = pd.DataFrame({"a": [absence], "s": [np.nan], "f": [np.nan]})
    assert abc_flags(frame, AbcColumns("a", "s", "f")).tolist() == [flags]


def test_school_only_draws_the_school_rate_to_the_base_rate():
    # school a: 2 of 3, school b: 1 of 3, school c was never seen; 20 rows of the base rate 0.5 added
    assert _by_name()["school_only"].risks == pytest.approx([12 / 23, 11 / 23, 0.5])


def test_the_last_mark_ranks_low_marks_first():
    rng = np.random.default_rng(0)
    marks = rng.uniform(0, 1, 400)
    y = (rng.random(400) < 0.6 * (1 - marks)).astype(float)
    risks = last_mark_risks(pd.Series(marks), y, pd.Series([0.1, 0.5, 0.9]))
    assert risks[0] > risks[1] > risks[2]


def test_pupils_without_a_mark_get_the_training_rate_of_pupils_without_one():
    marks = pd.Series([np.nan] * 8 + [0.5, 0.6, 0.7, 0.8])
    y = np.array([1.0] * 4 + [0.0] * 4 + [0, 0, 1, 0])
    risks = last_mark_risks(marks, y, pd.Series([np.nan]))
    assert risks == pytest.approx([(4 + 5 / 12) / 9])


def test_marks_that_never_vary_give_everyone_the_same_risk():
    risks = last_mark_risks(pd.Series([0.5, 0.5]), np.array([0.0, 1.0]), pd.Series([0.1, 0.9]))
    assert risks[0] == risks[1]


@pytest.mark.parametrize(
    ("left_out", "name", "said"),
    [(ScoreLast, "last_mark", "last mark"), (FailingCount, "abc_rule", "failing core subjects")],
)
def test_a_baseline_the_catalogue_cannot_carry_says_why(left_out, name, said):
    kept = [key for key, feature in CATALOGUE.items() if not isinstance(feature.measure, left_out)]
    found = {baseline.name: baseline for baseline in fit_baselines(TRAIN, TEST, CATALOGUE.select(kept))}
    assert list(found) == NAMES
    assert found[name].risks is None
    assert said in found[name].unavailable.en
    assert sum(baseline.risks is None for baseline in found.values()) == 1


def test_fitting_without_outcomes_is_refused():
    with pytest.raises(EvaluationError):
        fit_baselines(TEST, TEST, CATALOGUE)
