"""What the leak checks find in clean data and in leaks built on purpose: the figures of decision 0010.

``python benchmarks/leaks.py [--tables 300] [--districts 12] [--json FILE]``

The tables are those of the tests (``tests/support/leaks.py``). The real data lie where
``DROPOUT_RISK_DATA`` says, or in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dropout_risk as dr
from beside import NOT_HERE, results_folder, write
from dropout_risk.evaluation.parts import labelled_cohort
from dropout_risk.modelling.leaks.report import find_leaks
from dropout_risk.settings import Settings
from oulad import DAYS, TEST, TRAIN, cohort_on, oulad_catalogue
from oulad_records import read_oulad
from real_data import data_folder

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.leaks import cortez, hsls, made_up, oversampled, smote, uci

Rows = tuple[Any, ...]


def found(*rows: Any) -> list[str]:
    """Name the findings of a table."""
    return sorted({f"{leak.check}: {leak.column or 'rows'}" for leak in find_leaks(*rows).found})


def clean() -> Iterator[tuple[str, Rows]]:
    """Give the real tables that hold no leak that is known of."""
    yield "UCI 697", uci()
    yield "HSLS:09", hsls()
    for subject in ("por", "mat"):
        yield f"Cortez {subject} with G1", cortez(subject)[:2]
    oulad = read_oulad(data_folder() / "oulad")
    histories, catalogue = dr.Histories.from_records(oulad.records), oulad_catalogue()
    for day in DAYS:
        cohort = cohort_on(day, (*TRAIN, *TEST), oulad, histories)
        yield f"OULAD day {day}", (dr.build_features(histories, cohort, catalogue), cohort.labels)


def on_purpose() -> Iterator[tuple[str, Rows]]:
    """Give tables with a leak."""
    X, y = uci()
    yield "UCI, SMOTE", smote(X, y)
    yield "UCI, SMOTE in whole numbers", smote(X, y, keep_types=True)
    yield "UCI, oversampled", oversampled(X, y)
    yield "HSLS:09, oversampled", oversampled(*hsls())
    for n in (6, 20):
        yield f"UCI, {n} pupils copied", (pd.concat([X, X[:n]], ignore_index=True), np.append(y, y[:n]))
    X, y, mark = cortez("por")
    yield "Cortez, oversampled", oversampled(X, y)
    yield "Cortez, a score made of G3", (X.assign(Score=np.where(mark < 10, "Fail", "Pass")), y)


def district(seed: int) -> list[str]:
    """Look for leaks in the features of a simulated district."""
    histories = dr.Histories.from_records(dr.simulate_district(n_students=600, seed=seed))
    cohort = labelled_cohort(histories, Settings())
    return found(dr.build_features(histories, cohort, dr.default_catalogue()), cohort.labels)


def accused(tables: int, make: Callable[[int], list[str]]) -> int:
    """Count how many tables are accused of anything."""
    return sum(bool(make(seed)) for seed in range(tables))


def seconds() -> float:
    """Time the checks of 200,000 rows and 60 columns."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(200_000, 60)), (rng.random(200_000) < 0.05).astype(int)
    started = time.perf_counter()
    find_leaks(X, y)
    return round(time.perf_counter() - started, 1)


def main() -> int:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tables", type=int, default=300, help="made-up clean tables")
    parser.add_argument("--districts", type=int, default=12, help="simulated districts")
    parser.add_argument(
        "--json", type=Path, default=results_folder() / "leaks.json", help="file of the figures"
    )
    given = parser.parse_args()
    if not data_folder().is_dir():
        print(NOT_HERE)
        return 0
    results: dict[str, Any] = {"clean": {}, "on purpose": {}}
    for kind, tables in (("clean", clean()), ("on purpose", on_purpose())):
        for words, rows in tables:
            results[kind][words] = found(*rows)
            print(f"{kind:10s} {words:32s} {results[kind][words] or 'nothing found'}", flush=True)
    sizes = (60, 400, 2000)
    results["made-up tables accused"] = accused(
        given.tables, lambda seed: found(*made_up(sizes[seed % 3], seed))
    )
    results["made-up tables"] = given.tables
    results["districts accused"] = accused(given.districts, district)
    results["districts"] = given.districts
    results["seconds for 200,000 rows of 60 columns"] = seconds()
    print({name: value for name, value in results.items() if not isinstance(value, dict)})
    write(given.json, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
