"""Addresses of cases: no number stands in them, so that nobody learns from a gap what it may not know."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Self

_BYTES = 5


@dataclass(frozen=True, repr=False)
class CaseAddresses:
    """Turns the number of a case into its address and back, by a key.

    Numbers are given in the order of opening, across what different people may know: whoever saw 7 and 9
    could ask what 8 is. A case always has the same address, and no other one is taken for it.

    >>> addresses = CaseAddresses.by_secret(b"x" * 32)
    >>> address = addresses.address_of(7)
    >>> len(address), addresses.number_at(address), addresses.number_at("7"), addresses.number_at("")
    (28, 7, 0, 0)
    """

    key: bytes

    @classmethod
    def by_secret(cls, secret: bytes) -> Self:
        """Derive the key from the secret of the desk."""
        return cls(hashlib.sha256(b"case address|" + secret).digest())

    @classmethod
    def new(cls) -> Self:
        """Take a key that ends with the process."""
        return cls(secrets.token_bytes(32))

    def address_of(self, number: int) -> str:
        """Give the address of a case."""
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        sealed = AESSIV(self.key).encrypt(number.to_bytes(_BYTES, "big"), None)
        return base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def number_at(self, address: str) -> int:
        """Give the number of the case at an address; 0, which no case has, where it is none of ours."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESSIV

        try:
            sealed = base64.urlsafe_b64decode(address.encode("ascii") + b"=" * (-len(address) % 4))
            number = int.from_bytes(AESSIV(self.key).decrypt(sealed, None), "big")
        except (ValueError, InvalidTag):
            return 0
        return number if self.address_of(number) == address else 0
