from dataclasses import replace
from importlib import resources

import numpy as np
import pytest

from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.evaluation.section import Section, SectionTable, to_html
from dropout_risk.features.cohort import histories_of
from dropout_risk.pages.model_page import PLOT_HEIGHT, CalibrationPlot, OverallReasons, model_page
from dropout_risk.scoring.population import score_blocks
from dropout_risk.simulate.district import simulate_district
from dropout_risk.text import Text

AS_OF = "2025-03-03"


@pytest.fixture(scope="module")
def histories():
    return histories_of(simulate_district(n_students=120, seed=11))


def scored(model, histories):
    return list(score_blocks(model, histories, AS_OF, sentences=False))


def test_facts_are_ordered_by_their_mean_weight_over_the_cohort(risk_model, histories):
    batches, weights = scored(risk_model, histories), {}
    for row in [row for batch in batches for row in batch["contributions"].to_pylist()]:
        facts = {}
        for name, feature in risk_model.catalogue.items():
            facts[feature.family] = facts.get(feature.family, 0.0) + row[name]
        for family, total in facts.items():
            weights.setdefault(family, []).append(abs(total))
    expected = sorted((np.mean(of) for of in weights.values()), reverse=True)
    drawn = OverallReasons.of(batches, risk_model.catalogue, "en")
    assert [row.weight for row in drawn.rows] == [f"{weight:.2f}" for weight in expected if weight][
        : len(drawn.rows)
    ]


def test_half_of_the_pupils_lie_within_nine_tenths_of_them(risk_model, histories):
    for row in OverallReasons.of(scored(risk_model, histories), risk_model.catalogue, "zh").rows:
        assert 0 <= row.outer[0] <= row.inner[0] <= row.inner[1] <= row.outer[1] <= 100


def test_a_handful_of_pupils_is_not_spread_out(risk_model, histories):
    few = [batch.slice(0, 5) for batch in scored(risk_model, histories)]
    assert OverallReasons.of(few, risk_model.catalogue, "en").rows == ()


def test_facts_of_hidden_domains_are_left_out(risk_model, histories):
    shown = [
        {
            row.domain
            for row in OverallReasons.of(
                scored(risk_model, histories), risk_model.catalogue, "en", hidden
            ).rows
        }
        for hidden in ((), ("psychology",))
    ]

    assert shown[0] - shown[1] == {DOMAINS["psychology"].en}


def test_groups_on_the_diagonal_are_drawn_on_it():
    bins = [
        {"mean_risk": risk, "observed": risk, "low": 0.0, "high": risk, "n": 9} for risk in (0.02, 0.3, 0.6)
    ]
    for group in CalibrationPlot.of(bins).groups:
        assert group.x / 100 == pytest.approx(1 - group.y / PLOT_HEIGHT, abs=0.001)
        assert group.low == PLOT_HEIGHT


def test_a_model_without_an_evaluation_says_so_and_draws_nothing(risk_model, histories):
    page = model_page(replace(risk_model, metrics={}), [], "en")
    assert (page.evaluated, page.calibration, page.sections) == (False, None, ())


def with_section(model, **changes):
    held_out = HeldOut(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), as_of=np.array([AS_OF] * 4))
    table = SectionTable(Text(zh="甲", en="Gap"), ("group", "gap"), (("girls", 0.01),))
    section = Section("fairness", Text(zh="公平性", en="Fairness"), tables=(table,))
    report = EvaluationReport.of(
        held_out, [], model="m", candidate="logistic", synthetic=True, horizon_days=90, events=["dropout"],
        capacity_share=0.25, sections=[section],
    )  # fmt: skip
    return replace(model, metrics=report.to_dict(), **changes)


def test_sections_of_the_report_are_shown_once(risk_model):
    page = model_page(with_section(risk_model, card={}), [], "en")
    assert [section.title for section in page.sections].count("Fairness") == 1
    told = model_page(
        with_section(risk_model, card={"en": "# Card\n\n## Fairness\n\nTold here.\n"}), [], "en"
    )
    assert [section.title for section in told.sections].count("Fairness") == 0


def test_markdown_becomes_headings_below_the_pages_own_and_tables():
    html = to_html("# A\n\n## B\n\n| a | b |\n|---|---|\n| 1 | 2 |\n", under=1)
    assert "<h2>A</h2>" in html
    assert "<h3>B</h3>" in html
    assert "<td>2</td>" in html


@pytest.mark.parametrize(
    "evil", ["<script>x</script>", "[a](javascript:x)", "![a](https://h/x)", "<img src=x>"]
)
def test_nothing_in_a_card_runs_or_is_fetched(evil):
    html = to_html(f"# A\n\n{evil}\n\n| {evil} |\n|---|\n| {evil} |\n")
    assert not [tag for tag in ("<script", "<a ", "<img") if tag in html]


def test_the_field_of_the_page_is_as_high_as_the_plot():
    charts = resources.files("dropout_risk.pages") / "templates" / "charts.html"
    _, field = charts.read_text(encoding="utf-8").split("{% macro calibration")
    assert f'height="{PLOT_HEIGHT}"' in field.split("{% endmacro %}")[0]
