"""Training refuses leaks, unless somebody has allowed a column and says why."""

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.catalogue import measures as declared
from dropout_risk.errors import LeakError, SettingsError
from dropout_risk.evaluation.parts import labelled_cohort, make_parts
from dropout_risk.evaluation.questions.leak_section import leaks_section, refuse_leaks
from dropout_risk.features import compute
from dropout_risk.settings import Settings

CATALOGUE = dr.default_catalogue().select(["absence_share_20d", "score_mean", "days_since_exam"])
HONEST = {"days_since_exam": "the school announces who moves away"}


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=400, seed=3))


def dropping_out_soon(measure, window, inputs):
    """Who will drop out: what nobody knows in time."""
    known, rows = inputs.snapshot, inputs.snapshot.histories.outcomes
    days = rows.columns["date"] - known.ordinal
    soon = (days >= 0) & (days < 190) & (rows.columns["event"] == known.code("event", "dropout"))
    return np.isin(np.arange(len(known)), rows.pupil[soon]).astype(float)


def refused(histories, **allowed):
    settings = Settings(leaks={"allowed": allowed})
    cohort = labelled_cohort(histories, settings)
    parts = make_parts(histories, cohort, dr.build_features(histories, cohort, CATALOGUE), settings)
    return refuse_leaks(histories, parts, CATALOGUE, settings)


def test_honest_features_are_let_through_and_every_check_was_made(histories):
    report = refused(histories)
    assert report.found == ()
    assert [check.name for check in report.checks if check.not_judged is not None] == ["known_late"]


def test_what_cannot_fail_is_no_check_of_the_report(histories):
    section = leaks_section(refused(histories))
    names = {check.name for check in section.checks}
    assert "known_late" not in names
    assert "future_read" in names
    assert any("future_read" in row[1].en for row in section.tables[0].rows)


def test_a_leak_stops_the_training_with_every_finding(histories, monkeypatch):
    monkeypatch.setitem(compute.MEASURES, declared.DaysSinceExam, dropping_out_soon)
    with pytest.raises(LeakError) as raised:
        refused(histories)
    assert "tells_the_outcome, column 'days_since_exam'" in raised.value.message
    assert "future_read, column 'days_since_exam'" in raised.value.message


def test_a_column_that_is_allowed_is_let_through_with_its_reason(histories, monkeypatch):
    monkeypatch.setitem(compute.MEASURES, declared.DaysSinceExam, dropping_out_soon)
    report = refused(histories, **HONEST)
    assert report.allowed == HONEST
    assert {leak.check for leak in report.found} >= {"tells_the_outcome", "future_read"}


def test_a_column_that_is_not_there_cannot_be_allowed(histories):
    with pytest.raises(SettingsError, match="days_since_exm"):
        refused(histories, days_since_exm="a slip of the pen")


def test_a_reason_is_required():
    with pytest.raises(SettingsError, match=r"leaks\.allowed"):
        Settings(leaks={"allowed": {"days_since_exam": ""}})
