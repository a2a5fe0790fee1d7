"""Web tokens (JWT): signed by an issuer, for this service, until a time; none is believed before."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from dropout_risk.access.watched_file import WatchedFile
from dropout_risk.errors import MissingExtraError, NotSignedInError, SettingsError

if TYPE_CHECKING:
    from jwt import PyJWK

HMAC = ("HS256", "HS384", "HS512")
PUBLIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEAST_BYTES = 32
LONGEST = 8_000
"""Characters of a token that is looked at."""
LONGEST_NAME = 240
MOST_KEPT = 1_000
"""Good tokens that need not be verified again."""
_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]


@dataclass(frozen=True)
class WebTokens:
    """Checks tokens by the keys of a JWKS file, which is read again when it changes.

    A token that was good is good until it ends, or the file changes.

    A key verifies by its own algorithm alone, whatever a token says of itself; every key and every token has
    a ``kid``.

    Parameters
    ----------
    keys : WatchedFile
        See :func:`read_keys`.
    issuer, audience : str
    leeway : int
        Seconds by which clocks may differ.
    """

    keys: WatchedFile[dict[str, PyJWK]]
    issuer: str
    audience: str
    leeway: int = 30
    _good: dict[str, tuple[Any, dict[str, Any]]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of_file(
        cls, path: Path, issuer: str, audience: str, algorithms: tuple[str, ...], leeway: int
    ) -> Self:
        """Read the keys once; SettingsError if some are no good, or the algorithms cannot stand together."""
        check_algorithms(algorithms)
        watched = WatchedFile(path, lambda file: read_keys(file, algorithms))
        watched.content()
        return cls(watched, issuer, audience, leeway)

    def claims(self, token: str) -> dict[str, Any]:
        """Give what a token says; NotSignedInError if it is no good, without saying why."""
        if len(token) > LONGEST:
            raise _token_refusal()
        keys = self.keys.content()
        known, told = self._good.get(token, (None, {}))
        if known is keys and told:
            if int(told["exp"]) <= time.time() - self.leeway:
                raise _token_refusal()
            return told
        import jwt

        try:
            key = keys.get(str(jwt.get_unverified_header(token).get("kid", "")))
            if key is None:
                raise _token_refusal()
            told = jwt.decode(
                token, key, algorithms=[key.algorithm_name], audience=self.audience, issuer=self.issuer,
                leeway=self.leeway,
                options={"require": _REQUIRED, "enforce_minimum_key_length": True, "strict_aud": True},
            )  # fmt: skip
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise _token_refusal() from error
        if not is_name(told.get("sub")):
            raise _token_refusal()
        if len(self._good) >= MOST_KEPT:
            self._good.clear()
        self._good[token] = (keys, told)
        return told


def is_name(told: Any) -> bool:
    """Say whether something can stand in the audit as it is, and for nobody else.

    >>> is_name("t-1"), is_name("t-1\u200b"), is_name("t" * 241), is_name(""), is_name(1)
    (True, False, False, False, False)
    """
    return isinstance(told, str) and 0 < len(told) <= LONGEST_NAME and told.isprintable()


def check_algorithms(algorithms: tuple[str, ...]) -> None:
    """Refuse ``none``, what nobody knows, and shared secrets beside public keys.

    >>> check_algorithms(("RS256", "ES256"))
    >>> check_algorithms(("RS256", "HS256"))
    Traceback (most recent call last):
    ...
    dropout_risk.errors.SettingsError: [DR302] Algorithms of shared secrets stand beside those of public keys.
    Hint: HS256, HS384, HS512, or others, not both: a public key would be taken for a secret
    """
    unknown = [name for name in algorithms if name not in (*HMAC, *PUBLIC)]
    if unknown or not algorithms:
        raise SettingsError(
            f"{len(unknown) or 'No'} algorithm(s) of tokens cannot be used.",
            hint=f"allowed: {', '.join((*HMAC, *PUBLIC))}",
        )
    if {*algorithms} & {*HMAC} and {*algorithms} & {*PUBLIC}:
        raise SettingsError(
            "Algorithms of shared secrets stand beside those of public keys.",
            hint=f"{', '.join(HMAC)}, or others, not both: a public key would be taken for a secret",
        )


def read_keys(path: Path, algorithms: tuple[str, ...]) -> dict[str, PyJWK]:
    """Read a JWKS file: keys by ``kid``; SettingsError with all that is wrong with it, and no key's value."""
    try:
        import jwt
    except ModuleNotFoundError as error:
        raise MissingExtraError("Tokens need PyJWT.", hint='pip install "dropout-risk[serve]"') from error
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["keys"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path} is no JWKS file.", hint='a JSON object {"keys": [...]}') from error
    keys: dict[str, PyJWK] = {}
    problems: list[str] = []
    for number, told in enumerate(listed if isinstance(listed, list) else [], start=1):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                key = jwt.PyJWK(told)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError):
            problems.append(f"key {number} cannot be read")
            continue
        problems += [f"key {number} {why}" for why in _key_problems(key, told, algorithms, keys)]
        keys[str(key.key_id)] = key
    if problems or not keys:
        raise SettingsError(
            f"{path} has {'no key' if not keys else 'keys that cannot be used'}: {'; '.join(problems)}.",
            hint=f"each key has a kid of its own and an algorithm of {', '.join(algorithms)}; "
            f"a secret has {LEAST_BYTES} bytes or more, an RSA key 2,048 bits",
        )
    return keys


def _key_problems(
    key: PyJWK, told: Mapping[str, Any], algorithms: tuple[str, ...], known: Mapping[str, PyJWK]
) -> list[str]:
    """Say what is wrong with a key that can be read."""
    found = [] if told.get("kid") else ["has no kid"]
    found += ["has the kid of another"] if str(key.key_id) in known else []
    found += [] if key.algorithm_name in algorithms else [f"is for {key.algorithm_name}"]
    found += [] if told.get("use", "sig") == "sig" else ["is not for signatures"]
    is_short = key.key_type == "oct" and len(key.key) < LEAST_BYTES
    weak = "is too short" if is_short or key.Algorithm.check_key_length(key.key) else ""
    return [*found, *filter(None, [weak])]


def _token_refusal() -> NotSignedInError:
    return NotSignedInError("The token is no good.", hint="sign in again at your issuer")
