"""A sample holds whole schools, large and small, and the same ones for the same seed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk import spark as on_spark
from dropout_risk.errors import SettingsError
from dropout_risk.spark.scoring import STRATA, draw_schools

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


@given(
    sizes=st.lists(st.integers(1, 2000), min_size=1, max_size=60),
    share=st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
def test_every_fifth_by_size_is_drawn_from_alike(sizes, share, seed):
    schools = {f"s{number}": size for number, size in enumerate(sizes)}
    chosen = draw_schools(schools, share, seed)

    assert chosen == draw_schools(schools, share, seed) == sorted(set(chosen))
    assert len(chosen) >= min(STRATA, len(schools))
    assert abs(len(chosen) - share * len(schools)) <= STRATA
    assert draw_schools(schools, 1.0, seed) == sorted(schools)


def test_a_sample_holds_every_row_of_its_schools(spark, frames, records, today):
    sample = on_spark.sample_schools(spark, frames, 0.3, seed=2, today=today)
    schools = set(sample.table("students")["school_id"].to_pylist())
    whole = records.table("students").to_pandas()
    here = whole[whole["school_id"].isin(schools - {None}) | (whole["school_id"].isna() & (None in schools))]

    assert 0 < len(here) < len(whole)
    assert set(sample.table("students")["student_id"].to_pylist()) == set(here["student_id"])
    for name in ("attendance", "grades", "wellbeing", "family", "outcomes", "attendance_totals"):
        rows = records.table(name)["pupil"].to_pandas().isin(here.index).sum()
        assert sample.table(name).num_rows == rows
    for school in schools - {None}:
        assert sample.calendar.days_of(school)[0].tolist() == records.calendar.days_of(school)[0].tolist()


@pytest.mark.parametrize("share", [0, -0.1, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(SettingsError, match="share"):
        on_spark.sample_schools(None, {}, share)
