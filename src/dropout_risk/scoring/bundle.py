"""The bundle: a model on disk, with a manifest that vouches for every byte; no pickle, no pupil's row."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.errors import BundleError, DropoutRiskError, NewerFormatError, TrainingError
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.calibration import LinearCalibration, LocalCalibration, recalibrate, to_base_rate
from dropout_risk.modelling.timing import Timing
from dropout_risk.scoring.abstention import FactSwings
from dropout_risk.scoring.reference import Reference
from dropout_risk.settings import Settings
from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.scoring.risk_model import RiskModel


FORMAT = 1
MANIFEST = "manifest.json"
_LIBRARIES = ("dropout-risk", "numpy", "lightgbm", "scikit-learn", "pyarrow")


def write_bundle(folder: str | Path, files: Mapping[str, bytes], about: Mapping[str, Any]) -> Path:
    """Write a bundle's files and their manifest; the folder is there complete, or not at all.

    Parameters
    ----------
    folder : path
        Taken over as a whole; a former bundle in it is replaced, anything else is refused.
    files : mapping of str to bytes
        By file name.
    about : mapping
        JSON-able facts for the manifest.

    Raises
    ------
    BundleError
        If the folder holds something that is not a bundle.
    """
    folder = Path(folder)
    if folder.exists() and not _is_ours(folder):
        raise BundleError(
            f"{folder} holds files that are not a bundle.", hint="choose an empty or a new folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as beside:
        fresh = Path(beside, "fresh")
        fresh.mkdir()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        manifest = _manifest(files, about)
        (fresh / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        former = Path(beside, "former")
        if folder.exists():
            os.replace(folder, former)
        try:
            os.replace(fresh, folder)
        except OSError:
            if former.exists():
                os.replace(former, folder)
            raise
    return folder


def _is_ours(folder: Path) -> bool:
    """Say whether a folder is empty, or holds a bundle and nothing else."""
    found = {path.name for path in folder.iterdir()}
    if not found:
        return True
    try:
        named = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(named, dict) and found <= {MANIFEST, *named}


def _manifest(files: Mapping[str, bytes], about: Mapping[str, Any]) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        **about,
        "libraries": {name: version(name) for name in _LIBRARIES},
        "files": {name: _sha(content) for name, content in sorted(files.items())},
    }
    return manifest | {"sha256": _sha(_plain(manifest))}


def read_bundle(folder: str | Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read a bundle's files and its manifest.

    Raises
    ------
    BundleError
        If the manifest is missing or was changed, a file is missing, or a file is not the one that was
        saved.
    NewerFormatError
        If a newer version of the library wrote it.
    """
    folder = Path(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise BundleError(
            f"{folder} is no bundle: it has no {MANIFEST}.", hint="give the folder that holds it"
        ) from error
    except ValueError as error:
        raise BundleError(
            f"The {MANIFEST} of {folder} is not JSON: it was changed after it was saved."
        ) from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise BundleError(f"The {MANIFEST} of {folder} does not name its format.")
    if manifest["format"] > FORMAT:
        raise NewerFormatError(
            f"The bundle in {folder} has format {manifest['format']}; this library reads up to {FORMAT}.",
            hint="upgrade dropout-risk, or save the model again with this version",
        )
    given = manifest.pop("sha256", None)
    if given != _sha(_plain(manifest)):
        raise BundleError(
            f"The {MANIFEST} of {folder} was changed after it was saved.", hint="save the model again"
        )
    if not isinstance(manifest.get("files"), dict):
        raise BundleError(f"The {MANIFEST} of {folder} does not list its files.")
    for name in manifest["files"]:
        if Path(name).name != name or (folder / name).is_symlink():
            raise BundleError(f"The {MANIFEST} of {folder} names a file outside the bundle.")
    return {name: _checked(folder / name, sha) for name, sha in manifest["files"].items()}, manifest


def _checked(path: Path, sha: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"The bundle lacks {path.name}.", hint="copy the whole folder, or save the model again"
        ) from error
    if _sha(content) != sha:
        raise BundleError(f"{path.name} was changed after the bundle was saved.", hint="save the model again")
    return content


def _sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _plain(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()


# --- What changes in a model when it is recalibrated to another school: its calibration and its card ---

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
    zh="学生的先后次序不变；本卡其余数字均为重新校准之前的结果。",
    en=" The order of pupils is the same; all other figures of this card were measured before.",
)


def recalibrated_parts(
    model: RiskModel,
    X: pd.DataFrame,
    y: npt.ArrayLike | None,
    *,
    base_rate: float | None,
    pupils: npt.ArrayLike | None,
    prior_labels: float,
) -> dict[str, Any]:
    """Give the parameters of :class:`RiskModel` that change; see :meth:`RiskModel.recalibrated`."""
    if (y is None) == (base_rate is None):
        raise TrainingError(
            "Recalibration needs either labels or a base rate.", hint="give y, or base_rate=0.03"
        )
    margin = model.calibrated.margin(X)
    if pupils is None and "student_id" in X.index.names:
        pupils = np.asarray(X.index.get_level_values("student_id"))
    old = model.calibrated.calibration
    if y is None:
        new = to_base_rate(old, margin, float(base_rate or 0.0))
    else:
        new = recalibrate(old, margin, y, pupils=pupils, prior_labels=prior_labels)
    return {"calibrated": replace(model.calibrated, calibration=new), "card": _cards(model.card, new)}


def _cards(card: dict[str, str], calibration: LinearCalibration) -> dict[str, str]:
    local = calibration.local or LocalCalibration(0.0)
    text = _BY_LABELS if local.labels else _BY_RATE
    fields = calibration.local_dict() or {}
    return {
        language: f"{said.rstrip()}\n\n{_HEAD.to(language)}\n\n"  # type: ignore[arg-type]
        f"{text.fill(language, **fields)}{_BEFORE.to(language)}\n"  # type: ignore[arg-type]
        for language, said in card.items()
    }


# --- The files of a risk model's bundle: what is in them, and the version that they give it ---


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
