"""From where everyone starts to one pupil's risk, step by step: drawn from the very numbers of the reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from scipy.special import expit

from dropout_risk.pages.scales import RiskScale, Tick
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language
from dropout_risk.watchlist.told import percent

_MARK = 1.2


@dataclass(frozen=True)
class Part:
    """What is added on the way, in log-odds, with the sentence that tells it."""

    kind: str
    text: str
    note: str
    contribution: float


@dataclass(frozen=True)
class Step:
    """One row of a waterfall.

    Parameters
    ----------
    kind : str
        ``start``, ``raising``, ``lowering``, ``other`` or ``total``: how it is drawn.
    text, note : str
        The sentence beside the bar, and what to hold it against.
    number : str
        A risk for ``start`` and ``total``; else the contribution in log-odds.
    x, width : float
        The bar, on a field 100 wide.
    end : float
        Where the next step begins.
    told : str
        The bar in words.
    """

    kind: str
    text: str
    note: str
    number: str
    x: float
    width: float
    end: float
    told: str


@dataclass(frozen=True)
class Waterfall:
    """Rows from ``base_log_odds`` to ``log_odds``; what lies between adds up."""

    steps: tuple[Step, ...]
    ticks: tuple[Tick, ...]

    @classmethod
    def of(cls, score: PupilScore, parts: Sequence[Part], language: Language) -> Self:
        """Draw the way from the start to a pupil's risk.

        Parameters
        ----------
        score : PupilScore
            Where the way begins and ends.
        parts : sequence of Part
            In the order in which they are drawn; with the start they add up to the log-odds.
        language : {"zh", "en"}
            The language of the words.
        """
        reached = [score.base_log_odds]
        for part in parts:
            reached.append(reached[-1] + part.contribution)
        scale = RiskScale.around([*reached, score.log_odds])
        start, total = float(expit(score.base_log_odds)), score.risk
        steps = [
            _mark("start", start_of(score.background, language), start, scale(score.base_log_odds)),
            *(
                _step(part, scale(before), scale(after), language)
                for part, before, after in zip(parts, reached, reached[1:], strict=False)
            ),
            _mark("total", WORDS["this_pupil"].to(language), total, scale(score.log_odds)),
        ]
        return cls(tuple(steps), scale.ticks())


def start_of(background: str, language: Language) -> str:
    """Say where the way begins: whose mean the base is.

    >>> start_of("stayed, grade 8", "en"), start_of("training", "en")
    ('Start: pupils of grade 8 who stayed', 'Start: all pupils it was trained on')
    """
    kind, _, grade = background.partition(", grade ")
    return WORDS[f"start_{kind}{'_in_grade' if grade else ''}"].fill(language, grade=grade)


def signed(contribution: float) -> str:
    """Write a contribution with its sign.

    >>> signed(0.834), signed(-0.4), signed(0.0)
    ('+0.83', '−0.40', '0.00')
    """
    size = f"{abs(contribution):.2f}"
    return size if float(size) == 0 else f"{'+' if contribution > 0 else '−'}{size}"


def _mark(kind: str, text: str, risk: float, at: float) -> Step:
    shown = percent(risk)
    return Step(kind, text, "", shown, round(at - _MARK / 2, 3), _MARK, at, f"{text}: {shown}")


def _step(part: Part, before: float, after: float, language: Language) -> Step:
    number = signed(part.contribution)
    way = "pushes_up" if part.contribution > 0 else "pulls_down"
    told = WORDS[way].fill(language, number=number)
    return Step(
        kind=part.kind,
        text=part.text,
        note=part.note,
        number=number,
        x=min(before, after),
        width=max(round(abs(after - before), 3), 0.3),
        end=after,
        told=told,
    )
