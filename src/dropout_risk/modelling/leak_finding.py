"""What a leak check finds, and what it says of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dropout_risk.modelling.leak_table import LeakTable
from dropout_risk.text import Text

ELSEWHERE = Text(
    zh="此处不判断：特征只由当时已知的记录算出，见“读到以后的记录”一项",
    en="not judged here: features are made of what was known on the day, which future_read checks",
)
"""Why a check was left to another one: nothing is failed or passed by it."""


@dataclass(frozen=True)
class Leak:
    """One finding: no pupil's value is in it.

    Parameters
    ----------
    check : str
        The check that found it.
    column : str
        The column; empty where it is about rows.
    reason : Text
        What was found, and against which bound.
    """

    check: str
    column: str
    reason: Text

    def __str__(self) -> str:
        """Name the place and the reason."""
        return f"column {self.column!r}: {self.reason.en}" if self.column else f"rows: {self.reason.en}"


class CannotJudgeError(Exception):
    """The data do not allow a check; the reason is shown beside it.

    Parameters
    ----------
    reason : Text
        What is missing.
    """

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True)
class LeakCheck:
    """One question to the rows of a fit.

    Parameters
    ----------
    name : str
        A stable key.
    title : Text
        What it looks for.
    blind : Text
        What it cannot see.
    find : callable
        Gives the findings of a table; raises :class:`CannotJudgeError` where the table does not allow it.
    """

    name: str
    title: Text
    blind: Text
    find: Callable[[LeakTable], list[Leak]]

    def made(self, table: LeakTable) -> MadeCheck:
        """Make the check."""
        try:
            return MadeCheck(self.name, self.title, self.blind, tuple(self.find(table)))
        except CannotJudgeError as error:
            return MadeCheck(self.name, self.title, self.blind, (), error.reason)


@dataclass(frozen=True)
class MadeCheck:
    """A check that was made, or could not be.

    Parameters
    ----------
    name : str
        Of the check.
    title, blind : Text
        What it looks for, and what it cannot see.
    leaks : tuple of Leak
        What it found.
    not_judged : Text, optional
        Why it could not be made.
    """

    name: str
    title: Text
    blind: Text
    leaks: tuple[Leak, ...] = ()
    not_judged: Text | None = None
