"""The intervals of pupils against the errors that the model's own report prints."""

import pytest

from dropout_risk.evaluation.model_card.caution import report_in
from dropout_risk.evaluation.questions.band_calibration import BAND_CALIBRATION
from dropout_risk.simulate.district import simulate_district


@pytest.fixture(scope="module")
def scores(risk_model):
    return risk_model.score(simulate_district(n_students=150, seed=5), "2025-03-03")


def test_no_pupils_interval_is_narrower_than_the_printed_error_of_its_band(risk_model, scores):
    bands = report_in(risk_model.metrics).section(BAND_CALIBRATION.name).points["bands"]
    errors = {row["band"]: row["observed"] - row["mean_risk"] for row in bands}
    seen = [pupil for pupil in scores.pupils if pupil.band in errors]
    assert len(seen) > 50
    for pupil in seen:
        low, high = pupil.interval
        assert high - low >= min(abs(errors[pupil.band]), pupil.risk) - 1e-9
        assert low <= max(pupil.risk + min(errors[pupil.band], 0.0), 0.0) + 1e-9
        assert high >= pupil.risk + max(errors[pupil.band], 0.0) - 1e-9


def test_no_pupils_interval_is_narrower_than_the_printed_error_of_its_tenth(risk_model, scores):
    bins = sorted(risk_model.metrics["calibration"], key=lambda row: row["from"])
    for pupil in scores.pupils:
        of = ([row for row in bins if row["from"] <= pupil.risk] or bins[:1])[-1]
        gap = of["observed"] - of["mean_risk"]
        assert pupil.interval[0] <= max(pupil.risk + min(gap, 0.0), 0.0) + 1e-9
        assert pupil.interval[1] >= pupil.risk + max(gap, 0.0) - 1e-9
