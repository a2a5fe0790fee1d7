"""A pupil's page: every number written out and every picture laid out, nothing left for the template."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from dropout_risk.catalogue.feature import DOMAINS
from dropout_risk.explanation.reason import Reason
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.changes import Changes
from dropout_risk.pages.pupil_charts import AttendanceStrip, MarksChart, Waterfall, WaterfallPart
from dropout_risk.pages.rendering import LIST_ONLY, Links, note_on_reason
from dropout_risk.pages.words import WORDS
from dropout_risk.scoring.roles import CLASS_TEACHER, CONFIDENTIAL, Role, Telling
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.settings import BAND_WORDS, LOWEST_BAND, UNKNOWN_BAND
from dropout_risk.text import CLAUSES, Language, date_in_words, percent_text
from dropout_risk.watchlist.group import WatchEntry
from dropout_risk.watchlist.wording import (
    ListedReason,
    listed_missing,
    listed_reasons,
    listed_warnings,
    shorten_list,
)

RAISING_SHOWN, LOWERING_SHOWN, MISSING_SHOWN, HELP_SHOWN = 4, 2, 2, 3
HALF_A_POINT = 0.005
_HALF = 50.0


@dataclass(frozen=True)
class ReasonBar:
    """A bar from the middle of a field 100 wide: to the right raising, to the left lowering."""

    x: float
    width: float
    side: str
    told: str


@dataclass(frozen=True)
class ReasonLine:
    """One reason: its sentence, what to hold it against, and its bar."""

    text: str
    note: str
    bar: ReasonBar | None


@dataclass(frozen=True)
class PupilCard:
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
    raising: tuple[ReasonLine, ...]
    lowering: tuple[ReasonLine, ...]
    missing: str
    warnings: tuple[str, ...]
    help: tuple[str, ...]


@dataclass(frozen=True)
class CardWriter:
    """Writes cards in one language, that of the sentences in the scores.

    ``compared`` says whether there was an earlier list; the page tells sentences that are ``common`` once.
    """

    language: Language
    compared: bool
    common: Collection[str] = ()
    links: Links = LIST_ONLY

    def write(self, entry: WatchEntry) -> PupilCard:
        """Write one pupil's card."""
        score = entry.score
        lowering = [reason for reason in score.lowering if _is_worth_a_line(reason)]
        most = RAISING_SHOWN if score.band != LOWEST_BAND else RAISING_SHOWN // 2
        return PupilCard(
            student_id=str(score.student_id),
            page=self.links.pupil(score.student_id),
            class_id=score.class_id or "",
            judged=entry.judged,
            risk=percent_text(score.risk),
            interval=interval_text(score),
            band=score.band,
            band_word=BAND_WORDS[score.band].to(self.language) if entry.judged else "",
            status=entry.status,
            status_word=self.status(entry),
            since=self.since(entry),
            alerts=self.alerts(score),
            raising=self._lines(score, score.raising)[:most] if entry.judged else (),
            lowering=self._lines(score, lowering, raise_risk=False)[:LOWERING_SHOWN] if entry.judged else (),
            missing=shorten_list(self._own(listed_missing(score)), MISSING_SHOWN, self.language),
            warnings=self._own(listed_warnings(score)),
            help=tuple(item.text for item in score.suggested_help[:HELP_SHOWN]),
        )

    def word(self, name: str, **fields: object) -> str:
        """Give some wording of the pages in the language of the cards."""
        return WORDS[name].fill(self.language, **fields)

    def alerts(self, score: PupilScore) -> tuple[tuple[str, str], ...]:
        """Give each alert and who acts on it."""
        return tuple((alert.text, self.word("acts", who=self.word(alert.route))) for alert in score.alerts)

    def since(self, entry: WatchEntry) -> str:
        """Say since when a pupil has been listed."""
        if not self.compared or entry.status == "new":
            return ""
        return self.word("since", since=date_in_words(entry.since, self.language))

    def _own(self, sentences: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sentence for sentence in sentences if sentence not in self.common)

    def status(self, entry: WatchEntry) -> str:
        """Say how a pupil stands against the last list."""
        if not self.compared:
            return ""
        word = self.word(f"status_{entry.status}")
        if entry.risk_before is None or not entry.judged or entry.status == "same":
            return word  # "about as last time" and two numbers beside it would contradict each other
        before, now = percent_text(entry.risk_before), percent_text(entry.score.risk)
        return word if before == now else word + self.word("from_to", before=before, now=now)

    def _lines(
        self, score: PupilScore, reasons: Sequence[Reason], *, raise_risk: bool = True
    ) -> tuple[ReasonLine, ...]:
        everything = listed_reasons(score.raising, self.language)
        everything += listed_reasons(score.lowering, self.language, raise_risk=False)
        folded = _folded_domains(score)
        largest = max((abs(item.points) for item in everything if _has_bar(item, folded)), default=0.0)
        return tuple(
            ReasonLine(
                item.text,
                note_on_reason(item.reason, self.language) if item.reason and raise_risk else "",
                self._bar(item.points, largest) if _has_bar(item, folded) else None,
            )
            for item in listed_reasons(reasons, self.language, raise_risk=raise_risk)
        )

    def _bar(self, points: float, largest: float) -> ReasonBar | None:
        if not largest or not points:  # what is confidential has a sentence and no number
            return None
        width = max(round(_HALF * abs(points) / largest, 1), 1.0)
        raises = points > 0
        size = f"{100 * abs(points):.0f}" if abs(points) >= HALF_A_POINT else "<1"
        text = self.word("raises" if raises else "lowers", points=size)
        return ReasonBar(_HALF if raises else _HALF - width, width, "raising" if raises else "lowering", text)


def interval_text(score: PupilScore) -> str:
    """Write an interval in percent."""
    return " – ".join(dict.fromkeys(percent_text(bound) for bound in score.interval))


def _folded_domains(score: PupilScore) -> tuple[str, ...]:
    """Name the domains of which a list tells words and no number; of a redacted score, none is left."""
    return () if score.domains.keys() != DOMAINS.keys() else CLASS_TEACHER.folds(score.domains)


def _has_bar(item: ListedReason, folded: Collection[str]) -> bool:
    if item.reason is None:
        return False
    domain = item.reason.domain
    return CLASS_TEACHER.tells(domain, folded=domain in folded) == Telling.NUMBER


def _is_worth_a_line(reason: Reason) -> bool:
    """Say whether a lowering reason is worth a line: what is not known speaks for nobody."""
    return not reason.missing and -reason.points >= HALF_A_POINT


@dataclass(frozen=True)
class HelpLine:
    """One kind of help, and what it is suggested for."""

    text: str
    because: str


@dataclass(frozen=True)
class PupilPage:
    """One pupil as its page shows it; words are empty where nothing is known.

    ``judged`` says whether enough is known for the risk to mean something; without it there is no waterfall
    of ``domains`` or ``reasons``. Each alert comes with who acts on it. ``attendance`` and ``marks`` are None
    where the role may not see them; ``would_change`` is empty where nobody asked the model; ``notes`` say for
    whom the page is, and what is hidden from that role.
    """

    student_id: str
    school: str
    class_id: str
    teacher: str
    school_page: str
    judged: bool
    risk: str
    interval: str
    band: str
    band_word: str
    rank: str
    alerts: tuple[tuple[str, str], ...]
    domains: Waterfall | None
    reasons: Waterfall | None
    attendance: AttendanceStrip | None
    marks: MarksChart | None
    since_last: tuple[str, ...]
    would_change: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    help: tuple[HelpLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PupilPageWriter:
    """Writes pupils' pages for one role; ``cards`` words alerts and changes in the way of the list.

    ``labels`` name the features that a row may merge.
    """

    role: Role
    cards: CardWriter
    labels: Mapping[str, str] = field(default_factory=dict)

    def write(
        self,
        score: PupilScore,
        snapshot: Snapshot,
        entry: WatchEntry | None = None,
        changes: Changes | None = None,
    ) -> PupilPage:
        """Write one pupil's page from the score as the role may read it.

        The snapshot is of this pupil's history alone, on the date of the score; the entry is there if the
        pupil is on the list.
        """
        changes = Changes() if changes is None else changes
        word, language = self.cards.word, self.cards.language
        judged, sees = score.band != UNKNOWN_BAND, self.role.sees
        return PupilPage(
            student_id=str(score.student_id),
            school=score.school_id or word("no_school"),
            class_id=score.class_id or "",
            teacher=score.responsible_id or word("no_teacher"),
            school_page=self.cards.links.school(score.school_id),
            judged=judged,
            risk=percent_text(score.risk),
            interval=interval_text(score),
            band=score.band,
            band_word=BAND_WORDS[score.band].to(language),
            rank=word("rank", rank=score.rank_in_school) if judged and score.rank_in_school else "",
            alerts=self.cards.alerts(score),
            domains=Waterfall.of(score, self._domains(score), language) if judged else None,
            reasons=Waterfall.of(score, self._reasons(score), language) if judged else None,
            attendance=AttendanceStrip.of(snapshot, language) if "attendance" in sees else None,
            marks=MarksChart.of(snapshot, language) if "grades" in sees else None,
            since_last=(*self._standing(entry), *(changes.changed if _tells_of_change(entry) else ())),
            would_change=changes.would_change if judged else (),
            missing=score.missing,
            warnings=score.warnings,
            help=tuple(
                HelpLine(item.text, self._because(item.because, score)) for item in score.suggested_help
            ),
            notes=self._notes(),
        )

    def _domains(self, score: PupilScore) -> list[WaterfallPart]:
        """Give the sum of each domain, the strongest push first, and what no open domain tells."""
        sizes = {name: score.domains[name] for name in DOMAINS if name in score.domains}
        parts = [
            WaterfallPart(_side_of_bar(size), DOMAINS[name].to(self.cards.language), "", size)
            for name, size in sizes.items()
        ]
        rest = score.log_odds - score.base_log_odds - sum(sizes.values())
        parts.sort(key=lambda part: -part.contribution)
        if len(parts) < len(DOMAINS):
            parts.append(WaterfallPart("other", self.cards.word("all_other"), "", rest))
        return parts

    def _reasons(self, score: PupilScore) -> list[WaterfallPart]:
        lines = [
            WaterfallPart(
                side,
                reason.text,
                note_on_reason(reason, self.cards.language),
                reason.contribution,
                tuple(self.labels[name] for name in reason.merges if name in self.labels),
            )
            for side, reasons in (("raising", score.raising), ("lowering", score.lowering))
            for reason in reasons
        ]
        return [*lines, WaterfallPart("other", self.cards.word("all_other"), "", score.other)]

    def _standing(self, entry: WatchEntry | None) -> tuple[str, ...]:
        if entry is None:
            return ()
        return tuple(said for said in (self.cards.status(entry), self.cards.since(entry)) if said)

    def _because(self, names: Sequence[str], score: PupilScore) -> str:
        """Give the sentences behind a suggestion."""
        sentences = {alert.rule: self.cards.word("todays_alert") for alert in score.alerts}
        sentences |= {reason.feature: reason.text for reason in score.raising}
        told = dict.fromkeys(sentences[name] for name in names if name in sentences)
        reasons = CLAUSES.join(self.cards.language, told)
        return self.cards.word("because", reasons=reasons) if reasons else ""

    def _notes(self) -> tuple[str, ...]:
        whom = self.cards.word("for_whom", who=self.role.label.to(self.cards.language))
        return (whom, self.cards.word("tests_hidden")) if CONFIDENTIAL in self.role.hidden else (whom,)


def _tells_of_change(entry: WatchEntry | None) -> bool:
    """Say whether there is a change to tell of: a pupil who stands as last time has none."""
    return entry is None or entry.status != "same"


def _side_of_bar(contribution: float) -> str:
    return "raising" if contribution > 0 else "lowering"
