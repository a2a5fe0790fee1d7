"""Lanes: the threads that answer, a few for small bodies and a few for large ones.

A thread that has begun cannot be stopped, so nothing begins that nobody waits for any more, and what has
begun counts until it really ends, whatever the caller was told meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from time import monotonic
from typing import TypeVar

from dropout_risk.errors import BusyError, TooSlowError

Result = TypeVar("Result")
THREADS = 2
SMALL = 1_000
"""Rows of the largest body that counts as small: a pupil's raw year has some hundreds."""
HANDFUL = 64
"""Rows of a body that is answered sooner than a thread is found for it: one row of features."""
WHOLE_STORE = 2_000
WEIGHTS = dict.fromkeys(("/score_features", "/explain/change", "/what_if"), 8)
LEAST = dict.fromkeys(("/score_stored", "/explain/change", "/what_if"), WHOLE_STORE)
"""For how many rows of raw records an object of a body counts: a row of features is explained whole, an
answer is made of several scores; and a body at least, where everybody's features are computed."""
_ROWS_A_SECOND, _BYTES_OF_A_ROW = 40_000, 100


def rows_in(path: str, body: bytes) -> int:
    """Count the rows of a body without reading it: the objects that it opens, or what it weighs.

    Of tensors each value may be a row of its own.

    >>> rows_in("/score", b'{"students": [{"attendance": [{}, {}]}]}')
    4
    """
    opened = body.count(b"," if path == "/v2/models/infer" else b"{")
    return max(opened * WEIGHTS.get(path, 1), LEAST.get(path, 0), len(body) // _BYTES_OF_A_ROW)


def busy_error(seconds: int = 1) -> BusyError:
    """Tell a caller to come again, and when."""
    error = BusyError("The service has too many requests at once.", hint="try again in a moment")
    error.retry_after = seconds
    return error


@dataclass(eq=False)
class Lanes:
    """Two pools of threads, and how many rows of large bodies are being answered or wait for it."""

    most_rows: int
    rows: int = 0
    _lock: Lock = field(default_factory=Lock)
    _small: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "small"))
    _large: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "large"))

    async def answer(
        self, rows: int, deadline: float, work: Callable[[], Result], *, waits: bool = True
    ) -> Result:
        """Do the work of some rows in a thread; of a handful at once, unless it ``waits`` for anything.

        BusyError if too many rows wait already, TooSlowError if no thread is free before the deadline.
        """
        if rows <= HANDFUL and not waits and monotonic() < deadline:
            return work()
        work = partial(copy_context().run, work)
        if rows <= SMALL:
            return await asyncio.wrap_future(self._small.submit(in_time, deadline, work))
        self._take(rows)
        future: Future[Result] = self._large.submit(in_time, deadline, work)
        future.add_done_callback(lambda _: self._give_back(rows))
        return await asyncio.wrap_future(future)

    def _take(self, rows: int) -> None:
        with self._lock:
            if self.rows and self.rows + rows > self.most_rows:
                raise busy_error(1 + self.rows // _ROWS_A_SECOND)
            self.rows += rows

    def _give_back(self, rows: int) -> None:
        with self._lock:
            self.rows -= rows


def in_time(deadline: float, work: Callable[[], Result]) -> Result:
    """Do work that is still waited for; TooSlowError if it is not."""
    if monotonic() > deadline:
        raise TooSlowError("No thread was free in time.", hint="send fewer pupils at once")
    return work()
