import numpy as np
import pytest

from dropout_risk.catalogue.factors import FACTORS
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.measures import FactorCount, FactorHolds, RecentFactor
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.checks.family_values import FAMILY_VALUES
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


def test_a_table_whose_factors_are_all_empty_is_set_apart_and_breaks_nothing():
    report = records({"factor": None, "value": "yes"}).check()

    assert report.counts["family"].set_apart == 1


ORPHAN = FactorHolds(factors=("orphan",))
ORPHAN_EMPTY = {"factor": "orphan", "value": ""}
ASKED = {"factor": "low_income", "value": "no"}


@pytest.mark.parametrize("word", ["perhaps", "/", "?", "-", "已取消", "N/A", "NULL", "nan", "<NA>"])
@pytest.mark.parametrize("measure", [ORPHAN, FactorCount()], ids=["holds", "count"])
def test_a_value_that_cannot_be_read_is_neither_yes_nor_no(word, measure):
    row = {"factor": "orphan", "value": word}
    found = records(row, ASKED).check().problems

    assert [(p.rule.name, p.rows) for p in found] == [("unknown_family_value", 1)]
    assert np.isnan(value(measure, row, ASKED))
    assert np.isnan(value(RecentFactor(), row, ASKED, window=500))


@pytest.mark.parametrize(
    ("days", "values", "expected"),
    [
        (("2024-01-01", "2024-06-01"), ("yes", "?"), 1),  # any yes that is valid is a yes
        (("2024-01-01", "2024-06-01"), ("?", "yes"), 1),
        (("2024-01-01", "2024-06-01"), ("?", "no"), 0),  # a later no ends what was said before
        (("2024-01-01", "2024-06-01"), ("no", "?"), None),
        (("2024-01-01", "2024-12-02"), ("yes", "?"), 1),
        (("2024-01-01", "2024-12-03"), ("no", "?"), 0),  # not begun yet
    ],
)
def test_a_factor_of_several_rows_is_yes_by_any_yes_else_unknown_by_any_unreadable_one(
    days, values, expected
):
    rows = [
        {"factor": "orphan", "valid_from": day, "recorded_on": "2024-01-01", "value": said}
        for day, said in zip(days, values, strict=True)
    ]
    found = value(ORPHAN, *rows, ASKED)

    assert np.isnan(found) if expected is None else found == expected


def test_an_unreadable_period_that_is_over_leaves_nothing_in_doubt():
    row = {"factor": "orphan", "value": "?", "valid_to": "2024-10-01"}

    assert value(ORPHAN, row, ASKED) == 0


def test_what_holds_is_counted_beside_what_is_in_doubt():
    rows = [{"factor": "orphan", "value": "?"}, {"factor": "disability", "value": "2"}]

    assert value(FactorCount(), *rows) == 1


def test_an_empty_value_is_unknown_and_named_where_other_rows_answer():
    found = records(ORPHAN_EMPTY, ASKED).check().problems

    assert [(p.column, p.rule.name, p.rows) for p in found] == [("value", "unfilled_family_value", 1)]
    assert np.isnan(value(ORPHAN, ORPHAN_EMPTY, ASKED))


def test_an_empty_value_is_unknown_where_other_rows_of_the_factor_have_a_code():
    rows = [
        {"factor": "left_behind", "value": None, "valid_from": "2024-01-01"},
        {"factor": "left_behind", "value": "一方外出", "valid_from": "2023-01-01", "valid_to": "2023-12-01"},
    ]

    assert "unfilled_family_value" in [p.rule.name for p in records(*rows).check().problems]
    assert np.isnan(value(FactorHolds(factors=("left_behind",)), *rows))


def test_a_row_without_a_value_is_a_yes_where_values_are_codes_of_other_factors():
    rows = [{"factor": "orphan", "value": None}, {"factor": "left_behind", "value": "both_parents"}]

    assert records(*rows).check().problems == ()
    assert value(ORPHAN, *rows) == 1


def test_an_empty_value_means_what_the_mapping_says():
    mapping = {"words": {"value": {"": "yes"}}}
    rows = [{"student_id": "a", "valid_from": "2024-01-01"} | row for row in (ORPHAN_EMPTY, ASKED)]
    found = SchoolRecords.from_tables(students=[PUPIL], family=rows, mapping=mapping, today="2025-01-31")

    assert found.check().problems == ()
    assert found.table("family")["value"].to_pylist() == ["no", "yes"]
