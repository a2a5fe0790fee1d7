"""Do intervals and sets hold what they promise? On simulated districts, on days after the training.

    python benchmarks/uncertainty.py [--seeds 0 1 2] [--students 20000]

Every seed is another district; none was chosen for its result. Each model is held against the last days of
its own district and of the others, whose schools it has never seen. Writes
``benchmarks/results/uncertainty.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import dropout_risk as dr
from dropout_risk.evaluation.parts import Parts, labelled_cohort, make_parts
from dropout_risk.evaluation.questions.calibration import TestRows, calibration_section, score_test_rows
from dropout_risk.evaluation.questions.group_calibration import cohort_coverage
from dropout_risk.features.cohort import histories_of
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.simulate.causes import CAUSES
from dropout_risk.simulate.hazards import RETURNS
from dropout_risk.training.train import fit_classifier

RESULTS = Path(__file__).parent / "results" / "uncertainty.json"
SETTINGS = dr.Settings()
WEEKS = SETTINGS.outcome.horizon_days / 5
SHOWN = ("slope", "in_the_large", "error", "error_by_chance", "school_spread", "interval_coverage",
         "interval_cohorts", "set_coverage_stay", "set_coverage_drop_out")  # fmt: skip


class District:
    """A simulated district: its parts in time, and the model that was trained on it."""

    def __init__(self, seed: int, students: int) -> None:
        self.seed = seed
        records = dr.simulate_district(students, seed)
        self.histories = histories_of(records)
        cohort = labelled_cohort(self.histories, SETTINGS)
        features = dr.build_features(self.histories, cohort)
        self.parts: Parts = make_parts(self.histories, cohort, features, SETTINGS)
        self.classifier = fit_classifier(self.parts, dr.default_catalogue(), SETTINGS)
        self.model: CalibratedModel = self.classifier.calibrated_model_
        hazard = records.truth.set_index("student_id")[[f"hazard_{cause}" for cause in CAUSES]].sum(axis=1)
        weekly = hazard.reindex(self.parts.pupils(self.parts.test)).to_numpy()
        self.hidden = (1 - RETURNS) * -np.expm1(-WEEKS * weekly)

    def judge(self, model: CalibratedModel) -> TestRows:
        """Let a model judge the test rows."""
        return score_test_rows(model, self.parts, self.parts.test)


def own_days(district: District) -> dict[str, Any]:
    """Hold a model against later days of its own district."""
    rows = district.judge(district.model)
    section = calibration_section(rows)
    calibration = district.model.calibration
    spread = calibration.spread
    low, high = np.asarray(rows.interval).T
    return {
        "seed": district.seed,
        "candidate": district.model.kind,
        "checks": {check.name: check.passed for check in section.checks},
        **{name: section.metrics.get(name) for name in SHOWN},
        "spread_learned": None if spread is None else spread.variance**0.5,
        "coverage_of_the_line_alone": _covered(rows, _line_alone(district)),
        "coverage_of_no_interval": _covered(rows, np.column_stack([rows.risks, rows.risks])),
        "hidden_risk_within": float(((low <= district.hidden) & (district.hidden <= high)).mean()),
        "median_width_where_risk_above_15": float(np.median((high - low)[rows.risks >= 0.15])),
    }


def other_districts(model: District, others: list[District]) -> dict[str, Any]:
    """Hold a model against schools that it has never seen."""
    found = [calibration_section(other.judge(model.model)).metrics for other in others]
    return {
        "seed": model.seed,
        "slopes": [one["slope"] for one in found],
        "interval_coverage": [one["interval_coverage"] for one in found],
        "cohorts": [one["interval_cohorts"] for one in found],
        "set_coverage_drop_out": [one["set_coverage_drop_out"] for one in found],
        "set_coverage_stay": [one["set_coverage_stay"] for one in found],
    }


def seconds_of_a_million(model: CalibratedModel) -> float:
    """Time the intervals of a million scores."""
    margin = np.random.default_rng(0).normal(-3, 1.5, 1_000_000)
    begun = time.perf_counter()
    model.calibration.interval(margin)
    return time.perf_counter() - begun


def pooled(rows: list[dict[str, Any]], name: str, count: str) -> float:
    """Give a coverage over all districts, each by how many cohorts it has."""
    shares, counts = (np.concatenate([np.atleast_1d(row[key]) for row in rows]) for key in (name, count))
    return float(np.average(shares, weights=counts))


def _line_alone(district: District) -> np.ndarray:
    alone = replace(district.model.calibration, spread=None)
    return alone.interval(district.model.margin(district.parts.X(district.parts.test)))


def _covered(rows: TestRows, interval: np.ndarray) -> float:
    return cohort_coverage(np.asarray(rows.outcomes), interval, rows.schools, rows.days).share


def main() -> None:
    """Print a row for each district, and the coverage over all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--students", type=int, default=20_000)
    given = parser.parse_args()
    districts = [District(seed, given.students) for seed in given.seeds]
    own = [own_days(district) for district in districts]
    for row in own:
        print({key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()})
    found: dict[str, Any] = {"students": given.students, "level": 0.9, "own_district": own}
    found["interval_coverage"] = pooled(own, "interval_coverage", "interval_cohorts")
    if len(districts) > 1:
        away = [other_districts(one, [d for d in districts if d is not one]) for one in districts]
        found["other_districts"] = away
        found["interval_coverage_elsewhere"] = pooled(away, "interval_coverage", "cohorts")
    found["seconds_of_a_million_intervals"] = seconds_of_a_million(districts[0].model)
    for name in ("interval_coverage", "interval_coverage_elsewhere", "seconds_of_a_million_intervals"):
        print(name, round(found.get(name, float("nan")), 4))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
