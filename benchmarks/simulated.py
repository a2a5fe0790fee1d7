"""How the whole training does on simulated districts, beside the four baselines.

    python benchmarks/simulated.py [--seeds 0 1 2 3 4] [--students 6000]

Every seed is another district; none was chosen for its result. Writes ``benchmarks/results/simulated.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import dropout_risk as dr

RESULTS = Path(__file__).parent / "results" / "simulated.json"
BASELINES = ("base_rate", "last_mark", "abc_rule", "school_only")


def one_district(seed: int, students: int) -> dict[str, Any]:
    """Train on one simulated district and gather the figures of its test days."""
    run = dr.train(dr.simulate_district(students, seed), track=False)
    figures = run.report.metrics()
    row: dict[str, Any] = {
        "seed": seed,
        "candidate": run.report.candidate,
        "auc": figures["auc"],
        "brier": figures["brier"],
    }
    row |= {"slope": figures["calibration_slope"], "intercept": figures["calibration_intercept"]}
    for name in BASELINES:
        row |= {
            f"{name}.auc": figures[f"baseline.{name}.auc"],
            f"{name}.brier": figures[f"baseline.{name}.brier"],
        }
    return row | {"recall_ratio_abc": figures["recall_ratio_to_abc_rule"]}


def main() -> None:
    """Print a row for each district, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--students", type=int, default=6000)
    given = parser.parse_args()
    rows = []
    for seed in given.seeds:
        rows.append(one_district(seed, given.students))
        print(
            {key: round(value, 4) if isinstance(value, float) else value for key, value in rows[-1].items()},
            flush=True,
        )
    mean = {
        key: float(np.mean([row[key] for row in rows])) for key in rows[0] if isinstance(rows[0][key], float)
    }
    print("mean", {key: round(value, 4) for key, value in mean.items()})
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(
        json.dumps({"students": given.students, "districts": rows, "mean": mean}, indent=1), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
