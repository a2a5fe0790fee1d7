"""KDD Cup 2015 as a daily register: 16 courses, asked on days 10, 20 and 30 about who was active before.

``python benchmarks/kdd16.py [--days 20 30] [--out-of-course] [--class-level free] [--quick] [--json FILE]``

Enrolments become pupils, a course a school of one class, a day of activity a day present and any other an
absence, no activity in the ten days after day 30 the outcome. Features are those of attendance in the shipped
catalogue. By default the leak checks look at each course on each day; ``--out-of-course`` leaves every course
out once, with folds of whole courses. The data lie where ``DROPOUT_RISK_DATA`` says, or in
``../shared/data``.
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
from beside import NOT_HERE, results_folder, write
from dropout_risk.catalogue.attendance import CLASS_ABSENCE
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.modelling.fitter import raw_calibration
from dropout_risk.modelling.leaks.report import find_leaks
from real_data import data_folder

DAYS = (10, 20, 30)
LEVELS = {"guarded": CLASS_ABSENCE, "free": replace(CLASS_ABSENCE, monotone=0)}
"""How the whole course came: as declared, where it never raises a risk, and without a direction."""
FIRST = pd.Timestamp("2024-01-01")
"""A Monday: the days of a course are not dated, so each counts as a school day."""


def kdd16_courses(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the enrolments, and on which days each was active."""
    enrolments = pd.read_csv(folder / "kdd16" / "enrolments.csv.gz", dtype={"enrolment": str})
    return enrolments, pd.read_csv(folder / "kdd16" / "active_days.csv.gz", dtype={"enrolment": str})


def register_of(enrolments: pd.DataFrame, active: pd.DataFrame) -> dr.SchoolRecords:
    """Give some enrolments with their register as school records."""
    ids = enrolments["enrolment"].to_numpy()
    dates = pd.date_range(FIRST, periods=max(DAYS))
    position = pd.Series(np.arange(len(ids)), index=ids)
    is_active = np.zeros((len(ids), len(dates)), dtype=bool)
    own = active[active["enrolment"].isin(position.index)]
    is_active[position[own["enrolment"]].to_numpy(), own["day"].to_numpy()] = True
    pupils = {
        "student_id": ids,
        "school_id": enrolments["course"].to_numpy(),
        "class_id": "1",
        "grade_level": 9,
    }
    calendar = {"date": dates, "is_school_day": True}
    attendance = {
        "student_id": np.repeat(ids, len(dates)),
        "date": np.tile(dates, len(ids)),
        "status": np.where(is_active.ravel(), "present", "absent"),
    }
    return dr.SchoolRecords.from_tables(
        students=pd.DataFrame(pupils), attendance=pd.DataFrame(attendance), calendar=pd.DataFrame(calendar)
    )


def register_features(
    enrolments: pd.DataFrame, active: pd.DataFrame, day: int, *, level: dr.Feature | None = None
) -> tuple[pd.DataFrame, NDArray[np.int8], NDArray[Any]]:
    """Give features, labels and courses of who was active before a day."""
    records = register_of(enrolments, active)
    catalogue = default_catalogue()
    catalogue = catalogue.select(name for name, item in catalogue.items() if item.source == "attendance")
    catalogue = catalogue if level is None else catalogue.with_features(level)
    cohort = dr.Cohort.on(records, [str((FIRST + pd.Timedelta(days=day)).date())])
    X = dr.build_features(records, cohort, catalogue).droplevel("as_of")
    came = active.loc[active["day"] < day, "enrolment"].unique()
    X = X[X.index.isin(came)]
    X = X[[name for name in X if X[name].nunique() > 1]]
    about = enrolments.set_index("enrolment").loc[X.index]
    return X, about["label"].to_numpy(dtype=np.int8), about["course"].to_numpy()


def accusations(X: pd.DataFrame, y: NDArray[np.int8], course: NDArray[Any]) -> dict[str, list[str]]:
    """Name what the leak checks find in each course."""
    return {
        str(name): sorted({leak.check for leak in find_leaks(X[course == name], y[course == name]).found})
        for name in np.unique(course)
    }


def out_of_course(
    X: pd.DataFrame, y: NDArray[np.int8], course: NDArray[Any], *, level: dr.Feature | None, groups: bool
) -> dict[str, Any]:
    """Leave each course out once, and judge all courses together and each by itself.

    Without ``groups`` the candidate is chosen by folds of rows, as if a new course were like the known ones.
    """
    from sklearn.metrics import log_loss, roc_auc_score

    log_odds, kinds = np.empty(len(y)), []
    for name in np.unique(course):
        out = course == name
        catalogue = default_catalogue()
        catalogue = catalogue if level is None else catalogue.with_features(level)
        model = dr.RiskClassifier(catalogue=catalogue, leaks="ignore")
        model.fit(X[~out], y[~out], groups=course[~out] if groups else None)
        log_odds[out] = model.decision_function(X[out])
        kinds.append(model.selection_.chosen)
    within = [roc_auc_score(y[course == name], log_odds[course == name]) for name in np.unique(course)]
    slope, intercept = raw_calibration(log_odds, y)
    return {
        "rows": len(y),
        "auc": float(roc_auc_score(y, log_odds)),
        "auc_within": float(np.mean(within)),
        "slope": slope,
        "intercept": intercept,
        "log_loss": float(log_loss(y, 1 / (1 + np.exp(-log_odds)))),
        "chosen": {kind: kinds.count(kind) for kind in sorted(set(kinds))},
    }


def main() -> int:
    """Print a line for each day, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--days", type=int, nargs="+", default=list(DAYS))
    parser.add_argument("--out-of-course", action="store_true", help="leave every course out once")
    parser.add_argument("--class-level", choices=LEVELS, help="with how the whole course came")
    parser.add_argument("--random-folds", action="store_true", help="choose by folds of rows, not of courses")
    parser.add_argument("--quick", action="store_true", help="four courses, for a smoke test")
    parser.add_argument("--json", type=Path, default=results_folder() / "kdd16.json")
    given = parser.parse_args()
    if not data_folder().is_dir():
        print(NOT_HERE)
        return 0
    enrolments, active = kdd16_courses(data_folder())
    if given.quick:
        enrolments = enrolments[enrolments["course"].isin(sorted(enrolments["course"].unique())[:4])]
    results: dict[str, Any] = {}
    for day in given.days:
        rows = register_features(enrolments, active, day, level=LEVELS.get(given.class_level))
        if given.out_of_course:
            results[f"day {day}"] = out_of_course(
                *rows, level=LEVELS.get(given.class_level), groups=not given.random_folds
            )
        else:
            found = {name: checks for name, checks in accusations(*rows).items() if checks}
            results[f"day {day}"] = {"courses": len(np.unique(rows[2])), "accused": found}
        print(f"day {day}", results[f"day {day}"], flush=True)
    write(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
