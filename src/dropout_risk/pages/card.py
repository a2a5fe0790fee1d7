"""One pupil as the page shows it: every number written out, nothing left for the template to work out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dropout_risk.alerts.alert import Alert
from dropout_risk.explanation.reasons import Reason
from dropout_risk.pages.words import WORDS, day
from dropout_risk.scoring.confidential import CONFIDENTIAL
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language
from dropout_risk.watchlist.entry import WatchEntry
from dropout_risk.watchlist.group import LOWEST_BAND
from dropout_risk.watchlist.told import comparison, percent, shorten, told, told_missing

RAISING_SHOWN, LOWERING_SHOWN, MISSING_SHOWN, HELP_SHOWN = 4, 2, 2, 3
HALF_A_POINT = 0.005
_HALF = 50.0


@dataclass(frozen=True)
class Bar:
    """A bar from the middle of a field 100 wide: to the right raising, to the left lowering."""

    x: float
    width: float
    side: str
    told: str


@dataclass(frozen=True)
class Line:
    """One reason: its sentence, what to hold it against, and its bar."""

    text: str
    note: str
    bar: Bar | None


@dataclass(frozen=True)
class Card:
    """One listed pupil."""

    student_id: str
    class_id: str
    judged: bool
    risk: str
    interval: str
    band: str
    band_word: str
    status: str
    status_word: str
    since: str
    alerts: tuple[tuple[str, str], ...]
    raising: tuple[Line, ...]
    lowering: tuple[Line, ...]
    missing: str
    warnings: tuple[str, ...]
    help: tuple[str, ...]


@dataclass(frozen=True)
class CardWriter:
    """Writes cards in one language.

    Parameters
    ----------
    language : {"zh", "en"}
        The language of the page, and of the sentences in the scores.
    compared : bool
        Whether there was an earlier list.
    common : collection of str
        Sentences that hold for everybody; the page tells them once.
    """

    language: Language
    compared: bool
    common: Collection[str]

    def write(self, entry: WatchEntry) -> Card:
        """Write one pupil's card."""
        score = entry.score
        lowering = [item for item in score.lowering if _favourable(item)]
        most = RAISING_SHOWN if score.band != LOWEST_BAND else RAISING_SHOWN // 2
        return Card(
            student_id=str(score.student_id),
            class_id=score.class_id or "",
            judged=entry.judged,
            risk=percent(score.risk),
            interval=" – ".join(dict.fromkeys(percent(bound) for bound in score.interval)),
            band=score.band,
            band_word=self._word(f"band_{score.band}") if entry.judged else "",
            status=entry.status,
            status_word=self._status(entry),
            since=self._since(entry.since) if self.compared and entry.status != "new" else "",
            alerts=tuple((alert.text, self._who(alert)) for alert in score.alerts),
            raising=self._lines(score, score.raising)[:most] if entry.judged else (),
            lowering=self._lines(score, lowering, noted=False)[:LOWERING_SHOWN] if entry.judged else (),
            missing=shorten(self._own(told_missing(score)), MISSING_SHOWN, self.language),
            warnings=self._own(score.warnings),
            help=tuple(item.text for item in score.suggested_help[:HELP_SHOWN]),
        )

    def _word(self, name: str, **fields: object) -> str:
        return WORDS[name].fill(self.language, **fields)

    def _who(self, alert: Alert) -> str:
        return self._word("acts", who=self._word(alert.route))

    def _since(self, since: dt.date) -> str:
        return self._word("since", since=day(since, self.language))

    def _own(self, sentences: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sentence for sentence in sentences if sentence not in self.common)

    def _status(self, entry: WatchEntry) -> str:
        if not self.compared:
            return ""
        word = self._word(f"status_{entry.status}")
        if entry.risk_before is None or not entry.judged:
            return word
        before, now = percent(entry.risk_before), percent(entry.score.risk)
        return word if before == now else word + self._word("from_to", before=before, now=now)

    def _lines(self, score: PupilScore, reasons: Sequence[Reason], *, noted: bool = True) -> tuple[Line, ...]:
        everything = told(score.raising, self.language) + told(score.lowering, self.language)
        largest = max((abs(item.points) for item in everything), default=0.0)
        return tuple(
            Line(
                item.text,
                self._note(item.reason) if item.reason and noted else "",
                self._bar(item.points, largest),
            )
            for item in told(reasons, self.language)
        )

    def _note(self, reason: Reason) -> str:
        notes = [comparison(reason, self.language), self._age(reason)]
        return ("；" if self.language == "zh" else "; ").join(note for note in notes if note)

    def _age(self, reason: Reason) -> str:
        days = reason.data_age_days
        if days is None or reason.missing:
            return ""
        if days == 1:
            return self._word("age_of_one_day")
        for unit, length in (("years", 365), ("months", 30)):
            if days >= 2 * length:
                return self._word(f"age_in_{unit}", number=round(days / length))
        return self._word("age_in_days", number=days)

    def _bar(self, points: float, largest: float) -> Bar | None:
        if not largest or not points:  # what is confidential has a sentence and no number
            return None
        width = max(round(_HALF * abs(points) / largest, 1), 1.0)
        raises = points > 0
        size = f"{100 * abs(points):.0f}" if abs(points) >= HALF_A_POINT else "<1"
        text = self._word("raises" if raises else "lowers", points=size)
        return Bar(_HALF if raises else _HALF - width, width, "raising" if raises else "lowering", text)


def _favourable(reason: Reason) -> bool:
    """Say whether a lowering reason is worth a line: what is not known speaks for nobody."""
    return reason.domain != CONFIDENTIAL and not reason.missing and -reason.points >= HALF_A_POINT
