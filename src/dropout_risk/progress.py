"""What is being done, and how far it is: one line on a terminal or in a notebook, and not a word elsewhere.

It appears once the work has taken a second, and goes when the work ends. Loops that are compiled on first use
are told at once: that takes half a minute, and is kept.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

Tell = Callable[[int, int], None]
"""Told how many are done of how many."""
PATIENCE, PACE = 1.0, 0.2
"""Seconds before the first word, and between two."""
COMPILING = "dropout_risk: compiling loops for this machine, once; it takes half a minute and is kept"
_log = logging.getLogger("dropout_risk")
_held: list[object] = []


def is_shown() -> bool:
    """Say whether lines are drawn: on a terminal or in a notebook, while nobody else draws there."""
    return not _held and (in_notebook() or bool(getattr(sys.stderr, "isatty", lambda: False)()))


def in_notebook() -> bool:
    """Say whether what is written goes to a cell of Jupyter, where no line can be drawn over."""
    return type(sys.stderr).__module__.startswith("ipykernel")


class _Line:
    """One line that is drawn over: of a terminal, or an output of its own of a notebook's cell."""

    def __init__(self) -> None:
        self.output: Any = None
        self.drawn = False

    def draw(self, text: str) -> None:
        self.drawn = True
        if not in_notebook():
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            return
        content = {"text/plain": text}
        if self.output is None:  # a kernel has IPython; the library does not ask for it
            self.output = import_module("IPython.display").display(content, raw=True, display_id=True)
        else:
            self.output.update(content, raw=True)


@contextmanager
def drawn_elsewhere() -> Iterator[None]:
    """Keep lines away while somebody else draws on the terminal."""
    _held.append(None)
    try:
        yield
    finally:
        _held.pop()


@contextmanager
def progress_line(name: str) -> Iterator[Tell]:
    """Draw a line with a name and a count on the terminal, if there is one; give what to tell the count.

    >>> with progress_line("scoring") as tell:
    ...     tell(10, 200)
    """
    begun = time.monotonic()
    last, line = [begun + PATIENCE - PACE], _Line()

    def tell(done: int, everybody: int) -> None:
        now = time.monotonic()
        if now - last[0] >= PACE and is_shown():
            last[0] = now
            line.draw(f"{name}: {done:,} of {everybody:,}, {now - begun:.0f} s")

    try:
        yield tell
    finally:
        if line.drawn:
            line.draw("")


def tell_compiling() -> None:
    """Say it once, when the first loop of ours is compiled that is not kept from before."""
    from numba.core import event

    register: Any = event.register

    class Listener(event.Listener):
        def on_start(self, told: Any) -> None:
            module = getattr(told.data["dispatcher"].py_func, "__module__", "") or ""
            if _told or not module.startswith("dropout_risk"):
                return
            _told.append(module)
            _log.info(COMPILING)
            if is_shown():
                sys.stderr.write(f"{COMPILING}\n" if in_notebook() else f"\r\x1b[K{COMPILING}\n")

        def on_end(self, told: Any) -> None:
            pass

    register("numba:compile", Listener())


_told: list[str] = []
