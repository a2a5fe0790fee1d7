"""A candidate is one entry of the table: whoever fits, words, checks or saves one reads that entry."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

from dropout_risk.errors import SettingsError, TrainingError
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.evaluation.result import HeldOut
from dropout_risk.explanation.contributions import LinearTerms
from dropout_risk.explanation.curves import LevelShape
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.candidates import CANDIDATES, Candidate, name_of_model, with_parts
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.fitter import Fitter, Span
from dropout_risk.modelling.model import AdditiveModel
from dropout_risk.modelling.tuning import Tuning
from dropout_risk.settings import Settings
from dropout_risk.text import Text


@dataclass(frozen=True)
class ToyModel(AdditiveModel):
    """The same for everybody."""


@dataclass(frozen=True)
class ToyFitter(Fitter):
    """Says the base rate, pulled to a half."""

    pull: float = 1.0
    model = ToyModel
    space = {"pull": Span(0.5, 5.0)}  # noqa: RUF012

    def fit(self, X, y, setting):
        rate = (y.sum() + self.pull) / (len(y) + 2 * self.pull)
        shapes = [LevelShape((), 0.0)] * X.shape[1]
        return ToyModel(LinearTerms(float(np.log(rate / (1 - rate))), tuple(shapes)))


@pytest.fixture
def toy(monkeypatch):
    words = Text(zh="基准率", en="the toy")
    monkeypatch.setitem(CANDIDATES, "toy", Candidate("toy", words, lambda: ToyFitter, cautious={}))


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    return X, (rng.random(300) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)


def report_of(candidate, selection=()):
    held_out = HeldOut(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]), np.array(["2025-03-03"] * 4))
    return EvaluationReport.of(
        held_out, [], model="county", candidate=candidate, synthetic=True, horizon_days=90,
        events=["dropout"], capacity_share=0.25, selection=selection,
    )  # fmt: skip


def test_a_new_candidate_is_fitted_tuned_and_compared_by_its_name(toy, rows):
    told = []
    tuning = Tuning(trials=2, progress=lambda *seen: told.append(seen))
    fitted = RiskClassifier(candidates=["toy", "logistic"], folds=2, tuning=tuning).fit(*rows)
    assert list(fitted.selection_.losses) == ["logistic", "toy"]
    assert fitted.selection_.chosen == "logistic"
    assert {name for name, *_ in told} == {"logistic", "toy"}
    alone = RiskClassifier("toy", folds=2).fit(*rows)
    assert isinstance(alone.calibrated_model_.model, ToyModel)
    assert alone.selection_.explanation.en.startswith("There was one candidate only, the toy,")


def test_a_new_candidate_is_compared_without_being_named(toy, rows):
    assert "toy" in RiskClassifier(folds=2).fit(*rows).selection_.losses


def test_a_new_candidate_is_worded_in_the_report(toy, rows):
    selection = RiskClassifier(candidates=["toy", "logistic"], folds=2).fit(*rows).selection_
    report = report_of("toy", selection.rows())
    assert "The chosen candidate: the toy" in report.to_markdown("en")
    assert "| 基准率 |" in report.to_markdown("zh")
    assert "| the toy |" in report.to_markdown("en")


def test_settings_know_a_new_candidate(toy):
    models = Settings(models={"candidate": "toy", "candidates": ["toy"]}).models
    assert (models.candidate, models.candidates) == ("toy", ("toy",))
    assert Settings().models.candidates[-1] == "toy"


def test_a_new_candidate_is_saved_and_read(toy, rows):
    model = RiskClassifier("toy", folds=2).fit(*rows).calibrated_model_
    again = CalibratedModel.from_files(model.to_files())
    assert again.kind == "toy"
    assert np.array_equal(again.log_odds(rows[0]), model.log_odds(rows[0]))


def test_who_is_not_in_the_table_is_nowhere(rows):
    with pytest.raises(SettingsError, match="'lightgbm' or 'blend'"):
        Settings(models={"candidates": ["toy"]})
    with pytest.raises(TrainingError, match="no model 'toy'"):
        RiskClassifier("toy").fit(*rows)


@pytest.mark.parametrize("name", CANDIDATES)
def test_every_candidate_is_fitted_where_a_class_is_too_rare_for_folds(name):
    if name == "ebm":
        pytest.importorskip("interpret")
    X, y = np.arange(40.0)[:, np.newaxis], np.arange(40) == 39
    model = pickle.loads(pickle.dumps(RiskClassifier(name).fit(X, y))).calibrated_model_  # noqa: S301
    assert model.kind == name_of_model(model.model) == name


def test_parts_stand_before_their_blend():
    order = list(CANDIDATES)
    for name, candidate in CANDIDATES.items():
        assert all(order.index(part) < order.index(name) for part in candidate.parts)
        assert with_parts([name]) == [*candidate.parts, name]
