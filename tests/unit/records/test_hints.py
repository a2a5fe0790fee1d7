import copy
import re

import pytest
from tests.support.hints import COLUMNS, refused_mappings, strange_columns
from tests.unit.records.test_rules import FAULTS, with_change

from dropout_risk.records.rules import RULES
from dropout_risk.records.tables import TABLES

VALUES = (
    None, "", "?!", "B+", "1 1/2", "65%", -1, 1e7, float("inf"), 999, 60, 2023, "2999-01-01", "1890-01-01",
    "2021-01-01", "2025-02-01", "3/4/24", "45537", "1.23E+17", "合计", "no", "P1",
)  # fmt: skip
COPIED = (None, 60, "2021-01-01", "no")
LANGUAGES = ("zh", "en")
ENGLISH = re.compile(r"[a-z]+ [a-z]+ [a-z]+")


def small_faults(county):
    """Each value in each column of each table; each column missing; rows copied, as they are and changed."""
    for name, table in TABLES.items():
        rows = county.get(name) or [{"student_id": "p1", "date": "2024-11-08", "kind": "fight", "days": 1}]
        whole = {**county, name: rows}
        for column in table.names:
            for value in VALUES:
                yield with_change(copy.deepcopy(whole), name, 0, {column: value})
            for value in COPIED:
                yield with_change(copy.deepcopy(whole), name, -1, {column: value})
            yield {**whole, name: [{k: v for k, v in row.items() if k != column} for row in rows]}
        yield with_change(copy.deepcopy(whole), name, 0, {"remark": "x"})
        yield with_change(copy.deepcopy(whole), name, -1, {})
    for _, table, row, change, *_ in FAULTS:
        yield with_change(copy.deepcopy(county), table, row, change)


@pytest.fixture
def problems(county, checked):
    """Every distinct problem of all small faults."""
    from dropout_risk.errors import RecordsError

    found = {}
    for tables in small_faults(county):
        try:
            report = checked(tables).check()
        except RecordsError:  # students without a required column
            continue
        for problem in report.problems:
            found[problem.rule.name, problem.table, problem.column, problem.detail] = problem
    return list(found.values())


def test_no_hint_names_a_column_that_its_table_has_not_or_a_key_that_the_mapping_refuses(problems):
    told = [(p, language, p.hint(language)) for p in problems for language in LANGUAGES]
    strange = [
        (p.rule.name, p.table, p.column, found) for p, _, h in told if (found := strange_columns(h, p.table))
    ]
    refused = [(p.rule.name, language, found) for p, language, h in told if (found := refused_mappings(h))]

    assert len({p.rule.name for p in problems}) > 25
    assert {p.table for p in problems} == set(TABLES)
    assert strange == []
    assert refused == []


def test_a_line_in_chinese_holds_no_clause_in_english(problems):
    told = [words for p in problems for words in (p.message("zh"), p.hint("zh"))]

    assert sum(bool(p.detail) for p in problems) > 9
    assert [words for words in told if ENGLISH.search(words)] == []
    assert ENGLISH.search("处理办法：the value is left empty；更正")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_entry_that_a_hint_tells_to_write_is_taken_by_the_mapping(rule, language):
    hints = [rule.hint, *(told.hint for told in rule.at.values())]
    assert [told for hint in hints for told in refused_mappings(hint.to(language))] == []


def test_wordings_of_single_places_are_for_columns_that_there_are():
    places = {place.removeprefix("request.") for rule in RULES.values() for place in rule.at} - {"request"}
    of_tables = {f"{table.name}.{name}" for table in TABLES.values() for name in table.names}
    assert places <= COLUMNS | of_tables


@pytest.mark.parametrize(
    ("hint", "table", "strange"),
    [
        ("correct recorded_on", "students", {"recorded_on"}),
        ("更正登记日期 recorded_on", "calendar", {"recorded_on"}),
        ("correct enrolled_on", "outcomes", {"enrolled_on"}),
        ("correct enrolled_on in students", "outcomes", set()),
        ('write leave_days = "beside" in the mapping', "grades", set()),
    ],
)
def test_a_hint_that_names_a_column_of_another_table_is_caught(hint, table, strange):
    assert strange_columns(hint, table) == strange


@pytest.mark.parametrize(
    "hint",
    [
        'write [units] distance_km = "miles"',
        "say what it means under [words.date]",
        "declare it as bonsu in the mapping",
        'unrecorded = "here"',
        "在映射文件的 [word] 中写明",
    ],
)
def test_a_hint_with_a_key_that_is_none_is_caught(hint):
    assert refused_mappings(hint)


def hint_of(records, rule):
    return next(p for p in records.check().problems if p.rule.name == rule).hint()


@pytest.mark.parametrize(("order", "named"), [("dmy", True), ("ymd", False)])
def test_a_future_date_that_would_be_past_in_the_other_order_names_the_order(county, checked, order, named):
    county["grades"][0]["date"] = "03/12/2025" if order == "dmy" else "2025-12-03"
    county["grades"][1]["date"] = "2024-11-08"
    records = checked(county, mapping={"dates": order})
    assert ("day and month exchanged" in hint_of(records, "future_date")) is False
    county["grades"][0]["date"] = "01/12/2025" if order == "dmy" else "2025-12-01"
    records = checked(county, mapping={"dates": order})
    assert ("day and month exchanged" in hint_of(records, "future_date")) is named


def test_marks_most_of_which_lie_above_full_marks_name_the_unit(county, checked):
    county["grades"][0]["score"] = 400
    assert "another unit" not in hint_of(checked(county), "score_over_max")
    county["grades"] = [
        {**county["grades"][0], "exam": f"test {k}", "score": 85, "max_score": 4} for k in range(4)
    ]
    assert "another unit" in hint_of(checked(county), "score_over_max")


def test_days_over_those_enrolled_name_the_leave_that_was_added(county, checked):
    county["attendance_totals"][0] |= {"days_absent": 15, "days_excused": 10}
    assert "leave_days" in hint_of(
        checked(county, mapping={"leave_days": "beside"}), "more_absent_than_enrolled"
    )
    county["attendance_totals"][0] |= {"days_absent": 25}
    assert "leave_days" not in hint_of(checked(county), "more_absent_than_enrolled")


@pytest.mark.parametrize("column", ["date", "status", "student_id"])
def test_an_empty_cell_is_told_to_be_mapped_only_where_the_mapping_takes_it(county, checked, column):
    county["attendance"][0][column] = None
    assert ("[words.status]" in hint_of(checked(county), "missing_value")) == (column == "status")
