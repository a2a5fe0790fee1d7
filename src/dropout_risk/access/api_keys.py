"""API keys: for systems that ask by themselves. Random 256 bits, of which only a keyed hash is kept.

A slow hash would add nothing to 256 random bits, and cost whoever is asked more than whoever asks.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from dropout_risk.access.reader import LOCAL, READER_ROLES, Reader
from dropout_risk.access.watched_file import WatchedFile
from dropout_risk.casebook.people import EVERYWHERE, OWN, SCOPES, Grant
from dropout_risk.errors import NotSignedInError, SettingsError, UnknownRoleError, nearest
from dropout_risk.files import write_whole

PREFIX = "drk"
_BYTES = 32
_FOR = b"dropout-risk api key\x00"


@dataclass(frozen=True)
class ApiKey:
    """One key as it is kept: a name, what it may read, until (and without) which day, and its keyed hash."""

    id: str
    name: str
    role: str
    scope: str
    scope_id: str
    until: dt.date
    mac: str

    def __post_init__(self) -> None:
        """Refuse a role or a scope that there is not; UnknownRoleError, SettingsError."""
        roles = [role for role in READER_ROLES if role != LOCAL]
        if self.role not in roles:
            raise UnknownRoleError("A key has an unknown role.", hint=nearest(self.role, roles))
        if self.scope not in SCOPES:
            raise SettingsError("A key has an unknown scope.", hint=nearest(self.scope, SCOPES))
        if self.scope != "county" and self.scope_id == EVERYWHERE and self.scope != OWN:
            raise SettingsError(f"A key for a {self.scope} names none.", hint="give --scope-id")

    @property
    def reader(self) -> Reader:
        """Who asks with it."""
        return Reader(self.name, (Grant(self.name, self.role, self.scope, self.scope_id, until=self.until),))

    def to_dict(self) -> dict[str, Any]:
        """Write it as the file has it."""
        return asdict(self) | {"until": self.until.isoformat()}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Read it from the file."""
        return cls(**{**told, "until": dt.date.fromisoformat(told["until"])})


@dataclass(frozen=True, repr=False)
class ApiKeys:
    """The keys of a file.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp(), "keys.json")
    >>> until = dt.date(2030, 1, 1)
    >>> token = make_key(file, b"s" * 32, name="roll", role="county", scope="county", until=until)
    >>> ApiKeys.of_file(file, b"s" * 32).reader(token, dt.date(2025, 3, 3)).roles
    ('county',)
    """

    file: WatchedFile[dict[str, ApiKey]]
    secret: bytes

    @classmethod
    def of_file(cls, path: Path, secret: bytes) -> Self:
        """Read the file once; SettingsError if it holds none."""
        watched = WatchedFile(path, read_keys)
        watched.content()
        return cls(watched, secret)

    def reader(self, token: str, today: dt.date) -> Reader:
        """Give who asks with a key; NotSignedInError if it is none, was taken back or is too old."""
        _, _, rest = token.partition("_")
        name, _, _ = rest.partition("_")
        key = self.file.content().get(name)
        mac = mac_of_key(token, self.secret)
        if not hmac.compare_digest(mac, key.mac if key else mac[::-1]) or key is None or today >= key.until:
            raise _key_refusal()
        return key.reader


def mac_of_key(token: str, secret: bytes) -> str:
    """Give the keyed hash of a key."""
    return hmac.digest(secret, _FOR + token.encode("utf-8", "replace"), "sha256").hex()


def make_key(
    path: Path,
    secret: bytes,
    *,
    name: str,
    role: str,
    scope: str,
    until: dt.date,
    scope_id: str = EVERYWHERE,
) -> str:
    """Make a key, keep its hash in the file, and give the key itself, which nobody can tell again.

    SettingsError if the file has a key of that name; UnknownRoleError, SettingsError as for :class:`ApiKey`.
    """
    kept = read_keys(path) if path.exists() else {}
    if any(key.name == name for key in kept.values()):
        raise SettingsError("There is a key of that name.", hint="take it back first, or choose another name")
    number = secrets.token_hex(6)
    token = f"{PREFIX}_{number}_{secrets.token_urlsafe(_BYTES)}"
    key = ApiKey(number, name, role, scope, scope_id, until, mac_of_key(token, secret))
    _write_keys(path, [*kept.values(), key])
    return token


def revoke_key(path: Path, name: str) -> None:
    """Take a key out, for a service that runs, too; SettingsError if there is none of that name."""
    kept = read_keys(path)
    left = [key for key in kept.values() if key.name != name]
    if len(left) == len(kept):
        names = [key.name for key in kept.values()]
        raise SettingsError("There is no key of that name.", hint=nearest(name, names))
    _write_keys(path, left)


def read_keys(path: Path) -> dict[str, ApiKey]:
    """Read a file of keys by their ids; SettingsError if it is none."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["keys"]
        return {key.id: key for key in map(ApiKey.from_dict, told)}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{path} is no file of keys.", hint="make one with: dropout-risk api-key make NAME --keys FILE"
        ) from error


def _write_keys(path: Path, keys: Iterable[ApiKey]) -> None:
    write_whole(
        path, json.dumps({"keys": [key.to_dict() for key in keys]}, ensure_ascii=False, indent=1) + "\n"
    )


def _key_refusal() -> NotSignedInError:
    return NotSignedInError("The key is no good.", hint="ask whoever runs the service for one")
