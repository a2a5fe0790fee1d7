"""What is measured of stores, a day's rows, scores, one pupil and Spark, each in its own process."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import statistics
from pathlib import Path
from typing import Any

import scale_data
from scale_parts import AS_OF, COUNTY, PROVINCE, Clock, Result, histories_of, part
from spark_cost import stage_costs, tree_seconds

CANDIDATES = ("logistic", "lightgbm")
REQUESTS = 300


@part
def province_store(data: Path) -> Result:
    """Save a million histories, load them again, and compare the size with that of the Parquet."""
    from dropout_risk.histories.histories import Histories

    _warm_append(data)
    Histories.load(data / "small-store")
    before, _ = scale_data.one_day(scale_data.province(data, PROVINCE))
    store = _store(data)
    shutil.rmtree(store, ignore_errors=True)
    histories = histories_of(before)
    clock = Clock()
    histories.save(store)
    saved = clock()
    del histories
    Histories.load(store)
    loaded = clock() - saved
    sizes = {"store_gb": _size(store), "parquet_gb": _size(before), "parquet_by_day_gb": _size_by_day(before)}
    return {"seconds": saved, "load": loaded} | sizes


def _store(data: Path) -> Path:
    return data / f"{PROVINCE}-store"


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


def _size_by_day(place: Path) -> float:
    """Give the size of the same tables with attendance in the order in which registers come in, by day."""
    import pyarrow.parquet as pq

    size = _size(place) - _size(place / "attendance")
    sorted_file = place.with_name("by-day.parquet")
    for file in sorted((place / "attendance").iterdir()):
        pq.write_table(pq.read_table(file).sort_by("date"), sorted_file, compression="zstd")
        size += sorted_file.stat().st_size / 1e9
    return size


@part
def province_append(data: Path) -> Result:
    """Append one day of a million pupils to a store: read, check, look up, write."""
    from dropout_risk.histories.store_append import append_day, known_to
    from dropout_risk.records.school_records import SchoolRecords

    _, day = scale_data.one_day(scale_data.province(data, PROVINCE))
    store = data / "append-store"
    shutil.rmtree(store, ignore_errors=True)
    shutil.copytree(_store(data), store)
    _warm_append(data)
    clock = Clock()
    records = SchoolRecords.from_folder(day, known=known_to(store))
    appended = append_day(store, records)
    seconds = clock()
    again = append_day(store, SchoolRecords.from_folder(day, known=known_to(store)))
    return {"seconds": seconds, "new": float(appended.is_new), "new_again": float(again.is_new)}


def _warm_append(data: Path) -> None:
    from dropout_risk.histories.store_append import append_day, known_to
    from dropout_risk.records.school_records import SchoolRecords

    before, day = scale_data.one_day(scale_data.province(data, 3000))
    store = data / "small-store"
    shutil.rmtree(store, ignore_errors=True)
    histories_of(before).save(store)
    append_day(store, SchoolRecords.from_folder(day, known=known_to(store)))


def _model(data: Path, candidate: str) -> Any:
    """Give a model trained once on another simulated district."""
    import dropout_risk as dr
    from dropout_risk.scoring.risk_model import RiskModel

    bundle = data / f"model-{candidate}"
    if not bundle.exists():
        settings = dr.Settings.model_validate({"models": {"candidate": candidate}})
        dr.train(dr.simulate_district(6000, 11), settings=settings, track=False).model.save(bundle)
    return RiskModel.load(bundle)


def _scored(data: Path, candidate: str, *, sentences: bool) -> Result:
    from dropout_risk.histories.histories import Histories
    from dropout_risk.scoring.bundles.scores_folder import score_to

    model = _model(data, candidate)
    out = data / "scores"
    shutil.rmtree(out, ignore_errors=True)
    score_to(model, histories_of(scale_data.province(data, 3000)), AS_OF, out, sentences=sentences)
    shutil.rmtree(out)
    histories = Histories.load(_store(data))
    clock = Clock()
    manifest = score_to(model, histories, AS_OF, out, sentences=sentences, complete=True)
    seconds = clock()
    scored = json.loads(manifest.read_text(encoding="utf-8"))["scored"]
    return {"seconds": seconds, "pupils": scored, "pupils_per_second": scored / seconds, "gb": _size(out)}


@part
def province_scores_logistic(data: Path) -> Result:
    """Score everyone of a million with risk, interval and all contributions; a logistic model."""
    return _scored(data, "logistic", sentences=False)


@part
def province_scores_lightgbm(data: Path) -> Result:
    """Score everyone of a million with risk, interval and all contributions; boosted trees."""
    return _scored(data, "lightgbm", sentences=False)


@part
def province_sentences_logistic(data: Path) -> Result:
    """Score everyone of a million with everything in words."""
    return _scored(data, "logistic", sentences=True)


@part
def one_pupil(data: Path) -> Result:
    """Turn one pupil's raw JSON into features, many times in one process."""
    body = _one_pupil_body(data)
    run = _request_to_features()
    for _ in range(20):
        run(body)
    times = []
    for _ in range(REQUESTS):
        clock = Clock()
        run(body)
        times.append(clock())
    return {"seconds": statistics.median(times), "p95": sorted(times)[int(0.95 * REQUESTS)]}


def _request_to_features() -> Any:
    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.instruments import default_instruments
    from dropout_risk.features.class_context import ClassContext
    from dropout_risk.features.compute import compute_features
    from dropout_risk.scoring.request import histories_of_request

    catalogue, instruments, context = default_catalogue(), default_instruments(), ClassContext.empty()

    def run(body: str) -> Any:
        request = json.loads(body)
        histories = histories_of_request(request, checked=True)
        return compute_features(
            histories, request["as_of"], catalogue, context=context, instruments=instruments
        )

    return run


def _one_pupil_body(data: Path) -> str:
    """Write one simulated pupil's rows as a request."""
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

    place = scale_data.province(data, 3000)
    chosen = pc.field("student_id") == 21
    pupil = ds.dataset(place / "students", format="parquet").to_table(filter=chosen).to_pylist()[0]
    pupil = {name: pupil[name] for name in pupil if name not in ("sex", "ethnicity", "birth_date")}
    for table in ("attendance", "grades", "wellbeing", "family"):
        rows = ds.dataset(place / table, format="parquet").to_table(filter=chosen).to_pylist()
        pupil[table] = [_without_gaps(row) for row in rows]
    return json.dumps({"as_of": AS_OF, "students": [_without_gaps(pupil)]}, default=dt.date.isoformat)


def _without_gaps(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None and name != "pupil"}


@part
def county_local(data: Path) -> Result:
    """Score the county on this machine, from Parquet to Parquet with everything in words."""
    from dropout_risk.scoring.bundles.scores_folder import score_to

    model, out = _model(data, "logistic"), data / "county-scores"
    shutil.rmtree(out, ignore_errors=True)
    score_to(model, histories_of(scale_data.province(data, 3000)), AS_OF, out, complete=True)
    shutil.rmtree(out)
    clock, before = Clock(), tree_seconds()
    manifest = score_to(model, histories_of(scale_data.province(data, COUNTY)), AS_OF, out, complete=True)
    cost = {"seconds": clock(), "cpu": tree_seconds() - before}
    return cost | {"pupils": json.loads(manifest.read_text(encoding="utf-8"))["scored"]}


@part
def county_spark(data: Path) -> Result:
    """Score the same county on Spark with two local cores, and count the bytes of all its shuffles."""
    from dropout_risk.spark import local_session, score

    model, place, log = _model(data, "logistic"), scale_data.province(data, COUNTY), data / "spark-events"
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir()
    logged = {
        "spark_eventLog_enabled": "true",
        "spark_eventLog_compress": "false",
        "spark_eventLog_dir": log.absolute().as_uri(),
    }
    spark = local_session(2, memory="6g", spark_sql_shuffle_partitions=16, **logged)
    tables = {folder.name: str(folder) for folder in place.iterdir() if folder.is_dir()}
    clock, before = Clock(), tree_seconds()
    written = data / "county-on-spark"
    score(spark, tables, model, AS_OF).scores.write.mode("overwrite").parquet(str(written))
    cost = {"seconds": clock(), "cpu": tree_seconds() - before}
    pupils = spark.read.parquet(str(written)).count()
    spark.stop()
    stages = stage_costs(log)
    print(*stages, sep="\n")
    return cost | {"pupils": pupils, "shuffle_mb": sum(stage["shuffle_bytes"] for stage in stages) / 1e6}
