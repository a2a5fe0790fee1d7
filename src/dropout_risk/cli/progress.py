"""A progress bar on a terminal, and silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def _terminal_bars(*columns: str) -> Iterator[Progress | None]:
    """Draw bars with some columns of rich, or with texts; without a terminal nothing is drawn."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    named = ("{task.description}", *columns)
    text = progress.TextColumn
    shown = (text(name) if "{" in name else getattr(progress, name)() for name in named)
    with progress.Progress(*shown, console=Console(stderr=True)) as bars:
        yield bars


@contextmanager
def progress_bar(name: str) -> Iterator[Callable[[int, int], None] | None]:
    """Draw a bar with a count and an estimate of the rest; give what to tell it: how many of how many.

    Without a terminal nothing is drawn, and None is given.
    """
    with _terminal_bars("BarColumn", "MofNCompleteColumn", "TimeRemainingColumn") as bars:
        if bars is None:
            yield None
            return
        task = bars.add_task(name, total=None)
        yield lambda done, everybody: bars.update(task, completed=done, total=everybody)


@contextmanager
def show_working(name: str) -> Iterator[None]:
    """Say what is being done, and for how long already, where nothing can be counted.

    Without a terminal nothing is said.
    """
    with _terminal_bars("SpinnerColumn", "TimeElapsedColumn") as bars:
        if bars is None:
            yield
            return
        task = bars.add_task(name, total=1)
        yield
        bars.update(task, completed=1)


@contextmanager
def table_bars() -> Iterator[Callable[[str, int, float], None] | None]:
    """Draw a bar for each table that is read: its rows so far, and an estimate of the rest.

    Without a terminal nothing is drawn, and None is given.
    """
    with _terminal_bars("BarColumn", "{task.fields[rows]:,}", "TimeRemainingColumn") as bars:
        if bars is None:
            yield None
            return
        tasks: dict[str, TaskID] = {}

        def tell(table: str, rows: int, share: float) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table, total=1.0, rows=0)
            bars.update(tasks[table], completed=share, rows=rows)

        yield tell
