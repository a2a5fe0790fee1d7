"""The leaves of a model with the conditions on their paths, and how a background meets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import BundleError
from dropout_risk.explanation.tree_model import Tree, TreeModel

Floats = NDArray[np.float64]
MOST_CONDITIONS = 12
"""Features on one path up to which patterns are counted: 4,096 of them."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """What a leaf adds, and what a row must meet to reach it.

    Parameters
    ----------
    tree : int
        Its tree.
    value : float
        What it adds to the log-odds.
    path : tuple of (int, int)
        Node and child, from the root down.
    features : tuple of int
        The different features on the path.
    conditions : tuple of tuple of (int, bool)
        For each feature its nodes, and whether the path goes left there.
    shares : tuple of float
        For each feature the product of the shares of training rows that went the leaf's way.
    """

    tree: int
    value: float
    path: tuple[tuple[int, int], ...]
    features: tuple[int, ...]
    conditions: tuple[tuple[tuple[int, bool], ...], ...]
    shares: tuple[float, ...]

    def patterns(self, left: dict[int, NDArray[np.bool_]], size: int) -> NDArray[np.intp]:
        """Give the conditions that each row meets as bits, from what goes left at each node."""
        found = np.zeros(size, np.intp)
        for place, nodes in enumerate(self.conditions):
            met = np.ones(size, np.bool_)
            for node, wants_left in nodes:
                met &= left[node] == wants_left
            found |= met.astype(np.intp) << place
        return found


def leaves_of(model: TreeModel) -> tuple[Leaf, ...]:
    """Give the leaves of all trees, in the order of the trees."""
    return tuple(
        _leaf(number, tree, leaf, path)
        for number, tree in enumerate(model.trees)
        for leaf, path in tree.paths()
    )


def _leaf(number: int, tree: Tree, leaf: int, path: tuple[tuple[int, int], ...]) -> Leaf:
    conditions: dict[int, list[tuple[int, bool]]] = {}
    shares: dict[int, float] = {}
    for node, child in path:
        feature = int(tree.feature[node])
        conditions.setdefault(feature, []).append((node, child == tree.left[node]))
        shares[feature] = shares.get(feature, 1.0) * tree.share(node, child)
    value = float(tree.value[leaf])
    together = tuple(map(tuple, conditions.values()))
    return Leaf(number, value, path, tuple(conditions), together, tuple(shares.values()))


def shares_of_patterns(leaf: Leaf) -> Floats:
    """Give the share of training rows for each pattern, the conditions taken as independent."""
    shares = np.ones(1)
    for share in leaf.shares:
        shares = np.concatenate([shares * (1.0 - share), shares * share])
    return shares


@dataclass(frozen=True, eq=False)
class PatternCounts:
    """A background, kept only as how many of its rows meet which conditions of each leaf.

    Parameters
    ----------
    rows : int
        Rows of the background.
    counts : ndarray of int64
        For each leaf in the order of the trees, for each pattern of its conditions.
    """

    rows: int
    counts: NDArray[np.int64]

    def check(self, leaves: Sequence[Leaf]) -> None:
        """Check that the counts are of these leaves: each leaf's add up to all rows.

        Raises
        ------
        BundleError
            If they do not.
        """
        bounds = self._bounds(leaves)
        same = (
            bounds[-1] == len(self.counts) and (np.add.reduceat(self.counts, bounds[:-1]) == self.rows).all()
        )
        if not same or self.rows < 1 or (self.counts < 0).any():
            raise BundleError("The background's counts are not those of these trees.")

    def shares(self, leaves: Sequence[Leaf]) -> list[Floats]:
        """Give, for each leaf, the share of the background for each pattern."""
        return [self.counts[i:j] / self.rows for i, j in pairwise(self._bounds(leaves))]

    @staticmethod
    def _bounds(leaves: Sequence[Leaf]) -> NDArray[np.int64]:
        return np.cumsum([0, *(1 << len(leaf.features) for leaf in leaves)], dtype=np.int64)
