"""The ledgers: who stands in which, what stands in a cell, and who may read it."""

import csv
import datetime as dt
import zipfile

import pytest
from python_calamine import CalamineWorkbook

from dropout_risk.casebook.mornings.morning import MorningFacts, Signal, run_morning
from dropout_risk.casebook.paperwork.county_list import CountyList
from dropout_risk.casebook.paperwork.ledger_rows import read_everybody
from dropout_risk.casebook.paperwork.ledgers import LEDGERS, ledger_sheets, write_ledgers
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.errors import CaseRightError
from support.ledger_county import FIRST, PEOPLE, THIRD, lived_book, placed, write_roll

CHILDREN, SUSPECTED, DROPOUTS, CONTACTS, VILLAGES = (ledger.title.zh for ledger in LEDGERS)
COLUMNS = {
    CHILDREN: """序号 姓名 性别 出生日期 身份证件号 户口所在地行政区划 现住址 监护人姓名
        联系电话 学校标识码 学校 年级班级 学籍状态 重点群体 是否脱贫户 随班就读／特教学校／送教上门
        比对结果 更新日期""",
    SUSPECTED: """序号 姓名 学校 年级班级 首次缺课日期 连续缺课教学日 去向 原因 承包老师
        当前层级 责任人 下次期限 入户次数 劝返情况 处理措施 状态""",
    DROPOUTS: """序号 学生姓名 性别 身份证号码 就读学校及年级 辍学年月 家长（监护人）姓名 电话号码
        家庭住址 户籍所在地 辍学原因 已采取的帮扶措施 劝返次数 劝返人员姓名 劝返人员电话 劝返时间
        劝返就读情况记录 通知书种类与日期 结果 销号日期 稳定期至""",
    VILLAGES: "序号 自然村（屯） 姓名 出生年月 户主姓名 辍学原因 入户劝返次数 备注",
}


@pytest.fixture(scope="module")
def book():
    return lived_book()


@pytest.fixture
def roll(tmp_path):
    return CountyList.from_file(write_roll(tmp_path))


def tables(book, roll=None, *, day=THIRD, **asked):
    """Every ledger as rows of cells by heading."""
    rows = read_everybody(book, day, roll, **asked).rows
    return {
        ledger.title.zh: [
            dict(zip(sheet.headings, row, strict=True)) | {"sheet": sheet.name}
            for sheet in ledger_sheets(ledger, rows, day)
            for row in sheet.rows
        ]
        for ledger in LEDGERS
    }  # fmt: skip


def names(rows, column="姓名"):
    return [row[column] for row in rows]


def read_back(path):
    return {
        sheet: CalamineWorkbook.from_path(path).get_sheet_by_name(sheet).to_python()
        for sheet in CalamineWorkbook.from_path(path).sheet_names
    }


@pytest.mark.parametrize("title", COLUMNS)
def test_a_ledger_has_the_columns_that_were_asked_for(title):
    ledger = next(item for item in LEDGERS if item.title.zh == title)
    (sheet,) = ledger_sheets(ledger, [], THIRD)

    assert sheet.headings == tuple(COLUMNS[title].split())


def test_a_pupil_stands_in_a_ledger_by_how_long_the_absence_is(book, roll):
    found = tables(book, roll)

    assert names(found[SUSPECTED]) == ["=1+1", "丁"]
    assert names(found[DROPOUTS], "学生姓名") == ["@甲"]
    assert len(found[CHILDREN]) == 6, "everybody at school, and no pupil of whom only counsellors know"


def test_the_cells_of_a_dropout_tell_what_entries_and_the_list_say(book, roll):
    (row,) = tables(book, roll)[DROPOUTS]

    assert row["身份证号码"] == "11010120110405001X"
    assert row["就读学校及年级"] == "s-1 8年级 1班"
    assert row["辍学年月"] == "2025-08"
    assert row["辍学原因"] == "其他、经济困难"
    assert row["已采取的帮扶措施"] == "家访1次；电话1次；会同村（社区）"
    assert (row["劝返次数"], row["劝返人员姓名"], row["劝返时间"]) == (
        "2",
        "head-1",
        "2025-09-15、2025-09-16",
    )
    assert row["劝返就读情况记录"] == "2025-09-15 母、祖父母：约定返校；2025-09-16 母、祖父母：去向不明"
    assert row["劝返人员电话"] == row["通知书种类与日期"] == row["销号日期"] == ""


def test_the_cells_of_a_suspected_dropout_tell_what_entries_say(book, roll):
    row = tables(book, roll)[SUSPECTED][0]

    assert (row["首次缺课日期"], row["连续缺课教学日"]) == ("2025-09-08", "5天以上")
    assert (row["原因"], row["去向"], row["入户次数"]) == ("", "", "1")
    assert (row["承包老师"], row["当前层级"], row["状态"]) == ("t-week", "校长", "在办")


def test_every_contact_but_those_with_the_counsellor_is_a_row_of_its_own(book, roll):
    rows = tables(book, roll)[CONTACTS]

    assert [(row["学生姓名"], row["时间"], row["方式"]) for row in rows] == [
        ("@甲", "2025-09-15", "家访"), ("@甲", "2025-09-16", "电话"), ("=1+1", "2025-09-16", "家访"),
    ]  # fmt: skip


def test_nothing_of_the_counsellors_line_is_in_any_ledger(tmp_path, roll):
    with_care, without = lived_book(), lived_book()
    run_morning(
        with_care,
        MorningFacts(
            dt.date(2025, 9, 18), [placed("calm")], SchoolDaysAhead(),
            [Signal("calm", "critical_item", THIRD, "care")],
        ),
        PEOPLE,
    )  # fmt: skip
    run_morning(without, MorningFacts(dt.date(2025, 9, 18), [placed("calm")], SchoolDaysAhead()), PEOPLE)
    told = {}
    for name, book in (("with", with_care), ("without", without)):
        counts = write_ledgers(read_everybody(book, THIRD, roll), tmp_path / name, THIRD)
        told[name] = counts, [file.read_bytes() for file in sorted((tmp_path / name).iterdir())]

    assert told["with"] == told["without"]
    assert "情绪" not in str(tables(with_care, roll))
    assert "心理" not in str(tables(with_care, roll))


def test_a_pupil_who_left_stands_among_the_children_only_with_a_case_that_all_may_know(book):
    assert "（学号 gone）" not in names(tables(book)[CHILDREN])


def test_without_a_list_the_id_stands_for_the_name_and_what_is_unknown_is_empty(book):
    row = tables(book)[DROPOUTS][0]

    assert row["学生姓名"] == "（学号 month）"
    assert {row[name] for name in ("性别", "身份证号码", "家庭住址", "电话号码")} == {""}


def test_groups_and_flags_are_taken_from_codes_and_words(book, roll):
    rows = {row["姓名"]: row for row in tables(book, roll)[CHILDREN]}

    assert [rows[name]["重点群体"] for name in ("=1+1", "@甲", "丁")] == ["孤儿", "残疾", ""]
    assert [rows[name]["学籍状态"] for name in ("=1+1", "（学号 calm）")] == ["在籍不在校", "在籍在校"]


def test_a_village_has_a_sheet_of_its_own_with_its_head(book, roll):
    ledger = LEDGERS[-1]
    sheets = ledger_sheets(ledger, read_everybody(book, THIRD, roll).rows, THIRD)

    assert [sheet.name for sheet in sheets] == ["lower", "upper"]
    for word in ("填报单位：lower", "填报时间：2025-09-17", "审核人：", "填表人：", "联系电话："):
        assert word in sheets[0].lines[1]
    assert [(row[1], row[3], row[6]) for row in sheets[1].rows] == [
        ("下屯", "201104", "1"),
        ("上屯", "2011-03", "1"),
    ]


@pytest.mark.parametrize(
    ("person", "seen"),
    [
        ("county", {"week", "month", "both", "day", "calm", "crisis"}),
        ("head-1", {"week", "month", "day", "calm"}),
        ("teacher", {"week", "month", "day", "calm"}),
        ("town", {"week", "month", "both", "day", "calm", "crisis"}),
        ("elder", {"week", "month", "day", "calm", "crisis"}),
        ("auditor", {"week", "month", "both", "day", "calm", "crisis"}),
    ],
)
def test_a_ledger_holds_the_pupils_of_a_person_and_no_others(book, person, seen):
    rows = read_everybody(book, THIRD, person=person).rows

    assert {row.placed.pupil for row in rows} == seen


def test_a_village_reads_names_and_visits_but_no_signals_groups_or_outcomes(book, roll):
    found = tables(book, roll, person="elder")

    assert found[SUSPECTED][0]["姓名"] == "=1+1"
    assert found[SUSPECTED][0]["首次缺课日期"] == found[SUSPECTED][0]["状态"] == ""
    assert {row["重点群体"] for row in found[CHILDREN]} == {""}
    assert found[VILLAGES][0]["入户劝返次数"] == "1"


def test_an_auditor_reads_no_name(book, roll):
    found = tables(book, roll, person="auditor")

    cells = {cell for rows in found.values() for row in rows for cell in row.values()}
    assert not cells & {"=1+1", "@甲", "丁", "（学号 calm）", "11010120110405001X", "上村1号"}
    assert found[DROPOUTS][0]["辍学年月"] == "2025-08"


@pytest.mark.parametrize("person", ["mother", "stranger"])
def test_who_may_see_nobody_gets_no_ledger(book, person):
    with pytest.raises(CaseRightError, match="No pupil"):
        read_everybody(book, THIRD, person=person)


def test_of_one_school_the_others_are_not_there(book):
    assert {row.placed.school for row in read_everybody(book, THIRD, school="s-2").rows} == {"s-2"}


def test_an_earlier_day_shows_the_cases_as_they_stood_then(book):
    row = tables(book, day=FIRST)[DROPOUTS][0]

    assert row["劝返次数"] == "1"
    assert tables(book, day=FIRST - dt.timedelta(1))[DROPOUTS] == []


def close(book, pupil, day, outcome, **data):
    book.write(
        "close",
        day,
        "county",
        f"close/{pupil}",
        case=book.case_of(pupil),
        level=3,
        today=day,
        data={"outcome": outcome} | data,
    )


def test_who_did_not_come_back_stays_in_the_ledger_and_a_false_alarm_does_not():
    book = lived_book()
    close(book, "week", THIRD, "lost")
    close(book, "both", THIRD, "false_alarm", why="x")
    close(book, "month", THIRD, "deferred", document="乡镇批复")
    found = tables(book)

    assert found[SUSPECTED] == []
    rows = {row["学生姓名"]: row for row in found[DROPOUTS]}
    assert rows.keys() == {"（学号 week）", "（学号 month）"}
    assert (rows["（学号 week）"]["结果"], rows["（学号 week）"]["销号日期"]) == (
        "劝返无效、失联",
        "2025-09-17",
    )
    assert rows["（学号 month）"]["通知书种类与日期"] == "乡镇批复 2025-09-17"
    later = tables(book, day=dt.date(2026, 9, 1))[DROPOUTS]
    assert names(later, "学生姓名") == ["（学号 week）"]


def test_who_came_back_stays_in_the_ledger_with_the_end_of_the_stay():
    book = lived_book()
    case = book.case_of("month")
    data = {"since": "2025-09-17", "due": "2025-09-24"}
    book.write("returned", THIRD, "head-1", "back", case=case, data=data, today=THIRD)
    row = tables(book)[DROPOUTS][0]

    assert (row["结果"], row["稳定期至"]) == ("复学稳定期", "2025-10-21")


def test_a_case_opened_since_takes_the_lost_one_off_the_ledger():
    book = lived_book()
    close(book, "week", THIRD, "lost")
    data = {
        "pupil": "week",
        "school": "s-1",
        "line": "school",
        "rule": "worry",
        "level": 0,
        "owner": "teacher",
        "due": "2025-09-18",
    }
    book.write("open", THIRD, "teacher", "worry", data=data, today=THIRD)

    assert "（学号 week）" not in names(tables(book)[DROPOUTS], "学生姓名")


def test_a_counsellors_case_takes_nobody_off_the_ledger():
    book = lived_book()
    close(book, "week", THIRD, "lost")
    before = tables(book)
    data = {"pupil": "week", "school": "s-1", "line": "care", "rule": "critical_item", "level": 0}
    book.write(
        "open", THIRD, "mind-1", "x", data=data | {"owner": "mind-1", "due": "2025-09-18"}, today=THIRD
    )

    assert tables(book) == before


# --- As files ---


def test_the_same_book_gives_the_same_bytes_and_files_are_the_owners_alone(book, roll, tmp_path):
    for name in ("one", "two"):
        write_ledgers(read_everybody(book, THIRD, roll), tmp_path / name, THIRD)
    files = {name: {file.name: file for file in (tmp_path / name).iterdir()} for name in ("one", "two")}

    assert len(files["one"]) == 2 * len(LEDGERS)
    for name, file in files["one"].items():
        assert file.read_bytes() == files["two"][name].read_bytes()
        assert file.stat().st_mode & 0o77 == 0


def test_every_cell_of_a_workbook_is_text_whatever_it_begins_with(book, roll, tmp_path):
    write_ledgers(read_everybody(book, THIRD, roll), tmp_path, THIRD)
    rows = read_back(tmp_path / f"{CHILDREN}.xlsx")[CHILDREN]
    headings = rows[2]
    row = next(dict(zip(headings, cells, strict=True)) for cells in rows if "=1+1" in cells)

    assert (row["姓名"], row["监护人姓名"]) == ("=1+1", "+86")
    assert (row["身份证件号"], row["联系电话"], row["学校标识码"]) == (
        "110101201103040011",
        "013800138000",
        "0011",
    )
    assert all(isinstance(cell, str) for cells in rows for cell in cells)
    with zipfile.ZipFile(tmp_path / f"{CHILDREN}.xlsx") as opened:
        sheet = opened.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert 'orientation="landscape"' in sheet
    assert 'paperSize="9"' in sheet


def test_headings_are_repeated_on_every_page_and_columns_are_as_wide_as_declared(book, tmp_path):
    write_ledgers(read_everybody(book, THIRD), tmp_path, THIRD)
    with zipfile.ZipFile(tmp_path / f"{DROPOUTS}.xlsx") as opened:
        sheet, main = (opened.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "workbook"))

    assert f"'{DROPOUTS}'!$3:$3" in main or f"{DROPOUTS}!$3:$3" in main
    assert 'fitToWidth="1"' not in sheet or 'fitToHeight="0"' in sheet
    assert sheet.count("<col ") >= 10
    assert 'fitToHeight="0"' in sheet


def test_a_csv_runs_no_formula_and_keeps_long_numbers(book, roll, tmp_path):
    write_ledgers(read_everybody(book, THIRD, roll), tmp_path, THIRD)
    path = tmp_path / f"{CHILDREN}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row["姓名"].endswith("=1+1"))

    assert path.read_bytes().startswith("\ufeff".encode())
    assert (row["姓名"], row["监护人姓名"]) == ("'=1+1", "'+86")
    assert row["身份证件号"] == "110101201103040011\t"
    assert row["学校标识码"] == "0011\t"


def test_a_ledger_can_be_read_again_as_a_list_of_the_county(book, roll, tmp_path):
    write_ledgers(read_everybody(book, THIRD, roll), tmp_path, THIRD)
    for ending in ("xlsx", "csv"):
        again = CountyList.from_file(tmp_path / f"{CHILDREN}.{ending}")
        assert again.of_pupil("110101201103040011")["school_code"] == "0011"
        assert len(again.problems) == 3, "those of whom the list knew nothing have no id"


def test_many_villages_share_one_csv_that_names_the_village(book, roll, tmp_path):
    write_ledgers(read_everybody(book, THIRD, roll), tmp_path, THIRD)
    with (tmp_path / f"{VILLAGES}.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["工作表"] for row in csv.DictReader(file)] == ["lower", "upper", "upper"]
    assert list(read_back(tmp_path / f"{VILLAGES}.xlsx")) == ["lower", "upper"]


def test_a_visit_to_a_locked_door_has_no_difficulty_and_no_result_and_stands_in_the_ledgers(roll):
    book = lived_book()
    case = book.case_of("week")
    data = {"way": "home_visit", "met": ["nobody"], "due": "2025-09-24"}
    book.write("meet", THIRD, "head-1", "locked", case=case, data=data, today=THIRD)
    found = tables(book, roll)
    row = next(row for row in found[SUSPECTED] if row["姓名"] == "=1+1")

    assert (row["入户次数"], row["原因"], row["去向"]) == ("2", "", "")
    assert row["劝返情况"] == "2025-09-17 没有见到"
    assert found[CONTACTS][-1]["学生姓名"] == "=1+1"
