"""Whether any body brings the service down: thousands of bodies, each a sound one that something befell.

``python benchmarks/mutated_bodies.py MODEL [--bodies 20000] [--seed 0]`` starts the service on a bundle as
``dropout-risk serve`` does, sends them one after the other, and ends with 1 after a 5xx, a reply that is none
of ours, or an answer that took more than a second.
"""

from __future__ import annotations

import argparse
import copy
import http.client
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from soak import EXAMPLE, JSON, running_service

LONGEST = 1.0
"""Seconds that an answer may take."""
FEATURES = b'{"rows": [{"student_id": "p", "features": {"absence_share_20d": 0.5, "late_share_20d": null}}]}'
STORED = b'{"student_ids": ["p-001", 7], "before": "2025-03-03", "as_of": "2025-04-07", "most": 2}'
SOUND = (
    ("/score", EXAMPLE),
    ("/score_features", FEATURES),
    ("/score_stored", STORED),
    ("/explain/change", STORED),
    ("/what_if", STORED),
    ("/feedback", b'{"student_id": "p-001", "answers": {"absence_share_20d": "right"}}'),
)
ODD = (
    None, True, False, 0, -1, 1, 7.5, 1e308, -1e308, 10**310, -(10**19), "", " ", "x" * 5000, "\x00",
    "\ud800",
    "٢٠٢٥-٠٣-٠٣", "2025-02-29", "9999-12-31", "0000-01-01", "张三\n", "' OR 1=1 --", "__class__", [], {},
    [[]],
    {"": ""}, float("nan"), float("inf"), [None] * 300, "1e400", "NaN", "../../etc/passwd",
)  # fmt: skip
Send = Callable[[str, bytes], tuple[int, bytes]]


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the way to every part of a body."""
    yield path
    if isinstance(value, dict):
        for name, part in value.items():
            yield from paths_in(part, (*path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value[:20]):
            yield from paths_in(part, (*path, index))


def changed_part(body: Any, chance: random.Random) -> Any:
    """Change one part of a body: something odd in its place, gone, another's, twice, or renamed."""
    *way, last = chance.choice([path for path in paths_in(body) if path] or [(None,)])
    if last is None:
        return copy.deepcopy(chance.choice(ODD))
    held = body
    for step in way:
        held = held[step]
    deed = chance.randrange(5)
    if deed == 0:
        del held[last]
    elif deed == 1:
        other: Any = body
        for step in chance.choice([*paths_in(body)]):
            other = other[step]
        held[last] = copy.deepcopy(other)
    elif deed == 2 and isinstance(held, list):
        held.extend(copy.deepcopy(held[last]) for _ in range(chance.choice((1, 2, 250))))
    elif deed == 3 and isinstance(held, dict):
        held[chance.choice(("", "x" * 300, f"{last} ", str(last).upper()))] = held.pop(last)
    else:
        held[last] = copy.deepcopy(chance.choice(ODD))
    return body


def changed_bytes(body: bytes, chance: random.Random) -> bytes:
    """Change the bytes of a body: cut, turned over, put in, doubled, or nested."""
    at = chance.randrange(len(body) + 1)
    odd = (b"\xff", b"\x00", b"\\ud800", b'{"', b"}", b"[" * 2000, b"9" * 400, b",", b"\xef\xbb\xbf", b"NaN")
    ways = (
        body[:at],
        body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :],
        body[:at] + chance.choice(odd) + body[at:],
        body[:at] + body[max(0, at - 40) : at] + body[at:],
        b"[" * 100 + body + b"]" * 100,
    )
    return chance.choice(ways)


def mutated_bodies(number: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Give addresses with bodies, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - no secret comes of it
    for _ in range(number):
        path, sound = chance.choices(SOUND, weights=(8, 4, 1, 1, 1, 1))[0]
        body = json.loads(sound)
        for _ in range(chance.choice((1, 1, 2, 3, 6))):
            body = changed_part(body, chance) if isinstance(body, (dict, list)) and body else body
        raw = json.dumps(body, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")
        yield path, changed_bytes(raw, chance) if chance.random() < 0.3 else raw


def wrong_answers(send: Send, number: int, seed: int) -> tuple[Counter[int], float, list[str]]:
    """Send bodies; give how often each status came, the longest time, and what should not have come."""
    found: Counter[int] = Counter()
    wrong, longest = [], 0.0
    for index, (path, body) in enumerate(mutated_bodies(number, seed)):
        started = time.perf_counter()
        status, reply = send(path, body)
        spent = time.perf_counter() - started
        found[status] += 1
        longest = max(longest, spent)
        if status >= 500 or spent > LONGEST or not _is_ours(status, reply):
            wrong.append(f"body {index} to {path}: {status} in {spent:.2f} s")
    return found, longest, wrong


def _is_ours(status: int, reply: bytes) -> bool:
    try:
        told = json.loads(reply)
    except ValueError:
        return False
    return ("results" in told or "written" in told) if status == 200 else bool(told.get("problems"))


def main() -> int:
    """Send the bodies, print what came, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--bodies", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=3456)
    asked = parser.parse_args()
    with running_service(asked.model, asked.port):
        held = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=30)

        def send(path: str, body: bytes) -> tuple[int, bytes]:
            held.request("POST", path, body, JSON)
            reply = held.getresponse()
            return reply.status, reply.read()

        found, longest, wrong = wrong_answers(send, asked.bodies, asked.seed)
    print(f"{asked.bodies} bodies: {dict(sorted(found.items()))}; the longest answer took {longest:.2f} s")
    print(*wrong[:20], sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
