"""Contributions as a ``shap.Explanation``, so that shap's own plots take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from dropout_risk.errors import MissingExtraError
from dropout_risk.explanation.contributions import Contributions


def as_shap(parts: Contributions, data: NDArray[Any], names: Sequence[str]) -> Any:
    """Give base and contributions of some rows, beside the values they explain.

    Parameters
    ----------
    parts : Contributions
        In log-odds.
    data : array of shape (n, n_features)
        The values as they are to be shown.
    names : sequence of str
        Of the features.

    Raises
    ------
    MissingExtraError
        If shap is not installed.
    """
    try:
        import shap
    except ImportError as error:
        raise MissingExtraError(
            "shap is not installed.", hint="pip install 'dropout-risk[explain]'"
        ) from error
    return shap.Explanation(parts.values, parts.bases, data=data, feature_names=list(names))
