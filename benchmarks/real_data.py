"""RiskClassifier beside two untuned baselines on real public data, on the same folds.

``python benchmarks/real_data.py [--set uci|uci-bounds|cortez|hsls|hsls-all] [--quick] [--beside EBM CatBoost]
[--only WORDS] [--json FILE]``

With ``--json`` each task is written as it is done, and one that stands in the file is not run again.

The data lie in the folder that ``DROPOUT_RISK_DATA`` names, or in ``../shared/data`` beside the
repository; without them nothing is run. RiskClassifier has no setting for any data set. Each bound that
was set beforehand is printed as met or missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.modelling.fitter import raw_calibration

FOLDS = 10
AUC_TOLERANCE = 0.003
AUC_GAIN = 0.003
SLOPES = (0.95, 1.05)


@dataclass(frozen=True)
class Task:
    """A question to one data set: its rows, its columns and its label.

    Parameters
    ----------
    name : str
        Data set, label and columns, in words.
    X : DataFrame
        Numbers and categories.
    y : ndarray
        1 where the outcome happened.
    repeats : int
        Times the folds are dealt anew, seeds 0, 1, ...
    note : str
        What a reader of the figure must know.
    rule : ndarray, optional
        What a naive rule says of each row, without any model.
    strict : bool
        Whether a gain over the baselines and a calibration slope were asked for.
    """

    name: str
    X: pd.DataFrame
    y: NDArray[np.int8]
    repeats: int = 1
    note: str = ""
    rule: NDArray[np.int8] | None = None
    strict: bool = False


def data_folder() -> Path:
    """Give the folder of the real data, whether or not it is there."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("DROPOUT_RISK_DATA", beside))


# --- the data sets: one function each, giving its tasks ---------------------------------------------

UCI_CODES = [
    "Marital status", "Application mode", "Course", "Previous qualification", "Nacionality",
    "Mother's qualification", "Father's qualification", "Mother's occupation", "Father's occupation",
]  # fmt: skip
UCI_DOUBTFUL = ["Debtor", "Tuition fees up to date", "Scholarship holder"]


def uci_rows(folder: Path) -> pd.DataFrame:
    """Read the table with its codes as categories."""
    table = pd.read_csv(folder / "uci697" / "data.csv", sep=";")
    table.columns = table.columns.str.strip()
    table[UCI_CODES] = table[UCI_CODES].astype("category")
    return table


def uci(folder: Path, quick: bool) -> Iterator[Task]:
    """Portuguese polytechnic: four sets of columns, dropout against all others and against graduates."""
    table = uci_rows(folder)
    columns = [name for name in table.columns if name != "Target"]
    at_start = [name for name in columns if "Curricular units" not in name]
    first = [name for name in columns if "2nd sem" not in name]
    sets = {
        "at enrolment, without three doubtful columns": [c for c in at_start if c not in UCI_DOUBTFUL],
        "at enrolment": at_start,
        "+ semester 1": first,
        "all": columns,
    }
    for against, rows in {"rest": table, "graduate": table[table["Target"] != "Enrolled"]}.items():
        y = (rows["Target"] == "Dropout").to_numpy(dtype=np.int8)
        for words, names in sets.items():
            note = (
                ""
                if "without" in words
                else "whether debt, fees and scholarship were known in time is not recorded"
            )
            yield Task(f"uci697 dropout v {against}, {words}", rows[names], y, note=note)


def cortez(folder: Path, quick: bool) -> Iterator[Task]:
    """Portuguese secondary schools: a failed final mark, with two, one and none of the earlier marks."""
    for subject, words in {"mat": "maths", "por": "Portuguese"}.items():
        table = pd.read_csv(folder / "cortez" / f"student-{subject}.csv", sep=";")
        y = (table["G3"] < 10).to_numpy(dtype=np.int8)
        for without in ([], ["G2"], ["G1", "G2"]):
            kept = table.drop(columns=["G3", *without])
            marks = "+".join(name for name in ("G1", "G2") if name in kept) or "no marks"
            note = "the rule G2 < 10 is as good as any model" if "G2" in kept else ""
            last = next((name for name in ("G2", "G1") if name in kept), None)
            rule = np.zeros_like(y) if last is None else (kept[last] < 10).to_numpy(dtype=np.int8)
            yield Task(f"cortez {words} G3 < 10, {marks}", kept, y, 1 if quick else 5, note, rule)


HSLS_MARKS = ["gpa_9th_survey3", "gpa_10th_survey3", "gpa_11th_survey3"]
HSLS_ATTENDANCE = ["absences_survey2", "skipping_class_survey2"]
HSLS_STAGES = ["survey", "+ GPA 9", "+ GPA 9-11", "+ attendance"]
HSLS_ENROLLED = ["In base year school", "Transferred to another school"]


def hsls_rows(folder: Path) -> pd.DataFrame:
    """Read the table with the month of birth as a number."""
    table = pd.read_csv(folder / "hsls09" / "hsls09.csv.gz", low_memory=False)
    born = table["stuent_dob_survey1"].str.extract(r"^(\d{4})-(\d{2})$").astype(float)
    table["stuent_dob_survey1"] = born[0] + born[1].replace(0, 6) / 12  # month 00: only the year is known
    return table


def hsls_columns(table: pd.DataFrame) -> dict[str, list[str]]:
    """Give the columns known at each stage."""
    survey = [name for name in table.columns if name.endswith("_survey1")]
    return {
        "survey": survey,
        "+ GPA 9": survey + HSLS_MARKS[:1],
        "+ GPA 9-11": survey + HSLS_MARKS,
        "+ attendance": survey + HSLS_MARKS + HSLS_ATTENDANCE,
        "attendance alone": HSLS_ATTENDANCE,
    }


def hsls(folder: Path, quick: bool) -> Iterator[Task]:
    """US high schools: ever dropped out, from what was known at four stages, for who was still enrolled."""
    everybody = hsls_rows(folder)
    table = everybody[everybody["enrollment_status_survey2"].isin(HSLS_ENROLLED)].reset_index(drop=True)
    y = table["X4EVERDROP"].to_numpy(dtype=np.int8)
    note = "columns imputed with the outcome are left out; attendance is of spring 2012"
    for words, names in hsls_columns(table).items():
        yield Task(f"hsls09 {words}", table[names], y, note=note, strict=words in HSLS_STAGES)
    observed = (table["psych_all_observed"] == 1).to_numpy()
    survey = hsls_columns(table)["survey"]
    scales = [name for name in table.columns if name.startswith(("X1", "S1"))]
    note = "only pupils whose scales were all observed, none imputed"
    yield Task("hsls09 survey, scales observed", table.loc[observed, survey], y[observed], note=note)
    yield Task(
        "hsls09 survey + well-being scales", table.loc[observed, survey + scales], y[observed], note=note
    )


def hsls_all(folder: Path, quick: bool) -> Iterator[Task]:
    """Ask the same at four stages for all 13,865 pupils of the file."""
    table = hsls_rows(folder)
    y = table["X4EVERDROP"].to_numpy(dtype=np.int8)
    for words, names in hsls_columns(table).items():
        if words in HSLS_STAGES:
            yield Task(f"hsls09 all pupils, {words}", table[names], y, strict=True)


SETS: dict[str, Callable[[Path, bool], Iterator[Task]]] = {
    "uci": uci,
    "cortez": cortez,
    "hsls": hsls,
    "hsls-all": hsls_all,
}


# --- the baselines ----------------------------------------------------------------------------------


def logistic_regression(X: pd.DataFrame) -> BaseEstimator:
    """Median imputation with missing flags, standardised, one-hot, C = 1."""
    numeric = list(X.select_dtypes("number"))
    words = [name for name in X.columns if name not in numeric]
    numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    columns = make_column_transformer((numbers, numeric), (OneHotEncoder(handle_unknown="ignore"), words))
    return make_pipeline(columns, LogisticRegression(C=1.0, max_iter=2000))


def untuned_lightgbm(X: pd.DataFrame) -> BaseEstimator:
    """LightGBM as it comes, categories native."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(verbose=-1, n_jobs=1, random_state=0)


def ours(X: pd.DataFrame) -> BaseEstimator:
    """RiskClassifier as it comes."""
    return RiskClassifier()


def explainable_boosting(X: pd.DataFrame) -> BaseEstimator:
    """EBM as it comes (``pip install interpret-core``)."""
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(random_state=0, n_jobs=1)


def catboost(X: pd.DataFrame) -> BaseEstimator:
    """CatBoost as it comes, missing categories as a word of their own (``pip install catboost``)."""
    from catboost import CatBoostClassifier
    from sklearn.preprocessing import FunctionTransformer

    words = list(X.columns.difference(X.select_dtypes("number").columns))
    to_words = FunctionTransformer(lambda Z: Z.astype(dict.fromkeys(words, str)))
    return make_pipeline(
        to_words, CatBoostClassifier(verbose=0, random_seed=0, thread_count=1, cat_features=words)
    )


BESIDE: dict[str, Callable[[pd.DataFrame], BaseEstimator]] = {
    "EBM": explainable_boosting, "CatBoost": catboost,
}  # fmt: skip
"""Rows that are printed where they are asked for; no bound is held against them."""
MODELS: dict[str, Callable[[pd.DataFrame], BaseEstimator]] = {
    "LR": logistic_regression,
    "LGBM": untuned_lightgbm,
    "ours": ours,
}


# --- running and telling ----------------------------------------------------------------------------


def run(task: Task, beside: tuple[str, ...] = ()) -> dict[str, object]:
    """Score every model on every fold; give mean figures over folds, and what ours chose."""
    models = MODELS | {name: BESIDE[name] for name in beside}
    X = task.X.copy()
    for name in X.columns.difference(X.select_dtypes("number").columns):
        X[name] = X[name].astype("category")
    scores: dict[str, list[tuple[float, ...]]] = {name: [] for name in models}
    slopes: dict[str, list[float]] = {name: [] for name in models}
    chosen: list[str] = []
    for seed in range(task.repeats):
        risks = {name: np.empty(len(X)) for name in models}
        for seen, unseen in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(X, task.y):
            for name, make in models.items():
                model = make(X).fit(X.iloc[seen], task.y[seen])
                risks[name][unseen] = model.predict_proba(X.iloc[unseen])[:, 1]
                scores[name].append(figures(task.y[unseen], risks[name][unseen]))
                if isinstance(model, RiskClassifier):
                    chosen.append(model.calibrated_model_.kind)
        for name, risk in risks.items():
            slopes[name].append(slope_of(task.y, risk))
    means = {name: np.mean(rows, axis=0).round(5).tolist() for name, rows in scores.items()}
    counts = {kind: chosen.count(kind) for kind in sorted(set(chosen))}
    others = {name: rows for name, rows in scores.items() if name != "ours"}
    differences = {name: paired(scores["ours"], rows) for name, rows in others.items()}
    result: dict[str, object] = {
        "task": task.name, "rows": len(X), "columns": X.shape[1], "positive": round(float(task.y.mean()), 4),
        **{figure: {name: row[place] for name, row in means.items()} for place, figure in enumerate(FIGURES)},
        "slope": {name: round(float(np.mean(all_of)), 4) for name, all_of in slopes.items()},
        "chosen": counts, "note": task.note, "less": differences,
    }  # fmt: skip
    if task.rule is not None:
        result["rule_accuracy"] = round(float((task.rule == task.y).mean()), 5)
    return result | {"bounds": bounds(task, result)}


def paired(ours: list[tuple[float, ...]], other: list[tuple[float, ...]]) -> dict[str, tuple[float, float]]:
    """Give ours less the other, fold by fold: the mean, and its standard error.

    Folds share most of their training rows, so the error is somewhat too small.
    """
    less = np.array(ours) - np.array(other)
    error = less.std(axis=0, ddof=1) / np.sqrt(len(less))
    return {
        figure: (round(float(less[:, place].mean()), 5), round(float(error[place]), 5))
        for place, figure in enumerate(FIGURES)
    }


FIGURES = ("auc", "brier", "log_loss", "accuracy")


def figures(y: NDArray[np.int8], risk: NDArray[np.float64]) -> tuple[float, ...]:
    """Give the figures of one fold, in the order of FIGURES."""
    risk_in = np.clip(risk, 1e-12, 1 - 1e-12)
    right = float(((risk > 0.5) == y).mean())
    return roc_auc_score(y, risk), brier_score_loss(y, risk), log_loss(y, risk_in), right


def slope_of(y: NDArray[np.int8], risk: NDArray[np.float64]) -> float:
    """Give the calibration slope of risks that were made out of fold."""
    risk_in = np.clip(risk, 1e-12, 1 - 1e-12)
    return raw_calibration(np.log(risk_in / (1 - risk_in)), y)[0]


def bounds(task: Task, result: dict[str, object]) -> dict[str, bool]:
    """Say of each bound whether it is met."""
    auc, brier, slope, right = (dict(result[name]) for name in ("auc", "brier", "slope", "accuracy"))  # type: ignore[call-overload]
    gain = auc["ours"] - max(auc["LR"], auc["LGBM"])
    said = {"Brier": bool(brier["ours"] <= min(brier["LR"], brier["LGBM"]))}
    if task.strict:
        said[f"AUC +{AUC_GAIN}"] = bool(gain >= AUC_GAIN)
        said[f"slope {SLOPES[0]} to {SLOPES[1]}"] = bool(SLOPES[0] <= slope["ours"] <= SLOPES[1])
    else:
        said[f"AUC -{AUC_TOLERANCE}"] = bool(gain >= -AUC_TOLERANCE)
    if task.rule is not None:
        said["accuracy of the rule"] = bool(right["ours"] >= float(str(result["rule_accuracy"])))
    return said


def line(result: dict[str, object]) -> str:
    """Give one line of the table: figures, differences to the better baseline, and the bounds missed."""
    auc, brier, slope = (dict(result[name]) for name in ("auc", "brier", "slope"))  # type: ignore[call-overload]
    gain, loss = auc["ours"] - max(auc["LR"], auc["LGBM"]), brier["ours"] - min(brier["LR"], brier["LGBM"])
    shown = "  ".join(f"{auc[name]:.3f} {brier[name]:.4f}" for name in MODELS)
    for name, less in dict(result["less"]).items():  # type: ignore[call-overload]
        figure, error = less["auc"]
        shown += f"  less {name} {figure:+.4f} ({error:.4f})"
    if "rule_accuracy" in result:
        shown += f"  accuracy {dict(result['accuracy'])['ours']:.3f}, rule {result['rule_accuracy']:.3f}"  # type: ignore[call-overload]
    return (
        f"{result['task']:72s} {shown}  {gain:+.4f} {loss:+.4f}  slope {slope['ours']:.2f}  "
        f"{result['chosen']}{told(dict(result['bounds']))}"  # type: ignore[call-overload]
    )


def told(said: dict[str, bool]) -> str:
    """Name the bounds that are missed."""
    missed = [name for name, met in said.items() if not met]
    return f"  MISSED: {', '.join(missed)}" if missed else ""


def main() -> int:
    """Run the sets that were asked for, print the table, write the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [*SETS, "uci-bounds"]
    parser.add_argument("--set", choices=names, action="append", help="one data set (default: all)")
    parser.add_argument(
        "--quick", action="store_true", help="deal the folds of small sets once, not five times"
    )
    parser.add_argument("--only", default="", help="tasks whose name holds these words")
    parser.add_argument("--json", type=Path, help="write the figures to this file, and go on from it")
    parser.add_argument("--beside", choices=BESIDE, nargs="+", default=[], help="more models, if installed")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    given = parser.parse_args()
    folder = data_folder()
    if not folder.is_dir():
        print("The real data are not here: set DROPOUT_RISK_DATA to their folder. Nothing was run.")
        return 0
    print(
        f"{'AUC and Brier of each; then ours less the better baseline':72s} LR            LGBM          ours"
    )
    results = json.loads(given.json.read_text(encoding="utf-8")) if given.json and given.json.exists() else []
    done = {found["task"] for found in results}

    def keep(found: dict[str, object], words: str) -> None:
        results.append(found)
        print(words, flush=True)
        if given.json:
            given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")

    if "uci-bounds" in (given.set or names):
        from uci_bounds import PROTOCOLS  # which imports from here

        for name, protocol in PROTOCOLS.items():
            if name in done:
                continue
            found = protocol(folder, given.quick)
            keep({"task": name} | found, f"{name} {found} {told(dict(found['bounds']))}")  # type: ignore[call-overload]
    tasks = (task for name in given.set or SETS if name in SETS for task in SETS[name](folder, given.quick))
    with ProcessPoolExecutor(given.jobs) as workers:
        waiting = [
            workers.submit(run, task, tuple(given.beside))
            for task in tasks
            if task.name not in done and given.only in task.name
        ]
        for one in as_completed(waiting):
            keep(one.result(), line(one.result()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
