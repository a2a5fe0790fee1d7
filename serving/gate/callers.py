"""Callers: whose bodies are still arriving, and who makes room when there is none left."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, MutableMapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

GRACE = 0.25
"""Seconds in which a body is not yet called slow."""


def caller_of(scope: MutableMapping[str, Any]) -> str:
    """Name who calls: the address that the server saw, or that a trusted proxy on this machine named."""
    client = scope.get("client")
    return str(client[0]) if client else ""


@dataclass(eq=False)
class Sender:
    """A body that is arriving: whose, since when, how much of it is there, and who waits for it."""

    caller: str
    since: float = field(default_factory=monotonic)
    received: int = 0
    cut: bool = False
    task: asyncio.Task[bytes] | None = None

    @property
    def age(self) -> float:
        """Seconds since it began."""
        return monotonic() - self.since

    async def wait_for(self, body: Coroutine[Any, Any, bytes], seconds: float) -> bytes | None:
        """Give the body; None if it is not there in time, or had to make room for another."""
        self.task = asyncio.ensure_future(body)
        try:
            await asyncio.wait({self.task}, timeout=seconds)
        finally:
            if not self.task.done():
                self.task.cancel()
        return None if self.cut or not self.task.done() else await self.task


@dataclass(eq=False)
class Senders:
    """The bodies that are arriving; of too many, the slowest of the busiest caller is given up."""

    most: int
    held: list[Sender] = field(default_factory=list)

    @property
    def received(self) -> int:
        """Bytes that are here of bodies that are not."""
        return sum(sender.received for sender in self.held)

    def let_in(self, caller: str) -> Sender | None:
        """Take one more, if need be for another; None if nobody is slow enough to be given up."""
        if len(self.held) >= self.most and not self._make_room():
            return None
        sender = Sender(caller)
        self.held.append(sender)
        return sender

    def let_go(self, sender: Sender) -> None:
        """Forget one whose body is there, or given up."""
        if sender in self.held:
            self.held.remove(sender)

    def _make_room(self) -> bool:
        slow = [sender for sender in self.held if sender.age > GRACE and sender.task is not None]
        if not slow:
            return False
        busy = Counter(sender.caller for sender in self.held)
        slowest = min(slow, key=lambda sender: (-busy[sender.caller], sender.received / sender.age))
        slowest.cut = True
        assert slowest.task is not None  # noqa: S101
        slowest.task.cancel()
        self.held.remove(slowest)
        return True
