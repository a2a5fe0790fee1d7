"""Switching: a worker looks at the switch, loads what it names beside what answers, and exchanges it whole.

It is loaded by a thread of its own, verified by its manifest, and tried. From the moment that the switch
names, each worker answers with it from its next request on; what has begun keeps the model that it has.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dropout_risk.access.watched_file import WatchedFile
from dropout_risk.errors import DropoutRiskError
from dropout_risk.scoring.bundles.model_switch import TOLD, ModelSwitch, NamedModel, SwitchState
from serving.gate.door import kind_of
from serving.metrics import Metrics
from serving.served.prepared import Prepared
from serving.served.served_model import SWITCH, ServedModel
from serving.served.shadow import Challenger

LOOK_EVERY = 0.1
TRY_AGAIN = 10.0
"""Seconds after which a worker tries once more what it could not load."""
_log = logging.getLogger("bentoml.dropout_risk")


@dataclass(eq=False)
class Switching:
    """What a worker answers with now, and what it makes ready."""

    now: Prepared
    metrics: Metrics
    switch: ModelSwitch | None = None
    challenger: Challenger | None = None
    prepare: Callable[[Prepared, Path], Prepared] = Prepared.from_environment
    _next: Prepared | None = None
    _failed: dict[str, float] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of_environment(cls, prepared: Prepared, metrics: Metrics) -> Switching:
        """Begin with what is prepared, and look at the switch, if the environment names one."""
        place = os.environ.get(SWITCH, "")
        made = cls(prepared, metrics, ModelSwitch(Path(place)) if place else None)
        made.tell(prepared.served, 1)
        if made.switch is not None:
            threading.Thread(target=made.watch, name="switch", daemon=True).start()
        return made

    def tell(self, served: ServedModel, workers: int) -> None:
        """Say which model is served, in the log and among the metrics."""
        if workers:
            _log.info("model name=%s version=%s manifest=%s", served.name, served.version, served.manifest)
        self.metrics.put("dropout_risk_model_info", workers, **asdict(served))

    def watch(self) -> None:
        """Look at the switch until the end; what cannot be read leaves everything as it is."""
        switch = self.switch
        assert switch is not None  # noqa: S101
        file = WatchedFile(switch.folder / TOLD, lambda _: switch.state())
        while not self._stop.wait(LOOK_EVERY):
            try:
                self.look(file.content())
            except DropoutRiskError as error:
                self._note_failure("switch", f"the switch cannot be read: {error.code}")
            except Exception as error:
                self._note_failure("switch", f"the switch cannot be followed: {kind_of(error)}")

    def stop(self) -> None:
        """Look at the switch no more."""
        self._stop.set()

    def look(self, state: SwitchState) -> None:
        """Make ready what the switch names, and take it up when its moment has come."""
        wanted = state.champion
        if wanted.manifest == self.now.served.manifest:
            self._next = None
        elif self._next is None or self._next.served.manifest != wanted.manifest:
            self._next = self._loaded(wanted)
        if self._next is not None and time.time() >= state.since:
            self._exchange(self._next)
        self._set_challenger(state.challenger)

    def _loaded(self, wanted: NamedModel) -> Prepared | None:
        assert self.switch is not None  # noqa: S101
        if self._failed.get(wanted.manifest, 0) > time.monotonic():
            return None
        try:
            made = self.prepare(self.now, self.switch.bundle_of(wanted))
        except Exception as error:
            said = f"{error.code}" if isinstance(error, DropoutRiskError) else kind_of(error)
            self._note_failure(wanted.manifest, f"model {wanted} cannot be served: {said}")
            return None
        return made

    def _note_failure(self, what: str, words: str) -> None:
        if self._failed.get(what, 0) <= time.monotonic():
            _log.error("%s; the former one goes on", words)
            self.metrics.count("dropout_risk_model_switches_total", outcome="failed")
            self._failed[what] = time.monotonic() + TRY_AGAIN

    def _exchange(self, made: Prepared) -> None:
        former, self.now, self._next = self.now, made, None
        self.tell(former.served, 0)
        self.tell(made.served, 1)
        self.metrics.count("dropout_risk_model_switches_total", outcome="switched")
        del former
        gc.unfreeze()  # what is frozen is never looked through: the former model would stay for ever
        gc.collect()
        gc.freeze()

    def _set_challenger(self, wanted: NamedModel | None) -> None:
        manifest = "" if wanted is None else wanted.manifest
        if manifest == ("" if self.challenger is None else self.challenger.manifest):
            return
        if self.challenger is not None:
            self.challenger.close()
            self.challenger = None
        if wanted is None or self._failed.get(f"shadow {manifest}", 0) > time.monotonic():
            return
        assert self.switch is not None  # noqa: S101
        try:
            self.challenger = Challenger.load(self.switch.bundle_of(wanted), self.now.held, self.metrics)
        except Exception as error:
            self._note_failure(
                f"shadow {manifest}", f"challenger {wanted} cannot be loaded: {kind_of(error)}"
            )
        else:
            _log.info("challenger name=%s version=%s manifest=%s", wanted.name, wanted.version, manifest)
