"""Compile every loop that a request needs while an image is built: they are kept where numba keeps them.

A small model of made-up pupils is trained and asked as the service is: nothing of it is kept.
"""

from __future__ import annotations

import logging
import os
import warnings
from pathlib import Path

from dropout_risk.scoring.bundles.model_switch import try_model
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.settings import Settings
from dropout_risk.simulate.district import simulate_district
from dropout_risk.training.train import train

PUPILS = 300


def warm_model() -> RiskModel:
    """Train a small model, and ask it for scores, from raw records and from a store, changes and what-ifs."""
    settings = Settings(
        models={"candidate": "lightgbm", "folds": 3}, evaluation={"refits": 0, "learning_curve": False}
    )
    records = simulate_district(n_students=PUPILS, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = train(records, settings, track=False).model
    try_model(model)
    scores = model.score(records, "2025-06-02")
    scores.to_dict()  # everybody in words: a pupil is worded when asked for
    ids = [str(pupil.student_id) for pupil in scores.pupils[:2]]
    model.what_if(records, "2025-06-02", ids)
    model.change(records, "2025-03-03", "2025-06-02", ids)
    return model


if __name__ == "__main__":
    warm_model()
    kept = Path(os.environ.get("NUMBA_CACHE_DIR", ""))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger(__name__).info("%d compiled loops are kept", len([*kept.rglob("*.nbc")]))
