"""Following: an alias of the MLflow store that moves to another version moves the switch with it.

The process that holds the port looks it up; the version is verified and tried in a process of its own, by the
same command that a person would give. An alias that did not move undoes nobody's way back.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from dropout_risk.errors import DropoutRiskError, SettingsError
from dropout_risk.scoring.bundles.model_switch import ModelSwitch
from serving.gate.costs import positive_number
from serving.served.served_model import SWITCH, ServedModel, bundle_folder

ALIAS, EVERY = "DROPOUT_RISK_FOLLOW", "DROPOUT_RISK_FOLLOW_SECONDS"
PATIENCE = 300
_log = logging.getLogger("bentoml.dropout_risk")


@dataclass(eq=False)
class Follower(AbstractContextManager[None]):
    """Looks an alias up from time to time; without one it does nothing."""

    alias: str
    switch: ModelSwitch
    seconds: int = 60
    find: Callable[[str], Path] = bundle_folder
    _stop: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def from_environment(cls) -> Self:
        """Read ``DROPOUT_RISK_FOLLOW``; SettingsError if there is no switch to move."""
        alias, place = os.environ.get(ALIAS, ""), os.environ.get(SWITCH, "")
        if alias and not place:
            raise SettingsError(f"{ALIAS} moves a switch, and there is none.", hint="give --switch DIR")
        return cls(alias, ModelSwitch(Path(place)), positive_number(EVERY, cls.seconds))

    def __enter__(self) -> None:
        """Begin to look."""
        if self.alias:
            threading.Thread(target=self._watch, name="follow", daemon=True).start()

    def __exit__(self, *_: Any) -> None:
        """Look no more."""
        self._stop.set()

    def look(self) -> bool:
        """Move the switch if the alias has moved; say whether it has."""
        try:
            served = ServedModel.read(folder := self.find(self.alias))
            state = self.switch.state()
        except DropoutRiskError as error:
            _log.error("%s cannot be followed: %s", ALIAS, error.code)
            return False
        if served.manifest in (state.followed, state.champion.manifest):
            return False
        words = ["model", "use", str(folder), "--switch", str(self.switch.folder), "--followed"]
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "dropout_risk", *words],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        if done.returncode:
            _log.error("%s names a model that cannot be served: %s", ALIAS, done.stderr.strip())
        return not done.returncode

    def _watch(self) -> None:
        while not self._stop.wait(self.seconds):
            try:
                self.look()
            except (OSError, subprocess.SubprocessError) as error:
                _log.error("%s cannot be followed: %s", ALIAS, type(error).__name__)
