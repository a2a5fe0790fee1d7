"""What is timed side by side is the same work: the peers' eleven features are ours."""

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.attendance import ATTENDANCE
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.features.compute import compute_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords

AS_OF, YEAR = "2025-05-20", "2024-08-01"


@pytest.fixture(scope="module")
def peers():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("benchmarks")
        import scale_peers
    return scale_peers


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("benchmarks")
        import scale_data
    return scale_data.province(tmp_path_factory.mktemp("province"), 500)


@pytest.fixture(scope="module")
def ours(place):
    histories = Histories.from_records(SchoolRecords.from_folder(place))
    catalogue = FeatureCatalogue(ATTENDANCE)
    values = compute_features(histories, AS_OF, catalogue).values
    return pd.DataFrame(values, histories.student_ids, catalogue.names)


@pytest.mark.parametrize("engine", ["duckdb", "polars", "pandas"])
def test_a_peer_gives_our_values_and_nothing_where_nothing_was_recorded(peers, place, ours, engine):
    theirs = getattr(peers, engine)(place, AS_OF, YEAR).to_pandas().set_index("student_id")
    for name in peers.FEATURES:
        found = theirs[name].reindex(ours.index).to_numpy(float)
        np.testing.assert_allclose(found, ours[name].to_numpy(float), rtol=1e-6, atol=1e-9, err_msg=name)
    assert ours["absence_spells_60d"].isna().sum() > 5
