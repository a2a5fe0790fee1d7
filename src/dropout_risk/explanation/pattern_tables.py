"""Decision-pattern tables: what a leaf adds to each feature, looked up by the conditions a row meets.

A leaf with k features on its path knows 2^k patterns of conditions met. Shapley values against a background
are averages over the background's patterns, so they can be written down once for each pattern of a row.
Leaves of one subtree share their nodes, so their tables are added into one, which a row looks up by the
outcomes of those nodes (docs/decisions/0009).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Longs, Positions
from dropout_risk.errors import BundleError
from dropout_risk.explanation.tree_codes import GroupTables, NodeOutcome, TreeCodes, look_up
from dropout_risk.explanation.tree_model import Tree, TreeModel

MOST_CONDITIONS = 12
"""Features on one path up to which patterns are counted: 4,096 of them."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """What a leaf of a tree adds to the log-odds, and what a row must meet to reach it.

    ``path`` is nodes and children from the root down, ``features`` the different ones on it. For each feature
    ``conditions`` holds its nodes and whether the path goes left there, and ``shares`` the product of the
    shares of training rows that went the leaf's way.
    """

    tree: int
    value: float
    path: tuple[tuple[int, int], ...]
    features: tuple[int, ...]
    conditions: tuple[tuple[tuple[int, bool], ...], ...]
    shares: tuple[float, ...]

    def patterns(self, left: dict[int, Bools], size: int) -> Positions:
        """Give the conditions that each row meets as bits, from what goes left at each node."""
        found = np.zeros(size, np.intp)
        for position, nodes in enumerate(self.conditions):
            met = np.ones(size, np.bool_)
            for node, wants_left in nodes:
                met &= left[node] == wants_left
            found |= met.astype(np.intp) << position
        return found


def leaves_of(model: TreeModel) -> tuple[Leaf, ...]:
    """Give the leaves of all trees, in the order of the trees."""
    return tuple(
        _read_leaf(number, tree, leaf, path)
        for number, tree in enumerate(model.trees)
        for leaf, path in tree.paths()
    )


def _read_leaf(number: int, tree: Tree, leaf: int, path: tuple[tuple[int, int], ...]) -> Leaf:
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

    Leaf by leaf in the order of the trees, ``counts`` has a number for each pattern of its conditions.
    """

    rows: int
    counts: Longs

    def check(self, leaves: Sequence[Leaf]) -> None:
        """BundleError unless the counts are of these leaves: each leaf's add up to all rows."""
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
    def _bounds(leaves: Sequence[Leaf]) -> Longs:
        return np.cumsum([0, *(1 << len(leaf.features) for leaf in leaves)], dtype=np.int64)


GROUP_BYTES = 20_000
"""Leaves share tables up to this size: they stay in the fastest cache of a core."""
MOST_BYTES = 64_000_000
"""Tables larger than this, together, would not be quicker than a walk through the trees."""
MOST_PATTERNS = 1 << MOST_CONDITIONS


@dataclass(frozen=True, eq=False)
class PatternTables:
    """Tables for a model and a background; the base is the background's mean raw score."""

    base: float
    arrays: GroupTables
    kernel: ClassVar[Any] = staticmethod(look_up)

    @classmethod
    def build(cls, together: Sequence[LeafGroup], leaves: Sequence[Leaf], shares: Sequence[Floats]) -> Self:
        """Write down what each pattern adds; leaves are in the order of the trees.

        ``shares`` is, for each leaf, the share of the background with each pattern of its conditions.
        """
        of_leaves = leaf_tables(leaves, shares)
        tables = [group.table(of_leaves, leaves).reshape(-1) for group in together]
        base = 0.0
        for leaf, share in zip(leaves, shares, strict=True):
            base += leaf.value * share[-1]
        return cls(
            float(base), GroupTables(*lay_out_groups(together), np.concatenate([np.empty(0), *tables]))
        )


@dataclass(frozen=True)
class ColumnOutcomes:
    """The nodes of a group that read one column of codes.

    ``breaks`` are the codes at which some node changes sides, rising. ``kinds`` says, before the first break
    and from each break on, which of the different outcomes of all these nodes together it is, counted from 0.
    """

    breaks: tuple[int, ...]
    kinds: tuple[int, ...]

    @classmethod
    def of(cls, outcomes: Sequence[NodeOutcome]) -> Self:
        """Count the different outcomes of nodes that read one column."""
        breaks = sorted({code for one in outcomes for code in one.breaks})
        left = [one.first_left for one in outcomes]
        known = {tuple(left): 0}
        kinds = [0]
        for code in breaks:
            left = [side ^ (code in one.breaks) for side, one in zip(left, outcomes, strict=True)]
            kinds.append(known.setdefault(tuple(left), len(known)))
        return cls(tuple(breaks), tuple(kinds))

    @property
    def n(self) -> int:
        """How many different outcomes there are."""
        return max(self.kinds) + 1

    def tests(self, column: int, stride: int) -> list[tuple[int, int, int]]:
        """Give column, least code that passes, and what passing adds to the place, which may be negative."""
        steps = zip(self.breaks, self.kinds[:-1], self.kinds[1:], strict=True)
        return [(column, code, stride * (after - before)) for code, before, after in steps]

    def codes(self) -> Positions:
        """Give one code for each different outcome."""
        starts = (0, *self.breaks)
        return np.array([starts[self.kinds.index(kind)] for kind in range(self.n)])


@dataclass(frozen=True, eq=False)
class LeafGroup:
    """Leaves of one subtree, and what a row must be asked to find its place in their tables.

    ``outcomes`` is by node on the paths, ``sides`` by column of codes, ``features`` all those on the paths.
    """

    outcomes: dict[int, NodeOutcome]
    leaves: list[int]
    features: tuple[int, ...]
    sides: dict[int, ColumnOutcomes]

    @classmethod
    def of(cls, codes: TreeCodes, positions: list[int], leaves: Sequence[Leaf]) -> Self:
        """Gather nodes and features of leaves of one tree."""
        tree = codes.outcomes[leaves[positions[0]].tree]
        nodes = sorted({node for position in positions for node, _ in leaves[position].path})
        features = {feature for position in positions for feature in leaves[position].features}
        by_column: dict[int, list[NodeOutcome]] = {}
        for node in nodes:
            by_column.setdefault(tree[node].column, []).append(tree[node])
        sides = {column: ColumnOutcomes.of(by_column[column]) for column in sorted(by_column)}
        return cls({node: tree[node] for node in nodes}, positions, tuple(sorted(features)), sides)

    @property
    def patterns(self) -> int:
        """How many outcomes of all nodes together are possible, seen column by column."""
        return prod(sides.n for sides in self.sides.values())

    @property
    def nbytes(self) -> int:
        """Size of its tables."""
        return self.patterns * len(self.features) * 8

    @property
    def tests(self) -> list[tuple[int, int, int]]:
        """What a row is asked: column, least code that passes, and what passing adds to the place."""
        found, stride = [], 1
        for column, sides in self.sides.items():
            found.extend(sides.tests(column, stride))
            stride *= sides.n
        return found

    def patterns_of(self, leaves: Sequence[Leaf]) -> list[Positions]:
        """Give, for each of its leaves, the pattern of conditions met at each place."""
        position, code, stride = np.arange(self.patterns), {}, 1
        for column, sides in self.sides.items():
            code[column] = sides.codes()[position // stride % sides.n]
            stride *= sides.n
        left = {node: outcome.goes_left(code[outcome.column]) for node, outcome in self.outcomes.items()}
        return [leaves[leaf].patterns(left, self.patterns) for leaf in self.leaves]

    def table(self, of_leaves: Sequence[Floats], leaves: Sequence[Leaf]) -> Floats:
        """Add up the tables of its leaves, one line for each feature."""
        line = {feature: number for number, feature in enumerate(self.features)}
        table = np.zeros((len(self.features), self.patterns))
        for leaf, patterns in zip(self.leaves, self.patterns_of(leaves), strict=True):
            found = of_leaves[leaf][:, patterns]
            for number, feature in enumerate(leaves[leaf].features):
                table[line[feature]] += found[number]
        return table


def group_leaves(codes: TreeCodes, leaves: Sequence[Leaf]) -> list[LeafGroup] | None:
    """Put the leaves of each subtree together as long as their tables stay within ``GROUP_BYTES``.

    Invariant: every leaf with a path is in one group or waits in one subtree. Order: tree by tree, and of a
    subtree that is too large the left side first, so that sums are added up in the order of the leaves. None
    where a single path has more than ``MOST_PATTERNS``, or all tables more than ``MOST_BYTES``.
    """
    trees: dict[int, list[int]] = {}
    for position, leaf in enumerate(leaves):
        if len(leaf.features) > MOST_CONDITIONS:
            return None
        if leaf.path:
            trees.setdefault(leaf.tree, []).append(position)
    waiting = [(positions, 0) for positions in reversed(trees.values())]
    found, size = [], 0
    while waiting:
        positions, level = waiting.pop()
        group = LeafGroup.of(codes, positions, leaves)
        if len(positions) > 1 and group.nbytes > GROUP_BYTES:
            sides: dict[int, list[int]] = {}
            for position in positions:
                sides.setdefault(leaves[position].path[level][1], []).append(position)
            waiting.extend((side, level + 1) for side in reversed(sides.values()))
            continue
        found.append(group)
        size += group.nbytes
        if group.patterns > MOST_PATTERNS or size > MOST_BYTES:
            return None
    return found


def lay_out_groups(together: Sequence[LeafGroup]) -> tuple[Longs, Longs, Longs]:
    """Lay groups end to end: where tests, features and tables of each lie; the tests; the features."""
    groups: list[tuple[int, ...]] = []
    tests: list[tuple[int, int, int]] = []
    added: list[int] = []
    size = 0
    for group in together:
        own, features = group.tests, group.features
        groups.append((len(tests), len(tests) + len(own), len(added), len(added) + len(features),
                       size, group.patterns))  # fmt: skip
        tests.extend(own)
        added.extend(features)
        size += group.patterns * len(features)
    return (
        np.array(groups, np.int64).reshape(-1, 6),
        np.array(tests, np.int64).reshape(-1, 3),
        np.array(added, np.int64),
    )


def leaf_tables(leaves: Sequence[Leaf], shares: Sequence[Floats]) -> list[Floats]:
    """Give, for each leaf, what each pattern of a row adds to each feature, shape (k, 2^k)."""
    tables: list[Floats] = [np.empty((0, 1))] * len(leaves)
    by_size: dict[int, list[int]] = {}
    for position, leaf in enumerate(leaves):
        if leaf.features:
            by_size.setdefault(len(leaf.features), []).append(position)
    for positions in by_size.values():
        values = np.array([leaves[position].value for position in positions])
        together = pattern_contributions(np.stack([shares[position] for position in positions]))
        for position, table in zip(positions, together * values[:, np.newaxis, np.newaxis], strict=True):
            tables[position] = table
    return tables


def pattern_contributions(shares: Floats) -> Floats:
    """Give the Shapley values of leaves of value 1, by pattern of the row, shape (n, k, 2^k).

    With o and z the conditions that a row and the background meet, feature j gets the mean over z of ``(o_j -
    z_j)`` times the integral over t from 0 to 1 of the product over the others of ``t o + (1 - t) z``. That
    is a polynomial of degree k - 1, of which Gauss-Legendre quadrature with (k + 1) // 2 points gives the
    integral exactly. At each point the mean over all z is taken one condition (one bit of the pattern) after
    the other, as in a fast Fourier transform: k steps instead of 2^k. ``shares``, shape (n, 2^k), is the
    share of the background with each pattern, by leaf.

    >>> pattern_contributions(np.array([[0.75, 0.25]])).tolist()
    [[[-0.25, 0.75]]]
    """
    k = shares.shape[1].bit_length() - 1
    found = np.zeros((len(shares), k, 1 << k))
    points, weights = np.polynomial.legendre.leggauss((k + 1) // 2)
    difference = np.array([[0.0, -1.0], [1.0, 0.0]])
    for t, weight in zip((points + 1) / 2, weights / 2, strict=True):
        mixed = np.array([[0.0, 1.0 - t], [t, 1.0]])
        for feature in range(k):
            part = shares
            for axis in range(k):
                cut = part.reshape(len(shares), -1, 2, 1 << axis)
                turn = difference if axis == feature else mixed
                part = np.stack(
                    [
                        turn[0, 0] * cut[:, :, 0] + turn[0, 1] * cut[:, :, 1],
                        turn[1, 0] * cut[:, :, 0] + turn[1, 1] * cut[:, :, 1],
                    ],
                    axis=2,
                )
            found[:, feature] += weight * part.reshape(len(shares), -1)
    return found
