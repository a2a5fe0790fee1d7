import math

from dropout_risk.evaluation.section import Check, Section, SectionTable
from dropout_risk.text import Text

SECTION = Section(
    "fairness",
    Text(zh="公平", en="Fairness"),
    remarks=(Text(zh="人数太少", en="too few <pupils>"),),
    tables=(
        SectionTable(
            Text(zh="各组", en="By group"),
            (Text(zh="组", en="Group"), "FNR"),
            (("a", 0.25), (Text(zh="其他", en="others"), math.nan), ("b", None)),
        ),
    ),
    metrics={"gap": 0.1, "undefined": math.nan},
    checks=(Check("gap", None, Text(zh="现有数据不足以判断", en="no positives")),),
)


def test_a_section_read_back_says_the_same_in_both_languages():
    again = Section.from_dict(SECTION.to_dict())

    assert again.to_markdown("zh") == SECTION.to_markdown("zh")
    assert again.to_text("en") == SECTION.to_text("en")
    assert again.metrics == {"gap": 0.1}


def test_an_undefined_figure_is_a_dash_and_an_unanswered_check_is_said_plainly():
    text = SECTION.to_markdown("en")

    assert "| others | – |" in text
    assert "gap could not be made (no positives)" in text


def test_every_word_of_a_section_is_escaped_on_a_page():
    assert "too few &lt;pupils&gt;" in SECTION.to_html("en")
