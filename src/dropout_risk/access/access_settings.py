"""Access settings: how readers are known, and where it is written down what they saw. Declared here alone.

A TOML file holds them; each may be given, or overruled, by a variable of the environment: ``jwt.issuer`` is
``DROPOUT_RISK_JWT_ISSUER``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dropout_risk.errors import SettingsError

PREFIX = "DROPOUT_RISK_"
FILE = "DROPOUT_RISK_ACCESS"
_STRICT = ConfigDict(extra="forbid", frozen=True)


class JwtSettings(BaseModel):
    """Web tokens of an issuer."""

    model_config = _STRICT
    keys: Path | None = Field(
        default=None, description="the issuer's keys, a JWKS file; read again when it changes"
    )
    issuer: str = Field(default="", description="who must have issued a token (`iss`)")
    audience: str = Field(default="", description="for whom a token must be (`aud`)")
    algorithms: tuple[str, ...] = Field(
        default=("RS256", "ES256", "EdDSA"), description="of the keys; secrets (HS256) alone or not at all"
    )
    leeway: int = Field(default=30, ge=0, le=300, description="seconds by which clocks may differ")


class KeySettings(BaseModel):
    """API keys."""

    model_config = _STRICT
    file: Path | None = Field(
        default=None, description="the keys, made by `dropout-risk api-key make`; read again when it changes"
    )


class ProxySettings(BaseModel):
    """A proxy that has asked people who they are."""

    model_config = _STRICT
    key: Path | None = Field(
        default=None, description="at least 32 bytes, shared with the proxy, which signs by them"
    )
    header: str = Field(default="X-Remote-User", description="where it names the person")
    signature: str = Field(default="X-Remote-Signature", description="where it signs: `time;nonce;hmac`")
    window: int = Field(default=60, ge=1, le=300, description="seconds by which its time may differ")


class AuditSettings(BaseModel):
    """What is written down."""

    model_config = _STRICT
    url: str = Field(
        default="", description="`sqlite:////FILE` or `postgresql://...`; without it nothing is written down"
    )
    key: Path | None = Field(
        default=None, description="the key of pupils' pseudonyms there, made by `dropout-risk import key`"
    )


class AccessSettings(BaseModel):
    """How readers are known, and what is written down of what they saw.

    >>> AccessSettings().knows_readers
    False
    """

    model_config = _STRICT
    sessions: bool = Field(
        default=False, description="whether links of `dropout-risk desk-link` let people in everywhere"
    )
    jwt: JwtSettings = JwtSettings()
    api_keys: KeySettings = KeySettings()
    proxy: ProxySettings = ProxySettings()
    audit: AuditSettings = AuditSettings()

    @property
    def knows_readers(self) -> bool:
        """Whether anybody is asked who they are."""
        return bool(self.sessions or self.jwt.keys or self.api_keys.file or self.proxy.key)

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the file that the environment names, and what else it says.

        SettingsError with all that is wrong. Relative paths in the file are those beside it, and those of
        variables are of the working directory. Where links let people into a case book and nothing else is
        said, sessions are how readers are known everywhere: who has no link reads no pupil at all.
        """
        named = environment.get(FILE, "")
        told = _beside_file(_file_told(Path(named)), Path(named).parent) if named else {}
        for variable, path in variables_of_access().items():
            if environment.get(variable):
                table = told
                for step in path[:-1]:
                    table = table.setdefault(step, {})
                table[path[-1]] = _as_list(environment[variable], path)
        try:
            settings = cls.model_validate(told)
        except ValidationError as error:
            wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg'].lower()}" for item in error.errors()]
            hint = f"there are: {', '.join('.'.join(path) for path in variables_of_access().values())}"
            raise SettingsError(f"Of the settings of access {'; '.join(wrong)}.", hint=hint) from None
        linked = all(environment.get(f"DROPOUT_RISK_{name}") for name in ("BOOK", "DESK_SECRET"))
        if linked and not (settings.knows_readers or environment.get("DROPOUT_RISK_DESK_HEADER")):
            settings = settings.model_copy(update={"sessions": True})
        return settings._checked()

    def _checked(self) -> Self:
        """Refuse what is said in halves."""
        halves = (
            (self.jwt.keys is not None and not (self.jwt.issuer and self.jwt.audience),
             "jwt.keys without jwt.issuer and jwt.audience: tokens for others would be good here, too"),
            (bool(self.audit.url) and self.audit.key is None,
             "audit.url without audit.key: pupils are written down by pseudonyms"),
        )  # fmt: skip
        wrong = [words for is_half, words in halves if is_half]
        if wrong:
            raise SettingsError(
                f"Settings of access are said in halves: {'; '.join(wrong)}.", hint="give both"
            )
        return self


def variables_of_access() -> dict[str, tuple[str, ...]]:
    """Give the variable of each setting, and where it is in the file.

    >>> variables_of_access()["DROPOUT_RISK_JWT_ISSUER"]
    ('jwt', 'issuer')
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, field in AccessSettings.model_fields.items():
        kind = field.annotation
        is_table = isinstance(kind, type) and issubclass(kind, BaseModel)
        paths = [(name, inner) for inner in kind.model_fields] if is_table and kind else [(name,)]
        found |= {PREFIX + "_".join(path).upper(): tuple(path) for path in paths}
    return found


def _beside_file(told: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Take the paths of a file from its folder, before anything else is said of them."""
    for name, field in AccessSettings.model_fields.items():
        table = told.get(name)
        if not isinstance(table, dict):
            continue
        for inner, kind in getattr(field.annotation, "model_fields", {}).items():
            if kind.annotation == Path | None and isinstance(table.get(inner), str):
                table[inner] = str(folder / table[inner])
    return told


def _as_list(word: str, path: tuple[str, ...]) -> Any:
    return [part.strip() for part in word.split(",")] if path[-1] == "algorithms" else word


def _file_told(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not TOML in UTF-8.", hint="see docs/how-to/identity.md") from error
