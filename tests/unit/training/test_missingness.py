"""Training refuses what it cannot learn from, and says which family, how much, and where the limit stands."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.errors import FamilyMissingError, OneClassError, TooMuchRefusedError, TrainingError
from dropout_risk.evaluation.missingness import refuse_missing, refuse_refused
from dropout_risk.evaluation.parts import labelled_cohort, make_parts
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import MissingnessSettings, Settings
from dropout_risk.simulate.district import simulate_district, simulate_tables
from support.refused import mark, school

LIMITS = MissingnessSettings()


def test_a_table_of_which_most_rows_were_refused_stops_the_training():
    marks = [mark(f"p{k}", exam=f"e{k}", score=score) for k, score in enumerate((160, 170, 180, 60))]
    records = school(grades=marks)

    with pytest.raises(TooMuchRefusedError, match="75% of grades; the limit is 50%"):
        refuse_refused(records, LIMITS)
    refuse_refused(records, MissingnessSettings(family_share=0.8))
    refuse_refused(school(grades=[mark("p1"), mark("p1"), mark("p1"), mark("who")]), LIMITS)


def test_a_family_whose_table_was_given_and_hardly_anybody_has_stops_the_training():
    catalogue = default_catalogue()
    X = pd.DataFrame(1.0, index=range(10), columns=catalogue.names)
    of_marks = [name for name, item in catalogue.items() if item.source == "grades"]
    X.loc[1:, of_marks] = np.nan
    parts = SimpleNamespace(X=lambda rows: X.iloc[rows], before_test=np.arange(10))

    with pytest.raises(FamilyMissingError, match=r"grades for 90% of the rows .* the limit is 80%"):
        refuse_missing(parts, school(grades=[mark("p1")]), catalogue, LIMITS)
    refuse_missing(parts, school(grades=[mark("p1")]), catalogue, MissingnessSettings(missing_share=0.9))
    refuse_missing(parts, school(), catalogue, LIMITS)


def spoilt_district(share):
    """A district in which some pupils' attendance cannot be read, all days of them."""
    simulated = simulate_tables(300, 3, n_days=200)
    attendance = simulated.tables["attendance"].to_pandas()
    ids = np.sort(attendance["student_id"].unique())
    spoilt = attendance["student_id"].isin(ids[: int(share * len(ids))])
    attendance["status"] = attendance["status"].astype(object).where(~spoilt, "??")
    given = simulated.tables | {"attendance": attendance}
    return SchoolRecords.from_tables(**given, today=simulated.last_day), set(ids[: int(share * len(ids))])


def test_nothing_is_learned_from_pupils_of_whom_too_much_was_refused():
    records, spoilt = spoilt_district(0.1)
    cohort = labelled_cohort(Histories.from_records(records), Settings(outcome={"horizon_days": 40}))
    apart = cohort.censored[cohort.censored["reason"] == "rows_set_apart"]

    assert spoilt.isdisjoint(cohort.frame["student_id"])
    assert set(apart["student_id"]) <= spoilt
    assert len(apart)
    assert cohort.labels.index.equals(cohort.index)


def test_a_test_of_one_class_names_the_reason_before_the_fit():
    histories = Histories.from_records(simulate_district(300, seed=3))
    settings = Settings(split={"fewest_dropouts": 20})
    cohort = labelled_cohort(histories, settings)
    last = cohort.frame["as_of"] >= sorted(cohort.frame["as_of"].unique())[-2]
    labels = cohort.labels.where(~last.to_numpy(), 0)
    features = pd.DataFrame({"x": np.arange(len(cohort.frame), dtype=float)})

    with pytest.raises(OneClassError, match=r"All \d+ rows of the 2 test day\(s\) .* stayed") as raised:
        make_parts(histories, replace(cohort, labels=labels), features, settings)
    assert "outcomes_to" in raised.value.hint
    assert "horizon_not_observed" in raised.value.message or "transferred" in raised.value.message


def test_outcomes_that_end_early_are_the_reason_that_no_month_can_be_learned_from():
    simulated = simulate_tables(200, 3, n_days=200)
    outcomes = simulated.tables["outcomes"].to_pandas()
    early = outcomes[pd.to_datetime(outcomes["date"]) < "2024-10-15"]
    records = SchoolRecords.from_tables(**simulated.tables | {"outcomes": early}, today=simulated.last_day)

    with pytest.raises(TrainingError, match="outcomes are known to be complete for fewer") as raised:
        labelled_cohort(Histories.from_records(records), Settings())
    assert "outcomes_to" in raised.value.hint
