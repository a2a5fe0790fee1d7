"""A misshapen mapping is an error of its own, before a table is looked for."""

import pytest

from dropout_risk.errors import SettingsError
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.records.wording.mapping import RecordsMapping

WRONG = [4, True, 1.5, "attendance", ["attendance"], [4], {"a": {"b": {"c": 1}}}, {1: "students"}]
PARTS = {
    "tables": [
        *WRONG,
        {"出勤": ["attendance"]},
        {"出勤": {"attendance": "x"}},
        {"出勤": 4},
        {"出勤": "atendance"},
    ],
    "columns": [
        *WRONG,
        {"grades": 4},
        {"grades": ["score"]},
        {"grades": "score"},
        {"grades": {"x": ["score"]}},
        {"grades": {"x": 4}},
        {"grade": {"x": "score"}},
        {"grades": {"x": "scroe"}},
    ],
    "words": [
        *WRONG,
        {"status": 4},
        {"status": ["present"]},
        {"status": {"x": 4}},
        {"status": {"x": {"y": 1}}},
        {"grade_level": {"x": "7"}},
        {"yes_no": {"x": "yes"}},
        {"statsu": {"x": "present"}},
        {"status": {1: "late"}},
    ],
    "ignored": [4, True, "备注", {"备注": 1}, [4], [["备注"]]],
    "encoding": [4, True, ["utf-8"], {"all": 4}, {"all": "utf-88"}, "utf-88", "", "gbk\0"],
}


@pytest.mark.parametrize(
    ("part", "value"), [(part, value) for part, values in PARTS.items() for value in values]
)
def test_a_misshapen_part_is_refused_by_its_name(part, value):
    with pytest.raises(SettingsError) as caught:
        RecordsMapping({part: value})
    assert part in str(caught.value) or "names are texts" in str(caught.value)


@pytest.mark.parametrize("mapping", [4, True, ["columns"], {4: {}}, {"colums": {}}, b"columns"])
def test_what_is_no_mapping_is_refused_before_the_folder_is_read(mapping, tmp_path):
    with pytest.raises(SettingsError):
        SchoolRecords.from_folder(tmp_path, mapping=mapping)


@pytest.mark.parametrize(
    "text", ["columns = 4", "[columns]\ngrades = 4", "ignored = '备注'", "[words]\nstatus = 'x'"]
)
def test_a_misshapen_file_is_named(text, tmp_path):
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"mapping\.toml has 1 problem"):
        SchoolRecords.from_folder(tmp_path, mapping=path)


def test_all_that_is_misshapen_is_said_at_once():
    with pytest.raises(SettingsError, match="3 problem"):
        RecordsMapping({"columns": 4, "words": 5, "encoding": 6})
