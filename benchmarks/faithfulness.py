"""Whether reasons are stable and faithful, and name the true cause, on simulated districts that know it.

    python benchmarks/faithfulness.py [--seeds 0 1 2] [--students 6000]

Every seed is another district; none was chosen for its result. Beside the model stand chance, its own
global importance, and a ceiling that no county can have: a classifier of causes trained on the true causes
of earlier leavers, from the same features. Writes ``benchmarks/results/faithfulness.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dropout_risk as dr
from dropout_risk.catalogue.feature import CAUSES
from dropout_risk.evaluation.questions.faithfulness import CauseAgreement
from dropout_risk.evaluation.trained_model import contributions_by

RESULTS = Path(__file__).parent / "results" / "faithfulness.json"


def leavers(records: Any, days: list[str], horizon: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give features and truth of the rows of some days; ``cause`` only for who leaves, on the last day."""
    cohort = dr.Cohort.on(records, days).with_labels(records, horizon)
    truth = records.truth.set_index("student_id").loc[cohort.frame["student_id"]].reset_index(drop=True)
    last = cohort.frame["as_of"] == cohort.frame.groupby("student_id")["as_of"].transform("max")
    gone = (cohort.labels.to_numpy() == 1) & last.to_numpy()
    truth["cause"] = truth["cause"].where(gone)
    return dr.build_features(records, cohort), truth


def ceiling(X: pd.DataFrame, causes: pd.Series, asked: pd.DataFrame, truth: np.ndarray) -> float:
    """Give the share right of a classifier that was trained on true causes."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    there = causes.notna().to_numpy()
    steps = (SimpleImputer(add_indicator=True, keep_empty_features=True), StandardScaler())
    model = make_pipeline(*steps, LogisticRegression(C=0.01, max_iter=2000))
    model.fit(X.iloc[there], causes[there].astype(str))
    return float((model.predict(asked) == truth).mean())


def one_district(seed: int, students: int) -> dict[str, Any]:
    """Train on one district and compare the causes of its test days."""
    records = dr.simulate_district(students, seed)
    settings = dr.Settings()
    run = dr.train(records, settings, track=False)
    catalogue, horizon = run.model.catalogue, settings.outcome.horizon_days
    X, truth = leavers(records, run.report.split["test_as_of"], horizon)
    values = run.model.calibrated.contributions(X).values
    sums = contributions_by(values, [feature.cause for feature in catalogue.values()], list(CAUSES))
    found = CauseAgreement.of(sums, truth["cause"])
    before, before_truth = leavers(records, run.report.split["train_as_of"], horizon)
    gone = truth["cause"].notna().to_numpy()
    abrupt = truth["abrupt"].to_numpy(dtype=bool)[gone]
    same = found.truth == found.named
    figures = run.report.metrics()
    return {
        "seed": seed,
        "candidate": run.report.candidate,
        "leavers": int(gone.sum()),
        **found.metrics(),
        "right_abrupt": float(same[abrupt].mean()),
        "right_not_abrupt": float(same[~abrupt].mean()),
        "ceiling": ceiling(before, before_truth["cause"], X[gone], found.truth),
        "taken_between": figures["faithfulness.taken_between"],
        "given_between": figures["faithfulness.given_between"],
        **{key: figures[f"stability.{key}"] for key in ("kept", "first_kept", "of_another")},
        "importance": found.importance,
        "by_cause": found.frame().drop(columns="right").to_dict("index"),
    }


def together(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the means over the districts, and the agreement by cause over all of them."""
    mean = {
        key: float(np.mean([row[key] for row in rows])) for key in rows[0] if isinstance(rows[0][key], float)
    }
    counts = sum(pd.DataFrame(row["by_cause"]).T for row in rows)
    by_cause = {
        name: {"pupils": int(line["pupils"]), "right": float(line[f"named_{name}"] / line["pupils"])}
        for name, line in counts.iterrows()
    }
    return mean | {"by_cause": by_cause}


def main() -> None:
    """Print and write a row for each district, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--students", type=int, default=6000)
    given = parser.parse_args()
    rows = []
    for seed in given.seeds:
        rows.append(one_district(seed, given.students))
        print(
            {key: round(item, 3) if isinstance(item, float) else item for key, item in rows[-1].items()},
            flush=True,
        )
    found = together(rows)
    print("together", found)
    RESULTS.parent.mkdir(exist_ok=True)
    written = {"students": given.students, "districts": rows, "together": found}
    RESULTS.write_text(json.dumps(written, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
