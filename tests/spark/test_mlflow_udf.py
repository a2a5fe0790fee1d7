"""MLflow's function for Spark gives the scores of the risk model."""

import mlflow.pyfunc
import numpy as np
import pandas as pd


def test_the_udf_of_the_bundle_gives_the_scores_of_the_risk_model(spark, bundle, risk_model):
    random = np.random.default_rng(1)
    ranges = {
        feature.name: np.clip(feature.valid_range, -100, 100) for feature in risk_model.catalogue.values()
    }
    X = pd.DataFrame({name: random.uniform(low, high, 20) for name, (low, high) in ranges.items()})
    X["grade_level"] = 8.0
    score = mlflow.pyfunc.spark_udf(spark, str(bundle), env_manager="local")
    rows = spark.createDataFrame(X).select(score(*X.columns).alias("told")).collect()
    own = risk_model.score_features(X.drop(columns="grade_level"), grade_levels=X["grade_level"])

    assert len(own) == 20
    assert [row.told.risk for row in rows] == [pupil.risk for pupil in own.pupils]
    assert [list(row.told.reasons) for row in rows] == [
        [reason.text for reason in pupil.raising] for pupil in own.pupils
    ]
