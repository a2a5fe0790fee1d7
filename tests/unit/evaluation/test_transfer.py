"""Out of school, out of time, out of both: what is said, and that refits never saw what they judge."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dropout_risk.evaluation.questions import calibration
from dropout_risk.evaluation.questions.transfer import TRANSFER, transfer_section


def rows(slope, n=4000, seed=0):
    """Rows whose log-odds are too extreme by a slope below 1."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(-2, 1, n)
    outcomes = (rng.random(n) < 1 / (1 + np.exp(-(-2 + slope * (margin + 2))))).astype(int)
    schools = np.array([f"s{number % 12}" for number in range(n)], dtype=object)
    return calibration.TestRows(outcomes, 1 / (1 + np.exp(-margin)), np.arange(n), schools, np.zeros(n))


def test_a_slope_outside_offers_recalibration_for_that_cell_and_no_other():
    section = transfer_section(
        {"school": rows(0.6), "time": rows(1.0, seed=1), "both": rows(0.62, seed=2)}, 3
    )
    offered = [text.en for text in section.remarks if "recalibrated" in text.en]

    assert [text.split(":")[0] for text in offered] == ["Schools not seen", "Schools not seen, later days"]
    assert all("too extreme" in text for text in offered)
    assert section.metrics["school_slope"] == pytest.approx(0.6, abs=0.08)
    assert section.metrics["time_shift"] == pytest.approx(0.0, abs=0.12)


def test_where_all_slopes_are_good_it_is_said_and_nothing_is_offered():
    section = transfer_section(
        {name: rows(1.0, 12000, seed) for seed, name in enumerate(("school", "time", "both"))}, 3
    )

    assert not any("RiskModel" in text.en for text in section.remarks)
    assert any("may be taken as they are" in text.en for text in section.remarks)


def test_too_few_dropouts_give_no_figure_and_no_praise():
    few = rows(1.0, 30)
    section = transfer_section({"school": few, "time": few, "both": few}, 3)

    assert section.metrics == {}
    assert len(section.remarks) == 1


class Refits:
    """A classifier whose refits remember of which rows they learned."""

    def __init__(self, asked):
        self.asked = asked

    def refitted(self, X, y):
        del y
        learned = set(X["school"])

        def risk(Z):
            self.asked.append((learned, set(Z["school"])))
            return np.full(len(Z), 0.1)

        return SimpleNamespace(risk=risk)


def test_no_school_is_asked_of_a_model_that_learned_from_it():
    rng, n = np.random.default_rng(0), 600
    school = np.array([f"s{number % 6}" for number in range(n)], dtype=object)
    frame, y = pd.DataFrame({"school_id": school}), (rng.random(n) < 0.3).astype(np.int64)
    parts = SimpleNamespace(
        cohort=SimpleNamespace(frame=frame), train=np.arange(400), test=np.arange(400, n),
        X=lambda rows: pd.DataFrame({"school": school[rows]}), y=lambda rows: y[rows],
        pupils=lambda rows: rows, cohorts=lambda rows: frame.iloc[rows],
        days=lambda rows: np.zeros(len(rows)),
    )  # fmt: skip
    asked = []
    trained = SimpleNamespace(
        parts=parts, classifier=Refits(asked), risks=np.full(200, 0.1),
        settings=SimpleNamespace(evaluation=SimpleNamespace(refits=1)),
    )  # fmt: skip
    section = TRANSFER.of_model(trained)

    assert len(asked) == 6
    assert all(not learned & judged for learned, judged in asked)
    assert [row[1] for row in section.tables[0].rows] == [400, 200, 200]
