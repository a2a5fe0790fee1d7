"""What runs on the executors, without Spark: blocks of whole classes, and the model's bytes."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from dropout_risk.spark import scoring as model_bytes
from dropout_risk.spark.workers import whole_classes


@given(
    classes=st.lists(st.integers(1, 9), max_size=12),
    batch=st.integers(1, 20),
    at_once=st.integers(1, 30),
)
def test_blocks_hold_whole_classes_and_every_pupil_once(classes, batch, at_once):
    places = [f"class {number:02d}" for number, size in enumerate(classes) for _ in range(size)]
    rows = pa.table({"place": pa.array(places, pa.string()), "pupil": range(len(places))})
    blocks = list(whole_classes(iter(rows.to_batches(max_chunksize=batch)), at_once))

    assert [pupil for block in blocks for pupil in block["pupil"].to_pylist()] == list(range(len(places)))
    held = [set(block["place"].to_pylist()) for block in blocks]
    assert sum(map(len, held)) == len(set(places))
    assert all(block.num_rows <= max(at_once, *classes) for block in blocks[:-1])


def test_a_partition_without_rows_gives_no_block():
    assert list(whole_classes(iter(()))) == []
    assert list(whole_classes(iter([pa.record_batch({"place": pa.array([], pa.string())})]))) == []


class Sent:
    """A broadcast that counts how often it is read."""

    def __init__(self, content):
        self.content, self.reads = content, 0

    @property
    def value(self):
        self.reads += 1
        return self.content


def test_a_worker_reads_the_bundle_once_per_version(risk_model, monkeypatch):
    monkeypatch.setattr(model_bytes, "_LOADED", {})
    sent = Sent(model_bytes.pack_model(risk_model))
    first = model_bytes.SentModel(risk_model.version, sent).load()
    again = model_bytes.SentModel(risk_model.version, sent).load()

    assert again is first
    assert sent.reads == 1
    assert first.version == risk_model.version
    model_bytes.SentModel("another", sent).load()
    assert sent.reads == 2
