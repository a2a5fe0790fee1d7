"""RiskClassifier beside baselines on the same rows; shared by the benchmarks on records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

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
    beside = {name: risks[name] for name in ("LR", "LGBM")}
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
        "less": {name: less(test.y, risks["RiskClassifier"], risk) for name, risk in beside.items()},
        "within": within_schools(test, beside | {"RiskClassifier": risks["RiskClassifier"]}),
    }


def less(y: Any, ours: Any, other: Any, draws: int = 200) -> dict[str, tuple[float, float]]:
    """Give ours less the other in AUC and Brier score, and its standard error: rows drawn anew for both."""
    rng, found = np.random.default_rng(0), []
    for rows in [np.arange(len(y)), *rng.integers(len(y), size=(draws, len(y)))]:
        aucs = [roc_auc_score(y[rows], risk[rows]) for risk in (ours, other)]
        squares = [np.mean((risk[rows] - y[rows]) ** 2) for risk in (ours, other)]
        found.append((aucs[0] - aucs[1], squares[0] - squares[1]))
    means, errors = found[0], np.std(found[1:], axis=0, ddof=1)
    return {
        name: (round(float(mean), 4), round(float(error), 4))
        for name, mean, error in zip(("auc", "brier"), means, errors, strict=True)
    }


def within_schools(test: BaselineRows, risks: Mapping[str, Any]) -> dict[str, Any]:
    """Give the mean AUC within schools that have both outcomes, and ours less the others with its error."""
    inside = [test.schools == name for name in np.unique(test.schools)]
    inside = [rows for rows in inside if 0 < test.y[rows].sum() < rows.sum()]
    aucs = {name: np.array([roc_auc_score(test.y[rows], risk[rows]) for rows in inside])
            for name, risk in risks.items()}  # fmt: skip
    differences = {name: aucs["RiskClassifier"] - found for name, found in aucs.items()}
    differences.pop("RiskClassifier")
    return {
        "schools": len(inside),
        "auc": {name: round(float(found.mean()), 4) for name, found in aucs.items()},
        "less": {
            name: (round(float(gap.mean()), 4), round(float(gap.std(ddof=1) / np.sqrt(len(gap))), 4))
            for name, gap in differences.items()
        },
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
    errors = [
        f"{name} AUC {gap['auc'][0]:+.4f} ({gap['auc'][1]:.4f})" for name, gap in result["less"].items()
    ]
    inside = result["within"]
    errors += [f"{name} within schools {gap[0]:+.4f} ({gap[1]:.4f})" for name, gap in inside["less"].items()]
    own = ", ".join(f"{name} {auc:.3f}" for name, auc in inside["auc"].items())
    lines.append(f"  less {', '.join(errors)}; AUC within {inside['schools']} schools: {own}")
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
