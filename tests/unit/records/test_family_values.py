import pytest

from dropout_risk.catalogue.factors import FACTORS
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.measures import FactorCount, FactorHolds, RecentFactor
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.family_values import FAMILY_VALUES
from dropout_risk.records.school_records import SchoolRecords
from support.catalogues import declare

PUPIL = {"student_id": "a", "school_id": "s", "class_id": "c", "grade_level": 7}


def records(*rows):
    family = [{"student_id": "a", "valid_from": "2024-01-01"} | row for row in rows]
    return SchoolRecords.from_tables(students=[PUPIL], family=family, today="2025-01-31")


def value(measure, *rows, window=None):
    catalogue = FeatureCatalogue([declare("family", measure, window)])
    return compute_features(Histories.from_records(records(*rows)), "2024-12-02", catalogue).values[0, 0]


def test_the_values_of_each_factor_are_those_of_the_catalogue():
    assert {code: set(factor.values) for code, factor in FACTORS.items()} == {
        code: set(values) for code, values in FAMILY_VALUES.items()
    }


@pytest.mark.parametrize("no", ["no", "No ", "否", "无", "0", "0.0", "FALSE", "ｎ", "没有"])
@pytest.mark.parametrize("factor", ["orphan", "disability", "孤儿"])
def test_a_value_that_says_no_is_no(factor, no):
    name = "orphan" if factor == "孤儿" else factor
    assert value(FactorHolds(factors=(name,)), {"factor": factor, "value": no}) == 0
    assert value(FactorCount(), {"factor": factor, "value": no}) == 0
    assert value(RecentFactor(), {"factor": factor, "value": no}, window=500) == 0


@pytest.mark.parametrize("yes", ["yes", "是", "1", "True", None, ""])
def test_a_value_that_says_yes_or_nothing_holds(yes):
    assert value(FactorHolds(factors=("orphan",)), {"factor": "orphan", "value": yes}) == 1


def test_a_value_of_not_known_tells_nothing_of_the_family():
    unknown = value(FactorHolds(factors=("orphan",)), {"factor": "orphan", "value": "不详"})
    assert unknown != unknown


def test_a_later_no_ends_what_was_said_before_and_a_later_yes_begins_it_again():
    yes, no = {"factor": "orphan"}, {"factor": "orphan", "value": "no", "valid_from": "2024-06-01"}
    again = {"factor": "orphan", "value": "yes", "valid_from": "2024-09-01"}
    assert value(FactorHolds(factors=("orphan",)), yes, no) == 0
    assert value(FactorHolds(factors=("orphan",)), yes, no, again) == 1


def test_a_grade_of_disability_is_no_yes_and_an_unknown_value_is_named():
    assert records({"factor": "disability", "value": "2"}).check().problems == ()
    found = records({"factor": "orphan", "value": "perhaps"})
    assert [(p.column, p.rule.name, p.rows) for p in found.check().problems] == [
        ("value", "unknown_family_value", 1)
    ]
    assert value(FactorHolds(factors=("orphan",)), {"factor": "orphan", "value": "perhaps"}) == 1


def test_a_table_whose_factors_are_all_empty_is_set_apart_and_breaks_nothing():
    report = records({"factor": None, "value": "yes"}).check()

    assert report.counts["family"].set_apart == 1
