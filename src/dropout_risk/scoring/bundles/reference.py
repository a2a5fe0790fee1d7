"""The reference of a model: what its training pupils were like, as means and counts, never as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from dropout_risk.arrays import Bools, Floats

N_BINS = 10


@dataclass(frozen=True)
class Reference:
    """Per feature: the mean of pupils who stayed, and how many training rows fell into each bin.

    The table has the columns ``feature``, ``stayed`` (mean over rows with label 0), ``stayed_grade_8`` and so
    on (the same over one grade level), ``missing`` (share), ``edges`` (inner edges of the bins, rising) and
    ``counts`` (rows per bin; one more than edges).
    """

    table: pa.Table

    @classmethod
    def of(cls, X: pd.DataFrame, y: npt.ArrayLike, by_grade: Mapping[int, Bools] | None = None) -> Self:
        """Summarise training rows; label 0 stayed, 1 dropped out.

        ``by_grade`` says which rows are of a grade level whose stayers are compared with by themselves.
        """
        stayed = np.asarray(y) == 0
        rows = [
            _summarise_feature(str(name), X[name].to_numpy(dtype=np.float64), stayed, by_grade or {})
            for name in X.columns
        ]
        return cls(pa.table({key: [row[key] for row in rows] for key in rows[0]}))

    def stayed(self, names: list[str], grade_level: int | None = None) -> Floats:
        """Give the mean of pupils who stayed, or of those of a grade level; NaN where there is none."""
        column = "stayed" if grade_level is None else f"stayed_grade_{grade_level}"
        if column not in self.table.column_names:
            return self.stayed(names)
        known = dict(zip(self.table["feature"].to_pylist(), self.table[column].to_pylist(), strict=True))
        return np.array(
            [np.nan if known.get(name) is None else known[name] for name in names], dtype=np.float64
        )

    def bins(self) -> list[dict[str, Any]]:
        """Give the bins of every feature."""
        return list(self.table.to_pylist())

    def to_bytes(self) -> bytes:
        """Write the reference as an Arrow file."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, self.table.schema) as writer:
            writer.write_table(self.table)
        return bytes(sink.getvalue().to_pybytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what :meth:`to_bytes` wrote."""
        return cls(pa.ipc.open_file(pa.BufferReader(data)).read_all())


def _summarise_feature(
    name: str, values: Floats, stayed: Bools, by_grade: Mapping[int, Bools]
) -> dict[str, Any]:
    there = ~np.isnan(values)
    known = values[there]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, N_BINS + 1)[1:-1])) if len(known) else np.zeros(0)
    return {
        "feature": name,
        "stayed": _mean_or_none(values[stayed & there]),
        **{
            f"stayed_grade_{level}": _mean_or_none(values[stayed & there & rows])
            for level, rows in by_grade.items()
        },
        "missing": float((~there).mean()),
        "edges": edges.tolist(),
        "counts": np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1).tolist(),
    }


def _mean_or_none(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None
