"""What it helps to know how a whole class came when shocks hit classes and schools, and whether it is fair.

``python benchmarks/shocks.py [--seeds 0 1 2 3 4 5] [--students 4000] [--free] [--quick]
[--json FILE]``

Each seed is a district, once with shocks (epidemics, harvests, blocked roads, careless registers) and once
without. The same training is done with and without ``class_absence_10d``. Beside log loss and AUC it counts
what becomes of pupils of classes hit in the ten school days before, also of those who missed no day: their
mean risk over their rate of dropout, and how often they are on the list of the highest twentieth.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import dropout_risk as dr
from beside import results_folder, write
from dropout_risk.catalogue.attendance import CLASS_ABSENCE
from dropout_risk.evaluation.parts import Parts, labelled_cohort, make_parts
from dropout_risk.features.cohort import histories_of
from dropout_risk.training.train import fit_classifier

FEATURE = CLASS_ABSENCE.name
LISTED = 0.05
TAKING = ("epidemic", "harvest", "road")
"""Shocks that take days away; a careless register hides them."""


def one_district(seed: int, students: int, *, shocks: bool, free: bool = False) -> dict[str, Any]:
    """Train with and without the feature, and judge both on the test days."""
    records = dr.simulate_district(students, seed, shocks=shocks)
    settings = dr.Settings()
    histories = histories_of(records)
    cohort = labelled_cohort(histories, settings)
    catalogue = dr.default_catalogue().with_features(
        replace(CLASS_ABSENCE, monotone=0) if free else CLASS_ABSENCE
    )
    X = dr.build_features(histories, cohort, catalogue)
    figures: dict[str, Any] = {"seed": seed, "shocks": shocks}
    for name in ("without", "with"):
        used = catalogue.select(item for item in catalogue if name == "with" or item != FEATURE)
        parts = make_parts(histories, cohort, X[used.names], settings)
        classifier = fit_classifier(parts, used, settings)
        test = parts.test
        risk = classifier.predict_proba(parts.X(test))[:, 1]
        missed = X["absence_share_10d"].to_numpy()[test] > 0
        hit = hit_rows(records, parts) if shocks else np.zeros(len(test), bool)
        figures[name] = judged(parts.y(test), risk, hit, missed, np.asarray(parts.groups(test)))
        figures[name]["chosen"] = classifier.selection_.chosen
    return figures


def hit_rows(records: dr.SchoolRecords, parts: Parts) -> NDArray[np.bool_]:
    """Mark the test rows whose class or school a shock took days from within a fortnight before."""
    told = records.truth.attrs["shocks"]
    told = told[told["kind"].isin(TAKING)]
    pupils = records.table("students").to_pandas().set_index("student_id")
    frame = parts.cohort_of(parts.test).frame
    school, room = (
        pupils[name].reindex(frame["student_id"]).to_numpy() for name in ("school_id", "class_id")
    )
    day = pd.to_datetime(frame["as_of"]).to_numpy()
    hit = np.zeros(len(frame), bool)
    for shock in told.itertuples():
        unit = room == shock.class_id if shock.class_id else school == shock.school_id
        first, last = (np.datetime64(date) for date in (shock.first_day, shock.last_day))
        hit |= unit & (first < day) & (last >= day - np.timedelta64(14, "D"))
    return hit


def judged(
    y: NDArray[Any], risk: NDArray[Any], hit: NDArray[Any], missed: NDArray[Any], school: NDArray[Any]
) -> dict[str, Any]:
    """Give log loss, AUC, and mean risk over rate, and share listed, of four kinds of rows."""
    from sklearn.metrics import log_loss, roc_auc_score

    listed = risk >= np.quantile(risk, 1 - LISTED)
    found: dict[str, Any] = {
        "log_loss": float(log_loss(y, risk)),
        "auc": float(roc_auc_score(y, risk)),
        "between_schools": _gap_of_schools(y, risk, school),
        "listed_between_schools": _gap_of_schools(y * LISTED / y.mean(), listed.astype(float), school),
    }
    kinds = {"hit": hit, "others": ~hit, "hit, missed nothing": hit & ~missed, "hit, missed": hit & missed}
    for name, rows in kinds.items():
        if rows.any():
            found[name] = {
                "rows": int(rows.sum()), "rate": float(y[rows].mean()), "risk": float(risk[rows].mean()),
                "listed": float(listed[rows].mean()),
            }  # fmt: skip
    return found


def _gap_of_schools(expected: NDArray[Any], found: NDArray[Any], school: NDArray[Any]) -> float:
    """Give the mean distance of a school's mean from what it should be, weighed by pupils."""
    frame = pd.DataFrame({"school": school, "gap": found - expected})
    by_school = frame.groupby("school")["gap"].agg(["mean", "size"])
    return float(np.average(by_school["mean"].abs(), weights=by_school["size"]))


def summed_up(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the mean of each difference, with less without, and its standard error over districts."""
    found: dict[str, Any] = {}
    for name in ("log_loss", "auc", "between_schools", "listed_between_schools"):
        change = np.array([row["with"][name] - row["without"][name] for row in rows])
        error = float(change.std(ddof=1) / np.sqrt(len(change))) if len(change) > 1 else None
        found[name] = {"change": float(change.mean()), "error": error}
    for kind in ("hit", "others", "hit, missed nothing", "hit, missed"):
        there = [row for row in rows if kind in row["with"]]
        if there:
            weights = [row["with"][kind]["rows"] for row in there]
            found[kind] = {
                f"{figure} {name}": float(
                    np.average([row[name][kind][figure] for row in there], weights=weights)
                )
                for figure in ("rate", "risk", "listed")
                for name in ("without", "with")
            }
    return found


def main() -> int:
    """Print a line for each district, and what they come to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(6)))
    parser.add_argument("--students", type=int, default=4000)
    parser.add_argument("--free", action="store_true", help="the feature without its direction")
    parser.add_argument("--quick", action="store_true", help="one small district, for a smoke test")
    parser.add_argument("--json", type=Path, default=results_folder() / "shocks.json")
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.students = [0], 1200
    results: dict[str, Any] = {"students": given.students}
    for shocks in (True, False):
        rows = []
        for seed in given.seeds:
            rows.append(one_district(seed, given.students, shocks=shocks, free=given.free))
            print(rows[-1], flush=True)
        results["shocks" if shocks else "none"] = {"districts": rows, "change": summed_up(rows)}
        print(summed_up(rows), flush=True)
    write(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
