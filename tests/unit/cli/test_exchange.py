"""``dropout-risk import`` and ``export`` say what is left out, check what they wrote, and go round."""

import json

from typer.testing import CliRunner

from dropout_risk.cli import app
from support.exchanged import FULL_ROW, NUMBER, csv_of, edfi, enrolment, event, oneroster, roll_text, roster


def run(*words):
    return CliRunner().invoke(app, list(map(str, words)))


def test_a_roll_is_imported_with_a_key_made_by_the_command(tmp_path):
    (tmp_path / "roll.csv").write_text(roll_text([FULL_ROW]), encoding="gb18030")
    made = run("import", "key", tmp_path / "keys" / "county.key")
    result = run(
        "import",
        "roll",
        tmp_path / "roll.csv",
        "--out",
        tmp_path / "out",
        "--key",
        tmp_path / "keys" / "county.key",
        "--enters",
        7,
        "--drawn-on",
        "2024-09-02",
        "--language",
        "zh",
    )

    assert (made.exit_code, result.exit_code) == (0, 0), result.output
    assert "身份证件号从不保存" in result.output
    assert "students：读取1行，使用1行" in result.output
    assert NUMBER not in result.output + (tmp_path / "out" / "students.csv").read_text("utf-8")
    checked = run("check", tmp_path / "out", "--mapping", tmp_path / "out" / "mapping.toml")
    assert checked.exit_code == 0


def test_a_roster_goes_out_and_comes_back(tmp_path):
    oneroster(tmp_path / "in", roster())
    taken = run("import", "oneroster", tmp_path / "in", "--out", tmp_path / "one")
    given = run("export", "oneroster", tmp_path / "one", "--out", tmp_path / "out.zip")
    again = run("import", "oneroster", tmp_path / "out.zip", "--out", tmp_path / "two")

    assert [result.exit_code for result in (taken, given, again)] == [0, 0, 0]
    assert "password" in taken.output
    for name in ("students.csv", "grades.csv"):
        assert (tmp_path / "one" / name).read_text("utf-8").count("\n") == (
            tmp_path / "two" / name
        ).read_text("utf-8").count("\n")


def test_events_go_out_and_the_roll_too(tmp_path):
    events = [event("p1", f"2024-09-0{day}", "In Attendance") for day in range(2, 7)]
    edfi(tmp_path / "in", events=events, enrolments=[enrolment("p1")])
    taken = run("import", "edfi", tmp_path / "in", "--out", tmp_path / "records")
    given = run("export", "edfi", tmp_path / "records", "--out", tmp_path / "events.json")
    roll = run("export", "roll", tmp_path / "records", "--out", tmp_path / "roll.csv")

    assert [result.exit_code for result in (taken, given, roll)] == [0, 0, 0]
    assert len(json.loads((tmp_path / "events.json").read_text("utf-8"))) == 5
    assert len((tmp_path / "roll.csv").read_text("utf-8-sig").splitlines()[0].split(",")) == 71


def test_an_export_that_there_is_not_is_refused_with_those_there_are(tmp_path):
    result = run("export", "onerooster", tmp_path, "--out", tmp_path / "x")

    assert result.exit_code == 2
    assert "did you mean 'oneroster'?" in result.output


def test_rows_that_cannot_be_used_make_the_exit_code_1(tmp_path):
    files = roster()
    files["enrollments"][0]["endDate"] = "2024-01-01"
    oneroster(tmp_path / "in", files)
    result = run("import", "oneroster", tmp_path / "in", "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert "DR121" in result.output


def test_made_up_records_stay_marked_as_such(tmp_path):
    oneroster(tmp_path / "in", roster())
    (tmp_path / "in" / "SYNTHETIC").touch()
    run("import", "oneroster", tmp_path / "in", "--out", tmp_path / "out")

    assert (tmp_path / "out" / "SYNTHETIC").exists()
    assert csv_of(["a"], []) == "a\r\n"
