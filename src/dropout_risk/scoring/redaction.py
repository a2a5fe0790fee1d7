"""Scores as a role may read them: what it may not see is folded into ``other``, and the sum still holds.

Of what a ``Reader`` is told, this makes scores, changes, what-ifs, replies and rows of files.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property
from itertools import compress
from operator import not_
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.help import Help
from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.errors import SettingsError
from dropout_risk.explanation.reason import SIDES, Reason
from dropout_risk.scoring.change import Change, with_text
from dropout_risk.scoring.reader import Folded, Reader, SentenceOf
from dropout_risk.scoring.roles import ROLES, Role, Telling, role_named
from dropout_risk.scoring.scores import NOT_FOR_ROLE, PupilScore, RowError, Scores, pupil_refusal
from dropout_risk.scoring.what_if import WhatIf, with_options
from dropout_risk.text import Language

OTHER = "other"
Given = TypeVar("Given", Scores, PupilScore, Change, WhatIf, dict[str, Any])
Item = TypeVar("Item", PupilScore, RowError)


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
    redaction = _Redaction(Reader(role_named(role, roles), catalogue, "zh" if language is None else language))
    made: Any
    if isinstance(given, dict):
        made = redaction.reply(given)
    elif isinstance(given, Scores):
        made = redaction.scores(given)
    elif isinstance(given, PupilScore):
        made = redaction.pupil(given, 0)
    elif isinstance(given, Change):
        made = redaction.change(given)
    elif isinstance(given, WhatIf):
        made = redaction.what_if(given)
    else:
        raise _no_form(type(given).__name__)
    redacted: Given = made
    return redacted


@dataclass(frozen=True, eq=False)
class _Redaction:
    """Makes what one reader is told."""

    reader: Reader

    @property
    def role(self) -> Role:
        """Who reads."""
        return self.reader.role

    def reply(self, given: dict[str, Any]) -> dict[str, Any]:
        """Read a reply or one of its results, redact it, and write it again; what is not known is dropped."""
        if "results" not in given:
            return self.pupil(_read_pupil(given), 0).to_dict()
        _check_keys(given, _REPLY)
        pupils = tuple(_read_pupil(result) for result in given["results"])
        errors = tuple(_read_fields(RowError, error) for error in given["errors"])
        about = {"as_of": None, "request_id": given["request_id"], "model": given["model"]}
        language = given.get("language", self.reader.language)
        scores = Scores(**about, language=language, pupils=pupils, errors=errors)
        asked = (
            {"registers": given["registers"]} if self._hears_of_registers and given.get("registers") else {}
        )
        return self.scores(scores).to_dict() | {"as_of": given["as_of"]} | asked

    @property
    def _hears_of_registers(self) -> bool:
        return self.role.names and "attendance" in self.role.sees

    def scores(self, scores: Scores) -> Scores:
        """Redact all pupils and the errors, in their own language."""
        own = _Redaction(replace(self.reader, language=scores.language))
        scored = {pupil.student_id for pupil in scores.pupils}
        pupils = tuple(own.pupil(pupil, index) for index, pupil in enumerate(scores.pupils))
        found = self.reader.open_errors(scores.errors, scored)
        errors = tuple(own.error(error, is_open=is_open) for error, is_open in found)
        if not self.role.names:
            pupils = _shuffle_pupils(pupils)
            errors = tuple(replace(error, index=index) for index, error in enumerate(_by_content(errors)))
        everything = self.role.names and not self.role.hidden
        explained = scores.explained if everything else None  # it makes the features of all domains again
        asked = scores.registers if own._hears_of_registers else ()
        return replace(scores, pupils=pupils, errors=errors, explained=explained, registers=asked)

    def pupil(self, pupil: PupilScore, place: int) -> PupilScore:
        """Redact one score; ``place`` stands in for its name where names are hidden."""
        if not self.role.names:
            pupil = replace(pupil, student_id=place, class_id=None, responsible_id=None)
        if not self.role.staff:
            pupil = replace(pupil, rank_in_school=None)
        if not self.role.hidden:
            return pupil
        folded = self.reader.folded(pupil.domains)
        alerts = tuple(alert for alert in pupil.alerts if self.reader.hears_alert(alert.rule))
        raising, lowering = (self._parted(side, folded) for side in (pupil.raising, pupil.lowering))
        away = (raising[1], lowering[1])
        domains = {reason.feature: reason.domain for reason in pupil.raising}
        missing = tuple(text for text in pupil.missing if text in self.reader.gaps)
        besides = self.reader.told_besides([(reason.domain, reason.text) for reason in side] for side in away)
        return replace(
            pupil,
            domains=_with_other(pupil.domains, pupil.domains.keys() - folded.domains),
            causes=_with_other(pupil.causes, CAUSES.keys() - folded.causes),
            raising=raising[0],
            lowering=lowering[0],
            other=pupil.other + sum(_sum_of_field("contribution", side) for side in away),
            other_points=pupil.other_points + sum(_sum_of_field("points", side) for side in away),
            alerts=alerts,
            missing=missing,
            missing_sensitive=tuple(text for text in pupil.missing_sensitive if text in missing),
            warnings=(*self.reader.open_warnings(pupil.warnings), *besides),
            suggested_help=self.reader.open_help(pupil.suggested_help, domains, alerts),
        )

    def _parted(
        self, reasons: tuple[Reason, ...], folded: Folded
    ) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
        """Part reasons whose numbers are open from those that are folded."""
        tells = [self.reader.tells(reason.domain, reason.feature, folded) for reason in reasons]
        is_open = [telling == Telling.NUMBER for telling in tells]
        return tuple(compress(reasons, is_open)), tuple(compress(reasons, map(not_, is_open)))

    def error(self, error: RowError, *, is_open: bool) -> RowError:
        """Redact one error; a hidden one still accounts for its pupil."""
        if not self.role.names:
            error = replace(error, student_id=None)
        if is_open:
            return error
        hidden = pupil_refusal(NOT_FOR_ROLE, error.index, "", "", self.reader.language)
        return replace(hidden, student_id=error.student_id)

    def change(self, change: Change) -> Change:
        """Redact a change: its data by feature, by domain and by fact."""
        if not self.role.names:
            change = replace(change, student_id=0)
        if not self.role.hidden:
            return change
        folded, features = self.reader.folded(change.domains), self.reader.features
        open_features = {
            name for name in change.data
            if name in features and not folded.holds(features[name].domain, name)
        }  # fmt: skip
        return with_text(
            replace(
                change,
                data=_with_other(change.data, open_features),
                domains=_with_other(change.domains, change.domains.keys() - folded.domains),
                facts=tuple(fact for fact in change.facts if not folded.holds(fact.domain, fact.feature)),
            )
        )

    def what_if(self, made: WhatIf) -> WhatIf:
        """Redact options: those that change something of a hidden domain are left out."""
        if not self.role.names:
            made = replace(made, student_id=0)
        hidden = self.role.hidden
        kept = tuple(
            option for option in made.options if not any(part.domain in hidden for part in option.changes)
        )
        return with_options(made, kept, complete=False) if len(kept) < len(made.options) else made


def _shuffle_pupils(pupils: tuple[PupilScore, ...]) -> tuple[PupilScore, ...]:
    """Give pupils without names an order made from what is told of them, not from the list of names."""
    ordered = _by_content(tuple(replace(pupil, student_id=0) for pupil in pupils))
    return tuple(replace(pupil, student_id=index) for index, pupil in enumerate(ordered))


def _by_content(items: tuple[Item, ...]) -> list[Item]:
    def digest(item: Item) -> bytes:
        told = item.to_dict() | {"index": 0}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).digest()

    return sorted(items, key=digest)


def _with_other(parts: Mapping[str, float], kept: Collection[str]) -> dict[str, float]:
    """Keep some entries, and add the others up."""
    rest = sum(size for name, size in parts.items() if name not in kept)
    return {name: size for name, size in parts.items() if name in kept} | {OTHER: rest}


def _sum_of_field(name: str, reasons: Sequence[Reason]) -> float:
    return sum((float(getattr(reason, name)) for reason in reasons), 0.0)


_REPLY = frozenset({"as_of", "request_id", "model", "results", "errors"})
_RESULT = frozenset(item.name for item in fields(PupilScore) if item.default is MISSING) - {
    "school_id",
    "class_id",
    "responsible_id",
}


def _check_keys(given: Mapping[str, Any], needed: frozenset[str]) -> None:
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


def _read_pupil(result: Mapping[str, Any]) -> PupilScore:
    _check_keys(result, _RESULT)
    sides = {side: tuple(_read_fields(Reason, item) for item in result[side]) for side in SIDES}
    alerts = tuple(
        _read_fields(Alert, item | {"since": dt.date.fromisoformat(item["since"])})
        for item in result["alerts"]
    )
    helps = tuple(
        _read_fields(Help, item | {"because": tuple(item["because"])}) for item in result["suggested_help"]
    )
    lists = {name: tuple(result[name]) for name in ("interval", "missing", "warnings")}
    made = {"alerts": alerts, "suggested_help": helps, "missing_sensitive": ()}
    score: PupilScore = _read_fields(PupilScore, dict(result) | sides | lists | made)
    return score


def _read_fields(kind: type[Any], given: Mapping[str, Any]) -> Any:
    known = [item for item in fields(kind) if item.name in given or item.default is MISSING]
    return kind(**{item.name: given.get(item.name) for item in known})


# --- Rows of scores, as files hold them: what a reader is told of them, by columns ---

_DOMAINS = list(DOMAINS)


def redact_rows(
    rows: pa.RecordBatch, role: Role, catalogue: FeatureCatalogue, language: Language
) -> pa.RecordBatch:
    """Fold what a role may not see in rows of :func:`dropout_risk.scoring.score_writer.score_schema`.

    Names stay. What is one entry ``other`` in a reply is null here in ``domains``, ``causes`` and
    ``contributions``: it is the log-odds less the base and all that is there.
    """
    if not role.hidden:
        return rows
    redacted = _RedactedRows(rows, Reader(role, catalogue, language), catalogue)
    columns = {name: rows[name] for name in rows.schema.names} | redacted.columns()
    arrays = [columns[name] for name in rows.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=rows.schema)


@dataclass(frozen=True, eq=False)
class _RedactedRows:
    """One batch on its way to a reader."""

    rows: pa.RecordBatch
    reader: Reader
    catalogue: FeatureCatalogue

    def columns(self) -> dict[str, pa.Array]:
        """Give the columns that change."""
        found: dict[str, pa.Array] = {
            "contributions": _without_fields(self.rows["contributions"], self._folded_features)
        }
        if not self.reader.role.staff:
            found["rank_in_school"] = pa.nulls(self.rows.num_rows, pa.int32())
        if "raising" in self.rows.schema.names:
            found |= self._sums() | self._reasons()
            gaps, alerts = self.rows["missing"], self.rows["alerts"]
            known = pa.array(sorted(self.reader.gaps), pa.string())
            found["missing"] = _keep_items(gaps, _as_bools(pc.is_in(gaps.flatten().field("text"), known)))
            found["alerts"] = _keep_items(alerts, self._open_rules(alerts.flatten().field("rule")))
            found["suggested_help"] = self._open_help()
        return {name: column for name, column in found.items() if name in self.rows.schema.names}

    @cached_property
    def _folds(self) -> list[tuple[str, ...]]:
        """The domains that are folded in each row."""
        totals = _as_matrix(self.rows["domains"]) if "domains" in self.rows.schema.names else self._totals()
        return [self.reader.role.folds(dict(zip(_DOMAINS, row, strict=True))) for row in totals.tolist()]

    def _totals(self) -> Floats:
        contributions = _as_matrix(self.rows["contributions"])
        totals = np.zeros((len(contributions), len(_DOMAINS)))
        for column, feature in zip(contributions.T, self.catalogue.values(), strict=True):
            totals[:, _DOMAINS.index(feature.domain)] += column
        return totals

    @cached_property
    def _folded_features(self) -> Bools:
        """Whether the number of each feature is folded in each row."""

        def folded_features(folded: Folded) -> list[bool]:
            tells = (self.reader.tells(item.domain, item.name, folded) for item in self.catalogue.values())
            return [telling < Telling.NUMBER for telling in tells]

        return self._by_pattern(folded_features, len(self.catalogue))

    def _by_pattern(self, ask: Callable[[Folded], list[bool]], width: int) -> Bools:
        """Ask once for each set of folded domains, and give the answers by row."""
        patterns = {domains: code for code, domains in enumerate(dict.fromkeys(self._folds))}
        answers = [ask(Folded.of(domains, self.catalogue)) for domains in patterns]
        codes = np.fromiter((patterns[domains] for domains in self._folds), np.int64, len(self._folds))
        return np.asarray(np.array(answers, dtype=bool).reshape(-1, width)[codes])

    def _sums(self) -> dict[str, pa.Array]:
        by_domain = self._by_pattern(
            lambda folded: [name in folded.domains for name in _DOMAINS], len(_DOMAINS)
        )
        by_cause = self._by_pattern(lambda folded: [name in folded.causes for name in CAUSES], len(CAUSES))
        return {
            "domains": _without_fields(self.rows["domains"], by_domain),
            "causes": _without_fields(self.rows["causes"], by_cause),
        }

    def _reasons(self) -> dict[str, pa.Array]:
        """Take folded reasons out and add them to ``other``; tell of them, without numbers, what is open."""
        found: dict[str, pa.Array] = {}
        names = [
            name for name in ("contribution", "points") if name in self.rows["raising"].type.value_type.names
        ]
        rest = {name: np.zeros(self.rows.num_rows) for name in names}
        said: dict[int, tuple[list[SentenceOf], list[SentenceOf]]] = {}
        for side, column in enumerate(self.rows[name] for name in SIDES):
            reasons, row_of = column.flatten(), _list_of_item(column)
            feature = pc.index_in(reasons.field("feature"), pa.array(list(self.catalogue)))
            away = self._folded_features[row_of, feature.to_numpy(zero_copy_only=False).astype(np.int64)]
            found[SIDES[side]] = _keep_items(column, ~away)
            for name in names:
                sizes = reasons.field(name).to_numpy(zero_copy_only=False)[away]
                rest[name] += np.bincount(row_of[away], weights=sizes, minlength=self.rows.num_rows)
            told = (reasons.field(name).filter(pa.array(away)).to_pylist() for name in ("domain", "text"))
            for row, domain, text in zip(row_of[away].tolist(), *told, strict=True):
                said.setdefault(row, ([], []))[side].append((domain, text))
        found["other"] = pc.add(self.rows["other"], pa.array(rest["contribution"]))
        if "other_points" in self.rows.schema.names:
            found["other_points"] = pc.add(self.rows["other_points"], pa.array(rest["points"]))
        found["warnings"] = self._warnings(said)
        return found

    def _warnings(self, said: dict[int, tuple[list[SentenceOf], list[SentenceOf]]]) -> pa.Array:
        column = self.rows["warnings"]
        texts = column.flatten()
        is_open = pa.array(self.reader.open_warnings(texts.unique().to_pylist()), pa.string())
        kept = _keep_items(column, _as_bools(pc.is_in(texts, is_open))).to_pylist()
        for row, sides in said.items():
            kept[row] += self.reader.told_besides(sides)
        return pa.array(kept, column.type)

    def _open_rules(self, rules: pa.Array) -> Bools:
        is_open = [rule for rule in rules.unique().to_pylist() if self.reader.hears_alert(rule)]
        return _as_bools(pc.is_in(rules, pa.array(is_open, pa.string())))

    def _open_help(self) -> pa.ListArray:
        """Name only what is open; a suggestion for nothing else is left out."""
        column = self.rows["suggested_help"]
        helps = column.flatten()
        kind, because, text = helps.flatten()
        named, help_of = because.flatten(), _list_of_item(because)
        features, heard, seen = (
            _as_bools(pc.is_in(named, self._features_told(least)))
            for least in (Telling.NOTHING, Telling.HINT, Telling.WORDS)
        )
        seen = seen | (~features & self._open_rules(named))
        stays = np.bincount(help_of[seen | heard], minlength=len(helps)) > 0
        parts = [kind, _keep_items(because, seen), text]
        told = pa.StructArray.from_arrays(parts, fields=list(column.type.value_type))
        return _keep_items(column, stays, told)

    def _features_told(self, least: Telling) -> pa.Array:
        """Name the features of which at least so much is told."""
        tells = {item.name: self.reader.role.tells(item.domain) for item in self.catalogue.values()}
        return pa.array([name for name, telling in tells.items() if telling >= least], pa.string())


def _as_bools(column: Any) -> Bools:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)


def _as_matrix(column: pa.StructArray) -> Floats:
    """Give a column of structs of numbers as an array; NaN where there is none."""
    if not len(column.type):
        return np.zeros((len(column), 0))
    parts = [part.to_numpy(zero_copy_only=False) for part in column.flatten()]
    return np.column_stack(parts).astype(np.float64)


def _without_fields(column: pa.StructArray, away: Bools) -> pa.StructArray:
    """Leave nothing in some fields of some rows."""
    parts = [
        pc.if_else(pa.array(gone), pa.scalar(None, part.type), part)
        for part, gone in zip(column.flatten(), away.T, strict=True)
    ]
    return pa.StructArray.from_arrays(parts, fields=list(column.type), mask=pc.is_null(column))


def _keep_items(column: pa.ListArray, kept: Bools, items: pa.Array | None = None) -> pa.ListArray:
    """Give each list those of its items that are kept."""
    items = column.flatten() if items is None else items
    counts = np.bincount(_list_of_item(column)[kept], minlength=len(column))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    nulls = pc.is_null(column) if column.null_count else None
    return pa.ListArray.from_arrays(offsets, items.filter(pa.array(kept)), type=column.type, mask=nulls)


def _list_of_item(column: pa.ListArray) -> Longs:
    """Give the index of each item's list."""
    counts = pc.fill_null(column.value_lengths(), 0).to_numpy()
    return np.repeat(np.arange(len(column)), counts)
