"""The challenger: a model that is asked the same as the one that answers, and whose answers nobody hears.

It is asked after the reply, by a thread of its own. Counts alone are kept: how often its band is another, and
how far its risks are from those that were told.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Semaphore
from typing import Any, Self

from dropout_risk.scoring.bundles.model_switch import try_model
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import Scores
from dropout_risk.settings import BANDS
from serving.answers.asked_scores import RawRecords
from serving.metrics import Metrics
from serving.served.served_model import ServedModel, load_served

MOST_WAITING = 8
"""Requests that wait for it; of the others it is asked nothing."""
_REQUESTS = "dropout_risk_shadow_requests_total"


@dataclass(eq=False)
class Challenger:
    """A model beside the one that answers."""

    model: RiskModel
    manifest: str
    metrics: Metrics
    _room: Semaphore = field(default_factory=lambda: Semaphore(MOST_WAITING))
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "shadow"))

    @classmethod
    def load(cls, folder: Path, held: Mapping[str, Any], metrics: Metrics) -> Self:
        """Load it and try it; BundleError if it is not what its manifest says."""
        model = load_served(folder)
        try_model(model, **held)
        return cls(model, ServedModel.read(folder).manifest, metrics)

    def ask(self, asked: RawRecords, told: Scores) -> None:
        """Ask it the same, if it is not too busy."""
        if not self._room.acquire(blocking=False):
            self.metrics.count(_REQUESTS, outcome="too busy")
            return
        try:
            self._thread.submit(self._compare, asked, told).add_done_callback(lambda _: self._room.release())
        except RuntimeError:  # it has been closed meanwhile
            self._room.release()

    def close(self) -> None:
        """Ask it nothing more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _compare(self, asked: RawRecords, told: Scores) -> None:
        same = copy.copy(asked)  # with the request as it was read
        same.model = self.model
        try:
            own = same.scores("shadow")
        except Exception:
            self.metrics.count(_REQUESTS, outcome="failed")
            return
        self.metrics.count(_REQUESTS, outcome="answered")
        others = {str(pupil.student_id): pupil for pupil in own.pupils}
        for pupil in told.pupils:
            other = others.get(str(pupil.student_id))
            if other is None:
                self.metrics.count("dropout_risk_shadow_pupils_total", band="not scored")
                continue
            self.metrics.count("dropout_risk_shadow_pupils_total", band=_band_move(pupil.band, other.band))
            self.metrics.observe("dropout_risk_shadow_difference", abs(other.risk - pupil.risk))


def _band_move(told: str, other: str) -> str:
    """Say how a band compares with the one that was told.

    >>> _band_move("low", "high"), _band_move("high", "watch"), _band_move("low", "low")
    ('higher', 'lower', 'same')
    >>> _band_move("low", "unknown")
    'judged otherwise'
    """
    if other == told:
        return "same"
    if {other, told} - {*BANDS}:
        return "judged otherwise"
    return "higher" if BANDS.index(other) > BANDS.index(told) else "lower"
