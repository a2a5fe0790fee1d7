"""Encoding reads the same table the same way every time, and says plainly what it cannot read."""

import json

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, ForbiddenFeatureError
from dropout_risk.modelling.inputs.encoding import FeatureEncoding

TABLE = pd.DataFrame(
    {
        "absent": [1, 2, 3],
        "late": [0.5, None, 1.0],
        "boarding": [True, False, True],
        "route": ["foot", None, "bus"],
        "grade": pd.Categorical([9, 7, 9]),
    }
)


def test_numbers_stay_and_categories_become_sorted_codes():
    encoded = FeatureEncoding.learn(TABLE).encode(TABLE)
    expected = [[1, 0.5, 1, 1, 1], [2, np.nan, 0, np.nan, 0], [3, 1.0, 1, 0, 1]]
    assert np.array_equal(encoded, np.array(expected), equal_nan=True)
    assert encoded.flags.c_contiguous


def test_an_unseen_category_is_missing():
    encoding = FeatureEncoding.learn(TABLE)
    changed = TABLE.assign(route="boat", grade=pd.Categorical([8, 9, 8]))
    assert np.isnan(encoding.encode(changed)[:, 3]).all()
    assert np.array_equal(encoding.encode(changed)[:, 4], [np.nan, 1, np.nan], equal_nan=True)


def test_a_category_is_the_same_as_integer_float_and_word():
    encoding = FeatureEncoding.learn(pd.DataFrame({"course": pd.Categorical([33, 171])}))
    for column in ([33.0, None], ["33", None], pd.Categorical([33.0, None])):
        codes = encoding.encode(pd.DataFrame({"course": column}))[:, 0]
        assert np.array_equal(codes, [1, np.nan], equal_nan=True)


def test_columns_in_another_order_are_put_right():
    encoding = FeatureEncoding.learn(TABLE)
    assert np.array_equal(encoding.encode(TABLE[TABLE.columns[::-1]]), encoding.encode(TABLE), equal_nan=True)


def test_missing_and_unknown_columns_are_listed_with_the_nearest_names():
    with pytest.raises(FeatureInputError) as caught:
        FeatureEncoding.learn(TABLE).encode(TABLE.rename(columns={"absent": "absnt", "late": "latte"}))
    assert "missing ['absent', 'late']" in str(caught.value)
    assert "did you mean 'absent'?" in str(caught.value)
    assert "did you mean 'late'?" in str(caught.value)


def test_infinity_is_refused_by_name():
    with pytest.raises(FeatureInputError, match=r"\['absent'\] hold infinity"):
        FeatureEncoding.learn(TABLE).encode(TABLE.assign(absent=[1.0, np.inf, 2.0]))


def test_a_word_in_a_numeric_column_is_refused_without_repeating_it():
    with pytest.raises(FeatureInputError) as caught:
        FeatureEncoding.learn(TABLE).encode(TABLE.assign(absent=["secret", 1, 2]))
    assert "'absent'" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_dates_are_refused():
    with pytest.raises(FeatureInputError, match="holds dates"):
        FeatureEncoding.learn(pd.DataFrame({"day": pd.to_datetime(["2025-01-01"])}))


@pytest.mark.parametrize("name", ["sex", "ethnicity", "birth_date", "name", "phone", "address"])
def test_audit_only_and_naming_columns_are_refused_where_a_catalogue_is_given(name):
    table = TABLE.assign(**{name: "x"})
    assert name in FeatureEncoding.learn(table).names
    with pytest.raises(ForbiddenFeatureError) as caught:
        FeatureEncoding.learn(table, FeatureCatalogue([]))
    assert caught.value.code == "DR204"


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(FeatureInputError, match="share a name"):
        FeatureEncoding.learn(pd.concat([TABLE, TABLE[["late"]]], axis=1))


def test_plain_data_round_trip():
    encoding = FeatureEncoding.learn(TABLE)
    assert FeatureEncoding.from_dict(json.loads(json.dumps(encoding.to_dict()))) == encoding
