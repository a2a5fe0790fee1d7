"""Dirt is planted in known numbers, and the check finds each kind of it."""

import datetime as dt

import numpy as np
import pytest

from dropout_risk.simulate.dirt import spoil_tables
from dropout_risk.simulate.district import simulate_district


def test_the_check_finds_exactly_what_was_planted(dirty):
    found = dirty.check().frame().groupby(["table", "name"]).rows.sum()
    planted = dirty.truth.attrs["planted"]
    assert len(planted) > 20
    assert set(planted) <= set(found.index)
    assert {key: found.get(key, 0) for key in planted} == planted


def test_the_check_finds_no_error_that_was_not_planted(dirty):
    frame = dirty.check().frame().query("severity == 'error'")
    assert set(zip(frame.table, frame.name, strict=True)) <= set(dirty.truth.attrs["planted"])


def test_about_half_a_percent_of_the_attendance_rows_is_dirty(dirty):
    counts = dirty.check().counts["attendance"]
    assert 0.003 < counts.set_apart / counts.read < 0.008


def test_clean_rows_survive_the_dirt(dirty, district):
    for name in ("attendance", "grades", "wellbeing", "family"):
        clean, left = district.table(name).num_rows, dirty.table(name).num_rows
        assert 0.98 * clean < left < clean


def test_students_are_never_lost(dirty, district):
    assert dirty.table("students").equals(district.table("students"))


def test_spoiling_leaves_the_clean_tables_as_they_are(tables):
    before = {name: table.schema for name, table in tables.items()}
    spoiled, _ = spoil_tables(tables, dt.date(2026, 7, 1), np.random.default_rng(0))
    assert {name: table.schema for name, table in tables.items()} == before
    assert "学号" in spoiled["wellbeing"].column_names
    assert spoiled["students"] is tables["students"]


@pytest.mark.parametrize("n_students", [1, 40])
def test_even_a_tiny_district_can_be_spoiled(n_students):
    records = simulate_district(n_students, n_days=40, dirty=True)
    assert not records.check().ok
