from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords

STUDENT = {"student_id": "a", "school_id": "s", "class_id": "1", "grade_level": 8}
BROKEN = STUDENT | {"student_id": "b", "enrolled_on": "2025-03-01", "left_on": "2025-02-01"}


def test_a_pupil_set_apart_is_named_when_records_and_when_histories_are_scored(risk_model, tmp_path):
    attendance = [{"student_id": "a", "date": f"2025-03-0{day}", "status": "present"} for day in range(3, 8)]
    records = SchoolRecords.from_tables(students=[STUDENT, BROKEN], attendance=attendance, today="2025-12-31")
    stored = Histories.load(Histories.from_records(records).save(tmp_path))

    for source in (records, stored):
        errors = risk_model.score(source, "2025-03-10").errors
        assert [(error.student_id, error.code) for error in errors] == [("b", "DR199")]
