"""Whatever befalls a clean district on its way, its features stay the same or somebody is told why not.

Mutations that make another truth, which no check could know, are not part of the claim.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk import Cohort, Histories, SchoolRecords, build_features
from dropout_risk.alerts.register_facts import RegisterFacts
from dropout_risk.alerts.silence import register_questions, silence_alerts
from dropout_risk.errors import DropoutRiskError
from dropout_risk.records.rules import CheckReport, Problem
from dropout_risk.settings import RegisterSettings
from support.mutations import (
    FILE_MUTATIONS,
    FileMutation,
    Frames,
    Mutation,
    clean_district,
    column_mutations,
    files_of,
    table_mutations,
)

MUTATIONS = [*column_mutations(), *table_mutations()]


def days() -> list[dt.date]:
    last = clean_district()[1]
    return [dt.date(2024, 11, 4), last]


def features_of(records: SchoolRecords) -> pd.DataFrame:
    histories = Histories.from_records(records)
    return build_features(histories, Cohort.on(histories, days())).sort_index()


def of_frames(frames: Frames) -> SchoolRecords:
    last = clean_district()[1]
    return SchoolRecords.from_tables(**frames, today=last, outcomes_to=last)


def of_files(files: dict[str, bytes], folder: str) -> SchoolRecords:
    for name, content in files.items():
        Path(folder, name).write_bytes(content)
    last = clean_district()[1]
    return SchoolRecords.from_folder(folder, today=last, outcomes_to=last)


@cache
def clean_features() -> pd.DataFrame:
    return features_of(of_frames(clean_district()[0]))


def same_features(records: SchoolRecords) -> bool:
    clean, now = clean_features(), features_of(records)
    return (
        now.index.equals(clean.index)
        and list(now.columns) == list(clean.columns)
        and np.allclose(now, clean, rtol=1e-9, atol=1e-12, equal_nan=True)
    )


def named(problems: tuple[Problem, ...], mutation: Mutation | FileMutation) -> bool:
    return any(p.rule.code in mutation.rules and p.table in mutation.tables for p in problems)


def told_by_registers(records: SchoolRecords) -> bool:
    """Whether a score on the last day tells more about registers than that of the clean district."""
    return len(register_tellings(records) - clean_tellings()) > 0


def register_tellings(records: SchoolRecords) -> set[str]:
    limits = RegisterSettings()
    snapshot = Histories.from_records(records).on(days()[-1])
    facts = RegisterFacts.of(snapshot, limits)
    asked = {item.text for item in register_questions(snapshot, facts, limits, "en")}
    return asked | {
        f"{pupil}: {alert.text}" for pupil, alert in silence_alerts(snapshot, facts, limits, "en")
    }


@cache
def clean_tellings() -> set[str]:
    return register_tellings(of_frames(clean_district()[0]))


def holds(records: SchoolRecords, mutation: Mutation | FileMutation) -> bool:
    """Whether nothing is wrong in silence after a mutation."""
    return (
        named(records.check().problems, mutation)
        or same_features(records)
        or (mutation.at_score and told_by_registers(records))
    )


def holds_for(mutation: Mutation, seed: int) -> bool:
    frames = mutation.change(clean_district()[0], np.random.default_rng(seed))
    try:
        return holds(of_frames(frames), mutation)
    except DropoutRiskError:
        return bool(mutation.rules or mutation.at_score)  # a loud refusal, where a fault may be named


def test_the_check_finds_nothing_in_the_clean_district() -> None:
    records = of_frames(clean_district()[0])
    assert records.check().problems == ()
    assert same_features(records)


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(MUTATIONS), st.integers(0, 999))
def test_a_mutated_district_has_the_same_features_or_the_check_names_what_happened(
    mutation: Mutation, seed: int
) -> None:
    assert holds_for(mutation, seed), mutation.name


@pytest.mark.parametrize("mutation", FILE_MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutated_file_gives_the_same_features_or_the_check_names_what_happened(
    mutation: FileMutation,
) -> None:
    with TemporaryDirectory() as folder:
        try:
            kept = holds(of_files(mutation.change(files_of(clean_district()[0])), folder), mutation)
        except DropoutRiskError:
            kept = bool(mutation.rules or mutation.at_score)
    assert kept


@pytest.mark.parametrize(
    "code",
    ["DR103", "DR104", "DR105", "DR106", "DR107", "DR114", "DR122", "DR140", "DR156", "DR175", "DR904"],
)
def test_a_fault_left_unnamed_breaks_the_claim(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    named_by = [mutation for mutation in MUTATIONS if code in mutation.rules]
    before = {mutation.name for mutation in named_by if not holds_for(mutation, 0)}
    assert not before
    check = SchoolRecords.check

    def without_rule(records: SchoolRecords) -> CheckReport:
        report = check(records)
        return replace(report, problems=tuple(p for p in report.problems if p.rule.code != code))

    monkeypatch.setattr(SchoolRecords, "check", without_rule)
    assert any(not holds_for(mutation, 0) for mutation in named_by)
