"""Where the time from Parquet to features goes: processor seconds of one thread, beside a bare scan.

    python benchmarks/profile_check.py [--data DIR] [--pupils 200000] [--attendance]

Takes the simulated province of ``scale.py``, and makes it where it is not there. Each step counts without the
steps that it calls; whatever no step below covers is "the rest".
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import scale_data
import scale_parts
import scale_peers
from dropout_risk.kernels import THREADS

STEPS = {
    "reading Parquet": ("records.files.readers:ParquetPart._read_whole",),
    "identifiers to rows": ("records.pupils.pupil_index:PupilIndex.rows",),
    "columns into their types": ("records.values:convert_column", "records.reading:TableReader._column"),
    "rows that no rule concerns": ("records.attendance:AttendanceCheck._plain",),
    "attendance into its grid": ("records.days.day_grid:DayCells.insert",),
    "registers, lone days, late rows": (
        "records.attendance:AttendanceCheck._check_days",
        "records.attendance:AttendanceCheck._check_beside",
        "records.attendance:AttendanceCheck._set_registers_apart",
    ),
    "rules on values": ("records.checks.row_checks:check_values",),
    "words": ("records.checks.word_checks:check_words",),
    "order and copies": (
        "records.rows:ArrangedRows.__init__",
        "records.rows:ArrangedRows.check_duplicates",
        "records.rows:ArrangedRows.usable_rows",
    ),
    "packing attendance": ("histories.attendance_bits:pack_grid",),
    "packing all else": ("histories.runs:Runs.from_rows",),
    "features": ("features.compute:compute_features",),
}


class Steps:
    """Processor seconds of steps, each without those inside it."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STEPS, 0.0)
        self._inside: list[float] = []
        for step, places in STEPS.items():
            for place in places:
                self._watch(step, place)

    def _watch(self, step: str, place: str) -> None:
        module, _, name = place.partition(":")
        owner: Any = import_module(f"dropout_risk.{module}")
        *classes, last = name.split(".")
        for held in classes:
            owner = getattr(owner, held)
        given = vars(owner)[last]
        function = given.__func__ if isinstance(given, classmethod) else given
        timed = self._timed(step, function)
        setattr(owner, last, classmethod(timed) if isinstance(given, classmethod) else timed)
        for other in [] if classes else list(vars(import_module("sys"))["modules"].values()):
            if getattr(other, last, None) is given:
                setattr(other, last, timed)

    def _timed(self, step: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def run(*given: Any, **named: Any) -> Any:
            self._inside.append(0.0)
            begun = time.process_time()
            try:
                return function(*given, **named)
            finally:
                whole = time.process_time() - begun
                self.seconds[step] += whole - self._inside.pop()
                if self._inside:
                    self._inside[-1] += whole

        return run


def main() -> None:
    """Print the steps, the largest first, and the scan that they are held against."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "dropout-risk-scale")
    parser.add_argument("--pupils", type=int, default=200_000)
    parser.add_argument("--attendance", action="store_true", help="students, attendance and calendar only")
    given = parser.parse_args()
    os.environ[THREADS] = "1"
    place = scale_data.province(given.data, given.pupils)
    columns = scale_parts.SCANNED if given.attendance else scale_parts._every_column(place)
    begun = time.process_time()
    scale_peers.scan_pyarrow(columns, place)
    scan = time.process_time() - begun
    scale_parts.warm(given.data, attendance_only=given.attendance)
    place = scale_data.only(place, scale_parts.ATTENDED) if given.attendance else place
    steps, begun = Steps(), time.process_time()
    histories = scale_parts.histories_of(place)
    scale_parts.features_of(histories, scale_parts.AS_OF, attendance_only=given.attendance)
    whole = time.process_time() - begun
    seconds = {**steps.seconds, "the rest": whole - sum(steps.seconds.values())}
    print("| step | processor seconds | scans |", "|---|---|---|", sep="\n")
    for step, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"| {step} | {spent:.2f} | {spent / scan:.1f} |")
    print(f"| all | {whole:.2f} | {whole / scan:.1f} |", f"| a bare scan | {scan:.2f} | 1.0 |", sep="\n")


if __name__ == "__main__":
    main()
