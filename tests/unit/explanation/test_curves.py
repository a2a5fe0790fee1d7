import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.explanation import curves as module
from dropout_risk.explanation.contributions import LinearTerms
from dropout_risk.explanation.curves import CurveShape, LevelShape

number = st.floats(-5, 5, allow_subnormal=False)


def curve_by_hand(shape, column):
    """Evaluate a curve with numpy, one operation on the whole column at a time."""
    knots, heights = np.array(shape.knots), np.array(shape.heights)
    if len(knots) == 1:
        return np.where(np.isnan(column), shape.missing, heights[0])
    slopes = np.diff(heights) / np.diff(knots)
    inside = np.clip(column, knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, inside, side="right") - 1, 0, len(slopes) - 1)
    ends = np.sort(np.stack([heights[:-1], heights[1:]]), axis=0)
    value = np.clip(heights[left] + slopes[left] * (inside - knots[left]), ends[0][left], ends[1][left])
    return np.where(np.isnan(column), shape.missing, value)


def levels_by_hand(shape, column):
    return np.array([shape.missing if np.isnan(code) else shape.heights[int(code)] for code in column])


@st.composite
def curve_shapes(draw):
    knots = sorted(draw(st.sets(st.integers(-50, 50), min_size=1, max_size=7)))
    heights = draw(st.lists(number, min_size=len(knots), max_size=len(knots)))
    return CurveShape(tuple(knot / 10 for knot in knots), tuple(heights), draw(number))


@given(
    shapes=st.lists(curve_shapes(), min_size=1, max_size=5),
    rows=st.lists(number | st.just(np.nan) | st.integers(-50, 50).map(lambda n: n / 10), max_size=40),
)
def test_the_compiled_curves_give_the_bits_of_numpy(shapes, rows):
    column = np.array(rows, dtype=np.float64)
    encoded = np.column_stack([column for _ in shapes])
    values = LinearTerms(0.0, shapes).contributions(encoded).values
    for place, shape in enumerate(shapes):
        assert values[:, place].tobytes() == curve_by_hand(shape, column).tobytes()
        assert shape(column).tobytes() == curve_by_hand(shape, column).tobytes()


@given(st.lists(number, min_size=1, max_size=5), st.data())
def test_levels_are_looked_up_and_an_unseen_one_counts_as_missing(heights, data):
    codes = st.sampled_from([*map(float, range(len(heights))), np.nan])
    column = np.array(data.draw(st.lists(codes, max_size=20)), dtype=np.float64)
    shape = LevelShape(tuple(heights), 0.5)
    assert shape(column).tolist() == levels_by_hand(shape, column).tolist()
    assert shape(np.array([len(heights), -1.0])).tolist() == [0.5, 0.5]


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_number_of_threads_and_rows_at_once_changes_no_bit(monkeypatch, threads):
    shape = CurveShape((0.0, 0.3, 1.0), (-1.0, 0.2, 0.1), 0.7)
    column = np.linspace(-1, 2, 1001)
    monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
    monkeypatch.setattr(module, "ROWS_OF_A_THREAD", 100)
    assert shape(column).tobytes() == curve_by_hand(shape, column).tobytes()
