"""Compiled loops, and the threads that share the blocks they run over.

A kernel releases the interpreter's lock, is compiled once and kept on disk, and computes in the order in
which it is written: no reordering of sums, so that the number of threads never changes a bit.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

from dropout_risk.progress import tell_compiling

Function = TypeVar("Function", bound=Callable[..., Any])
Item = TypeVar("Item")
Result = TypeVar("Result")
THREADS = "DROPOUT_RISK_THREADS"
KEPT = "NUMBA_CACHE_DIR"


def _can_keep_in(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _keep_somewhere() -> None:
    """Give compiled loops a private folder for as long as this process runs, where there is no other.

    Without one numba refuses to import them: as a user without home, say, on a disk that is only read. What
    is kept is code, so the folder is nobody else's.
    """
    own = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    if os.environ.get(KEPT) or _can_keep_in(Path(__file__).with_name("__pycache__")) or _can_keep_in(own):
        return
    folder = tempfile.mkdtemp(prefix="dropout-risk-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ[KEPT] = folder
    cast("Any", numba.config).CACHE_DIR = folder


_keep_somewhere()
tell_compiling()


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays; dividing by zero gives infinity or NaN, as in numpy."""
    compiled: Any = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Function", compiled)


def thread_count() -> int:
    """Give the number of threads: ``DROPOUT_RISK_THREADS``, or the cores this process may use."""
    given = os.environ.get(THREADS, "")
    if given.isdigit():
        return max(int(given), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def blocks(n: int, size: int) -> Iterator[slice]:
    """Cut ``n`` rows into consecutive blocks.

    >>> list(blocks(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """Do the same work on each item, several at a time; results come in the order of the items.

    >>> in_threads(abs, [-1, 2])
    [1, 2]
    """
    items = list(items)
    workers = min(thread_count(), len(items)) if len(items) > 1 else 1
    if workers <= 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, items))


def prefetch(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Do the same work on each item in threads, ahead of its turn, and give results in the items' order.

    At most two items more than there are threads are begun before their result is taken, so memory does
    not grow with their number. The first error ends the work. One item alone needs no thread.

    >>> list(prefetch(abs, [-1, 2]))
    [1, 2]
    """
    coming = iter(items)
    begun = list(islice(coming, 2))
    threads = thread_count() if len(begun) > 1 else 1
    if threads == 1:
        yield from map(work, chain(begun, coming))
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for item in chain(begun, coming):
            waiting.append(pool.submit(work, item))
            if len(waiting) >= threads + 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
