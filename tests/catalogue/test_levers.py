import dataclasses

import pytest

from dropout_risk.catalogue.levers import LEVERS
from dropout_risk.errors import FeatureDeclarationError
from dropout_risk.text import LANGUAGES

FIELDS = {"days": 10, "changed": 3, "points": "15"}


def test_levers_rise_by_whole_steps_to_the_most():
    for lever in LEVERS:
        assert lever.levels[0] == lever.step
        assert lever.levels[-1] == pytest.approx(lever.most)
        assert list(lever.levels) == sorted(set(lever.levels))


def test_no_subject_is_raised_by_two_levers():
    marks = [lever for lever in LEVERS if lever.kind == "marks"]

    assert all(
        sum(lever.moves(subject) for lever in marks) == 1 for subject in ("maths", "数学", "physics", "音乐")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_names_its_size(language):
    for lever in LEVERS:
        text = lever.sentence.fill(language, **FIELDS)
        assert ("15" if lever.kind == "marks" else "10") in text


@pytest.mark.parametrize("wrong", [{"kind": "absent"}, {"domain": "health"}, {"step": 0}, {"step": 99}])
def test_a_lever_that_contradicts_itself_is_refused(wrong):
    with pytest.raises(FeatureDeclarationError, match="attendance"):
        dataclasses.replace(LEVERS[0], **wrong)
