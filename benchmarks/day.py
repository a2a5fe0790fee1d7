"""A morning: a day is appended to a store, everybody scored, the listed put into words, cases opened.

``python benchmarks/day.py --pupils 200000 1000000`` prints the seconds of each stage beside those of the
whole run, and what of yesterday's scores holds today; ``--quick`` is for 20,000 pupils. Each number of
pupils has a process of its own; data, stores and the model are made once and kept in ``--data``.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import scale_data
from dropout_risk.cli.options import seek_cycles_rarely
from scale_parts import histories_of
from scale_scores import _model

QUICK, COMPARED = 20_000, 100_000
AGES = ("days_since_exam", "psych_test_age", "days_since_present")
"""Features that grow by a day with every day."""


class Stages:
    """Seconds by the clock and of the processor, by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, tuple[float, float]] = {}
        self._mark()

    def _mark(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def done(self, stage: str) -> None:
        """End a stage; the next one begins."""
        wall, cpu = self._begun
        self.seconds[stage] = (time.perf_counter() - wall, time.process_time() - cpu)
        print(stage, self.seconds[stage], file=sys.stderr, flush=True)
        self._mark()

    def skip(self) -> None:
        """Begin the next stage: what was done since the last one is not measured."""
        self._mark()


def measure(data: Path, pupils: int) -> dict[str, Any]:
    """Run the morning of the last day of so many pupils, and the whole run beside it."""
    seek_cycles_rarely()
    place = scale_data.province(data, pupils)
    before, day = scale_data.one_day(place)
    last = scale_data.last_day(day)
    store, model = _stored(data, before, pupils), _model(data, "logistic")
    with tempfile.TemporaryDirectory(dir=data) as folder:
        _run(Stages(), *_small(data, Path(folder)), model)
        shutil.copytree(store, Path(folder) / "store")
        stages = Stages()
        told = _run(stages, Path(folder) / "store", day, last, model)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    morning = [sum(parts) for parts in zip(*stages.seconds.values(), strict=True)]
    whole = Stages()
    _whole_run(whole, place, last + dt.timedelta(1), model)
    return told | {
        "pupils": pupils, "gb": memory, "morning": morning, "stages": stages.seconds,
        "whole": whole.seconds,
    }  # fmt: skip


def _stored(data: Path, before: Path, pupils: int) -> Path:
    """Keep the histories before the day, built once."""
    store = data / f"{pupils}-store"
    if not (store / "current.json").exists():
        histories_of(before).save(store)
    return store


def _small(data: Path, folder: Path) -> tuple[Path, Path, dt.date]:
    """Give a store and a day of 3,000 pupils, on which everything is compiled."""
    before, day = scale_data.one_day(scale_data.province(data, 3000))
    store = folder / "small-store"
    histories_of(before).save(store)
    return store, day, scale_data.last_day(day)


def _run(stages: Stages, store: Path, day: Path, last: dt.date, model: Any) -> dict[str, Any]:
    """Run yesterday's morning unmeasured, for the book, and then today's."""
    from dropout_risk.casebook.book import Book
    from dropout_risk.casebook.mornings.morning import run_morning
    from dropout_risk.casebook.mornings.morning_facts import facts_of_scores
    from dropout_risk.histories.histories import Histories
    from dropout_risk.histories.store_append import append_day, known_to
    from dropout_risk.records.school_records import SchoolRecords
    from dropout_risk.watchlist.watch_list import WatchList

    book = Book.open(f"sqlite:///{store}-book.db", create=True, settings=model.settings.cases)
    histories = Histories.load(store)
    scores = model.score(histories, last)
    run_morning(book, facts_of_scores(model, histories, scores))
    yesterday = WatchList.of(scores).state
    kept = _kept_shares(model, histories, last)
    del histories, scores
    stages.skip()
    append_day(store, SchoolRecords.from_folder(day, known=known_to(store)))
    stages.done("append the day")
    histories = Histories.load(store)
    stages.done("load the store")
    scores = model.score(histories, last + dt.timedelta(1))
    stages.done("features, risks, contributions")
    watch_list = WatchList.of(scores, previous=yesterday)
    stages.done("alerts, the list, words of the listed")
    watch_list.save_state(store / "state.json")
    watch_list.to_csv(store / "list.csv")
    stages.done("write the list")
    facts = facts_of_scores(model, histories, scores)
    stages.done("what the case book is told")
    run_morning(book, facts)
    stages.done("the case book's morning")
    return {"counts": watch_list.counts(), "kept": kept(histories, last + dt.timedelta(1))}


def _kept_shares(model: Any, histories: Any, last: dt.date) -> Any:
    """Remember yesterday's features and contributions; give what compares today's with them, bit by bit."""
    from dropout_risk.features.cohort import members_on

    pupils = np.flatnonzero(members_on(histories.on(last)))[:COMPARED]
    before = _rows_of(model, histories, last, pupils)

    def compare(grown: Any, today: dt.date) -> dict[str, float]:
        same = [was.view(np.int64) == now.view(np.int64) for was, now in
                zip(before, _rows_of(model, grown, today, pupils), strict=True)]  # fmt: skip
        no_ages = [name not in AGES for name in model.catalogue.names]
        return {
            "features": float(same[0].all(axis=1).mean()),
            "features but ages": float(same[0][:, no_ages].all(axis=1).mean()),
            "contributions": float(same[1].all(axis=1).mean()),
        }

    return compare


def _rows_of(model: Any, histories: Any, day: dt.date, pupils: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from dropout_risk.scoring.population import Population

    population = Population.of(model, histories, day)
    rows = population.numbers(pupils)["contributions"].combine_chunks().flatten()
    added = np.column_stack([column.to_numpy(zero_copy_only=False) for column in rows])
    values = population.table.values[pupils]
    values[np.isnan(values)] = np.nan
    return np.ascontiguousarray(values), np.ascontiguousarray(added)


def _whole_run(whole: Stages, place: Path, day: dt.date, model: Any) -> None:
    """Read everything anew and put everybody into words."""
    from dropout_risk.scoring.population import score_blocks

    whole.skip()
    histories = histories_of(place)
    whole.done("read, check and pack all records")
    for _ in score_blocks(model, histories, day):
        pass
    whole.done("score everybody with all words")


def _print(found: dict[str, Any]) -> None:
    print(f"\n{found['pupils']:,} pupils, peak {found['gb']:.1f} GB, {found['counts']}")
    for title, rows in (("morning", found["stages"]), ("whole run", found["whole"])):
        for stage, (wall, cpu) in rows.items():
            print(f"| {title}: {stage} | {wall:.1f} s | {cpu:.1f} s |")
    print("| the morning in all | {:.1f} s | {:.1f} s |".format(*found["morning"]))
    print(f"rows equal to yesterday's, bit by bit: {found['kept']}")


def main() -> None:
    """Measure each number of pupils in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pupils", type=int, nargs="+", default=[200_000, 1_000_000])
    parser.add_argument("--data", type=Path, default=Path("build/scale"))
    parser.add_argument("--quick", action="store_true", help=f"{QUICK:,} pupils alone")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.data.mkdir(parents=True, exist_ok=True)
    if asked.alone:
        print(json.dumps(measure(asked.data, asked.pupils[0])))
        return
    for pupils in [QUICK] if asked.quick else asked.pupils:
        command = [sys.executable, __file__, "--alone", "--data", str(asked.data), "--pupils", str(pupils)]
        told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        _print(json.loads(told.splitlines()[-1]))


if __name__ == "__main__":
    main()
