"""OneRoster: only a whole export is read, rows left out are counted, and what it can carry comes back."""

import zipfile

import pytest
from hypothesis import HealthCheck, given, settings

from dropout_risk.errors import RecordsError
from dropout_risk.exchange.oneroster_export import export_oneroster, exported_files
from dropout_risk.exchange.oneroster_files import COLUMNS, FILES
from dropout_risk.exchange.oneroster_import import import_oneroster
from dropout_risk.exchange.pseudonyms import Pseudonyms
from dropout_risk.exchange.record_folder import RecordFolder
from support.exchanged import NUMBER, csv_of, districts, oneroster, records_in, roster

CHANGING = ("status", "grades", "subjects", "courseSourcedId", "classSourcedId", "endDate", "beginDate")
KEY = Pseudonyms(b"0123456789abcdef" * 2)


def imported(folder, **options):
    return import_oneroster(folder, Pseudonyms(), **options)


def test_a_whole_export_reads_clean(tmp_path):
    found = imported(oneroster(tmp_path / "in", roster()))
    folder = RecordFolder(tmp_path / "out")
    folder.write(found)
    records = folder.checked()

    assert "set apart" in str(records.check())
    assert not len(records.quarantine)
    (row,) = records.table("students").to_pylist()
    assert (row["school_id"], row["class_id"], row["grade_level"], row["sex"]) == ("s1", "8A", 8, "female")
    (mark,) = records.table("grades").to_pylist()
    assert (mark["subject"], mark["exam"], mark["score"], mark["max_score"]) == ("maths", "midterm", 85, 100)


def test_a_zip_with_a_folder_inside_reads_as_the_folder(tmp_path):
    folder = oneroster(tmp_path / "in", roster())
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"export/{path.name}")

    assert imported(tmp_path / "export.zip").tables == imported(folder).tables


@pytest.mark.parametrize("with_directory", [False, True])
def test_passwords_telephones_and_mails_are_nowhere(tmp_path, with_directory):
    found = imported(oneroster(tmp_path / "in", roster()), with_directory=with_directory)

    assert {"hidden", "555-0002", "a@b"}.isdisjoint(map(str, found.tables["students"][0].values()))
    assert {"password", "phone", "email"} <= {*found.left.names}
    assert ("name" in found.tables["students"][0]) is with_directory


def test_nothing_is_stored_but_the_columns_that_are_needed(tmp_path):
    used = {name: {column for row in rows for column in row} for name, rows in roster().items()}
    marks = {
        name: dict.fromkeys([c for c in COLUMNS[name] if c not in used[name] and c not in CHANGING], "MARK")
        for name in used
    }
    files = {name: [marks[name] | row for row in rows] for name, rows in roster().items()}
    personal = dict.fromkeys(("password", "phone", "email", "givenName", "familyName"), "MARK")
    files["users"] = [row | personal for row in files["users"]]
    found = imported(oneroster(tmp_path / "in", files))
    RecordFolder(tmp_path / "out").write(found)

    assert sum(map(len, marks.values())) > 40
    assert "MARK" not in "".join(path.read_text("utf-8") for path in (tmp_path / "out").iterdir())
    assert found.tables == imported(oneroster(tmp_path / "plain", roster())).tables


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({"oneroster__version": "1.1"}, "oneroster.version is '1.1', not 1.2"),
        ({"file__results": "delta"}, "results.csv is a delta"),
        ({"file__users": "absent"}, "users.csv is absent"),
        ({"file__courses": "full"}, "file.courses is 'full'"),
        ({"file__lineItems": "absent"}, "results.csv is there without lineItems.csv"),
    ],
)
def test_what_the_manifest_does_not_vouch_for_is_refused(tmp_path, manifest, told):
    with pytest.raises(RecordsError, match=told):
        imported(oneroster(tmp_path / "in", roster(), **manifest))


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    folder = oneroster(tmp_path / "in", roster(), oneroster__version="2", file__results="delta")
    (folder / "roles.csv").unlink()
    (folder / "orgs.csv").write_text("sourcedId\ns1\n", encoding="utf-8")

    with pytest.raises(RecordsError) as told:
        imported(folder)
    for part in (
        "oneroster.version",
        "results.csv is a delta",
        "roles.csv is missing",
        "orgs.csv lacks type",
    ):
        assert part in str(told.value)


def test_an_export_without_a_manifest_is_refused(tmp_path):
    folder = oneroster(tmp_path / "in", roster())
    (folder / "manifest.csv").unlink()

    with pytest.raises(RecordsError, match=r"no manifest\.csv"):
        imported(folder)


def test_the_words_of_a_manifest_may_be_written_in_any_case(tmp_path):
    folder = oneroster(tmp_path / "in", roster(), file__users="Bulk", file__resources="Absent")

    assert len(imported(folder).tables["students"]) == 1


def test_starred_names_of_a_manifest_count(tmp_path):
    folder = oneroster(tmp_path / "in", roster())
    text = (folder / "manifest.csv").read_text("utf-8-sig").replace("file.roles,", "file.roles*,")
    (folder / "manifest.csv").write_text(text, encoding="utf-8")

    assert len(imported(folder).tables["students"]) == 1


def test_a_sourced_id_that_stands_twice_is_refused_without_naming_it(tmp_path):
    files = roster()
    files["users"] = [*files["users"], files["users"][0] | {"sourcedId": "t1"}]

    with pytest.raises(RecordsError, match=r"users\.csv has 1 sourcedId\(s\) in more than one row") as told:
        imported(oneroster(tmp_path / "in", files))
    assert "t1" not in str(told.value)


def test_rows_to_be_deleted_are_left_out_and_counted(tmp_path):
    files = roster()
    files["results"] = [files["results"][0] | {"status": "tobedeleted"}]
    found = imported(oneroster(tmp_path / "in", files))

    assert found.tables["grades"] == []
    assert "results.csv: 1 row(s) (marked as to be deleted)" in found.left.text("en")


def test_another_status_is_refused_without_telling_it(tmp_path):
    files = roster()
    files["users"] = [files["users"][0] | {"status": "somebody"}]

    with pytest.raises(RecordsError, match=r"1 row\(s\) of users\.csv") as told:
        imported(oneroster(tmp_path / "in", files))
    assert "somebody" not in str(told.value)


def test_a_column_header_that_moved_or_is_missing_changes_nothing(tmp_path):
    folder = oneroster(tmp_path / "in", roster())
    columns = [name for name in COLUMNS["enrollments"][::-1] if name != "primary"]
    (folder / "enrollments.csv").write_text(csv_of(columns, roster()["enrollments"]), encoding="gb18030")

    assert imported(folder).tables["students"][0]["class_id"] == "8A"


def test_several_homerooms_are_spells_and_a_school_without_one_is_too(tmp_path):
    files = roster()
    first, room = files["enrollments"][0], files["classes"][0]
    files["orgs"] = [*files["orgs"], {"sourcedId": "s2", "type": "school"}]
    files["classes"] = [*files["classes"], room | {"sourcedId": "h8b", "title": "8B"}]
    files["enrollments"] = [
        first | {"endDate": "2024-11-01"},
        first
        | {"sourcedId": "e2", "classSourcedId": "h8b", "beginDate": "2024-11-01", "endDate": "2025-01-10"},
    ]
    files["roles"] = [
        files["roles"][0],
        files["roles"][0] | {"sourcedId": "r9", "orgSourcedId": "s2", "beginDate": "2025-01-10"},
    ]
    rows = imported(oneroster(tmp_path / "in", files)).tables["students"]

    assert [(row["school_id"], row["class_id"], row["enrolled_on"], row["left_on"]) for row in rows] == [
        ("s1", "8A", "2024-09-01", "2024-11-01"),
        ("s1", "8B", "2024-11-01", "2025-01-10"),
        ("s2", None, "2025-01-10", None),
    ]


def test_an_end_before_the_beginning_is_for_the_check_to_name(tmp_path):
    files = roster()
    files["enrollments"] = [files["enrollments"][0] | {"endDate": "2024-08-01"}]
    folder = RecordFolder(tmp_path / "out")
    folder.write(imported(oneroster(tmp_path / "in", files)))

    assert "DR121" in str(folder.checked().check())


@pytest.mark.parametrize(
    ("result", "told"),
    [
        ({"scoreStatus": "exempt", "score": ""}, "exempt"),
        ({"scoreStatus": "not submitted", "score": "", "missing": "true"}, "missed"),
        ({"scoreStatus": "not submitted", "score": ""}, None),
        ({"scoreStatus": "partially graded"}, None),
        ({"score": "", "textScore": "A"}, None),
        ({"inProgress": "TRUE"}, None),
        ({"lineItemSourcedId": "unknown"}, None),
        ({"studentSourcedId": "t1"}, None),
    ],
)
def test_a_result_without_a_mark_is_missed_exempt_or_counted(tmp_path, result, told):
    files = roster()
    files["results"] = [files["results"][0] | result]
    found = imported(oneroster(tmp_path / "in", files))

    assert [row["taken"] for row in found.tables["grades"]] == ([] if told is None else [told])
    assert ("results.csv: 1 row(s)" in found.left.text("en")) is (told is None)


def test_identity_numbers_as_ids_need_a_key_and_become_pseudonyms_everywhere(tmp_path):
    files = roster()
    for name, column in (
        ("users", "sourcedId"),
        ("demographics", "sourcedId"),
        ("roles", "userSourcedId"),
        ("enrollments", "userSourcedId"),
        ("results", "studentSourcedId"),
    ):
        files[name] = [row | ({column: NUMBER} if row[column] == "p1" else {}) for row in files[name]]
    folder = oneroster(tmp_path / "in", files)

    with pytest.raises(RecordsError, match="identity numbers"):
        imported(folder)
    tables = import_oneroster(folder, KEY).tables
    assert {row["student_id"] for rows in tables.values() for row in rows} == {KEY.of_number(NUMBER)}
    assert tables["students"][0]["sex"] == "female"


def test_the_manifest_and_the_headers_of_an_export_are_those_of_the_format():
    files, _ = exported_files(
        records_in(
            {
                "students": [
                    {
                        "student_id": "a",
                        "school_id": "s",
                        "class_id": "1",
                        "grade_level": 8,
                        "enrolled_on": "2024-09-01",
                    }
                ]
            }
        )
    )
    manifest = dict(line.split(",") for line in files["manifest.csv"].splitlines())

    assert (manifest["manifest.version"], manifest["oneroster.version"]) == ("1.0", "1.2")
    assert {name for name in manifest if name.startswith("file.")} == {f"file.{name}" for name in FILES}
    assert len(FILES) == 21
    for name in COLUMNS:
        assert manifest[f"file.{name}"] == "bulk"
        assert files[f"{name}.csv"].splitlines()[0] == ",".join(COLUMNS[name])
    assert COLUMNS["users"][:5] == ("sourcedId", "status", "dateLastModified", "enabledUser", "username")
    assert "2025" in files["academicSessions.csv"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(districts())
def test_what_the_format_can_carry_comes_back_equal(tmp_path_factory, tables):
    place = tmp_path_factory.mktemp("exchange")
    before = records_in(tables)
    content, left = export_oneroster(before)
    (place / "export.zip").write_bytes(content)
    after = records_in(imported(place / "export.zip").tables)

    carried = [
        "student_id",
        "school_id",
        "class_id",
        "grade_level",
        "enrolled_on",
        "left_on",
        "birth_date",
        "sex",
    ]
    for one, other in zip(
        *(records.table("students").to_pylist() for records in (before, after)), strict=True
    ):
        assert {name: one[name] for name in carried} == {name: other[name] for name in carried}
        assert one.get("spells") == other.get("spells")
    told = [
        sorted(
            (
                row["pupil"],
                row["date"],
                row["subject"],
                row["exam"],
                str(row["score"]),
                row["max_score"],
                row["taken"],
            )
            for row in records.table("grades").to_pylist()
            if row["taken"] != "deferred"
        )
        for records in (before, after)
    ]
    assert told[0] == told[1]
    assert "attendance" in left.names
    deferred = any(row["score"] == "deferred" for row in tables["grades"])
    assert ("deferred, unknown" in left.text("en")) is deferred


def test_exports_of_the_same_records_are_the_same_bytes():
    tables = {
        "students": [
            {"student_id": name, "school_id": "s", "class_id": "1", "grade_level": 8} for name in "ba"
        ]
    }
    one, other = (
        export_oneroster(records_in(given))[0] for given in (tables, {"students": tables["students"][::-1]})
    )

    assert one == other


def test_no_cell_of_an_export_is_run_as_a_formula():
    tables = {"students": [{"student_id": "=1+1", "school_id": "@x", "class_id": "-", "grade_level": 8}]}
    files, left = exported_files(records_in(tables))

    cells = [cell for text in files.values() for line in text.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]
    assert "got a ' in front" in left.text("en")
