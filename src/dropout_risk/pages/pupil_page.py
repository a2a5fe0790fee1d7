"""A pupil's page: every number written out and every picture laid out, nothing left for the template."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.duty import duty_text
from dropout_risk.alerts.facts import fact_lines
from dropout_risk.alerts.help import Help, HelpTable, shipped_help
from dropout_risk.catalogue.feature import CONFIDENTIAL, DOMAINS
from dropout_risk.histories.snapshot import Snapshot
from dropout_risk.pages.changes import Changes
from dropout_risk.pages.links import LIST_ONLY, Links
from dropout_risk.pages.on_record import (
    contact_lines,
    risk_within_text,
)
from dropout_risk.pages.pupil_charts import AttendanceStrip, MarksChart, Waterfall, WaterfallPart
from dropout_risk.pages.rendering import note_on_reason
from dropout_risk.pages.words import WORDS
from dropout_risk.records.directory import Directory
from dropout_risk.scoring.readers.roles import Role
from dropout_risk.scoring.remarks.graduation import days_to_graduation, graduation_note
from dropout_risk.scoring.score_rows import is_crisis
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.settings import BAND_WORDS, LOWEST_BAND, UNKNOWN_BAND, OutcomeSettings
from dropout_risk.text import CLAUSES, Language, date_in_words, percent_text
from dropout_risk.watchlist.group import WatchEntry
from dropout_risk.watchlist.wording import ListedReason, listed_reasons, shorten_list

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
    name: str
    page: str
    class_id: str
    judged: bool
    crisis: bool
    risk: str
    interval: str
    band: str
    band_word: str
    status: str
    status_word: str
    since: str
    alerts: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    raising: tuple[ReasonLine, ...]
    lowering: tuple[ReasonLine, ...]
    missing: str
    warnings: tuple[str, ...]
    help: tuple[str, ...]


@dataclass(frozen=True)
class CardWriter:
    """Writes cards in one language, that of the sentences in the scores.

    ``compared`` says whether there was an earlier list; the page tells sentences that are ``common`` once.
    Names come from the ``directory``, which holds what the reader may see. ``last_week``: whether the earlier
    list is about a week old; ``remembers``: whether anything is known of what was told before.
    """

    language: Language
    compared: bool
    common: Collection[str] = ()
    links: Links = LIST_ONLY
    directory: Directory = field(default_factory=Directory.empty)
    last_week: bool = False
    remembers: bool = True

    def write(self, entry: WatchEntry) -> PupilCard:
        """Write one pupil's card."""
        score = entry.score
        lowering = tuple(item for item in listed_reasons(score, raise_risk=False) if _is_worth_a_line(item))
        crisis = is_crisis(score)
        told = entry.judged and not crisis
        most = RAISING_SHOWN if score.band != LOWEST_BAND else RAISING_SHOWN // 2
        return PupilCard(
            student_id=str(score.student_id),
            name=self.directory.name_of(score.student_id),
            page=self.links.pupil(score.student_id),
            class_id=score.class_id or "",
            judged=entry.judged,
            crisis=crisis,
            risk=percent_text(score.risk),
            interval=interval_text(score),
            band="" if crisis else score.band,
            band_word=BAND_WORDS[score.band].to(self.language) if told else "",
            status=entry.status,
            status_word=self.status(entry),
            since=self.since(entry),
            alerts=self.alerts(score),
            facts=fact_lines(score.facts, self.language, exams=1),
            raising=self._lines(score, listed_reasons(score))[:most] if told else (),
            lowering=self._lines(score, lowering, raise_risk=False)[:LOWERING_SHOWN] if told else (),
            missing=shorten_list(self._own(score.missing), MISSING_SHOWN, self.language),
            warnings=self._own(score.notes),
            help=tuple(item.text for item in score.suggested_help[:HELP_SHOWN]),
        )

    def word(self, name: str, **fields: object) -> str:
        """Give some wording of the pages in the language of the cards."""
        return WORDS[name].fill(self.language, **fields)

    def alerts(self, score: PupilScore) -> tuple[tuple[str, str], ...]:
        """Give each alert, and who acts on it and to whom it is reported."""
        return self.told_alerts(score.alerts)

    def told_alerts(self, alerts: Iterable[Alert]) -> tuple[tuple[str, str], ...]:
        """Give some alerts, each with who acts on it and to whom it is reported."""
        return tuple((self._alert_text(alert), duty_text(alert, self.language)) for alert in alerts)

    def _alert_text(self, alert: Alert) -> str:
        """Give the alert's words; of one that is open for longer, say where nobody knows if it was told."""
        is_news = self.remembers or not (alert.key and alert.days)
        return alert.text + ("" if is_news else self.word("nobody_remembers"))

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
        when = self.word("last_week" if self.last_week else "last_time")
        word = self.word(f"status_{entry.status}", when=when)
        if entry.risk_before is None or not entry.judged or entry.status == "same":
            return word  # "about as last time" and two numbers beside it would contradict each other
        before, now = percent_text(entry.risk_before), percent_text(entry.score.risk)
        return word if before == now else word + self.word("from_to", before=before, now=now)

    def _lines(
        self, score: PupilScore, listed: Sequence[ListedReason], *, raise_risk: bool = True
    ) -> tuple[ReasonLine, ...]:
        everything = (*listed_reasons(score), *listed_reasons(score, raise_risk=False))
        largest = max((abs(item.points) for item in everything), default=0.0)
        return tuple(
            ReasonLine(
                item.text,
                note_on_reason(item.reason, self.language) if item.reason and raise_risk else "",
                self._bar(item.points, largest),
            )
            for item in listed
        )

    def _bar(self, points: float, largest: float) -> ReasonBar | None:
        if not largest or not points:  # what is told in words alone has no number
            return None
        width = max(round(_HALF * abs(points) / largest, 1), 1.0)
        raises = points > 0
        size = f"{100 * abs(points):.0f}" if abs(points) >= HALF_A_POINT else "<1"
        text = self.word("raises" if raises else "lowers", points=size)
        return ReasonBar(_HALF if raises else _HALF - width, width, "raising" if raises else "lowering", text)


def interval_text(score: PupilScore) -> str:
    """Write an interval in percent."""
    return " – ".join(dict.fromkeys(percent_text(bound) for bound in score.interval))


def _is_worth_a_line(item: ListedReason) -> bool:
    """Say whether a lowering reason is worth a line: what is not known speaks for nobody."""
    known = item.reason is not None and not item.reason.missing
    return known and (not item.points or -item.points >= HALF_A_POINT)


@dataclass(frozen=True)
class HelpLine:
    """One kind of help, and what it is suggested for."""

    text: str
    because: str


@dataclass(frozen=True)
class PupilPage:
    """One pupil as its page shows it; words are empty where nothing is known.

    ``alerts`` are those of today, ``followed`` those that earlier lists have told; ``crisis`` says whether a
    critical answer is among them. ``facts`` are what is on record, told before the risk.

    ``judged`` says whether enough is known for the risk to mean something; without it, and where no number of
    a domain is for the reader, there is no waterfall of ``domains`` or ``reasons``; ``told`` are reasons in
    words alone, by what they do. Each alert comes with who acts on it. ``attendance`` and ``marks`` are None
    where the role may not see them; ``would_change`` is empty where nobody asked the model; ``notes`` say for
    whom the page is, and what is hidden from that role.
    """

    student_id: str
    name: str
    contacts: tuple[tuple[str, str], ...]
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
    within: str
    graduates: str
    crisis: bool
    alerts: tuple[tuple[str, str], ...]
    followed: tuple[tuple[str, str], ...]
    facts: tuple[str, ...]
    domains: Waterfall | None
    reasons: Waterfall | None
    attendance: AttendanceStrip | None
    marks: MarksChart | None
    told: tuple[tuple[str, tuple[str, ...]], ...]
    since_heading: str
    since_last: tuple[str, ...]
    would_change: tuple[str, ...]
    missing: tuple[str, ...]
    warnings: tuple[str, ...]
    help: tuple[HelpLine, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PupilPageWriter:
    """Writes pupils' pages for one role; ``cards`` words alerts and changes in the way of the list.

    ``told`` are the keys of the pupil's alerts that earlier lists have told, ``within`` the days of
    ``risk_within``; ``table`` is the table of help; ``labels`` name the features that a row may merge.
    """

    role: Role
    cards: CardWriter
    told: Collection[str] = ()
    within: tuple[int, ...] = ()
    outcome: OutcomeSettings = field(default_factory=OutcomeSettings)
    table: HelpTable | None = None
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
        drawn = judged and any(name in DOMAINS for name in score.domains)
        crisis, ranked = is_crisis(score), judged and score.told_rank
        level = float(snapshot.student_column("grade_level")[0])
        reaches = days_to_graduation(level, snapshot.as_of, self.outcome)
        graduates = graduation_note(level, snapshot.as_of, self.outcome, language) if judged else ""
        return PupilPage(
            student_id=str(score.student_id),
            name=self.cards.directory.name_of(score.student_id),
            contacts=contact_lines(self.cards.directory, score, language),
            school=score.school_id or word("no_school"),
            class_id=score.class_id or "",
            teacher=score.responsible_id or word("no_teacher"),
            school_page=self.cards.links.school(score.school_id),
            judged=judged,
            risk=percent_text(score.risk),
            interval=interval_text(score),
            band="" if crisis else score.band,
            band_word="" if crisis else BAND_WORDS[score.band].to(language),
            rank=word("rank", rank=score.told_rank) if ranked else "",
            within=risk_within_text(score, self.within, reaches, language) if judged else "",
            graduates=graduates,
            crisis=crisis,
            alerts=self.cards.told_alerts(item for item in score.alerts if item.is_of_today(self.told)),
            followed=self.cards.told_alerts(item for item in score.alerts if not item.is_of_today(self.told)),
            facts=fact_lines(score.facts, language),
            domains=Waterfall.of(score, self._domains(score), language) if drawn else None,
            reasons=Waterfall.of(score, self._reasons(score), language) if drawn else None,
            attendance=AttendanceStrip.of(snapshot, language) if "attendance" in sees else None,
            marks=MarksChart.of(snapshot, language) if "grades" in sees else None,
            since_heading=word("since_last_time" if self.cards.compared else "since_a_week"),
            since_last=(*self._standing(entry), *(changes.changed if _tells_of_change(entry) else ())),
            would_change=changes.would_change if judged else (),
            missing=score.missing,
            warnings=tuple(note for note in score.notes if note != graduates),
            told=self._told(score) if judged else (),
            help=tuple(HelpLine(item.text, self._because(item, score)) for item in score.suggested_help),
            notes=self._notes(),
        )

    def _domains(self, score: PupilScore) -> list[WaterfallPart]:
        """Give the sum of each domain, the strongest push first, and what no open domain tells.

        Beside a critical answer no bar says that tests lower the risk: it is in the rest.
        """
        sizes = {name: score.domains[name] for name in DOMAINS if name in score.domains}
        if is_crisis(score) and sizes.get(CONFIDENTIAL, 0.0) < 0:
            del sizes[CONFIDENTIAL]
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

    def _told(self, score: PupilScore) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Give the reasons whose numbers are not for the reader: those that raise, then those that lower."""
        sides = (
            (self.cards.word(name), tuple(item.text for item in score.told if item.raises is raises))
            for name, raises in (("raises_in_words", True), ("lowers_in_words", False))
        )
        return tuple((head, said) for head, said in sides if said)

    def _standing(self, entry: WatchEntry | None) -> tuple[str, ...]:
        if entry is None:
            return ()
        return tuple(said for said in (self.cards.status(entry), self.cards.since(entry)) if said)

    def _because(self, given: Help, score: PupilScore) -> str:
        """Give what is on record behind a suggestion: the line's own words, and the facts."""
        sentences = {alert.rule: self.cards.word("todays_alert") for alert in score.alerts}
        latest = sorted(score.facts, key=lambda fact: str(fact.since or ""))
        facts = {fact.name: fact.text for fact in latest}  # of several, the latest
        told = dict.fromkeys(sentences[name] for name in given.because if name in sentences)
        if facts.keys() & {*given.because}:
            table = shipped_help() if self.table is None else self.table
            told |= dict.fromkeys(
                line.because.text.to(self.cards.language) for line in table if line.kind == given.kind
            )
        told |= dict.fromkeys(facts[name] for name in given.because if name in facts)
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
