"""Lists and the first page say in plain words why a model may not be used."""

import re
from dataclasses import replace

import pytest

from dropout_risk.evaluation.model_card.first_page import line_for_lists, three_sentences
from dropout_risk.evaluation.sections import SECTIONS
from dropout_risk.text import Text
from support.reports import report, sound

QUESTIONS = [question for kind in SECTIONS for question in kind.questions]
JARGON = re.compile("斜率|校准|均值|基准|曲线值|slope|calibrat|mean|gap|baseline", re.IGNORECASE)


@pytest.mark.parametrize("question", QUESTIONS, ids=[question.name for question in QUESTIONS])
def test_every_check_has_plain_words_and_none_of_statistics(question):
    assert question.plain is not None
    assert not JARGON.search(question.plain.zh + question.plain.en)
    assert question.zh not in question.plain.zh


@pytest.mark.parametrize("passed", [False, None])
def test_the_banner_and_the_third_sentence_tell_what_is_not_passed_in_these_words(passed):
    first, *others = sound()
    checks = tuple(question.answered(passed, Text(zh="0.7", en="0.7")) for question in QUESTIONS)
    made = [replace(first, checks=checks), *others]
    banner, (*_, third) = line_for_lists(report(made), {}), three_sentences(report(made))
    for text in (banner, third):
        assert not JARGON.search(text.zh + text.en)
        assert all(text.zh.count(question.plain.zh) == 1 for question in QUESTIONS)
