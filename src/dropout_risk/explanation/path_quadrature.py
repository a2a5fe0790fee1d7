"""The second exact form, for trees too deep for tables: quadrature along the paths, tree by tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.explanation.pattern_tables import Leaf
from dropout_risk.explanation.tree_codes import MOST_BREAKS, NO_BREAK, TreeCodes, TreePaths, walk_trees
from dropout_risk.explanation.tree_model import Tree, TreeModel


@dataclass(frozen=True, eq=False)
class PathQuadrature:
    """The nodes of a model as :func:`walk_trees` reads them; the base is the training rows' mean score."""

    base: float
    arrays: TreePaths
    kernel: ClassVar[Any] = staticmethod(walk_trees)

    @classmethod
    def build(cls, model: TreeModel, codes: TreeCodes, leaves: Sequence[Leaf]) -> Self:
        """Lay out the trees; half as many points as the longest path has features are exact."""
        base, most, depth = 0.0, [1] * len(model.trees), [0] * len(model.trees)
        for leaf in leaves:
            base += leaf.value * float(np.prod(leaf.shares))
            most[leaf.tree] = max(most[leaf.tree], len(leaf.features))
            depth[leaf.tree] = max(depth[leaf.tree], len(leaf.path))
        rules = _Rules()
        trees: list[tuple[int, ...]] = []
        nodes: list[tuple[int, ...]] = []
        breaks: list[tuple[int, ...]] = []
        shares: list[tuple[float, ...]] = []
        values: list[float] = []
        for number, tree in enumerate(model.trees):
            if not len(tree.feature):
                continue
            trees.append((len(nodes), depth[number], *rules.bounds_of((most[number] + 1) // 2)))
            earlier = _earlier_levels(tree)
            first = len(nodes), len(values)
            for node, outcome in enumerate(codes.outcomes[number]):
                sides = int(tree.left[node]), int(tree.right[node])
                children = [side + first[0] if side >= 0 else side - first[1] for side in sides]
                nodes.append(
                    (outcome.column, tree.feature[node], outcome.first_left, earlier[node], *children)
                )
                breaks.append(outcome.breaks + (NO_BREAK,) * (MOST_BREAKS - len(outcome.breaks)))
                shares.append(tuple(tree.share(node, side) for side in sides))
            values.extend(tree.value.tolist())
        return cls(
            base,
            TreePaths(
                np.array(trees, np.int64).reshape(-1, 4),
                np.array(nodes, np.int64).reshape(-1, 6),
                np.array(breaks, np.uint16).reshape(-1, MOST_BREAKS),
                np.array(shares, np.float64).reshape(-1, 2),
                np.array(values, np.float64),
                np.array(rules.points, np.float64),
                np.array(rules.weights, np.float64),
            ),
        )


class _Rules:
    """Points and weights of Gauss-Legendre quadrature from 0 to 1, each number of points once."""

    def __init__(self) -> None:
        self.points: list[float] = []
        self.weights: list[float] = []
        self._bounds: dict[int, tuple[int, int]] = {}

    def bounds_of(self, n: int) -> tuple[int, int]:
        """Give where the points and weights of the rule with n points stand."""
        if n not in self._bounds:
            points, weights = np.polynomial.legendre.leggauss(n)
            self._bounds[n] = len(self.points), len(self.points) + n
            self.points.extend((points + 1) / 2)
            self.weights.extend(weights / 2)
        return self._bounds[n]


def _earlier_levels(tree: Tree) -> dict[int, int]:
    """Give for each node the level of the nearest node above it that asks for the same feature, or -1."""
    found: dict[int, int] = {}
    for _, path in tree.paths():
        seen: dict[int, int] = {}
        for level, (node, _) in enumerate(path):
            found[node] = seen.get(int(tree.feature[node]), -1)
            seen[int(tree.feature[node])] = level
    return found
