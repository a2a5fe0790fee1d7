"""From raw Parquet to features and scores, beside the tools that a county would otherwise use.

    python benchmarks/scale.py [--data DIR] [--repeats 3] [--parts attendance all dates ...]

Every figure is the median of so many fresh processes; kernels are compiled before the clock starts, as on
any machine after its first use, and files lie in the page cache for everyone. Ratios compare what was
measured in the same run. Writes ``benchmarks/results/scale.json``; with ``--parts`` only those parts anew.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scale_data
import scale_peers

RESULTS = Path(__file__).parent / "results" / "scale.json"
AS_OF, YEAR, HORIZON = "2025-05-20", "2024-08-01", 60
COUNTY, PROVINCE = 200_000, 1_000_000
ATTENDED = ("students", "attendance", "calendar")
SCANNED = {"attendance": scale_peers.COLUMNS}
WEEKS = 35
SQL_WEEKS = 7
PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {}


def part(function: Callable[[Path], dict[str, Any]]) -> Callable[[Path], dict[str, Any]]:
    """Register something to be measured in a process of its own."""
    PARTS[function.__name__] = function
    return function


class Clock:
    """Seconds of the work alone, without imports, compiling and making of data."""

    def __init__(self) -> None:
        self.begun = time.perf_counter()

    def __call__(self) -> float:
        """Give the seconds since it was made."""
        return time.perf_counter() - self.begun


# --- our way ----------------------------------------------------------------------------------------


def _histories(place: Path) -> Any:
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.school_records import SchoolRecords

    return Histories.from_records(SchoolRecords.from_folder(place))


def _features(histories: Any, as_of: str, *, attendance_only: bool) -> Any:
    from dropout_risk.catalogue.attendance import ATTENDANCE
    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.feature import FeatureCatalogue
    from dropout_risk.features.compute import compute_features

    catalogue = FeatureCatalogue(ATTENDANCE) if attendance_only else default_catalogue()
    return compute_features(histories, as_of, catalogue)


def _warm(data: Path, *, attendance_only: bool = False) -> None:
    small = scale_data.province(data, 3000)
    small = scale_data.only(small, ATTENDED) if attendance_only else small
    _features(_histories(small), AS_OF, attendance_only=attendance_only)


@part
def attendance_ours(data: Path) -> dict[str, Any]:
    """Parquet to checked histories to every attendance feature of one date."""
    place = scale_data.only(scale_data.province(data, COUNTY), ATTENDED)
    return _records_to_features(data, place, attendance_only=True)


@part
def attendance_ours_text_ids(data: Path) -> dict[str, Any]:
    """Read the same rows with identifiers that are words."""
    place = scale_data.only(scale_data.province(data, COUNTY, text_ids=True), ATTENDED)
    return _records_to_features(data, place, attendance_only=True)


@part
def all_ours(data: Path) -> dict[str, Any]:
    """All tables to all features of one date."""
    return _records_to_features(data, scale_data.province(data, COUNTY), attendance_only=False)


@part
def province_ours(data: Path) -> dict[str, Any]:
    """Do the same for a million pupils."""
    return _records_to_features(data, scale_data.province(data, PROVINCE), attendance_only=False)


@part
def province_attendance_ours(data: Path) -> dict[str, Any]:
    """Attendance alone of a million pupils."""
    place = scale_data.only(scale_data.province(data, PROVINCE), ATTENDED)
    return _records_to_features(data, place, attendance_only=True)


def _records_to_features(data: Path, place: Path, *, attendance_only: bool) -> dict[str, Any]:
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.school_records import SchoolRecords

    _warm(data, attendance_only=attendance_only)
    clock = Clock()
    records = SchoolRecords.from_folder(place)
    report = records.check()
    checked = clock()
    histories = Histories.from_records(records)
    built = clock()
    table = _features(histories, AS_OF, attendance_only=attendance_only)
    seconds = clock()
    rows = sum(count.read for count in report.counts.values())
    return {
        "seconds": seconds,
        "check": checked,
        "histories": built - checked,
        "features": seconds - built,
        "rows": rows,
        "columns": table.values.shape[1],
    }


def _weeks() -> list[str]:
    last = dt.date.fromisoformat(AS_OF)
    return [(last - dt.timedelta(7 * week)).isoformat() for week in range(WEEKS)]


@part
def dates_attendance(data: Path) -> dict[str, Any]:
    """All attendance features of 35 weekly dates, from one set of histories."""
    return _dates(data, attendance_only=True)


@part
def dates_all(data: Path) -> dict[str, Any]:
    """All features of 35 weekly dates, from one set of histories."""
    return _dates(data, attendance_only=False)


def _dates(data: Path, *, attendance_only: bool) -> dict[str, Any]:
    _warm(data, attendance_only=attendance_only)
    place = scale_data.province(data, COUNTY)
    clock = Clock()
    histories = _histories(scale_data.only(place, ATTENDED) if attendance_only else place)
    built = clock()
    _features(histories, _weeks()[0], attendance_only=attendance_only)
    first = clock()
    for day in _weeks()[1:]:
        _features(histories, day, attendance_only=attendance_only)
    further = (clock() - first) / (WEEKS - 1)
    return {"seconds": first, "first": first, "further": further, "weeks": clock() - built}


# --- peers ------------------------------------------------------------------------------------------


@part
def attendance_scan_pyarrow(data: Path) -> dict[str, Any]:
    """Scan the attendance columns with pyarrow."""
    return _timed(lambda: scale_peers.scan_pyarrow(SCANNED, scale_data.province(data, COUNTY)))


@part
def attendance_scan_duckdb(data: Path) -> dict[str, Any]:
    """Scan the attendance columns with DuckDB."""
    return _timed(lambda: scale_peers.scan_duckdb(SCANNED, scale_data.province(data, COUNTY)))


@part
def all_scan_pyarrow(data: Path) -> dict[str, Any]:
    """Scan all columns of all tables with pyarrow."""
    place = scale_data.province(data, COUNTY)
    return _timed(lambda: scale_peers.scan_pyarrow(_every_column(place), place)) | _each_table(place)


@part
def all_scan_duckdb(data: Path) -> dict[str, Any]:
    """Scan all columns of all tables with DuckDB."""
    place = scale_data.province(data, COUNTY)
    return _timed(lambda: scale_peers.scan_duckdb(_every_column(place), place))


def _every_column(place: Path) -> dict[str, list[str]]:
    import pyarrow.parquet as pq

    tables = sorted(folder.name for folder in place.iterdir() if folder.is_dir())
    return {table: pq.read_schema(next((place / table).iterdir())).names for table in tables}


def _each_table(place: Path) -> dict[str, Any]:
    each = {}
    for table, columns in _every_column(place).items():
        each[f"scan.{table}"] = _timed(lambda of=({table: columns}): scale_peers.scan_pyarrow(of, place))[
            "seconds"
        ]
    return each


@part
def attendance_duckdb(data: Path) -> dict[str, Any]:
    """Eleven features in DuckDB."""
    return _peer(data, scale_peers.duckdb)


@part
def attendance_polars(data: Path) -> dict[str, Any]:
    """Eleven features in Polars."""
    return _peer(data, scale_peers.polars)


@part
def attendance_pandas(data: Path) -> dict[str, Any]:
    """Eleven features in pandas."""
    return _peer(data, scale_peers.pandas)


def _peer(data: Path, features: Callable[[Path, str, str], Any]) -> dict[str, Any]:
    features(scale_data.province(data, 3000), AS_OF, YEAR)
    place = scale_data.province(data, COUNTY)
    return _timed(lambda: features(place, AS_OF, YEAR))


@part
def dates_duckdb(data: Path) -> dict[str, Any]:
    """Run the SQL on every fifth of the 35 dates, and take it times five."""
    place = scale_data.province(data, COUNTY)
    scale_peers.duckdb(scale_data.province(data, 3000), AS_OF, YEAR)
    chosen = _weeks()[:: WEEKS // SQL_WEEKS]

    def run() -> None:
        for day in chosen:
            scale_peers.duckdb(place, day, YEAR)

    return {"seconds": _timed(run)["seconds"] * WEEKS / len(chosen)}


def _timed(work: Callable[[], Any]) -> dict[str, Any]:
    clock = Clock()
    work()
    return {"seconds": clock()}


# --- a store, a day, a population -------------------------------------------------------------------


@part
def province_store(data: Path) -> dict[str, Any]:
    """Save a million histories, load them again, and compare the size with that of the Parquet."""
    from dropout_risk.histories.histories import Histories

    _warm(data)
    place = scale_data.province(data, PROVINCE)
    store = place.with_name("store")
    shutil.rmtree(store, ignore_errors=True)
    before, _ = scale_data.one_day(place)
    histories = _histories(before)
    clock = Clock()
    histories.save(store)
    saved = clock()
    del histories
    Histories.load(store)
    return {
        "seconds": saved,
        "load": clock() - saved,
        "store_gb": _size(store),
        "parquet_gb": _size(before),
    }


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


# --- the table --------------------------------------------------------------------------------------


def measured(name: str, data: Path, repeats: int) -> dict[str, Any]:
    """Run a part several times, each in a fresh process; give medians, and the highest peak memory."""
    runs = [_one_run(name, data) for _ in range(repeats)]
    result = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    return result | {
        "peak_gb": max(run["peak_gb"] for run in runs),
        "every_run": [run["seconds"] for run in runs],
    }


def _one_run(name: str, data: Path) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
        command = [sys.executable, __file__, "--run", name, "--data", str(data), "--to", file.name]
        subprocess.run(command, check=True)
        result: dict[str, Any] = json.load(file)
    return result


def _run(name: str, data: Path, to: Path) -> None:
    result = PARTS[name](data)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    to.write_text(json.dumps(result | {"peak_gb": peak}), encoding="utf-8")


def main() -> None:
    """Measure the parts asked for and print what each bound asks and what came out."""
    given = _options()
    if given.run:
        _run(given.run, given.data, given.to)
        return
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if given.parts and RESULTS.exists() else {}
    given.data.mkdir(parents=True, exist_ok=True)
    for name in [name for name in PARTS if not given.parts or name.startswith(tuple(given.parts))]:
        results[name] = measured(name, given.data, given.repeats)
        print(name, {key: value for key, value in results[name].items() if key != "every_run"}, flush=True)
    results["machine"] = {"cores": len(os.sched_getaffinity(0))}
    RESULTS.write_text(json.dumps(results, indent=1), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "dropout-risk-scale")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="*", help="parts whose names begin so; by default all")
    parser.add_argument("--run", choices=sorted(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
