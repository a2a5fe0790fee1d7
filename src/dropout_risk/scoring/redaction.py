"""Scores as a role may read them: what it may not see is folded into ``other``, and the sum still holds.

**The rule.** Fold at least two domains or none. Every number that is left is made from the score as a whole
(risk, log-odds, base) and from domains whose numbers the role sees completely. So of the folded domains
nothing but their sum can be had from one score, by whatever combination of numbers. Where a role lacks one
domain or two, one that it may read is folded with them: it keeps the words and loses the numbers.

**What it cannot do.** The risk is told. Who has two scores of one pupil has the change of the sum, and where
only one of the folded domains changed between them, that is its change: over a week, when no new marks came,
nearly always.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.alerts.rules import CRITICAL_ITEM, MARKS_FALL
from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, Feature, FeatureCatalogue
from dropout_risk.errors import SettingsError
from dropout_risk.explanation.reasons import SIDES, Reason, describe
from dropout_risk.features.missing import STATES
from dropout_risk.records.tables import TABLES
from dropout_risk.scoring.change import Change, with_text
from dropout_risk.scoring.roles import CLASS_TEACHER, ROLES, Role, role_named
from dropout_risk.scoring.score_writer import EVERYBODYS_WARNINGS, NOTHING_RECORDED, WARNINGS_OF_ATTENDANCE
from dropout_risk.scoring.scores import NOT_FOR_ROLE, PupilScore, RowError, Scores, refusal
from dropout_risk.scoring.what_if import WhatIf, with_options
from dropout_risk.text import LANGUAGES, Language, Text

# --- Which sentences, alerts, suggestions and errors a role may read: what is not open is hidden ---

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
    """Say whether the field that an error names belongs to a hidden domain; a row of no table known does."""
    name, is_row, _ = field.removeprefix("features.").partition("[")
    if name in catalogue:
        return catalogue[name].domain in role.hidden
    name, pupils = name.split(".")[0], TABLES["students"]
    if is_row or name in TABLES:
        return bool(role.hidden) and (name not in TABLES or TABLES[name].domain not in role.sees)
    return name in pupils and pupils[name].domain in role.hidden


def open_errors(
    errors: Iterable[RowError], role: Role, catalogue: FeatureCatalogue, scored: Collection[object]
) -> list[tuple[RowError, bool]]:
    """Pair the errors with whether each is open; a hidden one about a pupil with a score is left out."""
    pairs = [(error, not hides(role, error.field, catalogue)) for error in errors]
    return [(error, is_open) for error, is_open in pairs if is_open or error.student_id not in scored]


# --- Rows of scores as a role may read them: the same rule, by columns ---

CONFIDENTIAL = "psychology"
_DOMAINS = list(DOMAINS)


def without_tests(rows: pa.RecordBatch, catalogue: FeatureCatalogue, language: Language) -> pa.RecordBatch:
    """Give rows as a class teacher may read them; see :func:`redact_rows`."""
    return redact_rows(rows, CLASS_TEACHER, catalogue, language)


def redact_rows(
    rows: pa.RecordBatch, role: Role, catalogue: FeatureCatalogue, language: Language
) -> pa.RecordBatch:
    """Fold what a role may not see.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        Of :func:`dropout_risk.scoring.score_writer.score_schema`.
    role : Role
        Who reads; names stay.
    catalogue : FeatureCatalogue
        The model's.
    language : {"zh", "en"}
        The language of the sentences that are added.

    Returns
    -------
    pyarrow.RecordBatch
        Of the same columns. What is one entry ``other`` in a reply is null here in ``domains``, ``causes``
        and ``contributions``: it is the log-odds less the base and all that is there.
    """
    if not role.hidden:
        return rows
    redacted = _Redacted(rows, role, catalogue, language)
    columns = {name: rows[name] for name in rows.schema.names} | redacted.columns()
    arrays = [columns[name] for name in rows.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)


@dataclass(frozen=True, eq=False)
class _Redacted:
    """One batch on its way to a role."""

    rows: pa.RecordBatch
    role: Role
    catalogue: FeatureCatalogue
    language: Language

    def columns(self) -> dict[str, pa.Array]:
        """Give the columns that change."""
        features = list(self.catalogue.values())
        places = np.array([_DOMAINS.index(item.domain) for item in features], dtype=np.int64)
        away = self._away[:, places] | self._mixed
        found: dict[str, pa.Array] = {"contributions": _nulled(self.rows["contributions"], away)}
        if not self.role.staff:
            found["rank_in_school"] = pa.nulls(self.rows.num_rows, pa.int32())
        if "raising" in self.rows.schema.names:
            found |= self._sums() | self._reasons()
            gaps = self.rows["missing"]
            known = pa.array(sorted(gaps_of(self.catalogue, self.role)), pa.string())
            found["missing"] = _kept(gaps, _bools(pc.is_in(gaps.flatten().field("text"), known)))
            found["alerts"] = _kept(
                self.rows["alerts"], self._open_rules(self.rows["alerts"].flatten().field("rule"))
            )
            found["suggested_help"] = self._help()
        return {name: column for name, column in found.items() if name in self.rows.schema.names}

    @cached_property
    def _folded(self) -> list[tuple[str, ...]]:
        """The domains that are folded in each row."""
        totals = _matrix(self.rows["domains"]) if "domains" in self.rows.schema.names else self._totals()
        return [self.role.folds(dict(zip(_DOMAINS, row, strict=True))) for row in totals.tolist()]

    def _totals(self) -> Floats:
        contributions = _matrix(self.rows["contributions"])
        totals = np.zeros((len(contributions), len(_DOMAINS)))
        for column, feature in zip(contributions.T, self.catalogue.values(), strict=True):
            totals[:, _DOMAINS.index(feature.domain)] += column
        return totals

    @cached_property
    def _away(self) -> Bools:
        """Whether each domain is folded in each row."""
        return self._by_pattern(lambda folded: [name in folded for name in _DOMAINS], len(_DOMAINS))

    @cached_property
    def _mixed(self) -> Bools:
        """Whether each feature of an open domain tells a fact together with a folded one, by row."""

        def mixed_with(folded: tuple[str, ...]) -> list[bool]:
            mixed = tainted(self.catalogue, folded)
            return [name in mixed for name in self.catalogue]

        return self._by_pattern(mixed_with, len(self.catalogue))

    def _by_pattern(self, ask: Callable[[tuple[str, ...]], list[bool]], width: int) -> Bools:
        """Ask once for each set of folded domains, and give the answers by row."""
        patterns = {folded: code for code, folded in enumerate(dict.fromkeys(self._folded))}
        answers = np.array([ask(folded) for folded in patterns], dtype=bool).reshape(-1, width)
        codes = np.fromiter((patterns[folded] for folded in self._folded), np.int64, len(self._folded))
        return np.asarray(answers[codes])

    def _sums(self) -> dict[str, pa.Array]:
        def closed(folded: tuple[str, ...]) -> list[bool]:
            is_open = open_causes(self.catalogue, folded)
            return [name not in is_open for name in CAUSES]

        return {
            "domains": _nulled(self.rows["domains"], self._away),
            "causes": _nulled(self.rows["causes"], self._by_pattern(closed, len(CAUSES))),
        }

    def _reasons(self) -> dict[str, pa.Array]:
        """Take folded reasons out and add them to ``other``; tell of them, without numbers, what is open."""
        found: dict[str, pa.Array] = {}
        names = [
            name for name in ("contribution", "points") if name in self.rows["raising"].type.value_type.names
        ]
        rest = {name: np.zeros(self.rows.num_rows) for name in names}
        said: dict[int, tuple[list[Said], list[Said]]] = {}
        for side, column in enumerate(self.rows[name] for name in SIDES):
            reasons, of_list = column.flatten(), _lists(column)
            away = self._is_folded(reasons, of_list)
            found[SIDES[side]] = _kept(column, ~away)
            for name in names:
                sizes = reasons.field(name).to_numpy(zero_copy_only=False)[away]
                rest[name] += np.bincount(of_list[away], weights=sizes, minlength=self.rows.num_rows)
            told = (reasons.field(name).filter(pa.array(away)).to_pylist() for name in ("domain", "text"))
            for row, domain, text in zip(of_list[away].tolist(), *told, strict=True):
                said.setdefault(row, ([], []))[side].append((domain, text))
        found["other"] = pc.add(self.rows["other"], pa.array(rest["contribution"]))
        if "other_points" in self.rows.schema.names:
            found["other_points"] = pc.add(self.rows["other_points"], pa.array(rest["points"]))
        found["warnings"] = self._warned(said)
        return found

    def _is_folded(self, reasons: pa.StructArray, of_list: Longs) -> Bools:
        domain = pc.index_in(reasons.field("domain"), pa.array(_DOMAINS)).to_numpy(zero_copy_only=False)
        away: Bools = self._away[of_list, domain.astype(np.int64)]
        if self._mixed.any():
            names = pa.array(list(self.catalogue))
            place = pc.index_in(reasons.field("feature"), names).to_numpy(zero_copy_only=False)
            away = away | self._mixed[of_list, place.astype(np.int64)]
        return away

    def _warned(self, said: dict[int, tuple[list[Said], list[Said]]]) -> pa.Array:
        column = self.rows["warnings"]
        texts = column.flatten()
        is_open = {text: bool(open_warnings([text], self.role)) for text in texts.unique().to_pylist()}
        kept = _kept(column, np.array([is_open[text] for text in texts.to_pylist()], dtype=bool)).to_pylist()
        for row, sides in said.items():
            kept[row] += told_besides(sides, self.role, self.language)
        return pa.array(kept, column.type)

    def _open_rules(self, rules: pa.Array) -> Bools:
        is_open = [rule for rule in rules.unique().to_pylist() if open_alert(rule, self.role)]
        return _bools(pc.is_in(rules, pa.array(is_open, pa.string())))

    def _help(self) -> pa.ListArray:
        """Name only what is open; a suggestion for nothing else is left out."""
        column = self.rows["suggested_help"]
        helps = column.flatten()
        kind, because, text = helps.flatten()
        named, of_help = because.flatten(), _lists(because)
        seen, heard = (
            _bools(pc.is_in(named, self._features_of(domains)))
            for domains in (self.role.sees, self.role.hears_of)
        )
        features = _bools(pc.is_in(named, self._features_of(_DOMAINS)))
        seen = seen | (~features & self._open_rules(named))
        stays = np.bincount(of_help[seen | heard], minlength=len(helps)) > 0
        parts = [kind, _kept(because, seen), text]
        told = pa.StructArray.from_arrays(parts, fields=list(column.type.value_type))
        return _kept(column, stays, told)

    def _features_of(self, domains: Collection[str]) -> pa.Array:
        return pa.array(
            [item.name for item in self.catalogue.values() if item.domain in domains], pa.string()
        )


def _bools(column: Any) -> Bools:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)


def _matrix(column: pa.StructArray) -> Floats:
    """Give a column of structs of numbers as an array; NaN where there is none."""
    if not len(column.type):
        return np.zeros((len(column), 0))
    parts = [part.to_numpy(zero_copy_only=False) for part in column.flatten()]
    return np.column_stack(parts).astype(np.float64)


def _nulled(column: pa.StructArray, away: Bools) -> pa.StructArray:
    """Leave nothing in some fields of some rows."""
    parts = [
        pc.if_else(pa.array(gone), pa.scalar(None, part.type), part)
        for part, gone in zip(column.flatten(), away.T, strict=True)
    ]
    return pa.StructArray.from_arrays(parts, fields=list(column.type), mask=pc.is_null(column))


def _kept(column: pa.ListArray, kept: Bools, items: pa.Array | None = None) -> pa.ListArray:
    """Give each list those of its items that are kept."""
    items = column.flatten() if items is None else items
    counts = np.bincount(_lists(column)[kept], minlength=len(column))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    nulls = pc.is_null(column) if column.null_count else None
    return pa.ListArray.from_arrays(offsets, items.filter(pa.array(kept)), type=column.type, mask=nulls)


def _lists(column: pa.ListArray) -> Longs:
    """Give the list of each item."""
    counts = pc.fill_null(column.value_lengths(), 0).to_numpy()
    return np.repeat(np.arange(len(column)), counts)


OTHER = "other"
Given = TypeVar("Given", Scores, PupilScore, Change, WhatIf, dict[str, Any])

Told = TypeVar("Told", PupilScore, RowError)


def redact(
    given: Given,
    role: str | Role,
    *,
    catalogue: FeatureCatalogue | None = None,
    roles: Mapping[str, Role] = ROLES,
    language: Language | None = None,
) -> Given:
    """Give scores as a role may read them, in the form in which they were given.

    Parameters
    ----------
    given : Scores, PupilScore, Change, WhatIf or dict
        A dict is a reply, or one of its results.
    role : str or Role
        Who reads.
    catalogue : FeatureCatalogue, optional
        The model's. Without it nobody knows which causes a folded domain speaks for, so all are folded, and
        of what is missing only the sentences of the default catalogue are kept.
    roles : mapping of str to Role, optional
        The roles that there are; by default :data:`dropout_risk.scoring.roles.ROLES`.
    language : {"zh", "en"}, optional
        Of the sentences that are added to a single score, by default Chinese; scores and replies say their
        own.

    Returns
    -------
    the same form
        ``domains`` and ``causes`` keep what is open, and the rest as one entry ``other``; folded reasons are
        in ``other``; values, sentences, alerts, warnings, errors and suggested help that would tell of a
        hidden domain are left out. Sentences of a folded domain that the role may read are among the
        warnings. Who may not know names gets pupils and errors numbered in an order of their own.

    Raises
    ------
    UnknownRoleError
        If there is no such role, with the nearest right name.
    SettingsError
        If the language is unknown, or what is given is none of these forms.
    """
    reader = _Reader(role_named(role, roles), catalogue, language)
    made: Any
    if isinstance(given, dict):
        made = _redacted_dict(reader, given)
    elif isinstance(given, Scores):
        made = reader.scores(given)
    elif isinstance(given, PupilScore):
        made = reader.pupil(given, 0)
    elif isinstance(given, (Change, WhatIf)):
        made = reader.change(given) if isinstance(given, Change) else reader.what_if(given)
    else:
        raise _no_form(type(given).__name__)
    redacted: Given = made
    return redacted


class _Reader:
    """One role, reading one model's scores."""

    def __init__(self, role: Role, catalogue: FeatureCatalogue | None, language: Language | None) -> None:
        self.role, self.catalogue = role, catalogue
        self.words = default_catalogue() if catalogue is None else catalogue
        self.gaps = gaps_of(self.words, role)
        self.language: Language = "zh" if language is None else language
        role.label.to(self.language)  # an unknown language is an error before any work

    def scores(self, scores: Scores) -> Scores:
        """Redact all pupils and the errors."""
        self.language = scores.language
        scored = {pupil.student_id for pupil in scores.pupils}
        pupils = tuple(self.pupil(pupil, place) for place, pupil in enumerate(scores.pupils))
        found = open_errors(scores.errors, self.role, self.words, scored)
        errors = tuple(self.error(error, is_open=is_open) for error, is_open in found)
        if not self.role.names:
            pupils = _shuffled(pupils)
            errors = tuple(replace(error, index=place) for place, error in enumerate(_by_content(errors)))
        everything = self.role.names and not self.role.hidden
        explained = scores.explained if everything else None  # it makes the features of all domains again
        return replace(scores, pupils=pupils, errors=errors, explained=explained)

    def pupil(self, pupil: PupilScore, place: int) -> PupilScore:
        """Redact one score; ``place`` stands in for its name where names are hidden."""
        if not self.role.names:
            pupil = replace(pupil, student_id=place, class_id=None, responsible_id=None)
        if not self.role.staff:
            pupil = replace(pupil, rank_in_school=None)
        if not self.role.hidden:
            return pupil
        folded = self.role.folds(pupil.domains)
        alerts = tuple(alert for alert in pupil.alerts if open_alert(alert.rule, self.role))
        raising, lowering = (self._parted(side, folded) for side in (pupil.raising, pupil.lowering))
        away = [[(reason.domain, reason.text) for reason in side[1]] for side in (raising, lowering)]
        domains = {reason.feature: reason.domain for reason in pupil.raising}
        missing = tuple(text for text in pupil.missing if text in self.gaps)
        kept = replace(
            pupil,
            domains=_folded(pupil.domains, [name for name in pupil.domains if name not in folded]),
            causes=_folded(pupil.causes, open_causes(self.catalogue, folded)),
            raising=tuple(raising[0]),
            lowering=tuple(lowering[0]),
            other=pupil.other + (_sum("contribution", raising[1]) + _sum("contribution", lowering[1])),
            alerts=alerts,
            missing=missing,
            missing_sensitive=tuple(text for text in pupil.missing_sensitive if text in missing),
            warnings=(
                *open_warnings(pupil.warnings, self.role),
                *told_besides(away, self.role, self.language),
            ),
            suggested_help=open_help(pupil.suggested_help, domains, alerts, self.role),
        )
        points = kept.other_points + (_sum("points", raising[1]) + _sum("points", lowering[1]))
        return replace(kept, other_points=points)

    def _parted(
        self, reasons: tuple[Reason, ...], folded: tuple[str, ...]
    ) -> tuple[list[Reason], list[Reason]]:
        """Part reasons whose numbers are open from those that are folded."""
        mixed = tainted(self.catalogue, folded)
        is_folded = [reason.domain in folded or reason.feature in mixed for reason in reasons]
        both = list(zip(reasons, is_folded, strict=True))
        return [reason for reason, away in both if not away], [reason for reason, away in both if away]

    def error(self, error: RowError, *, is_open: bool) -> RowError:
        """Redact one error; a hidden one still accounts for its pupil."""
        if not self.role.names:
            error = replace(error, student_id=None)
        if is_open:
            return error
        hidden = refusal(NOT_FOR_ROLE, error.index, "", "", self.language)
        return replace(hidden, student_id=error.student_id)

    def change(self, change: Change) -> Change:
        """Redact a change: its data by feature, by domain and by fact."""
        if not self.role.names:
            change = replace(change, student_id=0)
        if not self.role.hidden:
            return change
        folded = self.role.folds(change.domains)
        mixed = tainted(self.catalogue, folded)
        names = [name for name in change.data if name in self.words and name not in mixed]
        return with_text(
            replace(
                change,
                data=_folded(change.data, [name for name in names if self.words[name].domain not in folded]),
                domains=_folded(change.domains, [name for name in change.domains if name not in folded]),
                facts=tuple(
                    fact for fact in change.facts if fact.domain not in folded and fact.feature not in mixed
                ),
            )
        )

    def what_if(self, made: WhatIf) -> WhatIf:
        """Redact options: those that change something of a hidden domain are left out."""
        if not self.role.names:
            made = replace(made, student_id=0)
        hidden = self.role.hidden
        kept = [of for of in made.options if not any(part.domain in hidden for part in of.changes)]
        return with_options(made, tuple(kept), complete=False) if len(kept) < len(made.options) else made


def _shuffled(pupils: tuple[PupilScore, ...]) -> tuple[PupilScore, ...]:
    """Give pupils without names an order made from what is told of them, not from the list of names."""
    ordered = _by_content(tuple(replace(pupil, student_id=0) for pupil in pupils))
    return tuple(replace(pupil, student_id=place) for place, pupil in enumerate(ordered))


def _by_content(items: tuple[Told, ...]) -> list[Told]:
    def digest(item: Told) -> bytes:
        told = item.to_dict() | {"index": 0}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).digest()

    return sorted(items, key=digest)


def _folded(parts: Mapping[str, float], kept: list[str]) -> dict[str, float]:
    """Keep some entries, and add the others up."""
    rest = sum(size for name, size in parts.items() if name not in kept)
    return {name: size for name, size in parts.items() if name in kept} | {OTHER: rest}


def _sum(name: str, reasons: list[Reason]) -> float:
    return sum((float(getattr(reason, name)) for reason in reasons), 0.0)


# --- replies as dicts ----------------------------------------------------------------------------------


def _redacted_dict(reader: _Reader, given: dict[str, Any]) -> dict[str, Any]:
    """Read a reply or one of its results, redact it, and write it again; what is not known is dropped."""
    if "results" not in given:
        return reader.pupil(_pupil(given), 0).to_dict()
    _check(given, _REPLY)
    pupils = tuple(_pupil(result) for result in given["results"])
    errors = tuple(_read(RowError, error) for error in given["errors"])
    about = {"as_of": None, "request_id": given["request_id"], "model": given["model"]}
    language = given.get("language", reader.language)
    reader.role.label.to(language)
    scores = Scores(**about, language=language, pupils=pupils, errors=errors)
    return reader.scores(scores).to_dict() | {"as_of": given["as_of"]}


_REPLY = frozenset({"as_of", "request_id", "model", "results", "errors"})
_RESULT = frozenset(item.name for item in fields(PupilScore) if item.default is MISSING) - {
    "school_id",
    "class_id",
    "responsible_id",
}


def _check(given: Mapping[str, Any], needed: frozenset[str]) -> None:
    if not isinstance(given, Mapping):
        raise _no_form(f"a list with {type(given).__name__}")
    lacking = sorted(needed - given.keys())
    if lacking:
        raise _no_form(f"a dict without {', '.join(lacking)}")


def _no_form(what: str) -> SettingsError:
    return SettingsError(
        f"Nothing that can be redacted: {what}.",
        hint="give Scores, a PupilScore, a Change, a WhatIf, the endpoint's reply or one of its results",
    )


def _pupil(result: Mapping[str, Any]) -> PupilScore:
    _check(result, _RESULT)
    sides = {side: tuple(_read(Reason, item) for item in result[side]) for side in ("raising", "lowering")}
    alerts = tuple(
        _read(Alert, item | {"since": dt.date.fromisoformat(item["since"])}) for item in result["alerts"]
    )
    helps = tuple(
        _read(Help, item | {"because": tuple(item["because"])}) for item in result["suggested_help"]
    )
    lists = {name: tuple(result[name]) for name in ("interval", "missing", "warnings")}
    made = {"alerts": alerts, "suggested_help": helps, "missing_sensitive": ()}
    score: PupilScore = _read(PupilScore, dict(result) | sides | lists | made)
    return score


def _read(kind: type[Any], given: Mapping[str, Any]) -> Any:
    known = [item for item in fields(kind) if item.name in given or item.default is MISSING]
    return kind(**{item.name: given.get(item.name) for item in known})
