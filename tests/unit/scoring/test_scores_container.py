"""Scores, lists and reports behave as people in a notebook expect."""

import stat

import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import UnknownPupilError


@pytest.fixture(scope="module")
def scores(risk_model):
    return risk_model.score(dr.simulate_district(n_students=60, seed=5), "2025-03-03")


def test_pupils_are_gone_through_and_found_by_their_id(scores):
    pupils = list(scores)

    assert len(pupils) == len(scores)
    assert scores[pupils[7].student_id].risk == pupils[7].risk
    with pytest.raises(UnknownPupilError) as caught:
        scores["李小明"]
    assert "李小明" not in str(caught.value)


def test_scores_are_written_as_they_are_shown_for_their_owner_alone(scores, tmp_path):
    csv, parquet = scores.to_csv(tmp_path / "s.csv"), scores.to_parquet(tmp_path / "s.parquet")

    assert pd.read_csv(csv, encoding="utf-8-sig")["risk"].tolist() == scores.frame()["risk"].tolist()
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), scores.frame(), check_dtype=False)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (csv, parquet)} == {0o600}


def test_a_list_is_one_page_without_a_script(scores, tmp_path):
    watch_list = dr.WatchList.of(scores)
    page = watch_list.to_html(tmp_path / "list.html")

    assert (tmp_path / "list.html").read_text(encoding="utf-8") == page
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    listed = watch_list.frame()["part"].isin(["alert", "followed", "above_line"]).sum()
    assert page.count("<tr") == listed + 1


def test_the_repr_of_a_report_is_a_line_and_print_the_summary(risk_model):
    report = dr.EvaluationReport.from_dict(risk_model.metrics)

    assert len(repr(report)) < 200
    assert repr(report).startswith("<synthetic EvaluationReport of dropout_risk")
    assert len(str(report)) > 200


@pytest.mark.parametrize("package", ["dropout_risk", "catalogue", "evaluation", "modelling", "pages"])
def test_every_public_name_of_a_package_is_there(package):
    module = __import__("importlib").import_module(
        package if package == "dropout_risk" else f"dropout_risk.{package}"
    )
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    assert set(module.__all__) <= set(dir(module))
