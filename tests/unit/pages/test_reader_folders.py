import csv
import re
from html import unescape

import numpy as np
import pyarrow as pa
import pytest

import dropout_risk as dr
from dropout_risk.errors import UnknownPupilError
from dropout_risk.pages.reader_folders import (
    READERS,
    reader_scopes,
    write_morning,
    write_reader_folders,
)
from dropout_risk.pages.review import Review
from dropout_risk.records.pupils.classes import class_name
from dropout_risk.scoring.readers.scope import EVERYBODY, NONE, Scope
from dropout_risk.simulate.district import simulate_tables

AS_OF = "2025-03-03"


@pytest.fixture(scope="module")
def records():
    """A district in which one class has two grade levels of the same id, and some have nobody responsible."""
    tables = simulate_tables(160, 11).tables
    rows = tables["students"].to_pylist()
    first = min(row["responsible_id"] for row in rows if row["responsible_id"])
    for row in rows:
        row["class_id"] = "1班"
        row["responsible_id"] = None if row["responsible_id"] == first else row["responsible_id"]
    students = pa.Table.from_pylist(rows, tables["students"].schema)
    return dr.SchoolRecords.from_tables(**tables | {"students": students})


@pytest.fixture(scope="module")
def review(risk_model, records):
    return Review.of(risk_model, records, AS_OF, language="en")


def students_of(review):
    return {head.student_id for head in review.scores.pupils} | {
        error.student_id for error in review.scores.errors
    }


def placed(review):
    columns = ("student_id", "school_id", "class_id", "grade_level", "responsible_id")
    rows = review.histories.placed_on(np.datetime64(AS_OF).astype(int)).students
    return {row["student_id"]: row for row in rows.select(columns).to_pylist()}


def test_each_pupil_is_in_the_folder_of_one_reader(review):
    scopes = reader_scopes(review)
    read = [student for scope in scopes for student in students_of(review.within(scope))]
    assert sorted(read) == sorted(students_of(review))
    assert {scope.responsible_id for scope in scopes} > {NONE}


def test_a_class_is_a_school_a_grade_level_and_a_class(review):
    rows = placed(review)
    for school, grade in {(row["school_id"], row["grade_level"]) for row in rows.values()}:
        inside = students_of(review.within(Scope(school, grade, "1班")))
        assert {(rows[pupil]["school_id"], rows[pupil]["grade_level"]) for pupil in inside} <= {
            (school, grade)
        }


def test_a_scope_within_a_scope_is_in_both(review):
    rows = placed(review)
    row = next(row for row in rows.values() if row["responsible_id"])
    teacher = Scope(row["school_id"], responsible_id=row["responsible_id"])
    both = review.within(Scope(row["school_id"], row["grade_level"])).within(teacher)
    assert both.whole is review
    assert students_of(both) == students_of(review.within(teacher)) & students_of(
        review.within(Scope(row["school_id"], row["grade_level"]))
    )


def test_a_folder_names_no_pupil_but_the_readers_own(review, tmp_path):
    """Nor does a file's name, a link, a title or a count: every id of the district is looked for."""
    write_reader_folders(review, tmp_path)
    everybody = set(placed(review))
    with (tmp_path / READERS).open(encoding="utf-8-sig", newline="") as file:
        readers = list(csv.DictReader(file))
    assert {row["folder"] for row in readers} == {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert sum(int(row["pupils"]) for row in readers) == len(review.scores.pupils)
    for row, scope in zip(readers, reader_scopes(review), strict=True):
        folder, own = tmp_path / row["folder"], students_of(review.within(scope))
        for path in folder.iterdir():
            text = path.name + unescape(path.read_text(encoding="utf-8"))
            assert set(re.findall(r"[A-Za-z0-9_-]+", text)) & everybody <= own
            assert not [pupil for pupil in everybody - own if pupil in text]
        counts = review.within(scope).watch_list.counts()
        assert counts["cohort"] == len(own) == int(row["pupils"])


def test_a_readers_folder_is_what_the_list_of_her_pupils_alone_would_be(review, tmp_path):
    scope = reader_scopes(review)[0]
    write_reader_folders(review, tmp_path / "all")
    write_morning(review.within(scope), tmp_path / "one")
    (folder,) = [path for path in (tmp_path / "all").iterdir() if scope.responsible_id in path.name]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()
    }


def test_what_was_written_for_a_reader_without_pupils_is_removed_and_her_notes_stay(review, tmp_path):
    write_reader_folders(review, tmp_path)
    first = sorted(path for path in tmp_path.iterdir() if path.is_dir())[0]
    gone, noted = tmp_path / "reader-gone-12345678", tmp_path / "reader-noted-12345678"
    for folder in (gone, noted):
        folder.mkdir()
        for path in first.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    (noted / "notes.txt").write_text("mine")
    write_reader_folders(review, tmp_path)
    assert not gone.exists()
    assert [path.name for path in noted.iterdir()] == ["notes.txt"]


def test_a_pupil_outside_the_scope_is_answered_as_one_that_does_not_exist(review):
    scope = reader_scopes(review)[0]
    own = review.within(scope)
    other = next(iter(students_of(review) - students_of(own)))
    words = []
    for student in (other, "nobody"):
        with pytest.raises(UnknownPupilError) as raised:
            own.pupil(student)
        words.append((str(raised.value), raised.value.hint))
    assert words[0] == words[1]
    for school in {head.school_id for head in review.scores.pupils} - {scope.school_id} | {"nowhere"}:
        with pytest.raises(UnknownPupilError, match="Nobody of that school"):
            own.school(school)


def test_a_part_counts_and_asks_only_about_its_own_and_shares_the_answers(review):
    scope = reader_scopes(review)[0]
    own = review.within(scope)
    own.ask_about(own.listed_ids)
    assert set(own.listed_ids) <= set(review._asked)
    assert {item.school_id for item in own.scores.registers} <= {scope.school_id}
    numbers = pa.Table.from_batches(own._numbers())
    assert set(numbers["student_id"].to_pylist()) == {head.student_id for head in own.scores.pupils}


def test_everybody_is_a_scope_too(review):
    assert students_of(review.within(EVERYBODY)) == students_of(review)


def test_a_class_id_of_two_grade_levels_asks_for_one(review):
    rows = placed(review)
    school = next(iter(rows.values()))["school_id"]
    with pytest.raises(dr.errors.SettingsError, match="several grade levels") as raised:
        review.within(Scope(school, None, "1班"))
    assert "name the grade level too" in raised.value.hint
    assert class_name(school, "1班", 8) in review.histories.classes.names


@pytest.mark.parametrize(("language", "first"), [("zh", "文件夹"), ("en", "folder")])
def test_the_table_of_folders_has_headings_in_the_language_of_the_pages(
    risk_model, records, tmp_path, language, first
):
    review = Review.of(risk_model, records, AS_OF, language=language)
    table = write_reader_folders(review, tmp_path).read_text(encoding="utf-8-sig")
    headings = table.splitlines()[0].split(",")
    assert headings[0] == first
    assert all(heading.isascii() == (language == "en") for heading in headings)
