"""The leak detector: what a table of features must not hold, found before anything is fitted on it.

Every check is a small function of the rows, counts and ranks only; what needs school records is in
:mod:`dropout_risk.evaluation.questions.leak_section`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from dropout_risk.arrays import Array, Floats, Labels
from dropout_risk.errors import LabelError, LeakError, SettingsError, TrainingError, nearest
from dropout_risk.modelling.inputs.encoding import FeatureEncoding
from dropout_risk.modelling.inputs.feature_table import plain_table
from dropout_risk.modelling.inputs.row_names import refuse_other_rows
from dropout_risk.modelling.leaks.column_checks import COLUMN_CHECKS, Leak, LeakCheck, MadeCheck
from dropout_risk.modelling.leaks.row_checks import ROW_CHECKS, SEGMENT_CHECKS
from dropout_risk.modelling.leaks.table import LeakTable

CHECKS: tuple[LeakCheck, ...] = (*COLUMN_CHECKS, *ROW_CHECKS, *SEGMENT_CHECKS)
OnLeaks = Literal["raise", "warn", "ignore"]


class LeakWarning(UserWarning):
    """A leak was found in the rows of a fit that goes on all the same."""


@dataclass(frozen=True)
class LeakReport:
    """Everything the leak checks found, at once.

    Of very large tables only the columns of a part of the pupils are counted: ``n_counted`` of ``n_rows``.
    ``allowed`` names columns, or checks of rows, that somebody has allowed, each with the reason.
    """

    checks: tuple[MadeCheck, ...]
    n_rows: int
    n_counted: int
    allowed: Mapping[str, str] = field(default_factory=dict)

    @property
    def found(self) -> tuple[Leak, ...]:
        """Every finding, allowed or not."""
        return tuple(leak for check in self.checks for leak in check.leaks)

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """The findings that nobody has allowed."""
        return tuple(leak for leak in self.found if not self.allows(leak))

    def allows(self, leak: Leak) -> bool:
        """Say whether somebody has allowed a finding: by its column, or by its check if it is about rows."""
        return (leak.column or leak.check) in self.allowed

    def with_checks(self, checks: Iterable[MadeCheck]) -> Self:
        """Give a report of more checks."""
        return replace(self, checks=(*self.checks, *checks))

    def allowing(self, allowed: Mapping[str, str], columns: Iterable[str]) -> Self:
        """Give a report with some findings allowed; SettingsError if a name is no column and no check."""
        known = {*columns, *(check.name for check in self.checks)}
        unknown = sorted(set(allowed) - known)
        if unknown:
            raise SettingsError(
                f"leaks.allowed names {unknown}, which is neither a column nor a leak check.",
                hint=nearest(unknown[0], known),
            )
        return replace(self, allowed=dict(allowed))

    def frame(self) -> pd.DataFrame:
        """Give one row per finding."""
        rows = [(leak.check, leak.column, leak.reason.en, self.allows(leak)) for leak in self.found]
        return pd.DataFrame(rows, columns=["check", "column", "reason", "allowed"])

    def __str__(self) -> str:
        """List the findings that nobody has allowed."""
        lines = "".join(f"\n- {leak.check}, {leak}" for leak in self.leaks)
        return f"{len(self.leaks)} leak(s) in {self.n_rows} rows, {len(self.checks)} checks made{lines}"

    def _repr_html_(self) -> str:
        return str(self.frame().to_html(index=False))

    def require_none(self) -> None:
        """Raise all findings that nobody has allowed at once, as a LeakError.

        Where none of them is a proof, they are a ``LeakWarning`` that says how to look.
        """
        if any(leak.proof for leak in self.leaks):
            raise LeakError(f"{self}.", hint=WAY_OUT)
        if self.leaks:
            warnings.warn(f"{self}\n{WAY_TO_LOOK}", LeakWarning, stacklevel=3)


WAY_OUT = (
    "leave these columns out, or make the rows again from the records; a column that is honest after all is "
    "allowed with its reason in settings: leaks.allowed"
)
WAY_TO_LOOK = (
    "No proof, and nothing was stopped. Look at the rows: X[X.duplicated(keep=False)] lists those that are "
    "equal; what is honest after all is allowed with its reason in settings: leaks.allowed"
)


def find_leaks(
    X: pd.DataFrame | ArrayLike,
    y: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    test: ArrayLike | None = None,
    known_at: Mapping[str, Any] | None = None,
    asked_at: Any = None,
) -> LeakReport:
    """Look for leaks in a table of features, with its labels.

    Parameters
    ----------
    X : DataFrame or array-like, shape (n, n_features)
        As for a fit.
    y : array-like of {0, 1}
        1 is the outcome.
    groups : array-like, optional
        What folds keep apart, usually the pupil; by default the index level ``student_id`` of X, else
        each row is a pupil.
    test : array-like of bool, optional
        The rows that test, where X holds them too.
    known_at : mapping of str to date or number, optional
        When each column became known, such as the number of the term or a date.
    asked_at : date or number, optional
        When the forecast is made; columns known later are a leak.

    Returns
    -------
    LeakReport
        All findings; nothing is raised.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"absent": rng.poisson(3, 300), "Score": rng.choice(["Pass", "Fail"], 300)})
    >>> y = (X["Score"] == "Fail").astype(int)
    >>> find_leaks(X, y).frame()[["check", "column"]].to_dict("records")
    [{'check': 'tells_the_outcome', 'column': 'Score'}]
    """
    given = plain_table(X)
    table = given if isinstance(given, pd.DataFrame) else np.asarray(given, dtype=np.float64)
    for beside, name in ((y, "y"), (groups, "groups"), (test, "test")):
        refuse_other_rows(table, beside, name)
    encoding = FeatureEncoding.learn(table)
    late = None
    if known_at is not None:
        late = {name: str(day) for name, day in known_at.items() if day > asked_at}
    return check_table(
        LeakTable(
            encoding.names,
            encoding.encode(table),
            binary_labels(y),
            frozenset(encoding.categorical),
            group_keys(table, groups),
            None if test is None else np.asarray(test, dtype=bool),
            late,
        )
    )


def check_table(table: LeakTable) -> LeakReport:
    """Make every check of a table."""
    if len(table.values) != len(table.y):
        raise TrainingError(f"X has {len(table.values)} rows and y has {len(table.y)}.")
    counted = len(table.y[table.counted])
    return LeakReport(tuple(check.made(table) for check in CHECKS), len(table.y), counted)


def check_leaks(
    how: str, encoding: FeatureEncoding, encoded: Floats, y: Labels, groups: Array | None
) -> LeakReport | None:
    """Look for leaks in the rows of a fit, and raise them (LeakError), warn of them, or do not look."""
    if how not in get_args(OnLeaks):
        raise TrainingError(f"leaks cannot be {how!r}.", hint=nearest(str(how), get_args(OnLeaks)))
    if how == "ignore":
        return None
    report = check_table(LeakTable(encoding.names, encoded, y, frozenset(encoding.categorical), groups))
    if how == "raise":
        report.require_none()
    elif report.leaks:
        proof = any(leak.proof for leak in report.leaks)
        warnings.warn(f"{report}\n{WAY_OUT if proof else WAY_TO_LOOK}", LeakWarning, stacklevel=3)
    return report


def binary_labels(y: ArrayLike) -> Labels:
    """Give labels as 0 and 1; LabelError if they hold anything else."""
    values = np.asarray(y).reshape(-1)
    wrong = int((~np.isin(values, [0, 1])).sum())
    if wrong:
        raise LabelError(
            f"{wrong} of {len(values)} labels are neither 0 nor 1.",
            hint="give 1 for the outcome and 0 without it, and drop rows whose outcome is not known yet",
        )
    return values.astype(np.int8)


def group_keys(table: pd.DataFrame | Floats, groups: ArrayLike | None) -> Array | None:
    """Give what folds keep apart: as handed in, or the index level ``student_id``."""
    if groups is not None:
        return np.asarray(groups)
    if isinstance(table, pd.DataFrame) and "student_id" in table.index.names:
        return np.asarray(table.index.get_level_values("student_id"))
    return None
