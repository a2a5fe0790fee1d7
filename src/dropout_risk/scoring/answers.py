"""Answers for some pupils, beside the reasons why others have none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Self, TypeVar

from dropout_risk.scoring.scores import PUPIL_ERRORS, RowError
from dropout_risk.text import Language

Answer = TypeVar("Answer")


class Answers(tuple[Answer, ...], Generic[Answer]):
    """A tuple with one answer for each pupil that has one, in the order in which the pupils were given.

    Attributes
    ----------
    errors : tuple of RowError
        The pupils without an answer, by their place in what was given, with the reason.

    Examples
    --------
    >>> Answers(["a", "b"]), Answers(["a", "b"]).errors
    (('a', 'b'), ())
    """

    errors: tuple[RowError, ...]

    def __new__(cls, answers: Iterable[Answer], errors: Iterable[RowError] = ()) -> Self:
        """Take the answers and, apart from them, the errors."""
        made = super().__new__(cls, answers)
        made.errors = tuple(errors)
        return made


def refusal(
    code: str, index: int, student_id: str | int, field: str, language: Language, **words: str
) -> RowError:
    """Say why a pupil has no answer, from :data:`dropout_risk.scoring.scores.PUPIL_ERRORS`."""
    message, hint = (text.fill(language, **words) for text in PUPIL_ERRORS[code])
    return RowError(index, student_id, code, field, message, hint)
