import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.features import class_context as class_moments
from dropout_risk.features import compute
from dropout_risk.features.cohort import members_on
from dropout_risk.features.compute import compute_features
from dropout_risk.histories import classes
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.runs import Runs
from support.agreement import same_bits, same_histories
from support.catalogues import every_measure
from support.districts import untidy_histories
from support.tiny import dates, records_of, tables

CATALOGUE = every_measure(windows=(None, 20, "year"))
AS_OF = "2025-03-03"
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def in_order(rows):
    """The rows of a context, sorted by what they are of, without the one number that tells of the school."""
    told = [{name: row[name] for name in row if name != "school_n"} for row in rows]
    return sorted(told, key=lambda row: [str(row[name]) for name in list(row)[:6]])


def class_by_class(histories, as_of, catalogue):
    """Rows and values of the classes, each computed as if there were no other pupil."""
    codes = histories.classes.codes
    rows, values = [], np.full((len(histories), len(catalogue)), np.nan)
    for code in np.unique(codes):
        pupils = np.flatnonzero(codes == code)
        table = compute_features(histories.take(pupils), as_of, catalogue)
        rows += table.context.to_rows()
        values[pupils] = table.values
    return in_order(rows), values


@few
@given(tables(schools=("a", "b", None)), dates)
def test_the_context_of_all_is_that_of_each_class_alone(found, as_of):
    histories = Histories.from_records(records_of(found))
    whole = compute_features(histories, as_of, CATALOGUE)
    rows, values = class_by_class(histories, as_of, CATALOGUE)

    assert rows == in_order(whole.context.to_rows())
    assert same_bits(values, whole.values)


def test_the_context_of_a_district_is_that_of_each_class_alone():
    histories, catalogue = untidy_histories(), default_catalogue()
    whole = compute_features(histories, AS_OF, catalogue)
    rows, values = class_by_class(histories, AS_OF, catalogue)

    assert len(rows) > 500
    assert rows == in_order(whole.context.to_rows())
    assert same_bits(values, whole.values)


@pytest.mark.parametrize(
    ("threads", "pupils", "at_once"), [(1, 7, 1), (2, 5, 3), (5, 64, 2), (3, 10**6, 512)]
)
def test_threads_and_blocks_never_change_a_bit(monkeypatch, threads, pupils, at_once):
    whole = compute_features(untidy_histories(), AS_OF, CATALOGUE)
    everybody = untidy_histories().take(range(len(whole.snapshot)))
    monkeypatch.setenv("DROPOUT_RISK_THREADS", str(threads))
    monkeypatch.setattr(compute, "PUPILS_AT_ONCE", pupils)
    monkeypatch.setattr(classes, "CLASSES_AT_ONCE", at_once)
    monkeypatch.setattr(class_moments, "CLASSES_AT_ONCE", at_once)
    again = compute_features(everybody, AS_OF, CATALOGUE)

    assert same_bits(again.values, whole.values)
    assert again.context.to_rows() == whole.context.to_rows()


def test_a_class_context_does_not_change_with_what_was_asked_before():
    histories = untidy_histories()
    days = ("2024-11-04", AS_OF, "2025-10-13", AS_OF)
    rows = [compute_features(histories, day, CATALOGUE).context.to_rows() for day in days]
    alone = compute_features(histories.take(range(len(histories))), AS_OF, CATALOGUE)

    assert rows[1] == rows[3] == alone.context.to_rows()
    assert rows[0] != rows[1] != rows[2]


@few
@given(tables(schools=("a", "b", None)), dates, st.data())
def test_consecutive_pupils_are_the_same_cut_out_or_taken(found, as_of, data):
    histories = Histories.from_records(records_of(found))
    whole = compute_features(histories, as_of, CATALOGUE)
    first, last = sorted(data.draw(st.integers(0, len(histories))) for _ in range(2))
    cut = histories.slice(slice(first, last))

    assert same_histories(cut, histories.take(range(first, last))) == []
    assert same_bits(
        compute_features(cut, as_of, CATALOGUE, context=whole.context).values, whole.values[first:last]
    )
    assert np.array_equal(members_on(cut.on(as_of)), members_on(histories.on(as_of))[first:last])


rows = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 9), st.integers(0, 99)), max_size=40
)


@settings(deadline=None)
@given(rows, st.integers(0, 11))
def test_of_each_key_the_form_that_was_known_last_is_seen(given_rows, ordinal):
    given_rows = list({row[:3]: row for row in given_rows}.values())
    columns = {
        name: np.array([row[place] for row in given_rows], dtype=np.int32)
        for place, name in enumerate(("pupil", "key", "known", "value"))
    }
    pupil = columns.pop("pupil")
    seen = Runs.from_rows(pupil, columns, ("key",), n_pupils=5).known_on(ordinal)
    latest = {}
    for of, key, known, value in sorted(given_rows, key=lambda row: row[2]):
        if known < ordinal:
            latest[of, key] = (known, value)
    expected = [(*name, *form) for name, form in sorted(latest.items())]

    found = zip(*(seen[name].tolist() for name in ("pupil", "key", "known", "value")), strict=True)
    assert list(found) == expected
    assert seen.offsets.tolist() == [sum(row[0] < of for row in expected) for of in range(6)]
