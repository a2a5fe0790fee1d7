"""What changes in a model when it is recalibrated to another school: its calibration and its card."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.errors import TrainingError
from dropout_risk.modelling.calibration import LinearCalibration, LocalCalibration
from dropout_risk.modelling.recalibration import recalibrated, to_base_rate
from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.scoring.risk_model import RiskModel

_HEAD = Text(zh="## 本地重新校准", en="## Recalibrated")
_BY_LABELS = Text(
    zh="用{labels}名学生的结果（其中{dropouts}名辍学）重新校准：对数几率平均移动{shift:+.2f}。",
    en="Recalibrated by what became of {labels} pupils, {dropouts} of whom dropped out: log-odds moved by "
    "{shift:+.2f} in the mean.",
)
_BY_RATE = Text(
    zh="按给定的辍学比例{base_rate:.2%}重新校准：对数几率移动{shift:+.2f}。",
    en="Recalibrated to a given share of {base_rate:.2%}: log-odds moved by {shift:+.2f}.",
)
_BEFORE = Text(
    zh="学生的先后次序不变；本卡其余数字均为重新校准之前的结果。",
    en=" The order of pupils is the same; all other figures of this card were measured before.",
)


def recalibrated_parts(
    model: RiskModel,
    X: pd.DataFrame,
    y: npt.ArrayLike | None,
    *,
    base_rate: float | None,
    pupils: npt.ArrayLike | None,
    prior_labels: float,
) -> dict[str, Any]:
    """Give the parameters of :class:`RiskModel` that change; see :meth:`RiskModel.recalibrated`."""
    if (y is None) == (base_rate is None):
        raise TrainingError(
            "Recalibration needs either labels or a base rate.", hint="give y, or base_rate=0.03"
        )
    margin = model.calibrated.margin(X)
    if pupils is None and "student_id" in X.index.names:
        pupils = np.asarray(X.index.get_level_values("student_id"))
    old = model.calibrated.calibration
    if y is None:
        new = to_base_rate(old, margin, float(base_rate or 0.0))
    else:
        new = recalibrated(old, margin, y, pupils=pupils, prior_labels=prior_labels)
    return {"calibrated": replace(model.calibrated, calibration=new), "card": _cards(model.card, new)}


def _cards(card: dict[str, str], calibration: LinearCalibration) -> dict[str, str]:
    local = calibration.local or LocalCalibration(0.0)
    text = _BY_LABELS if local.labels else _BY_RATE
    fields = calibration.local_dict() or {}
    return {
        language: f"{said.rstrip()}\n\n{_HEAD.to(language)}\n\n"  # type: ignore[arg-type]
        f"{text.fill(language, **fields)}{_BEFORE.to(language)}\n"  # type: ignore[arg-type]
        for language, said in card.items()
    }
