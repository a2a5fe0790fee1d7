"""The commands on what a case book teaches."""

import datetime as dt
import json

import pytest
import typer
from typer.testing import CliRunner

from dropout_risk.casebook.lessons.feedback import write_feedback
from dropout_risk.casebook.lessons.trial import declared_trials
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.cli import learning
from dropout_risk.errors import CaseBookError, DropoutRiskError, TrialError
from support.casebook_county import County, open_book

app = typer.Typer()
for command in (learning.feedback, learning.learned, learning.trial):
    app.command()(command)


@pytest.fixture
def url(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address = f"sqlite:///{tmp_path}/casebook.db"
    book = open_book(address, NoteKeys.new())
    county = County(pupils=40)
    county.work(book, 6)
    day = county.school_days(6)[-1]
    for case in book.cases():
        if case.line == "school" and case.state != "closed":
            write_feedback(book, case, {"absence_share_20d": "right"}, run="1.0", day=day, by="t", today=day)
    book.close()
    return address


def run(*words):
    result = CliRunner().invoke(app, list(words))
    if isinstance(result.exception, DropoutRiskError):
        raise result.exception
    return result.output


def test_feedback_is_counted_and_logged_once(url):
    assert "1 new run" in run("feedback", "--book", url, "--language", "en")
    assert "新记录0次运行" in run("feedback", "--book", url)


def test_the_report_is_told_and_written(url, tmp_path):
    (tmp_path / "outcomes.csv").write_text(
        "student_id,date,event\np-1,2025-09-08,dropout\np-2,2025-09-08,transferred\n"
    )
    told = run(
        "learned", "--book", url, "--leavers", "outcomes.csv", "--out", "learned.json", "--language", "en"
    )
    tables = json.loads((tmp_path / "learned.json").read_text(encoding="utf-8"))

    assert "no effect" in told
    assert {row["by"] for row in tables["contact"]} == {"all", "school", "level"}


def test_a_trial_is_declared_from_a_file(url, tmp_path):
    begins = dt.date.today() + dt.timedelta(5)
    (tmp_path / "trial.toml").write_text(
        f'name = "order"\nkind = "random_order"\nsubject = "listed"\nquestion = "days absent"\n'
        f"begins = {begins}\nuntil = {begins + dt.timedelta(60)}\nseed = 7\n",
        encoding="utf-8",
    )
    assert "order" in run("trial", "trial.toml", "--by", "k", "--book", url)
    assert [each.name for each in declared_trials(open_book(url))] == ["order"]
    (tmp_path / "none.toml").write_text("=", encoding="utf-8")
    with pytest.raises(TrialError, match="not TOML"):
        run("trial", "none.toml", "--by", "k", "--book", url)


@pytest.mark.parametrize("command", ["feedback", "learned"])
def test_a_book_that_is_not_there_is_named_and_not_begun(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CaseBookError):
        run(command, "--book", f"sqlite:///{tmp_path}/none.db")
