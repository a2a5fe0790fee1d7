"""What the measurements at scale are held against: each bound, what it asks and what came out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Bound:
    """One line of the table.

    Parameters
    ----------
    what : str
        What is measured, and against what.
    value : callable
        Reads it from the results.
    most, least : float, optional
        The bound; without either the figure is only reported.
    form : str
        How the figure is written.
    """

    what: str
    value: Callable[[Results], float]
    most: float | None = None
    least: float | None = None
    form: str = "{:.2f} ×"

    def line(self, results: Results) -> str:
        """Write the bound as a row of Markdown."""
        value = self.value(results)
        if self.most is not None:
            asked, met = "at most " + self.form.format(self.most), value <= self.most
        elif self.least is not None:
            asked, met = "at least " + self.form.format(self.least), value >= self.least
        else:
            return f"| {self.what} | reported | {self.form.format(value)} | |"
        return f"| {self.what} | {asked} | {self.form.format(value)} | {'met' if met else '**missed**'} |"


def _seconds(results: Results, *names: str) -> float:
    """Give the seconds of a part; of several the least."""
    return float(min(results[name]["seconds"] for name in names))


def _scan(results: Results, tables: str) -> float:
    return _seconds(results, *(f"{tables}_scan_{reader}" for reader in ("pyarrow", "duckdb", "polars")))


def _thirty_five(results: Results) -> float:
    return float(results["dates_attendance"]["first"] + 34 * results["dates_attendance"]["further"])


def _peer(name: str) -> Callable[[Results], float]:
    return lambda r: _seconds(r, f"attendance_{name}") / _seconds(r, "attendance_ours")


def _of(part: str, key: str) -> Callable[[Results], float]:
    return lambda r: float(r[part][key])


BOUNDS = (
    Bound(
        "attendance of 200,000 pupils, Parquet to 20 features, in scans of the same columns",
        lambda r: _seconds(r, "attendance_ours") / _scan(r, "attendance"),
        most=6,
    ),
    Bound("the same, faster than hand-written DuckDB SQL (eleven features)", _peer("duckdb"), least=4),
    Bound("the same, faster than Polars", _peer("polars"), least=4),
    Bound("the same, faster than pandas", _peer("pandas"), least=12),
    Bound(
        "all tables to all features, in scans of all columns",
        lambda r: _seconds(r, "all_ours") / _scan(r, "all"),
        most=6,
    ),
    Bound(
        "each further date, all features, in shares of the first",
        lambda r: r["dates_all"]["further"] / r["dates_all"]["first"],
        most=0.15,
    ),
    Bound(
        "35 weekly dates, attendance, faster than 35 runs of the SQL",
        lambda r: _seconds(r, "dates_duckdb") / _thirty_five(r),
        least=40,
    ),
    Bound(
        "a million pupils, attendance, in times of 200,000",
        lambda r: _seconds(r, "province_attendance_ours") / _seconds(r, "attendance_ours"),
        most=5.2,
    ),
    Bound(
        "a million pupils, all tables, in times of 200,000",
        lambda r: _seconds(r, "province_ours") / _seconds(r, "all_ours"),
        most=5.2,
    ),
    Bound("a million pupils, peak memory", _of("province_ours", "peak_gb"), most=6, form="{:.1f} GB"),
    Bound(
        "histories on disk, in shares of the zstd Parquet",
        lambda r: r["province_store"]["store_gb"] / r["province_store"]["parquet_gb"],
        most=0.5,
    ),
    Bound(
        "the same, where Parquet lies by day as registers come in",
        lambda r: r["province_store"]["store_gb"] / r["province_store"]["parquet_by_day_gb"],
    ),
    Bound("appending a day of a million pupils", _of("province_append", "seconds"), most=3, form="{:.2f} s"),
    *(
        Bound(
            f"scoring a million, risk and contributions, {kind} model",
            _of(f"province_scores_{kind}", "pupils_per_second"),
            least=100_000,
            form="{:,.0f} pupils/s",
        )
        for kind in ("logistic", "lightgbm")
    ),
    Bound(
        "scoring a million with all sentences",
        _of("province_sentences_logistic", "pupils_per_second"),
        form="{:,.0f} pupils/s",
    ),
    Bound(
        "one pupil, JSON to features, median",
        lambda r: 1000 * r["one_pupil"]["seconds"],
        most=1,
        form="{:.2f} ms",
    ),
    Bound(
        "Spark local[2], 200,000 pupils scored with sentences, in times of the local path",
        lambda r: _seconds(r, "county_spark") / _seconds(r, "county_local"),
        most=4,
    ),
)


def table(results: Results) -> Iterator[str]:
    """Write every bound whose parts were measured."""
    yield "| what | asked | measured | |"
    yield "|---|---|---|---|"
    for bound in BOUNDS:
        try:
            yield bound.line(results)
        except KeyError as part:
            yield f"| {bound.what} | | not measured: {part} | |"


def table_beside(now: Results, before: Results) -> Iterator[str]:
    """Write the seconds of each part beside those of another run on the same machine."""
    yield "| part | before, s | now, s | now / before |"
    yield "|---|---|---|---|"
    for name in [name for name in now if name in before and name != "machine"]:
        old, new = (_seconds(results, name) for results in (before, now))
        yield f"| {name} | {old:.3f} | {new:.3f} | {new / old:.2f} |"
