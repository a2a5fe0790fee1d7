"""A reader: one role, reading the scores of one model. Replies and rows of files are redacted by it alike.

**The rule.** Fold at least two domains or none. Every number that is left is made from the score as a whole
(risk, log-odds, base) and from domains whose numbers the role sees completely. So of the folded domains
nothing but their sum can be had from one score, by whatever combination of numbers. Where a role lacks one
domain or two, one that it may read is folded with them: it keeps the words and loses the numbers. What is
not known to be open is hidden.

**What it cannot do.** The risk is told. Who has two scores of one pupil has the change of the sum, and where
only one of the folded domains changed between them, that is its change: over a week, when no new marks came,
nearly always.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.catalogue.alert_kinds import ALERT_KINDS, kind_of_rule
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.catalogue.feature import CAUSES, CONFIDENTIAL, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.explanation.reason import Reason
from dropout_risk.explanation.reason_days import dated_text
from dropout_risk.explanation.sentences import describe_value
from dropout_risk.features.missing import STATES
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.readers.roles import Role, Telling
from dropout_risk.scoring.remarks.abstention import advice_on
from dropout_risk.scoring.remarks.refused_notes import NOT_JUDGED, warnings_of_domains
from dropout_risk.scoring.remarks.unlike_groups import UNJUDGED_PUPIL, UNLIKE_PUPIL
from dropout_risk.scoring.score_writer import (
    EVERYBODYS_WARNINGS,
    NEVER_MISSING,
    NOTHING_RECORDED,
    UNLEARNED,
    WARNINGS_OF_ATTENDANCE,
)
from dropout_risk.scoring.scores import PUPIL_ERRORS, RowError, ToldReason
from dropout_risk.text import CLAUSES, LANGUAGES, Language, Text

ALSO_RAISES = Text(
    zh="另外使风险升高（不显示分量）：{said}", en="Also raises the risk (no number is shown): {said}"
)
ALSO_LOWERS = Text(
    zh="另外使风险降低（不显示分量）：{said}", en="Also lowers the risk (no number is shown): {said}"
)


@dataclass(frozen=True)
class Folded:
    """What of a score is folded into ``other``.

    Domains, as :meth:`Role.folds` gives them; ``features`` of other domains that tell a fact together with
    one of these; and ``causes`` that a folded domain speaks for.
    """

    domains: tuple[str, ...]
    features: frozenset[str]
    causes: frozenset[str]

    @classmethod
    def of(cls, domains: tuple[str, ...], catalogue: FeatureCatalogue | None) -> Folded:
        """Fold some domains; without a catalogue nobody knows of causes: all are folded."""
        if catalogue is None:
            return cls(domains, frozenset(), frozenset(CAUSES))
        away = [feature for feature in catalogue.values() if feature.domain in domains]
        facts = {fact for feature in away for fact in _facts_of(feature)}
        told_with = {item.name for item in catalogue.values() if facts & _facts_of(item)}
        mixed = told_with.difference(feature.name for feature in away)
        return cls(domains, frozenset(mixed), frozenset(feature.cause for feature in away))

    def holds(self, domain: str, feature: str) -> bool:
        """Say whether the number of a feature is folded."""
        return domain in self.domains or feature in self.features


def _facts_of(feature: Feature) -> set[tuple[str, str]]:
    return {("family", feature.family), ("missing", feature.missing_sentence.en)}


@dataclass(frozen=True, eq=False)
class Reader:
    """One role, reading one model's scores in one language.

    Without a catalogue, of what is missing only sentences of the default catalogue are open.
    """

    role: Role
    catalogue: FeatureCatalogue | None
    language: Language

    def __post_init__(self) -> None:
        """Refuse an unknown language before any work."""
        self.role.label.to(self.language)

    @cached_property
    def features(self) -> FeatureCatalogue:
        """The features whose names and sentences are known."""
        return default_catalogue() if self.catalogue is None else self.catalogue

    def folded(self, domains: Mapping[str, float]) -> Folded:
        """Say what is folded of a score, from what each domain adds to it."""
        names = self.role.folds(domains)
        if names not in self._folded:
            self._folded[names] = Folded.of(names, self.catalogue)
        return self._folded[names]

    @cached_property
    def _folded(self) -> dict[tuple[str, ...], Folded]:
        return {}

    def tells(self, domain: str, feature: str, folded: Folded) -> Telling:
        """Say how much is told of a feature of a score."""
        return self.role.tells(domain, folded=folded.holds(domain, feature))

    def told(self, sides: Iterable[Sequence[Reason]]) -> tuple[ToldReason, ...]:
        """Word, without numbers, folded reasons and their days: those that raise, then those that lower.

        Of what may only be heard of, the place among the others would tell too much: it comes last.
        """
        found: dict[tuple[bool, str], ToldReason] = {}
        for raises, reasons in zip((True, False), sides, strict=True):
            tells = [(self.role.tells(item.domain, folded=True, raises=raises), item) for item in reasons]
            for telling, item in sorted(tells, key=lambda pair: pair[0] < Telling.WORDS):
                said = dated_text(item, self.language)
                text = telling.word(said, item.domain, self.language)
                worded = telling >= Telling.WORDS
                bare = replace(item, text=said, contribution=0.0, points=0.0) if worded else None
                if text:
                    found.setdefault((raises, text), ToldReason(text, raises, bare))
        return tuple(found.values())

    def besides(self, told: Sequence[ToldReason]) -> tuple[str, ...]:
        """Say in a sentence for each side what is told in words alone."""
        sides = (
            (text, [item.text for item in told if item.raises is raises])
            for raises, text in ((True, ALSO_RAISES), (False, ALSO_LOWERS))
        )
        return tuple(
            text.fill(self.language, said=CLAUSES.join(self.language, said)) for text, said in sides if said
        )

    @cached_property
    def gaps(self) -> frozenset[str]:
        """Every sentence of what is missing that the role may read, in both languages."""
        hidden = frozenset(_gaps_of(self.features, self.role.hidden))
        return frozenset(_gaps_of(self.features, DOMAINS)) - hidden

    def open_gaps(self, gaps: Sequence[str], sensitive: Collection[str]) -> tuple[str, ...]:
        """Keep of what is missing what is open, of a score that names the ``sensitive`` sentences."""
        marked = self.catalogue is None and set(self.role.hidden) <= {CONFIDENTIAL}
        return tuple(text for text in gaps if text in self.gaps or (marked and text not in sensitive))

    def open_warnings(self, warnings: Sequence[str]) -> tuple[str, ...]:
        """Keep what holds for everybody, and of each domain what tells of it for those who see it."""
        patterns = (*_warning_patterns(self.role.sees), *self._advice)
        return tuple(text for text in warnings if any(pattern.fullmatch(text) for pattern in patterns))

    @cached_property
    def _advice(self) -> tuple[re.Pattern[str], ...]:
        """What it is told to fetch; what is missing of a hidden domain is not for it to ask for."""
        texts = advice_on(self.features, self.role.sees)
        return tuple(text.pattern(language) for text in texts for language in LANGUAGES)

    def hears_alert(self, rule: str) -> bool:
        """Say whether the role is told of an alert: it works with the pupils and sees all the rule reads.

        Of a rule that nobody has declared, only who sees everything is told.
        """
        read = ALERT_KINDS.get(kind_of_rule(rule), tuple(DOMAINS))
        return self.role.staff and all(self.role.tells(domain) >= Telling.WORDS for domain in read)

    def reads_fact(self, name: str) -> bool:
        """Say whether the role reads facts of a kind: it sees their domain, and some are for staff."""
        kind = FACT_KINDS.get(name)
        return kind is not None and kind.domain in self.role.sees and (self.role.staff or not kind.staff)

    def open_help(self, given: Sequence[Help], alerts: Sequence[Alert]) -> tuple[Help, ...]:
        """Keep of each suggestion what the role may know it is for; with nothing left it would give it away.

        ``alerts`` are those that the role is told of.
        """
        heard = {alert.rule for alert in alerts}
        told = [
            tuple(name for name in item.because if name in heard or self.reads_fact(name)) for item in given
        ]
        return tuple(
            Help(item.kind, because, item.text) for item, because in zip(given, told, strict=True) if because
        )

    def sees_field(self, field: str) -> bool:
        """Say whether the field that an error names is open; a row of a table that nobody knows is not."""
        name, is_row, _ = field.removeprefix("features.").partition("[")
        if name in self.features:
            return self.features[name].domain not in self.role.hidden
        name, pupils = name.split(".")[0], TABLES["students"]
        if is_row or name in TABLES:
            return not self.role.hidden or (name in TABLES and TABLES[name].domain in self.role.sees)
        return name not in pupils or pupils[name].domain not in self.role.hidden

    def open_errors(
        self, errors: Iterable[RowError], scored: Collection[object]
    ) -> list[tuple[RowError, bool]]:
        """Pair errors with whether each is open; a hidden one about a pupil with a score is left out.

        Why a pupil as a whole has no score tells of no domain.
        """
        pairs = [(error, error.code in PUPIL_ERRORS or self.sees_field(error.field)) for error in errors]
        return [(error, is_open) for error, is_open in pairs if is_open or error.student_id not in scored]


def _gaps_of(catalogue: FeatureCatalogue, domains: Collection[str]) -> Iterator[str]:
    """Give every sentence of what may be missing in some domains, in both languages."""
    for language in LANGUAGES:
        for domain, label in DOMAINS.items():
            if domain in domains:
                yield NOTHING_RECORDED.fill(language, domain=label.to(language))
        for feature in catalogue.values():
            if feature.domain in domains:
                for state in range(1, len(STATES)):
                    said = describe_value(feature, float("nan"), state, language)
                    yield from (said, NEVER_MISSING.fill(language, text=said))


@lru_cache(maxsize=16)
def _warning_patterns(sees: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    unlearned = [UNLEARNED.filled(domain=DOMAINS[domain]) for domain in DOMAINS if domain in sees]
    unlike = [
        UNLIKE_PUPIL.filled(domain=DOMAINS[domain], what="{what}") for domain in DOMAINS if domain in sees
    ]
    texts = (
        *EVERYBODYS_WARNINGS,
        UNJUDGED_PUPIL,
        *unlearned,
        *unlike,
        NOT_JUDGED,
        *warnings_of_domains(sees),
    )
    texts = (*texts, *(WARNINGS_OF_ATTENDANCE if "attendance" in sees else ()))
    return tuple(text.pattern(language) for text in texts for language in LANGUAGES)
