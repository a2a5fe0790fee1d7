import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dropout_risk.records import ordering
from dropout_risk.records.ordering import order_by

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


def test_rows_in_order_need_no_order():
    pupil = np.repeat(np.arange(50, dtype=np.int32), 3)
    assert order_by(pupil, [np.tile([1, 2, 2], 50), np.tile([3.0, 1.0, np.nan], 50)]) is None


def test_all_rows_of_one_pupil_are_ordered_too():
    day = np.random.default_rng(5).permutation(200_000).astype(np.int32)
    assert np.array_equal(order_by(np.zeros_like(day), [day]), np.argsort(day))
