"""The how-to on keeping a store does what it says."""

import re
import shlex
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from typer.testing import CliRunner

import dropout_risk as dr
from dropout_risk.cli import app
from dropout_risk.simulate.district import simulate_tables

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "keep-a-store.md").read_text(encoding="utf-8")
TODAY = "2025-03-03"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)


def write_folders(place):
    """Split a district into what was known before a day, and the rows that arrived on it."""
    for name, table in simulate_tables(120, seed=3, n_days=140).tables.items():
        known = (
            table["recorded_on" if "recorded_on" in table.column_names else "date"]
            if name != "students"
            else None
        )
        arrived = [False] * len(table) if known is None or name == "calendar" else None
        mask = (
            pc.greater_equal(known, pc.strptime(TODAY, "%Y-%m-%d", "s").cast("date32"))
            if arrived is None
            else arrived
        )
        for folder, rows in (
            ("records", table.filter(pc.invert(mask) if arrived is None else [True] * len(table))),
            ("today", table.filter(mask)),
        ):
            if len(rows):
                (place / folder).mkdir(exist_ok=True)
                pq.write_table(rows, place / folder / f"{name}.parquet")


def test_the_commands_and_the_python_of_the_page_give_the_scores_of_all_records(
    tmp_path, monkeypatch, risk_model
):
    write_folders(tmp_path)
    monkeypatch.chdir(tmp_path)
    risk_model.save("models/county")
    for line in blocks("sh")[0].splitlines():
        command = shlex.split(line, comments=True)
        result = CliRunner().invoke(app, command[1:])
        assert result.exit_code == 0, result.output
    named = {"model": risk_model}
    exec(blocks("python")[0].replace('"county"', '"again"'), named)  # noqa: S102
    stored = risk_model.score(dr.Histories.load("county"), "2025-03-04")
    assert named["scores"].frame().equals(stored.frame())
    folder = pq.read_table("scores", columns=["student_id", "risk"]).to_pydict()
    assert dict(zip(folder["student_id"], folder["risk"], strict=True)) == {
        pupil.student_id: pupil.risk for pupil in stored.pupils
    }
