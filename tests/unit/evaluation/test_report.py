"""The report says everything, survives JSON, and escapes what it is given."""

import json
import math
import sys
from dataclasses import replace

import numpy as np
import pytest

from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.model_card.card import model_card, model_cards
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.report_tables import counts_table, results_table
from dropout_risk.evaluation.result import HeldOut, beside_the_rule
from dropout_risk.evaluation.section import Check, Section
from dropout_risk.text import Text

WORDS = Text(zh="甲", en="what was done")
EVIL = "<script>alert(1)</script>|x"


def _held_out(n=400, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.5, 1.2, n)
    risks = 1 / (1 + np.exp(-margin))
    return HeldOut(
        (rng.random(n) < risks).astype(int), risks, np.where(np.arange(n) % 2, "2025-03-03", "2025-04-01")
    )


def _baselines(n=400):
    rule = np.arange(n) % 10 == 0
    return [
        Baseline("base_rate", Text(zh="基准率", en="Base rate"), WORDS, risks=np.full(n, 0.2)),
        Baseline(
            "last_mark",
            Text(zh="最近成绩", en="Last mark"),
            WORDS,
            unavailable=Text(zh="没有成绩", en="no marks"),
        ),
        Baseline("abc_rule", Text(zh="ABC规则", en="ABC rule"), WORDS, risks=0.1 + 0.3 * rule, flagged=rule),
    ]


def _report(model="county", **options):
    given = {
        "candidate": "logistic",
        "synthetic": True,
        "horizon_days": 90,
        "events": ("dropout",),
        "capacity_share": 0.05,
        "split": {"train_as_of": ["2024-10-08"], "gap_as_of": [], "test_as_of": ["2025-03-03", "2025-04-01"]},
        "counts": {
            "train": {"rows": 9, "pupils": 8, "positives": 7, "leavers": 6},
            "censored": {"transferred": 3},
        },
        "hashes": {"data": "sha256:aa", "catalogue": "sha256:bb"},
        "selection": [
            {"candidate": "logistic", "log_loss": np.float64(0.2), "chosen": True, "excess": np.nan}
        ],
    }
    return EvaluationReport.of(_held_out(), _baselines(), model=model, **(given | options))


def _card(report, language):
    return model_card(report, language=language)


@pytest.fixture(scope="module")
def report():
    return _report()


def test_the_report_survives_json_without_nan(report):
    text = json.dumps(report.to_dict(), allow_nan=False)
    assert EvaluationReport.from_dict(json.loads(text)) == report
    assert json.loads(report.to_json()) == json.loads(text)


def test_figures_that_are_not_defined_are_none(report):
    assert report.result("base_rate").metrics["calibration_slope"] is None
    assert report.selection[0]["excess"] is None


def test_the_model_and_every_baseline_are_in_the_frame(report):
    frame = report.frame()
    assert list(frame.index) == ["model", "base_rate", "last_mark", "abc_rule"]
    assert frame.loc["last_mark", "not_available"] == "no marks"
    assert frame.loc["base_rate", "auc"] == 0.5


def test_every_test_day_is_reported_for_itself(report):
    days = report.snapshots()
    assert set(days.index) == {
        (day, name) for day in ("2025-03-03", "2025-04-01") for name in ("model", "base_rate", "abc_rule")
    }
    assert days.loc[("2025-03-03", "model"), "n"] == 200


def test_the_list_at_capacity_is_one_per_day(report):
    top = report.result().at_capacity
    assert (top["listed"], top["n"]) == (20, 400)


def test_the_model_is_compared_at_the_length_of_the_rules_own_list():
    y, p = np.array([1, 1, 0, 0, 1, 0]), np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3])
    rule = Baseline("abc_rule", WORDS, WORDS, risks=p, flagged=np.array([1, 0, 1, 0, 0, 0], dtype=bool))
    compared = beside_the_rule(HeldOut(y, p, np.zeros(6)), rule)
    assert compared["rule"] == {"precision": 1 / 2, "recall": 1 / 3, "specificity": 2 / 3}
    assert compared["model"]["recall"]["expected"] == 2 / 3
    assert compared["model"]["specificity"] == 1
    assert compared["recall_ratio"] == 2.0


def test_without_an_available_rule_there_is_no_comparison():
    report = EvaluationReport.of(
        _held_out(),
        [],
        model="m",
        candidate="c",
        synthetic=False,
        horizon_days=9,
        events=["dropout"],
        capacity_share=0.1,
    )
    assert report.at_rule is None
    assert "ABC" not in str(report)
    assert "SYNTHETIC" not in str(report)


def test_intervals_stand_in_frame_metrics_and_table_once_schools_are_known():
    rows, draws = _held_out(), np.random.default_rng(0).integers(8, size=400).astype(str)
    named = HeldOut(rows.outcomes, rows.risks, rows.as_of, draws, np.arange(400))
    report = EvaluationReport.of(
        named, _baselines(), model="m", candidate="c", synthetic=False, horizon_days=9, events=["dropout"],
        capacity_share=0.1, replicates=100,
    )  # fmt: skip
    flat, frame = report.metrics(), report.frame()
    assert flat["auc_low"] < flat["auc"] < flat["auc_high"]
    assert frame.loc["abc_rule", "log_loss_high"] == flat["baseline.abc_rule.log_loss_high"]
    assert f"[{flat['auc_low']:.2f}, {flat['auc_high']:.2f}]" in str(report)
    assert EvaluationReport.from_dict(json.loads(report.to_json())) == report


def test_flat_metrics_name_each_baseline_and_are_finite(report):
    flat = report.metrics()
    assert flat["auc"] == report.result().metrics["auc"]
    assert flat["baseline.abc_rule.auc"] == report.result("abc_rule").metrics["auc"]
    assert not any("last_mark" in name for name in flat)
    assert all(math.isfinite(value) for value in flat.values())


@pytest.mark.parametrize(
    "shown", [EvaluationReport.to_text, EvaluationReport.to_markdown, EvaluationReport._repr_html_]
)
def test_synthetic_data_and_what_is_not_available_are_said_plainly(report, shown):
    text = shown(report)
    assert "SYNTHETIC DATA" in text
    assert "Last mark: not available because no marks" in text
    assert "transferred" in text


def test_html_escapes_every_name_and_loads_nothing():
    text = _report(model=EVIL, candidate=EVIL, events=[EVIL])._repr_html_()
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "src=" not in text
    assert "http" not in text


def test_markdown_keeps_its_tables_whole_whatever_the_names():
    text = _report(candidate=EVIL).to_markdown("en")
    row = next(line for line in text.splitlines() if line.startswith("| Chosen candidate"))
    assert row == "| Chosen candidate | &lt;script&gt;alert(1)&lt;/script&gt;\\|x |"


def test_markdown_is_written_in_both_languages(report):
    assert "基准率" in report.to_markdown("zh")
    assert "Base rate" not in report.to_markdown("zh")
    assert "Base rate" in report.to_markdown("en")


def test_a_one_class_test_part_is_reported_and_not_a_crash():
    held_out = HeldOut(np.zeros(4), np.array([0.1, 0.2, 0.2, 0.3]), np.array(["d"] * 4))
    report = EvaluationReport.of(
        held_out,
        [],
        model="m",
        candidate="c",
        synthetic=False,
        horizon_days=9,
        events=["dropout"],
        capacity_share=0.5,
    )
    assert report.result().metrics["auc"] is None
    assert json.dumps(report.to_dict(), allow_nan=False)
    assert str(report)
    assert report.chart().axes


def test_the_chart_has_its_panels_and_leaves_no_global_figure(report):
    before = "matplotlib.pyplot" in sys.modules
    figure = report.chart()
    assert [axes.get_title().split()[0].rstrip(",") for axes in figure.axes] == [
        "Calibration",
        "Precision",
        "ROC",
        "Decision",
    ]
    assert "synthetic" in figure.get_suptitle()
    assert ("matplotlib.pyplot" in sys.modules) == before


def test_another_format_and_an_unknown_result_are_refused(report):
    with pytest.raises(EvaluationError):
        EvaluationReport.from_dict(report.to_dict() | {"format": 99})
    with pytest.raises(EvaluationError, match="abc_rule"):
        report.result("nobody")


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ["模拟数据", "不得用于", "局限"]), ("en", ["SYNTHETIC", "Not for", "Limits"])],
)
def test_the_card_warns_says_what_it_is_not_for_and_gives_the_baselines(report, language, words):
    card = model_card(report, language=language)
    assert all(word in card for word in words)
    assert "2024-10-08" in card
    assert report.result("abc_rule").label.to(language) in card
    assert model_cards(report)[language] == card


def test_a_random_split_is_named_in_every_form_of_the_report():
    report = _report(split={"kind": "random", "without_value": ["phq9_total"]})
    for text in (
        report.to_text(),
        report.to_markdown("en"),
        report._repr_html_(),
        model_card(report, language="en"),
    ):
        assert "RANDOM SPLIT" in text
        assert "phq9_total" in text
    assert "随机划分" in report.to_markdown("zh")
    assert "RANDOM" not in str(_report())


def test_the_counts_tell_rows_with_a_dropout_from_pupils_who_dropped_out(report):
    table = counts_table(report).to("en")
    assert dict(zip(table.columns, table.rows[0], strict=True))["Pupils who dropped out"] == "6"


@pytest.mark.parametrize(
    ("kind", "said"), [("temporal", "after its training only"), ("random", "no day after")]
)
def test_the_card_says_what_the_test_days_were(report, kind, said):
    card = model_card(replace(report, split=report.split | {"kind": kind}), language="en")
    assert said in card
    assert ("after its training only" in card) is (kind == "temporal")


def test_verdict_and_split_come_before_the_figures(report):
    text = report.to_text("en")
    places = [
        text.index(words) for words in ("Must not be published", "Test days", "Results on the test part")
    ]
    assert places == sorted(places)
    assert text.count("Test days") == 1


@pytest.mark.parametrize("write", [EvaluationReport.to_text, EvaluationReport.to_markdown, _card])
def test_hard_words_are_explained(report, write):
    text = write(report, "en")
    assert "How to read this" in text
    for word in (
        "AP (average precision)",
        "Lift",
        "Concordance",
        "Log-odds",
        "Brier score, log loss",
        "FNR, FPR",
    ):
        assert f"{word}: " in text


def test_the_chinese_report_keeps_no_english_key():
    report = _report(
        split={
            "train_as_of": [],
            "test_as_of": [],
            "calibration": "out of fold",
            "without_value": ["sdq_total"],
        },
        sections=[Section("leaks", WORDS, checks=(Check("future_read", True, WORDS),))],
    )
    text = report.to_markdown("zh")
    for key in (
        "out of fold",
        "transferred",
        "dropout",
        "log_loss",
        "True",
        "sdq_total",
        "future_read",
        "logistic",
    ):
        assert key not in text, key
    assert "转学" in text
    assert "读到以后的记录" in text


def test_the_card_says_on_whom_it_was_trained():
    of = {"schools": 12, "grade_levels": {"7": 300, "8": 280}, "missing": 0.25, "empty_features": 6}
    card = model_card(_report(counts={"population": {"train": of}}), language="en")
    assert "| Training | 12 | 7 (300), 8 (280) | 25.0% | 6 |" in card


@pytest.mark.parametrize(("low", "high", "shown"), [(0.5, 1.5, "[0.50, 1.50]"), (-33.0, 2215.0, "–")])
def test_an_interval_that_tells_nothing_is_a_dash(report, low, high, shown):
    first = report.results[0]
    ends = first.intervals | {"calibration_slope": {"low": low, "high": high}}
    wide = replace(report, results=(replace(first, intervals=ends), *report.results[1:]))
    row = results_table(wide).to("en").rows[1]

    assert dict(zip(results_table(wide).to("en").columns, row, strict=True))["Slope"] == shown
