"""What a Chinese reader sees of a small district: pages, cards, files and printed lines, all in Chinese."""

from __future__ import annotations

import re

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.cli import app
from dropout_risk.evaluation.report import EvaluationReport
from dropout_risk.features.cohort import histories_of
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.simulate.district import simulate_tables
from dropout_risk.tracking.run_content import report_artefacts
from support.confidential import AS_OF, district, pages_and_files, routes
from support.left_words import left_words, shown_text

READERS = [name for name, role in ROLES.items() if role.names and role.staff]
NAMES = {
    "dropout_risk": "the model and the library", "dropout-risk": "the command", "sha": "a digest",
    "AUC": "a measure", "ROC": "a curve", "Brier": "a measure", "ABC": "a rule", "FNR": "a measure",
    "FPR": "a measure", "p": "a probability in a formula", "ln": "a logarithm", "Holm": "a correction",
    "LightGBM": "a library",
}  # fmt: skip
"""Words in letters that a Chinese page holds, with what they name."""
IDS = re.compile(r"\b[pst]-\d[\d-]*|\b\d[\d-]*-[0-9a-f]{8}\b|\b[0-9a-f]{40,64}\b")
FILES = re.compile(r"[\w/.-]+\.(csv|html|toml|json|parquet|md)\b|(/[\w.-]+){2,}")
LETTERS = re.compile(r"[A-Za-z][A-Za-z_.-]*")
ODD = re.compile(r"[，。；：、]{2,}|。）|（）|\(\)|：\s*$|\bnan\b|\bNone\b|\{\w*\}", re.MULTILINE)
"""Two marks in a row, empty brackets, and what was left unfilled."""


def stray(text: str, allowed: set[str] = frozenset()) -> set[str]:
    """Give the words in letters that are no names."""
    codes = {part for code in default_instruments() for part in LETTERS.findall(code)}
    told = FILES.sub(" ", IDS.sub(" ", text))
    return set(LETTERS.findall(told)) - NAMES.keys() - codes - allowed


@pytest.fixture(scope="module")
def histories():
    return histories_of(district())


@pytest.fixture(scope="module")
def shown(risk_model, histories, tmp_path_factory):
    """Everything of a morning as each reader sees it, but what only programs read."""
    found = {}
    for name in READERS:
        folder = tmp_path_factory.mktemp(name)
        review, texts, models = pages_and_files(risk_model, histories, ROLES[name], "zh", folder)
        ways = texts | models | routes(risk_model, histories, review, ROLES[name], "zh")
        for way, text in ways.items():
            if not way.endswith((".json", "readers.csv")):
                body = text.partition("\n")[2] if way.endswith((".html", ".csv")) else text
                found[f"{name} {way}"] = shown_text(body)
    return found


def test_no_page_and_no_file_holds_a_word_in_letters_that_is_no_name(shown):
    assert len(shown) > 100
    assert {way: words for way, text in shown.items() if (words := stray(text))} == {}


def test_no_page_and_no_file_holds_a_word_that_gave_way_to_another(shown):
    allowed = ("对数几率", "理由")  # the report, on the model's page, explains them
    found = {
        way: [word for word in left_words(text) if "model" not in way or not word.startswith(allowed)]
        for way, text in shown.items()
    }
    assert {way: words for way, words in found.items() if words} == {}


def test_no_page_and_no_file_holds_two_marks_in_a_row_or_an_empty_bracket(shown):
    pages = {way: text for way, text in shown.items() if not way.endswith(".csv")}
    found = {way: ODD.findall(text) for way, text in pages.items()}
    assert {way: marks for way, marks in found.items() if any(mark.strip() for mark in marks)} == {}


def test_the_card_and_the_report_hold_no_word_in_letters_that_is_no_name(risk_model):
    report = EvaluationReport.from_dict(risk_model.metrics)
    texts = {
        name: text.decode() if isinstance(text, bytes) else text
        for name, text in report_artefacts(report, risk_model.card).items()
        if name.rpartition("/")[2] in {"card.zh.md", "report.zh.md", "card.zh.html"}
    }
    assert len(texts) > 1
    assert {name: words for name, text in texts.items() if (words := stray(shown_text(text)))} == {}


# --- what the commands print ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """A folder of a district's records in which a row cannot be used."""
    folder = tmp_path_factory.mktemp("records")
    simulated = simulate_tables(60, 11)
    for name, table in simulated.tables.items():
        pq.write_table(table, folder / f"{name}.parquet")
    marks = simulated.tables["grades"].to_pandas()
    marks["student_id"] = ["p-nobody", *marks["student_id"].astype(str)[1:]]
    marks.to_parquet(folder / "grades.parquet")
    return folder


TABLES = {"students", "attendance", "grades", "wellbeing", "family", "outcomes", "calendar"}


@pytest.mark.parametrize("command", ["check", "watchlist", "score"])
def test_what_a_command_prints_in_chinese_holds_no_english_sentence(command, records, bundle, tmp_path):
    out = {"watchlist": tmp_path / "list", "score": tmp_path / "scores.csv"}.get(command)
    model = [] if out is None else ["--model", str(bundle), "--as-of", AS_OF, "--out", str(out)]
    run = CliRunner().invoke(app, [command, str(records), *model, "--language", "zh"])
    assert run.exit_code == (1 if command == "check" else 0), run.output
    assert "未使用" in run.output
    printed = run.output.replace(str(tmp_path), " ").replace(str(records), " ")
    assert stray(re.sub(r"\[DR\d+\]|\w+\.\w+_id\b", "", printed), TABLES) == set()
    assert left_words(printed) == []


def test_a_stray_key_is_found():
    assert stray("风险 elevated，PHQ-9，p-000123，watch-list.csv") == {"elevated"}
