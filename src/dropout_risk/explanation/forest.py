"""The trees of a model with all that no background changes: codes of values, leaves, and groups of leaves."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import ModelKindError
from dropout_risk.explanation.background import check_rows
from dropout_risk.explanation.pattern_tables import Group, grouped, layout
from dropout_risk.explanation.tree_codes import TreeCodes
from dropout_risk.explanation.tree_kernels import count_places
from dropout_risk.explanation.tree_leaves import Leaf, PatternCounts, leaves_of
from dropout_risk.explanation.tree_model import TreeModel
from dropout_risk.kernels import blocks, in_threads

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ROWS_OF_A_THREAD = 1 << 16


@dataclass(frozen=True, eq=False)
class Forest:
    """What tables of decision patterns are made from, whatever they are measured against.

    Parameters
    ----------
    model : TreeModel
        The trees.
    codes : TreeCodes
        From values to codes.
    leaves : tuple of Leaf
        In the order of the trees.
    groups : list of Group or None
        Leaves that share tables; None where the trees are too deep for tables.

    Examples
    --------
    >>> import lightgbm
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> data = lightgbm.Dataset(X, X[:, 0] > 20, params={"verbose": -1, "min_data_in_bin": 1})
    >>> parameters = {"objective": "binary", "verbose": -1, "min_data_in_leaf": 5, "num_leaves": 2}
    >>> Forest.read(lightgbm.train(parameters, data, 1).model_to_string()).counted(X[10:]).counts.tolist()
    [19, 11, 11, 19]
    """

    model: TreeModel
    codes: TreeCodes
    leaves: tuple[Leaf, ...]
    groups: list[Group] | None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``Booster.model_to_string`` wrote; the errors are those of :meth:`TreeModel.read`."""
        model = TreeModel.read(text)
        codes, leaves = TreeCodes.of(model), leaves_of(model)
        return cls(model, codes, leaves, grouped(codes, leaves))

    def shallow(self) -> list[Group]:
        """Give the groups; ModelKindError where the trees are too deep for any."""
        if self.groups is None:
            raise ModelKindError(
                "The trees are too deep for tables, which a background needs.",
                hint="fit shallower trees, or take the training rows as counted in the trees' nodes",
            )
        return self.groups

    def counted(self, rows: Floats) -> PatternCounts:
        """Count how many rows meet which conditions of each leaf; the rows themselves are not kept.

        Rows are counted by their places in the groups' tables, of which each belongs to one pattern of each
        leaf.

        Raises
        ------
        BackgroundError
            If there are no rows, or they have other columns.
        ModelKindError
            If the trees are too deep for tables.
        """
        groups, rows = self.shallow(), np.asarray(rows, np.float64)
        check_rows(rows, self.model.n_features)
        counts = [np.full(1, len(rows))] * len(self.leaves)
        for group, places in zip(groups, self._places(groups, rows), strict=True):
            for leaf, patterns in zip(group.leaves, group.patterns_of(self.leaves), strict=True):
                size = 1 << len(self.leaves[leaf].features)
                counts[leaf] = np.bincount(patterns, weights=places, minlength=size).astype(np.int64)
        return PatternCounts(len(rows), np.concatenate([np.empty(0, np.int64), *counts]))

    def _places(self, groups: list[Group], rows: Floats) -> list[Ints]:
        """Count the rows at each place of each group's tables."""
        sizes = [group.patterns for group in groups]
        firsts, line = np.cumsum([0, *sizes], dtype=np.int64), self.codes.layout(rows)
        of_groups, tests, _ = layout(groups)

        def count(part: slice) -> Ints:
            found = np.zeros(int(firsts[-1]), np.int64)
            count_places(*line, part.start, part.stop, *self.codes.arrays, of_groups, tests, firsts, found)
            return found

        found = np.sum(in_threads(count, blocks(len(rows), ROWS_OF_A_THREAD)), axis=0)
        return [found[first:last] for first, last in pairwise(firsts)]
