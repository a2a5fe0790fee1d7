"""The calibration part of a report: right figures, honest intervals, and checks that can fail."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from dropout_risk.evaluation.questions.calibration import (
    CalibrationFigures,
    calibration_section,
    expected_calibration_error,
)
from dropout_risk.evaluation.questions.calibration import (
    TestRows as Rows,
)
from dropout_risk.evaluation.section import Section
from dropout_risk.modelling.calibration import LinearCalibration
from support.schools import drawn_schools


def judged(n_schools=30, n_pupils=120, spread=0.0, seed=0, bent=lambda margin: margin, **more):
    margin, y, pupils, cohorts = drawn_schools(n_schools, n_pupils, spread, seed)
    schools, days = cohorts["school_id"].to_numpy(), cohorts["as_of"].to_numpy()
    return Rows(y, expit(bent(margin)), pupils, schools, days, **more)


def checks(section):
    return {check.name: check.passed for check in section.checks}


def test_a_right_model_passes_and_its_intervals_hold_the_right_figures():
    held = []
    for seed in range(40):
        found = CalibrationFigures.of(judged(spread=0.2, seed=seed))
        (low, high), (down, up) = found.slope_bounds, found.in_the_large_bounds
        held.append([low <= 1 <= high, down <= 0 <= up])
    assert (np.mean(held, axis=0) >= 0.85).all()
    assert checks(calibration_section(judged())) == {
        "calibration_slope": True,
        "calibration_in_the_large": True,
    }


@pytest.mark.parametrize(
    ("bent", "failed"),
    [
        (lambda margin: 1.6 * (margin + 2.5) - 2.5, "calibration_slope"),
        (lambda margin: margin + 0.8, "calibration_in_the_large"),
    ],
)
def test_a_wrong_model_fails_the_check_that_it_should(bent, failed):
    assert checks(calibration_section(judged(n_pupils=300, bent=bent)))[failed] is False


def test_wrong_risks_do_not_pass_for_want_of_pupils():
    for seed in range(10):
        wrong = calibration_section(judged(10, 40, seed=seed, bent=lambda margin: margin + 0.8))
        assert checks(wrong)["calibration_in_the_large"] is not True


def test_right_risks_of_few_pupils_are_not_judged_rather_than_failed():
    found = [checks(calibration_section(judged(10, 40, seed=seed))) for seed in range(10)]
    assert all(False not in each.values() for each in found)
    assert any(None in each.values() for each in found)


def test_a_spread_of_schools_is_not_told_of_fewer_than_ten():
    few, enough = (calibration_section(judged(number, 100)) for number in (9, 10))
    assert "school_spread" not in few.metrics
    assert not any("schools differ by" in remark.en for remark in few.remarks)
    assert "school_spread" in enough.metrics


def test_too_few_dropouts_answer_no_check():
    assert set(checks(calibration_section(judged(2, 30))).values()) == {None}


def test_errors_are_clustered_by_school_only_where_there_are_ten():
    assert judged(10, 20).clusters[0] == "school"
    assert judged(9, 20).clusters[0] == "pupil"
    wide, narrow = (
        CalibrationFigures.of(judged(12, 300, spread, seed=1)).in_the_large_bounds for spread in (0.8, 0.0)
    )
    assert wide[1] - wide[0] > 2 * (narrow[1] - narrow[0])


def test_the_slope_error_is_the_sandwich_of_a_plain_loop():
    rows = judged(12, 40, spread=0.3)
    y, p = rows.outcomes, rows.risks
    x = np.log(p / (1 - p))
    fit = LogisticRegression(C=np.inf, tol=1e-10).fit(x[:, None], y)
    risk = fit.predict_proba(x[:, None])[:, 1]
    design = np.column_stack([x, np.ones(len(x))])
    bread, meat = np.linalg.inv(design.T @ (design * (risk * (1 - risk))[:, None])), np.zeros((2, 2))
    for school in np.unique(rows.schools):
        one = design[rows.schools == school].T @ (y - risk)[rows.schools == school]
        meat += np.outer(one, one)
    from scipy.stats import t

    half = t(11).ppf(0.975) * np.sqrt((bread @ meat @ bread)[0, 0] * 12 / 11)
    low, high = CalibrationFigures.of(rows).slope_bounds
    assert (high - low) / 2 == pytest.approx(half, rel=1e-4)


def test_the_calibration_error_is_that_of_a_plain_loop_and_grows_with_the_fault():
    rows = judged(bent=lambda margin: margin + 0.8)
    y, p = rows.outcomes, rows.risks
    order = np.argsort(p, kind="stable")
    plain = sum(abs((y - p)[part].sum()) for part in np.array_split(order, 10)) / len(p)
    error, (low, high) = expected_calibration_error(y, p, rows.clusters[1])
    assert error == pytest.approx(plain, rel=0.02)
    assert 0 < low < error < high
    right = CalibrationFigures.of(judged())
    assert right.error < 3 * right.by_chance
    assert error > 3 * right.by_chance


def test_the_section_can_be_read_back_and_holds_coverage_of_intervals_and_sets():
    margin, y, pupils, cohorts = drawn_schools(30, 120, 0.4, seed=7)
    model = LinearCalibration.fit(margin, y, pupils).among_schools(margin, y, pupils, cohorts)
    new = drawn_schools(30, 120, 0.4, seed=8)[0]
    section = calibration_section(
        judged(spread=0.4, seed=8, interval=model.interval(new), open_outcomes=model.sets.open_outcomes(new))
    )
    assert Section.from_dict(section.to_dict()) == section
    assert section.metrics["interval_coverage"] == pytest.approx(0.9, abs=0.06)
    assert section.metrics["interval_coverage_of_exact_risks"] < section.metrics["interval_coverage"]
    assert any("without intervals, risks taken as exact" in remark.en for remark in section.remarks)
    assert section.metrics["set_coverage_drop_out"] == pytest.approx(0.9, abs=0.06)
    assert section.metrics["school_spread"] == pytest.approx(0.4, abs=0.2)
    assert section.to_markdown("zh").count("学校") > 2


def test_one_class_only_gives_a_section_without_figures_that_are_not_defined():
    n = 40
    rows = Rows(np.zeros(n), np.full(n, 0.1), np.arange(n), np.repeat("s", n), np.repeat("d", n))
    section = calibration_section(rows)
    assert "slope" not in section.metrics
    assert set(checks(section).values()) == {None}


def test_schools_stay_out_of_the_card():
    section = calibration_section(judged())
    assert [table.by_school for table in section.tables] == [False, True]
    assert "| s" not in section.to_markdown("en", by_school=False)
