"""Every cell of the table of rights, against a copy typed from its words; all else is denied."""

import itertools

import pytest

from dropout_risk.casebook.rights import (
    ACTS,
    CASE_PARTS,
    CASE_ROLES,
    RIGHTS,
    may,
    require_right,
    rights_table,
)
from dropout_risk.errors import CaseRightError

WORDS = """
class_teacher: see where, signals, plan, notes, outcome; write plan, notes, outcome;
    hand_over plan; close outcome
principal: see where, signals, plan, notes, outcome; write plan, notes, outcome;
    hand_over plan; close outcome
counsellor: see where, signals, psychology, plan, notes, outcome; write psychology, plan, notes;
    hand_over psychology; close psychology
township: see where, signals, plan, outcome; write plan, outcome; hand_over plan; close outcome
village: see where, plan; write plan
county: see where, signals, plan, outcome; write plan, outcome; hand_over plan; close outcome
auditor: see signals, plan, outcome
parent:
"""
"""Free text is for the school alone; a village sees no reasons; a parent acts nowhere."""


def typed_cells():
    granted = set()
    for line in WORDS.replace("\n    ", " ").strip().splitlines():
        role, _, acts = line.partition(":")
        for phrase in filter(None, map(str.strip, acts.split(";"))):
            act, _, parts = phrase.partition(" ")
            granted |= {(role, part.strip(), act) for part in parts.split(",")}
    return granted


CELLS = [*itertools.product(CASE_ROLES, CASE_PARTS, ACTS)]


def test_there_are_eight_roles_six_parts_and_four_acts():
    assert (len(CASE_ROLES), len(CASE_PARTS), len(ACTS), len(CELLS)) == (8, 6, 4, 192)


@pytest.mark.parametrize(("role", "part", "act"), CELLS)
def test_each_cell_is_what_the_words_say(role, part, act):
    granted = (role, part, act) in typed_cells()
    assert may([role], act, part) == granted
    assert may([role], act, part, "care") == (role == "counsellor" and part in CASE_PARTS)


def test_nothing_else_is_granted_and_what_is_not_known_is_denied():
    assert typed_cells() == RIGHTS
    assert not may([], "see", "where")
    assert not may(["headmaster"], "see", "where")
    assert not may(["county"], "delete", "plan")
    assert not may(["county"], "see", "marks")


def test_only_a_counsellor_learns_that_a_care_case_exists():
    learn = {role for role, part, act in CELLS if may([role], act, part, "care")}
    assert learn == {"counsellor"}


def test_whoever_sees_nothing_of_a_part_does_nothing_with_it():
    for role, part, act in CELLS:
        assert may([role], "see", part) or not may([role], act, part)


def test_several_roles_together_may_what_one_of_them_may():
    assert may(["village", "class_teacher"], "close", "outcome")
    assert not may(["village", "auditor"], "close", "outcome")


def test_a_refusal_tells_nothing_of_the_case():
    with pytest.raises(CaseRightError) as refused:
        require_right(["village"], "see", "psychology", "care")
    assert str(refused.value).count("psycholog") == 0
    require_right(["counsellor"], "see", "psychology", "care")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_printed_table_has_every_cell(language):
    heading, *rows = rights_table(language)
    assert len(heading) == 7
    assert [len(row) for row in rows] == [7] * 8
    told = sum(len(cell.replace("、", ",").split(",")) for row in rows for cell in row[1:] if cell)
    assert told == len(RIGHTS)
