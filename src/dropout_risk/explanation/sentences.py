"""Values of features in words: each worded once, and those that name days or exams one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats, Longs, SmallInts
from dropout_risk.catalogue.feature import Feature
from dropout_risk.explanation.columns import Picked
from dropout_risk.explanation.reason_choice import NOBODY
from dropout_risk.explanation.told_rows import ToldRows
from dropout_risk.features.missing import STATE_WORDS
from dropout_risk.text import ASIDE, Language

MOST_REMEMBERED = 200_000
_FEW, _READY = 4, 2_000
"""So many values, and so many without a row behind them, are not compared with each other before they are
worded."""


class Doubted(Protocol):
    """Values that rest on less than they seem to: ``days``, by pupil and feature, is 0 for all others."""

    @property
    def days(self) -> npt.NDArray[np.int32]:
        """Of how many days a value speaks."""

    def worded(self, text: str, pupil: int, position: int, language: Language) -> str:
        """Word a value again."""


class Sentences:
    """Words values of features, each once."""

    def __init__(self, features: tuple[Feature, ...], language: Language) -> None:
        self._features, self._language = features, language
        self._worded: dict[tuple[Any, ...], str] = {}

    def __call__(self, position: Longs, value: Floats, state: SmallInts, rows: ToldRows) -> Picked:
        """Word some values of some features; a missing one with the reason why it is missing."""
        if len(position) <= _READY and not rows.footings:
            given = zip(position.tolist(), value.tolist(), state.tolist(), strict=True)
            return Picked([self._text(*one, {}) for one in given], np.arange(len(position)))
        texts: list[str] = []
        at = np.empty(len(position), dtype=np.int64)
        kind = (position + len(self._features) * state.astype(np.int64)).astype(np.int16)
        order = np.argsort(kind, kind="stable")
        ends = np.flatnonzero(np.diff(kind[order], append=NOBODY)) + 1
        for start, end in zip([0, *ends], ends, strict=False):
            own = order[start:end]
            feature, why = int(position[own[0]]), int(state[own[0]])
            alone = rows.single(feature, own, value[own])
            single = own[alone]
            at[single] = np.arange(len(single)) + len(texts)
            texts += [
                self._features[feature].describe(
                    float(value[k]), self._language, rows.told(feature, k, self._language)
                )
                for k in single.tolist()
            ]
            shared = own[~alone]
            if len(shared) <= _FEW:
                at[shared] = np.arange(len(shared)) + len(texts)
                told = [rows.told(feature, k, self._language) for k in shared.tolist()]
                texts += [
                    self._text(feature, float(value[k]), why, said)
                    for k, said in zip(shared.tolist(), told, strict=True)
                ]
                continue
            together = np.nan_to_num(value[shared]) + 1j * np.nan_to_num(rows.counted[shared], nan=-1.0)
            _, first, inverse = np.unique(together, return_index=True, return_inverse=True)
            at[shared] = inverse + len(texts)
            texts += [
                self._text(feature, float(value[k]), why, rows.told(feature, k, self._language))
                for k in shared[first].tolist()
            ]
        return Picked(texts, at)

    def _text(self, position: int, value: float, state: int, told: Mapping[str, Any]) -> str:
        key = (position, 0.0 if state else value, state, told.get("counted"), told.get("whole"))
        text = self._worded.get(key)
        if text is None:
            if len(self._worded) >= MOST_REMEMBERED:
                self._worded.clear()
            text = self._worded[key] = describe_value(
                self._features[position], value, state, self._language, told
            )
        return text


def describe_value(
    feature: Feature, value: float, state: int, language: Language, told: Mapping[str, Any] | None = None
) -> str:
    """Word a value; a missing one with the reason why it is missing."""
    text = feature.describe(value, language, told)
    if state not in STATE_WORDS:
        return text
    return ASIDE.fill(language, text=text, aside=STATE_WORDS[state].to(language))
