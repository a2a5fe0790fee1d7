"""The section says what was found, what was allowed and why, and what cannot be seen."""

from dropout_risk.evaluation.questions.leak_section import leaks_section
from dropout_risk.evaluation.section import Section
from dropout_risk.modelling.leaks.report import find_leaks
from support.leaks import made_up


def report(**allowed):
    X, y = made_up(300)
    X = X.assign(outcome=y)
    return find_leaks(X, y).allowing(allowed, X)


def passed(section):
    return {check.name: check.passed for check in section.checks}


def test_a_finding_fails_its_check_and_is_named_in_both_languages():
    section = leaks_section(report())
    assert passed(section)["tells_the_outcome"] is False
    assert passed(section)["identifier"] is True
    assert all(
        "outcome: " in section.to_markdown("en") or "outcome：" in section.to_markdown("zh") for _ in "1"
    )
    assert section.metrics == {"found": 1.0, "allowed": 0.0}


def test_what_could_not_be_judged_does_not_pass():
    assert passed(leaks_section(report()))["filled_from_everything"] is None


def test_what_was_allowed_passes_and_its_reason_is_shown():
    section = leaks_section(report(outcome="known at enrolment by law"))
    assert passed(section)["tells_the_outcome"] is True
    said = [remark.en for remark in section.remarks]
    assert any(
        "Allowed: outcome, because known at enrolment by law (found: alone it tells" in text for text in said
    )
    assert section.metrics == {"found": 1.0, "allowed": 1.0}


def test_a_random_split_does_not_pass_as_a_forecast():
    assert passed(leaks_section(report(), split="random"))["split_in_time"] is False
    assert passed(leaks_section(report()))["split_in_time"] is True


def test_the_section_survives_being_written():
    section = leaks_section(report())
    assert Section.from_dict(section.to_dict()) == section
