"""A section and its checks are declared once: what reads reports goes by the one list."""

from collections import Counter

import pytest

from dropout_risk.evaluation import sections
from dropout_risk.evaluation.model_card.card import model_card
from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.section import Question, SectionKind, SectionTable
from dropout_risk.text import Text
from support.reports import report, sound

QUIET = Question("quiet_mornings", "安静的早晨")
TOY = SectionKind(
    name="toy",
    title=Text(zh="玩具", en="Toy"),
    of_figures=lambda measured: TOY.section(
        [Text(zh="共两行", en="two rows in all")],
        [SectionTable(Text(zh="行", en="Rows"), ("", "n"), (("all", len(measured.held_out.y)),))],
        {"rows": float(len(measured.held_out.y))},
        [QUIET.answered(False, Text(zh="太吵", en="too loud"))],
    ),
    questions=(QUIET,),
    required=Text(zh="玩具一节", en="the toy"),
    panels=(lambda axes, report: axes.set_title("Toy"),),
)


@pytest.fixture
def with_toy(monkeypatch):
    monkeypatch.setattr(sections, "SECTIONS", (*sections.SECTIONS, TOY))


@pytest.mark.usefixtures("with_toy")
@pytest.mark.parametrize("read_back", [False, True])
def test_a_declared_section_is_in_every_form_of_the_report_and_in_the_verdict(read_back):
    made = report(sound())
    made = EvaluationReport.from_dict(made.to_dict()) if read_back else made

    assert made.metrics()["toy.rows"] == 4
    assert next(item["checks"] for item in made.to_dict()["sections"] if item["name"] == "toy") == [
        {"name": "quiet_mornings", "passed": False, "reason": {"zh": "太吵", "en": "too loud"}}
    ]
    for text in (
        made.to_text("en"),
        made.to_markdown("en"),
        made._repr_html_(),
        model_card(made, language="en"),
    ):
        assert "quiet_mornings failed (too loud)" in text
    assert "安静的早晨未通过（太吵）" in made.to_text("zh")
    assert "安静的早晨：未通过（太吵）" in Verdict.of(made).text("zh")
    assert "Toy" in [axes.get_title() for axes in made.chart().axes]


def test_a_report_without_a_required_section_names_it(monkeypatch):
    made = report(sound())
    monkeypatch.setattr(sections, "SECTIONS", (*sections.SECTIONS, TOY))

    assert "the report has no section on the toy" in Verdict.of(made).text("en")


def test_keys_and_titles_are_declared_once():
    names = Counter(kind.name for kind in sections.SECTIONS)
    questions = Counter(question.name for kind in sections.SECTIONS for question in kind.questions)

    assert set(names.values()) == set(questions.values()) == {1}
    assert all((kind.of_figures is None) != (kind.of_model is None) for kind in sections.SECTIONS)
