import numpy as np

import dropout_risk as dr
from dropout_risk.catalogue import measures as m
from dropout_risk.catalogue.instrument import Instrument, Scale
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.text import Text
from support.catalogues import declare

WORDS = Text(zh="归属感", en="belonging")
OWN = Instrument("OWN-1", WORDS, WORDS, WORDS, {"belonging": Scale(WORDS, -4, 2, higher_is_worse=False)}, {})


def test_an_instrument_of_ones_own_is_read_within_its_range():
    students = [{"student_id": name, "school_id": None, "class_id": None, "grade_level": 9} for name in "ab"]
    row = {"date": "2024-10-01", "instrument": "own 1", "scale": "belonging"}
    wellbeing = [row | {"student_id": "a", "score": -1.5}, row | {"student_id": "b", "score": 7.0}]
    records = dr.SchoolRecords.from_tables(students=students, wellbeing=wellbeing)
    catalogue = dr.FeatureCatalogue([declare("own", m.ScaleScore("OWN-1", "belonging"), None, "wellbeing")])
    cohort = dr.Cohort.on(records, "2024-11-01")
    known = default_instruments().with_instruments(OWN)
    values = dr.build_features(records, cohort, catalogue, instruments=known)["own"].to_numpy()

    np.testing.assert_array_equal(values, [-1.5, np.nan])
