"""What is logged of a training run, as plain data: testable without a store."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dropout_risk.errors import DropoutRiskError
from dropout_risk.settings import Settings


@dataclass(frozen=True)
class RunContent:
    """Everything one training run leaves behind.

    Parameters
    ----------
    params : mapping
        Settings and choices, flat.
    metrics : mapping of str to float
        Flat names such as ``auc`` and ``baseline.abc_rule.auc``.
    tags : mapping of str to str
        What the run is found by.
    dataset : mapping of str to str
        ``name`` and ``fingerprint`` of the records.
    artefacts : mapping of str to str, bytes, path or figure
        By file name inside the run. A path is copied, a figure is drawn in the format of its name.
    bundle : path, optional
        The folder of the saved model; becomes the run's artefact ``bundle`` and a registered version.
    name : str, optional
        The run's name; made up by the store if not given.
    parts : tuple of RunContent
        Runs inside this one: one per candidate, with one per fold inside it.

    Examples
    --------
    >>> content = RunContent(params={"seed": 0}, artefacts={"report.md": "# Report"})
    >>> [(name, data) for name, data in content.files()]
    [('report.md', b'# Report')]
    """

    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    dataset: Mapping[str, str] = field(default_factory=dict)
    artefacts: Mapping[str, Any] = field(default_factory=dict)
    bundle: str | Path | None = None
    name: str | None = None
    parts: tuple[RunContent, ...] = ()

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give each artefact's name inside the run and its bytes."""
        for name, content in self.artefacts.items():
            if Path(name).is_absolute() or ".." in Path(name).parts:
                raise DropoutRiskError(f"Artefact {name!r} must be a name inside the run.")
            yield name, _bytes(name, content)

    def write_to(self, folder: str | Path) -> None:
        """Write every artefact below a folder."""
        for name, content in self.files():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _bytes(name: str, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, Path):
        return content.read_bytes()
    if isinstance(content, str):
        return content.encode()
    drawn = io.BytesIO()
    content.savefig(drawn, format=Path(name).suffix.lstrip("."))
    return drawn.getvalue()


def flat_settings(settings: Settings) -> dict[str, str]:
    """Write settings as flat parameters.

    >>> flat_settings(Settings())["outcome.horizon_days"]
    '90'
    """
    return dict(_flat("", settings.model_dump(mode="json")))


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else key, item)
    elif isinstance(value, list):
        yield prefix, ", ".join(map(str, value))
    else:
        yield prefix, str(value)
