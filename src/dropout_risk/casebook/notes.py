"""Notes: free text that only the school reads, encrypted with keys that lie outside the book."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from dropout_risk.errors import NoteKeyError
from dropout_risk.files import write_whole

_BYTES = 32
_NONCE = 12
_WAY_OUT = "make one with: dropout-risk casebook keys --keys FILE; keep it outside the book, and a copy of it"


@dataclass(frozen=True, repr=False)
class NoteKeys:
    """The keys of a book: those that encrypt, by their id, the last of which writes; and one that vouches.

    AES-GCM binds each note to its case, its number and its key, so that a note moved to another row is not
    read as that row's. The chain of entries holds the keyed hash of the plain text by the key that vouches,
    which is never changed, so that the others may be.

    >>> keys = NoteKeys.new()
    >>> sealed = keys.seal("家访", case=7, seq=2)
    >>> keys.read(sealed, case=7, seq=2)
    '家访'
    >>> keys.renewed().read(sealed, case=7, seq=2)
    '家访'
    """

    vouching: bytes
    encrypting: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse keys that are too short."""
        for key in (self.vouching, *self.encrypting.values()):
            if len(key) != _BYTES:
                raise NoteKeyError(f"A key has {len(key)} bytes; {_BYTES} are needed.", hint=_WAY_OUT)
        if not self.encrypting:
            raise NoteKeyError("There is no key to encrypt with.", hint=_WAY_OUT)

    def __repr__(self) -> str:
        """Count; a key belongs into no log."""
        return f"<NoteKeys: {len(self.encrypting)}>"

    @classmethod
    def new(cls) -> Self:
        """Make new keys."""
        return cls(secrets.token_bytes(_BYTES), {"k1": secrets.token_bytes(_BYTES)})

    def renewed(self) -> Self:
        """Give the same with a new key to encrypt with; the old ones still read."""
        name = f"k{1 + max(int(key[1:]) for key in self.encrypting)}"
        return type(self)(self.vouching, {**self.encrypting, name: secrets.token_bytes(_BYTES)})

    def only_last(self) -> Self:
        """Give the same without the keys that write no longer."""
        return type(self)(self.vouching, {self.writing: self.encrypting[self.writing]})

    @property
    def writing(self) -> str:
        """The id of the key that writes."""
        return [*self.encrypting][-1]

    def seal(self, text: str, *, case: int, seq: int) -> bytes:
        """Encrypt a note."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name, nonce = self.writing, os.urandom(_NONCE)
        sealed = AESGCM(self.encrypting[name]).encrypt(nonce, text.encode(), _bound_to(case, seq, name))
        return name.encode() + b"|" + nonce + sealed

    def read(self, sealed: bytes, *, case: int, seq: int) -> str:
        """Decrypt a note; NoteKeyError if its key is not here, or it is not the note of that entry."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name = key_of_note(sealed)
        if name not in self.encrypting:
            raise NoteKeyError("The key of a note is not among the keys.", hint="give the file that has it")
        rest = sealed[len(name) + 1 :]
        try:
            plain = AESGCM(self.encrypting[name]).decrypt(
                rest[:_NONCE], rest[_NONCE:], _bound_to(case, seq, name)
            )
        except (InvalidTag, ValueError):
            raise NoteKeyError(
                "A note is not the one that was written there.", hint="dropout-risk casebook check names it"
            ) from None
        return plain.decode()

    def vouch(self, text: str) -> str:
        """Give the keyed hash of a note's plain text."""
        return hmac.new(self.vouching, text.encode(), hashlib.sha256).hexdigest()

    def save(self, path: str | Path) -> Path:
        """Write the keys to a file that only its owner reads."""
        lines = [f'vouching = "{self.vouching.hex()}"', "[encrypting]"]
        lines += [f'{name} = "{key.hex()}"' for name, key in self.encrypting.items()]
        return write_whole(path, "\n".join(lines) + "\n")

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the keys; NoteKeyError if the file is not there, or holds none."""
        try:
            data = tomllib.loads(Path(path).read_text(encoding="utf-8"))
            named = {str(name): bytes.fromhex(key) for name, key in data["encrypting"].items()}
            return cls(bytes.fromhex(data["vouching"]), named)
        except OSError as error:
            raise NoteKeyError(f"{path} cannot be read: {error.strerror}.", hint=_WAY_OUT) from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise NoteKeyError(f"{path} does not hold the keys of a book.", hint=_WAY_OUT) from error


def key_of_note(sealed: bytes) -> str:
    """Give the id of the key with which a note was encrypted."""
    return sealed.partition(b"|")[0].decode("ascii", "replace")


def _bound_to(case: int, seq: int, key: str) -> bytes:
    return f"{case}|{seq}|{key}".encode()
