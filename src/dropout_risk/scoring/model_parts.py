"""What a risk model is made of: everything that scoring reads, and nothing that scores."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Bools
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.errors import SyntheticModelError, TrainingError
from dropout_risk.features.cohort import Cohort, Source, histories_of
from dropout_risk.features.compute import unrecorded_values
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.calibration import LinearCalibration, LocalCalibration, recalibrate, to_base_rate
from dropout_risk.modelling.group_profiles import GroupProfiles
from dropout_risk.modelling.timing import Timing
from dropout_risk.scoring.bundles.reference import Reference
from dropout_risk.scoring.remarks.abstention import FactSwings
from dropout_risk.settings import Settings
from dropout_risk.text import Text

SYNTHETIC = "SYNTHETIC DATA: this model was trained on simulated pupils and says nothing about real ones"


@dataclass(frozen=True, repr=False)
class ModelParts:
    """A catalogue of features and a fitted, calibrated classifier, with what words its scores.

    The ``version`` is made from the content, ``reference`` holds means and counts of the training pupils, and
    ``swings`` say which missing record is worth fetching. ``metrics`` were measured on the test part, beside
    the baselines; ``card`` is the model card in Markdown, by language; ``trained_to`` is the last date of
    which training knew anything. Without ``timing`` nobody knows how a risk spreads over the horizon.
    ``published`` is what was kept when the model was put into use: the day, the statement of its owner, and
    the reason if checks stood against it. ``allow_synthetic`` says whether a model of made-up
    pupils may score records that nothing marks as made up, as in Python it may, and where people act on
    its lists it may not; no bundle says it. ``profiles`` say what the classes and schools of the training
    were like; without them no class is ever said to be unlike those.
    """

    name: str
    version: str
    catalogue: FeatureCatalogue
    instruments: InstrumentRegistry
    calibrated: CalibratedModel
    reference: Reference
    settings: Settings = field(default_factory=Settings)
    metrics: dict[str, Any] = field(default_factory=dict)
    card: dict[str, str] = field(default_factory=dict)
    trained_to: str | None = None
    synthetic: bool = False
    swings: FactSwings = field(default_factory=lambda: FactSwings({}))
    timing: Timing | None = None
    published: dict[str, Any] = field(default_factory=dict)
    profiles: GroupProfiles | None = None
    allow_synthetic: bool = True

    def refuse_real(self, marked: bool) -> None:
        """Refuse records that are not marked as made up where the model is; SyntheticModelError."""
        if self.synthetic and not (marked or self.allow_synthetic):
            raise SyntheticModelError(
                f"The model {self.name} {self.version} was trained on simulated pupils, and nothing marks "
                "these records as made up: its risks would say nothing about them.",
                hint="score with a model trained on real pupils; made-up records are marked by a file "
                "SYNTHETIC in their folder, or synthetic=True, their features by X.attrs (lost outside of "
                "pandas and Arrow). To try it out all the same: "
                "--allow-synthetic, RiskModel.load(..., allow_synthetic=True), or "
                "DROPOUT_RISK_ALLOW_SYNTHETIC=1 for the service",
            )

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What is made once of a model by those who read it."""
        return {}


# --- What changes in a model that is recalibrated to another school: its calibration and its card ---

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
    zh="学生的先后次序不变；本说明书其余数字均为重新校准之前的结果。",
    en=" The order of pupils is the same; all other figures of this card were measured before.",
)


def recalibrated_parts(
    model: ModelParts,
    X: pd.DataFrame,
    y: npt.ArrayLike | None,
    *,
    base_rate: float | None,
    pupils: npt.ArrayLike | None,
    prior_labels: float,
    records: Source | None = None,
) -> dict[str, Any]:
    """Give the parameters of :class:`RiskModel` that change; see :meth:`RiskModel.recalibrated`."""
    if (y is None) == (base_rate is None):
        raise TrainingError(
            "Recalibration needs either labels or a base rate.", hint="give y, or base_rate=0.03"
        )
    margin = model.calibrated.margin(X, None if records is None else _unrecorded_of(model, X, records))
    if pupils is None and "student_id" in X.index.names:
        pupils = np.asarray(X.index.get_level_values("student_id"))
    old = model.calibrated.calibration
    if y is None:
        new = to_base_rate(old, margin, float(base_rate or 0.0))
    else:
        new = recalibrate(old, margin, y, pupils=pupils, prior_labels=prior_labels)
    return {
        "calibrated": replace(model.calibrated, calibration=new),
        "card": _recalibrated_cards(model.card, new),
        "published": {},  # this one was not
    }


def _unrecorded_of(model: ModelParts, X: pd.DataFrame, records: Source) -> Bools | None:
    """Mark what the school of each row records of nobody, as scoring the records does."""
    if not {"student_id", "as_of"} <= set(X.index.names):
        raise TrainingError(
            "With records, each row of X names its pupil and day.",
            hint="give X as build_features does, indexed by student_id and as_of",
        )
    if not model.calibrated.asks_of_tables:
        return None
    histories, rows = histories_of(records), X.index.to_frame(index=False)
    cohort = Cohort.from_frame(rows[["student_id", "as_of"]], histories)
    return unrecorded_values(histories, cohort, model.catalogue, instruments=model.instruments)


def _recalibrated_cards(card: dict[str, str], calibration: LinearCalibration) -> dict[str, str]:
    local = calibration.local or LocalCalibration(0.0)
    text = _BY_LABELS if local.labels else _BY_RATE
    fields = calibration.local_dict() or {}
    return {
        language: f"{said.rstrip()}\n\n{_HEAD.to(language)}\n\n"  # type: ignore[arg-type]
        f"{text.fill(language, **fields)}{_BEFORE.to(language)}\n"  # type: ignore[arg-type]
        for language, said in card.items()
    }
