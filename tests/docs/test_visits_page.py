"""What the page on visits shows runs as it stands there."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs/how-to/visits.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_on_visits_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})  # noqa: S102
    told = capsys.readouterr().out

    assert "left out: c-104 nobody who may go" in told
    assert "0 filled in; rows that are not: (2, 3, 4)" in told
    assert {path.name for path in tmp_path.iterdir()} == {"visits.html", "visits.ics", "visits.csv"}
