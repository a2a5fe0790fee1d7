"""Labels: which of two is the risk. It is known by its name or said, and never the second of an alphabet."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from dropout_risk.arrays import Array, Labels
from dropout_risk.errors import LabelError, OneClassError, TrainingError

RISK_WORDS = frozenset({
    "dropout", "dropouts", "drop_out", "dropped", "dropped_out", "drops_out", "droped_out",
    "early_leaver", "leaver", "leavers", "left", "left_school", "withdrawn", "withdrew", "withdrawal",
    "quit", "abandoned", "suspected_dropout", "at_risk", "atrisk", "high_risk", "positive", "yes", "y",
    "true", "t", "是", "真", "有", "阳性", "辍学", "已辍学", "疑似辍学", "失学", "退学", "已退学", "流失",
    "辍学生", "有风险", "高风险", "高危",
})  # fmt: skip
"""Words that say that a pupil dropped out, or that a question was answered with yes."""
STAY_WORDS = frozenset({
    "stayed", "stay", "stays", "stayer", "remained", "persisted", "persisting", "persistence",
    "retained_in_school", "in_school", "enrolled", "enroled", "still_enrolled", "continued",
    "continuing", "active", "attending", "graduated", "graduate", "completed", "completer",
    "not_dropout", "no_dropout", "non_dropout", "not_dropped_out", "no_risk", "not_at_risk", "low_risk",
    "retained", "retention", "on_track", "ontrack", "passed", "pass", "success", "successful", "succeeded",
    "graduated_on_time", "on_time_graduation", "on_time", "graduation", "completion", "enrollment",
    "safe", "在读", "在校", "在学", "未辍学", "未流失", "毕业", "已毕业", "无风险", "低风险",
})  # fmt: skip
"""Words that say that a pupil stayed: a column of this name tells of the opposite of a risk."""
YES = frozenset(["yes", "y", "true", "t", "是"])
NUMBERS = {"zero": 0.0, "one": 1.0, "two": 2.0}
TOLD_BY_NUMBER = ({0.0, 1.0}, {-1.0, 1.0})
WAY_OUT = "say it: RiskClassifier(positive_label=...), or make labels of 1 (dropped out) and 0 (stayed)"


class PositiveLabelWarning(UserWarning):
    """Which of two labels is the risk, where a reader could think of the other one."""


@dataclass(frozen=True)
class TwoLabels:
    """The two labels of a fit, and which of them is the risk.

    Parameters
    ----------
    classes : ndarray
        Both, sorted, as scikit-learn has them.
    positive : int
        The index of the risk among them.

    Examples
    --------
    >>> labels = TwoLabels.learn(["辍学", "在读", "在读"])
    >>> str(labels.risk), labels.codes(["在读", "辍学"]).tolist()
    ('辍学', [0, 1])
    """

    classes: Array
    positive: int

    @classmethod
    def learn(cls, y: ArrayLike, positive_label: Any = None) -> Self:
        """Find the two labels, and the one that was said or is known by its name to be the risk.

        Raises
        ------
        LabelError
            If they are not two, if nobody can know which is the risk, or if the one that was said is neither.
        OneClassError
            If there is one only.
        """
        name = getattr(y, "name", None)
        classes = _classes_in(target_of(y))
        positive = (
            _index_of_risk(classes, name)
            if positive_label is None
            else _index_of_label(classes, positive_label)
        )
        return cls(classes, positive)

    @property
    def risk(self) -> Any:
        """The label whose probability is the risk."""
        return self.classes[self.positive]

    def codes(self, y: ArrayLike) -> Labels:
        """Give labels as 1 for the risk and 0 for the other.

        Raises
        ------
        LabelError
            If some are neither.
        """
        values = target_of(y)
        unknown = int((~np.isin(values, self.classes)).sum())
        if unknown:
            raise LabelError(
                f"{unknown} of {len(values)} labels are of no class of the fit.",
                hint="write them as in the fit: 1 and '1' are two labels",
            )
        return np.asarray(values == self.risk, dtype=np.int8)


def target_of(y: ArrayLike) -> Array:
    """Give labels as one column.

    Raises
    ------
    LabelError
        If they are not one column, or if a label is not known.
    """
    if y is None:
        raise LabelError("This estimator requires y to be passed, but the target y is None.")
    try:
        values = np.asarray(column_or_1d(y, warn=True))
    except (TypeError, ValueError):
        raise LabelError(
            f"Labels must be one column (1d), got a {type(y).__name__} {getattr(y, 'shape', '')}.",
            hint="hand in one column, such as cohort.labels",
        ) from None
    if values.dtype == object:
        values = _plain_labels(values)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise LabelError("Input y contains NaN or infinity.", hint="drop rows whose label is not known yet")
    return values


def _plain_labels(values: Array) -> Array:
    """Give labels of a column of objects the type that they have in common."""
    missing = np.asarray(pd.isna(values))
    if missing.any():
        raise LabelError(
            f"Input y contains NaN: {int(missing.sum())} of {len(values)} labels are missing.",
            hint="drop rows whose label is not known yet",
        )
    kind = pd.api.types.infer_dtype(values, skipna=False)
    if kind in {"boolean", "integer", "floating"}:
        return np.asarray(values.tolist())
    if kind.startswith("mixed"):
        raise LabelError("Unknown label type: labels of several types at once.", hint=WAY_OUT)
    return values


def check_count(y: ArrayLike, n_rows: int) -> None:
    """Check that there is a label for each row.

    Raises
    ------
    TrainingError
        If there are no labels, or not as many as rows, or a single row.
    """
    n_labels = len(target_of(y))
    if n_labels != n_rows:
        raise TrainingError(
            f"X has {n_rows} rows and y has {n_labels}.", hint="bring them together: y = y.loc[X.index]"
        )
    if n_rows < 2:
        raise TrainingError("Cannot fit on n_samples = 1: at least two rows are needed.")


def _classes_in(values: Array) -> Array:
    try:
        kind = type_of_target(values, input_name="y", raise_unknown=True)
        if kind == "multiclass":
            raise LabelError(
                f"Only binary classification is supported. The type of the target is {kind}.",
                hint="make one label of two classes, such as dropped out or not",
            )
        if kind.startswith("continuous"):
            raise LabelError(
                f"Unknown label type: {kind}. Labels are two classes, not shares or numbers between them.",
                hint="make one label of two classes, such as 1 for dropped out and 0 for not",
            )
        check_classification_targets(values)
        classes = np.unique(values)
    except LabelError:
        raise
    except (TypeError, ValueError):
        raise LabelError(
            "Unknown label type: labels are words, numbers or truth values.", hint=WAY_OUT
        ) from None
    if len(classes) < 2:
        raise OneClassError(
            "The labels hold one class only, so there is nothing to tell apart.",
            hint="add as-of dates or schools until both classes occur",
        )
    return np.asarray(classes)


def _index_of_label(classes: Array, positive_label: Any) -> int:
    """Find the label that was said to be the risk."""
    for index, one in enumerate(classes.tolist()):
        if one == positive_label and isinstance(one, str) == isinstance(positive_label, str):
            return index
    raise LabelError(
        f"positive_label={positive_label!r} is none of the labels.",
        hint=f"they are {' and '.join(map(repr, classes.tolist()))}",
    )


def _index_of_risk(classes: Array, name: object) -> int:
    """Find the label that is known to be the risk."""
    words = [_plain_word(one) for one in classes.tolist()]
    numbers = [_label_number(str(one).strip().casefold()) for one in classes.tolist()]
    by_number = None not in numbers
    risky = [word in RISK_WORDS for word in words]
    asked = re.sub("^(is|has|was)_|^是否(已)?", "", _plain_word(name))
    if asked in STAY_WORDS and (by_number or not YES.isdisjoint(words)):
        raise LabelError(
            f"The labels are named {name!r}, so that nobody can know which of them is the risk.", hint=WAY_OUT
        )
    if by_number:
        index = int(np.argmax(np.array(numbers, dtype=np.float64)))
        if set(numbers) not in TOLD_BY_NUMBER:
            _warn_of_labels(
                f"The labels are {_both_labels(classes)}: the greater one is taken for the risk. "
                f"If it is not, {WAY_OUT}."
            )
        return index
    if sum(risky) != 1:
        raise LabelError(
            f"Which of the labels {_both_labels(classes)} is the risk, nobody can know.", hint=WAY_OUT
        )
    index = risky.index(True)
    if index == 0:
        _warn_of_labels(
            f"The risk is the first of the labels {_both_labels(classes)}: it is column 0 of predict_proba, "
            "while column 1 and decision_function tell of the other label. With labels of 1 and 0 it is "
            "column 1."
        )
    return index


def _both_labels(classes: Array) -> str:
    return " and ".join(repr(one) for one in classes.tolist())


def _plain_word(value: object) -> str:
    return str(value).strip().casefold().replace(" ", "_").replace("-", "_")


def _label_number(word: str) -> float | None:
    """Read a label as a number, a truth value as 1 or 0."""
    known: Callable[[str], float | None] = {"true": 1.0, "false": 0.0, **NUMBERS}.get
    try:
        number = float(word) if known(word) is None else known(word)
    except ValueError:
        return None
    return number if number is not None and np.isfinite(number) else None


def _warn_of_labels(text: str) -> None:
    warnings.warn(text, PositiveLabelWarning, stacklevel=5)
