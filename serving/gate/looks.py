"""Looks: what is written down of a reply before it leaves, in the audit that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from dropout_risk.access.access_settings import AccessSettings, AuditSettings
from dropout_risk.access.reader import Reader
from dropout_risk.errors import AuditError, MissingExtraError, NotAnsweredError
from serving.served.served_model import ServedModel

if TYPE_CHECKING:
    from dropout_risk.access.audit import Audit

MANY = ""
"""Stands for the pupils of a page that lists many."""


@dataclass(frozen=True)
class Looks:
    """Writes down who is about to see whom; without an audit nothing."""

    model: str = ""
    audit: Audit | None = None

    @classmethod
    def from_environment(cls, served: ServedModel) -> Self:
        """Open the audit, if one is declared; AuditError or SettingsError if it cannot be used."""
        settings = AccessSettings.read().audit
        model = f"{served.name} {served.version} {served.manifest[:12]}"
        return cls(model, audit_of(settings))

    def note(self, reader: Reader, act: str, pupils: Mapping[str, str], request: str) -> None:
        """Write down, before it leaves, what a reader is told; NotAnsweredError if that is not to be had."""
        if self.audit is None:
            return
        try:
            self.audit.note(reader.person, act, pupils, model=self.model, request=request)
        except AuditError as error:
            raise NotAnsweredError(
                "What you are about to see cannot be written down.", hint="try again; then tell the operator"
            ) from error


def audit_of(settings: AuditSettings) -> Audit | None:
    """Open the audit that some settings name; None if they name none, AuditError if it cannot be used."""
    if not settings.url or settings.key is None:
        return None
    try:
        from dropout_risk.access.audit import open_audit
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"The audit needs {error.name}, which is not installed.",
            hint='pip install "dropout-risk[desk]"',
        ) from error
    return open_audit(settings.url, settings.key)
