"""The files of a risk model's bundle: what is in them, and the version that they give it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.errors import BundleError, DropoutRiskError
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.timing import Timing
from dropout_risk.scoring.abstention import FactSwings
from dropout_risk.scoring.bundle import read_bundle
from dropout_risk.scoring.reference import Reference
from dropout_risk.settings import Settings

if TYPE_CHECKING:
    from dropout_risk.scoring.risk_model import RiskModel


def files_of(model: RiskModel) -> dict[str, bytes]:
    """Write everything that makes a model what it is, by file name."""
    declared = {"features": model.catalogue.to_list(), "instruments": model.instruments.to_list()}
    return {
        **model.calibrated.to_files(),
        "catalogue.json": json.dumps(declared, ensure_ascii=False, indent=1).encode(),
        "reference.arrow": model.reference.to_bytes(),
        "swings.json": json.dumps(model.swings.to_dict(), indent=1).encode(),
        "timing.json": json.dumps(None if model.timing is None else model.timing.to_dict()).encode(),
        "metrics.json": json.dumps(model.metrics, ensure_ascii=False, indent=1, allow_nan=False).encode(),
        "card.md": model.card.get("en", "").encode(),
        "card.zh.md": model.card.get("zh", "").encode(),
    }


def version_of(model: RiskModel) -> str:
    """Name a model by the last date of its training and its content."""
    content = hashlib.sha256()
    for _, data in sorted(files_of(model).items()):
        content.update(data)
    return f"{model.trained_to or 'undated'}-{content.hexdigest()[:8]}"


def read_model(folder: str | Path) -> dict[str, Any]:
    """Read the parameters of a :class:`RiskModel` from a bundle; BundleError if they do not fit together."""
    files, about = read_bundle(folder)
    try:
        return _read(files, about)
    except DropoutRiskError as error:
        raise BundleError(
            f"The bundle in {folder} cannot be used: {error.message}", hint=error.hint
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        # ValueError: also what is no JSON, no UTF-8, and no Arrow file
        raise BundleError(
            f"The files of the bundle in {folder} do not fit together ({type(error).__name__}).",
            hint="save the model again, or load it with the version that its manifest names",
        ) from error


def _read(files: Mapping[str, bytes], about: Mapping[str, Any]) -> dict[str, Any]:
    declared = json.loads(files["catalogue.json"])
    return {
        "name": about["name"],
        "version": about["version"],
        "catalogue": FeatureCatalogue.from_list(declared["features"]),
        "instruments": InstrumentRegistry.from_list(declared["instruments"]),
        "calibrated": CalibratedModel.from_files(files),
        "reference": Reference.from_bytes(files["reference.arrow"]),
        "timing": _timing(json.loads(files.get("timing.json", b"null"))),
        "swings": FactSwings.from_dict(json.loads(files.get("swings.json", b"{}"))),
        "settings": Settings(**about["settings"]),
        "metrics": json.loads(files["metrics.json"]),
        "card": {"en": files["card.md"].decode(), "zh": files["card.zh.md"].decode()},
        "trained_to": about["trained_to"],
        "synthetic": about["synthetic"],
    }


def _timing(data: Mapping[str, Any] | None) -> Timing | None:
    return None if data is None else Timing.from_dict(data)
