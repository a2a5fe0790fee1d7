import sys

import pandas as pd
import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app, options
from dropout_risk.cli import records as commands
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.store import read_state
from dropout_risk.records.days.calendar import date_of
from support.districts import tidy_tables

runner = CliRunner()


def written(folder, **tables):
    folder.mkdir()
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The records of a district up to a day, and those of that day."""
    frames, _ = tidy_tables()
    attendance = frames["attendance"]
    day = sorted(attendance["date"].unique())[-20]
    root = tmp_path_factory.mktemp("records")
    before = written(
        root / "before", students=frames["students"], attendance=attendance[attendance["date"] < day]
    )
    today = written(root / "today", attendance=attendance[attendance["date"] == day])
    return before, today, day


def run(*arguments):
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_a_store_is_built_grows_by_a_day_and_is_scored(folders, tmp_path, risk_model):
    before, today, day = folders
    store, bundle, out = tmp_path / "store", tmp_path / "bundle", tmp_path / "scores.csv"
    risk_model.save(bundle)

    assert run("store", "build", before, "--store", store)[0] == 0
    assert "appended" in run("store", "append", today, "--store", store)[1]
    assert "sent before and ignored" in run("store", "append", today, "--store", store)[1]
    assert run("store", "fold", "--store", store)[0] == 0
    assert len(read_state(store)["parts"]) == 1
    later = pd.Timestamp(day) + pd.Timedelta(days=1)
    asked = ("--as-of", later.date(), "--out", out, "--allow-synthetic")
    code, told = run("score", "--store", store, "--model", bundle, *asked)

    assert code == 0, told
    assert len(pd.read_csv(out)) == len(risk_model.score(Histories.load(store), later))


def test_scores_are_asked_of_a_folder_or_of_a_store_and_not_of_both(folders, tmp_path, risk_model):
    bundle = tmp_path / "bundle"
    risk_model.save(bundle)
    asked = ["--model", bundle, "--as-of", "2025-03-03", "--out", tmp_path / "scores.csv"]

    for given in ([], [folders[0], "--store", tmp_path]):
        code, told = run("score", *given, *asked)
        assert code == 2
        assert "not both" in told


def test_a_day_for_a_folder_without_a_store_is_an_error_that_says_so(folders, tmp_path):
    code, told = run("store", "append", folders[1], "--store", tmp_path)

    assert code == 2
    assert "holds no histories" in told


def test_a_store_is_replaced_only_where_that_is_asked_for(folders, tmp_path):
    before, today, _ = folders
    run("store", "build", before, "--store", tmp_path)
    run("store", "append", today, "--store", tmp_path)

    code, told = run("store", "build", before, "--store", tmp_path)
    assert code == 2
    assert "--replace" in told
    assert len(read_state(tmp_path)["parts"]) == 2
    assert run("store", "build", before, "--store", tmp_path, "--replace")[0] == 0
    assert len(read_state(tmp_path)["parts"]) == 1


def test_a_school_day_of_the_past_is_told_with_the_number_of_schools(folders, tmp_path):
    before, _, _ = folders
    store = tmp_path / "store"
    run("store", "build", before, "--store", store)
    school, first = Histories.load(store).calendar.schools[0], Histories.load(store).calendar.days[0, 0]
    listed = pd.DataFrame({"date": [date_of(first - 1)], "school_id": [school], "is_school_day": [True]})
    day = written(tmp_path / "day", calendar=listed)

    assert "1 school(s) got a school day that has passed" in run("store", "append", day, "--store", store)[1]


def test_on_a_terminal_nothing_long_is_done_in_silence(folders, tmp_path, monkeypatch, capsys):
    before, today, _ = folders
    with monkeypatch.context() as patch:
        patch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        commands.build(before, tmp_path)
        commands.append(today, tmp_path)
        commands.fold(tmp_path)
        options.read_source(None, tmp_path, None, None)
    told = capsys.readouterr()

    for word in ("packing", "saving", "appending", "folding", "loading the store"):
        assert word in told.err
        assert word not in told.out
    commands.fold(tmp_path)
    assert capsys.readouterr().err == ""
