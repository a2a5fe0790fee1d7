"""Which sentences, alerts, suggestions and errors a role may read: what is not known to be open is hidden."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.alerts.rules import CRITICAL_ITEM, MARKS_FALL
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.explanation.reasons import describe
from dropout_risk.features.missing import STATES
from dropout_risk.scoring.roles import Role
from dropout_risk.scoring.score_writer import EVERYBODYS_WARNINGS, NOTHING_RECORDED, WARNINGS_OF_ATTENDANCE
from dropout_risk.scoring.scores import RowError
from dropout_risk.text import LANGUAGES, Language, Text

ASK = Text(
    zh="心理测评（结果保密，请与心理教师沟通）", en="Well-being test (confidential: ask the counsellor)"
)
_PLAYS_A_PART = Text(zh="{domain}（内容不在此显示）", en="{domain} (not shown here)")
_ALSO_RAISES = Text(
    zh="另外使风险升高（不显示分量）：{said}", en="Also raises the risk (no number is shown): {said}"
)
_ALSO_LOWERS = Text(
    zh="另外使风险降低（不显示分量）：{said}", en="Also lowers the risk (no number is shown): {said}"
)
Said = tuple[str, str]
_TABLES = {
    "attendance": ("attendance", "attendance_totals"),
    "grades": ("grades",),
    "psychology": ("wellbeing",),
    "family": ("family", "boarding", "distance_km"),
}


def open_causes(catalogue: FeatureCatalogue | None, folded: Collection[str]) -> list[str]:
    """Name the causes that no folded domain speaks for; without a catalogue nobody knows: none is open."""
    if catalogue is None:
        return []
    spoken = {feature.cause for feature in catalogue.values() if feature.domain in folded}
    return [cause for cause in CAUSES if cause not in spoken]


def tainted(catalogue: FeatureCatalogue | None, folded: Collection[str]) -> frozenset[str]:
    """Name the features of open domains that tell a fact together with one of a folded domain."""
    features = tuple(catalogue.values()) if catalogue is not None else ()
    facts = {fact for item in features if item.domain in folded for fact in _facts_of(item)}
    return frozenset(item.name for item in features if item.domain not in folded and facts & _facts_of(item))


def _facts_of(feature: Feature) -> set[tuple[str, str]]:
    return {("family", feature.family), ("missing", feature.missing_sentence.en)}


def told_besides(sides: Iterable[Iterable[Said]], role: Role, language: Language) -> list[str]:
    """Word, without numbers, folded reasons that the role may read or hear of.

    Parameters
    ----------
    sides : iterable of iterable of (str, str)
        The domains and sentences of the folded reasons: those that raise the risk, then those that lower it.
    role : Role
        Who reads.
    language : {"zh", "en"}
        The language of the sentences.
    """
    told = []
    for reasons, text in zip(sides, (_ALSO_RAISES, _ALSO_LOWERS), strict=True):
        heard = role.hears_of if text is _ALSO_RAISES else ()  # that a test lowers a risk reassures nobody
        sentences = dict.fromkeys(
            sentence if domain in role.sees else heard_of(domain, language)
            for domain, sentence in reasons
            if domain in role.sees or domain in heard
        )
        if sentences:
            told.append(text.fill(language, said=("；" if language == "zh" else "; ").join(sentences)))
    return told


def heard_of(domain: str, language: Language) -> str:
    """Say that a domain plays a part, and no more."""
    if domain == "psychology":
        return ASK.to(language)
    label = next(text for name, text in DOMAINS.items() if name == domain)
    return _PLAYS_A_PART.fill(language, domain=label.to(language))


def gaps_of(catalogue: FeatureCatalogue, role: Role) -> frozenset[str]:
    """Give every sentence of what is missing that a role may read, in both languages."""
    of_domains = {domain: frozenset(_gaps(catalogue, domain)) for domain in DOMAINS}
    hidden = frozenset[str]().union(*(of_domains[name] for name in DOMAINS if name in role.hidden))
    return frozenset[str]().union(*of_domains.values()) - hidden


def _gaps(catalogue: FeatureCatalogue, domain: str) -> Iterable[str]:
    for language in LANGUAGES:
        label = next(text for name, text in DOMAINS.items() if name == domain)
        yield NOTHING_RECORDED.fill(language, domain=label.to(language))
        for feature in catalogue.values():
            if feature.domain == domain:
                yield from (
                    describe(feature, float("nan"), state, language) for state in range(1, len(STATES))
                )


def open_warnings(warnings: Sequence[str], role: Role) -> tuple[str, ...]:
    """Keep what holds for everybody, and what tells of attendance for those who see it."""
    patterns = _patterns("attendance" in role.sees)
    return tuple(text for text in warnings if any(pattern.fullmatch(text) for pattern in patterns))


@lru_cache(maxsize=2)
def _patterns(attendance: bool) -> tuple[re.Pattern[str], ...]:
    texts = (*EVERYBODYS_WARNINGS, *(WARNINGS_OF_ATTENDANCE if attendance else ()))
    return tuple(
        re.compile(re.sub(r"\\\{\w+\\\}", r"[\\w %-]+", re.escape(text.to(language))))
        for text in texts
        for language in LANGUAGES
    )


def open_alert(rule: str, role: Role) -> bool:
    """Say whether a role is told of an alert: it sees all that the rule reads, or hears of tests."""
    if not role.staff:
        return False
    if rule == CRITICAL_ITEM:
        return "psychology" in (*role.sees, *role.hears_of)
    needed = {"attendance", "grades"} if rule == MARKS_FALL else {"attendance"}
    return needed <= set(role.sees)


def open_help(
    given: Sequence[Help], domains: Mapping[str, str], alerts: Sequence[Alert], role: Role
) -> tuple[Help, ...]:
    """Keep of each suggestion what the role may know it is for; one with nothing left would give it away.

    Parameters
    ----------
    given : sequence of Help
        All suggestions.
    domains : mapping of str to str
        The domain of each feature that they may name.
    alerts : sequence of Alert
        Those that the role is told of.
    role : Role
        Who reads.
    """
    rules = {alert.rule for alert in alerts}
    kept = []
    for item in given:
        because = tuple(name for name in item.because if name in rules or domains.get(name) in role.sees)
        if because or any(domains.get(name) in role.hears_of for name in item.because):
            kept.append(Help(item.kind, because, item.text))
    return tuple(kept)


def hides(role: Role, field: str, catalogue: FeatureCatalogue) -> bool:
    """Say whether the field that an error names belongs to a hidden domain."""
    name = field.removeprefix("features.").split("[")[0]
    if name in catalogue:
        return catalogue[name].domain in role.hidden
    return any(name.split(".")[0] in _TABLES[domain] for domain in role.hidden)


def open_errors(
    errors: Iterable[RowError], role: Role, catalogue: FeatureCatalogue, scored: Collection[object]
) -> list[tuple[RowError, bool]]:
    """Pair the errors with whether each is open; a hidden one about a pupil with a score is left out."""
    pairs = [(error, not hides(role, error.field, catalogue)) for error in errors]
    return [(error, is_open) for error, is_open in pairs if is_open or error.student_id not in scored]
