"""Do intervals hold the true shares of schools, and what are 30 labels worth? On schools that are drawn.

    python benchmarks/known_schools.py

Each row is 100 draws: a calibration from schools whose shifts have a known spread, held against 300 new
schools at five scores each. Writes ``benchmarks/results/known_schools.json``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from dropout_risk.modelling.calibration import LinearCalibration, recalibrate
from dropout_risk.modelling.fitter import log_loss

RESULTS = Path(__file__).parent / "results" / "known_schools.json"
WORLDS = (
    (0.0, 40, 150), (0.15, 40, 150), (0.3, 20, 150), (0.3, 40, 150), (0.3, 40, 400), (0.5, 30, 60),
    (0.6, 40, 150), (0.8, 12, 150),
)  # fmt: skip
SCORES = np.linspace(-4.5, 0.0, 5)
DRAWS = 100


def coverage(spread: float, schools: int, pupils: int) -> dict[str, Any]:
    """Say how often the true share of a new school lay in the interval, and in that of the line alone."""
    held = np.array([_one_draw(spread, schools, pupils, seed) for seed in range(DRAWS)]).mean(axis=0)
    about = {"spread": spread, "schools": schools, "pupils_of_each": pupils}
    return about | {"interval": float(held[0]), "line_alone": float(held[1])}


def _one_draw(spread: float, schools: int, pupils: int, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, schools, pupils])
    school = np.repeat(np.arange(schools), pupils)
    margin = rng.normal(-2.5, 1.2, len(school))
    y = rng.random(len(school)) < expit(margin + rng.normal(0, spread, schools)[school])
    cohorts = pd.DataFrame({"school_id": school.astype(str), "as_of": "2025-03-03"})
    own = np.arange(len(school))
    found = LinearCalibration.fit(margin, y.astype(np.int8), own)
    found = found.among_schools(margin, y.astype(np.int8), own, cohorts)
    share = expit(SCORES[:, None] + rng.normal(0, spread, 300))
    return _held(found, share), _held(replace(found, spread=None), share)


def _held(calibration: LinearCalibration, share: np.ndarray) -> float:
    low, high = calibration.interval(SCORES).T
    return float(((low[:, None] <= share) & (share <= high[:, None])).mean())


def worth_of_labels(labels: int, shift: float = 1.2) -> float:
    """Give the share of the log loss that a refit on 4,000 pupils would gain, and that few labels gain."""
    old, lost = LinearCalibration(0.9, -0.3), []
    for seed in range(DRAWS):
        rng = np.random.default_rng([seed, labels])
        margin = rng.normal(-2.5, 1.2, 4_000 + labels)
        y = (rng.random(len(margin)) < expit(old.apply(margin) + shift)).astype(np.int8)
        few, many = slice(0, labels), slice(labels, None)
        models = (old, recalibrate(old, margin[few], y[few]), LinearCalibration.fit(margin[many], y[many]))
        lost.append([log_loss(model.apply(margin[many]), y[many]).mean() for model in models])
    before, after, best = np.mean(lost, axis=0)
    return float((before - after) / (before - best))


def main() -> None:
    """Print a row for each world, and what labels are worth."""
    rows = [coverage(*world) for world in WORLDS]
    for row in rows:
        print({key: round(value, 3) for key, value in row.items()})
    gained = {str(labels): worth_of_labels(labels) for labels in (10, 30, 100)}
    print("share of the gain of a refit, by labels", {key: round(value, 2) for key, value in gained.items()})
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"level": 0.9, "coverage": rows, "gain": gained}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
