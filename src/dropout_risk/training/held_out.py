"""The test rows as the report reads them: what happened, what was said, and who was there to see it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from dropout_risk.evaluation.result import HeldOut
from dropout_risk.features.cohort import Cohort
from dropout_risk.histories.histories import Histories
from dropout_risk.training.last_days import days_since_present
from dropout_risk.training.parts import Parts


def held_out_of(parts: Parts, histories: Histories, risks: npt.NDArray[Any]) -> HeldOut:
    """Put the test part together: schools, pupils, responsible teachers, and who still came."""
    frame = parts.cohort.frame.iloc[parts.test]
    return HeldOut(
        parts.y(parts.test),
        risks,
        parts.days(parts.test),
        schools=frame["school_id"].astype(object).fillna("").to_numpy(),
        students=parts.students(parts.test),
        teachers=teachers(histories, frame["pupil"].to_numpy()),
        since_present=days_since_present(histories, Cohort(frame.reset_index(drop=True))),
    )


def teachers(histories: Histories, pupils: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Give who sees each pupil: the responsible teacher, or the class where none is recorded."""
    columns = [pc.fill_null(histories.students[name], "") for name in ("responsible_id", "class_id")]
    responsible, classes = (np.asarray(column.to_numpy(), dtype=object) for column in columns)
    return np.asarray(np.where(responsible == "", classes, responsible)[pupils])
