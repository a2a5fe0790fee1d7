import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue import measures as m
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import UnknownFeatureError
from dropout_risk.features import compute
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features, compute_features
from dropout_risk.features.pupil_functions import register_pupil_function
from dropout_risk.histories import attendance_bits as day_packing
from dropout_risk.histories.histories import Histories
from support.agreement import same_bits
from support.catalogues import declare, every_measure
from support.districts import untidy_district, untidy_histories

AS_OF = "2025-03-03"


def test_features_come_in_the_order_of_the_cohort_and_of_the_catalogue():
    records = untidy_district()
    cohort = Cohort.on(records, ["2025-10-13", AS_OF])
    table = build_features(records, cohort)

    assert table.index.equals(cohort.index)
    assert list(table.columns) == default_catalogue().names
    assert set(table.dtypes) == {np.dtype("float64")}


def test_each_row_is_computed_as_of_its_own_date():
    records = untidy_district()
    histories = Histories.from_records(records)
    cohort = Cohort.on(histories, [AS_OF, "2024-11-04"])
    mixed = Cohort.from_frame(cohort.frame.sample(frac=1, random_state=3), histories)
    table = build_features(histories, mixed)

    for day in (AS_OF, "2024-11-04"):
        rows = (mixed.frame["as_of"] == day).to_numpy()
        expected = compute_features(histories, day, default_catalogue()).values[mixed.frame["pupil"][rows]]
        assert same_bits(table.to_numpy()[rows], expected)


def test_records_and_histories_give_the_same_bits():
    records = untidy_district()
    cohort = Cohort.on(records, AS_OF)

    assert same_bits(build_features(records, cohort), build_features(Histories.from_records(records), cohort))


def test_a_feature_that_a_user_declares_is_computed_beside_the_others():
    own = declare("maths", m.ScoreLast(subjects=("maths",)), 60, "grades")
    records = untidy_district()
    cohort = Cohort.on(records, AS_OF)
    table = build_features(records, cohort, default_catalogue().with_features(own))

    assert table["maths_60d"].between(0, 1).sum() > 50
    assert same_bits(table.drop(columns="maths_60d"), build_features(records, cohort))


def test_a_feature_does_not_change_with_what_else_is_in_the_catalogue():
    histories = untidy_histories()
    catalogue = default_catalogue()
    together = compute_features(histories, AS_OF, catalogue).values
    backwards = catalogue.select(
        [name for name in reversed(catalogue.names) if not catalogue[name].measure.needs]
    )
    alone = compute_features(histories, AS_OF, backwards).values

    assert same_bits(alone, together[:, [catalogue.names.index(name) for name in backwards]])


def test_an_empty_catalogue_and_an_empty_cohort_give_empty_tables():
    records = untidy_district()
    nobody = Cohort.on(records, "1990-01-01")

    assert compute_features(Histories.from_records(records), AS_OF, FeatureCatalogue([])).values.shape == (
        len(records.table("students")),
        0,
    )
    assert build_features(records, Cohort.from_frame(nobody.frame.head(0), records)).shape[0] == 0


@pytest.mark.parametrize("block", [1, 7, 64])
def test_the_size_of_the_blocks_never_changes_a_bit(monkeypatch, block):
    histories, catalogue = untidy_histories().take(range(40)), every_measure()
    whole = compute_features(histories, AS_OF, catalogue)
    monkeypatch.setattr(compute, "PUPILS_AT_ONCE", block)

    assert same_bits(compute_features(histories, AS_OF, catalogue).values, whole.values)


@pytest.mark.parametrize("block", [1, 50])
def test_the_size_of_the_blocks_in_which_days_are_packed_never_changes_a_bit(monkeypatch, block):
    records = untidy_district()
    whole = Histories.from_records(records).attendance
    monkeypatch.setattr(day_packing, "PUPILS_AT_ONCE", block)
    parts = Histories.from_records(records).attendance

    assert all((parts.planes[name] == plane).all() for name, plane in whole.planes.items())


def test_a_pupil_gets_the_same_bits_alone_in_a_batch_and_in_another_order():
    histories, catalogue = untidy_histories(), every_measure()
    whole = compute_features(histories, AS_OF, catalogue)
    order = np.random.default_rng(0).permutation(len(histories))
    shuffled = compute_features(histories.take(order), AS_OF, catalogue, context=whole.context)

    assert same_bits(shuffled.values, whole.values[order])
    for pupil in order[:12]:
        alone = compute_features(histories.take([pupil]), AS_OF, catalogue, context=whole.context)
        assert same_bits(alone.values[0], whole.values[pupil])


def test_a_registered_function_sees_what_was_known_of_one_pupil_and_nothing_else():
    seen = []

    @register_pupil_function("tests: look")
    def look(history):
        seen.append(history)
        return float(len(history["grades"]["percent"]))

    histories = untidy_histories()
    catalogue = FeatureCatalogue([declare("looked", m.PupilFunction(function="tests: look"))])
    compute_features(histories, AS_OF, catalogue)
    alone = histories.take([7])
    compute_features(alone, AS_OF, catalogue)

    assert set(seen[7]) == {"attendance", "grades", "wellbeing", "family", "discipline"}
    for table, columns in seen[7].items():
        for name, values in columns.items():
            assert np.array_equal(values, seen[-1][table][name]), (table, name)
    assert set(seen[7]["grades"]["subject"]) <= {
        "chinese",
        "maths",
        "english",
        "physics",
        "politics",
        "history",
        "chemistry",
        "biology",
        "geography",
    }
    assert max(seen[7]["grades"]["date"]) < np.datetime64(AS_OF)
    assert len(seen[7]["attendance"]["absent"]) == alone.on(AS_OF).end[0]


def test_a_function_that_is_not_registered_is_named_with_the_nearest_that_is():
    register_pupil_function("tests: known")(lambda history: 0.0)
    catalogue = FeatureCatalogue([declare("own", m.PupilFunction(function="tests: knwon"))])

    with pytest.raises(UnknownFeatureError, match=r"tests: knwon.*\n.*tests: known"):
        compute_features(untidy_histories(), AS_OF, catalogue)


def test_what_a_function_does_to_its_history_stays_with_it():
    @register_pupil_function("tests: vandal")
    def vandal(history):
        history["grades"]["percent"][:] = 0
        history["attendance"]["absent"][:] = True
        return 0.0

    histories = untidy_histories()
    first = declare("vandal", m.PupilFunction(function="tests: vandal"))
    catalogue = FeatureCatalogue([first, *default_catalogue().values()])
    spoiled = compute_features(histories, AS_OF, catalogue).values[:, 1:]

    assert same_bits(spoiled, compute_features(histories, AS_OF, default_catalogue()).values)


def test_dates_may_be_timestamps():
    histories = untidy_histories()

    assert same_bits(
        compute_features(histories, pd.Timestamp(AS_OF), default_catalogue()).values,
        compute_features(histories, AS_OF, default_catalogue()).values,
    )
