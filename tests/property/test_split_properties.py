"""What holds of every split in time: label windows close before the test, nobody is on both sides."""

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st

from dropout_risk.errors import SplitError
from dropout_risk.modelling.folds.splits import TemporalSplit


@st.composite
def snapshots(draw):
    """Pupils of some schools on some of the dates; schools count their days each in their own way."""
    gaps = draw(st.lists(st.integers(1, 30), min_size=4, max_size=8))
    late = draw(st.lists(st.integers(0, 9), min_size=2, max_size=4))
    n_pupils = draw(st.integers(4, 20))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    school = rng.integers(0, len(late), n_pupils)
    rows = [
        (pupil, day, school[pupil], int(np.cumsum(gaps)[day]) + late[school[pupil]])
        for pupil in range(n_pupils)
        for day in range(len(gaps))
        if rng.random() < 0.9
    ]
    return pd.DataFrame(rows, columns=["pupil", "day", "school", "index"])


splits = st.fixed_dictionaries(
    {
        "n_splits": st.integers(1, 2),
        "horizon_days": st.integers(1, 60),
        "test_snapshots": st.integers(1, 2),
        "schools": st.sampled_from(["same", "leave_out"]),
        "new_pupils": st.booleans(),
    }
)


def folds_of(rows, choice):
    split = TemporalSplit(**choice)
    groups = rows["school"] if choice["schools"] == "leave_out" else rows["pupil"]
    try:
        made = list(
            split.split(groups=groups, as_of=rows["day"], as_of_index=rows["index"], students=rows["pupil"])
        )
    except SplitError:
        assume(False)
    assert len(made) == split.get_n_splits(groups=groups)
    return made


@given(rows=snapshots(), choice=splits)
def test_every_training_label_is_known_before_the_first_test_day(rows, choice):
    for train, test in folds_of(rows, choice):
        first = rows["index"].iloc[test].min()
        assert (rows["index"].iloc[train] + choice["horizon_days"]).max() <= first
        assert rows["day"].iloc[train].max() < rows["day"].iloc[test].min()


@given(rows=snapshots(), choice=splits)
def test_no_new_pupil_and_no_left_out_school_is_on_both_sides(rows, choice):
    for train, test in folds_of(rows, choice):
        if choice["new_pupils"]:
            assert not set(rows["pupil"].iloc[train]) & set(rows["pupil"].iloc[test])
        if choice["schools"] == "leave_out":
            assert not set(rows["school"].iloc[train]) & set(rows["school"].iloc[test])


@given(rows=snapshots(), choice=splits)
def test_every_school_and_every_row_of_a_block_is_tested_once(rows, choice):
    made = folds_of(rows, choice)
    per_block = len(made) // choice["n_splits"]
    for block in range(choice["n_splits"]):
        tested = np.concatenate([test for _, test in made[block * per_block : (block + 1) * per_block]])
        days = set(rows["day"].iloc[tested])
        assert sorted(tested) == np.flatnonzero(rows["day"].isin(days)).tolist()


@given(rows=snapshots(), choice=splits)
def test_the_listed_rows_add_up(rows, choice):
    folds_of(rows, choice)
    groups = rows["school"] if choice["schools"] == "leave_out" else rows["pupil"]
    listed = TemporalSplit(**choice).frame(
        groups=groups, as_of=rows["day"], as_of_index=rows["index"], students=rows["pupil"]
    )
    parts = listed[["train_rows", "gap_rows", "test_rows", "unused_rows"]]
    assert (parts.sum(axis=1) == len(rows)).all()
    assert (parts >= 0).all(axis=None)
