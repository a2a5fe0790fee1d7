"""Columns without a single value: normal where a catalogue declares them, else a broken join."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.errors import EmptyColumnError
from dropout_risk.modelling.encoding import FeatureEncoding


def refuse_empty_columns(
    encoding: FeatureEncoding, encoded: NDArray[np.float64], catalogue: FeatureCatalogue | None
) -> None:
    """Refuse named columns without a value, unless a catalogue declares them.

    A school without psychological tests has no value in the features of these tests, and they stay. A
    column of the user's own that holds nothing was lost on the way. Columns of an array have no names, and
    are taken as they are.

    Parameters
    ----------
    encoding : FeatureEncoding
        Names of the columns.
    encoded : ndarray of float64
        The rows of the fit.
    catalogue : FeatureCatalogue, optional
        What is declared; by default :func:`default_catalogue`.

    Raises
    ------
    EmptyColumnError
        With all of them at once.
    """
    if not encoding.named:
        return
    is_empty = np.atleast_1d(np.isnan(encoded).all(axis=0))
    empty = [name for name, nothing in zip(encoding.names, is_empty, strict=True) if nothing]
    if not empty:
        return
    declared = default_catalogue() if catalogue is None else catalogue
    lost = [name for name in empty if name not in declared]
    if lost:
        raise EmptyColumnError(
            f"Columns {lost} hold no value in any of {len(encoded)} rows.",
            hint="check the join they come from, or leave them out: X.dropna(axis='columns', how='all')",
        )
