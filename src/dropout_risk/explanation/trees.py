"""What each feature adds to the raw score of trees: exact Shapley values, cheaper than the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Lock
from typing import Any, ClassVar, Self

import numpy as np

from dropout_risk.arrays import Floats, Longs
from dropout_risk.errors import ModelKindError
from dropout_risk.explanation.contributions import FEW_ROWS, Background, Contributions, check_rows
from dropout_risk.explanation.pattern_tables import (
    Leaf,
    LeafGroup,
    PatternCounts,
    PatternTables,
    group_leaves,
    lay_out_groups,
    leaves_of,
    shares_of_patterns,
)
from dropout_risk.explanation.tree_codes import (
    MOST_BREAKS,
    NO_BREAK,
    TreeCodes,
    TreePaths,
    count_indices,
    walk_trees,
)
from dropout_risk.explanation.tree_model import Tree, TreeModel
from dropout_risk.kernels import blocks, in_threads

FOREST_ROWS = 1 << 16


@dataclass(frozen=True, eq=False)
class Forest:
    """What tables of decision patterns are made from, whatever they are measured against.

    Leaves are in the order of the trees; ``groups`` share tables, and are None where the trees are too deep
    for them.

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
    groups: list[LeafGroup] | None

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``Booster.model_to_string`` wrote; the errors are those of :meth:`TreeModel.read`."""
        model = TreeModel.read(text)
        codes, leaves = TreeCodes.of(model), leaves_of(model)
        return cls(model, codes, leaves, group_leaves(codes, leaves))

    def shallow(self) -> list[LeafGroup]:
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
        leaf. BackgroundError if there are no rows, or they have other columns; ModelKindError if the trees
        are too deep for tables.
        """
        groups, rows = self.shallow(), np.asarray(rows, np.float64)
        check_rows(rows, self.model.n_features)
        counts = [np.full(1, len(rows))] * len(self.leaves)
        for group, positions in zip(groups, self._places(groups, rows), strict=True):
            for leaf, patterns in zip(group.leaves, group.patterns_of(self.leaves), strict=True):
                size = 1 << len(self.leaves[leaf].features)
                counts[leaf] = np.bincount(patterns, weights=positions, minlength=size).astype(np.int64)
        return PatternCounts(len(rows), np.concatenate([np.empty(0, np.int64), *counts]))

    def _places(self, groups: list[LeafGroup], rows: Floats) -> list[Longs]:
        """Count the rows at each place of each group's tables."""
        sizes = [group.patterns for group in groups]
        firsts, line = np.cumsum([0, *sizes], dtype=np.int64), self.codes.line(rows)
        of_groups, tests, _ = lay_out_groups(groups)

        def count(part: slice) -> Longs:
            found = np.zeros(int(firsts[-1]), np.int64)
            count_indices(line, part.start, part.stop, self.codes.columns, of_groups, tests, firsts, found)
            return found

        found = np.sum(in_threads(count, blocks(len(rows), FOREST_ROWS)), axis=0)
        return [found[first:last] for first, last in pairwise(firsts)]


@dataclass(frozen=True, eq=False)
class PathQuadrature:
    """The second exact form, for trees too deep for tables: quadrature along the paths, tree by tree.

    It holds the nodes of a model as :func:`walk_trees` reads them; the base is the training rows' mean score.
    """

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


ROWS_OF_A_THREAD = 8192
TRAINING_ROWS = "training rows as counted in the trees' nodes"
_BUILDING = Lock()


@dataclass(frozen=True, eq=False)
class TreeTerms:
    """Contributions of trees, from tables made once, when the first row is asked for.

    ``counts`` are of the rows that contributions are measured against (interventional); by default the
    training rows as counted in the trees' nodes (path-dependent). ``background`` says in words what the base
    stands for.

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
        """Take the trees of a model, and the rows, or counts of patterns, they are measured against.

        ModelKindError if the model has linear trees or several classes, or trees too deep for a background;
        BackgroundError if the rows are none, or of other columns; BundleError if the text is not that of a
        LightGBM model, or the counts are those of another one.
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
        line = codes.line(encoded)
        values = np.empty((codes.n_features, len(encoded)))

        def add_up(rows: slice) -> None:
            form.kernel(line, rows.start, rows.stop, codes.columns, form.arrays, values)

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
