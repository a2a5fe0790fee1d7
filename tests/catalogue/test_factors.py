import re

import pytest

from dropout_risk.catalogue.factors import BURDENS, FACTORS
from dropout_risk.catalogue.feature import CAUSES


@pytest.mark.parametrize("factor", [pytest.param(factor, id=code) for code, factor in FACTORS.items()])
def test_every_factor_is_defined_in_both_languages_with_a_source(factor):
    texts = [factor.label, factor.definition, factor.source, *factor.values.values()]

    assert all(text.zh and text.en and text.zh != text.en for text in texts)
    assert factor.cause in CAUSES
    assert re.fullmatch(r"[a-z_]+", factor.code)


def test_asked_and_nothing_found_is_no_burden():
    assert "none" in FACTORS
    assert "none" not in BURDENS


def test_poverty_codes_speak_for_poverty():
    poor = {code for code, factor in FACTORS.items() if factor.cause == "poverty"}

    assert poor == {"low_income", "extreme_poverty", "monitored_household", "registered_poor"}
    assert poor <= set(BURDENS)


def test_left_behind_tells_which_definition_was_used():
    assert FACTORS["left_behind"].source.zh == "国发〔2016〕13号"
    assert set(FACTORS["left_behind"].values) == {"both_parents", "one_parent", "both_parents_half_year"}


def test_monitored_households_are_of_three_kinds():
    kinds = {text.zh for text in FACTORS["monitored_household"].values.values()}

    assert kinds == {"脱贫不稳定", "边缘易致贫", "突发严重困难"}


def test_audit_only_columns_are_no_factors():
    assert not {"sex", "gender", "ethnicity", "birth_date"} & set(FACTORS)
