"""How near a model comes to the simulator's hidden hazard, and what a whole hazard model adds to one score.

    python benchmarks/simulated_hazard.py truth [--seeds 0 1 2] [--students 20000] [--json FILE]
    python benchmarks/simulated_hazard.py when [--seeds 0 1 2] [--students 6000] [--json FILE]

Every seed is another district; none was chosen for its result. Trained by the library's own split in time,
tested on the last labelled days. Two questions, whose figures go into one file:

- *How near the truth?* Beside the model stands the weekly hazard that the simulator itself draws from, as it
  stood on the day; the same with the pupils put first who have already stopped coming; and trees fitted on
  these hidden numbers. Coverage of intervals is the figure of ``uncertainty.py``.
- *When?* `Timing`, which spreads the risk by the score alone, beside ``HazardClassifier`` with the same
  features over six periods (the candidate that was chosen for the whole horizon), and beside the risk times
  one curve for all.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from beside import results_folder, write
from dropout_risk import RiskClassifier
from dropout_risk.arrays import Positions
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
from dropout_risk.evaluation.questions.calibration import calibration_section
from dropout_risk.evaluation.questions.timing import (
    TimedOutcomes,
    fit_timing,
    timed_metrics,
    timed_outcomes,
    timing_section,
)
from dropout_risk.modelling.timing import HazardClassifier
from dropout_risk.simulate.hidden import truth_as_of
from uncertainty import SETTINGS, District

HAZARD = "hazard_"
STUDENTS = {"truth": 20_000, "when": 6_000}


def near_the_truth(district: District, students: int) -> dict[str, Any]:
    """Rank the test rows by the model and by what no record holds."""
    parts, test = district.parts, district.parts.test
    risk = district.classifier.predict_proba(parts.X(test))[:, 1]
    known, asked = (hidden(district, students, rows) for rows in (parts.before_test, test))
    fitted = RiskClassifier("lightgbm").fit(
        known, parts.y(parts.before_test), groups=parts.pupils(parts.before_test)
    )
    scores = {
        "model": risk,
        "true_hazard": asked["hazard"],
        "true_hazard_or_away": asked["hazard"] + 1e3 * asked["away"],
        "fitted_on_the_truth": fitted.predict_proba(asked)[:, 1],
    }
    here = asked["away"].to_numpy() == 0
    y, figures = parts.y(test), calibration_section(district.judge(district.model)).metrics
    measured = ranking_and_probability_metrics(y, risk)
    return {
        "candidate": district.model.kind,
        "rows": len(y),
        "dropouts": int(y.sum()),
        "dropouts_already_away": int(y[~here].sum()),
        "auc": {name: _auc(y, score) for name, score in scores.items()},
        "auc_of_who_still_comes": {name: _auc(y[here], score[here]) for name, score in scores.items()},
        "average_precision": measured["average_precision"],
        "slope": measured["calibration_slope"],
        "intercept": measured["calibration_intercept"],
        "interval_coverage": figures.get("interval_coverage"),
        "interval_cohorts": figures.get("interval_cohorts"),
    }


def hidden(district: District, students: int, rows: Positions) -> pd.DataFrame:
    """Give the hidden numbers of some rows: log hazards by cause and together, and who is away."""
    frame = district.parts.cohort.frame[["student_id", "as_of"]].iloc[rows]
    truth = truth_as_of(students, district.seed, sorted(frame["as_of"].unique()))
    truth = frame.merge(truth, on=["student_id", "as_of"], how="left", validate="1:1")
    causes = truth.filter(like=HAZARD)
    logs = np.log(causes).assign(hazard=np.log(causes.sum(axis=1)))
    return logs.assign(away=truth["away"].astype(float)).set_index(frame.index)


def _auc(y: Any, score: Any) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, score))


def when(district: District) -> dict[str, Any]:
    """Judge three ways to say when, on the test rows, with the figures of the report."""
    parts, test, rows = district.parts, district.parts.test, district.parts.before_test
    spread = fit_timing(district.classifier, parts, district.histories, SETTINGS).timing
    known, asked = (timed_outcomes(parts, some, district.histories, SETTINGS) for some in (rows, test))
    X, days = parts.X(test), spread.thirds
    risk = district.classifier.predict_proba(X)[:, 1]
    started = time.perf_counter()
    whole = HazardClassifier(spread.edges, district.model.kind, district.classifier.catalogue)
    whole.fit(parts.X(rows), known.days, known.dropped_out, groups=parts.pupils(rows))
    seconds = time.perf_counter() - started
    risks = {
        "timing": spread.within(risk, days),
        "hazard_model": whole.risk_within(X, days),
        "one_curve": risk[:, None] * shares(known, days),
    }
    found = {name: figures(asked, within, days) for name, within in risks.items()}
    found["hazard_model"] |= {"seconds_to_fit": seconds}
    table = timed_metrics(asked, risks["timing"], days)
    return found | {"nobody_told_apart": {"integrated_brier": float(table["brier_of_one_curve"].mean())}}


def shares(known: TimedOutcomes, days: tuple[int, ...]) -> Any:
    """Give the share of the dropouts of training that fell before each day."""
    return np.array([(known.days[known.dropped_out] < day).mean() for day in days])


def figures(asked: TimedOutcomes, within: Any, days: tuple[int, ...]) -> dict[str, float]:
    """Give the figures of the report, and how far the mean risk is from what was observed."""
    metrics = timing_section(asked, within, days, within[:, -1]).metrics
    table = timed_metrics(asked, within, days)
    early = {
        f"{name}_{day}": float(table.loc[day, name]) for day in days for name in ("observed", "mean_risk")
    }
    return metrics | early


def one_district(question: str, seed: int, students: int) -> dict[str, Any]:
    """Answer one question in one district."""
    started = time.perf_counter()
    district = District(seed, students)
    found = near_the_truth(district, students) if question == "truth" else when(district)
    return {"seed": seed, "students": students, **found, "seconds": time.perf_counter() - started}


def show(found: dict[str, Any]) -> None:
    """Print the figures of one district."""
    for name, line in found.items():
        print(f"{name:24s}", _rounded(line), flush=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Print the figures of each district, and write them after each beside those of the other question."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("question", choices=STUDENTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--students", type=int)
    parser.add_argument("--json", type=Path, default=results_folder() / "simulated_hazard.json")
    given = parser.parse_args()
    found: list[dict[str, Any]] = []
    for seed in given.seeds:
        found.append(one_district(given.question, seed, given.students or STUDENTS[given.question]))
        show(found[-1])
        kept = json.loads(given.json.read_text(encoding="utf-8")) if given.json.exists() else {}
        write(given.json, kept | {given.question: found})


if __name__ == "__main__":
    main()
