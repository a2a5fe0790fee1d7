"""A progress bar on a terminal, and silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar with a count and an estimate of the rest; give what to tell it: how many of how many.

    Without a terminal nothing is drawn, and None is given.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(name, total=None)
        yield lambda done, everybody: bars.update(task, completed=done, total=everybody)


@contextmanager
def show_working(name: str) -> Iterator[None]:
    """Say what is being done, and for how long already, where nothing can be counted.

    Without a terminal nothing is said.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(name, total=1)
        yield
        bars.update(task, completed=1)


@contextmanager
def table_bars() -> Iterator[Callable[[str, int, float], None] | None]:
    """Draw a bar for each table that is read: its rows so far, and an estimate of the rest.

    Without a terminal nothing is drawn, and None is given.
    """
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    rows = TextColumn("{task.fields[rows]:,}")
    columns = (TextColumn("{task.description}"), BarColumn(), rows, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def tell(table: str, rows: int, share: float) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=1.0, rows=0)
            bars.update(tasks[table], completed=share, rows=rows)

        yield tell
