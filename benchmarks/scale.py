"""From raw Parquet to features and scores, beside the tools that a county would otherwise use.

    python benchmarks/scale.py [--data DIR] [--repeats 3] [--parts attendance all dates ...]
    python benchmarks/scale.py --quick [--against BEFORE.json] [--results NOW.json]

Every figure is the median of so many fresh processes; kernels are compiled before the clock starts, as on
any machine after its first use, and files lie in the page cache for everyone. Ratios compare what was
measured in the same run. Writes ``benchmarks/results/scale.json``; with ``--parts`` only those parts anew.

``--quick`` takes a county of 50,000 and the parts that a change may slow: some three minutes, to be held
against the same of another commit on the same machine. It bounds nothing and writes into ``--data``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import scale_scores  # noqa: F401  registers its parts
from scale_bounds import table, table_beside
from scale_parts import PARTS, QUICK

RESULTS = Path(__file__).parent / "results" / "scale.json"
QUICK_PARTS = (
    "attendance_ours",
    "attendance_scan",
    "attendance_duckdb",
    "all_ours",
    "all_scan",
    "dates_all",
    "province_store",
    "province_append",
    "province_scores_logistic",
    "one_pupil",
    "county_local",
)
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
    if given.quick:
        os.environ[QUICK] = "yes"
    results = (
        json.loads(given.results.read_text(encoding="utf-8"))
        if given.parts and given.results.exists()
        else {}
    )
    given.data.mkdir(parents=True, exist_ok=True)
    parts = given.parts or (QUICK_PARTS if given.quick else ("",))
    failed = []
    for name in [name for name in PARTS if name.startswith(tuple(parts))]:
        try:
            results[name] = measured(name, given.data, given.repeats) | {"commit": _commit()}
        except subprocess.CalledProcessError:
            failed.append(name)
            continue
        print(name, {key: value for key, value in results[name].items() if key != "every_run"}, flush=True)
        results["machine"] = {"cores": len(os.sched_getaffinity(0))}
        given.results.write_text(json.dumps(results, indent=1), encoding="utf-8")
    if not given.quick:
        print(*table(results), sep="\n")
    if given.against:
        print(*table_beside(results, json.loads(given.against.read_text(encoding="utf-8"))), sep="\n")
    if failed:
        sys.exit(f"These parts failed, and keep no figure of this run: {', '.join(failed)}")


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(tempfile.gettempdir()) / "dropout-risk-scale")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--parts", nargs="*", help="parts whose names begin so; by default all")
    parser.add_argument("--quick", action="store_true", help="50,000 pupils, in some three minutes")
    parser.add_argument("--results", type=Path, help="where the figures go")
    parser.add_argument("--against", type=Path, help="figures of another run to print beside")
    parser.add_argument("--run", choices=sorted(PARTS), help=argparse.SUPPRESS)
    parser.add_argument("--to", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.results = given.results or (given.data / "quick.json" if given.quick else RESULTS)
    return given


if __name__ == "__main__":
    main()
