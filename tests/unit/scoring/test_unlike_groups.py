"""A class unlike those of the training is named, its intervals are wider, and nobody else is touched."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dropout_risk as dr
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.compute import compute_features
from dropout_risk.modelling.group_profiles import (
    CONSTANT,
    FEWEST_PUPILS,
    HIGHER,
    UNKNOWN,
    GroupMoments,
    GroupProfiles,
    profiled_columns,
)
from dropout_risk.scoring.remarks.unlike_groups import reaches_everywhere, widened_interval
from dropout_risk.scoring.request import request_of, score_request
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import BandSettings
from dropout_risk.simulate.district import simulate_tables

AS_OF, TODAY = "2025-06-02", "2026-05-01"


@pytest.fixture(scope="module")
def tables():
    return simulate_tables(250, 5).tables


@pytest.fixture(scope="module")
def members(tables):
    """Who is in the largest class: the same class name of another grade level is another class."""
    students = tables["students"].to_pandas()
    there = students[students["enrolled_on"] < pd.Timestamp(AS_OF).date()]
    classes = there.groupby(["class_id", "grade_level"])["student_id"]
    return set(max((own for _, own in classes), key=len))


def records_of(tables):
    return dr.SchoolRecords.from_tables(**tables, today=TODAY, synthetic=True, outcomes_to=TODAY)


@pytest.fixture(scope="module")
def odd(tables, members):
    """The same records, but every mark of one class is 0, as where all work has no weight."""
    grades = tables["grades"].to_pandas()
    grades.loc[grades["student_id"].isin(members), "score"] = 0.0
    return records_of(tables | {"grades": grades})


@pytest.fixture(scope="module")
def aware(risk_model):
    """The model of all tests, as if it had learned from more classes than its small district has."""
    catalogue = risk_model.catalogue
    histories = dr.Histories.from_records(dr.simulate_district(1500, seed=8))
    cohort = dr.Cohort.on(histories, ["2025-03-03", AS_OF])
    X = dr.build_features(histories, cohort, catalogue)[profiled_columns(catalogue)]
    frame = cohort.frame
    where = pd.DataFrame(
        {
            "day": frame["as_of"].to_numpy(),
            "school": frame["school_id"].astype(str).to_numpy(),
            "class": histories.classes.codes[frame["pupil"].to_numpy()],
        }
    )
    weight = np.abs(risk_model.calibrated.contributions(X.reindex(columns=catalogue.names)).values)
    index = [catalogue.names.index(name) for name in X]
    return replace(risk_model, profiles=GroupProfiles.of(X, where, weight.mean(axis=0)[index]))


@pytest.fixture(scope="module")
def scored(aware, odd):
    return aware.score(odd, AS_OF, language="en")


def test_a_class_whose_marks_are_all_the_same_is_named_in_the_domain_of_marks_and_no_other(
    tables, members, scored
):
    students = tables["students"].to_pandas().set_index("student_id")
    (owner,) = set(students.loc[sorted(members), "class_id"])
    classes = [item for item in scored.unlike if item.level == "class"]

    assert {(item.class_id, item.domain) for item in classes} == {(owner, "grades")}
    assert "score_mean_year" in classes[0].features
    assert classes[0].text.startswith(f"Class {owner} of school")


def test_without_the_odd_marks_no_class_is_named(aware, tables):
    assert [item for item in aware.score(records_of(tables), AS_OF).unlike if item.level == "class"] == []


def test_its_pupils_have_wider_intervals_and_are_told_so_and_nobody_else_is(aware, odd, members, scored):
    unaware = replace(aware, profiles=None).score(odd, AS_OF, language="en")
    for now, before in zip(scored.pupils, unaware.pupils, strict=True):
        told = [text for text in now.warnings if text.startswith("Grades: the class is unlike")]
        assert (now.risk, now.raising) == (before.risk, before.raising)
        if now.student_id in members:
            assert len(told) == 1
            assert now.interval[0] < before.interval[0] <= now.risk <= before.interval[1] < now.interval[1]
        else:
            assert now.to_dict() == before.to_dict()


def test_a_pupil_alone_with_the_rows_of_the_class_gets_the_bits_of_the_batch(
    aware, odd, tables, members, scored
):
    context = compute_features(dr.Histories.from_records(odd), AS_OF, aware.catalogue).context
    there = [pupil for pupil in scored.pupils if pupil.student_id in members]
    body = request_of(odd, [there[0].student_id], AS_OF, "en") | {"class_context": context.to_rows()}
    (alone,) = score_request(aware, body, calendar=tables["calendar"]).pupils

    assert (alone.interval, alone.band) == (there[0].interval, there[0].band)
    assert alone.warnings[0] == there[0].warnings[0]
    assert alone.warnings[0].startswith("Grades: the class is unlike")


def test_who_does_not_see_a_domain_hears_of_no_group_in_it(aware, scored):
    hidden = [replace(item, domain="psychology", text="secret") for item in scored.unlike]
    told = replace(scored, unlike=(*scored.unlike, *hidden))
    teacher = aware.redact(told, "class_teacher")

    assert {item.domain for item in teacher.unlike} == {"grades"}
    assert aware.redact(told.to_dict(), "class_teacher")["unlike"] == [
        item.to_dict() for item in scored.unlike
    ]


def test_the_bundle_keeps_what_classes_were_like_and_one_without_names_nobody(aware, odd, scored, tmp_path):
    again = RiskModel.load(aware.save(tmp_path / "new")).score(odd, AS_OF, language="en")
    older = RiskModel.load(replace(aware, profiles=None).save(tmp_path / "old"))

    assert again.unlike == scored.unlike != ()
    assert older.profiles is None
    assert older.score(odd, AS_OF).unlike == ()


def test_what_nobody_has_is_known_from_rows_as_it_is_from_records(aware, tables):
    kept = {name: table for name, table in tables.items() if name != "wellbeing"}
    histories = dr.Histories.from_records(records_of(kept))
    catalogue = aware.catalogue
    made = compute_features(histories, AS_OF, catalogue)
    read = compute_features(
        histories, AS_OF, catalogue, context=ClassContext.from_rows(made.context.to_rows())
    )

    assert made.unrecorded(catalogue).any()
    assert (made.unrecorded(catalogue) == read.unrecorded(catalogue)).all()


# --- The rule, on groups made up ---


def profiles(seed=0, classes=40, size=30):
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.3, classes).repeat(size)
    values = rng.normal(0, 1, (classes * size, 2)) + level[:, None]
    where = pd.DataFrame({"day": "d", "school": "s", "class": np.arange(classes).repeat(size)})
    return GroupProfiles.of(pd.DataFrame(values, columns=["a", "b"]), where, np.ones(2))


def moments(mean, sd, n):
    return GroupMoments(np.array([[mean, 0.0]]), np.array([[sd, 1.0]]), np.array([[n, 40]]))


@pytest.mark.parametrize(
    ("group", "found"),
    [
        (moments(3.0, 1.0, 40), HIGHER),
        (moments(0.0, 0.0, 40), CONSTANT),
        (moments(np.nan, np.nan, 0), UNKNOWN),
    ],
)
def test_each_way_of_being_unlike_is_found(group, found):
    assert profiles().judge("class", group).tolist() == [[found, 0]]


def test_a_small_class_and_a_level_that_training_had_too_few_of_are_not_judged():
    few = GroupMoments(np.array([[9.0, 9.0]]), np.zeros((1, 2)), np.full((1, 2), FEWEST_PUPILS - 1))

    assert not profiles().judge("class", few).any()
    assert "day" not in profiles().levels
    assert not profiles().judge("day", moments(9.0, 1.0, 40)).any()


@given(st.integers(0, 30))
def test_classes_like_those_of_the_training_are_hardly_ever_unlike(seed):
    rng = np.random.default_rng(1000 + seed)
    values = rng.normal(0, 1, (200, 30, 2)) + rng.normal(0, 0.3, (200, 1, 1))
    group = GroupMoments(values.mean(axis=1), values.std(axis=1), np.full((200, 2), 30))

    assert (profiles(seed).judge("class", group) != 0).any(axis=1).mean() <= 0.02


@given(st.integers(0, 30))
def test_profiles_survive_being_written(seed):
    written = profiles(seed).to_dict()

    assert GroupProfiles.from_dict(written).to_dict() == written


def test_an_interval_widens_by_what_lies_outside_and_everything_else_keeps_its_bits():
    interval = np.array([[0.1, 0.3], [0.1, 0.3]])
    added = np.array([[1.0, 5.0], [1.0, 5.0]])
    wide = widened_interval(interval, added, np.array([[HIGHER, 0], [0, 0]], dtype=np.int8))

    assert wide[0] == pytest.approx([1 / (1 + 9 * np.e), 1 / (1 + 7 / 3 / np.e)])
    assert (wide[1] == interval[1]).all()


def test_who_could_be_in_any_band_is_not_judged():
    bands = BandSettings()
    low, *_, high = bands.limits.values()

    assert reaches_everywhere(np.array([[low / 2, high], [low, high], [0.0, high / 2]]), bands).tolist() == [
        True, False, False,
    ]  # fmt: skip
