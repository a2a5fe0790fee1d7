"""The form of visits: filled in by hand on any machine, read back whole or not at all."""

import csv
import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.casebook.visiting.visit_notes import COLUMNS, read_visit_notes, write_visit_form
from dropout_risk.casebook.visiting.visit_week import plan_week
from dropout_risk.casebook.visiting.visits import Hours, Stop, Visitor
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.errors import VisitNotesError

DAY = dt.date(2025, 5, 19)
HEADER = "个案,日期,方式,见到,同去,家庭所说困难,结果,下次日期,备注"
GOOD = "c-1,2025-05-19,家访,父、祖父母,村（社区）,路远,约定返校,2025-05-26,下周一来"


def form(tmp_path, *rows, header=HEADER, encoding="utf-8-sig"):
    path = tmp_path / "form.csv"
    path.write_bytes("\r\n".join([header, *rows]).encode(encoding))
    return path


def problems_of(path, **more):
    with pytest.raises(VisitNotesError) as error:
        read_visit_notes(path, **more)
    return str(error.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_row_is_read_in_any_encoding(tmp_path, encoding):
    (note,) = read_visit_notes(form(tmp_path, GOOD, encoding=encoding))

    assert (note.case_id, note.day, note.way, note.met, note.company) == (
        "c-1", DAY, "home_visit", ("father", "grandparents"), ("village",),
    )  # fmt: skip
    assert (note.difficulty, note.result, note.next_day, note.note, note.row) == (
        ("far_way",), "promised", dt.date(2025, 5, 26), "下周一来", 2,
    )  # fmt: skip


def test_keys_and_english_words_are_read_too(tmp_path):
    header = "case;day;way;met;with;difficulty;result;next_day;note"
    row = 'c-1;2025/5/19;Home visit;"the father, mother";;poverty;back at school;;"two\nlines"'
    (note,) = read_visit_notes(form(tmp_path, row.replace("mother", "the mother"), header=header))

    assert (note.way, note.met, note.difficulty, note.result) == (
        "home_visit", ("father", "mother"), ("poverty",), "returned",
    )  # fmt: skip
    assert note.note == "two\nlines"


@pytest.mark.parametrize(
    "written", ["2025-05-19", "2025/5/19", "2025.5.19", "2025年5月19日", "20250519", "２０２５-05-19"]
)
def test_a_day_is_read_as_people_write_it(tmp_path, written):
    (note,) = read_visit_notes(form(tmp_path, GOOD.replace("2025-05-19", written)))

    assert note.day == DAY


def test_a_row_that_nobody_filled_in_is_named_and_an_empty_one_is_none(tmp_path):
    notes = read_visit_notes(
        form(tmp_path, GOOD, "c-2,2025-05-19,,,,,,,", ",,,,,,,,", "", GOOD.replace("c-1", "c-3"))
    )

    assert ([note.row for note in notes], notes.not_filled) == ([2, 6], (3,))


def test_where_nobody_was_met_neither_difficulty_nor_result_is_asked(tmp_path):
    (note,) = read_visit_notes(form(tmp_path, "c-1,2025-05-19,家访,没有见到,,,,,"))

    assert (note.met, note.result) == (("nobody",), "")


def test_every_problem_is_told_at_once_by_row_and_column_and_nothing_is_taken(tmp_path):
    told = problems_of(
        form(
            tmp_path,
            GOOD,
            "secret,2025-02-30,骑马,父,,路远,误报,,",
            ",2025-06-01,家访,没有见到、父,,,,,",
            "c-1,2025-05-19,家访;电话,父,,路远,,2025-05-01,",
        ),
        today=DAY,
        cases={"c-1"},
    )

    for part in (
        "row 3, column day", "row 3, column way", "row 3, column case (个案): is none",
        "row 4, column case (个案): is empty", "row 4, column day (日期): has not come",
        "row 4, column met (见到): says nobody and somebody", "row 5, column way (方式): takes one word",
        "row 5, column result (结果): is empty", "row 5, column next_day (下次日期): is not after",
    ):  # fmt: skip
        assert part in told
    assert not [value for value in ("secret", "骑马", "2025-02-30", "row 2, ") if value in told]


def test_the_same_visit_told_twice_is_a_problem(tmp_path):
    assert "row 3, column case (个案): is told of in row 2" in problems_of(form(tmp_path, GOOD, GOOD))


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (HEADER.replace("结果", "结论"), "column result (结果): is missing"),
        (HEADER.replace("备注", "结果"), "column result (结果): stands twice"),
        (HEADER + ",身高", "column 10: is no column"),
        ("", "column case (个案): is missing"),
    ],
)
def test_a_header_that_is_not_the_forms_is_told(tmp_path, header, told):
    assert told in problems_of(form(tmp_path, header=header))


def test_a_file_that_is_no_csv_or_not_there_is_one_error(tmp_path):
    assert "cannot be read" in problems_of(tmp_path / "none.csv")
    assert "cannot be read" in problems_of(form(tmp_path, '"open'))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_form_that_is_written_is_read_back_with_every_row_unfilled(tmp_path, language):
    stops = [Stop(f"c-{k}", f"p-{k}", "a", minutes=20) for k in range(3)]
    plan = plan_week(stops, [Visitor("t-1", (Hours(DAY, dt.time(13), dt.time(18)),))], [DAY])
    path = write_visit_form(tmp_path / "form.csv", plan.routes, language)
    notes = read_visit_notes(path)

    assert (len(notes), notes.not_filled) == (0, (2, 3, 4))
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert b"p-1" not in path.read_bytes()


texts = st.text(st.characters(codec="gb18030", exclude_categories=["Cc", "Cs", "Co"]), max_size=20).map(
    str.strip
)


@given(
    rows=st.lists(
        st.tuples(*(st.sampled_from(question.words) for question in QUESTIONS.values()), texts),
        min_size=1, max_size=5,
    ),
    language=st.sampled_from(["zh", "en"]),
    encoding=st.sampled_from(["utf-8-sig", "gb18030"]),
)  # fmt: skip
def test_what_was_ticked_is_what_is_read(tmp_path_factory, rows, language, encoding):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(title.to(language) for title in COLUMNS.values())
    for k, (*words, note) in enumerate(rows):
        writer.writerow([f"个案{k}", DAY, *(word.text.to(language) for word in words), "", note])
    path = tmp_path_factory.mktemp("form") / "form.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    notes = read_visit_notes(path)

    assert [(n.way, *n.met, *n.company, *n.difficulty, n.result, n.note) for n in notes] == [
        (*(word.key for word in words), note) for *words, note in rows
    ]
