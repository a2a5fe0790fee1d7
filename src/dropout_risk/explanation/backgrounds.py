"""Who is compared with whom: the background of each row, by the grade level of its pupil."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.errors import BundleError
from dropout_risk.explanation.contributions import Background, Contributions, Terms

BackgroundKind = Literal["stayed_in_grade", "stayed", "training"]
FEWEST_ROWS = 200
"""Rows of stayers below which a grade level has no background of its own."""
NO_LEVEL = -1
TRAINING, STAYED = "training", "stayed"
_OF_GRADE = f"{STAYED}, grade "
_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("level", pa.int64()),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("means", pa.list_(pa.float64()), nullable=False),
        pa.field("counts", pa.list_(pa.int64()), nullable=False),
    ]
)


def grade_of_background(name: str) -> str | None:
    """Give the grade level of the pupils that a background is of; None where it is of others.

    >>> grade_of_background("stayed, grade 8"), grade_of_background("stayed")
    ('8', None)
    """
    return name.removeprefix(_OF_GRADE) if name.startswith(_OF_GRADE) else None


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """A model's terms measured against several backgrounds, of which each row takes one.

    ``own`` is measured against the training rows, as the model itself knows them, and taken where none is
    given. The first given background is for everyone who has none of their own; the others are those of
    ``levels``, the grade levels.

    >>> from dropout_risk.explanation.contributions import LinearTerms
    >>> from dropout_risk.explanation.curves import CurveShape
    >>> own = LinearTerms(-1.0, (CurveShape((0.0, 1.0), (-0.5, 0.5), 0.0),))
    >>> everyone = Background("stayed", 300, np.array([-0.25]))
    >>> backgrounds = Backgrounds(own, (everyone, Background("stayed, grade 8", 200, np.array([0.25]))), (8,))
    >>> indices = backgrounds.indices(np.array([8, 7]))
    >>> parts = backgrounds.contributions(np.array([[1.0], [1.0]]), indices)
    >>> parts.base.tolist(), parts.values.tolist(), parts.log_odds.tolist()
    ([-0.75, -1.25], [[0.25], [0.75]], [-0.5, -0.5])
    """

    own: Terms
    given: tuple[Background, ...] = ()
    levels: tuple[int, ...] = ()

    @classmethod
    def of(
        cls,
        own: Terms,
        encoded: Floats,
        stayed: Bools,
        levels: Longs | None = None,
        kind: BackgroundKind = "stayed_in_grade",
    ) -> Self:
        """Summarise the training rows of pupils who stayed, all together and by grade level.

        ``levels`` is ``NO_LEVEL`` where there is none. Grade levels with under ``FEWEST_ROWS`` stayers are
        compared with all who stayed. Trees too deep for a background keep their training rows, whatever
        ``kind`` says.
        """
        if kind == TRAINING or not own.takes_background or not stayed.any():
            return cls(own)
        rows = encoded[stayed]
        given, kept = [own.summarised(rows, STAYED)], []
        if levels is not None and kind == "stayed_in_grade":
            of_rows = levels[stayed]
            found, counts = np.unique(of_rows, return_counts=True)
            for level in found[(counts >= FEWEST_ROWS) & (found != NO_LEVEL)].tolist():
                given.append(own.summarised(rows[of_rows == level], f"{_OF_GRADE}{level}"))
                kept.append(level)
        return cls(own, tuple(given), tuple(kept))

    @property
    def names(self) -> tuple[str, ...]:
        """What each background is called in a reply, in the order of :meth:`indices`."""
        return tuple(background.name for background in self.given) or (TRAINING,)

    @property
    def words(self) -> str:
        """Say what contributions are measured against."""
        if not self.given:
            return self.own.background
        everyone, *others = self.given
        return "; ".join([other.words for other in others] + [("else " if others else "") + everyone.words])

    def indices(self, levels: Longs) -> Longs:
        """Give the index of each row's background, by its grade level."""
        found = np.zeros(len(levels), np.int64)
        for index, level in enumerate(self.levels, start=1):
            found[levels == level] = index
        return found

    def terms(self, index: int = 0) -> Terms:
        """Give the terms measured against one of the backgrounds."""
        if not self.given:
            return self.own
        return self._terms[index]

    def contributions(self, encoded: Floats, positions: Longs | None = None) -> Contributions:
        """Split the raw score of each row, measured against its background.

        Rows of one background are worked on together; a row's bits depend on nothing but the row and its
        background.
        """
        present = [0] if positions is None else np.flatnonzero(np.bincount(positions, minlength=1)).tolist()
        if len(present) <= 1:
            return self.terms(*present).contributions(encoded)
        base, values = np.empty(len(encoded)), np.empty(encoded.shape)
        for index in present:
            rows = np.flatnonzero(positions == index)
            part = self.terms(index).contributions(encoded[rows])
            base[rows], values[rows] = part.base, part.values
        return Contributions(base, values)

    def to_bytes(self) -> bytes:
        """Write counts and means as an Arrow file."""
        columns: dict[str, Any] = {
            "name": self.names,
            "level": [None, *self.levels],
            "rows": [background.rows for background in self.given],
            "means": [background.means for background in self.given],
            "counts": [background.counts for background in self.given],
        }
        arrays = [pa.array(columns[field.name], field.type) for field in _SCHEMA]
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(pa.Table.from_arrays(arrays, schema=_SCHEMA))
        return bytes(sink.getvalue().to_pybytes())

    @classmethod
    def from_bytes(cls, own: Terms, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote; tables made from it have the same bits again.

        BundleError if it is no such file, or the counts and means are not those of these terms.
        """
        try:
            table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
            means, counts = (table[name].combine_chunks() for name in ("means", "counts"))
            given = tuple(
                Background(name, rows, means[index].values.to_numpy(), counts[index].values.to_numpy())
                for index, (name, rows) in enumerate(
                    zip(table["name"].to_pylist(), table["rows"].to_pylist(), strict=True)
                )
            )
            found = cls(own, given, tuple(table["level"].to_pylist()[1:]))
        except (pa.ArrowException, KeyError, AttributeError) as error:
            raise BundleError("The model's background.arrow cannot be read.") from error
        _ = found._terms  # checked now, not at the first score
        return found

    @cached_property
    def _terms(self) -> tuple[Terms, ...]:
        return tuple(self.own.against(background) for background in self.given)
