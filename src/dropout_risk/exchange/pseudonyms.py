"""Keyed pseudonyms in the place of identity numbers, and the file that holds the key.

A plain hash of an identity number is no pseudonym: there are few enough to try them all. The key lies
outside of the records; who has both can tell for a known number whether it is there, and nobody else.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dropout_risk.errors import OutputError, RecordsError, SettingsError
from dropout_risk.files import write_whole
from dropout_risk.records.wording.words import narrow_text

LEAST_BYTES = 32
_LEAST_DIFFERENT = 8
_KEPT_BYTES = 15
_FOR = b"dropout-risk pupil\x00"
_FOR_NAME = b"dropout-risk name\x00"
_BLANKS = re.compile(r"[\s'’\"]+")
_IDENTITY = re.compile(
    r"[A-Z]?(?P<number>\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX])"
)
_OF_ALL = stat.S_IRWXG | stat.S_IRWXO
_BESIDE_READING = _OF_ALL & ~stat.S_IRGRP
"""What makes a key of others; one that another lets our group read is handed to us, as clusters do."""
_NEW_KEY = "make one with: dropout-risk import key FILE, and keep it outside of the records, with a copy"


def plain_number(number: str) -> str:
    """Write an identity number as it is compared: half-width, without blanks, with a capital X.

    A number of the school roll that is made of one (G and the number) counts as that number.

    >>> plain_number(" g11010120110101001x"), plain_number("１２３")
    ('11010120110101001X', '123')
    """
    plain = _BLANKS.sub("", narrow_text(number)).upper()
    found = _IDENTITY.fullmatch(plain)
    return found["number"] if found else plain


def holds_identity(text: str) -> bool:
    """Say whether a text is an identity number of 18 characters, alone or as a number of the school roll.

    >>> [holds_identity(text) for text in ("11010120110101001X", "G110101201101010012", "2014090117")]
    [True, True, False]
    """
    return _IDENTITY.fullmatch(_BLANKS.sub("", narrow_text(text)).upper()) is not None


@dataclass(frozen=True, repr=False)
class Pseudonyms:
    """Gives the pseudonym of a number by a key; without one there are none.

    Examples
    --------
    >>> names = Pseudonyms(b"k" * 32)
    >>> names.of_number("11010120110101001X") == names.of_number("G11010120110101001x")
    True
    >>> names.of_id("s-7"), Pseudonyms().of_id("11010120110101001X")
    ('s-7', None)
    """

    key: bytes | None = None

    @classmethod
    def from_file(cls, path: Path | None, *apart: Path) -> Self:
        """Read the key of a file, which lies in none of the folders ``apart``; no file is no key.

        Raises
        ------
        SettingsError
            If it cannot be read, is short or hardly random, lies beside the records, or others may read it.
        """
        if path is None:
            return cls()
        try:
            key = path.read_bytes().strip()
            told = path.stat()
        except OSError as error:
            raise SettingsError(
                f"The key file {path} cannot be read: {error.strerror}.", hint=_NEW_KEY
            ) from None
        if len(key) < LEAST_BYTES or len(set(key)) < _LEAST_DIFFERENT:
            raise SettingsError(
                f"The key in {path} is too short or no random one: it needs {LEAST_BYTES} bytes or more.",
                hint=_NEW_KEY,
            )
        if os.name == "posix" and told.st_mode & (
            _OF_ALL if told.st_uid == os.geteuid() else _BESIDE_READING
        ):
            raise SettingsError(f"Others may read the key file {path}.", hint=f"run: chmod 600 {path}")
        refuse_inside(path, *apart)
        return cls(key)

    def of_number(self, number: str) -> str | None:
        """Give the pseudonym of a number; None without a key."""
        if self.key is None:
            return None
        digest = hmac.digest(self.key, _FOR + plain_number(number).encode(), "sha256")
        return "p-" + base64.b32encode(digest[:_KEPT_BYTES]).decode().lower()

    def of_exact(self, name: str) -> str:
        """Give the pseudonym of a name as it is spelt; SettingsError without a key.

        >>> Pseudonyms(b"k" * 32).of_exact("p-a") == Pseudonyms(b"k" * 32).of_exact("P-A")
        False
        """
        if self.key is None:
            raise SettingsError("Pseudonyms need a key.", hint=_NEW_KEY)
        digest = hmac.digest(self.key, _FOR_NAME + name.encode("utf-8", "replace"), "sha256")
        return "p-" + digest[:_KEPT_BYTES].hex()

    def of_id(self, name: str | None) -> str | None:
        """Give an id as it is, but for one that is an identity number: of that the pseudonym."""
        return self.of_number(name) if name is not None and holds_identity(name) else name

    def stored_id(self, name: str | None) -> str | None:
        """Give the same; RecordsError where it is an identity number and there is no key."""
        stored = self.of_id(name)
        if stored is None and name is not None:
            raise RecordsError(
                "Pupils or others are called by identity numbers, which are never stored.",
                hint="give a key with --key, so that they become pseudonyms, or export another id",
            )
        return stored


def make_key(path: Path) -> Path:
    """Write a new random key that its owner alone may read; OutputError if a file is there already."""
    if path.exists():
        raise OutputError(
            f"{path} is there already.",
            hint="a key that was used is never replaced: every pseudonym would change; name another file",
        )
    return write_whole(path, secrets.token_hex(LEAST_BYTES) + "\n")


def refuse_inside(path: Path, *folders: Path) -> None:
    """Refuse a key file that lies in one of some folders."""
    for folder in folders:
        if path.resolve().is_relative_to(folder.resolve()):
            raise SettingsError(
                f"The key file {path} lies in {folder}, beside what it protects.",
                hint="move it to a folder of its own, and give that name",
            )
