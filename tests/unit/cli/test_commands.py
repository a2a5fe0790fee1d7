import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.simulate.district import simulate_tables

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("records")
    for name, table in simulate_tables(250, 4, n_days=200).tables.items():
        pq.write_table(table, place / f"{name}.parquet")
    return place


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    place = tmp_path_factory.mktemp("dirty")
    (place / "students.csv").write_text("student_id,school_id,class_id,grade_level\n1,s,c,8\n2,s,c,8\n")
    (place / "attendance.csv").write_text(
        "student_id,date,status\n1,2025-03-03,absent\n1,2025-03-04,secretword\n9,2025-03-04,present\n"
    )
    return place


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_clean_records_check_with_exit_code_0(folder):
    assert run("check", folder).exit_code == 0


def test_dirty_records_are_counted_and_written_to_a_file_with_their_reason(dirty, tmp_path):
    result = run("check", dirty, "--quarantine", tmp_path / "apart.csv")

    assert result.exit_code == 1
    assert "attendance: 3 read, 1 used, 2 set apart" in result.output
    assert "secretword" not in result.output
    assert set(pd.read_csv(tmp_path / "apart.csv")["rule"]) == {"DR107", "DR114"}


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_scores_are_written_in_each_form(folder, bundle, tmp_path, suffix):
    out = tmp_path / f"scores{suffix}"
    result = run("score", folder, "--model", bundle, "--as-of", AS_OF, "--out", out)
    read = {
        ".csv": pd.read_csv,
        ".parquet": pd.read_parquet,
        ".json": lambda path: json.loads(path.read_text())["results"],
    }

    assert result.exit_code == 0
    assert len(read[suffix](out)) > 100
    assert list(tmp_path.iterdir()) == [out]


def test_the_watch_list_of_the_next_morning_knows_the_one_before(folder, bundle, tmp_path):
    first = run(
        "watchlist", folder, "--model", bundle, "--as-of", "2025-05-28", "--out", tmp_path, "--language", "en"
    )
    second = run(
        "watchlist", folder, "--model", bundle, "--as-of", AS_OF, "--out", tmp_path, "--language", "en"
    )
    status = pd.read_csv(tmp_path / "watch-list.csv")["status"].dropna()

    assert first.exit_code == second.exit_code == 0
    assert "Watch list" in (tmp_path / "index.html").read_text(encoding="utf-8")
    assert (status != "new").any()


def test_a_model_that_is_not_there_is_an_error_in_words_and_not_a_traceback(folder, tmp_path):
    result = run("score", folder, "--model", tmp_path, "--as-of", AS_OF, "--out", tmp_path / "scores.csv")

    assert result.exit_code == 2
    assert "DR501" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_form_of_scores_is_refused_before_any_work(folder, bundle, tmp_path):
    result = run("score", folder, "--model", bundle, "--as-of", AS_OF, "--out", tmp_path / "scores.xlsx")

    assert result.exit_code == 2
    assert "allowed: .csv, .parquet, .json" in result.output


@pytest.mark.parametrize(("language", "word"), [("en", "Disengagement"), ("zh", "缺课")])
def test_the_catalogue_is_printed_in_either_language(language, word):
    result = run("catalogue", "--language", language, "--markdown")

    assert result.exit_code == 0
    assert "absence_share_20d" in result.output
    assert word in result.output


def test_the_report_of_a_bundle_stands_beside_its_baselines(bundle):
    result = run("report", bundle)

    assert result.exit_code == 0
    assert all(
        name in result.output for name in ("Base rate", "Last mark", "ABC rule", "School only", "SYNTHETIC")
    )


def test_training_writes_a_bundle_that_loads(tmp_path):
    for name, table in simulate_tables(600, 4, n_days=250).tables.items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    settings = tmp_path / "settings.toml"
    settings.write_text(
        "[outcome]\nhorizon_days = 40\n[split]\nfewest_dropouts = 20\n"
        '[models]\ncandidate = "logistic"\nfolds = 2\n'
        "[evaluation]\nrefits = 0\nlearning_curve = false\n"
    )
    result = run("train", tmp_path, "--out", tmp_path / "model", "--settings", settings, "--no-track")

    assert result.exit_code == 0
    assert RiskModel.load(tmp_path / "model").settings.outcome.horizon_days == 40


def test_too_few_dropouts_are_refused_and_nothing_is_written(folder, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text("[outcome]\nhorizon_days = 5\n")
    result = run("train", folder, "--out", tmp_path / "model", "--settings", settings, "--no-track")

    assert result.exit_code == 2
    assert "DR413" in result.output
    assert not (tmp_path / "model").exists()


def test_the_check_speaks_chinese_too(dirty, tmp_path):
    result = run("check", dirty, "--quarantine", tmp_path / "apart.csv", "--language", "zh")

    assert "attendance：读取3行，使用1行，未使用2行" in result.output
    assert "处理办法" in result.output


def test_words_that_no_feature_reads_are_counted_and_not_repeated(tmp_path):
    (tmp_path / "students.csv").write_text("student_id,school_id,class_id,grade_level\n1,s,c,8\n")
    (tmp_path / "family.csv").write_text(
        "student_id,factor,valid_from\n1,secretword,2024-01-01\n1,orphan,2024-01-01\n"
    )
    result = run("check", tmp_path)

    assert "family.factor: 1 of 2 word(s)" in result.output
    assert "secretword" not in result.output


def test_a_counsellors_pages_are_asked_for_by_role_and_an_unknown_role_is_refused(folder, bundle, tmp_path):
    known = ("watchlist", folder, "--model", bundle, "--as-of", AS_OF, "--out", tmp_path, "--language", "en")
    refused = run(*known, "--role", "councellor")
    assert refused.exit_code == 2
    assert "did you mean 'counsellor'" in refused.output
    assert list(tmp_path.iterdir()) == []
    assert run(*known, "--role", "counsellor").exit_code == 0
    page = next(tmp_path.glob("pupil-*.html")).read_text(encoding="utf-8")
    assert "This page is for: Counsellor" in page


def test_a_list_of_a_date_long_after_the_last_record_says_so(folder, bundle, tmp_path):
    late = ("watchlist", folder, "--model", bundle, "--as-of", "2025-10-15", "--out", tmp_path / "late")
    late = (*late, "--language", "en")

    assert "what happened since is on no list" in run(*late).output


def test_a_watch_list_from_a_store_is_that_of_the_records(folder, bundle, tmp_path):
    assert run("store", "build", folder, "--store", tmp_path / "store").exit_code == 0
    for name, source in (("records", [folder]), ("stored", ["--store", tmp_path / "store"])):
        made = run("watchlist", *source, "--model", bundle, "--as-of", AS_OF, "--out", tmp_path / name)
        assert made.exit_code == 0, made.output
    lists = [(tmp_path / name / "watch-list.csv").read_bytes() for name in ("records", "stored")]

    assert lists[0] == lists[1]
