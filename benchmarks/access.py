"""What it costs to know who asks and to write down whom they saw: ``python benchmarks/access.py``.

CPU of the process (user and system), the least of some repetitions; the audit is on SQLite, synced each time.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dropout_risk.access.api_keys import ApiKeys, make_key
from dropout_risk.access.audit import Audit
from dropout_risk.access.read_scores import ReadPlan
from dropout_risk.access.reader import Reader
from dropout_risk.access.signed_header import SignedHeader, sign_header
from dropout_risk.access.web_tokens import WebTokens
from dropout_risk.casebook.chain import digest_of_row
from dropout_risk.casebook.people import Grant, Placed
from dropout_risk.exchange.pseudonyms import Pseudonyms

SECRET, DAY = b"s" * 32, dt.date(2025, 3, 3)


def spent(work: Callable[[], Any], number: int, repeats: int = 5) -> tuple[float, float]:
    """Give microseconds of CPU and of the clock that one call takes."""
    found = []
    for _ in range(repeats):
        cpu, clock = time.process_time(), time.perf_counter()
        for _ in range(number):
            work()
        found.append((time.process_time() - cpu, time.perf_counter() - clock))
    return tuple(1e6 * min(column) / number for column in zip(*found, strict=True))


def tokens_of(folder: Path, key: Any, told: dict[str, Any], name: str) -> tuple[WebTokens, str]:
    """Give what checks the tokens of a key, and one of them."""
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"keys": [told | {"kid": "k", "alg": name}]}))
    now = int(time.time())
    claims = {"sub": "t-1", "iss": "i", "aud": "a", "iat": now, "exp": now + 3600}
    return WebTokens.of_file(path, "i", "a", (name,), 30), jwt.encode(claims, key, name, headers={"kid": "k"})


def first_seen(tokens: WebTokens, word: str) -> None:
    """Check a token that nobody has shown before."""
    tokens._good.clear()
    tokens.claims(word)


def chained(told: dict[str, str]) -> str:
    """Do what an audit does beside its database."""
    names, previous = Pseudonyms(b"a key that is long enough for it"), ""
    for number, (pupil, role) in enumerate(told.items()):
        row = [number, DAY.isoformat(), "t-1", role, "/score", names.of_exact(pupil), "m", "r"]
        previous = digest_of_row(previous, row)
    return previous


def ways(folder: Path) -> dict[str, Callable[[], Any]]:
    """Give the ways of saying who asks."""
    algorithms = jwt.algorithms
    keys = {
        "RS256": (one := rsa.generate_private_key(public_exponent=65537, key_size=2048),
                  algorithms.RSAAlgorithm.to_jwk(one.public_key(), as_dict=True)),
        "ES256": (two := ec.generate_private_key(ec.SECP256R1()),
                  algorithms.ECAlgorithm.to_jwk(two.public_key(), as_dict=True)),
        "HS256": (SECRET, {"kty": "oct", "k": "c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M"}),
    }  # fmt: skip
    made: dict[str, Callable[[], Any]] = {}
    for name, (key, told) in keys.items():
        tokens, word = tokens_of(folder, key, told, name)
        made[f"a web token, {name}, first seen"] = partial(first_seen, tokens, word)
        made[f"a web token, {name}, seen before"] = partial(tokens.claims, word)
    word = make_key(
        folder / "keys.json", SECRET, name="n", role="county", scope="county", until=dt.date(2099, 1, 1)
    )
    api_keys, header = ApiKeys.of_file(folder / "keys.json", SECRET), SignedHeader(SECRET)
    numbers = iter(range(10**9))

    def signed() -> None:
        at = int(time.time())
        header.check(
            "GET", "/x", "t-1", sign_header(SECRET, "GET", "/x", "t-1", at=at, nonce=str(next(numbers)))
        )

    return made | {
        "an API key": lambda: api_keys.reader(word, DAY),
        "a signed header (with its signing)": signed,
    }


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [(told, *spent(work, 500)) for told, work in ways(folder).items()]
        reader = Reader("t-1", (Grant("t-1", "principal", "school", "s-1"),))
        audit = Audit.open(f"sqlite:///{folder}/audit.db", Pseudonyms(b"a key that is long enough for it"))
        for pupils in (1, 200, 10_000):
            placed = {f"p-{index}": Placed(f"p-{index}", "s-1", "s-1/8/1") for index in range(pupils)}
            told, times = ReadPlan.of(reader, "/score", placed).told, max(1, 200 // pupils)
            grants = partial(ReadPlan.of, reader, "/score", placed)
            note = partial(audit.note, "t-1", "/score", told, model="m", request="r")
            rows.append(
                (f"pseudonyms and chain alone, pupils: {pupils}", *spent(partial(chained, told), times))
            )
            rows.append((f"grants, pupils: {pupils}", *spent(grants, times)))
            rows.append((f"audit, pupils: {pupils}", *spent(note, times)))
    print("| what | CPU, ms | clock, ms |\n|---|---|---|")
    for told, cpu, clock in rows:
        print(f"| {told} | {cpu / 1000:.3f} | {clock / 1000:.3f} |")


if __name__ == "__main__":
    main()
