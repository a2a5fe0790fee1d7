"""The last exam of each subject: with a mark, or missed, also where nobody wrote down that it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from dropout_risk.arrays import Floats, Ints, Longs
from dropout_risk.catalogue.grades import CORE_SUBJECTS, core_rank
from dropout_risk.features.class_context import ClassContext
from dropout_risk.features.sat_exams import list_missed
from dropout_risk.histories.histories import MISSED
from dropout_risk.histories.snapshot import Snapshot, runs_of_subjects
from dropout_risk.records.wording.words import word_key


class LastExams(NamedTuple):
    """The last exam of each pupil and subject, core subjects first: one row each.

    ``subject`` and ``exam`` are codes of words, ``percent`` is a share of full marks, or ``MISSED``; ``full``
    are the full marks of the paper, 0 where they are not known.
    """

    pupil: Longs
    subject: Longs
    exam: Longs
    date: Longs
    percent: Floats
    full: Longs

    @classmethod
    def of(cls, snapshot: Snapshot, context: ClassContext | None, words: dict[str, list[str]]) -> Self:
        """Find them in the pupils' own rows and, of this school year, in what their classes sat.

        ``words`` are those of the codes, by ``subject`` and ``exam``; what only the context knows is added.
        """
        parts = [cls._of_rows(snapshot)]
        if context is not None:
            parts.insert(0, cls._without_a_row(snapshot, context, words))  # of one day, a row says more
        every = cls(*map(np.concatenate, zip(*parts, strict=True)))
        order = np.lexsort((every.date, every.subject, every.pupil))
        pupil, subject = every.pupil[order], every.subject[order]
        last = np.append((np.diff(pupil) != 0) | (np.diff(subject) != 0), True)[: len(order)]
        kept = order[last]
        ranks = np.array([*map(core_rank, words["subject"]), len(CORE_SUBJECTS)])
        kept = kept[np.argsort(ranks[every.subject[kept]], kind="stable")]
        return cls(*(column[kept] for column in every))

    @classmethod
    def _of_rows(cls, snapshot: Snapshot) -> Self:
        exams = snapshot.exam_rows
        percent = exams["percent"]
        bounds, _ = runs_of_subjects(exams.offsets, exams["subject"])
        last = bounds[1:] - 1
        last = last[np.isfinite(percent[last]) | (percent[last] == MISSED)]
        pupil, subject, exam, date, full = (
            exams[name][last].astype(np.int64) for name in ("pupil", "subject", "exam", "date", "full")
        )
        return cls(pupil, subject, exam, date, percent[last], full)

    @classmethod
    def _without_a_row(cls, snapshot: Snapshot, context: ClassContext, words: dict[str, list[str]]) -> Self:
        sat = context.sat_exams(snapshot, "year")
        pupil, exam, date = list_missed(sat, np.arange(len(snapshot)))
        told = exam >= 0  # of the others a row of the pupil tells
        pupil, exam, date = pupil[told], exam[told], date[told]
        subject = _codes_among(words["subject"], *context.exam_words("subject"), exam)
        name = _codes_among(words["exam"], *context.exam_words("exam"), exam)
        n = len(pupil)
        return cls(pupil, subject, name, date, np.full(n, MISSED), np.zeros(n, np.int64))


def _codes_among(words: list[str], told: Sequence[str], code_of: Ints, exams: Longs) -> Longs:
    """Give the code of each exam's word among those that are known; what is new is added to them."""
    known = {word_key(word): code for code, word in enumerate(words)}
    codes = code_of[exams]
    new = np.zeros(len(told), np.int64)
    for code in np.unique(codes).tolist():
        new[code] = known.setdefault(word_key(told[code]), len(words))
        if new[code] == len(words):
            words.append(told[code])
    return new[codes]
