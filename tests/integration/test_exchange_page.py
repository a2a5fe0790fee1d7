"""The how-to on other systems shows what its commands print."""

import re
import shlex
from pathlib import Path

from typer.testing import CliRunner

from dropout_risk.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "exchange.md"
BLOCK = re.compile(
    r'^```(\w+)(?: title="(.+?)")?(?: encoding="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL
)


def test_the_page_shows_what_its_commands_print(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = ""
    for kind, title, encoding, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "sh":
            result = CliRunner().invoke(app, shlex.split(text.removeprefix("dropout-risk ")))
            said = result.output
        elif kind == "python":
            exec(text, {})  # noqa: S102
        elif kind == "text":
            assert said == text
        else:
            Path(title).parent.mkdir(parents=True, exist_ok=True)
            Path(title).write_text(text, encoding=encoding or "utf-8")


def test_every_command_that_the_page_names_is_one():
    named = set(re.findall(r"dropout-risk (import|export) (\w+)", PAGE.read_text(encoding="utf-8")))

    for command, kind in named:
        asked = ["--help"] if command == "export" else [kind, "--help"]
        assert CliRunner().invoke(app, [command, *asked]).exit_code == 0
    assert {kind for _, kind in named} == {"key", "roll", "oneroster", "edfi"}
