"""Classifiers of one's own beside the library's: on the same rows, explained by shap, never shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.arrays import Floats
from dropout_risk.errors import ArgumentError, MissingExtraError, TrainingError, nearest
from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.parts import Parts
from dropout_risk.modelling.candidates import CANDIDATES
from dropout_risk.modelling.classifier import RiskClassifier
from dropout_risk.settings import Settings
from dropout_risk.text import Text

BACKGROUND_ROWS = 100
"""Rows of pupils who stayed against which shap measures, at most."""
SURE = 1e-6
"""Probabilities are kept this far from 0 and 1, so that log-odds are finite."""
FILL = (
    "what it said stands above; features hold NaN where nothing is known, which many classifiers take only "
    "behind make_pipeline(SimpleImputer(keep_empty_features=True), ...)"
)
LABEL = Text(zh="自带模型：{name}", en="Own: {name}")
DESCRIPTION = Text(
    zh="自带的候选模型{name}，用测试之前的所有行拟合；它只参加比较，不进入模型包，依据由 shap 近似给出",
    en="A candidate of one's own, {name}, fitted on all rows before the test; it is compared alone: no "
    "bundle holds it, and its reasons are shap's approximation",
)
BY_SHAP = Text(
    zh="依据由 shap 用排列法近似：与{rows}名留在学校的学生相比，每个特征使{name}给出的风险升高或降低多少；"
    "不是本库逐项相加的依据",
    en="shap's permutations: what each feature does to the log-odds of {name} against {rows} pupils who "
    "stayed, an approximation; the library's own reasons apply to its own candidates",
)
OWN = Text(zh="本库的依据：逐项相加即为评分", en="the library's own reasons, which add up")


@dataclass(frozen=True, eq=False, repr=False)
class ForeignCandidate:
    """A classifier of one's own, fitted on the rows before the test.

    Parameters
    ----------
    name : str
        What the report calls it.
    classifier : object
        The fitted clone.
    columns : tuple of str
        The features it reads, in their order.
    risks : array of shape (n_test,)
        What it says of the test rows.
    background : DataFrame
        Rows of pupils who stayed, against whom shap measures.
    """

    name: str
    classifier: Any
    columns: tuple[str, ...]
    risks: Floats
    background: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def fitted(cls, name: str, classifier: Any, parts: Parts) -> ForeignCandidate:
        """Fit a clone on all rows before the test, and ask it about the test.

        TrainingError if it takes none of them, such as one that takes no missing values.
        """
        from sklearn.base import clone

        known, empty = parts.before_test, list(parts.without_value)
        X, y = parts.X(known).drop(columns=empty), parts.y(known)
        try:
            made = clone(classifier).fit(X, y)
            risks = np.asarray(made.predict_proba(parts.X(parts.test).drop(columns=empty)))[:, 1]
        except Exception as error:  # its words may hold values: they stay in what this comes from
            raise TrainingError(f"{name} cannot be fitted: {type(error).__name__}.", hint=FILL) from error
        stayed = X[np.asarray(y) == 0]
        some = stayed.iloc[:: -(-len(stayed) // BACKGROUND_ROWS)]
        return cls(name, made, tuple(map(str, X.columns)), risks, some)

    @property
    def explainer_(self) -> str:
        """How its reasons are made."""
        if isinstance(self.classifier, RiskClassifier):
            return OWN.en
        return BY_SHAP.fill("en", name=self.name, rows=len(self.background))

    def explain(self, X: pd.DataFrame) -> Any:
        """Split the log-odds of some rows over the features, as a ``shap.Explanation``.

        A :class:`RiskClassifier` gives its own reasons; of any other, shap's permutations are taken, which
        ask it some hundred times for each row: explain those whom somebody will see.

        Raises
        ------
        MissingExtraError
            If shap is not installed.
        """
        given = X[list(self.columns)]
        if isinstance(self.classifier, RiskClassifier):
            return self.classifier.explain(given)
        try:
            import shap
        except ImportError as error:
            raise MissingExtraError(
                "shap is not installed.", hint="pip install 'dropout-risk[explain]'"
            ) from error
        explainer = shap.explainers.Permutation(
            self._log_odds, self.background.to_numpy(dtype=np.float64), seed=0
        )
        found = explainer(given.to_numpy(dtype=np.float64), max_evals=4 * len(self.columns) + 1, silent=True)
        found.feature_names = list(self.columns)
        return found

    def _log_odds(self, values: Floats) -> Floats:
        given = pd.DataFrame(values, columns=list(self.columns))
        risk = np.clip(np.asarray(self.classifier.predict_proba(given))[:, 1], SURE, 1 - SURE)
        return np.asarray(np.log(risk / (1 - risk)))

    def beside(self) -> Baseline:
        """Give it as the report shows it, beside the model."""
        words = {"name": self.name}
        return Baseline(
            f"own_{self.name}", LABEL.filled(**words), DESCRIPTION.filled(**words), risks=self.risks
        )

    def __repr__(self) -> str:
        """Name the classifier."""
        return f"<ForeignCandidate {self.name}: {len(self.columns)} features>"


def require_classifier(classifier: Any) -> None:
    """Refuse what is no classifier with probabilities; ArgumentError."""
    if isinstance(classifier, type) or not all(
        hasattr(classifier, name) for name in ("fit", "predict_proba", "get_params")
    ):
        raise ArgumentError(
            f"A {type(classifier).__name__} is no classifier with fit and predict_proba.",
            hint="hand in an estimator of scikit-learn; CalibratedClassifierCV gives probabilities",
        )


def kind_of_classifier(classifier: Any) -> str:
    """Name the kind of a classifier; of a pipeline that of its last step, since others are pipelines too.

    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> kind_of_classifier(make_pipeline(DummyClassifier()))
    'DummyClassifier'
    """
    while getattr(classifier, "steps", None):
        classifier = classifier.steps[-1][1]
    return type(classifier).__name__


def sorted_candidates(
    candidates: Sequence[Any] | None, settings: Settings
) -> tuple[Settings, dict[str, Any]]:
    """Part the candidates into the library's, by name, and others, each under a name of its own.

    ArgumentError if one is neither a known name nor a classifier; before any work.
    """
    if candidates is None:
        return settings, {}
    if isinstance(candidates, str) or not isinstance(candidates, Sequence):
        raise ArgumentError("candidates is no list.", hint='candidates=["logistic", MyClassifier()]')
    names = tuple(one for one in candidates if isinstance(one, str))
    for name in names:
        if name not in CANDIDATES:
            raise ArgumentError(f"There is no candidate {name!r}.", hint=nearest(name, CANDIDATES))
    others: dict[str, Any] = {}
    for one in candidates:
        if not isinstance(one, str):
            require_classifier(one)
            kind = kind_of_classifier(one)
            others[kind if kind not in others else f"{kind}_{len(others) + 1}"] = one
    if not names:
        return settings, others
    models = settings.models.model_copy(update={"candidates": names})
    return settings.model_copy(update={"models": models}), others
