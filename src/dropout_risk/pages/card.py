"""One pupil as the page shows it: every number written out, nothing left for the template to work out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.explanation.reasons import Reason
from dropout_risk.pages.links import LIST_ONLY, Links
from dropout_risk.pages.notes import note
from dropout_risk.pages.words import WORDS, day
from dropout_risk.scoring.confidential import CONFIDENTIAL
from dropout_risk.scoring.roles import CLASS_TEACHER
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.text import Language
from dropout_risk.watchlist.entry import WatchEntry
from dropout_risk.watchlist.group import LOWEST_BAND
from dropout_risk.watchlist.told import Told, percent, shorten, told, told_missing

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
    page: str
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
    links : Links
        Where each pupil's own page lies.
    """

    language: Language
    compared: bool
    common: Collection[str] = ()
    links: Links = LIST_ONLY

    def write(self, entry: WatchEntry) -> Card:
        """Write one pupil's card."""
        score = entry.score
        lowering = [item for item in score.lowering if _favourable(item)]
        most = RAISING_SHOWN if score.band != LOWEST_BAND else RAISING_SHOWN // 2
        return Card(
            student_id=str(score.student_id),
            page=self.links.pupil(score.student_id),
            class_id=score.class_id or "",
            judged=entry.judged,
            risk=percent(score.risk),
            interval=interval(score),
            band=score.band,
            band_word=self._word(f"band_{score.band}") if entry.judged else "",
            status=entry.status,
            status_word=self.status(entry),
            since=self.since(entry),
            alerts=self.alerts(score),
            raising=self._lines(score, score.raising)[:most] if entry.judged else (),
            lowering=self._lines(score, lowering, noted=False)[:LOWERING_SHOWN] if entry.judged else (),
            missing=shorten(self._own(told_missing(score)), MISSING_SHOWN, self.language),
            warnings=self._own(score.warnings),
            help=tuple(item.text for item in score.suggested_help[:HELP_SHOWN]),
        )

    def _word(self, name: str, **fields: object) -> str:
        return WORDS[name].fill(self.language, **fields)

    def alerts(self, score: PupilScore) -> tuple[tuple[str, str], ...]:
        """Give each alert and who acts on it."""
        return tuple((alert.text, self._word("acts", who=self._word(alert.route))) for alert in score.alerts)

    def since(self, entry: WatchEntry) -> str:
        """Say since when a pupil has been listed."""
        known = self.compared and entry.status != "new"
        return self._word("since", since=day(entry.since, self.language)) if known else ""

    def _own(self, sentences: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sentence for sentence in sentences if sentence not in self.common)

    def status(self, entry: WatchEntry) -> str:
        """Say how a pupil stands against the last list."""
        if not self.compared:
            return ""
        word = self._word(f"status_{entry.status}")
        if entry.risk_before is None or not entry.judged:
            return word
        before, now = percent(entry.risk_before), percent(entry.score.risk)
        return word if before == now else word + self._word("from_to", before=before, now=now)

    def _lines(self, score: PupilScore, reasons: Sequence[Reason], *, noted: bool = True) -> tuple[Line, ...]:
        everything = told(score.raising, self.language) + told(score.lowering, self.language)
        folded = _folded(score)
        largest = max((abs(item.points) for item in everything if _is_open(item, folded)), default=0.0)
        return tuple(
            Line(
                item.text,
                note(item.reason, self.language) if item.reason and noted else "",
                self._bar(item.points, largest) if _is_open(item, folded) else None,
            )
            for item in told(reasons, self.language)
        )

    def _bar(self, points: float, largest: float) -> Bar | None:
        if not largest or not points:  # what is confidential has a sentence and no number
            return None
        width = max(round(_HALF * abs(points) / largest, 1), 1.0)
        raises = points > 0
        size = f"{100 * abs(points):.0f}" if abs(points) >= HALF_A_POINT else "<1"
        text = self._word("raises" if raises else "lowers", points=size)
        return Bar(_HALF if raises else _HALF - width, width, "raising" if raises else "lowering", text)


def interval(score: PupilScore) -> str:
    """Write an interval in percent."""
    return " – ".join(dict.fromkeys(percent(bound) for bound in score.interval))


def _folded(score: PupilScore) -> tuple[str, ...]:
    """Name the domains of which a list tells words and no number; of a redacted score, none is left."""
    return () if score.domains.keys() != DOMAINS.keys() else CLASS_TEACHER.folds(score.domains)


def _is_open(item: Told, folded: tuple[str, ...]) -> bool:
    return item.reason is not None and item.reason.domain not in folded


def _favourable(reason: Reason) -> bool:
    """Say whether a lowering reason is worth a line: what is not known speaks for nobody."""
    return reason.domain != CONFIDENTIAL and not reason.missing and -reason.points >= HALF_A_POINT
