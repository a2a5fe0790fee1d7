import numpy as np

from dropout_risk.evaluation.questions.learning_curve import FittedSize, learning_curve_section
from dropout_risk.evaluation.resampling import Resampling
from dropout_risk.evaluation.result import HeldOut


def _curve(signals, n=4000):
    rng = np.random.default_rng(0)
    own = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(1.5 - own))).astype(int)
    sizes = [
        FittedSize(100 * (place + 1), 1 / (1 + np.exp(1.5 - of * own))) for place, of in enumerate(signals)
    ]
    rows = HeldOut(y, sizes[-1].risks, np.zeros(n), rng.integers(25, size=n).astype(str), np.arange(n))
    return learning_curve_section(rows, sizes, Resampling.of(rows.schools, rows.pupils, replicates=200))


def test_a_loss_that_still_falls_asks_for_more_pupils():
    section = _curve([-0.5, 0.2, 1.0])
    assert "more pupils would probably help" in section.remarks[0].en
    losses = [section.metrics[f"log_loss_{place}"] for place in range(3)]
    assert losses == sorted(losses, reverse=True)


def test_a_flat_end_is_called_flat():
    assert "nothing shows" in _curve([0.2, 1.0, 1.0]).remarks[0].en


def test_every_size_stands_in_the_table_with_its_interval():
    section = _curve([0.2, 1.0])
    assert [row[0] for row in section.tables[0].rows] == [100, 200]
    assert section.metrics["auc_1_low"] < section.metrics["auc_1"] < section.metrics["auc_1_high"]


def test_it_is_said_that_smaller_fits_have_fewer_folds():
    assert "two folds only" in _curve([0.2, 1.0]).remarks[1].en
