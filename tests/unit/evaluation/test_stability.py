"""Stability of reasons, on contributions whose facts can be counted by hand."""

import numpy as np
import pytest

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.questions.stability import StabilityReport, leading_facts, pupils_again
from dropout_risk.explanation.reason_choice import Facts

CODES = np.array([0, 0, 1, 2, 3])  # the first two features are windows of one fact
FACTS = Facts(
    told=CODES,
    missing=np.array([4, 4, 5, 6, 7]),
    worse=np.zeros(5, dtype=np.int64),
    stayed=np.zeros((1, 5)),
    domains=np.zeros(5, dtype=np.int64),
    causes=np.zeros(5, dtype=np.int64),
    signed=np.zeros(5, dtype=np.int64),
    faults=np.zeros(5, dtype=np.int64),
    kept=np.zeros(5, dtype=np.int64),
    belied=np.zeros(5, dtype=np.int64),
)


def _report(own, *refits, bands=None):
    values = np.ones((len(own), 5))
    return StabilityReport.of(
        FACTS, values, np.array(own), [np.array(again) for again in refits], bands or ["high"] * len(own)
    )


def test_the_three_facts_that_raise_most_are_the_leading_ones():
    contributions = np.array([[0.3, 0.3, 0.5, 0.1, -0.9], [0.0, 0.0, 0.01, 0.0, 0.0]])
    assert leading_facts(FACTS, np.ones((2, 5)), contributions).tolist() == [[0, 1, 2], [-1, -1, -1]]


def test_a_missing_value_is_no_leading_fact():
    values = np.array([[1.0, 1.0, np.nan, 1.0, 1.0]])
    assert leading_facts(FACTS, values, np.array([[0.0, 0.0, 0.5, 0.0, 0.0]]))[0, 0] == -1


def test_kept_is_the_share_of_a_pupils_reasons_that_a_refit_has_too():
    own = [[0.5, 0.5, 0.4, 0.3, 0.0]]
    report = _report(own, [[0.0, 0.0, 0.4, 0.3, 0.9]], [[0.1, 0.5, 0.4, 0.3, 0.0]])
    assert report.kept.ravel().tolist() == pytest.approx([2 / 3, 1.0])
    assert report.first.ravel().tolist() == [0.0, 1.0]


def test_a_window_that_takes_over_from_another_changes_no_reason():
    report = _report([[0.9, 0.0, 0.0, 0.0, 0.0]], [[0.0, 0.9, 0.0, 0.0, 0.0]])
    assert report.kept.ravel().tolist() == [1.0]


def test_pupils_without_a_raising_reason_are_not_counted():
    own = [[0.5, 0.0, 0.0, 0.0, 0.0]] * 12 + [[-0.5, 0.0, 0.0, 0.0, 0.0]] * 3
    frame = _report(own, own).frame()
    assert frame.loc["all", ["pupils", "kept"]].tolist() == [12, 1.0]


def test_a_band_of_few_pupils_shows_its_number_only():
    own = [[0.5, 0.0, 0.0, 0.0, 0.0]] * 12
    frame = _report(own, own, bands=["high"] * 3 + ["low"] * 9).frame()
    assert frame.loc["high", "pupils"] == 3
    assert frame.loc["high"].drop("pupils").isna().all()


def test_reasons_that_everyone_shares_are_seen_not_to_be_personal():
    rows = [[0.5, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0, 0.0]] * 6
    assert _report(rows, rows).frame().loc["all", "of_another"] == 0.0
    same = [rows[0]] * 12
    assert _report(same, same).frame().loc["all", "of_another"] == 1.0


def test_resampling_takes_all_rows_of_a_pupil_or_none():
    pupils = np.array(["a", "b", "a", "c", "b", "a"])
    rows = pupils_again(pupils, np.random.default_rng(3))
    times = {name: np.bincount(rows, minlength=6)[pupils == name] for name in "abc"}
    assert all(len(set(counts)) == 1 for counts in times.values())
    assert sum(counts[0] for counts in times.values()) == 3


def test_refits_on_fewer_pupils_are_said_to_differ_too_much():
    own, values = np.array([[0.5, 0.0, 0.0, 0.0, 0.0]] * 12), np.ones((12, 5))
    report = StabilityReport.of(FACTS, values, own, [own], ["high"] * 12, share=0.3)
    assert "more stable than shown" in report.section().remarks[1].en
    assert len(pupils_again(range(100), np.random.default_rng(0), share=0.3)) == 30


def test_without_a_refit_there_is_nothing_to_say():
    with pytest.raises(EvaluationError, match="at least one refit"):
        _report([[0.5, 0.0, 0.0, 0.0, 0.0]])


def _checked(own, *refits):
    (check,) = _report(own, *refits).section().checks
    return check


def test_reasons_that_are_personal_and_stay_pass_and_those_that_everyone_shares_do_not():
    personal = [[0.5, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0, 0.0]] * 10
    same = [personal[0]] * 20
    assert _checked(personal, personal, personal).passed is True
    assert _checked(same, same, same).passed is False


def test_reasons_that_every_refit_changes_fail():
    own = [[0.5, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0, 0.0]] * 10
    other = [[0.0, 0.0, 0.0, 0.5, 0.0]] * 20
    assert _checked(own, other, other).passed is False


def test_refits_that_do_not_agree_leave_the_check_open():
    own = [[0.5, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.0, 0.0]] * 10
    other = [[0.0, 0.0, 0.0, 0.5, 0.0]] * 20
    assert _checked(own, own, other).passed is None
    assert _checked(own, own).passed is None  # of one refit nobody knows


def test_without_a_raising_reason_the_check_stays_open():
    own = [[-0.5, 0.0, 0.0, 0.0, 0.0]] * 12
    assert _checked(own, own, own).passed is None
