"""The commands that write ledgers and reports, with the words of their page."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.mornings.morning import MorningFacts, run_morning
from dropout_risk.casebook.people import Placed
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.cli import ledgers
from dropout_risk.errors import CaseBookError, DateError, RecordsError
from dropout_risk.exchange.pseudonyms import Pseudonyms, make_key
from support.ledger_county import THIRD, lived_book, write_roll

PAGE = (Path(__file__).parents[3] / "docs/how-to/ledgers.md").read_text(encoding="utf-8")
app = typer.Typer()
app.command("ledgers")(ledgers.ledgers)
app.command("month")(ledgers.month)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lived_book("sqlite:///casebook.db").close()
    write_roll(tmp_path)
    for name in ("户籍", "学籍", "脱贫户"):
        (tmp_path / f"{name}.csv").write_text("学籍号,姓名\nweek,甲\nweek,甲\nelse,乙\n", encoding="utf-8")
    return tmp_path


def run(line):
    return CliRunner().invoke(app, shlex.split(line))


def test_the_commands_of_the_page_run(folder):
    text = (
        "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
        .replace("\\\n", "")
        .replace(".xlsx", ".csv")
    )
    lines = re.findall(r"dropout-risk casebook (.*)", text)
    for line in lines:
        result = run(line)
        assert result.exit_code == 0, result.output

    assert len(lines) == 3
    assert {path.name for path in (folder / "ledgers").glob("*.xlsx")} == {
        "适龄儿童台账.xlsx", "疑似辍学学生台账.xlsx", "辍学学生台账.xlsx", "劝返记录.xlsx",
        "村级劝返台账.xlsx", "控辍保学月报 2025-09.xlsx", "四查三比对.xlsx", "名单待核对.xlsx",
    }  # fmt: skip


def test_the_python_of_the_page_runs(folder):
    scope = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], scope)  # noqa: S102

    assert scope["counts"]["疑似辍学学生台账"] == 2


def test_it_says_how_many_rows_there_are_and_who_is_on_no_list_and_names_nobody(folder):
    said = run("ledgers --day 2025-09-17 --out out --roll roll.csv --poor 脱贫户.csv").output

    assert "疑似辍学学生台账：2行" in said
    assert "名册中没有的学生：3人" in said
    assert "脱贫户：1行有问题，第一处：脱贫户.csv 第2行" in said
    for secret in ("week", "甲", "110101", "=1+1"):
        assert secret not in said


def test_in_english_files_and_words_are_english(folder):
    said = run("ledgers --day 2025-09-17 --out out --language en").output

    assert "suspected dropouts: 2 row(s)" in said
    assert Path("out/suspected dropouts.xlsx").exists()


def test_for_a_person_only_the_own_pupils_are_written(folder):
    said = run("ledgers --day 2025-09-17 --out out --for head-2").output

    assert "适龄儿童台账：2行" in said
    assert "辍学学生台账：0行" in said


def test_the_steps_come_from_the_settings(folder):
    Path("county.toml").write_text("[cases]\nprincipal_days = 6\n")
    said = run("ledgers --day 2025-09-17 --out out --settings county.toml").output

    assert "疑似辍学学生台账：0行" in said


def test_a_day_that_is_none_and_a_book_that_is_not_there_are_named(folder):
    assert isinstance(run("ledgers --day 17.9. --out out").exception, DateError)
    missing = run("month --month 2025-09 --book sqlite:///other.db --out out")
    assert isinstance(missing.exception, CaseBookError)
    assert not Path("out").exists()


def test_the_report_of_one_school_has_one_row_and_the_sum(folder):
    result = run("month --month 2025-09 --out out --school s-2")
    text = Path("out/控辍保学月报 2025-09.csv").read_text(encoding="utf-8-sig")

    assert result.exit_code == 0
    assert [line.split(",")[0] for line in text.splitlines()] == ["学校", "s-2", "合计"]


def test_with_the_key_a_list_of_identity_numbers_names_pseudonyms(folder, tmp_path):
    number = "11010120110405001X"
    key = make_key(tmp_path / "keys/pupils.key")
    pseudonym = Pseudonyms.from_file(key).of_number(number)
    book = Book.open("sqlite:///keyed.db")
    pupil = Placed(pseudonym, "s-1", "s-1/8/1")
    run_morning(book, MorningFacts(THIRD, [pupil], SchoolDaysAhead()))
    Path("numbers.csv").write_text(f"身份证件号,姓名\n{number},甲\n", encoding="utf-8")
    line = "ledgers --book sqlite:///keyed.db --day 2025-09-17 --out out --roll numbers.csv"

    assert isinstance(run(line).exception, RecordsError)
    assert run(f"{line} --key keys/pupils.key").exit_code == 0
    rows = Path("out/适龄儿童台账.csv").read_text(encoding="utf-8-sig")
    assert f"甲,,,{number}" in rows
    assert pseudonym not in rows
