"""Steps are looked up, not drawn between: the same height for a whole bin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.explanation.contributions import LinearTerms
from dropout_risk.explanation.curves import CurveShape, StepShape

number = st.floats(-1e6, 1e6)


@given(
    edges=st.lists(number, max_size=6, unique=True).map(sorted),
    column=st.lists(st.one_of(number, st.just(float("nan"))), min_size=1, max_size=20),
)
def test_a_value_gets_the_height_of_its_bin(edges, column):
    heights = [float(place) ** 2 + 0.1 for place in range(len(edges) + 1)]
    found = StepShape(tuple(edges), tuple(heights), -0.7)(np.array(column + edges))
    expected = [-0.7 if x != x else heights[sum(x >= edge for edge in edges)] for x in column + edges]
    assert found.tolist() == expected


def test_steps_and_curves_stand_side_by_side():
    terms = LinearTerms(0.5, (StepShape((1.0,), (0.0, 2.0), 9.0), CurveShape((0.0, 1.0), (0.0, 1.0), 0.0)))
    assert terms.contributions(np.array([[1.0, 0.25], [0.5, 2.0]])).values.tolist() == [
        [2.0, 0.25],
        [0.0, 1.0],
    ]
