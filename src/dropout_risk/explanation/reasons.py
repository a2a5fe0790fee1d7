"""Reasons: contributions worded so that a teacher can check them and act on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dropout_risk.catalogue.feature import CAUSES, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.text import Language, Text

Floats = npt.NDArray[np.float64]
MOST = 4
_LEAST = 1e-6

NOT_RECORDED, REFUSED, NOT_APPLICABLE = 1, 2, 3
_STATE_WORDS = {
    NOT_RECORDED: Text(zh="未记录", en="not recorded"),
    REFUSED: Text(zh="拒答或无效", en="refused or invalid"),
    NOT_APPLICABLE: Text(zh="不适用", en="does not apply"),
}


@dataclass(frozen=True)
class Reason:
    """One feature's part in one score.

    Parameters
    ----------
    feature, domain, cause, label, unit : str
        From the catalogue's declaration.
    text : str
        What the value means, in the asked language.
    value : float or None
        None where it is missing.
    comparison : dict or None
        ``{"kind": "class" | "own_past" | "stayed", "value": float}``: what to hold the value against.
    data_age_days : int or None
        Days between the last record of this kind and the as-of date.
    contribution : float
        In log-odds.
    points : float
        The same in points of probability: how much the risk would differ without this contribution.
    missing, actionable : bool
        Whether the value is missing; whether people at school can change it.
    state : str
        ``known``, ``not_recorded``, ``refused`` or ``not_applicable``.
    """

    feature: str
    domain: str
    cause: str
    label: str
    text: str
    value: float | None
    unit: str
    comparison: dict[str, Any] | None
    data_age_days: int | None
    contribution: float
    points: float
    missing: bool
    actionable: bool
    state: str

    def to_dict(self) -> dict[str, Any]:
        """Write the reason as one entry of the reply."""
        return dict(self.__dict__)
