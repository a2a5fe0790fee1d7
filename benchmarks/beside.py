"""RiskClassifier beside baselines on the same rows; shared by the benchmarks on records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk import Feature, FeatureCatalogue, RiskClassifier
from dropout_risk.catalogue.measures import FactorHolds
from dropout_risk.evaluation.baselines import BaselineRows, fit_baselines
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
from dropout_risk.text import Text
from real_data import AUC_TOLERANCE, logistic_regression, untuned_lightgbm

SHOWN = {"auc": "AUC", "average_precision": "AP", "brier": "Brier", "log_loss": "log loss"}
FREE = ("base_rate", "last_mark", "school_only")
NOT_HERE = "The real data are not here: set DROPOUT_RISK_DATA to their folder. Nothing was run."


def holds(name: str, factor: str, *values: str, en: str, zh: str, monotone: int = 0) -> Feature:
    """Declare, as data, that a family factor of one's own has one of some values."""
    return Feature(
        name=name, domain="family", source="family", measure=FactorHolds((factor,), values), cause="family",
        family=factor, monotone=monotone, unit=Text(zh="是或否", en="yes or no"), valid_range=(0, 1),
        label=Text(zh=zh, en=en), sentence=Text(zh=zh, en=en),
        zero_sentence=Text(zh=f"不符合：{zh}", en=f"Does not hold: {en}"),
        missing_sentence=Text(zh="没有家庭情况记录", en="No family information on record"),
    )  # fmt: skip


def with_any_value(X: pd.DataFrame) -> list[str]:
    """Name the columns that hold at least two different values."""
    return [name for name in X if X[name].nunique() > 1]


def compare(
    train: BaselineRows,
    test: BaselineRows,
    catalogue: FeatureCatalogue,
    groups: Any,
    subsets: Mapping[str, Any],
) -> dict[str, Any]:
    """Fit everything on the training rows and give the figures on the test rows, by name.

    ``subsets`` are masks of test rows, for which the AUC of RiskClassifier is given as well.
    """
    risks, ours = risks_beside(train, test, catalogue, groups)
    figures = {name: figures_of(test.y, risk) for name, risk in risks.items()}
    auc = {
        words: round(ranking_and_probability_metrics(test.y[rows], risks["RiskClassifier"][rows])["auc"], 4)
        for words, rows in subsets.items()
    }
    chosen = ours.calibrated_model_.kind
    return {
        "figures": figures,
        "chosen": chosen,
        "features": len(with_any_value(train.features)),
        "auc_of_subsets": auc,
    }


def risks_beside(
    train: BaselineRows, test: BaselineRows, catalogue: FeatureCatalogue, groups: Any
) -> tuple[dict[str, Any], RiskClassifier]:
    """Fit everything on the training rows; give each one's risks of the test rows, and RiskClassifier."""
    found = {one.name: one.risks for one in fit_baselines(train, test, catalogue) if one.name in FREE}
    risks = {name: risk for name, risk in found.items() if risk is not None}
    seen = with_any_value(train.features)
    X, unseen = train.features[seen], test.features[seen]
    for name, make in {"LR": logistic_regression, "LGBM": untuned_lightgbm}.items():
        risks[name] = make(X).fit(X, train.y.astype(int)).predict_proba(unseen)[:, 1]
    ours = RiskClassifier(catalogue=catalogue).fit(X, train.y.astype(int), groups=groups)
    risks["RiskClassifier"] = ours.predict_proba(unseen)[:, 1]
    return risks, ours


def figures_of(y: Any, risk: Any) -> dict[str, float]:
    """Give the figures of a table, rounded."""
    measured = ranking_and_probability_metrics(y, risk)
    return {name: round(measured[name], 4) for name in (*SHOWN, "calibration_slope")}


def table(title: str, result: Mapping[str, Any]) -> str:
    """Give a result as a table for a terminal, with what it owes to the better untuned baseline."""
    lines = [title, f"  {'':16s}" + "".join(f"{word:>10s}" for word in SHOWN.values())]
    for name, figures in result["figures"].items():
        lines.append(f"  {name:16s}" + "".join(f"{figures[key]:10.4f}" for key in SHOWN))
    subsets = ", ".join(f"{words} {auc:.4f}" for words, auc in result["auc_of_subsets"].items())
    lines.append(f"  {verdict(result['figures'])}; chosen: {result['chosen']}; AUC of {subsets}")
    return "\n".join(lines)


def verdict(figures: Mapping[str, Mapping[str, float]]) -> str:
    """Say how far RiskClassifier is from the better untuned baseline."""
    ours, others = figures["RiskClassifier"], [figures["LR"], figures["LGBM"]]
    gain = ours["auc"] - max(other["auc"] for other in others)
    loss = ours["brier"] - min(other["brier"] for other in others)
    words = "not reached" if gain < -AUC_TOLERANCE else "reached"
    return f"against the better untuned one: AUC {gain:+.4f} ({words}), Brier {loss:+.4f}"


def write(path: Path, content: Mapping[str, Any] | Sequence[Any]) -> None:
    """Write figures as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def results_folder() -> Path:
    """Give the folder of figures that are kept."""
    return Path(__file__).resolve().parent / "results"


def as_rows(features: pd.DataFrame, schools: pd.Series, labels: pd.Series | None) -> BaselineRows:
    """Give features, schools and labels as the rows that baselines read."""
    return BaselineRows(
        features, schools.fillna("").to_numpy(), None if labels is None else np.asarray(labels)
    )
