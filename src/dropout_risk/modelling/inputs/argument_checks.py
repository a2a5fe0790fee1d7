"""What a classifier was made with, checked before any work, all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, get_args

import pandas as pd

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import TrainingError, nearest
from dropout_risk.modelling.candidates import AUTO, CANDIDATES, default_candidates
from dropout_risk.modelling.leaks.report import OnLeaks
from dropout_risk.modelling.tuning import Tuning


def check_arguments(classifier: Any) -> None:
    """Check every argument of a classifier.

    Raises
    ------
    TrainingError
        With all that cannot be used; the hint is that of the first.
    """
    said = list(_wrong_arguments(classifier))
    if said:
        raise TrainingError(" ".join(text for text, _ in said), hint=said[0][1])


def _wrong_arguments(given: Any) -> Iterable[tuple[str, str]]:
    yield from _wrong_candidates(given.model, given.candidates)
    folds: Any = given.folds
    if folds is None or isinstance(folds, (bool, str, float)):
        yield f"folds must be a whole number or a splitter, got {folds!r}.", "5 is the default"
    elif isinstance(folds, Integral) and folds < 2:
        yield f"folds must be at least 2, got {folds!r}.", "5 is the default"
    elif not isinstance(folds, Integral) and not hasattr(folds, "split") and not isinstance(folds, Iterable):
        yield f"folds must be a number or a splitter, got a {type(folds).__name__}.", "such as GroupKFold(5)"
    if given.leaks not in get_args(OnLeaks):
        yield f"leaks cannot be {given.leaks!r}.", nearest(str(given.leaks), get_args(OnLeaks))
    for name, kind, hint in (
        ("catalogue", FeatureCatalogue, "default_catalogue().select(names)"),
        ("monotone", Mapping, 'by column: monotone={"absence_share": 1}'),
        ("tuning", Tuning, "Tuning(trials=20)"),
    ):
        value = getattr(given, name)
        if value is not None and not isinstance(value, kind):
            yield f"{name} must be a {kind.__name__}, got a {type(value).__name__}.", hint
    seed = given.random_state
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, Integral)):
        yield f"random_state must be a whole number, got a {type(seed).__name__}.", "0 is the default"


def _wrong_candidates(model: Any, candidates: Any) -> Iterable[tuple[str, str]]:
    if not isinstance(model, str) or model not in (AUTO, *CANDIDATES):
        yield _no_such_model(model, (AUTO, *CANDIDATES))
    if candidates is None:
        return
    if isinstance(candidates, str) or not isinstance(candidates, Sequence):
        yield f"candidates must be a list of names, got {candidates!r}.", f"such as {default_candidates()}"
        return
    if not candidates:
        yield "There is no candidate to choose from.", f"such as {default_candidates()}"
    for name in candidates:
        if not isinstance(name, str) or name not in CANDIDATES:
            yield _no_such_model(name, CANDIDATES)


def _no_such_model(given: Any, names: Iterable[str]) -> tuple[str, str]:
    if hasattr(given, "fit"):
        kind = type(given).__name__
        return f"A {kind} is no name of a model.", "of one's own: dr.train(records, candidates=[...])"
    return f"There is no model {given!r}.", nearest(str(given), names)


def check_beside(table: Any, groups: Any, cohorts: Any, calibration_set: Any) -> None:
    """Check the form of what a fit is handed beside rows and labels.

    Raises
    ------
    TrainingError
        If groups are not one for each row, cohorts no frame, or the calibration set no pair.
    """
    if groups is not None and len(groups) != len(table):
        raise TrainingError(
            f"groups has {len(groups)} entries for {len(table)} rows.", hint="one group for each row"
        )
    named = {"school_id", "as_of"}
    if cohorts is not None and (not isinstance(cohorts, pd.DataFrame) or not named <= set(cohorts.columns)):
        raise TrainingError(
            f"cohorts must be a frame with the columns school_id and as_of, got a {type(cohorts).__name__}.",
            hint='cohort.frame[["school_id", "as_of"]]',
        )
    if calibration_set is not None and not (
        isinstance(calibration_set, (tuple, list)) and len(calibration_set) == 2
    ):
        raise TrainingError(
            f"calibration_set must be a pair (X, y), got a {type(calibration_set).__name__}.",
            hint="calibration_set=(X_own, y_own), rows that are not in the fit",
        )
