"""Which model is served: its name, version and manifest, said at the start and kept until the end.

Whoever starts the service names the manifest in ``DROPOUT_RISK_MANIFEST``: what is started in its place
after a crash serves the same bytes, or nothing. Where ``DROPOUT_RISK_SWITCH`` names a switch, that says it.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dropout_risk.errors import BundleError, SettingsError
from dropout_risk.scoring.bundles.bundle import find_bundle
from dropout_risk.scoring.bundles.model_switch import ModelSwitch
from dropout_risk.scoring.risk_model import RiskModel

PINNED, SWITCH = "DROPOUT_RISK_MANIFEST", "DROPOUT_RISK_SWITCH"


@dataclass(frozen=True)
class ServedModel:
    """A bundle's name, version and the hash of its manifest, which vouches for every byte."""

    name: str
    version: str
    manifest: str

    @classmethod
    def read(cls, folder: str | Path) -> Self:
        """Read a bundle's manifest; BundleError if there is none."""
        try:
            about = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
            return cls(str(about["name"]), str(about["version"]), str(about["sha256"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BundleError(
                f"{folder} is no bundle: it has no sound manifest.json.", hint="give the folder that holds it"
            ) from error

    def require_pinned(self) -> None:
        """Refuse a model that is not the one that the service was started with."""
        pinned = os.environ.get(PINNED, "")
        if pinned and pinned != self.manifest:
            raise BundleError(
                f"The model is not the one that the service was started with: its manifest is "
                f"{self.manifest[:12]}…, not {pinned[:12]}….",
                hint="start the service anew to serve the new model, or put the former bundle back",
            )


def load_served(folder: Path) -> RiskModel:
    """Load a bundle as the service may use it: made-up models for real records where that is allowed.

    BundleError if there is no sound bundle.
    """
    allowed = os.environ.get("DROPOUT_RISK_ALLOW_SYNTHETIC", "") == "1"
    return RiskModel.load(folder, allow_synthetic=allowed)


def bundle_folder(place: str) -> Path:
    """Find the bundle's folder: itself, or what the MLflow store has under ``models:/name@alias``.

    SettingsError if no place is given.
    """
    if not place:
        hint = "set it to a bundle's folder or to models:/name@champion"
        raise SettingsError("DROPOUT_RISK_MODEL is not set: there is no model to serve.", hint=hint)
    return find_bundle(place)


def present_bundle() -> Path:
    """Give the folder of the bundle to answer with now: the switch's, or the one that the environment names.

    SettingsError or BundleError if there is none.
    """
    place = os.environ.get(SWITCH, "")
    if not place:
        return bundle_folder(os.environ.get("DROPOUT_RISK_MODEL", ""))
    switch = ModelSwitch(Path(place))
    return switch.bundle_of(switch.state().answers_at(time.time()))
