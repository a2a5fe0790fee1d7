"""Eleven attendance features by hand in DuckDB, Polars and pandas, as their own users would write them.

All three read the same Parquet, see only rows dated and recorded before the as-of date, number the school
days of each school backwards from it (``age`` 1 is the last one), and give one row per pupil.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

FEATURES = (
    "absence_share_10d", "absence_share_20d", "absence_share_60d", "absence_share_year",
    "unexcused_share_60d", "absence_trend_10d", "days_since_present", "absence_weekday_excess_60d",
    "absence_streak", "absence_longest_streak_60d", "absence_spells_60d",
)  # fmt: skip
MISSED = ("absent", "excused", "suspended")
COLUMNS = ["student_id", "date", "status", "recorded_on"]

_SQL = """
WITH school_day AS (
    SELECT school_id, date, row_number() OVER (PARTITION BY school_id ORDER BY date DESC) AS age
    FROM read_parquet('{place}/calendar/*.parquet') WHERE is_school_day AND date < DATE '{as_of}'
), day AS (
    SELECT a.student_id, d.age, a.status IN ('absent', 'excused', 'suspended') AS missed,
        a.status = 'absent' AS unexcused, a.date >= DATE '{year}' AS this_year,
        isodow(a.date) IN (1, 5) AS named
    FROM read_parquet('{place}/attendance/*.parquet') a
    JOIN read_parquet('{place}/students/*.parquet') s USING (student_id)
    JOIN school_day d ON d.school_id = s.school_id AND d.date = a.date
    WHERE a.date < DATE '{as_of}' AND a.recorded_on < DATE '{as_of}'
), total AS (
    SELECT student_id,
        avg(missed::INT) FILTER (age <= 10) AS absence_share_10d,
        avg(missed::INT) FILTER (age <= 20) AS absence_share_20d,
        avg(missed::INT) FILTER (age <= 60) AS absence_share_60d,
        avg(missed::INT) FILTER (this_year) AS absence_share_year,
        avg(unexcused::INT) FILTER (age <= 60) AS unexcused_share_60d,
        avg(missed::INT) FILTER (age <= 10)
            - avg(missed::INT) FILTER (age BETWEEN 11 AND 60) AS absence_trend_10d,
        coalesce(min(age) FILTER (NOT missed) - 1, max(age)) AS days_since_present,
        avg(missed::INT) FILTER (age <= 60 AND named)
            - avg(missed::INT) FILTER (age <= 60 AND NOT named) AS absence_weekday_excess_60d,
        coalesce(min(age) FILTER (NOT missed), 100000) AS last_present
    FROM day GROUP BY student_id
), streak AS (
    SELECT student_id, count(*) AS absence_streak
    FROM day JOIN total USING (student_id) WHERE missed AND age < last_present GROUP BY student_id
), run AS (
    SELECT student_id, missed,
        sum((NOT missed)::INT) OVER (PARTITION BY student_id ORDER BY age ROWS UNBOUNDED PRECEDING) AS run
    FROM day WHERE age <= 60
), spell AS (
    SELECT student_id, max(n) AS absence_longest_streak_60d, count(*) AS absence_spells_60d
    FROM (SELECT student_id, run, count(*) AS n FROM run WHERE missed GROUP BY student_id, run)
    GROUP BY student_id
)
SELECT t.* EXCLUDE (last_present), coalesce(absence_streak, 0) AS absence_streak,
    CASE WHEN absence_share_60d IS NOT NULL
        THEN coalesce(absence_longest_streak_60d, 0) END AS absence_longest_streak_60d,
    CASE WHEN absence_share_60d IS NOT NULL THEN coalesce(absence_spells_60d, 0) END AS absence_spells_60d
FROM total t LEFT JOIN streak USING (student_id) LEFT JOIN spell USING (student_id)
"""


def duckdb(place: Path, as_of: str, year: str) -> Any:
    """Hand-written SQL, one statement."""
    import duckdb as engine

    with engine.connect() as connection:
        return connection.sql(_SQL.format(place=place, as_of=as_of, year=year)).to_arrow_table()


def polars(place: Path, as_of: str, year: str) -> Any:
    """Run a lazy Polars query."""
    import polars as pl

    date, since = (pl.lit(day).str.to_date() for day in (as_of, year))
    calendar = (
        pl.scan_parquet(place / "calendar/*.parquet")
        .filter(pl.col("is_school_day") & (pl.col("date") < date))
        .with_columns(
            pl.col("school_id").cast(pl.String),
            age=pl.col("date").rank("ordinal", descending=True).over("school_id").cast(pl.Int32),
        )
        .select("school_id", "date", "age")
    )
    students = pl.scan_parquet(place / "students/*.parquet").select(
        "student_id", pl.col("school_id").cast(pl.String)
    )
    day = (
        pl.scan_parquet(place / "attendance/*.parquet")
        .select(COLUMNS)
        .filter((pl.col("date") < date) & (pl.col("recorded_on") < date))
        .join(students, on="student_id")
        .join(calendar, on=["school_id", "date"])
        .select(
            "student_id",
            "age",
            missed=pl.col("status").cast(pl.String).is_in(MISSED),
            unexcused=pl.col("status").cast(pl.String) == "absent",
            this_year=pl.col("date") >= since,
            named=pl.col("date").dt.weekday().is_in([1, 5]),
        )
        .collect()
        .lazy()
    )
    age, missed = pl.col("age"), pl.col("missed")
    total = day.group_by("student_id").agg(
        absence_share_10d=missed.filter(age <= 10).mean(),
        absence_share_20d=missed.filter(age <= 20).mean(),
        absence_share_60d=missed.filter(age <= 60).mean(),
        absence_share_year=missed.filter(pl.col("this_year")).mean(),
        unexcused_share_60d=pl.col("unexcused").filter(age <= 60).mean(),
        absence_trend_10d=missed.filter(age <= 10).mean() - missed.filter(age.is_between(11, 60)).mean(),
        days_since_present=(age.filter(~missed).min() - 1).fill_null(age.max()),
        absence_weekday_excess_60d=missed.filter((age <= 60) & pl.col("named")).mean()
        - missed.filter((age <= 60) & ~pl.col("named")).mean(),
        last_present=age.filter(~missed).min().fill_null(100_000),
    )
    absent = day.filter("missed")
    streak = (
        absent.join(total.select("student_id", "last_present"), on="student_id")
        .filter(age < pl.col("last_present"))
        .group_by("student_id")
        .agg(absence_streak=pl.len())
    )
    spell = (
        day.filter(age <= 60)
        .sort("student_id", "age")
        .with_columns(run=(~missed).cast(pl.Int32).cum_sum().over("student_id"))
        .filter("missed")
        .group_by("student_id", "run")
        .agg(n=pl.len())
        .group_by("student_id")
        .agg(absence_longest_streak_60d=pl.col("n").max(), absence_spells_60d=pl.len())
    )
    counted = ("absence_longest_streak_60d", "absence_spells_60d")
    return (
        total.drop("last_present")
        .join(streak, on="student_id", how="left")
        .join(spell, on="student_id", how="left")
        .with_columns(
            pl.col("absence_streak").fill_null(0),
            pl.when(pl.col("absence_share_60d").is_not_null()).then(pl.col(counted).fill_null(0)),
        )
        .collect()
        .to_arrow()
    )


def pandas(place: Path, as_of: str, year: str) -> Any:
    """Vectorised pandas: merges, groupby sums and cumulative sums, no loop and no apply."""
    import pandas as pd
    import pyarrow as pa

    calendar = pd.read_parquet(place / "calendar").astype({"school_id": "str"})
    calendar["date"] = pd.to_datetime(calendar["date"])
    calendar = calendar[calendar["is_school_day"] & (calendar["date"] < as_of)]
    ages = calendar.groupby("school_id")["date"].rank(ascending=False)
    calendar = calendar.assign(age=ages.astype("int32"))
    students = pd.read_parquet(place / "students", columns=["student_id", "school_id"])
    day = pd.read_parquet(place / "attendance", columns=COLUMNS, filters=_before(as_of))
    day = day.merge(students.astype({"school_id": "str"}), on="student_id")
    day["date"] = pd.to_datetime(day["date"])
    day = day.merge(calendar[["school_id", "date", "age"]], on=["school_id", "date"])
    day["missed"] = day["status"].isin(MISSED).astype("int32")
    day["unexcused"] = (day["status"] == "absent").astype("int32")
    parts = {
        "10": day["age"] <= 10,
        "20": day["age"] <= 20,
        "60": day["age"] <= 60,
        "year": day["date"] >= year,
        "before": day["age"].between(11, 60),
    }
    named = day["date"].dt.day_of_week.isin([0, 4])
    parts |= {"named": parts["60"] & named, "others": parts["60"] & ~named}
    share = {name: day[chosen].groupby("student_id")["missed"].mean() for name, chosen in parts.items()}
    present = day[day["missed"] == 0].groupby("student_id")["age"].min()
    pupils = day.groupby("student_id")["age"].max()
    result = pd.DataFrame(index=pupils.index)
    for window in ("10", "20", "60"):
        result[f"absence_share_{window}d"] = share[window]
    result["absence_share_year"] = share["year"]
    result["unexcused_share_60d"] = day[parts["60"]].groupby("student_id")["unexcused"].mean()
    result["absence_trend_10d"] = share["10"] - share["before"]
    result["days_since_present"] = (present - 1).reindex(pupils.index).fillna(pupils)
    result["absence_weekday_excess_60d"] = share["named"] - share["others"]
    absent = day.loc[day["missed"] == 1, ["student_id", "age"]]
    last = absent["student_id"].map(present).fillna(100_000)
    result["absence_streak"] = absent[absent["age"] < last].groupby("student_id").size()
    recent = day.loc[parts["60"], ["student_id", "age", "missed"]].sort_values(["student_id", "age"])
    recent["run"] = (1 - recent["missed"]).groupby(recent["student_id"]).cumsum()
    runs = recent[recent["missed"] == 1].groupby(["student_id", "run"]).size()
    result["absence_longest_streak_60d"] = runs.groupby("student_id").max()
    result["absence_spells_60d"] = runs.groupby("student_id").size()
    counted = ["absence_longest_streak_60d", "absence_spells_60d"]
    recorded = result["absence_share_60d"].notna()
    result["absence_streak"] = result["absence_streak"].fillna(0)
    result.loc[recorded, counted] = result.loc[recorded, counted].fillna(0)
    return pa.Table.from_pandas(result.reset_index())


def _before(as_of: str) -> list[tuple[str, str, Any]]:
    import datetime as dt

    day = dt.date.fromisoformat(as_of)
    return [("date", "<", day), ("recorded_on", "<", day)]


def scan_pyarrow(files: dict[str, list[str]], place: Path) -> None:
    """Read columns into record batches and let go of them."""
    import pyarrow.dataset as ds

    for table, columns in files.items():
        for batch in ds.dataset(place / table, format="parquet").to_batches(columns=columns):
            del batch


def scan_duckdb(files: dict[str, list[str]], place: Path) -> None:
    """Read the same columns with DuckDB into record batches (an aggregate would be read off the footers)."""
    import duckdb as engine

    with engine.connect() as connection:
        for table, columns in files.items():
            source = f"SELECT {', '.join(columns)} FROM read_parquet('{place}/{table}/*.parquet')"  # noqa: S608
            for batch in connection.sql(source).to_arrow_reader(1 << 20):
                del batch


def scan_polars(files: dict[str, list[str]], place: Path) -> None:
    """Read the same columns with Polars, a table at a time."""
    import polars as pl

    for table, columns in files.items():
        pl.scan_parquet(place / table / "*.parquet").select(columns).collect()
