"""The trees of a LightGBM model as arrays, read from the model's own text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.arrays import Bools, Floats, Longs
from dropout_risk.errors import BundleError, ModelKindError

CATEGORICAL, DEFAULT_LEFT = 1, 2
NONE, ZERO, NAN = 0, 1, 2
"""What LightGBM takes for missing at a split."""
ALMOST_ZERO = float(np.float32(1e-35))
"""LightGBM's zero: every value up to here counts as 0."""


@dataclass(frozen=True, eq=False)
class Tree:
    """One tree; a child below 0 is the leaf ``-1 - child``.

    For each node: the column it reads, its threshold (of a category, the place of its set), LightGBM's bits
    of the decision, its children, and how many training rows came by. For each leaf: what it adds to the
    log-odds, and how many training rows it holds. Sets of categories are bits.
    """

    feature: Longs
    threshold: Floats
    decision: Longs
    left: Longs
    right: Longs
    rows: Longs
    value: Floats
    leaf_rows: Longs
    sets: tuple[NDArray[np.uint32], ...] = ()

    def is_categorical(self, node: int) -> bool:
        """Say whether the node asks for membership in a set."""
        return bool(self.decision[node] & CATEGORICAL)

    def category_set(self, node: int) -> NDArray[np.uint32]:
        """Give the categories that go left, as bits."""
        return self.sets[int(self.threshold[node])]

    def missing(self, node: int) -> int:
        """Give what counts as missing: ``NONE``, ``ZERO`` or ``NAN``."""
        return int(self.decision[node] >> 2) & 3

    def goes_left(self, node: int, values: Floats) -> Bools:
        """Say which numbers go left at a node that asks for a number."""
        missing, default = self.missing(node), bool(self.decision[node] & DEFAULT_LEFT)
        absent = np.isnan(values)
        numbers = np.where(absent | (np.abs(values) <= ALMOST_ZERO), 0.0, values)
        left = np.asarray(numbers <= self.threshold[node])
        if missing == NONE:
            return left
        return np.asarray(np.where(absent if missing == NAN else numbers == 0.0, default, left))

    def share(self, node: int, child: int) -> float:
        """Give the share of the node's training rows that went on to a child."""
        rows = self.rows[child] if child >= 0 else self.leaf_rows[-1 - child]
        return float(rows / self.rows[node])

    def paths(self) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
        """Give each leaf with its path: node and child, from the root down."""
        if not len(self.feature):
            yield 0, ()
            return
        waiting: list[tuple[int, tuple[tuple[int, int], ...]]] = [(0, ())]
        while waiting:
            node, path = waiting.pop()
            if node < 0:
                yield -1 - node, path
                continue
            children = int(self.right[node]), int(self.left[node])
            waiting.extend((child, (*path, (node, child))) for child in children)


@dataclass(frozen=True, eq=False)
class TreeModel:
    """Trees whose values add up to a raw score, in this order.

    >>> import lightgbm
    >>> X = np.arange(40.0).reshape(-1, 1)
    >>> data = lightgbm.Dataset(X, X[:, 0] > 20, params={"verbose": -1, "min_data_in_bin": 1})
    >>> booster = lightgbm.train({"objective": "binary", "verbose": -1, "min_data_in_leaf": 5}, data, 3)
    >>> len(TreeModel.read(booster.model_to_string()).trees)
    3
    """

    n_features: int
    trees: tuple[Tree, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what ``Booster.model_to_string`` wrote.

        BundleError if it is not the text of a LightGBM model; ModelKindError if its contributions cannot be
        computed: linear trees, several classes, averaged trees.
        """
        head, *parts = text.partition("\nend of trees")[0].split("\nTree=")
        about = _read_lines(head)
        try:
            _check_kind(head, about)
            trees = tuple(_read_tree(_read_lines(part)) for part in parts)
            return cls(int(about["max_feature_idx"]) + 1, trees)
        except (KeyError, IndexError, ValueError) as error:
            if isinstance(error, ModelKindError):
                raise
            raise BundleError("The model's text is not that of a LightGBM model.") from error


def _read_lines(part: str) -> dict[str, str]:
    pairs = (line.partition("=") for line in part.splitlines())
    return {key: value for key, sign, value in pairs if sign}


def _check_kind(head: str, about: Mapping[str, str]) -> None:
    if int(about["num_tree_per_iteration"]) != 1:
        raise ModelKindError("The model has several classes.", hint="fit one model for each class")
    if "average_output" in head.splitlines():
        raise ModelKindError("The model averages its trees.", hint="fit with boosting 'gbdt' or 'dart'")


def _read_tree(given: Mapping[str, str]) -> Tree:
    if int(given.get("is_linear", "0")):
        raise ModelKindError(
            "The model has linear trees, whose contributions are not those of constant leaves.",
            hint="fit with linear_tree=False",
        )
    bounds = _read_integers(given, "cat_boundaries").tolist()
    words = _read_integers(given, "cat_threshold").astype(np.uint32)
    rows = _read_integers(given, "internal_count")
    if np.any(rows <= 0):
        raise ModelKindError(
            "A node of the model has no training rows, so that nothing weighs its branches.",
            hint="fit again instead of editing the model's text",
        )
    return Tree(
        feature=_read_integers(given, "split_feature"),
        threshold=_read_floats(given, "threshold"),
        decision=_read_integers(given, "decision_type"),
        left=_read_integers(given, "left_child"),
        right=_read_integers(given, "right_child"),
        rows=rows,
        value=_read_floats(given, "leaf_value"),
        leaf_rows=_read_integers(given, "leaf_count"),
        sets=tuple(words[start:stop] for start, stop in pairwise(bounds)),
    )


def _read_floats(given: Mapping[str, str], name: str) -> Floats:
    return np.array([float(word) for word in given.get(name, "").split()], np.float64)


def _read_integers(given: Mapping[str, str], name: str) -> Longs:
    return np.array([int(word) for word in given.get(name, "").split()], np.int64)
