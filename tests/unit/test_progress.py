"""Progress: a line on a terminal after a second, nothing anywhere else, and never two at once."""

import io
import os
import subprocess
import sys
import types

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk import RiskClassifier, progress
from dropout_risk.modelling import classifier as classifier_module


class Terminal(io.StringIO):
    def isatty(self):
        return True


def drawn_on(monkeypatch, terminal):
    """Take it for the error stream, without patience; pytest puts its own back before each test."""
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr(progress, "PACE", 0.0)
    return terminal


def test_a_line_counts_on_a_terminal_and_is_gone_at_the_end(monkeypatch):
    drawn = drawn_on(monkeypatch, Terminal())
    with progress.progress_line("pupils scored") as tell:
        tell(1_000, 20_000)

    assert "pupils scored: 1,000 of 20,000" in drawn.getvalue()
    assert drawn.getvalue().endswith("\r\x1b[K")


def test_in_a_notebook_the_line_is_one_output_that_is_drawn_over_and_empty_at_the_end(monkeypatch):
    shown = []

    def update(content, raw):
        shown[-1] = content["text/plain"]

    def display(content, *, raw, display_id):
        shown.append(content["text/plain"])
        return types.SimpleNamespace(update=update)

    cell = drawn_on(monkeypatch, type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})())
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=display))
    with progress.progress_line("pupils scored") as tell:
        tell(1_000, 20_000)
        assert shown == ["pupils scored: 1,000 of 20,000, 0 s"]
        tell(2_000, 20_000)
        assert shown == ["pupils scored: 2,000 of 20,000, 0 s"]

    assert shown == [""]
    assert cell.getvalue() == ""


def test_without_a_terminal_nothing_is_written(monkeypatch):
    plain = drawn_on(monkeypatch, io.StringIO())
    with progress.progress_line("pupils scored") as tell:
        tell(1, 2)

    assert plain.getvalue() == ""


def test_short_work_draws_nothing(monkeypatch):
    drawn = drawn_on(monkeypatch, Terminal())
    monkeypatch.setattr(progress, "PATIENCE", 3600.0)
    with progress.progress_line("pupils scored") as tell:
        tell(1, 2)

    assert drawn.getvalue() == ""


def test_nothing_is_drawn_into_what_somebody_else_draws(monkeypatch):
    drawn = drawn_on(monkeypatch, Terminal())
    with progress.drawn_elsewhere(), progress.progress_line("pupils scored") as tell:
        tell(1, 2)

    assert drawn.getvalue() == ""


def test_scoring_features_and_explaining_count(risk_model, monkeypatch):
    drawn = drawn_on(monkeypatch, Terminal())
    records = dr.simulate_district(n_students=60, seed=3, n_days=60)
    risk_model.score(records, records.observed_to)
    dr.build_features(records, dr.Cohort.on(records, as_of=records.observed_to))
    monkeypatch.setattr(classifier_module, "EXPLAINED_AT_ONCE", 100)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(250, 3)), columns=list("abc"))
    fitted = RiskClassifier("logistic", leaks="ignore").fit(
        X, (X["a"] + rng.logistic(size=250) > 1).astype(int)
    )
    parted = fitted.explain(X)

    assert "pupils scored: " in drawn.getvalue()
    assert "features by date: 0 of 1" in drawn.getvalue()
    assert "rows explained: 200 of 250" in drawn.getvalue()
    monkeypatch.setattr(classifier_module, "EXPLAINED_AT_ONCE", 1_000)
    whole = fitted.explain(X)
    assert np.array_equal(parted.values, whole.values)
    assert np.array_equal(parted.base_values, whole.base_values)


COMPILES = """
import io, logging, sys
class Terminal(io.StringIO):
    def isatty(self): return {terminal}
sys.stderr = Terminal()
heard = []
logging.getLogger("dropout_risk").addHandler(logging.StreamHandler(log := io.StringIO()))
logging.getLogger("dropout_risk").setLevel("INFO")
import numba
import numpy as np
numba.njit(lambda x: x + 1)(1)
before = sys.stderr.getvalue()
from dropout_risk.explanation.contributions import _add_up
_add_up(np.ones((2, 2)), np.zeros(2))
print(repr(before), sys.stderr.getvalue().count("compiling loops"), log.getvalue().count("compiling loops"))
"""


@pytest.mark.parametrize(("terminal", "told"), [(True, 1), (False, 0)])
def test_the_first_loop_that_is_compiled_is_told_once_and_kept_ones_are_not(tmp_path, terminal, told):
    words = [sys.executable, "-c", COMPILES.format(terminal=terminal)]
    kept = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    first, again = (
        subprocess.run(words, env=kept, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )

    assert first == f"'' {told} 1\n"
    assert again == "'' 0 0\n"
