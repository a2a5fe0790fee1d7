import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import dropout_risk as dr
from dropout_risk.histories import fingerprint as module
from dropout_risk.histories.fingerprint import fingerprint
from dropout_risk.kernels import in_threads


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=30, seed=6))


def test_saved_and_loaded_histories_have_the_fingerprint_they_had(histories, tmp_path):
    assert fingerprint(dr.Histories.load(histories.save(tmp_path))) == fingerprint(histories)


def test_other_histories_have_another(histories):
    found = {fingerprint(histories.take(np.arange(n))) for n in (28, 29, 30)}
    assert len(found) == 3
    assert fingerprint(histories) in found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        ([["a"], []], [[], ["a"]]),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (pa.table({"a": ["x", None]}), pa.table({"a": ["x", ""]})),
        (pa.table({"a": [1, None]}), pa.table({"a": [1, 0]})),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        (pd.DataFrame({"a": [1.0]}), pd.DataFrame({"a": [np.nan]})),
    ],
)
def test_what_differs_in_anything_has_another(one, other):
    assert fingerprint(one) != fingerprint(other)


def test_how_a_table_lies_in_memory_changes_nothing():
    whole = pa.table({"a": ["x", None, "y"], "n": [1, 2, None]})
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert fingerprint(pieces) == fingerprint(whole)


def test_large_arrays_are_hashed_in_blocks_and_the_threads_change_nothing(monkeypatch):
    large = np.arange(5000, dtype=np.uint8)
    other = large.copy()
    other[-1] ^= 1
    hashed = []

    def counted(work, items):
        hashed.append(len(items))
        return in_threads(work, items)

    monkeypatch.setattr(module, "in_threads", counted)
    monkeypatch.setattr(module, "BLOCK_BYTES", 1 << 10)
    found = set()
    for threads in ("1", "3"):
        monkeypatch.setenv("DROPOUT_RISK_THREADS", threads)
        found.add(fingerprint([large, "x"]))

    assert hashed == [5, 5]
    assert len(found) == 1
    assert fingerprint([other, "x"]) not in found
