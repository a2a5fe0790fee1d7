"""Progress bars while training, or silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")


class Steps(AbstractContextManager["Steps"]):
    """The steps of one run, drawn as bars on the terminal's error stream when asked.

    Parameters
    ----------
    shown : bool
        Whether anything is drawn.

    Examples
    --------
    >>> with Steps(shown=False) as steps:
    ...     days = list(steps.each("features", ["2025-03-03", "2025-04-01"]))
    ...     with steps.one("fit"):
    ...         fitted = True
    >>> len(days), fitted
    (2, True)
    """

    def __init__(self, *, shown: bool) -> None:
        self._bars = _bars() if shown else None
        self._told: dict[str, Any] = {}

    def __enter__(self) -> Steps:
        """Start drawing."""
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop drawing, also after an error."""
        if self._bars is not None:
            self._bars.stop()

    def each(self, name: str, items: Iterable[Item]) -> Iterator[Item]:
        """Go through items, counting them."""
        listed = list(items)
        task = self._bars.add_task(name, total=len(listed)) if self._bars is not None else None
        for item in listed:
            yield item
            if self._bars is not None:
                self._bars.advance(task)

    def tell(self, name: str, done: int, total: int | None) -> None:
        """Draw how far something is that counts itself, such as tuning."""
        if self._bars is None:
            return
        if name not in self._told:
            self._told[name] = self._bars.add_task(f"tune {name}", total=total)
        self._bars.update(self._told[name], completed=done)

    @contextmanager
    def one(self, name: str) -> Iterator[None]:
        """Mark one step that cannot be counted."""
        task = self._bars.add_task(name, total=None) if self._bars is not None else None
        yield
        if self._bars is not None:
            self._bars.update(task, total=1, completed=1)


def _bars() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
