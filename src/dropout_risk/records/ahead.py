"""Work done ahead of its turn: several pieces at a time, handed over in order, few of them waiting."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

from dropout_risk.kernels import thread_count

Result = TypeVar("Result")


def ahead(tasks: Iterable[Callable[[], Result]]) -> Iterator[Result]:
    """Do tasks in threads and give their results in the order of the tasks.

    At most two tasks more than there are threads are begun before their result is taken, so memory does
    not grow with their number. The first error ends the work. One task alone needs no thread.

    Examples
    --------
    >>> list(ahead([lambda: 1, lambda: 2]))
    [1, 2]
    """
    coming = iter(tasks)
    begun = list(islice(coming, 2))
    threads = thread_count() if len(begun) > 1 else 1
    if threads == 1:
        for task in chain(begun, coming):
            yield task()
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads)
    try:
        for task in chain(begun, coming):
            waiting.append(pool.submit(task))
            if len(waiting) >= threads + 2:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
