"""Where the time goes for one as-of date: seconds and share of each feature of the default catalogue.

``python -m benchmarks.profile_features --pupils 200000 --as-of 2025-06-02`` simulates that many pupils (or
reads ``--histories FOLDER``), computes all features once as users do, and then one by one on one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.cohort import members_on
from dropout_risk.features.compute import MEASURES, PUPILS_AT_ONCE, compute_features
from dropout_risk.features.inputs import Inputs
from dropout_risk.histories.histories import Histories
from dropout_risk.kernels import blocks, thread_count
from dropout_risk.records.days.calendar import ordinal_of
from dropout_risk.simulate.district import simulate_district


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def whole(histories: Histories, as_of: str, repeats: int) -> pd.DataFrame:
    """Wall and processor seconds of all features together, the first time and later."""
    catalogue = default_catalogue()
    kinds = {
        "all features": catalogue,
        "all but attendance": catalogue.select(
            [name for name, feature in catalogue.items() if feature.domain != "attendance"]
        ),
    }
    rows = []
    for kind, features in kinds.items():
        for turn in range(repeats):
            wall, cpu = timed(lambda features=features: compute_features(histories, as_of, features))
            rows.append({"what": kind, "turn": turn, "wall": wall, "cpu": cpu})
    return pd.DataFrame(rows)


def by_measure(histories: Histories, as_of: str) -> pd.DataFrame:
    """Processor seconds of one thread for each feature and for the class context, as they come."""
    catalogue, seconds = default_catalogue(), {}
    known = histories.on(as_of)
    members = members_on(known)
    start = time.thread_time()
    context = ClassContext.of_exams(known, members)
    context.find(known)
    seconds["class context: exams"] = time.thread_time() - start
    shared = Inputs(known, context, default_instruments())
    values = np.empty((len(known), len(catalogue)))
    alone = [name for name, feature in catalogue.items() if not feature.measure.needs_class
             or (feature.domain == "grades" and not feature.measure.needs)]  # fmt: skip
    for block in blocks(len(histories), PUPILS_AT_ONCE):
        inputs = shared.slice(block)
        for place, name in enumerate(catalogue):
            feature = catalogue[name]
            if name not in alone:
                continue
            start = time.thread_time()
            column = MEASURES[type(feature.measure)](feature.measure, feature.window, inputs)
            inputs.columns[name] = values[block, place] = column
            seconds[name] = seconds.get(name, 0.0) + time.thread_time() - start
    places = [catalogue.names.index(name) for name in alone]
    start = time.thread_time()
    context.with_means(known, values, places, alone, members)
    seconds["class context: means"] = time.thread_time() - start
    table = pd.DataFrame({"measure": seconds.keys(), "seconds": seconds.values()})
    return table.assign(share=table["seconds"] / table["seconds"].sum())


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pupils", type=int, default=20_000)
    parser.add_argument("--as-of", default="2025-06-02")
    parser.add_argument("--histories", type=Path)
    parser.add_argument("--repeats", type=int, default=4)
    options = parser.parse_args()
    ordinal_of(options.as_of)
    if options.histories:
        histories = Histories.load(options.histories)
    else:
        histories = Histories.from_records(simulate_district(options.pupils, seed=7, n_days=180))
    print(
        f"{len(histories)} pupils, {len(histories.grades.columns['known'])} marks, {thread_count()} threads"
    )
    print(whole(histories, options.as_of, options.repeats).round(3).to_string(index=False))
    table = by_measure(histories, options.as_of).sort_values("seconds", ascending=False)
    print(table.round({"seconds": 4, "share": 3}).to_string(index=False))


if __name__ == "__main__":
    main()
