from itertools import pairwise

import pytest

from dropout_risk.access.read_scores import SCORING_ROLES, role_of_scores
from dropout_risk.access.reader import LOCAL, READER_ROLES
from dropout_risk.access.route_rights import (
    ANYONE,
    ASKERS,
    ROUTE_RIGHTS,
    ROUTES,
    STRONGEST,
    Granted,
    may_ask,
    parts_of,
    rights_rows,
)
from dropout_risk.casebook.rights import CASE_PARTS, CASE_ROLES, RIGHTS
from dropout_risk.scoring.readers.roles import ROLES

CELLS = [(role, route, part) for role in ASKERS for route in ROUTES for part in CASE_PARTS]
SCORES = ("/score", "/score_features", "/review")


@pytest.mark.parametrize(("role", "route", "part"), CELLS)
def test_no_address_tells_a_role_what_the_case_book_would_not(role, route, part):
    granted = part in parts_of(role, route)
    assert not granted or role == LOCAL or (role, part, "see") in RIGHTS


@pytest.mark.parametrize("role", CASE_ROLES)
def test_the_desk_tells_each_role_what_the_case_book_lets_it_see(role):
    assert parts_of(role, "/desk") == {part for part in CASE_PARTS if (role, part, "see") in RIGHTS}


def test_pupils_are_those_of_the_grants_but_on_this_machine():
    for cell in ROUTE_RIGHTS:
        whose = "everybody" if cell.role == LOCAL else "granted"
        assert cell.whose == (whose if cell.part in CASE_PARTS else "nobody")


def test_whatever_is_not_granted_is_denied():
    assert not may_ask(READER_ROLES, "/new")
    assert not may_ask([], "/score")
    assert not may_ask(["nobody"], "/score")
    assert parts_of("nobody", "/score") == frozenset()


def test_an_operator_is_told_of_no_pupil():
    assert {cell.whose for cell in ROUTE_RIGHTS if cell.role == "operator"} == {"nobody"}


def test_anyone_is_told_of_no_pupil_and_asks_probes_and_the_way_in_alone():
    open_cells = {cell for cell in ROUTE_RIGHTS if cell.role == ANYONE}
    assert {cell.whose for cell in open_cells} == {"nobody"}
    assert {cell.route for cell in open_cells} == {"/livez", "/readyz", "/healthz", "/desk"}


@pytest.mark.parametrize("route", SCORES)
@pytest.mark.parametrize("role", [role for role in STRONGEST if role != LOCAL])
def test_scores_are_read_as_the_table_says_whatever_a_county_lets_the_role_see(route, role):
    open_role = ROLES["counsellor"]
    roles = dict.fromkeys(ROLES, open_role)
    made, parts = role_of_scores(role, route, roles), parts_of(role, route)
    assert ("psychology" in made.sees) == ("psychology" in parts)
    assert ("attendance" in made.sees) == ("signals" in parts)
    assert made.names == ("where" in parts)
    assert not made.reads_of_directory or made.names


def test_of_two_roles_the_stronger_is_told_all_that_the_weaker_is():
    """So that a reader of several roles loses nothing by being read as one."""
    read = [role_of_scores(role, "/score", ROLES) for role in STRONGEST if role not in (LOCAL, "auditor")]
    assert all({*weaker.sees} <= {*stronger.sees} for stronger, weaker in pairwise(read))


def test_every_role_of_scores_has_its_place():
    told = {cell.role for cell in ROUTE_RIGHTS if cell.part == "signals" and cell.route in SCORES}
    assert told == {*STRONGEST}
    assert {SCORING_ROLES.get(role, role) for role in CASE_ROLES} <= ROLES.keys()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_printed_table_has_every_cell_and_no_other(language):
    from dropout_risk.access.route_rights import REPLY_PARTS, WHOSE

    join = "、" if language == "zh" else ", "
    found = set()
    for routes, roles, parts, whose in rights_rows(language):
        for route in routes.split(", "):
            for role, label in ASKERS.items():
                if f"{join}{label.to(language)}{join}" in f"{join}{roles}{join}":
                    found |= {
                        Granted(role, route, part, scope)
                        for part, text in REPLY_PARTS.items()
                        if f"{join}{text.to(language)}{join}" in f"{join}{parts}{join}"
                        for scope, told in WHOSE.items()
                        if told.to(language) in whose.split(join)
                    }
    assert found == ROUTE_RIGHTS
