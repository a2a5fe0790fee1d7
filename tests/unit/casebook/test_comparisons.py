"""The county's lists beside each other: states, findings, and rows that cannot be used."""

import pytest
from python_calamine import CalamineWorkbook

from dropout_risk.casebook.paperwork.comparisons import (
    ENROLMENTS,
    Compared,
    compare_lists,
    write_comparison,
)
from dropout_risk.casebook.paperwork.county_list import CountyList
from dropout_risk.casebook.paperwork.ledger_rows import read_everybody
from dropout_risk.errors import RecordsError
from support.ledger_county import THIRD, lived_book
from support.workbooks import xlsx_bytes


def listed(*pupils):
    return CountyList({pupil: {"name": pupil.upper()} for pupil in pupils})


def written(folder, text, name="list.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(("enrolled", "attending"), ENROLMENTS)
def test_each_state_follows_from_two_lists(enrolled, attending):
    lists = {
        "residents": listed("a", "b"),
        "enrolled": listed(*"a"[:enrolled], "b"),
        "attending": listed(*"a"[:attending], "b"),
    }

    assert compare_lists(lists, (), ())["a"].enrolment == ENROLMENTS[enrolled, attending]


def test_the_three_comparisons_say_what_differs():
    lists = {
        "residents": listed("ok", "unschooled", "away"), "enrolled": listed("ok", "stranger", "away"),
        "attending": listed("ok", "stranger", "ghost"), "poor": listed("away", "ok"),
    }  # fmt: skip
    found = {pupil: item.findings.zh for pupil, item in compare_lists(lists, (), {"away"}).items()}

    assert found == {
        "ok": "一致", "unschooled": "有户籍、无学籍", "away": "在籍不在校；脱贫户子女辍学",
        "stranger": "有学籍、无本县户籍", "ghost": "在校不在籍",
    }  # fmt: skip


def test_without_a_list_nothing_is_said_of_it():
    found = Compared({"attending": True})

    assert found.enrolment is None
    assert found.findings.zh == "一致"


def test_who_is_at_school_and_not_away_is_taken_from_the_book_and_fills_the_ledgers():
    lists = {"enrolled": listed("week", "month", "gone", "crisis"), "poor": listed("month")}
    everybody = read_everybody(lived_book(), THIRD, lists=lists)
    found = {pupil: item.findings.zh for pupil, item in everybody.compared.items()}

    assert found["gone"] == "在籍不在校"
    assert found["calm"] == "在校不在籍"
    assert found["month"] == "在籍不在校；脱贫户子女辍学"
    enrolments = {row.placed.pupil: row.compared.enrolment.zh for row in everybody.rows}
    assert enrolments["week"] == enrolments["month"] == "在籍不在校"
    assert (enrolments["crisis"], enrolments["both"]) == ("在籍在校", "不在籍不在校")
    assert found["both"] == "不在籍不在校"


@pytest.mark.parametrize(
    ("person", "whole"), [("county", True), ("head-1", False), ("elder", False), ("auditor", False)]
)
def test_only_who_reads_the_county_gets_the_whole_comparison(person, whole):
    everybody = read_everybody(lived_book(), THIRD, lists={"enrolled": listed("week")}, person=person)

    assert bool(everybody.compared) == whole


def test_a_list_by_another_id_is_refused_before_everything_differs():
    with pytest.raises(RecordsError, match="enrolled shares no pupil"):
        compare_lists({"enrolled": listed("x1", "x2")}, {"a", "b"}, ())


def test_numbers_are_compared_by_the_pseudonym_that_records_have(tmp_path):
    path = written(tmp_path, "身份证件号,姓名\n110101201103040011,甲\n")
    found = CountyList.from_file(path, lambda number: f"p-{number[-4:]}")

    assert found.of_pupil("p-0011") == {"name": "甲", "identity": "110101201103040011"}


def test_duplicates_rows_without_an_id_and_broken_lines_are_named_by_their_row(tmp_path):
    path = written(tmp_path, '名单\n学籍号,姓名\na,1\n\n,2\nb,3\na,4\nc,"5,6\n')
    found = CountyList.from_file(path)

    assert [*found.rows] == ["a", "b"]
    assert sorted((item.row, item.why.en) for item in found.problems) == [
        (2, "no id of a pupil"), (4, "the same pupil as in row 1; not used"),
        (5, "the line cannot be split into columns"),
    ]  # fmt: skip


def test_a_workbook_keeps_zeros_and_long_numbers_and_names_sheets_that_are_not_read(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(xlsx_bytes({
        "一": [["学籍号", "姓名", "身份证件号"], ["007", "甲", "110101201103040011"]],
        "说明": [["填表说明"], ["x"]],
    }))  # fmt: skip
    found = CountyList.from_file(path)

    assert found.rows == {"007": {"name": "甲", "identity": "110101201103040011"}}
    assert [item.why.zh for item in found.problems] == ["未读取：工作表“说明”"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_a_list_is_read_in_the_encodings_of_spreadsheets(tmp_path, encoding):
    path = written(tmp_path, "学籍号,现住址（详细）\na,上村\n", encoding=encoding)

    assert CountyList.from_file(path).rows == {"a": {"address": "上村"}}


def test_a_list_without_a_column_that_names_pupils_is_refused(tmp_path):
    with pytest.raises(RecordsError, match="no column that names a pupil"):
        CountyList.from_file(written(tmp_path, "姓名,性别\n甲,男\n"))


def test_no_value_of_a_list_is_in_what_is_said_of_it(tmp_path):
    path = written(tmp_path, "学籍号,姓名\nsecret,甲\nsecret,甲\n")
    found = CountyList.from_file(path)

    assert "secret" not in repr(found.problems)
    assert "secret" not in repr(found)


def test_the_paper_names_who_differs_and_what_could_not_be_read(tmp_path):
    path = written(tmp_path, "学籍号,姓名\na,甲\na,甲\nb,乙\n")
    lists = {"enrolled": CountyList.from_file(path), "residents": listed("a")}
    compared = compare_lists(lists, {"a"}, ())
    counts = write_comparison(compared, lists, tmp_path, THIRD)
    first, second = (
        CalamineWorkbook.from_path(tmp_path / f"{name}.xlsx").get_sheet_by_index(0).to_python()[3:]
        for name in ("四查三比对", "名单待核对")
    )

    answers = ["否", "是", "否", "", "否"]
    assert first == [["1", "乙", "b", *answers, "在籍不在校", "有学籍、无本县户籍；在籍不在校"]]
    assert second == [["学籍: list.csv", "2", "与第1行是同一名学生，未使用"]]
    assert counts == {"四查三比对": 1, "名单待核对": 1}


def test_a_roll_by_another_id_is_refused_before_nobody_has_a_name(tmp_path):
    roll = CountyList.from_file(written(tmp_path, "学籍号,姓名\nx1,甲\n"))

    with pytest.raises(RecordsError, match="roll shares no pupil"):
        read_everybody(lived_book(), THIRD, roll)
