import json

import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import BundleError, DateError, FeatureInputError
from dropout_risk.features.class_context import ClassContext
from dropout_risk.scoring.bundles.bundle import read_bundle, write_bundle
from dropout_risk.scoring.request import score_request

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=300, seed=11)


@pytest.fixture(scope="module")
def scores(risk_model, records):
    return risk_model.score(records, AS_OF, language="en")


def results(scores):
    return [pupil.to_dict() for pupil in scores.pupils]


def test_a_loaded_model_gives_the_same_bits(risk_model, scores, records, tmp_path):
    risk_model.save(tmp_path / "again")
    loaded = dr.RiskModel.load(tmp_path / "again")

    assert results(loaded.score(records, AS_OF, language="en")) == results(scores)
    assert loaded.version == risk_model.version


def test_every_score_is_the_base_plus_its_parts(scores):
    for pupil in scores.pupils:
        told = sum(reason.contribution for reason in (*pupil.raising, *pupil.lowering)) + pupil.other
        assert pupil.base_log_odds + told == pytest.approx(pupil.log_odds, abs=1e-9)
        assert sum(pupil.domains.values()) == pytest.approx(pupil.log_odds - pupil.base_log_odds, abs=1e-9)
        assert sum(pupil.causes.values()) == pytest.approx(pupil.log_odds - pupil.base_log_odds, abs=1e-9)
        assert pupil.interval[0] <= pupil.risk <= pupil.interval[1]


def test_everyone_at_school_is_scored_once(scores, records):
    ids = [pupil.student_id for pupil in scores.pupils]

    assert sorted(ids) == sorted(dr.Cohort.on(records, AS_OF).frame["student_id"])


def test_ranks_order_each_school_by_risk(scores):
    frame = pd.DataFrame(
        [(p.school_id, p.rank_in_school, p.risk) for p in scores.pupils], columns=["s", "rank", "risk"]
    )
    expected = frame.groupby("s")["risk"].rank(method="min", ascending=False).astype(int)

    assert frame["rank"].tolist() == expected.tolist()


def test_ready_features_get_the_score_of_the_records_they_came_from(risk_model, scores, records):
    X = dr.build_features(records, dr.Cohort.on(records, AS_OF))
    students = records.table("students").to_pandas().set_index("student_id")
    levels = students.loc[X.index.get_level_values("student_id"), "grade_level"]
    again = risk_model.score_features(X, grade_levels=levels, language="en")

    assert [p.log_odds for p in again.pupils] == [p.log_odds for p in scores.pupils]
    assert [p.base_log_odds for p in again.pupils] == [p.base_log_odds for p in scores.pupils]
    assert [p.student_id for p in again.pupils] == [p.student_id for p in scores.pupils]


def test_without_grade_levels_ready_features_have_the_same_risk_against_another_base(
    risk_model, scores, records
):
    X = dr.build_features(records, dr.Cohort.on(records, AS_OF))
    again = risk_model.score_features(X)

    assert {pupil.background for pupil in again.pupils} == {"stayed"}
    assert [p.risk for p in again.pupils] == pytest.approx([p.risk for p in scores.pupils], abs=1e-12)


def test_unknown_features_are_refused_with_the_nearest_name(risk_model):
    with pytest.raises(FeatureInputError, match="did you mean 'absence_share_20d'"):
        risk_model.score_features(pd.DataFrame({"absense_share_20d": [0.1]}))


def test_a_bundle_holds_no_pickle_and_no_pupil(bundle):
    for path in bundle.iterdir():
        content = path.read_bytes()
        assert path.suffix in {".txt", ".json", ".arrow", ".md", ".yaml"} or path.name == "MLmodel"
        assert b"p-0000" not in content


def test_it_says_that_it_is_synthetic(risk_model, scores, bundle):
    assert risk_model.describe()["synthetic"]
    assert all("SYNTHETIC" in " ".join(pupil.warnings) for pupil in scores.pupils)
    assert "SYNTHETIC" in scores._repr_html_()
    assert json.loads((bundle / "manifest.json").read_text())["synthetic"]


def test_who_has_neither_attendance_nor_marks_is_not_judged(risk_model):
    students = pd.DataFrame({"student_id": ["a"], "school_id": ["s"], "class_id": ["c"], "grade_level": [8]})
    records = dr.SchoolRecords.from_tables(students=students)
    (pupil,) = risk_model.score(records, AS_OF, language="en").pupils

    assert pupil.band == "unknown"
    assert "Neither attendance nor marks are known" in " ".join(pupil.warnings)
    assert "Worth fetching first" in " ".join(pupil.warnings)


def test_a_pupil_whose_row_was_set_apart_is_named_in_errors(risk_model):
    students = pd.DataFrame(
        {"student_id": ["a", "a"], "school_id": ["s", "t"], "class_id": ["c"] * 2, "grade_level": [8] * 2}
    )
    scores = risk_model.score(dr.SchoolRecords.from_tables(students=students), AS_OF)

    assert [error.student_id for error in scores.errors] == ["a"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.txt", b"not a tree"),
        ("catalogue.json", b"[]"),
        ("catalogue.json", b"{"),
        ("reference.arrow", b"no arrow"),
        ("metrics.json", b"\xff"),
        ("calibration.json", None),
        ("catalogue.json", None),
    ],
)
def test_a_bundle_whose_files_do_not_fit_is_refused_when_it_is_loaded(bundle, tmp_path, name, content):
    files, about = read_bundle(bundle)
    files |= {name: content}
    given = {key: about[key] for key in ("name", "version", "trained_to", "synthetic", "settings")}
    write_bundle(
        tmp_path / "hostile", {key: value for key, value in files.items() if value is not None}, given
    )

    with pytest.raises(BundleError):
        dr.RiskModel.load(tmp_path / "hostile")


def test_without_a_class_context_the_score_says_so(risk_model, records):
    features = [name for name, feature in risk_model.catalogue.items() if feature.measure.needs_class]
    told = risk_model.score(records, AS_OF, language="en", context=ClassContext.empty())

    assert all("No class context" in " ".join(pupil.warnings) for pupil in told.pupils)
    assert features
    assert not any(
        "No class context" in " ".join(p.warnings) for p in risk_model.score(records, AS_OF).pupils
    )


def test_attendance_that_stopped_long_ago_is_a_warning(risk_model, records):
    late = risk_model.score(records, "2027-06-01", language="en")

    assert any("days old" in " ".join(pupil.warnings) for pupil in late.pupils)


def test_attendance_of_a_few_days_is_a_warning(risk_model):
    few = [{"date": f"2025-02-{day}", "status": "present"} for day in (24, 25, 26)]
    body = {"as_of": "2025-03-03", "language": "en", "students": [{"student_id": "a", "attendance": few}]}
    (pupil,) = score_request(risk_model, body).pupils

    assert "Attendance is recorded for only 3 days" in " ".join(pupil.warnings)


def test_a_date_on_which_nobody_was_at_school_is_refused(risk_model, records):
    with pytest.raises(DateError, match="nobody"):
        risk_model.score(records, "2020-05-06")


def test_nothing_that_is_printed_holds_a_pupil(risk_model, scores):
    assert "p-0" not in repr(scores) + repr(risk_model)
    assert len(repr(scores)) < 200
