"""The Python of pages that build on something that is already there runs, and no page is left out."""

import datetime as dt
import re
from pathlib import Path

import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk import client as client_module
from dropout_risk.casebook import Book
from dropout_risk.errors import RefusedReplyError

ROOT = Path(__file__).parents[2]
QUICK = {
    "models": {"candidate": "logistic", "folds": 2},
    "evaluation": {"refits": 0, "learning_curve": False, "replicates": 100},
}


def python_of(page):
    """The Python of a page of docs/, as one text."""
    return "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text("utf-8"), re.DOTALL))


@pytest.fixture(scope="module")
def records():
    return dr.simulate_district(n_students=400, seed=3)


@pytest.fixture
def labelled(records):
    cohort = dr.Cohort.on(records, "2025-06-03").with_labels(records, horizon_days=90)
    return dr.build_features(records, cohort), cohort.labels


def test_the_page_on_uncertainty_recalibrates_by_labels_and_by_a_rate(risk_model, labelled):
    X, y = labelled
    names = {"model": risk_model, "X": X, "y": y}
    exec(python_of("explanation/uncertainty.md"), names)  # noqa: S102

    assert names["moved"].version != risk_model.version


def test_the_page_on_roles_folds_what_a_parent_may_not_read(risk_model, records):
    code = python_of("how-to/roles.md")
    names = {"model": risk_model, "records": records}
    exec(code.replace("model.redact", "told = model.redact"), names)  # noqa: S102

    assert len(names["told"]) == len(names["scores"])
    assert "psychology" not in {reason.domain for pupil in names["told"].pupils for reason in pupil.raising}


@pytest.mark.slow
def test_the_page_on_learning_holds_reasons_against_the_book_and_trains_without_who_was_helped(
    risk_model, records, labelled, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    Book.open("sqlite:///casebook.db", create=True)
    X, y = labelled
    rows = pd.DataFrame({
        "student_id": X.index.get_level_values("student_id"), "as_of": X.index.get_level_values("as_of"),
        "risk": [pupil.risk for pupil in risk_model.score_features(X).pupils], "dropped_out": y.to_numpy(),
    })  # fmt: skip
    names = {"model": risk_model, "records": records, "mornings": [dt.date(2025, 6, 3)], "rows": rows}
    code = python_of("how-to/learning.md").replace("helped=helped)", "helped=helped, settings=settings)")
    names["settings"] = dr.Settings(**QUICK)
    exec(code, names)  # noqa: S102
    assert names["table"].counts.to_numpy().sum() == 0  # nobody has been met in an empty book
    assert names["run"].model.version != risk_model.version


def test_the_page_on_the_service_asks_it_by_its_client(client, example, monkeypatch):
    class Client(client_module.ScoringClient):
        def __init__(self, url, *, key):
            super().__init__("http://testserver", transport=client._transport)

    monkeypatch.setattr(client_module, "ScoringClient", Client)
    names = {"students": example["students"]}
    with pytest.raises(RefusedReplyError, match="DR625"):  # of a change only a service with a store can tell
        exec(python_of("how-to/serve.md"), names)  # noqa: S102
    assert len(names["reply"]["results"]) == len(example["students"])


def test_every_page_with_python_is_run_by_some_test():
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py"))
    pages = [page for page in (ROOT / "docs").rglob("*.md") if "```python\n" in page.read_text("utf-8")]

    assert [page.name for page in pages if page.name not in tests] == []
