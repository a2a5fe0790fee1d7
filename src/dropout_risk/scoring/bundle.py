"""The bundle: a model on disk, with a manifest that vouches for every byte; no pickle, no pupil's row."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dropout_risk.errors import BundleError, NewerFormatError

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
