"""What the page on Spark shows runs as it stands there, on tables of this machine."""

import re
from pathlib import Path

import pytest

from dropout_risk import spark as on_spark
from spark.conftest import AS_OF

PAGE = (Path(__file__).parents[2] / "docs/how-to/spark.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


def test_the_page_scores_makes_features_and_draws_schools(spark, paths, bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(on_spark, "local_session", lambda cores: spark)
    spark.read.parquet(paths["grades"]).createOrReplaceTempView("county_grades")
    here = {
        "hdfs:///county/scores": str(tmp_path / "scores"), "county.grades": "county_grades",
        "hdfs:///county": str(Path(paths["students"]).parent), "models/county": str(bundle),
        "2025-03-03": AS_OF,
    }  # fmt: skip
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    for shown, own in here.items():
        code = code.replace(shown, own)
    names = {}
    exec(re.sub(r"run = dr\.train\(home.*", "", code), names)  # noqa: S102

    assert spark.read.parquet(str(tmp_path / "scores" / AS_OF)).count() > 60
    assert names["X"].count() > 60
    assert names["home"].table("students").num_rows
