"""Incidents: none is zero where a school keeps the table, and missing where it keeps none."""

import numpy as np
import pytest

import dropout_risk as dr
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.features.compute import compute_features
from dropout_risk.features.missing import NOT_APPLICABLE, missing_states
from dropout_risk.histories import store, store_append
from dropout_risk.scoring.remarks.abstention import facts_of, judged_by, too_little_known
from dropout_risk.scoring.request import histories_of_request, request_of

NAME, AS_OF = "discipline_incidents_year", "2025-03-03"
CATALOGUE = dr.default_catalogue().select([NAME])
STUDENTS = [
    {"student_id": name, "school_id": school, "class_id": "1", "grade_level": 8}
    for name, school in (("a", "s"), ("b", "s"), ("c", "t"))
]
DAYS = [
    {"student_id": row["student_id"], "date": date, "status": "present"}
    for row in STUDENTS
    for date in ("2025-02-27", "2025-02-28")
]
INCIDENTS = [
    {"student_id": "a", "date": "2025-02-20", "kind": "warning", "days": None, "recorded_on": "2025-02-20"},
    {"student_id": "a", "date": "2025-02-20", "kind": "fight", "days": 1.5, "recorded_on": "2025-02-25"},
    {"student_id": "a", "date": "2024-06-20", "kind": "warning", "days": None, "recorded_on": "2024-06-20"},
    {"student_id": "a", "date": "2025-02-28", "kind": "warning", "days": None, "recorded_on": "2025-03-04"},
]


def records_of(incidents=INCIDENTS, **more):
    given = {"students": STUDENTS, "attendance": DAYS, "discipline": incidents} | more
    return dr.SchoolRecords.from_tables(**given, today="2025-06-30")


def day_of(folder, **tables):
    return dr.SchoolRecords.from_tables(**tables, today="2025-06-30", known=store_append.known_to(folder))


def counted(histories, as_of=AS_OF):
    return compute_features(histories, as_of, CATALOGUE).values[:, 0].tolist()


@pytest.fixture
def histories():
    return dr.Histories.from_records(records_of())


def test_incidents_of_the_school_year_are_counted_where_the_school_keeps_them(histories):
    assert counted(histories) == [2, 0, pytest.approx(np.nan, nan_ok=True)]
    assert counted(histories, "2025-03-05")[:2] == [3, 0]


def test_a_school_keeps_them_from_the_day_its_first_row_became_known(histories):
    assert np.isnan(counted(histories, "2024-06-20")).all()
    assert counted(histories, "2024-06-21")[:2] == [1, 0]


def test_where_no_school_keeps_them_the_feature_does_not_apply():
    known = dr.Histories.from_records(records_of(None)).on(AS_OF)
    values = compute_features(known.histories, AS_OF, CATALOGUE).values

    assert not known.histories.keeps("discipline")
    assert np.isnan(values).all()
    assert (missing_states(values, known, CATALOGUE, default_instruments()) == NOT_APPLICABLE).all()


def test_the_default_features_are_those_of_tables_that_some_school_keeps(histories):
    cohort = dr.Cohort.on(histories, AS_OF)
    without = dr.Histories.from_records(records_of(None))

    assert list(dr.build_features(histories, cohort)) == dr.default_catalogue().names
    assert set(dr.default_catalogue()) - set(dr.build_features(without, cohort)) == {NAME}


def test_incidents_alone_judge_nobody_and_are_no_datum_worth_fetching():
    catalogue = dr.default_catalogue()
    values = np.full((1, len(catalogue)), np.nan)
    values[0, catalogue.names.index(NAME)] = 0.0

    assert too_little_known(values, judged_by(catalogue)).tolist() == [True]
    assert catalogue.names.index(NAME) not in {
        place for fact in facts_of(catalogue).values() for place in fact
    }


@pytest.mark.parametrize(("rule", "row"), [
    ("DR104", {"days": "three"}), ("DR103", {"kind": None}), ("DR109", {"days": -1}),
])  # fmt: skip
def test_rows_that_cannot_be_used_are_set_apart(rule, row):
    report = records_of([INCIDENTS[0] | row]).check().frame()

    assert report.query("table == 'discipline'")["rule"].tolist() == [rule]


def test_chinese_headers_are_understood():
    records = dr.SchoolRecords.from_tables(
        students=STUDENTS[:1], 处分=[{"学号": "a", "处分日期": "2025-02-20", "处分类型": "警告", "天数": 2}],
        today="2025-06-30",
    )  # fmt: skip

    assert records.table("discipline").drop(["date", "recorded_on"]).to_pylist() == [
        {"pupil": 0, "kind": "警告", "days": 2.0}
    ]


def test_an_empty_list_of_a_request_says_that_the_school_keeps_incidents():
    incident = {"date": "2025-02-20", "kind": "warning"}
    students = [
        {"student_id": "a", "school_id": "s", "discipline": [incident]},
        {"student_id": "b", "school_id": "s", "discipline": []},
        {"student_id": "c", "school_id": "s"},
    ]
    for calendar in (None, [{"date": "2025-02-20", "is_school_day": True}]):
        histories = histories_of_request({"as_of": AS_OF, "students": students}, calendar)
        assert counted(histories) == [1, 0, pytest.approx(np.nan, nan_ok=True)]


def test_a_request_made_of_records_says_what_the_records_say(histories):
    body = request_of(records_of(), ["a", "b", "c"], AS_OF)

    assert ["discipline" in student for student in body["students"]] == [True, True, False]
    assert np.array_equal(counted(histories_of_request(body)), counted(histories), equal_nan=True)


def test_a_store_grows_by_incidents(tmp_path, histories):
    before = records_of(None)
    folder = dr.Histories.from_records(before).save(tmp_path / "store")
    grown = dr.Histories.from_records(before).append(records_of(INCIDENTS, attendance=None))
    day = day_of(folder, discipline=INCIDENTS)
    assert store_append.append_day(folder, day).is_new
    assert not store_append.append_day(folder, day).is_new
    for found in (grown, store.load_histories(folder)):
        assert np.array_equal(counted(found), counted(histories), equal_nan=True)
    store.fold_days(folder)
    assert np.array_equal(counted(store.load_histories(folder)), counted(histories), equal_nan=True)


def without_the_table(pack):
    """Pack as before there was the table."""

    def packed(part):
        arrays, about = pack(part)
        kept = {name: array for name, array in arrays.items() if "discipline" not in name}
        runs = {name: held for name, held in about["runs"].items() if name != "discipline"}
        words = {name: held for name, held in about["words"].items() if name != "kind"}
        return kept, about | {"runs": runs, "words": words}

    return packed


def test_a_store_from_before_there_was_the_table_is_read_and_grows(tmp_path, histories, monkeypatch):
    with monkeypatch.context() as former:
        former.setattr(store, "pack_histories", without_the_table(store.pack_histories))
        former.setattr(store_append, "pack_arrivals", without_the_table(store_append.pack_arrivals))
        folder = dr.Histories.from_records(records_of(None)).save(tmp_path / "store")
        later = [row | {"date": "2025-03-01"} for row in DAYS[::2]]
        store_append.append_day(folder, day_of(folder, attendance=later))
    assert np.isnan(counted(store.load_histories(folder))).all()

    store_append.append_day(folder, day_of(folder, discipline=INCIDENTS))
    assert np.array_equal(counted(store.load_histories(folder)), counted(histories), equal_nan=True)
