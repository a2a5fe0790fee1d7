import json
import stat
import sys

import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import dropout_risk as dr
from dropout_risk.cli import app
from dropout_risk.cli.options import progress_bar
from dropout_risk.scoring.score_rows import pupil_scores
from dropout_risk.simulate.district import simulate_tables
from dropout_risk.watchlist.scores_table import ScoresTable, scores_frame

AS_OF = "2025-06-02"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("records")
    for name, table in simulate_tables(150, 4, n_days=200).tables.items():
        pq.write_table(table, place / f"{name}.parquet")
    return place


@pytest.fixture(scope="module")
def scores(risk_model, folder):
    return risk_model.score(dr.SchoolRecords.from_folder(folder), AS_OF, language="en")


def score(folder, bundle, out, *words):
    given = ["score", folder, "--model", bundle, "--as-of", AS_OF, "--language", "en", "--out", out, *words]
    return CliRunner().invoke(app, [str(word) for word in given])


@pytest.mark.parametrize("block_size", [7, 40, 1000])
def test_a_table_made_by_blocks_is_the_table_of_all_scores(risk_model, folder, scores, block_size):
    histories = dr.Histories.from_records(dr.SchoolRecords.from_folder(folder))
    table = ScoresTable.of(risk_model, histories, AS_OF, language="en", block_size=block_size)
    assert len(table) == len(scores)
    assert table.rows.to_pandas().to_csv() == scores_frame(scores).to_csv()


def test_a_folder_holds_every_pupil_and_a_second_run_writes_nothing(folder, bundle, scores, tmp_path):
    out = tmp_path / "scores"
    first = score(folder, bundle, out)
    assert first.exit_code == 0, first.output
    assert f"{len(scores)} pupils scored, 0 could not be" in first.output
    assert stat.S_IMODE((out / "part-00000.parquet").stat().st_mode) == 0o600
    written = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert score(folder, bundle, out).exit_code == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")} == written
    assert json.loads((out / "_manifest.json").read_text())["finished"]


def test_only_a_complete_folder_holds_the_replies(folder, bundle, scores, tmp_path):
    assert score(folder, bundle, tmp_path / "all", "--complete").exit_code == 0
    found = pupil_scores(pq.read_table(tmp_path / "all" / "part-00000.parquet"))
    assert {pupil.student_id: pupil for pupil in found} == {p.student_id: p for p in scores.pupils}
    refused = score(folder, bundle, tmp_path / "scores.csv", "--complete")
    assert refused.exit_code == 2
    assert "DR302" in refused.output


def test_a_reply_for_a_role_holds_what_the_role_may_see(folder, bundle, scores, tmp_path):
    out = tmp_path / "scores.json"
    assert score(folder, bundle, out, "--role", "parent").exit_code == 0
    results = json.loads(out.read_text(encoding="utf-8"))["results"]

    assert len(results) == len(scores.pupils)
    assert {name for result in results for name in result["domains"]} == {"attendance", "other"}


@pytest.mark.parametrize(("name", "role"), [("scores.json", "parents"), ("scores.csv", "parent")])
def test_an_unknown_role_or_another_file_is_refused_before_anything_is_written(
    folder, bundle, tmp_path, name, role
):
    refused = score(folder, bundle, tmp_path / name, "--role", role)

    assert refused.exit_code == 2
    assert "parent" in refused.output or "class teacher" in refused.output
    assert not (tmp_path / name).exists()


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch, capsys):
    with progress_bar("scoring") as tell:
        assert tell is None
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_bar("scoring") as tell:
        tell(5, 10)
    told = capsys.readouterr()
    assert "5/10" in told.err
    assert told.out == ""


def test_the_csv_opens_in_the_order_of_risk(folder, bundle, scores, tmp_path):
    assert score(folder, bundle, tmp_path / "scores.csv").exit_code == 0
    frame = pd.read_csv(tmp_path / "scores.csv", encoding="utf-8-sig")
    assert frame["risk"].is_monotonic_decreasing
    assert frame["rank_in_school"].min() == 1
    assert len(frame) == len(scores)


def watchlist(folder, bundle, out, *words):
    given = ["watchlist", folder, "--model", bundle, "--as-of", AS_OF, "--out", out, *words]
    return CliRunner().invoke(app, [str(word) for word in given])


def test_by_reader_writes_a_folder_for_each_person_and_a_table_of_them(folder, bundle, tmp_path):
    made = watchlist(folder, bundle, tmp_path, "--by-reader", "--language", "en")
    assert made.exit_code == 0, made.output
    readers = pd.read_csv(tmp_path / "readers.csv")
    assert {path.name for path in tmp_path.iterdir()} == {*readers["folder"], "readers.csv"}
    assert f"{readers['pupils'].sum()} pupils: " in made.output
    for name in readers["folder"]:
        assert {"index.html", "watch-list.csv", "state.json"} <= {
            path.name for path in (tmp_path / name).iterdir()
        }


def test_a_list_of_a_scope_holds_its_pupils_only_and_a_wrong_one_is_refused(folder, bundle, tmp_path):
    made = watchlist(folder, bundle, tmp_path / "one", "--school", "s-001")
    assert made.exit_code == 0, made.output
    assert set(pd.read_csv(tmp_path / "one" / "watch-list.csv").iloc[:, 0]) == {"s-001"}
    for words, said in (
        (["--class", "2"], "one of a school"),
        (["--school", "s-01"], "did you mean 's-001'"),
    ):
        refused = watchlist(folder, bundle, tmp_path / "two", *words)
        assert refused.exit_code != 0
        assert said in f"{refused.output} {refused.exception} {getattr(refused.exception, 'hint', '')}"
    assert not (tmp_path / "two").exists()
