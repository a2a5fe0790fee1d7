"""Who belongs to which group: columns that check fairness and never make a score."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.features.source import Source, histories_of
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.text import Text

Words = npt.NDArray[np.object_]
NOT_RECORDED = "not recorded"
REGISTERED = ("sex", "ethnicity", "residence")
CIRCUMSTANCES = ("left_behind", "disability")
SCHOOL = "school"
"""The attribute whose groups are schools: what names them stays in the report."""
PLACES = (SCHOOL, "grade_level")
"""Attributes of a place, not of a person: no threshold of their own is shown for them."""
ATTRIBUTES: dict[str, Text] = {
    "sex": Text(zh="性别", en="Sex"),
    "ethnicity": Text(zh="民族", en="Ethnicity"),
    "residence": Text(zh="户口", en="Residence"),
    "left_behind": Text(zh="留守", en="Left behind"),
    "disability": Text(zh="残疾", en="Disability"),
    "school": Text(zh="学校", en="School"),
    "grade_level": Text(zh="年级", en="Grade level"),
}
WORDS: dict[str, Text] = {
    NOT_RECORDED: Text(zh="未登记", en=NOT_RECORDED),
    "yes": Text(zh="是", en="yes"),
    "no": Text(zh="否", en="no"),
    "female": Text(zh="女", en="female"),
    "male": Text(zh="男", en="male"),
}


def audit_groups(source: Source, cohort: Cohort) -> pd.DataFrame:
    """Give the groups that the pupils of a cohort belong to, as recorded.

    Parameters
    ----------
    source : SchoolRecords or Histories
        Histories hold no column that is for audits only, so from them only school, left-behind and
        disability are known.
    cohort : Cohort
        Pupils and dates. Family circumstances are those known and valid on the date; the columns of the
        students table are those of the day the records were drawn, since nothing older is kept.

    Returns
    -------
    DataFrame
        One row per row of the cohort, one column per attribute of which anything is recorded; "not
        recorded" is a group of its own. It is no input of a model.

    Examples
    --------
    >>> import dropout_risk as dr
    >>> records = dr.simulate_district(n_students=200, seed=1)
    >>> groups = audit_groups(records, dr.Cohort.on(records, "2025-03-03"))
    >>> list(groups), sorted(groups["sex"].unique())
    (['sex', 'ethnicity', 'left_behind', 'disability', 'school', 'grade_level'], ['female', 'male'])
    """
    columns = _circumstances(source, cohort) | {
        "school": as_words(cohort.frame["school_id"]),
        "grade_level": as_words(cohort.frame["grade_level"]),
    }
    if isinstance(source, SchoolRecords):
        columns |= _registered(source, cohort)
    kept = {name: columns[name] for name in ATTRIBUTES if name in columns}
    told = {name: column for name, column in kept.items() if (column != NOT_RECORDED).any()}
    return pd.DataFrame(told, index=cohort.index)


def _registered(records: SchoolRecords, cohort: Cohort) -> dict[str, Words]:
    students = records.table("students").select(["student_id", *REGISTERED]).to_pandas()
    rows = pd.Index(students["student_id"]).get_indexer(pd.Index(cohort.frame["student_id"]))
    return {name: as_words(students[name].iloc[rows]) for name in REGISTERED}


def _circumstances(source: Source, cohort: Cohort) -> dict[str, Words]:
    declared = default_catalogue().select(CIRCUMSTANCES)
    holds = build_features(histories_of(source), cohort, declared)
    words = np.array(["no", "yes", NOT_RECORDED], dtype=object)
    return {name: words[holds[name].fillna(2.0).to_numpy().astype(np.intp)] for name in CIRCUMSTANCES}


def as_words(column: pd.Series) -> Words:
    """Write values as words, "not recorded" where there is none; 7 and 7.0 are the same grade."""
    numbers = pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all()
    whole = column.astype("Int64") if numbers else column
    return np.asarray(whole.astype("string").fillna(NOT_RECORDED), dtype=object)
