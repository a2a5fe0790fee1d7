import pytest

from dropout_risk.alerts.help import HELP_KINDS, help_for
from dropout_risk.catalogue.feature import CAUSES
from support.lists import alert, reason


def kinds(*reasons, alerts=(), grade=8):
    return [item.kind for item in help_for(reasons, alerts, grade, "en")]


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        ("learning", "tutoring"),
        ("poverty", "financial_aid"),
        ("distance", "transport_or_boarding"),
        ("wellbeing", "counselling"),
        ("family", "home_visit"),
        ("disengagement", "home_visit"),
    ],
)
def test_each_cause_points_to_its_kind_of_help(cause, kind):
    assert kinds(reason(cause=cause)) == [kind]


def test_every_cause_of_the_catalogue_has_a_kind_of_help():
    assert {cause for kind in HELP_KINDS for cause in kind.causes} == set(CAUSES)


@pytest.mark.parametrize(("grade", "offered"), [(None, False), (8, False), (9, True), (12, True)])
def test_the_vocational_route_is_for_older_pupils_who_struggle_with_learning(grade, offered):
    assert ("vocational_route" in kinds(reason(cause="learning"), grade=grade)) is offered
    assert "vocational_route" not in kinds(reason(cause="poverty"), grade=grade)


def test_contributions_of_a_kind_are_summed_and_the_strongest_comes_first():
    small = [reason(cause="disengagement", contribution=0.3), reason(cause="family", contribution=0.3)]
    assert kinds(reason(cause="learning", contribution=0.5), *small) == ["home_visit", "tutoring"]
    assert kinds(reason(cause="learning", contribution=0.7), *small) == ["tutoring", "home_visit"]


def test_what_an_alert_asks_for_comes_first_and_says_why():
    found = help_for((reason(cause="learning", contribution=9.0),), (alert(),), 8, "zh")
    assert [item.kind for item in found] == ["home_visit", "tutoring"]
    assert found[0].because == ("absent_3_days",)
    critical = alert("critical_item", "counsellor", None)
    assert kinds(alerts=(critical, alert())) == ["counselling", "home_visit"]


def test_because_names_rules_and_features():
    (found,) = help_for((reason(feature="absence_streak"),), (alert(),), 8, "en")
    assert found.because == ("absent_3_days", "absence_streak")


def test_a_missing_value_points_to_no_help():
    assert kinds(reason(cause="learning", missing=True, value=None)) == []


def test_a_reason_of_little_weight_beside_the_strongest_points_to_no_help():
    strong = reason(cause="disengagement", contribution=1.0)

    assert kinds(strong, reason(cause="learning", contribution=0.19)) == ["home_visit"]
    assert kinds(strong, reason(cause="learning", contribution=0.21)) == ["home_visit", "tutoring"]
