"""The bundle: a model on disk, with a manifest that vouches for every byte; no pickle, no pupil's row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from os import PathLike
from pathlib import Path
from typing import Any

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.errors import BundleError, DropoutRiskError, NewerFormatError, require_kind
from dropout_risk.files import replacing_folder
from dropout_risk.modelling.calibrated_model import CalibratedModel
from dropout_risk.modelling.group_profiles import GroupProfiles
from dropout_risk.modelling.timing import Timing
from dropout_risk.scoring.bundles.reference import Reference
from dropout_risk.scoring.model_parts import ModelParts
from dropout_risk.scoring.remarks.abstention import FactSwings
from dropout_risk.settings import Settings

FORMAT = 1
MANIFEST, PUBLISHED, PROFILES = "manifest.json", "published.json", "profiles.json"
MLFLOW_NOTE = "registered_model_meta"
"""What MLflow writes into a bundle that it finds under a name."""
CARDS = {"en": "card.md", "zh": "card.zh.md"}
LIBRARIES = ("dropout-risk", "numpy", "lightgbm", "scikit-learn", "pyarrow")


def write_bundle(folder: str | Path, files: Mapping[str, bytes], about: Mapping[str, Any]) -> Path:
    """Write a bundle's files and their manifest; the folder is there complete, or not at all.

    A former bundle in the folder is replaced; BundleError if it holds anything else.
    """
    folder = Path(folder)
    if folder.exists() and not _holds_bundle_only(folder):
        raise BundleError(
            f"{folder} holds files that are not a bundle.", hint="choose an empty or a new folder"
        )
    with replacing_folder(folder) as fresh:
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        manifest = _make_manifest(files, about)
        (fresh / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    return folder


def _holds_bundle_only(folder: Path) -> bool:
    """Say whether a folder is empty, or holds a bundle and nothing else."""
    found = {path.name for path in folder.iterdir()}
    if not found:
        return True
    try:
        named = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return isinstance(named, dict) and found <= {MANIFEST, MLFLOW_NOTE, *named}


def _make_manifest(files: Mapping[str, bytes], about: Mapping[str, Any]) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        "libraries": {name: version(name) for name in LIBRARIES},
        **about,
        "files": {name: _content_sha(content) for name, content in sorted(files.items())},
    }
    return manifest | {"sha256": _content_sha(_manifest_bytes(manifest))}


def read_bundle(folder: str | Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read a bundle's files and its manifest; NewerFormatError if a newer version of the library wrote it.

    BundleError if the manifest is missing or was changed, or a file is missing or not the one that was saved.
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
    if given != _content_sha(_manifest_bytes(manifest)):
        raise BundleError(
            f"The {MANIFEST} of {folder} was changed after it was saved.", hint="save the model again"
        )
    if not isinstance(manifest.get("files"), dict):
        raise BundleError(f"The {MANIFEST} of {folder} does not list its files.")
    for name in manifest["files"]:
        if Path(name).name != name or (folder / name).is_symlink():
            raise BundleError(f"The {MANIFEST} of {folder} names a file outside the bundle.")
    return {name: _read_checked(folder / name, sha) for name, sha in manifest["files"].items()}, manifest


def _read_checked(path: Path, sha: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"The bundle lacks {path.name}.", hint="copy the whole folder, or save the model again"
        ) from error
    if _content_sha(content) != sha:
        raise BundleError(f"{path.name} was changed after the bundle was saved.", hint="save the model again")
    return content


def _content_sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, ensure_ascii=False).encode()


# --- The files of a risk model's bundle: what is in them, and the version that they give it ---


def files_of(model: ModelParts) -> dict[str, bytes]:
    """Write everything that makes a model what it is, by file name."""
    declared = {"features": model.catalogue.to_list(), "instruments": model.instruments.to_list()}
    profiles = {} if model.profiles is None else {PROFILES: json.dumps(model.profiles.to_dict()).encode()}
    return profiles | {
        **model.calibrated.to_files(),
        "catalogue.json": json.dumps(declared, ensure_ascii=False, indent=1).encode(),
        "reference.arrow": model.reference.to_bytes(),
        "swings.json": json.dumps(model.swings.to_dict(), indent=1).encode(),
        "timing.json": json.dumps(None if model.timing is None else model.timing.to_dict()).encode(),
        "metrics.json": json.dumps(model.metrics, ensure_ascii=False, indent=1, allow_nan=False).encode(),
        **{file: model.card.get(language, "").encode() for language, file in CARDS.items()},
        PUBLISHED: json.dumps(model.published, ensure_ascii=False, indent=1).encode(),
    }


def version_of(model: ModelParts) -> str:
    """Name a model by the last date of its training and by what it computes; not by who answers for it."""
    content = hashlib.sha256()
    for name, data in sorted(files_of(model).items()):
        if name not in (*CARDS.values(), PUBLISHED):
            content.update(data)
    return f"{model.trained_to or 'undated'}-{content.hexdigest()[:8]}"


FINDERS = {"models:/": ("dropout_risk.tracking.mlflow_store", "load_bundle_path")}
"""Who finds a bundle that is named otherwise than by its folder: module and function, by scheme."""


def find_bundle(place: str | Path) -> Path:
    """Give a bundle's folder: itself, or what MLflow's store has under ``models:/name@alias``.

    BundleError if the store has no such version, MissingExtraError without MLflow.
    """
    require_kind(place, (str, PathLike), "The place of a bundle", "its folder, or models:/name@alias")
    for scheme, (module, function) in FINDERS.items():
        if isinstance(place, str) and place.startswith(scheme):
            found: Path = getattr(import_module(module), function)(place)
            return found
    return Path(place)


def read_model(folder: str | Path) -> dict[str, Any]:
    """Read the parameters of a :class:`RiskModel` from a bundle; BundleError if they do not fit together."""
    folder = find_bundle(folder)
    files, about = read_bundle(folder)
    try:
        return _parts_from_files(files, about)
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


def _parts_from_files(files: Mapping[str, bytes], about: Mapping[str, Any]) -> dict[str, Any]:
    declared, timing = json.loads(files["catalogue.json"]), json.loads(files.get("timing.json", b"null"))
    return {
        "name": about["name"],
        "version": about["version"],
        "catalogue": FeatureCatalogue.from_list(declared["features"]),
        "instruments": InstrumentRegistry.from_list(declared["instruments"]),
        "calibrated": CalibratedModel.from_files(files),
        "reference": Reference.from_bytes(files["reference.arrow"]),
        "timing": None if timing is None else Timing.from_dict(timing),
        "swings": FactSwings.from_dict(json.loads(files.get("swings.json", b"{}"))),
        "profiles": GroupProfiles.from_dict(json.loads(files[PROFILES])) if PROFILES in files else None,
        "settings": Settings(**about["settings"]),
        "metrics": json.loads(files["metrics.json"]),
        "card": {language: files[file].decode() for language, file in CARDS.items()},
        "published": json.loads(files.get(PUBLISHED, b"{}")),
        "trained_to": about["trained_to"],
        "synthetic": about["synthetic"],
    }
