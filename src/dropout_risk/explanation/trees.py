"""What each feature adds to the raw score of trees: exact Shapley values, cheaper than the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import ModelKindError
from dropout_risk.explanation.contributions import FEW_ROWS, Contributions
from dropout_risk.explanation.path_quadrature import PathQuadrature
from dropout_risk.explanation.pattern_tables import PatternTables, grouped
from dropout_risk.explanation.tree_codes import TreeCodes
from dropout_risk.explanation.tree_leaves import PatternCounts, leaves_of, shares_of_patterns
from dropout_risk.explanation.tree_model import TreeModel
from dropout_risk.kernels import blocks, in_threads

Floats = NDArray[np.float64]
ROWS_OF_A_THREAD = 8192
TRAINING_ROWS = "training rows as counted in the trees' nodes"


@dataclass(frozen=True, eq=False)
class TreeTerms:
    """Contributions of trees, from tables made once.

    Parameters
    ----------
    codes : TreeCodes
        From values to codes.
    form : PatternTables or PathQuadrature
        What is looked up or walked through.
    explainer, background : str
        The method, and what the base stands for, in words.

    Examples
    --------
    >>> import lightgbm
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> data = lightgbm.Dataset(X, X[:, 0] > 20, params={"verbose": -1, "min_data_in_bin": 1})
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1, "min_data_in_leaf": 5}, data, 3)
    >>> terms = TreeTerms.of(booster.model_to_string())
    >>> terms.explainer
    'LightGBM trees by decision-pattern tables, path-dependent'
    >>> bool(np.allclose(terms.contributions(X).log_odds, booster.predict(X, raw_score=True), atol=1e-12))
    True
    >>> TreeTerms.of(booster.model_to_string(), X[:30]).background
    '30 rows, as counts of patterns'
    """

    codes: TreeCodes
    form: PatternTables | PathQuadrature
    explainer: str
    background: str

    @classmethod
    def of(cls, text: str, background: Floats | PatternCounts | None = None) -> Self:
        """Make the tables of a model.

        Parameters
        ----------
        text : str
            What ``Booster.model_to_string`` wrote.
        background : ndarray or PatternCounts, optional
            Rows that contributions are measured against (interventional), or their counts of patterns. By
            default the training rows as counted in the trees' nodes (path-dependent).

        Raises
        ------
        ModelKindError
            If the model has linear trees or several classes, or trees too deep for a background.
        BundleError
            If the text is not that of a LightGBM model, or the counts are those of another one.
        """
        model = TreeModel.read(text)
        codes, leaves = TreeCodes.of(model), leaves_of(model)
        together = grouped(codes, leaves)
        if background is None and together is None:
            name = "LightGBM trees by quadrature along their paths, path-dependent"
            return cls(codes, PathQuadrature.build(model, codes, leaves), name, TRAINING_ROWS)
        if together is None:
            raise ModelKindError(
                "The trees are too deep for tables, which a background needs.",
                hint="fit shallower trees, or take the training rows as counted in the trees' nodes",
            )
        if background is None:
            tables = PatternTables.build(together, leaves, [shares_of_patterns(leaf) for leaf in leaves])
            name = "LightGBM trees by decision-pattern tables, path-dependent"
            return cls(codes, tables, name, TRAINING_ROWS)
        counts = background
        if not isinstance(counts, PatternCounts):
            counts = PatternCounts.of(model, np.asarray(background, np.float64))
        tables = PatternTables.build(together, leaves, counts.shares(leaves))
        name = "LightGBM trees by decision-pattern tables, interventional"
        return cls(codes, tables, name, f"{counts.rows:,} rows, as counts of patterns")

    def contributions(self, encoded: Floats) -> Contributions:
        """Split the raw score of each encoded row; a row's bits depend on nothing but the row."""
        line, row_step, column_step = self.codes.layout(encoded)
        values = np.empty((self.codes.n_features, len(encoded)))

        def add_up(rows: slice) -> None:
            self.form.kernel(line, row_step, column_step, rows.start, rows.stop,
                             *self.codes.arrays, *self.form.arrays, values)  # fmt: skip

        if len(encoded) <= FEW_ROWS:
            add_up(slice(0, len(encoded)))
        else:
            in_threads(add_up, blocks(len(encoded), ROWS_OF_A_THREAD))
        return Contributions(self.form.base, values.T)
