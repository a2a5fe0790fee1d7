"""Scoring on a Spark cluster with the very functions of one machine.

Tables go in as Spark frames or Parquet paths, scores with their reasons come out as a Spark frame, equal
to the local ones bit by bit. Spark itself is imported only once one of these functions is called.

Examples
--------
>>> from dropout_risk import spark
>>> spark.score.__module__
'dropout_risk.spark.scoring'
"""

from dropout_risk.spark.school_days import school_calendar
from dropout_risk.spark.scoring import SparkScores, features, sample_schools, score
from dropout_risk.spark.session import local_session

__all__ = ["SparkScores", "features", "local_session", "sample_schools", "school_calendar", "score"]
