"""HSLS:09 through long tables, beside the same pupils as one flat table.

``python benchmarks/hsls_records.py [--folds 3] [--json FILE]``; the figures in ``results`` are of 5 folds.

Marks, absence, scales and family become dated rows; the four stages of the forecast are four as-of dates
and not four lists of columns. What the contract has no place for stays as extra columns of the feature
frame. Sex, race and date of birth are for audit only, so they are no features here; the flat table is
scored with and without them. The date of ``X4EVERDROP`` is not published: it is put on the last day of
the follow-up, so the label means "dropped out at any time", for who was enrolled in spring 2012.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from beside import NOT_HERE, holds, results_folder, verdict, with_any_value, write
from dropout_risk import (
    Cohort,
    Feature,
    FeatureCatalogue,
    Histories,
    RiskClassifier,
    SchoolRecords,
    build_features,
    default_catalogue,
)
from dropout_risk.catalogue.instrument import Instrument, InstrumentRegistry, Scale
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.catalogue.measures import LargestDrop, Measure, ScaleScore, ScoreLast, ScoreMean, ScoreSlope
from dropout_risk.text import Text
from real_data import HSLS_ENROLLED, data_folder, hsls, logistic_regression, untuned_lightgbm

ENROLLED, SURVEY, FOLLOW_UP, END = "2009-09-01", "2009-10-15", "2012-03-15", "2016-06-30"
GPA_DAYS = {
    "gpa_9th_survey3": "2010-06-15",
    "gpa_10th_survey3": "2011-06-15",
    "gpa_11th_survey3": "2012-06-15",
}
STAGES = {
    "survey": "2010-01-15",
    "+ GPA 9": "2010-07-01",
    "+ GPA 9-11": "2012-07-01",
    "+ attendance": "2012-07-01",
}
AUDIT_ONLY = [
    "student_sex_survey1", "student_race_eth_survey1", "stuent_dob_survey1", "parent1_race_survey1",
    "parent2_race_survey1",
]  # fmt: skip
NO_PLACE = [
    "math_quintile_survey1", "favorite_subject_survey1", "least_favorite_subject_survey1",
    "feel_safe_survey1", "expected_edu_survey1", "FYA_associate_survey1", "FYA_bachelor_survey1",
    "FYA_military_survey1", "FYA_job_survey1",
]  # fmt: skip
LOWEST_DAYS = {
    "Never absent": 0, "Absent 1-2 times": 1, "Absent 3-6 times": 3, "Absent 7-9 times": 7,
    "Absent 10 or more times": 10,
}  # fmt: skip
SCALES = {
    "X1SCHOOLENG": "engagement", "X1SCHOOLBEL": "belonging", "X1MTHID": "maths identity",
    "X1MTHUTI": "maths utility", "X1MTHEFF": "maths self-efficacy", "X1MTHINT": "interest in maths",
    "X1SCIID": "science identity", "X1SCIUTI": "science utility", "X1SCIEFF": "science self-efficacy",
    "X1SCIINT": "interest in science",
}  # fmt: skip
HSLS = Instrument(
    code="HSLS:09",
    name=Text(zh="HSLS:09学生量表", en="Student scales of HSLS:09"),
    version=Text(zh="2009年", en="base year, 2009"),
    source=Text(zh="美国国家教育统计中心", en="National Center for Education Statistics"),
    scales={
        code: Scale(Text(zh=words, en=words), -5.0, 5.0, higher_is_worse=False)
        for code, words in SCALES.items()
    },
    norms={},
)
EDUCATION = (
    "Less than high school", "High school diploma or GED", "Associate's degree", "Bachelor's degree",
    "Master's degree", "PhD, MD, Law, or other doctoral degree",
)  # fmt: skip
ORDERED = {
    "parent1_edu_survey1": EDUCATION,
    "parent2_edu_survey1": EDUCATION,
    "poverty_survey1": (
        "Below poverty threshold", "Above poverty threshold, below 130% poverty threshold",
        "Between 130% and 185% poverty threshold", "Above 185% poverty threshold",
    ),
    "family_income_survey1": (
        "Less than $15,000", "$15,000 to $34,999", "$35,000 to $54,999", "$55,000 to $74,999",
        "$75,000 to $94,999", "$95,000 to $114,999", "$115,000 to $134,999", "$135,000 to $154,999",
        "$155,000 to $174,999", "$175,000 to $194,999", "$195,000 to $214,999", "$215,000 to $234,999",
        "$235,000 or more",
    ),
    "household_size_survey1": ("2", "3", "4", "5", "6", "7", "8", "9", "10", "11 or more"),
}  # fmt: skip
NAMED = (
    "parent1_employ_survey1",
    "parent2_employ_survey1",
    "parent_pattern_survey1",
    "first_language_survey1",
)
UNKNOWN = "unknown"


# --- the tables of the contract ---------------------------------------------------------------------


def read_records(table: pd.DataFrame) -> SchoolRecords:
    """Give the flat table as school records."""
    return SchoolRecords.from_tables(
        students=table[["STU_ID"]].assign(school_id=None, class_id=None, grade_level=9, enrolled_on=ENROLLED),
        grades=grades(table),
        attendance_totals=totals(table),
        wellbeing=wellbeing(table),
        family=family(table),
        outcomes=table.loc[table["X4EVERDROP"] == 1, ["STU_ID"]].assign(date=END, event="dropout"),
        calendar=pd.DataFrame({"date": pd.bdate_range("2009-08-03", END), "is_school_day": True}),
        mapping={"columns": {"all": {"STU_ID": "student_id"}}},
        outcomes_to=END,
    )


def grades(table: pd.DataFrame) -> pd.DataFrame:
    """Give one mark per school year, of at most 4, on the last day of that year."""
    rows = table.melt("STU_ID", list(GPA_DAYS), var_name="exam", value_name="score").dropna()
    return rows.assign(subject="GPA", max_score=4, date=rows["exam"].map(GPA_DAYS))


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """Give the days absent in half a year of 90 days: the lower end of the band that was ticked."""
    days = table["absences_survey2"].map(LOWEST_DAYS)
    rows = table[["STU_ID"]].assign(days_absent=days, days_enrolled=90)
    return rows.assign(period_start="2011-09-15", period_end=FOLLOW_UP).dropna()


def wellbeing(table: pd.DataFrame) -> pd.DataFrame:
    """Give the scales of who answered them all; the others' were imputed with the outcome."""
    answered = table[table["psych_all_observed"] == 1]
    rows = answered.melt("STU_ID", list(SCALES), var_name="scale", value_name="score")
    return rows.assign(instrument="HSLS:09", date=SURVEY)


def family(table: pd.DataFrame) -> pd.DataFrame:
    """Give the family as factors; who did not answer is ``unknown``, which is not the same as no."""
    own = table.melt("STU_ID", [*ORDERED, *NAMED], var_name="factor", value_name="value")
    own["value"] = own["value"].fillna(UNKNOWN)
    alone = table["parent_pattern_survey1"] == "One biological or adoptive parent only"
    poor = table["poverty_survey1"] == "Below poverty threshold"
    shipped = {"single_parent": table[alone], "low_income": table[poor]}
    parts = [rows[["STU_ID"]].assign(factor=factor) for factor, rows in shipped.items()]
    return pd.concat([own, *parts]).assign(valid_from=SURVEY)


# --- the catalogue ----------------------------------------------------------------------------------


def hsls_catalogue(table: pd.DataFrame, stage: str) -> FeatureCatalogue:
    """Give the features of a stage: shipped where they fit, the others declared as data."""
    shipped = ["single_parent", "low_income", "family_burden_count"]
    if stage == "+ attendance":
        shipped += ["absence_share_year", "chronic_absence_year"]
    own = [*_marks(), *_family(table)]
    return default_catalogue().select(shipped).with_features(*own)


def scale_features() -> list[Feature]:
    """Declare the latest score of each scale."""
    return [
        _own(f"scale_{code.lower()}", ScaleScore("HSLS:09", code), "psychology", "wellbeing", words)
        for code, words in SCALES.items()
    ]


def _marks() -> list[Feature]:
    measures: dict[str, Measure] = {
        "gpa_mean": ScoreMean(),
        "gpa_last": ScoreLast(),
        "gpa_slope": ScoreSlope(),
        "gpa_drop": LargestDrop(),
    }
    return [
        _own(name, measure, "grades", "grades", name.replace("_", " ")) for name, measure in measures.items()
    ]


def _family(table: pd.DataFrame) -> list[Feature]:
    """One feature per step of an ordered factor, one per word of another, one for unknown."""
    features = []
    for factor, words in ORDERED.items():
        steps = [words[: place + 1] for place in range(len(words) - 1)]
        features += [_holds(factor, f"up_to_{place}", *values) for place, values in enumerate(steps)]
    for factor in NAMED:
        words = sorted(table[factor].dropna().unique())
        features += [_holds(factor, f"is_{place}", word) for place, word in enumerate(words)]
    return features + [_holds(factor, UNKNOWN, UNKNOWN) for factor in (*ORDERED, *NAMED)]


def _holds(factor: str, suffix: str, *values: str) -> Feature:
    words = f"{factor}: {', '.join(values)}"
    return holds(f"{factor}_{suffix}", factor, *values, en=words, zh=words)


def _own(name: str, measure: Measure, domain: Any, source: str, words: str) -> Feature:
    said = Text(zh=f"{words} {{value:.2f}}", en=f"{words} {{value:.2f}}")
    return Feature(
        name=name, domain=domain, source=source, measure=measure, unit=Text(zh="分", en="points"),
        cause="wellbeing" if domain == "psychology" else "learning", family=name,
        label=Text(zh=words, en=words), sentence=said,
        missing_sentence=Text(zh=f"没有{words}", en=f"No {words}"),
    )  # fmt: skip


# --- running and telling ----------------------------------------------------------------------------


def frame_of(
    table: pd.DataFrame, histories: Histories, stage: str, scales: bool = False
) -> tuple[pd.DataFrame, pd.Series, FeatureCatalogue]:
    """Give features, labels and catalogue of who was enrolled in spring 2012, at one stage."""
    as_of, catalogue = STAGES[stage], hsls_catalogue(table, stage)
    if scales:
        catalogue = catalogue.with_features(*scale_features())
    cohort = Cohort.on(histories, as_of)
    enrolled = table["enrollment_status_survey2"].isin(HSLS_ENROLLED)
    chosen = cohort.frame["student_id"].isin(table.loc[enrolled, "STU_ID"])
    cohort = Cohort(cohort.frame[chosen].reset_index(drop=True))
    cohort = cohort.with_labels(histories, len(pd.bdate_range(as_of, END)))
    X = build_features(histories, cohort, catalogue, instruments=instruments())
    extra = NO_PLACE + (["skipping_class_survey2"] if stage == "+ attendance" else [])
    return X.join(table.set_index("STU_ID")[extra], on="student_id"), cohort.labels, catalogue


def instruments() -> InstrumentRegistry:
    """Give the shipped instruments and the scales of HSLS:09."""
    return default_instruments().with_instruments(HSLS)


def flat_tables(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Give the flat table's columns at each stage, as the other benchmark has them, by pupil."""
    enrolled = table["enrollment_status_survey2"].isin(HSLS_ENROLLED)
    tasks = {task.name.removeprefix("hsls09 "): task.X for task in hsls(data_folder(), quick=False)}
    return {stage: tasks[stage].set_axis(table.loc[enrolled, "STU_ID"]) for stage in STAGES}


def cross_validate(X: pd.DataFrame, y: np.ndarray, folds: int, models: Mapping[str, Any]) -> dict[str, Any]:
    """Give mean AUC and Brier of each model over the same folds."""
    X = X[with_any_value(X)].copy()
    for name in X.columns.difference(X.select_dtypes("number").columns):
        X[name] = X[name].astype("category")
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in models}
    for seen, unseen in StratifiedKFold(folds, shuffle=True, random_state=0).split(X, y):
        for name, make in models.items():
            risk = make(X).fit(X.iloc[seen], y[seen]).predict_proba(X.iloc[unseen])[:, 1]
            found[name].append((roc_auc_score(y[unseen], risk), brier_score_loss(y[unseen], risk)))
    means = {name: np.mean(pairs, axis=0).round(4).tolist() for name, pairs in found.items()}
    return {name: dict(zip(("auc", "brier"), pair, strict=True)) for name, pair in means.items()}


def compare_stages(table: pd.DataFrame, histories: Histories, folds: int) -> list[dict[str, Any]]:
    """Score every stage as records, and as a flat table with and without what is for audit only."""
    results, flat = [], flat_tables(table)
    for stage, as_of in STAGES.items():
        X, labels, catalogue = frame_of(table, histories, stage)
        y, ours = labels.to_numpy(), {"RiskClassifier": lambda _: RiskClassifier()}
        with_catalogue = {"RiskClassifier": lambda _, declared=catalogue: RiskClassifier(catalogue=declared)}
        models = {"LR": logistic_regression, "LGBM": untuned_lightgbm} | with_catalogue
        figures = cross_validate(X, y, folds, models)
        whole = flat[stage].loc[X.index.get_level_values("student_id")]  # records are sorted, files are not
        without = whole.drop(columns=AUDIT_ONLY)
        figures["flat, same columns"] = cross_validate(without, y, folds, ours)["RiskClassifier"]
        figures["flat, with audit"] = cross_validate(whole, y, folds, ours)["RiskClassifier"]
        results.append({"stage": stage, "as_of": as_of, "rows": len(y), "positive": int(y.sum()),
                        "features": X.shape[1], "figures": figures})  # fmt: skip
        show(results[-1])
    return results


def compare_scales(table: pd.DataFrame, histories: Histories, folds: int) -> dict[str, Any]:
    """Say what the scales add for the pupils who answered them all."""
    answered = table.loc[table["psych_all_observed"] == 1, "STU_ID"]
    figures = {}
    for words, scales in {"without scales": False, "with scales": True}.items():
        X, labels, catalogue = frame_of(table, histories, "survey", scales)
        rows = X.index.get_level_values("student_id").isin(answered)
        X, y = X[rows], labels.to_numpy()[rows]
        model = {words: lambda _, catalogue=catalogue: RiskClassifier(catalogue=catalogue)}
        figures |= cross_validate(X, y, folds, model)
    result = {
        "stage": "survey, who answered all scales",
        "rows": len(y),
        "positive": int(y.sum()),
        "figures": figures,
    }
    show(result)
    return result


def show(result: Mapping[str, Any]) -> None:
    """Print one result as a table."""
    print(f"\n{result['stage']}: {result['rows']:,} pupils, {result['positive']:,} dropped out")
    for name, pair in result["figures"].items():
        print(f"  {name:20s} AUC {pair['auc']:.4f}  Brier {pair['brier']:.4f}")
    if "LR" in result["figures"]:
        print(f"  {verdict(result['figures'])}", flush=True)


def main() -> int:
    """Run the stages, print the tables, write the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument(
        "--json", type=Path, default=results_folder() / "hsls_records.json", help="file of the figures"
    )
    given = parser.parse_args()
    file = data_folder() / "hsls09" / "hsls09.csv.gz"
    if not file.is_file():
        print(NOT_HERE)
        return 0
    started = time.perf_counter()
    table = pd.read_csv(file, low_memory=False)
    records = read_records(table)
    print(records.check())
    histories = Histories.from_records(records)
    stages = compare_stages(table, histories, given.folds)
    scales = compare_scales(table, histories, given.folds)
    seconds = round(time.perf_counter() - started, 1)
    print(f"{seconds} s")
    write(given.json, {"folds": given.folds, "stages": stages, "scales": scales, "seconds": seconds})
    return 0


if __name__ == "__main__":
    sys.exit(main())
