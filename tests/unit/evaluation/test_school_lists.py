"""Lists within schools and per teacher, against a plain loop over the groups."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.questions.list_section import capacity_section, kinds_of_lists
from dropout_risk.evaluation.resampling import Resampling
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.text import Text

RULE = Text(zh="规则", en="Rule")


def _held_out(n=900, seed=0, n_schools=6):
    rng = np.random.default_rng(seed)
    risks = np.round(1 / (1 + np.exp(-rng.normal(-2, 1.2, n))), 2)
    school = rng.integers(n_schools, size=n)
    return HeldOut(
        (rng.random(n) < risks).astype(int),
        risks,
        np.where(np.arange(n) % 2, "2025-03-03", "2025-04-01"),
        schools=np.array([f"s-{number}" for number in school]),
        pupils=np.arange(n) // 2,
        teachers=np.array([f"t-{number}-{n % 3}" for number, n in zip(school, range(n), strict=True)]),
    )


def _kinds(held_out, **options):
    return kinds_of_lists(held_out, **({"share": 0.1, "capacity": 5, "lowest": 0.05} | options))


def _looped(held_out, keys, length):
    """Expected hits and listed rows, group by group, by putting every tie in by its share of the places."""
    frame = pd.DataFrame({"y": held_out.y, "p": held_out.p} | {str(k): key for k, key in enumerate(keys)})
    hits = listed = 0.0
    for _, group in frame.groupby([str(k) for k in range(len(keys))]):
        k = length(group)
        listed += k
        ranked = group.sort_values("p", ascending=False)
        last = ranked["p"].iloc[k - 1] if k else math.inf
        above, tied = group[group["p"] > last], group[group["p"] == last]
        hits += above["y"].sum() + (k - len(above)) * (tied["y"].mean() if len(tied) else 0)
    return hits, listed


def _capacity(group):
    return min(5, int((group["p"] >= 0.05).sum()))


def test_each_school_has_its_own_list_and_each_teacher_its_places():
    rows = _held_out()
    district, school, teacher = (kind.lists(rows.y, rows.p).total() for kind in _kinds(rows))
    share = lambda group: max(1, math.floor(0.1 * len(group) + 1e-9))  # noqa: E731
    keys = (rows.as_of, rows.schools)
    assert (district.hits.expected, district.listed) == pytest.approx(_looped(rows, keys[:1], share))
    assert (school.hits.expected, school.listed) == pytest.approx(_looped(rows, keys, share))
    found = _looped(rows, (*keys, rows.teachers), _capacity)
    assert (teacher.hits.expected, teacher.listed) == pytest.approx(found)


@given(st.integers(0, 10_000), st.floats(0.01, 1), st.integers(1, 9))
def test_worst_is_at_most_expected_is_at_most_best_on_every_list(seed, share, capacity):
    rows = _held_out(60, seed, n_schools=3)
    for kind in _kinds(rows, share=share, capacity=capacity):
        hits = kind.lists(rows.y, rows.p).hits
        assert (np.diff(hits, axis=1) >= -1e-12).all()
        assert (kind.lists(rows.y, rows.p).chance <= 1).all()


def test_nobody_below_the_lowest_risk_is_on_a_teachers_list():
    rows = _held_out()
    lists = _kinds(rows, lowest=0.3)[2].lists(rows.y, rows.p)
    assert (lists.chance[rows.p < 0.3] == 0).all()
    assert lists.listed.max() <= 5


def test_a_baseline_has_as_many_places_as_the_model_on_every_list():
    rows = _held_out()
    rule = Baseline("abc_rule", RULE, RULE, risks=np.full(900, 0.5))
    section = capacity_section(rows, [rule], _kinds(rows))
    teacher = section.tables[-1]
    model, flat = teacher.rows
    assert float(flat[3]) == pytest.approx(1.0, abs=0.35)  # lots: the lift of nobody in particular
    assert float(model[3]) > float(flat[3])
    assert flat[4] != "–"


def test_every_figure_of_the_lists_has_an_interval_around_it():
    rows = _held_out()
    draws = Resampling.of(rows.schools, rows.pupils, replicates=100)
    metrics = capacity_section(rows, [], _kinds(rows), draws).metrics
    for name in ("district_recall", "school_precision", "teacher_lift"):
        assert metrics[f"{name}_low"] <= metrics[name] <= metrics[f"{name}_high"]
        assert metrics[f"{name}_worst"] <= metrics[name] <= metrics[f"{name}_best"]


def test_the_schools_add_up_and_those_with_few_dropouts_stand_together():
    rows = _held_out(900, n_schools=40)
    table = capacity_section(rows, [], _kinds(rows)).tables[2]
    assert sum(row[1] for row in table.rows) == 900
    assert sum(row[2] for row in table.rows) == rows.y.sum()
    assert all(row[2] >= 10 for row in table.rows if isinstance(row[0], str))


def test_without_schools_there_is_only_the_overall_list():
    rows = _held_out()
    bare = HeldOut(rows.outcomes, rows.risks, rows.as_of)
    assert [kind.name for kind in _kinds(bare)] == ["district"]
