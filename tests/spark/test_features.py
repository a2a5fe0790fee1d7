"""Features of a cluster are those of one machine."""

import numpy as np
import pytest

from dropout_risk import spark as on_spark
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from spark.conftest import AS_OF
from support.agreement import same_bits

pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")


def test_features_are_those_of_one_machine_bit_by_bit(spark, frames, records, today):
    expected = build_features(records, Cohort.on(records, AS_OF))
    found = on_spark.features(spark, frames, AS_OF, today=today).toArrow().to_pandas()
    found = found.set_index("student_id").loc[expected.index.get_level_values("student_id")]

    assert list(found.columns[2:]) == list(expected.columns)
    assert 0 < expected["discipline_incidents_year"].notna().mean() < 1
    assert same_bits(found[expected.columns].to_numpy(), expected.to_numpy())
    assert np.isnan(found.to_numpy()[:, 2:].astype(float)).any()
