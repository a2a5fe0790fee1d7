"""Ready features as a frame: which columns a model knows, whose rows they are, and their grade levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import FeatureInputError, nearest
from dropout_risk.explanation.backgrounds import NO_LEVEL


def known_columns(X: pd.DataFrame, catalogue: FeatureCatalogue) -> list[str]:
    """Give the catalogue's columns; FeatureInputError with the nearest right names if X has others."""
    unknown = [str(name) for name in X.columns if name not in catalogue]
    if unknown:
        hints = " ".join(nearest(name, catalogue) for name in unknown[:5])
        raise FeatureInputError(
            f"{len(unknown)} column(s) are no features of this model: {unknown[:5]}.", hint=hints
        )
    return catalogue.names


def levels_of(given: npt.ArrayLike | None, n: int) -> npt.NDArray[np.int64]:
    """Read grade levels as whole numbers; ``NO_LEVEL`` where there is none."""
    if given is None:
        return np.full(n, NO_LEVEL, dtype=np.int64)
    numbers = pd.to_numeric(pd.Series(np.asarray(given))).to_numpy(dtype=np.float64, na_value=np.nan)
    if len(numbers) != n:
        raise FeatureInputError(f"There are {len(numbers)} grade levels for {n} rows.")
    return np.where(np.isnan(numbers), NO_LEVEL, numbers).astype(np.int64)


def ids_of(X: pd.DataFrame) -> list[Any]:
    """Name the rows: the index level ``student_id``, or the index."""
    index = X.index.get_level_values("student_id") if "student_id" in X.index.names else X.index
    return list(index.tolist())
