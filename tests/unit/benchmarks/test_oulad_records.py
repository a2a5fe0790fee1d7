"""OULAD as school records: nothing is lost in silence, nothing later is seen."""

import pandas as pd
import pytest

from support.agreement import same_bits


@pytest.fixture(scope="module")
def oulad():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend("benchmarks")
        import oulad
    if not (oulad.data_folder() / "oulad").is_dir():
        pytest.skip("the real data are not here: set DROPOUT_RISK_DATA to their folder")
    return oulad


def test_every_enrolment_is_used_or_counted(oulad):
    read = oulad.read_oulad(oulad.data_folder() / "oulad")

    left_out = read.counts["left out: withdrawn, without a day"]
    assert read.records.table("students").num_rows == read.counts["enrolments"] - left_out
    refused = {problem.rule.name for problem in read.records.check().problems if problem.severity == "error"}
    assert refused <= {"before_enrolled", "after_left"}  # work handed in outside of the registration


def test_work_handed_in_later_changes_no_feature(oulad, tmp_path):
    folder = oulad.data_folder() / "oulad"
    for file in folder.glob("*.csv.gz"):
        table = pd.read_csv(file)
        if file.name.startswith("studentAssessment"):
            table = table[table["date_submitted"] < 28]
        table.to_csv(tmp_path / file.name, index=False)
    whole, cut = oulad.read_oulad(folder), oulad.read_oulad(tmp_path)
    cohort = oulad.cohort_on(28, oulad.TEST, whole, oulad.Histories.from_records(whole.records))
    catalogue = oulad.oulad_catalogue()

    features = [oulad.build_features(read.records, cohort, catalogue) for read in (whole, cut)]
    assert features[0]["missed_work"].notna().sum() > 1000
    assert same_bits(*features)
