"""Values as whole numbers: how many of a model's cuts lie below a value, and what its nodes make of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.errors import FeatureInputError, ModelKindError
from dropout_risk.explanation.tree_kernels import NO_BREAK, code_rows
from dropout_risk.explanation.tree_model import ALMOST_ZERO, ZERO, Tree, TreeModel

Floats = NDArray[np.float64]
Array = NDArray[Any]
Columns = tuple[Array, Array, Array, Array, Array]
BELOW_ZERO = float(np.nextafter(-ALMOST_ZERO, -np.inf))
MOST_BREAKS = 4
"""A threshold, the two ends of zero, and what is missing."""


@dataclass(frozen=True)
class Outcome:
    """What a node makes of a column's codes: left or right, changing at each break.

    Parameters
    ----------
    column : int
        The column of codes it reads.
    first_left : bool
        Whether code 0 goes left.
    breaks : tuple of int
        Codes from which on the other side is taken, rising.
    """

    column: int
    first_left: bool
    breaks: tuple[int, ...]

    def goes_left(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Say which codes go left."""
        passed = np.searchsorted(np.array(self.breaks), codes, side="right")
        return np.asarray((passed % 2 == 0) == self.first_left)


@dataclass(frozen=True, eq=False)
class TreeCodes:
    """Columns of codes for a model, and the outcome of each node by code.

    A number's code is the count of cuts below it; what is missing has the code after the last. Each set
    of categories that some node asks for is a column of its own, 1 where the category is in the set.

    Parameters
    ----------
    n_features : int
        Columns of the rows.
    arrays : tuple of ndarray
        What :func:`code_rows` reads: feature and kind of each column, where its cuts or sets start, the
        cuts and the sets.
    outcomes : tuple of tuple of Outcome
        For each tree and node.
    """

    n_features: int
    arrays: Columns
    outcomes: tuple[tuple[Outcome, ...], ...]

    @classmethod
    def of(cls, model: TreeModel) -> Self:
        """Gather the cuts and sets of all nodes.

        Raises
        ------
        ModelKindError
            If one feature has more than 65,000 cuts.
        """
        cuts = _cuts(model)
        columns: dict[tuple[int, bytes], int] = {(feature, b""): place for place, feature in enumerate(cuts)}
        for tree in model.trees:
            for node in range(len(tree.feature)):
                columns.setdefault(_column(tree, node), len(columns))
        outcomes = tuple(
            tuple(_outcome(tree, node, columns, cuts) for node in range(len(tree.feature)))
            for tree in model.trees
        )
        return cls(model.n_features, _arrays(columns, cuts), outcomes)

    def layout(self, rows: Floats) -> tuple[Floats, int, int]:
        """Give rows as one line of numbers with the steps between rows and between columns.

        Raises
        ------
        FeatureInputError
            If the rows have another number of columns than the model.
        """
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise FeatureInputError(
                f"The trees read {self.n_features} columns, got an array of shape {rows.shape}."
            )
        if rows.T.flags.c_contiguous:
            return np.ascontiguousarray(rows.T, np.float64).reshape(-1), 1, len(rows)
        return np.ascontiguousarray(rows, np.float64).reshape(-1), self.n_features, 1

    def codes(self, rows: Floats) -> NDArray[np.uint16]:
        """Give the codes of rows, one line for each column of codes."""
        codes = np.empty((len(self.arrays[0]), len(rows)), np.uint16)
        code_rows(*self.layout(rows), 0, len(rows), *self.arrays, codes)
        return codes


def _cuts(model: TreeModel) -> dict[int, Floats]:
    found: dict[int, set[float]] = {}
    for tree in model.trees:
        for node, feature in enumerate(tree.feature.tolist()):
            if tree.is_categorical(node):
                continue
            mine = found.setdefault(feature, set())
            mine.add(float(tree.threshold[node]))
            if tree.missing(node) == ZERO:
                mine.update((BELOW_ZERO, ALMOST_ZERO))
    if any(len(cuts) > NO_BREAK - 3 for cuts in found.values()):
        raise ModelKindError("A feature has more than 65,000 cuts.", hint="fit with a smaller max_bin")
    return {feature: np.array(sorted(cuts)) for feature, cuts in sorted(found.items())}


def _column(tree: Tree, node: int) -> tuple[int, bytes]:
    is_set = tree.is_categorical(node)
    return int(tree.feature[node]), tree.category_set(node).tobytes() if is_set else b""


def _outcome(
    tree: Tree, node: int, columns: dict[tuple[int, bytes], int], cuts: dict[int, Floats]
) -> Outcome:
    column = columns[_column(tree, node)]
    if tree.is_categorical(node):
        return Outcome(column, False, (1,))
    highest = cuts[int(tree.feature[node])]  # of each code; just below 0, what still differs from 0
    highest = np.where((highest < 0) & (highest > BELOW_ZERO), BELOW_ZERO, highest)
    one_of_each_code = np.append(highest, (np.inf, np.nan))
    left = tree.goes_left(node, one_of_each_code)
    return Outcome(column, bool(left[0]), tuple((np.flatnonzero(left[1:] != left[:-1]) + 1).tolist()))


def _arrays(columns: dict[tuple[int, bytes], int], cuts: dict[int, Floats]) -> Columns:
    sizes, numbers, words = [0], [np.empty(0)], [np.empty(0, np.uint32)]
    for feature, bits in columns:
        own = np.frombuffer(bits, np.uint32)
        sizes.append(len(own) if bits else len(cuts[feature]))
        numbers.append(np.zeros(len(own)) if bits else cuts[feature])
        words.append(own if bits else np.zeros(len(cuts[feature]), np.uint32))
    return (
        np.array([feature for feature, _ in columns], np.int64),
        np.array([bool(bits) for _, bits in columns], np.bool_),
        np.cumsum(sizes, dtype=np.int64),
        np.concatenate(numbers),
        np.concatenate(words),
    )
