import pytest

from dropout_risk.alerts.help import help_for, help_table, shipped_help
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.errors import SettingsError
from dropout_risk.settings import Settings
from support.lists import alert

WORDING = {"zh": "早餐", "en": "breakfast"}
OWN = {"kind": "breakfast", "facts": ["low_income"], "text": WORDING, "because": WORDING}


def kinds(*facts, alerts=(), grade=8, table=None):
    return [item.kind for item in help_for(facts, alerts, grade, "en", table)]


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        ("monitored_household", "financial_aid"),
        ("low_income", "financial_aid"),
        ("test_at_cut_off", "counselling"),
        ("far_day_pupil", "transport_or_boarding"),
        ("no_core_subject_passed", "tutoring"),
        ("suspected_dropout", "home_visit"),
    ],
)
def test_help_follows_a_recorded_fact_and_names_it(fact, kind):
    (found,) = help_for((fact,), (), 8, "en")
    assert (found.kind, found.because) == (kind, (fact,))


@pytest.mark.parametrize("fact", ["left_behind", "way_to_school", "last_mark", "recent_absences", "returned"])
def test_a_fact_that_the_table_does_not_name_asks_for_no_help(fact):
    assert kinds(fact) == []


def test_no_line_of_the_shipped_table_holds_a_vocational_route():
    told = " ".join(f"{line.kind} {line.text.en}" for line in shipped_help())
    assert "vocational" not in told
    assert all(set(line.facts) <= set(FACT_KINDS) for line in shipped_help())


def test_what_an_alert_asks_for_comes_first_and_says_why():
    found = help_for(("no_core_subject_passed",), (alert(),), 8, "zh")
    assert [item.kind for item in found] == ["home_visit", "tutoring"]
    assert found[0].because == ("absent_3_days",)
    critical = alert("critical_item", "counsellor", None)
    assert kinds(alerts=(critical, alert())) == ["counselling", "home_visit"]


def test_a_table_of_ones_own_takes_the_place_of_the_shipped_one():
    table = help_table(Settings(help=[OWN | {"min_grade": 7}]))
    assert kinds("low_income", "far_day_pupil", table=table) == ["breakfast"]
    assert kinds("low_income", grade=6, table=table) == []
    assert help_table(Settings()) == shipped_help()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"facts": ["low_incom"]}, "low_income"),
        ({"facts": []}, "needs a fact or an alert"),
        ({"alerts": ["absent_3_days"]}, "register_silent"),
        ({"kind": "vocational_route"}, "a person's choice"),
        ({"text": {"zh": "介绍中职学校", "en": "a school"}}, "a person's choice"),
        ({"becuse": WORDING}, "becuse"),
    ],
)
def test_a_table_with_a_line_that_cannot_stand_is_refused_by_name(changed, said):
    with pytest.raises(SettingsError, match=said):
        Settings(help=[OWN | changed])
