"""``dropout-risk map`` writes a mapping whole, takes the place of none, and speaks both languages."""

import tomllib

from typer.testing import CliRunner

from dropout_risk.cli import app


def run(*words):
    return CliRunner().invoke(app, ["map", *map(str, words)])


def files(folder):
    folder.mkdir()
    text = "Student Number,School Name,Homeroom,Grade Level\nP1,Lake,8A,8\nP2,Lake,8A,8\n"
    (folder / "roster.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_mapping_is_written_and_the_check_shown(tmp_path):
    out = tmp_path / "mapping.toml"
    result = run(files(tmp_path / "given"), "--out", out)

    assert result.exit_code == 0
    assert "students: 2 read, 2 used, 0 set apart" in result.output
    assert tomllib.loads(out.read_text("utf-8"))["tables"] == {"roster": "students"}


def test_a_mapping_that_is_there_is_kept_without_force(tmp_path):
    out = tmp_path / "mapping.toml"
    out.write_text("mine", encoding="utf-8")
    folder = files(tmp_path / "given")

    assert run(folder, "--out", out).exit_code != 0
    assert out.read_text("utf-8") == "mine"
    assert run(folder, "--out", out, "--force").exit_code == 0
    assert "students" in out.read_text("utf-8")


def test_it_speaks_chinese(tmp_path):
    result = run(files(tmp_path / "given"), "--out", tmp_path / "m.toml", "--language", "zh")

    assert "按此映射检查" in result.output
    assert "很可能" in (tmp_path / "m.toml").read_text("utf-8")


def test_nothing_is_written_where_nothing_can_be_read(tmp_path):
    (tmp_path / "given").mkdir()

    assert run(tmp_path / "given", "--out", tmp_path / "m.toml").exit_code != 0
    assert not (tmp_path / "m.toml").exists()
