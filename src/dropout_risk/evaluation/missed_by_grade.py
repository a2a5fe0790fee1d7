"""The share of those who dropped out that the list missed, by grade level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dropout_risk.evaluation.fairness_rates import Gap

GRADE = "grade_level"


def missed_by_grade(
    rates: Mapping[str, pd.DataFrame], gaps: Mapping[str, Sequence[Gap]]
) -> list[dict[str, Any]]:
    """Give the share missed of each grade level that is large enough, the least missed first.

    ``sure`` says whether chance is ruled out as the reason why it is missed more than the first.
    """
    frame = rates.get(GRADE)
    if frame is None or not frame["shown"].any():
        return []
    shown = frame[frame["shown"]].sort_values("fnr", kind="stable")
    of_grades = [gap for gap in gaps["fnr"] if gap.attribute == GRADE and gap.low > 0]
    sure = {frozenset((gap.higher, gap.lower)) for gap in of_grades}
    return [
        {
            "grade": str(grade),
            "missed": float(line["fnr"]),
            "sure": frozenset((str(grade), str(shown.index[0]))) in sure,
        }
        for grade, line in shown.iterrows()
    ]
