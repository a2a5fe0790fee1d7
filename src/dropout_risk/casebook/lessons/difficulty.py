"""Difficulty: what families tell, held against the first reason that the model gave."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.lessons.told_cases import ToldCases
from dropout_risk.casebook.words import DIFFICULTIES
from dropout_risk.catalogue.feature import CAUSES, Cause
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.metrics import wilson_interval
from dropout_risk.evaluation.small_groups import FEWEST, withheld_groups
from dropout_risk.scoring.scores import Scores

CAUSES_OF: dict[str, tuple[Cause, ...]] = {
    "schoolwork": ("learning",),
    "poverty": ("poverty",),
    "far_way": ("distance",),
    "family_change": ("family",),
    "mental_health": ("wellbeing",),
    "peers": ("wellbeing",),
    "migrant_work": ("poverty", "family"),
    "early_marriage": ("family",),
    "illness": (),
}
"""Which causes of the catalogue agree with what a family tells; *illness* is none that a model knows.

*disengagement* (absence) agrees with nothing: it is how a difficulty shows, and no difficulty.
"""
UNKNOWN = "unknown"
_OLDEST = pd.Timedelta(days=31)


@dataclass(frozen=True, eq=False)
class DifficultyTable:
    """The difficulty told by the family against the cause of the model's first reason.

    Parameters
    ----------
    counts : pandas.DataFrame
        A row per difficulty, ``told`` (how many cases) and a column per cause; missing where withheld. A case
        with several difficulties stands in each of their rows.
    cases : int
        Cases with both.
    right : float
        The share of them whose first reason agrees with a difficulty told; ``interval`` is its 95 % interval.
    by_chance : float
        What that share would be if the reasons were dealt out anew among the same pupils.
    no_word, no_reason : int
        Cases without a known difficulty, and those without reasons of the time.
    """

    counts: pd.DataFrame
    cases: int
    right: float
    interval: tuple[float, float]
    by_chance: float
    no_word: int
    no_reason: int


def first_reasons(scores: Scores) -> pd.DataFrame:
    """Give the first reason that raises each risk: ``student_id``, ``as_of``, ``feature``, ``cause``."""
    rows = [
        (str(pupil.student_id), scores.as_of, pupil.raising[0].feature, pupil.raising[0].cause)
        for pupil in scores.pupils
        if pupil.raising
    ]
    return pd.DataFrame(rows, columns=["student_id", "as_of", "feature", "cause"])


def difficulty_table(
    book: Book, reasons: pd.DataFrame, *, until: dt.date | None = None, fewest: int = FEWEST
) -> DifficultyTable:
    """Hold what families tell against the first reasons of the days on which their cases were opened.

    Parameters
    ----------
    book : Book
        The difficulty is that of the last contact which names one.
    reasons : pandas.DataFrame
        See :func:`first_reasons`; of several days one below the other. The reason is that of the day of the
        opening, or of the last day before, at most a month old.
    until : date, optional
        Contacts after it do not count.
    fewest : int, default=10
        Rows and cells of fewer cases are withheld, with others that would give them back.

    Raises
    ------
    EvaluationError
        If a column is missing.
    """
    missing = [name for name in ("student_id", "as_of", "cause") if name not in reasons]
    if missing:
        raise EvaluationError(f"The reasons have no column {missing[0]!r}.", hint="see first_reasons()")
    told = ToldCases.of_book(book)
    words = _last_words(told.contacts, until or dt.date.max)
    cases = told.cases.assign(words=told.cases["case"].map(words))
    known = cases[cases["words"].notna()]
    paired = _with_reasons(known, reasons)
    pairs = [*zip(paired["words"], paired["cause"], strict=True)]
    right, by_chance = _share_right(pairs)
    hidden = len(pairs) < fewest
    return DifficultyTable(
        _counts_of(pairs, fewest),
        len(pairs),
        np.nan if hidden else right,
        (np.nan, np.nan) if hidden else wilson_interval(right, len(pairs)),
        np.nan if hidden else by_chance,
        len(cases) - len(known),
        len(known) - len(pairs),
    )


def _last_words(contacts: pd.DataFrame, until: dt.date) -> dict[int, tuple[str, ...]]:
    words: dict[int, tuple[str, ...]] = {}
    for row in contacts.sort_values("day", kind="stable").itertuples():
        known = tuple(word for word in row.difficulty if word != UNKNOWN)
        if known and row.day <= until:
            words[row.case] = known
    return words


def _with_reasons(cases: pd.DataFrame, reasons: pd.DataFrame) -> pd.DataFrame:
    opened = cases.assign(
        pupil=cases["pupil"].astype(str), day=pd.to_datetime(cases["opened"]).astype("datetime64[ns]")
    )
    given = pd.DataFrame({
        "pupil": reasons["student_id"].astype(str),
        "day": pd.to_datetime(reasons["as_of"]).astype("datetime64[ns]"),
        "cause": reasons["cause"],
    })  # fmt: skip
    paired = pd.merge_asof(
        opened.sort_values("day"), given.sort_values("day"), on="day", by="pupil", tolerance=_OLDEST
    )
    return paired[paired["cause"].notna()]


def _share_right(pairs: list[tuple[tuple[str, ...], str]]) -> tuple[float, float]:
    """Give the share of agreement, and what it would be between words and reasons of different pupils."""
    if not pairs:
        return np.nan, np.nan
    agreeing = [{cause for word in words for cause in CAUSES_OF[word]} for words, _ in pairs]
    causes = pd.Series([cause for _, cause in pairs]).value_counts(normalize=True)
    right = [cause in fits for fits, (_, cause) in zip(agreeing, pairs, strict=True)]
    chance = [sum(causes.get(cause, 0.0) for cause in fits) for fits in agreeing]
    return float(np.mean(right)), float(np.mean(chance))


def _counts_of(pairs: list[tuple[tuple[str, ...], str]], fewest: int) -> pd.DataFrame:
    words = [word.key for word in DIFFICULTIES if word.key != UNKNOWN]
    counts = pd.DataFrame(0, index=pd.Index(words, name="difficulty"), columns=list(CAUSES))
    for told, cause in pairs:
        for word in told:
            counts.loc[word, cause] += 1
    totals = counts.sum(axis=1)
    hidden = withheld_groups(totals.to_numpy(), fewest)
    cells = np.array([withheld_groups(row, fewest) for row in counts.to_numpy()])
    shown = counts.astype("Int64").mask(cells | hidden[:, None])
    shown.insert(0, "told", totals.astype("Int64").mask(hidden))
    return shown
