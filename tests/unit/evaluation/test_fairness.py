"""The fairness report: verdict, small groups, reasons at equal risk, thresholds, words."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import EvaluationError, MissingExtraError
from dropout_risk.evaluation.questions.fairness import FairnessReport, without_fairlearn
from dropout_risk.evaluation.questions.fairness_rates import (
    ALL,
    AuditRows,
    equal_misses,
    reasons_at_equal_risk,
)
from dropout_risk.evaluation.questions.group_calibration import shrunk_shifts
from dropout_risk.evaluation.section import Section


def _given(n=4000, seed=0, *, told_less=0.0):
    """Pupils of two sexes; of girls the model sees a share of the risk less."""
    rng = np.random.default_rng(seed)
    sex = rng.choice(["female", "male"], n)
    true = rng.beta(1, 9, n)
    outcomes = (rng.uniform(size=n) < true).astype(int)
    risks = np.where(sex == "female", true * (1 - told_less), true)
    return outcomes, risks, np.repeat("2025-03-03", n), pd.DataFrame({"sex": sex})


def test_a_model_that_sees_less_of_one_groups_risk_fails_and_says_whom_it_misses():
    section = FairnessReport.of(*_given(told_less=0.5), share=0.1).section()
    assert section.checks[0].passed is False
    assert "misses more pupils of the group “female”" in section.remarks[0].en
    assert "“女”的学生被漏掉的比例" in section.remarks[0].zh
    assert section.metrics["fnr_gap.sex"] > 0.1


def test_a_model_that_treats_groups_alike_passes():
    report = FairnessReport.of(*_given(n=20_000), share=0.1)
    assert report.section().checks[0].passed is True
    assert report.beyond_chance() == []


def test_too_few_to_rule_out_a_gap_leave_the_check_open_and_say_how_large_it_may_be():
    check = FairnessReport.of(*_given(n=1500), share=0.1).section().checks[0]
    assert check.passed is None
    assert "may be as large as" in check.reason.en


def _of_schools():
    """Two schools, of one of which the model sees less than of the other."""
    outcomes, risks, days, groups = _given(told_less=0.5)
    names = groups["sex"].map({"female": "Beihe School", "male": "Nanshan School"})
    sums = pd.DataFrame({"attendance": names == "Beihe School", "grades": names == "Nanshan School"}) * 1.0
    return FairnessReport.of(
        outcomes, risks, days, names.to_frame("school"), share=0.1, contributions={"domains": sums}
    ).section()


def test_no_school_is_named_without_the_tables_by_school():
    section = _of_schools()
    assert section.checks[0].passed is False
    for language in ("zh", "en"):
        card = section.to_markdown(language, by_school=False)
        assert "Beihe" not in card
        assert "Nanshan" not in card
        assert section.to_markdown(language).count("Beihe") >= 3


def test_the_shift_drawn_in_is_that_of_the_calibration_part():
    outcomes, risks, days, groups = _given(told_less=0.5)
    frame = FairnessReport.of(outcomes, risks, days, groups, share=0.1).frame().loc["sex"]
    shifts = shrunk_shifts(outcomes, risks, groups["sex"].to_numpy(), np.arange(len(groups)))
    assert frame["shift_shrunk"].to_dict() == {one.group: one.shift for one in shifts.groups}


def test_rates_are_said_to_be_means_over_rows_and_intervals_to_leave_out_schools():
    said = " ".join(remark.en for remark in FairnessReport.of(*_given(n=1500)).section().remarks)
    assert "means over rows" in said
    assert "pupils of one school resemble each other is not in them" in said


def test_groups_too_small_to_compare_leave_the_check_open():
    outcomes, risks, days, groups = _given(n=120)
    report = FairnessReport.of(outcomes, risks, days, groups, share=0.1)
    assert report.section().checks[0].passed is None
    assert "nothing can be said" in report.section().remarks[0].en


def test_a_small_group_is_named_with_too_few_and_never_with_a_figure():
    outcomes, risks, days, groups = _given()
    groups.loc[:39, "sex"] = None
    groups.loc[40:44, "sex"] = "other"
    table = FairnessReport.of(outcomes, risks, days, groups, share=0.1).section().tables[0].to("en")
    small = {row[0]: row[1:] for row in table.rows[2:]}
    assert small == {
        "not recorded": ["40", "too few", *["–"] * 7],
        "other": ["< 10", "too few", *["–"] * 7],
    }


def test_the_section_is_plain_data_with_figures_and_reads_back():
    contributions = {"domains": pd.DataFrame(np.ones((4000, 2)), columns=["attendance", "grades"])}
    section = FairnessReport.of(*_given(), share=0.1, contributions=contributions).section()
    again = Section.from_dict(json.loads(json.dumps(section.to_dict())))
    assert again == section
    assert {
        "largest_fnr_gap",
        "fpr_gap.sex",
        "domains_distance.sex",
        "equal_misses_precision_lost.sex",
    } <= set(again.metrics)


def test_every_figure_is_in_the_frame_and_the_picture_shows_every_group():
    report = FairnessReport.of(*_given(), share=0.1)
    assert report.frame().index.tolist() == [("sex", "female"), ("sex", "male")]
    labels = [label.get_text() for label in report.chart().axes[0].get_yticklabels()]
    assert sorted(labels) == ["female", "male"]


def test_columns_of_another_length_are_refused():
    outcomes, risks, days, groups = _given()
    with pytest.raises(EvaluationError, match="'groups': 7"):
        FairnessReport.of(outcomes, risks, days, groups.head(7))
    with pytest.raises(EvaluationError, match="no attribute"):
        FairnessReport.of(outcomes, risks, days, groups[[]])


def test_without_fairlearn_the_check_stays_open_and_says_why(monkeypatch):
    monkeypatch.setitem(sys.modules, "fairlearn.metrics", None)
    with pytest.raises(MissingExtraError, match=r"dropout-risk\[train\]") as told:
        FairnessReport.of(*_given(n=100))
    assert without_fairlearn(told.value).checks[0].passed is None


def _reasons(of_group, *, seed=0, n=3000):
    """Leading domains drawn by risk and, as far as asked, by group; one group has the higher risks."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], n)
    risks = np.clip(rng.beta(2, 5, n) + 0.1 * (group == "b"), 0, 1)
    grades = rng.uniform(size=n) < risks * 0.8 + of_group * (group == "b")
    sums = pd.DataFrame({"attendance": np.where(grades, 0.1, 1.0), "grades": np.where(grades, 1.0, 0.1)})
    rows = AuditRows.of(np.arange(n) % 2, risks, np.zeros(n), None, 0.1)
    return reasons_at_equal_risk(rows, pd.Series(group), sums)


def test_reasons_that_follow_risk_alone_do_not_differ_by_group():
    found = [_reasons(0.0, seed=seed) for seed in range(20)]
    assert sum(shares.p < 0.05 for shares in found) <= 3
    assert found[0].overall == pytest.approx(found[0].by_chance, abs=0.05)


def test_reasons_that_follow_the_group_are_found_at_equal_risk():
    found = _reasons(0.4)
    assert found.p < 0.01
    assert found.shares.loc["b", "grades"] > found.expected.loc["b", "grades"] + 0.05


def test_a_group_of_few_pupils_is_left_out_of_the_reasons():
    rows = AuditRows.of(np.arange(500) % 2, np.linspace(0, 1, 500), np.zeros(500), None, 0.1)
    groups = pd.Series(["a", "b"] * 240 + ["c"] * 20)
    found = reasons_at_equal_risk(rows, groups, pd.DataFrame({"grades": np.ones(500)}))
    assert found.shares.index.tolist() == ["a", "b", "c"]
    groups.iloc[-1] = "a"
    assert "c" not in reasons_at_equal_risk(rows, groups, pd.DataFrame({"grades": np.ones(500)})).shares.index


def test_thresholds_per_group_miss_the_same_share_within_the_same_places():
    outcomes, risks, days, groups = _given(n=20_000, told_less=0.5)
    rows = AuditRows.of(outcomes, risks, days, None, 0.1)
    table = equal_misses(rows, groups["sex"], ["female", "male"]).table
    assert table.loc["female", "fnr_each"] == pytest.approx(table.loc["male", "fnr_each"], abs=0.01)
    assert table.loc["female", "fnr_one"] > table.loc["male", "fnr_one"] + 0.2
    assert table.loc[ALL, "places_each"] == table.loc[ALL, "places_one"] <= 2000


def test_thresholds_are_shown_and_change_no_list():
    outcomes, risks, days, groups = _given(told_less=0.5)
    report = FairnessReport.of(outcomes, risks, days, groups, share=0.1)
    assert "sex" in report.thresholds
    assert report.frame().loc[("sex", "female"), "selection"] < 0.05
    assert any("never applied" in remark.en for remark in report.section().remarks)
