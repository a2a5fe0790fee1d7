import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dropout_risk.records import ordering
from dropout_risk.records.ordering import arrange_rows, count_codes, group_keys, order_by, take_rows

LOWEST = np.iinfo(np.int32).min
INTS = st.integers(-3, 3) | st.integers(LOWEST, -LOWEST - 1) | st.just(LOWEST)
FLOATS = st.sampled_from([0.0, -0.0, 1.5, -1.5, np.nan, -np.nan, np.inf, -np.inf, 5e-324]) | st.floats()


@st.composite
def tables(draw):
    n = draw(st.integers(0, 120))
    first = draw(hnp.arrays(np.int32, n, elements=st.integers(-2, draw(st.integers(-2, 40)))))
    kinds = {np.int32: INTS, np.int8: st.integers(-1, 5), np.bool_: st.booleans(), np.float64: FLOATS}
    chosen = draw(st.lists(st.sampled_from(list(kinds)), max_size=5))
    return first, [draw(hnp.arrays(kind, n, elements=kinds[kind])) for kind in chosen]


@given(tables(), st.sampled_from([1, 7, 1 << 16]), st.sampled_from(["1", "3"]), st.data())
def test_the_order_is_that_of_lexsort(table, block_rows, threads, data):
    first, rest = table
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "BLOCK_ROWS", block_rows)
        patch.setenv("DROPOUT_RISK_THREADS", threads)
        expected = np.lexsort([*rest[::-1], first])
        order = order_by(first, rest)
        if order is None:
            order = np.arange(len(first))
        assert order.tolist() == expected.tolist()
        rows = np.flatnonzero(data.draw(hnp.arrays(np.bool_, len(first))))
        chosen = np.lexsort([*(column[rows] for column in rest[::-1]), first[rows]])
        assert order_by(first, rest, rows).tolist() == rows[chosen].tolist()


@given(tables(), st.integers(0, 5), st.sampled_from([1, 7, 1 << 16]), st.booleans())
def test_repeats_are_the_rows_that_equal_the_one_before_in_the_key(table, n_key, block_rows, counted):
    first, columns = table
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "BLOCK_ROWS", block_rows)
        patch.setattr(ordering, "_FEW", 1 if counted else 128)
        rows, repeats = arrange_rows(first, columns[:n_key], columns[n_key:])
    order = np.lexsort([*columns[::-1], first])
    assert (rows is None and (order == np.arange(len(first))).all()) or rows.tolist() == order.tolist()
    named = [(first[row], *(as_compared(column[row]) for column in columns[:n_key])) for row in order]
    assert repeats.tolist() == [k for k in range(1, len(named)) if named[k] == named[k - 1]]


def as_compared(value):
    return "none" if value != value else value + 0.0


@given(tables())
def test_group_keys_are_equal_where_all_columns_are(table):
    first, columns = table
    whole = [first, *(column.astype(np.int32) for column in columns if column.dtype.kind != "f")]
    keys = group_keys(whole).tolist()
    told = list(zip(*(column.tolist() for column in whole), strict=True))
    assert len(set(zip(keys, told, strict=True))) == len(set(keys)) == len(set(told))


@pytest.mark.parametrize("number", [5, 5000])
@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_codes_are_counted_and_rows_taken_whatever_their_number(number, kind):
    codes = np.random.default_rng(number).integers(-1, 7, number).astype(kind)
    assert count_codes(codes, -1, 9).tolist() == [int((codes == code).sum()) for code in range(-1, 8)]
    assert count_codes(np.broadcast_to(codes[:1], number), -1, 9).sum() == number
    rows = np.random.default_rng(0).permutation(number).astype(np.int32)
    assert take_rows(codes, rows).tolist() == codes[rows].tolist()


def test_rows_in_order_need_no_order():
    pupil = np.repeat(np.arange(50, dtype=np.int32), 3)
    assert order_by(pupil, [np.tile([1, 2, 2], 50), np.tile([3.0, 1.0, np.nan], 50)]) is None


def test_all_rows_of_one_pupil_are_ordered_too():
    day = np.random.default_rng(5).permutation(200_000).astype(np.int32)
    assert np.array_equal(order_by(np.zeros_like(day), [day]), np.argsort(day))
