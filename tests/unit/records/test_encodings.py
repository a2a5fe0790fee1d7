import io

import pytest

from dropout_risk.errors import RecordsError, SettingsError
from dropout_risk.records.files.encodings import encoding_doubt, find_encoding
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping

HEADER = "student_id,school_id,class_id,grade_level\n"
CHINESE = HEADER + "1,城关第一中学,七年级一班,7\n2,城关第一中学,七年级二班,7\n"


def found(raw, named=None, for_this_file=False):
    return find_encoding(io.BytesIO(raw), "students.csv", named, for_this_file)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "gb18030"],
)
@pytest.mark.parametrize("mapping", [None, {"encoding": "utf-8"}])
def test_unicode_is_known_by_its_mark_or_its_zeros(tmp_path, encoding, mapping):
    if mapping and encoding not in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        mapping = {"encoding": {"students": encoding}}
    (tmp_path / "students.csv").write_bytes(CHINESE.encode(encoding))
    records = SchoolRecords.from_folder(tmp_path, mapping=mapping)
    assert set(records.table("students")["school_id"].to_pylist()) == {"城关第一中学"}
    assert records.check().problems == ()


@pytest.mark.parametrize(
    ("encoding", "text", "tried"),
    [
        ("big5", "1,高雄市立三民國中,二年三班", "big5"),
        ("cp932", "1,さくら市立第二小学校,二年", "shift_jis"),
        ("euc_kr", "1,서울중앙초등학교,김영수", "euc_kr"),
        ("cp1252", "1,Collège Zoé Père,Émilie", "cp1252"),
        ("cp1251", "1,Средняя школа,Иванов", "cp1251"),
    ],
)
def test_text_that_is_not_chinese_is_doubted_with_what_to_try(encoding, text, tried):
    assert f"'{tried}'" in encoding_doubt(found(text.encode(encoding))).en


@pytest.mark.parametrize(
    "text",
    [
        "昊", "镕", "1,朱镕基", "欧阳,彝良县牛街镇中学,翟晓雯", "出勤\n缺勤\n病假\n旷课\n迟到",
        "阿依古丽·买买提", "①班，（2）班", "八年级,北部,包班", "王䶮",
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16"])
def test_chinese_is_never_doubted(text, encoding):
    assert encoding_doubt(found(text.encode(encoding))) is None


@pytest.mark.parametrize(
    "text",
    [
        "一中学生".encode().decode("gb18030", "replace"),
        "Lycée Zoé".encode().decode("cp1252"),
        "1,锟斤拷,锟斤拷",
        "1,Ren\ufffd",
    ],
)
def test_text_that_was_spoilt_before_is_doubted(text):
    assert "again" in encoding_doubt(found(text.encode())).en


def test_a_name_in_the_mapping_silences_the_doubt_unless_the_file_is_utf_8(tmp_path):
    rare = "1,籓瓣籅鞱,臺灣國".encode("gb18030")
    assert encoding_doubt(found(rare)) is not None
    assert encoding_doubt(found(rare, "gb18030", True)) is None
    assert "'utf-8'" in encoding_doubt(found("1,城关中学".encode(), "gb18030", True)).en


def test_every_table_and_every_file_can_have_its_own_encoding(tmp_path):
    (tmp_path / "students_a.csv").write_bytes((HEADER + "1,Lycée Zoé,c,7\n").encode("cp1252"))
    (tmp_path / "students_b.csv").write_bytes((HEADER + "2,臺北國中,c,7\n").encode("big5"))
    (tmp_path / "outcomes.csv").write_text("student_id,date,event\n", encoding="utf-8")
    mapping = {"encoding": {"students": "cp1252", "students_b.csv": "big5", "all": "utf-8"}}
    records = SchoolRecords.from_folder(tmp_path, mapping=mapping)
    assert records.table("students")["school_id"].to_pylist() == ["Lycée Zoé", "臺北國中"]
    assert records.check().problems == ()


def test_each_file_in_doubt_is_named(tmp_path):
    for name in "ab":
        (tmp_path / f"students_{name}.csv").write_bytes((HEADER + f"{name},臺北國中,c,7\n").encode("big5"))
    [problem] = SchoolRecords.from_folder(tmp_path).check().problems
    assert (problem.rule.name, problem.file) == ("doubtful_encoding", "students_a.csv, students_b.csv")


def test_a_file_that_is_in_no_encoding_is_refused_with_what_to_try(tmp_path):
    (tmp_path / "students.csv").write_bytes((HEADER + "1,Café,c,7\n").encode("cp1252"))
    with pytest.raises(RecordsError) as caught:
        SchoolRecords.from_folder(tmp_path).check()
    assert "'cp1252'" in caught.value.hint
    assert "Caf" not in str(caught.value)


@pytest.mark.parametrize("given", [{"student": "big5"}, {"students": 5}, 7, ["utf-8"]])
def test_an_encoding_of_no_table_is_refused(given):
    with pytest.raises(SettingsError, match="encoding"):
        RecordsMapping({"encoding": given})
