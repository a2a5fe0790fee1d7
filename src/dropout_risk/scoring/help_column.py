"""What help fits each of many pupils: the rule is asked once for each different set of reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import KINDS, WEIGHTY_SHARE, help_for
from dropout_risk.catalogue.feature import CAUSES, Feature
from dropout_risk.scoring.distinct import Distinct
from dropout_risk.scoring.score_schema import HELP
from dropout_risk.text import Language

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Raising:
    """What the rule reads of a reason."""

    feature: str
    cause: str
    contribution: float
    missing: bool


class HelpColumn:
    """The column ``suggested_help``.

    Parameters
    ----------
    features : tuple of Feature
        The catalogue's, in order.
    language : {"zh", "en"}
        The language of the suggestions.
    """

    def __init__(self, features: tuple[Feature, ...], language: Language) -> None:
        self._features, self._language = features, language
        self._lists = Distinct(pa.list_(HELP))
        cause = np.array([list(CAUSES).index(feature.cause) for feature in features], dtype=np.int64)
        fits = np.array([[name in kind.causes for name in CAUSES] for kind in KINDS])
        self._fits = fits[:, cause].T if len(features) else np.zeros((1, len(KINDS)), dtype=bool)
        self._oldest = max(kind.min_grade for kind in KINDS)

    def of(
        self,
        speaker: Codes,
        total: Floats,
        known: Bools,
        alerts: list[tuple[Alert, ...]],
        grades: pa.ChunkedArray | None,
    ) -> pa.Array:
        """Say what help fits.

        Parameters
        ----------
        speaker, total : arrays of shape (n, 4)
            The features of the raising reasons, the strongest first (-1 for none), and their contributions.
        known : bool array of shape (n, 4)
            Whether there is a reason whose value is not missing.
        alerts : list of tuple of Alert
            By pupil.
        grades : pyarrow.ChunkedArray or None
            Grade levels, where known.
        """
        levels = grades.to_pylist() if grades is not None else [None] * len(speaker)
        keys = self._keys(speaker, total, known)
        steps = [min(level or 0, self._oldest) for level in levels]

        def make(row: int) -> list[dict[str, Any]]:
            reasons = [
                _Raising(self._features[place].name, self._features[place].cause, contribution, not there)
                for place, contribution, there in zip(
                    speaker[row].tolist(), total[row].tolist(), known[row].tolist(), strict=True
                )
                if place >= 0
            ]
            found = help_for(reasons, alerts[row], levels[row], self._language)
            return [item.to_dict() for item in found]

        asked = [
            (key, step, tuple((alert.rule, alert.route) for alert in own) if own else ())
            for key, step, own in zip(keys, steps, alerts, strict=True)
        ]
        return self._lists.take(asked, make)

    def _keys(self, speaker: Codes, total: Floats, known: Bools) -> list[bytes]:
        """Give everything of the reasons that the rule's answer depends on: who counts, and which order."""
        counts = known & (total >= WEIGHTY_SHARE * total[:, :1])
        strength = np.zeros((len(speaker), len(KINDS)))
        for slot in range(speaker.shape[1]):
            own = np.where(counts[:, slot], total[:, slot], 0.0)
            strength += self._fits[np.maximum(speaker[:, slot], 0)] * own[:, None]
        order = np.argsort(-strength, axis=1, kind="stable")
        told = np.where(counts, speaker, -1).astype(np.int16)
        rows = np.concatenate([told, order.astype(np.int16)], axis=1)
        return [row.tobytes() for row in rows]
