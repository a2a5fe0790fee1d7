"""The card: a first page for everybody, pictures, and Chinese that is Chinese."""

import datetime as dt
import html
import re

import pytest

from dropout_risk.evaluation.model_card.card import card_page, model_card
from dropout_risk.evaluation.model_card.card_figures import card_figures
from dropout_risk.evaluation.model_card.caution import report_in
from dropout_risk.evaluation.model_card.first_page import line_for_lists, three_sentences, why_not
from dropout_risk.evaluation.model_card.versions import versions_page
from dropout_risk.evaluation.questions.effects import EFFECTS
from dropout_risk.text import date_in_words
from support.reports import report

ALLOWED = {
    "AUC", "ROC", "ABC", "Brier", "FNR", "FPR", "Holm", "LightGBM", "MHT", "MSSMHS", "PHQ", "GAD", "SDQ",
    "SCL", "ln", "dropout_risk",
}  # fmt: skip
"""Names and signs that Chinese reports use as they are."""
FINGERPRINT = re.compile(r"(sha256:)?[0-9a-f]{8,}")


@pytest.fixture(scope="module")
def made(risk_model):
    return report_in(risk_model.metrics)


@pytest.fixture(scope="module", params=["zh", "en"])
def page(request, made):
    card = model_card(made, language=request.param)
    return card_page(card, request.param, card_figures(made, request.param))


def stray_words(page):
    """The English words that a reader of a page sees or hears."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    heard = " ".join(re.findall(r'aria-label="([^"]*)"', body))
    seen = FINGERPRINT.sub(" ", html.unescape(re.sub(r"<[^>]*>", " ", body) + heard))
    return {word for word in re.findall(r"[A-Za-z][A-Za-z_.]+", seen) if word.strip(".") not in ALLOWED}


def test_a_chinese_card_has_no_english_word_outside_the_list(made):
    assert stray_words(card_page(model_card(made, language="zh"), "zh", card_figures(made, "zh"))) == set()


def test_two_versions_side_by_side_in_chinese_have_no_english_word_outside_the_list(made):
    assert stray_words(versions_page(made, made, ("一号", "二号"), "zh")) == set()


def test_the_first_page_says_what_the_report_found(made):
    finds, stay, verdict = (sentence.en for sentence in three_sentences(made))
    listed = made.result().at_capacity

    assert f"finds {listed['recall']['expected']:.0%} " in finds
    assert f"({listed['hits']['expected']:.0f} of {listed['positives']} rows)" in finds
    assert f"About {round(10 * (1 - listed['precision']['expected']))} of 10" in stay
    assert "simulated pupils" in verdict


def test_a_sound_report_may_be_used_and_its_lists_need_no_line():
    assert three_sentences(report())[2].zh.endswith("由人决定。")
    assert line_for_lists(report(), {}) is None


def test_a_list_says_why_and_since_when_its_model_is_not_to_be_used(made):
    line = line_for_lists(made, {}).zh

    assert why_not(made).zh in line
    day = dt.date.fromisoformat(made.section("data").points["observed_to"])
    assert date_in_words(day, "zh") in line


def test_a_model_that_was_put_into_use_all_the_same_says_by_which_reason():
    kept = {"published_on": "2026-03-03", "override": "县教育局决定试用一学期"}

    assert "2026年3月3日经批准试用：县教育局决定试用一学期" in line_for_lists(report([]), kept).zh


def test_a_model_without_an_evaluation_is_for_trial_only():
    assert "没有附带评估报告" in line_for_lists(None, {}).zh


def test_pictures_stand_under_their_headings(page):
    headings = re.findall(r"<h2>([^<]*)</h2>(<figure|<div class=\"side)", page)

    assert len(headings) >= 5
    assert page.count('class="plot"') >= 6
    assert 'class="drawn swarm"' in page


def test_a_card_runs_nothing_and_asks_nobody_for_anything(page):
    assert not re.findall(r"<script|<img|<link|href=|src=|url\(|@import", page)


def test_of_a_hidden_domain_no_picture_tells_anything(made):
    facts = made.section(EFFECTS.name).points["swarm"]["facts"]
    domain = facts[0]["domain"]
    shown, hidden = (card_figures(made, "zh", of)[EFFECTS.title.zh] for of in ((), (domain,)))
    labels = [fact["label"]["zh"] for fact in facts if fact["domain"] == domain]

    assert all(label in shown for label in labels)
    assert not [label for label in labels if label in hidden]


def test_the_four_fields_add_up_to_the_rows_of_the_test(made):
    table = made.section("separation").tables[0]
    (*listed, on), (*rest, off), (*both, n) = ([int(cell) for cell in row[1:]] for row in table.rows)

    assert [a + b for a, b in zip(listed, rest, strict=True)] == both
    assert (sum(listed), sum(rest), on + off) == (on, off, n)
    assert n == made.result().metrics["n"]


def test_statement_and_changes_are_parts_of_the_card(made):
    card = model_card(made, language="zh")

    assert "## 谁负责、依据什么" in card
    assert "## 与上一版本相比\n\n还没有投入使用过的上一版本可比。" in card
