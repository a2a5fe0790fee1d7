"""Last year's model on this year's test rows: the baseline that every new model should beat."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dropout_risk.evaluation.baselines import Baseline, last_model
from dropout_risk.evaluation.parts import Parts
from dropout_risk.features.compute import build_features
from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.text import Text

NOT_GIVEN = Text(
    zh="没有给出以前的模型（evaluation.last_model）", en="no former model was given (evaluation.last_model)"
)
SAW_THE_TEST = Text(
    zh="它的训练数据到{to}，而测试从{begin}开始", en="it was trained to {to}, and the test begins on {begin}"
)
NOT_DATED = Text(
    zh="不知道它的训练数据到哪一天为止，它可能见过测试期的结果",
    en="not known to which day it was trained: it may have seen what the test asks",
)


def given_last_model(settings: Settings) -> RiskModel | None:
    """Read the former model that the settings name; None where they name none.

    BundleError if it cannot be read.
    """
    path = settings.evaluation.last_model
    return None if path is None else RiskModel.load(Path(path))


def last_model_baseline(former: RiskModel | None, histories: Histories, parts: Parts) -> Baseline:
    """Score the test rows with a former model, through its own catalogue.

    A model whose training reached into the test is not compared: it knows some of the answers. Neither is
    one that does not say to which day it was trained.
    """
    if former is None:
        return last_model(None, unavailable=NOT_GIVEN)
    if former.trained_to is None:
        return last_model(None, unavailable=NOT_DATED)
    begin = str(min(parts.days(parts.test)))
    if former.trained_to >= begin:
        return last_model(None, unavailable=SAW_THE_TEST.filled(to=former.trained_to, begin=begin))
    X = build_features(
        histories, parts.cohort_of(parts.test), former.catalogue, instruments=former.instruments
    )
    about = f" {former.name} {former.version} ({former.trained_to})"
    return last_model(np.asarray(former.calibrated.risk(X)), about)
