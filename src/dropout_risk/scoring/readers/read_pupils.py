"""Scores as a reader reads them, each made when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dropout_risk.scoring.score_rows import KeptPupils, PupilHead, pupil_heads, take_pupils
from dropout_risk.scoring.scored_pupils import ScoredPupils
from dropout_risk.scoring.scores import PupilScore, log_odds_of


class ReadPupils(KeptPupils):
    """Scores as a reader reads them: each is made when it is asked for.

    ``read`` gives a score as the reader reads it, ``hears`` says of which alerts it is told.
    """

    def __init__(
        self,
        given: Sequence[PupilScore],
        read: Callable[[PupilScore], PupilScore],
        hears: Callable[[str], bool],
    ) -> None:
        self._given, self._read, self._hears = given, read, hears

    def __len__(self) -> int:
        return len(self._given)

    def one(self, index: int) -> PupilScore:
        """Read one score."""
        return self._read(self._given[index])

    def __iter__(self) -> Iterator[PupilScore]:
        return map(self._read, self._given)

    @property
    def log_odds(self) -> list[float]:
        """The score of each pupil, which is the same for every reader."""
        return log_odds_of(self._given)

    def take(self, indices: Sequence[int]) -> ReadPupils:
        """Give some of the pupils, in the given order."""
        return ReadPupils(take_pupils(self._given, indices), self._read, self._hears)

    def heads(self) -> Iterator[PupilHead]:
        """Say what decides where each pupil stands, as far as the reader may know."""
        if isinstance(self._given, ScoredPupils):
            return self._given.heads(self._hears)
        return pupil_heads(tuple(self))
