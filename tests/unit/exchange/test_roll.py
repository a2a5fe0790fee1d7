"""The school roll becomes records without one identity number, by names or codes; the rest is named."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import RecordFolder
from dropout_risk.exchange.roll_export import export_roll
from dropout_risk.exchange.roll_import import import_roll
from dropout_risk.exchange.roll_template import ROLL_COLUMNS
from support.exchanged import CODES, FULL_ROW, NUMBER, records_in, roll_text
from support.workbooks import write_xlsx

BY_NAME = {column.name: column for column in ROLL_COLUMNS}
KEY = Pseudonyms(b"0123456789abcdef" * 2)
DRAWN = dt.date(2024, 9, 2)


def imported(tmp_path, text, *, encoding="utf-8", pseudonyms=KEY, name="roll.csv", **options):
    source = tmp_path / name
    source.write_text(text, encoding=encoding)
    return import_roll(source, pseudonyms, drawn_on=DRAWN, **options)


def test_the_template_has_its_71_columns_each_once():
    assert (len(ROLL_COLUMNS), len({column.name for column in ROLL_COLUMNS})) == (71, 71)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_roll_reads_clean_whatever_its_encoding(tmp_path, encoding):
    found = imported(tmp_path, roll_text([FULL_ROW]), encoding=encoding)
    folder = RecordFolder(tmp_path / "out")
    folder.write(found)
    records = folder.checked()

    assert "0 set apart" in str(records.check())
    (row,) = records.table("students").to_pylist()
    assert (row["school_id"], row["class_id"], row["boarding"], row["distance_km"]) == (
        "2144000001",
        "701",
        True,
        3.5,
    )
    assert (row["birth_date"], row["enrolled_on"]) == (dt.date(2011, 1, 1), dt.date(2023, 9, 1))
    told = {row["factor"]: row["value"] for row in records.table("family").to_pylist()}
    assert told == {"left_behind": "both_parents", "orphan": "no", "disability": "no", "migrant_child": "no"}


@pytest.mark.parametrize(
    "given", [CODES, {name: CODES[name] if k % 2 else name for k, name in enumerate(CODES)}]
)
def test_codes_and_a_mixture_say_the_same_as_names(tmp_path, given):
    headers = {name: given[name] or name for name in CODES}
    coded = roll_text([{headers[name]: value for name, value in FULL_ROW.items()}], tuple(headers.values()))

    plain, other = (imported(tmp_path, text) for text in (roll_text([FULL_ROW]), coded))
    assert other.tables == plain.tables


def test_marks_and_remarks_in_headers_do_not_count(tmp_path):
    headers = {name: f"*{name}（必填）" for name in CODES}
    text = roll_text([{headers[name]: value for name, value in FULL_ROW.items()}], tuple(headers.values()))

    assert imported(tmp_path, text).tables == imported(tmp_path, roll_text([FULL_ROW])).tables


def test_a_row_of_codes_below_the_names_is_no_pupil(tmp_path):
    found = imported(tmp_path, roll_text([CODES, FULL_ROW]))

    assert len(found.tables["students"]) == 1
    assert "1 row(s) (a row of headers or of codes)" in found.left.text("en")


@pytest.mark.parametrize("with_directory", [False, True])
@pytest.mark.parametrize("column", ["身份证件号", "学籍号", "学籍辅号"])
def test_no_identity_number_is_ever_stored(tmp_path, column, with_directory):
    row = (
        FULL_ROW
        | {"身份证件号": "", "学籍辅号": ""}
        | {column: f"G{NUMBER}" if column == "学籍号" else NUMBER}
    )
    found = imported(tmp_path, roll_text([row], (*CODES, "学籍号")), with_directory=with_directory)
    RecordFolder(tmp_path / "out").write(found)

    stored = "".join(path.read_text("utf-8") for path in (tmp_path / "out").iterdir())
    assert NUMBER[:-1] not in stored
    assert "110101198001010019" not in stored
    assert found.tables["students"][0]["student_id"] == KEY.of_number(NUMBER)


def test_names_and_addresses_are_kept_only_when_asked_for(tmp_path):
    without, asked = (
        imported(tmp_path, roll_text([FULL_ROW]), with_directory=wanted) for wanted in (False, True)
    )

    assert {"甲", "乙", "某村1号", "555-0001"}.isdisjoint(map(str, without.tables["students"][0].values()))
    told = asked.tables["students"][0]
    assert [told[name] for name in ("name", "guardian", "phone", "address", "seat")] == [
        "甲",
        "乙",
        "555-0001",
        "某村1号",
        "7",
    ]
    assert {"姓名", "现住址", "成员1姓名"} <= {*without.left.names}
    assert "姓名" not in asked.left.names


def test_an_identity_number_in_any_other_column_stops_at_the_door(tmp_path):
    found = imported(tmp_path, roll_text([FULL_ROW | {"包保责任人": NUMBER}], (*CODES, "包保责任人")))

    with pytest.raises(RecordsError, match=r"1 in students\.responsible_id"):
        RecordFolder(tmp_path / "out").write(found)
    assert not (tmp_path / "out").exists()


def test_without_a_key_the_number_is_dropped_and_named_and_another_id_taken(tmp_path):
    found = imported(tmp_path, roll_text([FULL_ROW]), pseudonyms=Pseudonyms())

    assert found.tables["students"][0]["student_id"] == "A-1"
    assert "身份证件号" in found.left.names


def test_pupils_without_an_id_that_may_be_stored_stop_the_import(tmp_path):
    rows = [FULL_ROW | {"学籍辅号": ""}, FULL_ROW]

    with pytest.raises(RecordsError, match=r"1 row\(s\) of roll.csv") as told:
        imported(tmp_path, roll_text(rows), pseudonyms=Pseudonyms())
    assert "--key" in told.value.hint
    assert NUMBER not in str(told.value)


def test_every_column_is_used_or_named(tmp_path):
    found = imported(tmp_path, roll_text([FULL_ROW], (*CODES, "自编列")))
    used = {
        column.name
        for column in ROLL_COLUMNS
        if column.gives and column.gives not in ("name", "address", "seat")
    }

    assert {*CODES, "自编列"} - used <= {*found.left.names}
    assert used.isdisjoint(found.left.names)


@settings(max_examples=40, deadline=None)
@given(st.permutations(ROLL_COLUMNS), st.integers(20, 71), st.randoms())
def test_nothing_is_stored_but_the_columns_that_are_needed(tmp_path_factory, columns, number, chance):
    """Every other column holds a mark, whatever the order, and whether headed by its name or its code."""
    needed = {column.name for column in ROLL_COLUMNS if column.gives} - {"姓名", "班内学号", "现住址"}
    kept = {column.name: column for column in columns[:number]} | {"学籍辅号": BY_NAME["学籍辅号"]}
    headers = {name: chance.choice([name, column.code or name]) for name, column in kept.items()}
    row = {name: FULL_ROW.get(name, "") if name in needed else "MARK" for name in kept} | {"学籍辅号": "A-1"}
    text = roll_text([{headers[name]: cell for name, cell in row.items()}], tuple(headers.values()))
    place = tmp_path_factory.mktemp("roll")
    found = imported(place, text, pseudonyms=Pseudonyms())
    RecordFolder(place / "out").write(found)

    assert "MARK" not in "".join(path.read_text("utf-8") for path in (place / "out").iterdir())
    assert {headers[name] for name in kept if name not in needed} - {headers["学籍辅号"]} <= {
        *found.left.names
    }


def test_codes_that_nobody_knows_are_counted_and_never_read_as_a_no(tmp_path):
    row = FULL_ROW | {"是否孤儿": "9", "就读方式": "8", "是否留守儿童": "3"}
    found = imported(tmp_path, roll_text([row]))

    told = {row["factor"]: row["value"] for row in found.tables["family"]}
    assert (told["orphan"], told["left_behind"]) == ("unknown", "unknown")
    assert found.tables["students"][0]["boarding"] is None
    assert found.left.n_rows == 3


def test_ids_that_a_spreadsheet_rounded_are_refused(tmp_path):
    path = tmp_path / "roll.xlsx"
    rows = [
        [*CODES],
        *([110101201101010010.0 if name == "身份证件号" else FULL_ROW.get(name, "") for name in CODES],) * 2,
    ]
    write_xlsx(path, {"Sheet1": [row[:26] for row in rows]})  # the writer of tests has columns A to Z

    with pytest.raises(RecordsError, match="rounded by a spreadsheet"):
        import_roll(path, KEY, drawn_on=DRAWN)


def test_a_workbook_with_a_title_reads_as_a_csv(tmp_path):
    header = ("学校标识码", "姓名", "性别", "班号", "学籍辅号")
    write_xlsx(
        tmp_path / "名单.xlsx", {"Sheet1": [["学生基本信息"], [*header], [FULL_ROW[name] for name in header]]}
    )
    found = import_roll(tmp_path / "名单.xlsx", KEY, drawn_on=DRAWN)

    assert found.tables["students"] == [
        {"student_id": "A-1", "school_id": "2144000001", "sex": "male", "class_id": "701"}
    ]


def test_a_folder_without_a_roll_is_refused(tmp_path):
    with pytest.raises(RecordsError, match="no school roll"):
        imported(tmp_path, "学号,日期\n1,2\n")


def test_the_year_of_entry_tells_the_grade_where_it_is_declared(tmp_path):
    folder = RecordFolder(tmp_path / "out")
    folder.write(imported(tmp_path, roll_text([FULL_ROW]), enters=7))

    assert folder.mapping.read_text("utf-8") == "cohort_enters = 7\n"
    assert folder.checked().table("students")["grade_level"].to_pylist()[0] >= 7


def test_what_the_template_can_carry_comes_back_equal(tmp_path):
    students = [
        {
            "student_id": "=1",
            "school_id": "a",
            "class_id": "-x",
            "grade_level": 8,
            "enrolled_on": "2023-09-01",
            "birth_date": "2011-02-03",
            "boarding": "yes",
            "distance_km": 2.5,
            "sex": "female",
            "ethnicity": "x",
            "residence": "y",
            "name": "@n",
            "seat": "3",
            "guardian": "g",
            "phone": "+1",
            "address": "z",
        },
    ]
    family = [
        {"student_id": "=1", "factor": "left_behind", "valid_from": "2024-01-01", "value": "one_parent"},
        {"student_id": "=1", "factor": "orphan", "valid_from": "2024-01-01", "value": "no"},
    ]
    before = records_in({"students": students, "family": family})
    text, left = export_roll(before, with_directory=True)
    folder = RecordFolder(tmp_path / "out")
    folder.write(imported(tmp_path, text, pseudonyms=Pseudonyms(), with_directory=True))
    after = folder.checked()

    lost = {"grade_level"}
    for name in before.table("students").column_names:
        if name not in lost:
            assert after.table("students")[name].to_pylist() == before.table("students")[name].to_pylist(), (
                name
            )
    assert lost <= {*left.names}
    told = [
        {(row["factor"], row["value"]) for row in one.table("family").to_pylist()} for one in (before, after)
    ]
    assert told[0] == told[1]


def test_what_the_template_cannot_carry_is_named():
    students = [
        {
            "student_id": "a",
            "school_id": "s",
            "class_id": "1",
            "grade_level": 8,
            "enrolled_on": "2023-09-05",
            "name": "n",
        }
    ]
    marks = [
        {"student_id": "a", "date": "2024-09-05", "subject": "maths", "exam": "x", "score": 1, "max_score": 2}
    ]
    text, left = export_roll(records_in({"students": students, "grades": marks}))

    assert {"grade_level", "grades", "name"} <= {*left.names}
    assert "the day of entry is lost" in left.text("en")
    assert ",n," not in text
