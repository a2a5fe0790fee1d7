"""What a request's marks make doubtful: most of a pupil's lie far below full marks, or above them.

The check of files asks this of a whole table; here each pupil is looked at alone, so that nothing said of one
depends on who else is asked about. What single rows make doubtful is among the errors of the reply.
"""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bools
from dropout_risk.records.checks.marks import FEWEST_MARKS, doubtful_marks
from dropout_risk.records.rows import UsableRows
from dropout_risk.records.rules import RULES, Rule
from dropout_risk.text import Language, Text

_DOUBT = Text(
    zh="成绩表中本人的{number}行存疑：{message}。{hint}",
    en="{number} row(s) of the pupil's marks are doubted: {message}. {hint} ({code})",
)


def mark_doubts(grades: UsableRows, n_pupils: int, language: Language) -> list[tuple[str, ...]]:
    """Say to each pupil of a request what is doubtful about its marks; nothing to most."""
    told: list[tuple[str, ...]] = [()] * n_pupils
    score, highest = grades.values["score"], grades.values["max_score"]
    given = ~np.isnan(score)
    if not given.any():
        return told
    over = given & (score > highest) & (highest > 0)
    low, _ = doubtful_marks(score, highest)
    for rule, rows in (("doubtful_unit", low), ("bonus_mark", over)):
        most = _most_of_each(grades, n_pupils, rows, given)
        found = np.bincount(grades.pupil[most[grades.pupil] & rows], minlength=n_pupils)
        for pupil in np.flatnonzero(found).tolist():
            told[pupil] = (*told[pupil], _worded_doubt(RULES[rule], int(found[pupil]), language))
    return told


def _most_of_each(grades: UsableRows, n_pupils: int, rows: Bools, given: Bools) -> Bools:
    """Mark the pupils with several marks of whom most are among some rows."""
    marks, found = (np.bincount(grades.pupil[mask], minlength=n_pupils) for mask in (given, rows))
    most: Bools = (marks >= FEWEST_MARKS) & (2 * found > marks)
    return most


def _worded_doubt(rule: Rule, number: int, language: Language) -> str:
    message, hint = rule.wording("grades", "score")
    said = {"message": message.to(language), "hint": hint.to(language)}
    return _DOUBT.fill(language, number=number, code=rule.code, **said)
