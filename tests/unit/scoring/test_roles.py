import pytest

from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.errors import SettingsError, UnknownRoleError
from dropout_risk.scoring.readers.roles import COMPANIONS, ROLES, SPEAKS, Role, role_named, roles_of
from dropout_risk.settings import Settings
from dropout_risk.text import Text

LABEL = Text(zh="x", en="x")


def totals(**sizes):
    return {domain: sizes.get(domain, 0.5) for domain in DOMAINS}


@pytest.mark.parametrize("role", ROLES.values(), ids=list(ROLES))
def test_a_role_folds_at_least_two_domains_or_none(role):
    folded = role.folds(totals())

    assert set(role.hidden) <= set(folded)
    assert len(folded) >= 2 if role.hidden else not folded


def test_each_domain_has_its_turn_as_a_companion():
    assert sorted(COMPANIONS) == sorted(DOMAINS), "say when a new domain is folded with hidden ones"


def test_hidden_domains_are_covered_by_one_that_adds_something():
    teacher = ROLES["class_teacher"]

    assert teacher.folds(totals(grades=-SPEAKS)) == ("psychology", "grades")
    assert teacher.folds(totals(grades=0.04)) == ("psychology", "grades", "family")
    assert set(teacher.folds(totals(family=0.0, grades=0.0, attendance=0.0))) == set(DOMAINS)


@pytest.mark.parametrize("family", [0.0, 0.04, 0.5])
def test_two_hidden_domains_are_covered_whatever_they_add(family):
    assert ROLES["parent"].folds(totals(family=family)) == ("psychology", "family", "grades")


def test_three_hidden_domains_cover_each_other_where_two_of_them_add_something():
    own = Role("own", LABEL, ("attendance",))

    assert own.folds(totals(psychology=0.01)) == own.hidden
    assert own.folds(totals(psychology=0.01, family=0.01)) == (*own.hidden, "attendance")


def test_what_is_folded_does_not_depend_on_how_much_the_hidden_domain_adds():
    for role in ROLES.values():
        sizes = [role.folds(totals(psychology=size)) for size in (-3.0, 0.001, 0.05, 2.0)]
        assert len(set(sizes)) == 1


def test_an_unknown_role_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownRoleError, match="did you mean 'counsellor'"):
        role_named("counselor")


def test_a_role_of_an_unknown_domain_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match="did you mean 'psychology'"):
        Role("own", LABEL, ("psycology",))


def test_a_county_adds_roles_and_changes_those_that_are_there():
    settings = Settings(
        roles={"village": {"sees": ["attendance"]}, "parent": {"sees": ["grades"], "staff": False}}
    )
    roles = roles_of(settings)

    assert roles["village"].sees == ("attendance",)
    assert roles["parent"].sees == ("grades",)
    assert roles["parent"].label == ROLES["parent"].label
    assert roles["counsellor"] == ROLES["counsellor"]


def test_a_wrong_key_of_a_role_is_named_with_the_nearest_right_one():
    with pytest.raises(SettingsError, match="did you mean 'sees'"):
        Settings(roles={"village": {"sees": ["attendance"], "see": []}})
