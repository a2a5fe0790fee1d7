"""A model on its way to the executors: the bytes of its bundle, read once per Python worker."""

from __future__ import annotations

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dropout_risk.scoring.risk_model import RiskModel

_LOADED: dict[str, RiskModel] = {}


@dataclass(frozen=True)
class SentModel:
    """A model that executors can load.

    Parameters
    ----------
    version : str
        Names its content; a worker that holds this version does not read it again.
    bundle : Broadcast of bytes
        The files of the bundle. Spark sends them to each executor once.
    """

    version: str
    bundle: Any

    @classmethod
    def of(cls, spark: Any, model: RiskModel) -> SentModel:
        """Broadcast a model."""
        return cls(model.version, spark.sparkContext.broadcast(packed(model)))

    def load(self) -> RiskModel:
        """Give the model, read the first time a worker asks."""
        if self.version not in _LOADED:
            _LOADED[self.version] = unpacked(self.bundle.value)
        return _LOADED[self.version]


def packed(model: RiskModel) -> bytes:
    """Write the bundle's files into one sequence of bytes."""
    written = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(written, "w") as archive:
        for path in sorted(model.save(Path(folder, "bundle")).iterdir()):
            archive.write(path, path.name)
    return written.getvalue()


def unpacked(content: bytes) -> RiskModel:
    """Load the bundle; its manifest is checked as ever."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
        return RiskModel.load(folder)
