"""Scores that lie in columns: a pupil's words become objects only when the pupil is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dropout_risk.alerts.alert import Alert
from dropout_risk.alerts.facts import Fact
from dropout_risk.alerts.help import Help
from dropout_risk.arrays import Longs
from dropout_risk.catalogue.alert_kinds import CRITICAL_ITEM
from dropout_risk.explanation.columns import row_maker
from dropout_risk.explanation.reason import Reason
from dropout_risk.scoring.scores import PupilScore, RowError

Rows = TypeVar("Rows", pa.RecordBatch, pa.Table)

# --- Ranks within schools: the one thing about a score that needs the scores of others ---


def ranks_in_school(school: pa.Array, log_odds: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Rank pupils within their schools: 1 is the highest score, equal scores share the better rank.

    Pupils without a school are ranked among themselves.

    >>> ranks_in_school(pa.array(["a", "b", "a", "a"]), np.array([1.0, 5.0, 2.0, 2.0])).tolist()
    [3, 1, 1, 1]
    """
    if not len(log_odds):
        return np.zeros(0, dtype=np.int32)
    names = pc.fill_null(school.cast(pa.string()), "")
    names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    codes = names.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.lexsort([-log_odds, codes])
    codes, scores = codes[order], log_odds[order]
    position = np.arange(len(order))
    new_school = np.append(True, codes[1:] != codes[:-1])
    new_score = new_school | np.append(True, scores[1:] != scores[:-1])
    first = np.maximum.accumulate(np.where(new_school, position, 0))
    best = np.maximum.accumulate(np.where(new_score, position, 0))
    ranks = np.empty(len(order), dtype=np.int32)
    ranks[order] = best - first + 1
    return ranks


def rank_column(rows: pa.RecordBatch | pa.Table) -> pa.Array:
    """Rank the rows that have a score; null for the others."""
    log_odds = rows["log_odds"].to_numpy(zero_copy_only=False)
    scored = np.flatnonzero(pc.is_valid(rows["log_odds"]).to_numpy(zero_copy_only=False))
    ranks = np.zeros(rows.num_rows, dtype=np.int32)
    ranks[scored] = ranks_in_school(rows["school_id"].take(pa.array(scored)), log_odds[scored])
    return pa.array(ranks, mask=ranks == 0)


def with_ranks(rows: Rows, ranks: pa.Array | None = None) -> Rows:
    """Put ranks into rows, by default those among the rows."""
    at = rows.schema.get_field_index("rank_in_school")
    column = rank_column(rows) if ranks is None else ranks
    return rows.set_column(at, "rank_in_school", column.cast(rows.schema.types[at]))


# --- From rows of scores back to objects: what the library and the endpoint hand out ---


def pupil_scores(rows: pa.RecordBatch | pa.Table) -> Iterator[PupilScore]:
    """Read scores from rows with sentences, as :func:`score_blocks` gives them and as a file holds them.

    Rows of pupils who could not be scored are passed over.
    """
    if isinstance(rows, pa.Table):
        for batch in rows.to_batches():
            yield from pupil_scores(batch)
        return
    if rows["error"].null_count < rows.num_rows:
        rows = rows.filter(pc.is_null(rows["error"]))
    columns = {name: _read_column(name, rows[name]) for name in _READ}
    for row in zip(*columns.values(), strict=True):
        yield as_pupil(dict(zip(columns, row, strict=True)))


def as_pupil(told: dict[str, Any]) -> PupilScore:
    """Make a score of what stands in the columns of one row, lists as they are kept there."""
    low, high, gaps, help_told = (told.pop(name) for name in ("low", "high", "missing", "suggested_help"))
    told["interval"] = (low, high)
    told["missing"] = tuple([gap["text"] for gap in gaps])
    told["missing_sensitive"] = tuple([gap["text"] for gap in gaps if gap["sensitive"]])
    told["warnings"], told["facts"] = tuple(told["warnings"]), tuple(told["facts"])
    told["suggested_help"] = tuple(
        [Help(item["kind"], tuple(item["because"]), item["text"]) for item in help_told]
    )
    made: PupilScore = _make_pupil(*[told[name] for name in _TOLD], (), (), ())
    return made


def row_errors(rows: pa.RecordBatch | pa.Table, first: int = 0) -> list[RowError]:
    """Give the pupils who could not be scored, by their index in what was given.

    ``first`` is the index of the first row.
    """
    broken = np.flatnonzero(pc.is_valid(rows["error"]).to_numpy(zero_copy_only=False))
    found = (rows[name].take(pa.array(broken)).to_pylist() for name in ("student_id", "error"))
    return [
        RowError(first + row, pupil, **error)
        for row, pupil, error in zip(broken.tolist(), *found, strict=True)
    ]


_TOLD = tuple(PupilScore.__annotations__)[:-3]
_make_pupil = row_maker(PupilScore, [*PupilScore.__annotations__])
_READ = (
    "student_id", "school_id", "class_id", "responsible_id", "risk", "low", "high", "band", "rank_in_school",
    "base_log_odds", "background", "log_odds", "domains", "causes", "raising", "lowering", "other",
    "other_points", "risk_within", "facts", "alerts", "missing", "warnings", "suggested_help",
)  # fmt: skip


def _read_column(name: str, column: pa.Array) -> list[Any]:
    if name in _MADE:
        return _rows_of_lists(column, [_MADE[name](*row) for row in _struct_rows(column.flatten())])
    if name in ("domains", "causes"):
        names = [field.name for field in column.type]
        pairs = (zip(names, row, strict=True) for row in _struct_rows(column))
        return [{name: size for name, size in row if size is not None} for row in pairs]
    if name in ("warnings", "risk_within"):
        return _rows_of_lists(column, column.flatten().to_pylist())
    return list(column.to_pylist())


def read_reasons(reasons: pa.StructArray) -> list[Reason]:
    """Read reasons that lie in columns."""
    names = [field.name for field in reasons.type]
    return [Reason(**dict(zip(names, row, strict=True))) for row in _struct_rows(reasons)]


_MADE: dict[str, Callable[..., Any]] = {
    "raising": Reason,
    "lowering": Reason,
    "facts": Fact,
    "alerts": Alert,
    "missing": lambda text, sensitive: {"text": text, "sensitive": sensitive},
    "suggested_help": lambda kind, because, text: {"kind": kind, "because": because, "text": text},
}


def _struct_rows(structs: pa.StructArray) -> list[tuple[Any, ...]]:
    """Give the rows of a column of structs, column by column, which is much quicker than row by row."""
    return list(zip(*(child.to_pylist() for child in structs.flatten()), strict=True))


def _rows_of_lists(column: pa.ListArray, items: list[Any]) -> list[tuple[Any, ...]]:
    ends = pc.cumulative_sum(column.value_lengths()).to_pylist()
    return [tuple(items[start:end]) for start, end in zip([0, *ends], ends, strict=False)]


class PupilHead(NamedTuple):
    """What decides where a pupil stands: numbers, names and alerts, no reasons; ``row`` is its index."""

    row: int
    student_id: str | int
    school_id: str | None
    class_id: str | None
    responsible_id: str | None
    risk: float
    interval: tuple[float, float]
    band: str
    alerts: tuple[Alert, ...]

    @property
    def alerted(self) -> bool:
        """Whether there is any alert."""
        return bool(self.alerts)


def is_crisis(score: PupilScore | PupilHead) -> bool:
    """Say whether a critical answer is among the alerts: then neither rank nor band stands beside it."""
    return any(alert.rule == CRITICAL_ITEM for alert in score.alerts)


BESIDE_CRISIS = ("band", "rank_in_school")
"""What is not told beside a critical answer: a low risk of leaving school would only reassure."""


class KeptPupils(Sequence[PupilScore], ABC):
    """Scores that become objects only when they are asked for."""

    @abstractmethod
    def take(self, indices: Sequence[int]) -> KeptPupils:
        """Give some of the pupils, in the given order."""

    @abstractmethod
    def one(self, index: int) -> PupilScore:
        """Read one score."""

    @abstractmethod
    def heads(self) -> Iterator[PupilHead]:
        """Say what decides where each pupil stands, and no word."""

    @overload
    def __getitem__(self, index: int) -> PupilScore: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[PupilScore, ...]: ...

    def __getitem__(self, index: int | slice) -> PupilScore | tuple[PupilScore, ...]:
        """Read one score, or some."""
        if isinstance(index, slice):
            return tuple(self.take(range(*index.indices(len(self)))))
        return self.one(index)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(own == of_other for own, of_other in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Count; a pupil's risk does not belong into a log."""
        return f"<{type(self).__name__}: {len(self)}>"


def list_of_item(column: pa.ListArray) -> Longs:
    """Give the index of each item's list."""
    counts = pc.fill_null(column.value_lengths(), 0).to_numpy()
    return np.repeat(np.arange(len(column)), counts)


def pupil_heads(pupils: Sequence[PupilScore]) -> Iterator[PupilHead]:
    """Say what decides where each pupil stands, however the scores lie in memory."""
    if isinstance(pupils, KeptPupils):
        yield from pupils.heads()
        return
    for index, pupil in enumerate(pupils):
        yield PupilHead(
            index, pupil.student_id, pupil.school_id, pupil.class_id, pupil.responsible_id, pupil.risk,
            pupil.interval, pupil.band, pupil.alerts,
        )  # fmt: skip


def take_pupils(pupils: Sequence[PupilScore], indices: Sequence[int]) -> Sequence[PupilScore]:
    """Give some of the pupils, in the given order; in columns where they lie in columns."""
    if isinstance(pupils, KeptPupils):
        return pupils.take(indices)
    return tuple(pupils[index] for index in indices)
