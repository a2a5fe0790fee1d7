import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.records.pupils.pupil_index import NO_PUPIL, UNKNOWN_PUPIL, PupilIndex, as_ids

NUMBERS = st.one_of(st.integers(-5, 60), st.integers(-(2**63), 2**63 - 1), st.integers(10**17, 10**17 + 999))
TEXTS = st.text(st.sampled_from("017ag-学 "), max_size=4).map(str.strip).filter(bool)


def looked_up(ids, wanted):
    """Find each wanted text in a plain dict."""
    places = {identifier: place for place, identifier in enumerate(ids)}
    return [NO_PUPIL if text is None else places.get(text, UNKNOWN_PUPIL) for text in wanted]


def places(index, wanted):
    """Find ids in an index; whatever the cause is, who is not there is unknown."""
    return np.maximum(index.rows(wanted).rows, UNKNOWN_PUPIL).tolist()


@given(st.sets(NUMBERS, max_size=40), st.lists(st.none() | NUMBERS, max_size=60), st.data())
def test_numbers_are_found_as_in_a_dict(ids, wanted, data):
    ids = sorted(ids)
    wanted += data.draw(st.lists(st.sampled_from(ids))) if ids else []
    index = PupilIndex(pa.array(ids, pa.int64()))
    array = pa.array(wanted, pa.int64())
    for given_array in (array, array.dictionary_encode(), pa.concat_arrays([array, array]).slice(len(array))):
        assert places(index, given_array) == looked_up(ids, wanted)
    texts = pa.array([None if number is None else str(number) for number in wanted], pa.string())
    assert places(index, texts) == looked_up(ids, wanted)


@given(st.sets(TEXTS, max_size=40), st.lists(st.none() | TEXTS, max_size=60), st.data())
def test_texts_are_found_as_in_a_dict(ids, wanted, data):
    ids = sorted(ids)
    wanted += data.draw(st.lists(st.sampled_from(ids))) if ids else []
    index = PupilIndex(pa.array(ids, pa.string()))
    array = pa.array(wanted, pa.string())
    kinds = (pa.string(), pa.large_string(), pa.string_view())
    for given_array in (*(array.cast(kind) for kind in kinds), array.dictionary_encode(), array.slice(0)):
        assert places(index, given_array) == looked_up(ids, wanted)
    blanks = pa.array([None if text is None else f" {text}　" for text in wanted], pa.string())
    assert places(index, blanks) == looked_up(ids, wanted)


@given(st.sets(st.integers(0, 30).map(str) | TEXTS, min_size=1), st.lists(st.integers(-3, 31)))
def test_numbers_are_found_among_texts_by_how_they_are_written(ids, wanted):
    index = PupilIndex(pa.array(sorted(ids), pa.string()))
    expected = looked_up(sorted(ids), [str(number) for number in wanted])
    assert places(index, pa.array(wanted, pa.int64())) == expected
    assert places(index, pa.array(wanted, pa.float64())) == expected


def test_words_for_nothing_name_no_pupil():
    index = PupilIndex(pa.array([7]))
    found = index.rows(pa.array(["", " ", "NA", "null", None, "7 "]))
    assert found.rows.tolist() == [NO_PUPIL] * 5 + [0]


def test_halves_name_no_pupil_and_are_faulty():
    found = PupilIndex(pa.array([7])).rows(pa.array([7.0, 7.5, float("nan"), float("inf"), None]))
    assert found.rows.tolist() == [0] + [NO_PUPIL] * 4
    assert (found.faults > 0).tolist() == [False, True, False, True, False]


def test_identifiers_of_other_types_are_read_as_text():
    index = PupilIndex(pa.array(["2024-09-02", "7", "99999999999999999999"]))
    assert index.rows(pa.array([dt.date(2024, 9, 2)])).rows.tolist() == [0]
    assert index.rows(pa.array([Decimal(7)])).rows.tolist() == [1]
    assert index.rows(pa.array([2**64 - 1], pa.uint64())).rows.tolist() == [UNKNOWN_PUPIL]
    assert index.rows(pa.nulls(2)).rows.tolist() == [NO_PUPIL] * 2


@pytest.mark.parametrize(
    ("arrays", "ids"),
    [
        ([(pa.array([12, 7, None]), True), (pa.array(["3"]), False)], [3, 7, 12]),
        ([(pa.array([12, 7]), True), (pa.array(["3"]), True)], ["12", "3", "7"]),
        ([(pa.array(["12", "7"]), False), (pa.array(["007"]), False)], ["007", "12", "7"]),
        ([(pa.array([2**63], pa.uint64()), True)], [str(2**63)]),
        ([(pa.array([2.0, 1.5]), True)], [2]),
        ([(pa.array([4, 2, 4]).dictionary_encode(), True)], [2, 4]),
        ([], []),
    ],
)
def test_identifiers_are_whole_numbers_only_where_all_are(arrays, ids):
    index = PupilIndex.of([as_ids(array, typed)[0] for array, typed in arrays])
    assert index.ids.to_pylist() == ids


def test_many_unknown_identifiers_among_close_ones_are_found_out():
    index = PupilIndex(pa.array(np.arange(1, 1025)))
    assert set(index.rows(pa.array(np.arange(2000, 9000))).rows.tolist()) == {UNKNOWN_PUPIL}
