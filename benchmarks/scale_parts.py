"""What is measured from Parquet to features, ours and the peers': each part runs in a process of its own."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import scale_data
import scale_peers

AS_OF, YEAR, HORIZON = "2025-05-20", "2024-08-01", 60
QUICK = "SCALE_QUICK"
"""Set in the environment of a part by ``--quick``: all parts, on a county of 50,000."""
COUNTY, PROVINCE = (50_000, 50_000) if QUICK in os.environ else (200_000, 1_000_000)
ATTENDED = ("students", "attendance", "calendar")
SCANNED = {"attendance": scale_peers.COLUMNS}
WEEKS = 35
SQL_WEEKS = 7
Result = dict[str, Any]
PARTS: dict[str, Callable[[Path], Result]] = {}


def part(function: Callable[[Path], Result]) -> Callable[[Path], Result]:
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


def histories_of(place: Path) -> Any:
    """Read, check and pack a folder."""
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.school_records import SchoolRecords

    return Histories.from_records(SchoolRecords.from_folder(place))


def features_of(histories: Any, as_of: str, *, attendance_only: bool) -> Any:
    """Compute the attendance features, or all."""
    from dropout_risk.catalogue.attendance import ATTENDANCE
    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.feature import FeatureCatalogue
    from dropout_risk.features.compute import compute_features

    catalogue = FeatureCatalogue(ATTENDANCE) if attendance_only else default_catalogue()
    return compute_features(histories, as_of, catalogue)


def warm(data: Path, *, attendance_only: bool = False) -> None:
    """Compile every kernel on a small district."""
    small = scale_data.province(data, 3000)
    small = scale_data.only(small, ATTENDED) if attendance_only else small
    features_of(histories_of(small), AS_OF, attendance_only=attendance_only)


@part
def attendance_ours(data: Path) -> Result:
    """Parquet to checked histories to every attendance feature of one date."""
    place = scale_data.only(scale_data.province(data, COUNTY), ATTENDED)
    return _records_to_features(data, place, attendance_only=True)


@part
def attendance_ours_text_ids(data: Path) -> Result:
    """Read the same rows with identifiers that are words."""
    place = scale_data.only(scale_data.province(data, COUNTY, text_ids=True), ATTENDED)
    return _records_to_features(data, place, attendance_only=True)


@part
def all_ours(data: Path) -> Result:
    """All tables to all features of one date."""
    return _records_to_features(data, scale_data.province(data, COUNTY), attendance_only=False)


@part
def province_ours(data: Path) -> Result:
    """Do the same for a million pupils."""
    return _records_to_features(data, scale_data.province(data, PROVINCE), attendance_only=False)


@part
def province_attendance_ours(data: Path) -> Result:
    """Attendance alone of a million pupils."""
    place = scale_data.only(scale_data.province(data, PROVINCE), ATTENDED)
    return _records_to_features(data, place, attendance_only=True)


def _records_to_features(data: Path, place: Path, *, attendance_only: bool) -> Result:
    from dropout_risk.histories.histories import Histories
    from dropout_risk.records.school_records import SchoolRecords

    warm(data, attendance_only=attendance_only)
    clock = Clock()
    records = SchoolRecords.from_folder(place)
    report = records.check()
    checked = clock()
    histories = Histories.from_records(records)
    built = clock()
    table = features_of(histories, AS_OF, attendance_only=attendance_only)
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
def dates_attendance(data: Path) -> Result:
    """All attendance features of 35 weekly dates, from one set of histories."""
    return _dates(data, attendance_only=True)


@part
def dates_all(data: Path) -> Result:
    """All features of 35 weekly dates, from one set of histories."""
    return _dates(data, attendance_only=False)


def _dates(data: Path, *, attendance_only: bool) -> Result:
    warm(data, attendance_only=attendance_only)
    place = scale_data.province(data, COUNTY)
    clock = Clock()
    histories = histories_of(scale_data.only(place, ATTENDED) if attendance_only else place)
    built = clock()
    features_of(histories, _weeks()[0], attendance_only=attendance_only)
    first = clock()
    for day in _weeks()[1:]:
        features_of(histories, day, attendance_only=attendance_only)
    further = (clock() - first) / (WEEKS - 1)
    return {"seconds": first, "first": first, "further": further, "weeks": clock() - built}


# --- peers ------------------------------------------------------------------------------------------


@part
def attendance_scan_pyarrow(data: Path) -> Result:
    """Scan the attendance columns with pyarrow."""
    return timed(lambda: scale_peers.scan_pyarrow(SCANNED, scale_data.province(data, COUNTY)))


@part
def attendance_scan_duckdb(data: Path) -> Result:
    """Scan the attendance columns with DuckDB."""
    return timed(lambda: scale_peers.scan_duckdb(SCANNED, scale_data.province(data, COUNTY)))


@part
def attendance_scan_polars(data: Path) -> Result:
    """Scan the attendance columns with Polars."""
    return timed(lambda: scale_peers.scan_polars(SCANNED, scale_data.province(data, COUNTY)))


@part
def all_scan_pyarrow(data: Path) -> Result:
    """Scan all columns of all tables with pyarrow."""
    place = scale_data.province(data, COUNTY)
    return timed(lambda: scale_peers.scan_pyarrow(_every_column(place), place)) | _each_table(place)


@part
def all_scan_duckdb(data: Path) -> Result:
    """Scan all columns of all tables with DuckDB."""
    place = scale_data.province(data, COUNTY)
    return timed(lambda: scale_peers.scan_duckdb(_every_column(place), place))


@part
def all_scan_polars(data: Path) -> Result:
    """Scan all columns of all tables with Polars."""
    place = scale_data.province(data, COUNTY)
    return timed(lambda: scale_peers.scan_polars(_every_column(place), place))


def _every_column(place: Path) -> dict[str, list[str]]:
    import pyarrow.parquet as pq

    tables = sorted(folder.name for folder in place.iterdir() if folder.is_dir())
    return {table: pq.read_schema(next((place / table).iterdir())).names for table in tables}


def _each_table(place: Path) -> Result:
    each = {}
    for table, columns in _every_column(place).items():
        each[f"scan.{table}"] = timed(lambda of=({table: columns}): scale_peers.scan_pyarrow(of, place))[
            "seconds"
        ]
    return each


@part
def attendance_duckdb(data: Path) -> Result:
    """Eleven features in DuckDB."""
    return _peer(data, scale_peers.duckdb)


@part
def attendance_polars(data: Path) -> Result:
    """Eleven features in Polars."""
    return _peer(data, scale_peers.polars)


@part
def attendance_pandas(data: Path) -> Result:
    """Eleven features in pandas."""
    return _peer(data, scale_peers.pandas)


def _peer(data: Path, features: Callable[[Path, str, str], Any]) -> Result:
    features(scale_data.province(data, 3000), AS_OF, YEAR)
    place = scale_data.province(data, COUNTY)
    return timed(lambda: features(place, AS_OF, YEAR))


@part
def dates_duckdb(data: Path) -> Result:
    """Run the SQL on every fifth of the 35 dates, and take it times five."""
    place = scale_data.province(data, COUNTY)
    scale_peers.duckdb(scale_data.province(data, 3000), AS_OF, YEAR)
    chosen = _weeks()[:: WEEKS // SQL_WEEKS]

    def run() -> None:
        for day in chosen:
            scale_peers.duckdb(place, day, YEAR)

    return {"seconds": timed(run)["seconds"] * WEEKS / len(chosen)}


def timed(work: Callable[[], Any]) -> Result:
    """Give the seconds of some work."""
    clock = Clock()
    work()
    return {"seconds": clock()}
