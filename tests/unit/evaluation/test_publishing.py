import dataclasses

import pytest

from dropout_risk.evaluation.publishing import Verdict
from dropout_risk.evaluation.section import Check, Section
from support.reports import REQUIRED, WORDS, report, sound


def test_a_report_with_every_required_section_and_every_check_passed_allows_publishing():
    assert Verdict.of(report()).may_be_published


@pytest.mark.parametrize("name", REQUIRED)
def test_a_required_section_that_is_missing_stands_against_it_by_name(name):
    verdict = Verdict.of(report([section for section in sound() if section.name != name]))

    assert [REQUIRED[name].en in reason.en for reason in verdict.refusals] == [True]


@pytest.mark.parametrize("passed", [False, None])
def test_a_check_that_failed_or_could_not_be_made_stands_against_it_with_its_reason(passed):
    bad = Section("more", WORDS, checks=(Check("slope", passed, WORDS),))
    verdict = Verdict.of(report([*sound(), bad]))

    assert "slope" in verdict.text("en")
    assert "slope 0.5" in verdict.text("en")
    assert "斜率0.5" in verdict.text("zh")


def test_a_model_of_simulated_pupils_is_never_allowed():
    assert "simulated" in Verdict.of(report(synthetic=True)).text("en")


def test_every_reason_is_named_at_once():
    assert len(Verdict.of(report([], synthetic=True)).refusals) == 1 + len(REQUIRED)


def test_the_verdict_does_not_depend_on_what_is_not_asked():
    one = report()
    assert Verdict.of(one) == Verdict.of(dataclasses.replace(one, model="other"))
