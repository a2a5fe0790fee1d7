"""Rows of scores as a role may read them, as files hold them: what a reader is told of them, by columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.arrays import Bools, Floats
from dropout_risk.catalogue.facts import FACT_KINDS
from dropout_risk.catalogue.feature import CAUSES, DOMAINS, FeatureCatalogue
from dropout_risk.explanation.reason import SIDES, Reason
from dropout_risk.scoring.readers.reader import Folded, Reader
from dropout_risk.scoring.readers.roles import Role, Telling
from dropout_risk.scoring.score_rows import list_of_item, read_reasons
from dropout_risk.text import Language

_DOMAINS = list(DOMAINS)


def redact_rows(
    rows: pa.RecordBatch, role: Role, catalogue: FeatureCatalogue, language: Language
) -> pa.RecordBatch:
    """Fold what a role may not see in rows of :func:`dropout_risk.scoring.score_writer.score_schema`.

    Names stay. What is one entry ``other`` in a reply is null here in ``domains``, ``causes`` and
    ``contributions``: it is the log-odds less the base and all that is there.
    """
    if role.reads_all:
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
        if "facts" in self.rows.schema.names:
            facts = self.rows["facts"]
            found["facts"] = _keep_items(facts, self._read_facts(facts.flatten().field("name")))
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
        said: dict[int, tuple[list[Reason], list[Reason]]] = {}
        for side, column in enumerate(self.rows[name] for name in SIDES):
            reasons, row_of = column.flatten(), list_of_item(column)
            feature = pc.index_in(reasons.field("feature"), pa.array(list(self.catalogue)))
            away = self._folded_features[row_of, feature.to_numpy(zero_copy_only=False).astype(np.int64)]
            found[SIDES[side]] = _keep_items(column, ~away)
            for name in names:
                sizes = reasons.field(name).to_numpy(zero_copy_only=False)[away]
                rest[name] += np.bincount(row_of[away], weights=sizes, minlength=self.rows.num_rows)
            for row, reason in zip(row_of[away].tolist(), read_reasons(reasons.filter(away)), strict=True):
                said.setdefault(row, ([], []))[side].append(reason)
        found["other"] = pc.add(self.rows["other"], pa.array(rest["contribution"]))
        if "other_points" in self.rows.schema.names:
            found["other_points"] = pc.add(self.rows["other_points"], pa.array(rest["points"]))
        found["warnings"] = self._warnings(said)
        return found

    def _warnings(self, said: dict[int, tuple[list[Reason], list[Reason]]]) -> pa.Array:
        column = self.rows["warnings"]
        texts = column.flatten()
        is_open = pa.array(self.reader.open_warnings(texts.unique().to_pylist()), pa.string())
        kept = _keep_items(column, _as_bools(pc.is_in(texts, is_open))).to_pylist()
        for row, sides in said.items():
            kept[row] += self.reader.besides(self.reader.told(sides))
        return pa.array(kept, column.type)

    def _open_rules(self, rules: pa.Array) -> Bools:
        is_open = [rule for rule in rules.unique().to_pylist() if self.reader.hears_alert(rule)]
        return _as_bools(pc.is_in(rules, pa.array(is_open, pa.string())))

    def _open_help(self) -> pa.ListArray:
        """Name only what is open; a suggestion for nothing else is left out."""
        column = self.rows["suggested_help"]
        helps = column.flatten()
        kind, because, text = helps.flatten()
        named, help_of = because.flatten(), list_of_item(because)
        facts = _as_bools(pc.is_in(named, pa.array(list(FACT_KINDS))))
        seen = np.where(facts, self._read_facts(named), self._open_rules(named))
        stays = np.bincount(help_of[seen], minlength=len(helps)) > 0
        parts = [kind, _keep_items(because, seen), text]
        told = pa.StructArray.from_arrays(parts, fields=list(column.type.value_type))
        return _keep_items(column, stays, told)

    def _read_facts(self, names: pa.Array) -> Bools:
        read = [name for name in names.unique().to_pylist() if self.reader.reads_fact(name)]
        return _as_bools(pc.is_in(names, pa.array(read, pa.string())))


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
    counts = np.bincount(list_of_item(column)[kept], minlength=len(column))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    nulls = pc.is_null(column) if column.null_count else None
    return pa.ListArray.from_arrays(offsets, items.filter(pa.array(kept)), type=column.type, mask=nulls)
