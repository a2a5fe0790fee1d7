"""What runs on the executors, without Spark: the model's bytes, read once."""

from dropout_risk.spark import scoring as model_bytes


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
