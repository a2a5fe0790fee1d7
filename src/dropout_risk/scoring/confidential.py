"""Rows of scores as a role may read them: the rule of :mod:`dropout_risk.scoring.redaction`, by columns.

What a file for teachers may hold. Test results are confidential: whoever reads the rows learns that a test
plays a part and whom to ask; the values, and what they add to the risk, stay with the counsellor.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.explanation.reasons import SIDES
from dropout_risk.scoring.hidden_words import (
    ASK,
    Said,
    gaps_of,
    open_alert,
    open_causes,
    open_warnings,
    tainted,
    told_besides,
)
from dropout_risk.scoring.roles import CLASS_TEACHER, Role
from dropout_risk.text import Language

__all__ = ["ASK", "CONFIDENTIAL", "redact_rows", "without_tests"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
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
        Of :func:`dropout_risk.scoring.score_schema.score_schema`.
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

    def _is_folded(self, reasons: pa.StructArray, of_list: Codes) -> Bools:
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


def _lists(column: pa.ListArray) -> Codes:
    """Give the list of each item."""
    counts = pc.fill_null(column.value_lengths(), 0).to_numpy()
    return np.repeat(np.arange(len(column)), counts)
