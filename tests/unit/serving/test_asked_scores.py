"""Whoever is written down is named: rows without a pupil of their own are refused by path, all at once."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving.answers.asked_scores import ReadyFeatures
from serving.gate.body import RefusedError
from serving.gate.looks import Looks

from dropout_risk.access.reader import LOCAL_READER, Reader

IDS = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["", " ", "0", "1", "2", "a"]))


def asked(ids):
    """Ready features of some pupils; None is a row without an id."""
    rows = [{"features": {}} | ({} if name is None else {"student_id": name}) for name in ids]
    return ReadyFeatures(None, {}, json.dumps({"rows": rows}).encode())


def refused(ids):
    """The code and the index of each row that is refused."""
    try:
        asked(ids).require_names()
    except RefusedError as error:
        return [(p.code, int(p.field.partition("[")[2].partition("]")[0])) for p in error.problems]
    return []


@given(st.lists(IDS, min_size=1, max_size=8))
def test_each_row_is_of_a_pupil_of_its_own_or_refused_by_its_index(ids):
    told = {index: code for code, index in refused(ids)}
    for index, name in enumerate(ids):
        before = [str(other) for other in ids[:index] if other is not None]
        wrong = name is None or not str(name).strip() or str(name) in before
        assert (index in told) == wrong
        assert not wrong or told[index] == ("DR608" if name is None else "DR610")


def test_no_more_than_twenty_rows_are_named_at_once():
    assert len(refused(["p"] * 100)) == 20


@pytest.mark.parametrize(
    ("reader", "audit"), [(LOCAL_READER, object()), (Reader("t-1", ()), None), (Reader("t-1", ()), object())]
)
def test_an_identity_or_an_audit_asks_for_names_before_anything_is_scored(client, reader, audit):
    from serving.service import read_by

    now = SimpleNamespace(looks=Looks("county 1", audit))
    with pytest.raises(RefusedError):
        read_by(now, reader, asked(["p", None]), "r-1")
