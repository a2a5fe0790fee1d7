"""Asks the service by a client that was generated from its own description; run by itself, in a process.

``python generated_client.py URL BODIES`` takes a JSON file of an operation's name and a body each, with the
folder of the client on the path, and prints what each reply is: its status, its type, and what it tells.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any, get_args


def ask(client: Any, operation: str, body: dict[str, Any] | None) -> dict[str, Any]:
    """Send a body as the typed request that the client has for an operation."""
    found = importlib.import_module(f"generated.api.default.{operation}")
    named = {}
    if body is not None:
        taken = found.sync_detailed.__annotations__["body"]
        named["body"] = typed_body(get_args(taken) or (taken,), body)
    reply = found.sync_detailed(client=client, **named)
    told = reply.parsed
    return {"status": reply.status_code, "type": type(told).__name__, "told": told.to_dict()}


def typed_body(kinds: tuple[Any, ...], body: dict[str, Any]) -> Any:
    """Give a body as the one of some types that holds all of it and nothing else."""
    (made,) = [kind.from_dict(body) for kind in kinds if {*body} <= {*kind.__annotations__}]
    assert made.to_dict() == body
    return made


if __name__ == "__main__":
    from generated import Client

    asked = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    with Client(base_url=sys.argv[1]) as opened:
        print(json.dumps([ask(opened, *one) for one in asked]))
