"""Feedback: what people who know a pupil say of each reason, written as an entry and counted by model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.case import Case
from dropout_risk.casebook.machine import Line
from dropout_risk.casebook.tables import CASE, ENTRY
from dropout_risk.casebook.words import REASON_QUESTION
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import CONFIDENTIAL, FeatureCatalogue
from dropout_risk.errors import CaseRefusedError
from dropout_risk.evaluation.small_groups import FEWEST, withheld_groups

OTHER_FEATURES = "other_features"
"""Under this name stand the features of which too few people have said anything."""


def write_feedback(
    book: Book,
    case: Case,
    answers: Mapping[str, str],
    *,
    run: str,
    day: dt.date,
    by: str,
    catalogue: FeatureCatalogue | None = None,
    today: dt.date | None = None,
    key: str = "",
) -> Case:
    """Write what somebody says of the reasons of a score, as a note of the case; the latest word counts.

    Parameters
    ----------
    book : Book
    case : Case
    answers : mapping of str to str
        A word of :data:`dropout_risk.casebook.words.FEEDBACK` for each feature.
    run : str
        The version of the model that gave the reasons.
    day, by
        When, and who says so.
    catalogue : FeatureCatalogue, optional
        By default the library's.
    today : date, optional
        By default the date of the machine.
    key : str, optional
        The name of the act; by default of the day, the case, the person and the state of the case.

    Raises
    ------
    UnknownFeatureError
        If the catalogue has no such feature.
    CaseRefusedError
        If a word is none, or a reason is the counsellor's and the case is not.
    """
    catalogue = catalogue or default_catalogue()
    features = [catalogue[name] for name in answers]
    if case.line == "school" and any(feature.domain == CONFIDENTIAL for feature in features):
        raise CaseRefusedError(
            "What is said of a test does not belong into a case that others read.",
            hint="only a counsellor's own case takes it",
        )
    words = {name: _word_key(word) for name, word in answers.items()}
    key = key or f"feedback/{day}/{case.id}/{by}/{case.seq}"
    data = {"feedback": words, "run": run}
    return book.write("note", day, by, key, case=case, data=data, today=today)


def _word_key(word: str) -> str:
    found = REASON_QUESTION.word_of(word)
    return word if found is None else found.key


def feedback_frame(book: Book, line: Line = "school") -> pd.DataFrame:
    """Give all feedback: ``run`` (the model's version), ``feature`` and ``word``, in alphabetical order.

    Neither pupils, cases, people nor days are in it. Of what one person said of the same reason of the same
    case more than once, the last word counts.
    """
    asked = (
        sa.select(ENTRY.c.case, ENTRY.c.by, ENTRY.c.data)
        .join(CASE, CASE.c.id == ENTRY.c.case)
        .where(CASE.c.line == line, ENTRY.c.kind == "note")
        .order_by(ENTRY.c.case, ENTRY.c.seq)
    )
    said: dict[tuple[int, str, str, str], str] = {}
    with book.reading() as connection:
        for case, by, data in connection.execute(asked):
            for feature, word in data.get("feedback", {}).items():
                said[case, by, data["run"], feature] = word
    rows = sorted((run, feature, word) for (_, _, run, feature), word in said.items())
    return pd.DataFrame(rows, columns=["run", "feature", "word"])


def feedback_counts(frame: pd.DataFrame, fewest: int = FEWEST) -> pd.DataFrame:
    """Count feedback by model and feature.

    Features of fewer than ``fewest`` answers stand together as :data:`OTHER_FEATURES`. ``share_true`` is the
    share of *right* and *known* among the answers that judge it (without *no_help* and *unknown*); NaN
    without any.

    >>> said = pd.DataFrame({"run": "1.0", "feature": "absence_share_20d", "word": ["right"] * 9 + ["wrong"]})
    >>> feedback_counts(said)[["feature", "right", "wrong", "answers", "share_true"]].values.tolist()
    [['absence_share_20d', 9, 1, 10, 0.9]]
    """
    words = list(REASON_QUESTION.keys)
    tables = []
    for run, part in frame.groupby("run"):
        table = pd.crosstab(part["feature"], part["word"]).reindex(columns=words, fill_value=0)
        hidden = withheld_groups(table.sum(axis=1).to_numpy(), fewest)
        names = np.where(hidden, OTHER_FEATURES, table.index.to_numpy())
        table = table.groupby(names).sum().rename_axis(index="feature", columns=None).reset_index()
        tables.append(table.assign(run=run))
    counts = (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["run", "feature", *words])
    )
    counts["answers"] = counts[words].sum(axis=1)
    judged = counts[["right", "known", "wrong"]].sum(axis=1)
    counts["share_true"] = (counts["right"] + counts["known"]) / judged.where(judged > 0)
    return counts[["run", "feature", *words, "answers", "share_true"]]
