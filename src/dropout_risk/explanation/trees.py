"""What each feature adds to the raw score of trees: exact Shapley values, cheaper than the prediction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from threading import Lock
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.explanation.background import Background
from dropout_risk.explanation.contributions import FEW_ROWS, Contributions
from dropout_risk.explanation.forest import Forest
from dropout_risk.explanation.path_quadrature import PathQuadrature
from dropout_risk.explanation.pattern_tables import PatternTables
from dropout_risk.explanation.tree_leaves import PatternCounts, shares_of_patterns
from dropout_risk.kernels import blocks, in_threads

Floats = NDArray[np.float64]
ROWS_OF_A_THREAD = 8192
TRAINING_ROWS = "training rows as counted in the trees' nodes"
_BUILDING = Lock()


@dataclass(frozen=True, eq=False)
class TreeTerms:
    """Contributions of trees, from tables made once, when the first row is asked for.

    Parameters
    ----------
    forest : Forest
        The trees.
    counts : PatternCounts, optional
        Of the rows that contributions are measured against (interventional). By default the training rows
        as counted in the trees' nodes (path-dependent).
    background : str
        What the base stands for, in words.

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

    forest: Forest
    counts: PatternCounts | None = None
    background: str = TRAINING_ROWS

    @classmethod
    def of(cls, text: str, background: Floats | PatternCounts | None = None) -> Self:
        """Take the trees of a model, and what they are measured against.

        Parameters
        ----------
        text : str
            What ``Booster.model_to_string`` wrote.
        background : ndarray or PatternCounts, optional
            Rows that contributions are measured against, or their counts of patterns.

        Raises
        ------
        ModelKindError
            If the model has linear trees or several classes, or trees too deep for a background.
        BackgroundError
            If the rows are none, or of other columns.
        BundleError
            If the text is not that of a LightGBM model, or the counts are those of another one.
        """
        own = cls(Forest.read(text))
        if background is None:
            return own
        counts = background if isinstance(background, PatternCounts) else own.forest.counted(background)
        return own._against(counts, f"{counts.rows:,} rows, as counts of patterns")

    @property
    def explainer(self) -> str:
        """The method, in words."""
        name = "LightGBM trees by decision-pattern tables"
        if self.forest.groups is None:
            name = "LightGBM trees by quadrature along their paths"
        return f"{name}, {'path-dependent' if self.counts is None else 'interventional'}"

    @property
    def takes_background(self) -> bool:
        """Whether the trees are shallow enough for tables."""
        return self.forest.groups is not None

    def contributions(self, encoded: Floats) -> Contributions:
        """Split the raw score of each encoded row; a row's bits depend on nothing but the row."""
        codes, form = self.forest.codes, self.form
        line, row_step, column_step = codes.layout(encoded)
        values = np.empty((codes.n_features, len(encoded)))

        def add_up(rows: slice) -> None:
            form.kernel(line, row_step, column_step, rows.start, rows.stop,
                        *codes.arrays, *form.arrays, values)  # fmt: skip

        if len(encoded) <= FEW_ROWS:
            add_up(slice(0, len(encoded)))
        else:
            in_threads(add_up, blocks(len(encoded), ROWS_OF_A_THREAD))
        return Contributions(form.base, values.T)

    def summarised(self, encoded: Floats, name: str) -> Background:
        """Count the patterns that some rows show."""
        counts = self.forest.counted(encoded)
        return Background(name, counts.rows, counts=counts.counts)

    def against(self, background: Background) -> TreeTerms:
        """Give the same trees measured against a background."""
        return self._against(PatternCounts(background.rows, background.counts), background.words)

    @property
    def form(self) -> PatternTables | PathQuadrature:
        """What is looked up or walked through; threads that ask at once wait for one of them to make it."""
        made: PatternTables | PathQuadrature | None = self.__dict__.get("_form")
        if made is not None:
            return made
        with _BUILDING:
            made = self.__dict__.get("_form") or self._build()
            self.__dict__["_form"] = made
            return made

    def _build(self) -> PatternTables | PathQuadrature:
        forest = self.forest
        if forest.groups is None:
            return PathQuadrature.build(forest.model, forest.codes, forest.leaves)
        if self.counts is None:
            shares = [shares_of_patterns(leaf) for leaf in forest.leaves]
        else:
            shares = self.counts.shares(forest.leaves)
        return PatternTables.build(forest.groups, forest.leaves, shares)

    def _against(self, counts: PatternCounts, background: str) -> Self:
        self.forest.shallow()
        counts.check(self.forest.leaves)
        return replace(self, counts=counts, background=background)
