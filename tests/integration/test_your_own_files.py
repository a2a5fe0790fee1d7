"""The how-to on a school's own files shows what its commands print."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dropout_risk.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "your-own-files.md"
BLOCK = re.compile(
    r'^```(\w+)(?: title="(.+?)")?(?: encoding="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL
)
PARTS = PAGE.read_text(encoding="utf-8").split("\n## ")[1:]


def printed_by(commands):
    """What the commands of a block print."""
    said = ""
    for command in commands.strip().splitlines():
        result = CliRunner().invoke(app, shlex.split(command.removeprefix("dropout-risk ")))
        assert result.exit_code in (0, 1, 2), command
        said += result.output
    return said


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.splitlines()[0])
def test_the_page_shows_what_its_commands_print(part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = ""
    for kind, title, encoding, text in BLOCK.findall(part):
        if kind == "sh":
            said = printed_by(text)
        elif kind == "text":
            assert said == text
        else:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(text, encoding=encoding or "utf-8")


def test_the_page_shows_ten_troubles():
    assert sum(bool(re.match(r"\d+\. ", part)) for part in PARTS) == 10
