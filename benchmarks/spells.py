"""What it helps to know how long absences last: the last one, the mean, days since; on simulated districts.

``python benchmarks/spells.py [--seeds 0 1 2 3 4 5] [--students 3000] [--json FILE]``

The same training with and without three features of spells, tested on the last labelled days; the standard
error is over districts. Every seed is another district; none was chosen for its result.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

import dropout_risk as dr
from beside import results_folder, write
from dropout_risk.catalogue.measures import DaysSince, Measure, PupilFunction
from dropout_risk.evaluation.parts import labelled_cohort, make_parts
from dropout_risk.features.cohort import histories_of
from dropout_risk.features.pupil_functions import register_pupil_function
from dropout_risk.training.train import fit_classifier

WINDOW = 60


def lengths_of_spells(history: Mapping[str, Any]) -> NDArray[np.int64]:
    """Give the lengths of the absences of the last school days, the oldest first; no record breaks none."""
    absent = history["attendance"]["absent"][-WINDOW:][history["attendance"]["recorded"][-WINDOW:] > 0]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], absent, [0]]).astype(np.int8)))
    return np.asarray(edges[1::2] - edges[::2], dtype=np.int64)


@register_pupil_function("last_spell")
def last_spell(history: Mapping[str, Any]) -> float:
    """Give how long the last absence lasted; 0 without one."""
    return float(lengths_of_spells(history)[-1:].sum())


@register_pupil_function("mean_spell")
def mean_spell(history: Mapping[str, Any]) -> float:
    """Give how long absences last on average; 0 without one."""
    lengths = lengths_of_spells(history)
    return float(lengths.mean()) if len(lengths) else 0.0


def declared(name: str, measure: Measure, window: int | None) -> dr.Feature:
    """Declare one of them, without a direction."""
    words = dr.Text(zh=name, en=name)
    return dr.Feature(
        name=name, domain="attendance", source="attendance", measure=measure, window=window, family=name,
        cause="disengagement", unit=dr.Text(zh="天", en="days"), label=words, sentence=words,
        missing_sentence=words,
    )  # fmt: skip


SPELLS = (
    declared("last_spell", PupilFunction("last_spell"), None),
    declared("mean_spell", PupilFunction("mean_spell"), None),
    declared("days_since_absence_60d", DaysSince("absent"), WINDOW),
)


def one_district(seed: int, students: int) -> dict[str, Any]:
    """Train with and without them, and judge both on the test days."""
    settings, histories = dr.Settings(), histories_of(dr.simulate_district(students, seed))
    cohort, catalogue = labelled_cohort(histories, settings), dr.default_catalogue()
    X = dr.build_features(histories, cohort, catalogue.with_features(*SPELLS))
    found: dict[str, Any] = {"seed": seed}
    for name, used in {"without": catalogue, "with": catalogue.with_features(*SPELLS)}.items():
        parts = make_parts(histories, cohort, X[used.names], settings)
        classifier = fit_classifier(parts, used, settings)
        y, risk = parts.y(parts.test), classifier.predict_proba(parts.X(parts.test))[:, 1]
        figures = {"log_loss": float(log_loss(y, risk)), "auc": float(roc_auc_score(y, risk))}
        found[name] = figures | {"chosen": classifier.selection_.chosen}
    return found


def main() -> None:
    """Print a line for each district, and the mean change with its standard error."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seeds", type=int, nargs="+", default=list(range(6)))
    asked.add_argument("--students", type=int, default=3000)
    asked.add_argument("--json", type=Path, default=results_folder() / "spells.json")
    given, rows = asked.parse_args(), []
    for seed in given.seeds:
        rows.append(one_district(seed, given.students))
        print(rows[-1], flush=True)
    change: dict[str, Any] = {}
    for name in ("log_loss", "auc"):
        less = np.array([row["with"][name] - row["without"][name] for row in rows])
        error = float(less.std(ddof=1) / np.sqrt(len(less))) if len(less) > 1 else None
        change[name] = {"change": float(less.mean()), "error": error}
    print(change)
    write(given.json, {"students": given.students, "districts": rows, "change": change})


if __name__ == "__main__":
    main()
