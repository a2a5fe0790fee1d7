"""The demonstration's bundle: made again bit by bit, and never a model for real pupils by mistake."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from dropout_risk import Cohort, RiskModel, SchoolRecords, build_features
from dropout_risk.cli import app
from dropout_risk.errors import SyntheticModelError
from dropout_risk.scoring.request import score_features_request, score_request
from dropout_risk.simulate.district import simulate_tables
from support.running import running_service

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "models" / "demo"
MINUTE, MEGABYTE = 60, 1_000_000


@pytest.mark.slow
def test_the_bundle_is_made_again_bit_by_bit(tmp_path):
    subprocess.run([sys.executable, ROOT / "models/make_demo.py", tmp_path / "demo"], check=True)
    kept, made = (
        {path.name: path.read_bytes() for path in place.iterdir()} for place in (DEMO, tmp_path / "demo")
    )

    assert [name for name in kept.keys() | made.keys() if kept.get(name) != made.get(name)] == []


def test_the_bundle_is_small_and_marked():
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < MEGABYTE
    assert json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))["synthetic"] is True
    assert "SYNTHETIC DATA" in (DEMO / "card.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def district():
    return simulate_tables(60, 3, n_days=60)


@pytest.fixture(scope="module")
def folder(district, tmp_path_factory):
    """A folder of CSV files, which carry no mark."""
    place = tmp_path_factory.mktemp("records")
    for name, table in district.tables.items():
        table.to_pandas().to_csv(place / f"{name}.csv", index=False)
    return place


def unmarked(district):
    return SchoolRecords.from_tables(**{n: t.to_pandas() for n, t in district.tables.items()})


def test_marked_records_are_scored_and_all_others_are_refused(district):
    model, day = RiskModel.load(DEMO, allow_synthetic=False), district.last_day

    assert len(model.score(SchoolRecords.from_tables(**district.tables), as_of=day))
    with pytest.raises(SyntheticModelError, match="nothing marks these records as made up"):
        model.score(unmarked(district), as_of=day)
    with pytest.raises(SyntheticModelError):
        model.what_if(unmarked(district), day)
    with pytest.raises(SyntheticModelError):
        model.change(unmarked(district), day, day)


def test_features_carry_the_mark_of_their_records_and_without_it_they_are_refused(district, tmp_path):
    strict, day = RiskModel.load(DEMO, allow_synthetic=False), district.last_day
    marked, plain = (
        build_features(records, Cohort.on(records, day), strict.catalogue)
        for records in (SchoolRecords.from_tables(**district.tables), unmarked(district))
    )
    marked.to_parquet(tmp_path / "features.parquet")
    kept = [marked, marked.head(3), pd.read_parquet(tmp_path / "features.parquet"), pa.table(marked)]

    assert all(len(strict.score_features(frame)) for frame in kept)
    for frame in (plain, pd.DataFrame(marked.to_dict()), pl.from_pandas(marked)):
        with pytest.raises(SyntheticModelError):
            strict.score_features(frame)
    assert len(RiskModel.load(DEMO, allow_synthetic=True).score_features(plain))


def test_whoever_allows_it_gets_the_scores_that_marked_records_get(district):
    willing, day = RiskModel.load(DEMO, allow_synthetic=True), district.last_day
    told = [willing.score(given, as_of=day).frame() for given in
            (unmarked(district), SchoolRecords.from_tables(**district.tables))]  # fmt: skip

    assert told[0].equals(told[1])


def test_a_model_of_real_pupils_asks_for_no_mark(district):
    import dataclasses

    real = dataclasses.replace(RiskModel.load(DEMO, allow_synthetic=False), synthetic=False)

    assert len(real.score(unmarked(district), as_of=district.last_day))


def test_a_request_is_never_marked(example):
    with pytest.raises(SyntheticModelError):
        score_request(RiskModel.load(DEMO, allow_synthetic=False), example)
    with pytest.raises(SyntheticModelError):
        score_features_request(RiskModel.load(DEMO, allow_synthetic=False), {"rows": [{"features": {}}]})
    assert len(score_request(RiskModel.load(DEMO, allow_synthetic=True), example))


@pytest.mark.parametrize("out", ["scores.csv", "scores.json", "scores"])
def test_the_command_scores_unmarked_files_only_where_it_is_told_to(folder, district, tmp_path, out):
    words = [
        "score",
        str(folder),
        "--model",
        str(DEMO),
        "--as-of",
        str(district.last_day),
        "--out",
        str(tmp_path / out),
    ]
    refused = CliRunner().invoke(app, words)
    written = (tmp_path / out).exists()
    allowed = CliRunner().invoke(app, [*words, "--allow-synthetic"])

    assert refused.exit_code, refused.output
    assert isinstance(refused.exception, SystemExit | SyntheticModelError)
    assert not written
    assert allowed.exit_code == 0, allowed.output


def test_a_folder_with_the_mark_is_scored(folder, district, tmp_path):
    (folder / "SYNTHETIC").touch()
    words = [
        "score",
        str(folder),
        "--model",
        str(DEMO),
        "--as-of",
        str(district.last_day),
        "--out",
        str(tmp_path / "s.csv"),
    ]
    told = CliRunner().invoke(app, words)
    (folder / "SYNTHETIC").unlink()

    assert told.exit_code == 0, told.output


def test_the_service_starts_within_a_minute_and_refuses_until_it_is_told(example, tmp_path):
    began = time.monotonic()
    with running_service(tmp_path, DEMO, DROPOUT_RISK_ALLOW_SYNTHETIC="") as service:
        ready = time.monotonic() - began
        answers = [service.client.post("/score", json=example),
                   service.client.post("/score_features", json={"rows": [{"features": {}}]})]  # fmt: skip
    with running_service(tmp_path, DEMO) as service:
        allowed = service.client.post("/score", json=example)

    assert ready < MINUTE
    assert [answer.status_code for answer in answers] == [httpx.codes.FORBIDDEN] * 2
    assert all("DR510" in answer.text for answer in answers)
    assert allowed.status_code == httpx.codes.OK
