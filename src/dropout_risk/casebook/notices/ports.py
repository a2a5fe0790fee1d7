"""Ports: by which way a notice leaves, and what is known of it afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dropout_risk.text import Text


@dataclass(frozen=True)
class Sent:
    """It arrived, as far as whoever took it says."""


@dataclass(frozen=True)
class Failed:
    """It certainly did not arrive: it may be tried again. ``why`` is one of :data:`REFUSALS`."""

    why: str


@dataclass(frozen=True)
class Unsure:
    """It may have arrived: no machine tries it again. ``why`` is one of :data:`REFUSALS`."""

    why: str


SendResult = Sent | Failed | Unsure

REFUSALS: dict[str, Text] = {
    "no_server": Text(zh="没有可用的通知地址", en="no address that can be used"),
    "unreachable": Text(zh="连接不上", en="nobody answers at the address"),
    "refused": Text(zh="对方拒收", en="the other side refused it"),
    "timeout": Text(zh="等待回应超时", en="no answer in time"),
    "broken_off": Text(zh="连接中断", en="the connection broke off"),
    "partial": Text(zh="只有一部分收件人收到", en="only some of those addressed have it"),
    "unclear": Text(zh="没有说明原因的失败", en="a failure without a reason"),
}
"""Why a notice did not arrive, or may not have: our words, since a library's may hold an address."""


class Port(Protocol):
    """A way out."""

    def knows(self, to: str) -> bool:
        """Say whether it has a channel of a name."""
        ...

    def send(self, to: str, text: str) -> SendResult:
        """Send a text to a channel, once, and say what is known; it raises nothing."""
        ...


class LinePort:
    """Writes each notice as a line of a file: for tests, demos, and systems that read it from there.

    Parameters
    ----------
    files : mapping of str to path
        By name of the channel.
    """

    def __init__(self, files: Mapping[str, str | Path]) -> None:
        self._files = {name: Path(path) for name, path in files.items()}

    def knows(self, to: str) -> bool:
        """Say whether it has a channel of a name."""
        return to in self._files

    def send(self, to: str, text: str) -> SendResult:
        """Append a line: the channel, a tab, the text."""
        line = f"{to}\t{text}\n".encode()
        try:
            handle = os.open(self._files[to], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            return Failed("unreachable")
        try:
            written = os.write(handle, line)
            os.fsync(handle)
        except OSError:
            return Unsure("broken_off")
        finally:
            os.close(handle)
        return Sent() if written == len(line) else Unsure("broken_off")


class PortByChannel:
    """Gives each notice to the first port that knows its channel."""

    def __init__(self, *ports: Port) -> None:
        self._ports = ports

    def _knowing(self, to: str) -> Iterator[Port]:
        return (port for port in self._ports if port.knows(to))

    def knows(self, to: str) -> bool:
        """Say whether one of them has a channel of a name."""
        return any(self._knowing(to))

    def send(self, to: str, text: str) -> SendResult:
        """Send it by that port."""
        port = next(self._knowing(to), None)
        return Failed("no_server") if port is None else port.send(to, text)
