"""Values as whole numbers: how many of a model's cuts lie below a value, and what its nodes make of that."""

# ruff: noqa: PLR0912, PLR0915, PLR0917 - a kernel takes plain arrays by place, and calls cost where loops are hot

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dropout_risk.arrays import Array, Bools, Floats, Longs
from dropout_risk.errors import FeatureInputError, ModelKindError
from dropout_risk.explanation.tree_model import ALMOST_ZERO, ZERO, Tree, TreeModel
from dropout_risk.kernels import kernel

BLOCK = 512
"""Rows at a time: their codes and sums stay in the cache of one core."""
FEW = 8
"""Rows up to which it is quicker to go through the tables row by row."""
NO_BREAK = 65535
"""No code is as large."""


class RowLine(NamedTuple):
    """Rows as one line of numbers, with the steps from a row and from a column to the next."""

    values: Floats
    row_step: int
    column_step: int


class CodeColumns(NamedTuple):
    """What makes codes of values, column of codes by column of codes.

    Each reads a feature, and ``is_set`` says whether it asks for a set of categories. ``starts`` is where its
    cuts (rising), or the words of its set (bits), begin.
    """

    features: Longs
    is_set: Bools
    starts: Longs
    cuts: Floats
    words: Array


class GroupTables(NamedTuple):
    """Groups of leaves with the tables they share.

    ``groups`` has six columns: where the group's tests, features and tables begin and end, and its table's
    size; ``tests`` three: column of codes, least code that passes, and what passing adds to the index in the
    tables. ``added`` are the features that the groups add to; ``tables`` hold, end to end, one for each.
    """

    groups: Longs
    tests: Longs
    added: Longs
    tables: Floats


class TreePaths(NamedTuple):
    """Trees laid out for a walk, and the rules of quadrature, end to end.

    ``trees`` has four columns: root, depth, and where the points of its rule begin and end; ``nodes`` six:
    column of codes, feature, whether code 0 goes left, the level of the nearest node above that asks for the
    same feature (or -1), and the two children, of which one below 0 is the leaf ``-1 - child``. ``breaks``,
    shape (n_nodes, MOST_BREAKS), are codes from which on the other side is taken; ``shares`` of the training
    rows that went left and right; ``leaves`` what each adds.
    """

    trees: Longs
    nodes: Longs
    breaks: Array
    shares: Floats
    leaves: Floats
    points: Floats
    weights: Floats


@kernel
def code_rows(line: RowLine, first: int, count: int, columns: CodeColumns, codes: Array) -> None:
    """Write, column by column, how many cuts lie below a value, or whether a category is in a set.

    Invariant: ``value <= cut[i]`` just where ``code <= i``, so a node decides by codes what it decides by
    values, and rows of equal codes go the same way everywhere. A missing value's code lies above all counts.
    """
    numbers = np.empty(count)
    for column in range(len(columns.features)):
        begin = first * line.row_step + columns.features[column] * line.column_step
        start = columns.starts[column]
        size = columns.starts[column + 1] - start
        if columns.is_set[column]:
            for row in range(count):
                value = line.values[begin + row * line.row_step]
                code = 0
                if value > -1.0 and value < 32.0 * size:
                    category = np.int64(value)
                    code = (columns.words[start + (category >> 5)] >> np.uint32(category & 31)) & 1
                codes[column, row] = code
            continue
        for row in range(count):
            value = line.values[begin + row * line.row_step]
            numbers[row] = 0.0 if abs(value) <= ALMOST_ZERO else value
        below = codes[column]
        for row in range(count):
            below[row] = 0
        if count <= FEW:
            for row in range(count):
                found = 0
                for cut in range(start, start + size):
                    found += 1 if columns.cuts[cut] < numbers[row] else 0
                below[row] = found
        else:  # eight rows at a time beat a search, whose branches nobody can foresee
            for cut in range(start, start + size):
                bound = columns.cuts[cut]
                for row in range(count):
                    below[row] += np.uint16(1) if bound < numbers[row] else np.uint16(0)
        for row in range(count):
            below[row] = np.uint16(size + 1) if np.isnan(numbers[row]) else below[row]


@kernel
def find_indices(codes: Array, count: int, group: Longs, tests: Longs, indices: Array) -> None:
    """Find the index of each of some rows in a group's tables.

    The tests of one column pass in the order of their codes, and what they add leads from the number of one
    outcome to that of the next; columns have strides of their own, like digits. So the sum over the tests
    that pass is the index of all outcomes together, in 16 bits without a sign, where less than 0 wraps round
    and comes back.
    """
    for row in range(count):
        indices[row] = 0
    for test in range(group[0], group[1]):
        column, stride = codes[tests[test, 0]], np.uint16(tests[test, 2])
        least = np.uint16(tests[test, 1])
        for row in range(count):
            indices[row] += stride if column[row] >= least else np.uint16(0)


@kernel
def look_up(
    line: RowLine, first: int, last: int, columns: CodeColumns, form: GroupTables, out: Floats
) -> None:  # fmt: skip
    """Add up, for rows ``first`` to ``last``, what the pattern tables hold.

    Order: blocks of rows that fit the cache; in a block group by group, in a group feature by feature. A
    row's sum for a feature is added up in the order of the groups, with few rows (row by row) as with many
    (table by table), so its bits depend on the row alone. Exact: a table holds the Shapley values of its
    leaves for every outcome of their nodes, and every leaf is in one group.
    """
    groups, tests, added, tables = form.groups, form.tests, form.added, form.tables
    n_features = out.shape[0]
    size = min(BLOCK, last - first)
    codes = np.empty((len(columns.features), size), np.uint16)
    indices = np.empty(size, np.uint16)
    sums = np.empty((n_features, size))
    for start in range(first, last, BLOCK):
        count = min(BLOCK, last - start)
        code_rows(line, start, count, columns, codes)
        sums[:, :count] = 0.0
        if count <= FEW:
            for row in range(count):
                for group in range(len(groups)):
                    index = 0
                    for test in range(groups[group, 0], groups[group, 1]):
                        if codes[tests[test, 0], row] >= tests[test, 1]:
                            index += tests[test, 2]
                    table = groups[group, 4] + index
                    for item in range(groups[group, 2], groups[group, 3]):
                        sums[added[item], row] += tables[table]
                        table += groups[group, 5]
        else:
            for group in range(len(groups)):
                find_indices(codes, count, groups[group], tests, indices)
                table = groups[group, 4]
                for item in range(groups[group, 2], groups[group, 3]):
                    one = tables[table : table + groups[group, 5]]
                    total = sums[added[item]]
                    for row in range(count):
                        total[row] += one[indices[row]]
                    table += groups[group, 5]
        for feature in range(n_features):
            for row in range(count):
                out[feature, start + row] = sums[feature, row]


@kernel
def count_indices(
    line: RowLine, first: int, last: int, columns: CodeColumns,
    groups: Longs, tests: Longs, firsts: Longs, counts: Longs,
) -> None:  # fmt: skip
    """Count, for rows ``first`` to ``last``, how many have which index in each group's tables."""
    size = min(BLOCK, last - first)
    codes = np.empty((len(columns.features), size), np.uint16)
    indices = np.empty(size, np.uint16)
    for start in range(first, last, BLOCK):
        count = min(BLOCK, last - start)
        code_rows(line, start, count, columns, codes)
        for group in range(len(groups)):
            find_indices(codes, count, groups[group], tests, indices)
            for row in range(count):
                counts[firsts[group] + indices[row]] += 1


@kernel
def walk_trees(
    line: RowLine, first: int, last: int, columns: CodeColumns, form: TreePaths, out: Floats
) -> None:  # fmt: skip
    """Add up contributions by Gauss-Legendre quadrature, in one walk up and down each tree for each row.

    With o and w a feature's condition met (0 or 1) and its share of the training rows on the path so far, a
    leaf with k features is worth its value times the product of ``(1 - t) w + t o``, and feature j's part is
    the integral over t of ``(o_j - w_j)`` times the product over the others.

    Invariant: at a node, ``product`` is the weight of each point t times the product over the features
    above, and ``total`` the sum over the leaves below that were passed. Order: depth first, left before
    right. Down, a node puts its feature's factor in the place of the one from an earlier node of the same
    feature; up, the sum below goes to the feature, as the derivative of that factor over the factor less the
    same of the earlier one, and to the node above. Exact: the integral is of a polynomial of degree k - 1,
    and so are (k + 1) // 2 points. No factor is 0, for 0 < t < 1, but where o and w are: there is no leaf to
    count.
    """
    trees, nodes = form.trees, form.nodes
    size = min(BLOCK, last - first)
    codes = np.empty((len(columns.features), size), np.uint16)
    depth = 0
    most = 1
    for tree in range(len(trees)):
        depth = max(depth, trees[tree, 1])
        most = max(most, trees[tree, 3] - trees[tree, 2])
    node_at = np.empty(depth + 1, np.int64)
    side_at = np.empty(depth + 1, np.int64)
    met = np.empty(depth + 1)
    share = np.empty(depth + 1)
    factor = np.empty((depth + 1, most))
    product = np.empty((depth + 2, most))
    total = np.empty((depth + 2, most))
    for start in range(first, last, BLOCK):
        count = min(BLOCK, last - start)
        code_rows(line, start, count, columns, codes)
        for feature in range(out.shape[0]):
            for row in range(count):
                out[feature, start + row] = 0.0
        for tree in range(len(trees)):
            low, n = trees[tree, 2], trees[tree, 3] - trees[tree, 2]
            for row in range(count):
                level = 0
                node_at[0], side_at[0] = trees[tree, 0], -1
                for q in range(n):
                    product[0, q] = form.weights[low + q]
                    total[0, q] = 0.0
                while level >= 0:
                    node = node_at[level]
                    earlier = nodes[node, 3]
                    side = side_at[level]
                    if side >= 0:  # back from a child: hand its sum to the feature and to the node above
                        slope = met[level] - share[level]
                        before = met[earlier] - share[earlier] if earlier >= 0 else 0.0
                        gain = 0.0
                        for q in range(n):
                            rate = slope / factor[level, q]
                            if earlier >= 0:
                                rate -= before / factor[earlier, q]
                            gain += total[level + 1, q] * rate
                            total[level, q] += total[level + 1, q]
                        out[nodes[node, 1], start + row] += gain
                    side_at[level] = side + 1
                    if side == 1:
                        level -= 1
                        continue
                    side += 1
                    code = codes[nodes[node, 0], row]
                    left = nodes[node, 2]
                    for position in range(form.breaks.shape[1]):
                        left ^= code >= form.breaks[node, position]
                    child = nodes[node, 4 + side]
                    met[level] = 1.0 if left != side else 0.0
                    share[level] = form.shares[node, side]
                    if earlier >= 0:
                        met[level] *= met[earlier]
                        share[level] *= share[earlier]
                    if met[level] == 0.0 and share[level] == 0.0:  # neither the row nor any other comes here
                        for q in range(n):
                            factor[level, q] = 1.0
                            total[level + 1, q] = 0.0
                        continue
                    for q in range(n):
                        t = form.points[low + q]
                        factor[level, q] = (1.0 - t) * share[level] + t * met[level]
                        scale = factor[level, q]
                        if earlier >= 0:
                            scale /= factor[earlier, q]
                        product[level + 1, q] = product[level, q] * scale
                    if child < 0:
                        for q in range(n):
                            total[level + 1, q] = form.leaves[-1 - child] * product[level + 1, q]
                    else:
                        for q in range(n):
                            total[level + 1, q] = 0.0
                        level += 1
                        node_at[level], side_at[level] = child, -1


BELOW_ZERO = float(np.nextafter(-ALMOST_ZERO, -np.inf))
MOST_BREAKS = 4
"""A threshold, the two ends of zero, and what is missing."""


@dataclass(frozen=True)
class NodeOutcome:
    """What a node makes of a column's codes: left or right, changing at each break.

    ``first_left`` says whether code 0 goes left; breaks rise.
    """

    column: int
    first_left: bool
    breaks: tuple[int, ...]

    def goes_left(self, codes: Array) -> Bools:
        """Say which codes go left."""
        passed = np.searchsorted(np.array(self.breaks), codes, side="right")
        return np.asarray((passed % 2 == 0) == self.first_left)


@dataclass(frozen=True, eq=False)
class TreeCodes:
    """Columns of codes for a model, and the outcome of each tree's nodes by code.

    A number's code is the count of cuts below it; what is missing has the code after the last. Each set of
    categories that some node asks for is a column of its own, 1 where the category is in the set.
    """

    n_features: int
    columns: CodeColumns
    outcomes: tuple[tuple[NodeOutcome, ...], ...]

    @classmethod
    def of(cls, model: TreeModel) -> Self:
        """Gather the cuts and sets of all nodes; ModelKindError if one feature has more than 65,000 cuts."""
        cuts = _collect_cuts(model)
        columns: dict[tuple[int, bytes], int] = {
            (feature, b""): position for position, feature in enumerate(cuts)
        }
        for tree in model.trees:
            for node in range(len(tree.feature)):
                columns.setdefault(_column_key(tree, node), len(columns))
        outcomes = tuple(
            tuple(_node_outcome(tree, node, columns, cuts) for node in range(len(tree.feature)))
            for tree in model.trees
        )
        return cls(model.n_features, _code_columns(columns, cuts), outcomes)

    def line(self, rows: Floats) -> RowLine:
        """Give rows as one line of numbers; FeatureInputError if they have other columns than the model."""
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise FeatureInputError(
                f"The trees read {self.n_features} columns, got an array of shape {rows.shape}."
            )
        if rows.T.flags.c_contiguous:
            return RowLine(np.ascontiguousarray(rows.T, np.float64).reshape(-1), 1, len(rows))
        return RowLine(np.ascontiguousarray(rows, np.float64).reshape(-1), self.n_features, 1)

    def codes(self, rows: Floats) -> NDArray[np.uint16]:
        """Give the codes of rows, one line for each column of codes."""
        codes = np.empty((len(self.columns.features), len(rows)), np.uint16)
        code_rows(self.line(rows), 0, len(rows), self.columns, codes)
        return codes


def _collect_cuts(model: TreeModel) -> dict[int, Floats]:
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


def _column_key(tree: Tree, node: int) -> tuple[int, bytes]:
    is_set = tree.is_categorical(node)
    return int(tree.feature[node]), tree.category_set(node).tobytes() if is_set else b""


def _node_outcome(
    tree: Tree, node: int, columns: dict[tuple[int, bytes], int], cuts: dict[int, Floats]
) -> NodeOutcome:
    column = columns[_column_key(tree, node)]
    if tree.is_categorical(node):
        return NodeOutcome(column, False, (1,))
    highest = cuts[int(tree.feature[node])]  # of each code; just below 0, what still differs from 0
    highest = np.where((highest < 0) & (highest > BELOW_ZERO), BELOW_ZERO, highest)
    one_of_each_code = np.append(highest, (np.inf, np.nan))
    left = tree.goes_left(node, one_of_each_code)
    return NodeOutcome(column, bool(left[0]), tuple((np.flatnonzero(left[1:] != left[:-1]) + 1).tolist()))


def _code_columns(columns: dict[tuple[int, bytes], int], cuts: dict[int, Floats]) -> CodeColumns:
    sizes, numbers, words = [0], [np.empty(0)], [np.empty(0, np.uint32)]
    for feature, bits in columns:
        own = np.frombuffer(bits, np.uint32)
        sizes.append(len(own) if bits else len(cuts[feature]))
        numbers.append(np.zeros(len(own)) if bits else cuts[feature])
        words.append(own if bits else np.zeros(len(cuts[feature]), np.uint32))
    return CodeColumns(
        np.array([feature for feature, _ in columns], np.int64),
        np.array([bool(bits) for _, bits in columns], np.bool_),
        np.cumsum(sizes, dtype=np.int64),
        np.concatenate(numbers),
        np.concatenate(words),
    )
