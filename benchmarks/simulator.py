"""Time and peak memory of simulating 100,000 pupils over 180 school days, about 18 million attendance rows.

Run ``python benchmarks/simulator.py`` (``--pupils`` and ``--days`` change the size, ``--check`` also times
the check of the records). The bound is 60 s and 6 GB on 2 cores.
"""

from __future__ import annotations

import argparse
import resource
import time

from dropout_risk.simulate.district import simulate_district, simulate_tables


def main() -> None:
    """Print rows, seconds and peak memory of the tables, then of the records made from them."""
    options = _options()
    begun = time.perf_counter()
    tables = simulate_tables(options.pupils, seed=0, n_days=options.days).tables
    _report("tables", begun)
    for name, table in tables.items():
        print(f"  {name:<12} {table.num_rows:>12,} rows  {table.nbytes / 1e6:>8.1f} MB")
    del tables
    begun = time.perf_counter()
    records = simulate_district(options.pupils, seed=0, n_days=options.days)
    _report("simulate_district", begun)
    if options.check:
        begun = time.perf_counter()
        print(records.check())
        _report("check", begun)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the simulator.")
    parser.add_argument("--pupils", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def _report(what: str, begun: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{what}: {time.perf_counter() - begun:.1f} s, peak memory so far {peak:.2f} GB")


if __name__ == "__main__":
    main()
