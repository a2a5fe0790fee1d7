"""OULAD week by week: who is registered at the end of a week and withdraws in the next seven days.

``python benchmarks/oulad_hazard.py [--weeks 10] [--json FILE]``

One row per enrolment and week (person-weeks): the features as known on that day, by the same way as in
``oulad.py``, and the number of the week beside them. So ``RiskClassifier`` on these rows is a discrete-time
hazard model with features that move. ``HazardClassifier`` lays such rows out itself, from the features
of one day. Three folds by person, and figures over all rows out of fold. A published model reaches an AUC of
0.8436 and a PR-AUC of 0.1589 with the click log and one more presentation, which are not here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from beside import NOT_HERE, SHOWN, as_rows, figures_of, results_folder, risks_beside, write
from dropout_risk import Cohort, Histories, build_features
from dropout_risk.evaluation.baselines import BaselineRows
from oulad import cohort_on, oulad_catalogue
from oulad_records import STARTS, Oulad, read_oulad
from real_data import data_folder

WEEK, WEEKS, FOLDS = 7, 10, 3
PUBLISHED = {"auc": 0.8436, "average_precision": 0.1589, "rows": 271_663, "positives": 3_316}


def weekly(oulad: Oulad, histories: Histories, weeks: int) -> Iterator[tuple[int, Cohort]]:
    """Give who is registered at the end of each week, with whether they withdraw in the next one."""
    for week in range(1, weeks + 1):
        yield week, cohort_on(WEEK * week, tuple(STARTS), oulad, histories, horizon_days=WEEK)


def person_weeks(oulad: Oulad, histories: Histories, weeks: int) -> tuple[BaselineRows, Any]:
    """Give a row per enrolment and week, and the person behind each row."""
    catalogue, features, cohorts = oulad_catalogue(), [], []
    for week, cohort in weekly(oulad, histories, weeks):
        features.append(build_features(histories, cohort, catalogue).assign(week=float(week)))
        cohorts.append(cohort)
    frame = pd.concat([cohort.frame for cohort in cohorts], ignore_index=True)
    labels = pd.concat([cohort.labels for cohort in cohorts])
    rows = as_rows(pd.concat(features), frame["school_id"], labels)
    return rows, oulad.people[frame["student_id"]].to_numpy()


def only(rows: BaselineRows, chosen: Any) -> BaselineRows:
    """Take some rows."""
    return BaselineRows(rows.features.iloc[chosen], rows.schools[chosen], rows.y[chosen])


def out_of_fold(rows: BaselineRows, people: Any) -> tuple[dict[str, Any], list[str]]:
    """Give everybody's risks by models that never saw the person, and what was chosen in each fold."""
    catalogue, risks, chosen = oulad_catalogue(), {}, []
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0).split(rows.features, rows.y, people)
    for train, test in folds:
        found, ours = risks_beside(only(rows, train), only(rows, test), catalogue, people[train])
        found["week_only"] = of_week(only(rows, train), only(rows, test))
        for name, risk in found.items():
            risks.setdefault(name, np.full(len(people), np.nan))[test] = risk
        chosen.append(ours.calibrated_model_.kind)
        print(f"fold {len(chosen)}: {chosen[-1]}", flush=True)
    return risks, chosen


def of_week(train: BaselineRows, test: BaselineRows) -> Any:
    """Give each row the share that withdrew after that week in training."""
    shares = pd.Series(train.y).groupby(train.features["week"].to_numpy()).mean()
    return shares[test.features["week"].to_numpy()].to_numpy()


def by_week(rows: BaselineRows, risks: dict[str, Any]) -> list[dict[str, Any]]:
    """Give, for each week, how many withdrew and the AUC among who was there."""
    found = []
    weeks = rows.features["week"].to_numpy()
    for week in np.unique(weeks):
        here = weeks == week
        auc = {
            name: figures_of(rows.y[here], risks[name][here])["auc"]
            for name in ("LR", "LGBM", "RiskClassifier")
        }
        found.append({"week": int(week), "rows": int(here.sum()), "withdrew": int(rows.y[here].sum()), **auc})
    return found


def main() -> int:
    """Run the folds, print the table, write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--weeks", type=int, default=WEEKS, help="how many weeks")
    parser.add_argument("--json", type=Path, default=results_folder() / "oulad_hazard.json")
    given = parser.parse_args()
    if not (data_folder() / "oulad").is_dir():
        print(NOT_HERE)
        return 0
    started = time.perf_counter()
    oulad = read_oulad(data_folder() / "oulad")
    rows, people = person_weeks(oulad, Histories.from_records(oulad.records), given.weeks)
    counts = {"rows": len(rows.y), "positives": int(rows.y.sum()), "people": len(np.unique(people))}
    print(f"{counts}, {rows.y.mean():.4%} withdraw; {time.perf_counter() - started:.0f} s", flush=True)
    risks, chosen = out_of_fold(rows, people)
    figures = {name: figures_of(rows.y, risk) for name, risk in risks.items()}
    for name, line in figures.items():
        print(f"{name:16s}" + "".join(f"  {words} {line[key]:.4f}" for key, words in SHOWN.items()))
    weeks = by_week(rows, risks)
    print(pd.DataFrame(weeks).to_string(index=False))
    seconds = round(time.perf_counter() - started, 1)
    print(f"{seconds} s")
    content = {**counts, "base_rate": float(rows.y.mean()), "published_with_clicks": PUBLISHED}
    write(given.json, content | {"figures": figures, "chosen": chosen, "weeks": weeks, "seconds": seconds})
    return 0


if __name__ == "__main__":
    sys.exit(main())
