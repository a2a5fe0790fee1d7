"""The observer: after a reply, by a thread of its own, it compares what is asked with what the model learnt.

Of a few requests, one a second at most, the features are made again and kept in memory, without an id, as
long as they are among the last thousands; from them come the shares that are missing and the drift by family
of features. It also says how much memory the worker holds.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from dropout_risk.arrays import Floats
from dropout_risk.monitoring.drift import measure_drift
from dropout_risk.scoring.risk_model import RiskModel
from dropout_risk.scoring.scores import Scores
from serving.gate.door import kind_of
from serving.metrics import Metrics

MOST_PUPILS, ROWS_KEPT = 200, 5_000
LOOK_EVERY, TELL_EVERY, BEAT = 1.0, 30.0, 5.0
_PAGE = os.sysconf("SC_PAGE_SIZE")
_log = logging.getLogger("bentoml.dropout_risk")


@dataclass(eq=False)
class Observer:
    """Looks at some of what is scored."""

    metrics: Metrics
    now: Callable[[], float] = time.monotonic
    _waiting: queue.Queue[tuple[RiskModel, Scores] | None] = field(default_factory=lambda: queue.Queue(1))
    _model: RiskModel | None = None
    _rows: deque[Floats] = field(default_factory=lambda: deque(maxlen=ROWS_KEPT))
    _looked: float = -LOOK_EVERY
    _told: float = -TELL_EVERY

    def begin(self) -> Observer:
        """Begin to look."""
        threading.Thread(target=self._watch, name="observer", daemon=True).start()
        return self

    def stop(self) -> None:
        """Look no more."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            self._waiting.get_nowait()
            self._waiting.put_nowait(None)

    def saw(self, model: RiskModel, scores: Scores) -> None:
        """Take a look at what was scored, unless it is much, or one was looked at just now."""
        if not 0 < len(scores) <= MOST_PUPILS or self.now() - self._looked < LOOK_EVERY:
            return
        self._looked = self.now()
        try:
            self._waiting.put_nowait((model, scores))
        except queue.Full:
            return

    def look(self, model: RiskModel, scores: Scores) -> None:
        """Keep the features of what was scored, and tell how far they are from those of the training."""
        if model is not self._model:
            self._model = model
            self._rows.clear()
        found = None if scores.explained is None else scores.explained()
        if found is not None:
            self._rows.extend(found.values)
        if self.now() - self._told >= TELL_EVERY:
            self._told = self.now()
            self.tell(model)

    def tell(self, model: RiskModel) -> None:
        """Give the drift and the missing shares of each family of features, the worst of its members."""
        table = measure_drift(model, pd.DataFrame(np.array(self._rows), columns=[*model.catalogue])).frame()
        families = [model.catalogue[name].family for name in table["feature"]]
        for family, part in table.groupby(families):
            if part["psi"].notna().all():  # of fewer than ten rows there is no figure
                self.metrics.put("dropout_risk_drift_psi", part["psi"].max(), family=family)
                self.metrics.put("dropout_risk_missing_share", part["missing_now"].max(), family=family)
        self.metrics.put("dropout_risk_drift_rows", len(self._rows))

    def beat(self) -> None:
        """Say how much memory the worker holds."""
        held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
        self.metrics.put("dropout_risk_resident_bytes", held)

    def _watch(self) -> None:
        beaten = -BEAT
        while True:
            try:
                if self.now() - beaten >= BEAT:
                    beaten = self.now()
                    self.beat()
                asked = self._waiting.get(timeout=BEAT)
                if asked is None:
                    return
                self.look(*asked)
            except queue.Empty:
                continue
            except Exception as error:  # nobody is answered any worse for it
                _log.warning("what is asked cannot be observed: %s", kind_of(error))
