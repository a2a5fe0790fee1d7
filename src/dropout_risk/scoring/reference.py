"""The reference of a model: what its training pupils were like, as means and counts, never as rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

N_BINS = 10
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Per feature: the mean of pupils who stayed, and how many training rows fell into each bin.

    Parameters
    ----------
    table : pyarrow.Table
        Columns ``feature``, ``stayed`` (mean over rows with label 0), ``missing`` (share), ``edges``
        (inner edges of the bins, rising) and ``counts`` (rows per bin; one more than edges).
    """

    table: pa.Table

    @classmethod
    def of(cls, X: pd.DataFrame, y: npt.ArrayLike) -> Self:
        """Summarise training rows: features with their labels (0 stayed, 1 dropped out)."""
        stayed = np.asarray(y) == 0
        rows = [_summary(str(name), X[name].to_numpy(dtype=np.float64), stayed) for name in X.columns]
        return cls(pa.table({key: [row[key] for row in rows] for key in rows[0]}))

    def stayed(self, names: list[str]) -> Floats:
        """Give the mean of pupils who stayed for each named feature; NaN where there is none."""
        known = dict(zip(self.table["feature"].to_pylist(), self.table["stayed"].to_pylist(), strict=True))
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


def _summary(name: str, values: Floats, stayed: npt.NDArray[np.bool_]) -> dict[str, Any]:
    there = values[~np.isnan(values)]
    of_stayed = values[stayed & ~np.isnan(values)]
    edges = np.unique(np.quantile(there, np.linspace(0, 1, N_BINS + 1)[1:-1])) if len(there) else np.zeros(0)
    return {
        "feature": name,
        "stayed": float(of_stayed.mean()) if len(of_stayed) else None,
        "missing": float(np.isnan(values).mean()),
        "edges": edges.tolist(),
        "counts": np.bincount(np.searchsorted(edges, there, side="right"), minlength=len(edges) + 1).tolist(),
    }
