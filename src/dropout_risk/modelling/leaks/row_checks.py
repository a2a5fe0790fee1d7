"""Leak checks of rows: the same pupil under another id, rows drawn twice, and rows in the outcome's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dropout_risk.arrays import Bools, Floats, Longs, Positions, Words
from dropout_risk.modelling.leaks.column_checks import CannotJudgeError, Finding, LeakCheck
from dropout_risk.modelling.leaks.table import ColumnCounts, LeakTable, auc_of, mix_bits
from dropout_risk.text import Text

OWN_VALUES, OWN_CONTENTS = 3, 3
BITS, BITS_FACTOR = 2.0, 2.0
MOST_ALIKE, TOLD_APART = 0.2, 0.05
FEWEST_COPIES, COPIED_SHARE = 6, 0.001
DRAWS = 4
NEAR_SHARE, ALONE_SHARE, ALONE_ANYWHERE = 0.15, 0.6, 0.75
"""Rows that differ in no more than this share of the columns are near; shares of the rows that have none."""
ALONE_CONTENTS, ALONE_ROWS_SHARE = 10, 0.02
ASKED_CONTENTS, MOST_NEAR = 200, 20_000


@dataclass(frozen=True, eq=False)
class CopiedRows:
    """Rows with the same content as another row, where that is no chance; ``content`` is what each row holds.

    In a table of measurements rows count that share at least three values which occur nowhere else, if they
    are of several contents. In a table of few answers there are none; there rows count whose values together
    are as improbable, taken one by one, as to tell each pair of rows from all others twice over, if they do
    not become twice as many when half of the columns is looked at: rows that are alike by chance do, copies
    do not. Columns that say the same in other words are improbable only if taken one by one; so most of these
    rows must also stand alone: who is equal to another by chance has neighbours that are nearly equal, of a
    copy there is nothing near. Where three of four of all equal rows stand alone they are copies, however
    probable their values. A pupil about whom nothing is known looks like the next one, and neither is a copy.

    A table of few answers has ``rows`` only if it tells four of five rows apart, and if half of its columns
    would tell nearly as many. ``coarse`` is the same without that condition: only a difference between the
    classes says something of them.
    """

    rows: Bools
    coarse: Bools
    content: Words

    @classmethod
    def of(cls, table: LeakTable) -> CopiedRows:
        """Find them."""
        pieces = _content_pieces(table)
        content = np.bitwise_xor.reduce(pieces, axis=0)
        size, rng = _count_equal_rows(content), np.random.default_rng(0)
        alike, none = size > 1, np.zeros(len(size), dtype=bool)
        if not alike.any():
            return cls(none, none, content)
        halves = [
            _count_equal_rows(np.bitwise_xor.reduce(pieces[_half_of_columns(rng, len(pieces))], axis=0))
            for _ in range(DRAWS)
        ]
        own, full = _no_chance(table, size)
        if len(np.unique(content[own])) < OWN_CONTENTS:
            own = none
        by_chance = np.mean([_no_chance(table, half)[1].sum() for half in halves])
        more = np.mean([(half > 1).sum() - alike.sum() for half in halves])
        least = max(FEWEST_COPIES, COPIED_SHARE * len(size))
        rows = own if own.sum() >= least else none
        coarse = full if full.sum() >= least and by_chance <= BITS_FACTOR * full.sum() else none
        if coarse.any() and _share_alone(table, content, coarse) < ALONE_SHARE:
            coarse = none
        several = len(np.unique(content[alike])) >= ALONE_CONTENTS
        everywhere = several and alike.sum() >= ALONE_ROWS_SHARE * len(size)
        if everywhere and _share_alone(table, content, alike) >= ALONE_ANYWHERE:
            return cls(rows | alike, rows | alike, content)
        tells_apart = alike.mean() <= MOST_ALIKE and more <= TOLD_APART * len(size)
        return cls(rows | coarse if tells_apart else rows, rows | coarse, content)

    def in_several(self, group: Longs) -> Bools:
        """Say which rows have an equal one in another group."""
        _, index = np.unique(self.content, return_inverse=True)
        low, high = np.full(index.max() + 1, np.iinfo(np.int64).max), np.full(index.max() + 1, -1)
        np.minimum.at(low, index, group)
        np.maximum.at(high, index, group)
        return np.asarray((low != high)[index])


def _content_pieces(table: LeakTable) -> Words:
    """Give a number for the content of each column that varies and row, shape (n_columns, n_rows)."""
    pieces = []
    for index in range(len(table.names)):
        x = table.values[:, index] + 0.0
        bits = np.where(np.isnan(x), np.nan, x).view(np.int64)
        if len(bits) and (bits != bits[0]).any():
            salt = np.int64((index + 1) * 0x5851F42D4C957F2D & 0x7FFFFFFFFFFFFFFF)
            pieces.append(mix_bits(bits ^ salt))
    return np.array(pieces, dtype=np.uint64).reshape(len(pieces), len(table.y))


def _half_of_columns(rng: np.random.Generator, number: int) -> Positions:
    return rng.permutation(number)[: (number + 1) // 2]


def _count_equal_rows(content: Words) -> Longs:
    """Give for each row how many rows hold the same, itself included."""
    _, index, number = np.unique(content, return_inverse=True, return_counts=True)
    return np.asarray(number[index.reshape(-1)], dtype=np.int64)


def _no_chance(table: LeakTable, size: Longs) -> tuple[Bools, Bools]:
    """Say which rows with an equal one share values that occur nowhere else, and which hold much in all."""
    asked = np.flatnonzero(size > 1)
    own, bits = np.zeros(len(asked)), np.zeros(len(asked))
    for index, column in enumerate(table.columns):
        if len(column.values):
            x = table.values[asked, index]
            number = _count_equal_values(column, x)
            own += (number <= size[asked]) & ~np.isnan(x)
            bits -= np.log2(np.where(np.isnan(x), 1.0, number / column.n_rows))
    found = np.zeros((2, len(size)), dtype=bool)
    found[:, asked] = own >= OWN_VALUES, bits >= 2 * BITS * np.log2(max(len(size), 2))
    return found[0], found[1]


def _share_alone(table: LeakTable, content: Words, rows: Bools) -> float:
    """Give the share of different contents, of some rows, to which no other row is nearly equal.

    Of very many contents some are asked, and of very many rows some are held against them.
    """
    x = np.where(np.isnan(table.values), np.inf, table.values)
    x = x[:, (x != x[:1]).any(axis=0)]
    asked = np.flatnonzero(rows)[np.unique(content[rows], return_index=True)[1]]
    rng = np.random.default_rng(0)
    if len(asked) > ASKED_CONTENTS:
        asked = rng.choice(asked, ASKED_CONTENTS, replace=False)
    others = x if len(x) <= MOST_NEAR else x[rng.choice(len(x), MOST_NEAR, replace=False)]
    near = max(1, int(np.ceil(NEAR_SHARE * x.shape[1])))
    alone = 0
    for row in asked:
        differ = (others != x[row]).sum(axis=1)
        alone += not ((differ > 0) & (differ <= near)).any()
    return alone / len(asked)


def _count_equal_values(column: ColumnCounts, x: Floats) -> Floats:
    """Give how many rows hold the value of each of some rows."""
    number = column.by_label.sum(axis=1)
    at = np.minimum(np.searchsorted(column.values, x), len(number) - 1)
    return np.where(column.values[at] == x, number[at], 1).astype(np.float64)


SKEW, SKEWED_SHARE = 5.0, 0.02
SORTED_AUC, SIGMAS_OF_ORDER = 0.95, 6.0
FEWEST_FOR_COPIES = 50


def find_copied_pupils(table: LeakTable) -> Iterator[Finding]:
    """Find pupils whose rows stand in the table a second time, under another id."""
    copies = _find_copies(table)
    if not copies.rows.any():
        return
    rows = copies.rows & copies.in_several(table.group)
    number = int(rows.sum())
    if number < FEWEST_COPIES or (table.groups is None and _skewed_label(copies.coarse, table) is not None):
        return
    across = ""
    across_zh = ""
    if table.test is not None:
        seen = np.isin(copies.content, copies.content[rows & table.test])
        both = int((rows & ~table.test & seen).sum())
        across, across_zh = (
            f"; {both} of them train and have their copy in the test",
            f"，其中{both}行的副本在测试中",
        )
    words = Text(
        zh=f"至少{number}行与另一名学生的行内容完全相同，远多于巧合{across_zh}：同一人以不同编号出现",
        en=f"at least {number} rows are equal in every column to a row of another pupil, far more than "
        f"chance gives{across}: the same pupil under another id",
    )
    yield "", words


def find_repeated_rows(table: LeakTable) -> Iterator[Finding]:
    """Find rows of one class that were drawn again and again before the split."""
    copies = _find_copies(table)
    label = _skewed_label(copies.coarse, table)
    if label is None or (table.is_repeated and copies.in_several(table.group)[copies.coarse].all()):
        return
    share = float(copies.coarse[table.y == label].mean())
    name = Text(zh="辍学" if label else "未辍学", en="dropouts" if label else "pupils who stayed")
    words = Text(
        zh=f"{name.zh}的行中{share:.0%}有完全相同的副本，另一类几乎没有：划分之前做过重采样",
        en=f"{share:.0%} of the rows of {name.en} have an equal one, and hardly any of the others do: rows "
        "were drawn again before the split",
    )
    yield "", words


def find_telling_order(table: LeakTable) -> Iterator[Finding]:
    """Find tables put together by outcome: the order of the pupils' ids tells the label."""
    if table.groups is None:
        raise CannotJudgeError(Text(zh="没有学生编号", en="the pupils' ids were not given"))
    counts = np.bincount(2 * table.group + table.y, minlength=2 * table.n_groups).reshape(-1, 2)
    auc = auc_of(counts)
    if max(auc, 1 - auc) <= SORTED_AUC or table.sigmas(auc) <= SIGMAS_OF_ORDER:
        return
    words = Text(
        zh=f"学生编号的先后就能区分结局（AUC {max(auc, 1 - auc):.3f}）：两类学生像是分别收集后拼接的",
        en=f"the order of the pupils' ids tells the outcome (AUC {max(auc, 1 - auc):.3f}): the two classes "
        "look put together from two sources",
    )
    yield "", words


def _find_copies(table: LeakTable) -> CopiedRows:
    if len(table.y) < FEWEST_FOR_COPIES:
        raise CannotJudgeError(
            Text(zh=f"不足{FEWEST_FOR_COPIES}行", en=f"there are fewer than {FEWEST_FOR_COPIES} rows")
        )
    made: CopiedRows | None = table.__dict__.get("copies")
    if made is None:
        made = table.__dict__["copies"] = CopiedRows.of(table)
    return made


def _skewed_label(rows: Bools, table: LeakTable) -> int | None:
    """Give the label whose rows have copies far more often than those of the other."""
    shares = [float(rows[table.y == label].mean()) if (table.y == label).any() else 0.0 for label in (0, 1)]
    label = int(np.argmax(shares))
    return label if shares[label] >= SKEWED_SHARE and shares[label] > SKEW * shares[1 - label] else None


ROW_CHECKS = (
    LeakCheck(
        "copied_pupils",
        Text(zh="同一学生以不同编号出现", en="The same pupil under another id"),
        Text(
            zh="略有改动的副本，以及取值很粗、许多学生本来就相同的表格",
            en="copies with a change, and copies in coarse tables where many pupils look alike anyway",
        ),
        find_copied_pupils,
        proof=False,
    ),
    LeakCheck(
        "repeated_rows",
        Text(zh="划分前重复抽取的行", en="Rows drawn again before the split"),
        Text(
            zh="划分前删去某一类的行（欠采样）：表格里看不出来，只有真实的基准率知道",
            en="rows of a class thrown away before the split: only the true base rate would show it",
        ),
        find_repeated_rows,
        proof=False,
    ),
    LeakCheck(
        "order_tells",
        Text(zh="学生编号的顺序", en="The order of the pupils' ids"),
        Text(
            zh="重新编号后再拼接的两个来源；行的先后不算，因为模型从不读取它",
            en="two sources whose pupils were numbered anew; the order of rows does not count, since no "
            "model reads it",
        ),
        find_telling_order,
    ),
)


ASKED_ROWS = 100
MOST_NEIGHBOURS = 50_000
FEWEST_COLUMNS = 3
FOUND_SHARE, FOUND_ROWS, FEWEST_MADE_UP = 0.05, 5, 30
LARGEST_DENOMINATOR = 100
WHOLE_SHARE, WHOLE_ROWS = 0.999, 30
BROKEN_SHARE, BROKEN_ROWS = 0.05, 10
NEAR = 1e-7
CLASSES = (Text(zh="未辍学", en="pupils who stayed"), Text(zh="辍学", en="dropouts"))


def find_made_up_rows(table: LeakTable) -> Iterator[Finding]:
    """Find classes whose rows lie exactly between two others, or hold fractions of what others count.

    Made-up rows are often written back as whole numbers where a column counts. Then they are still between
    two others in the columns that measure.
    """
    positions = [index for index in range(len(table.names)) if index not in table.categorical]
    if len(positions) < FEWEST_COLUMNS:
        raise CannotJudgeError(
            Text(
                zh=f"数值列不足{FEWEST_COLUMNS}列",
                en=f"fewer than {FEWEST_COLUMNS} columns hold numbers",
            )
        )
    for label in (1, 0):
        broken = _share_of_fractions(table, positions, label)
        rows = table.values[:, positions][table.y == label]
        measured = [
            column for column in range(len(positions)) if not table.columns[positions[column]].is_whole
        ]
        between = _share_between(rows) or _share_between(rows[:, measured])
        if broken:
            words = Text(
                zh=f"{CLASSES[label].zh}的行中{broken:.0%}在另一类只取整数的列里有小数："
                "像是插值生成的行（如SMOTE）",
                en=f"{broken:.0%} of the rows of {CLASSES[label].en} hold fractions in columns that are "
                "whole numbers elsewhere: they look made up between others, as SMOTE does",
            )
            yield "", words
        elif between:
            words = Text(
                zh=f"抽查的{CLASSES[label].zh}的行中{between:.0%}恰好落在另外两行的连线上："
                "像是插值生成的行（如SMOTE）",
                en=f"{between:.0%} of the rows of {CLASSES[label].en} that were looked at lie exactly "
                "between two others: they look made up, as SMOTE does",
            )
            yield "", words


def _share_of_fractions(table: LeakTable, positions: list[int], label: int) -> float:
    """Give the share of a class's rows with fractions in columns that are whole in the other class."""
    whole = [index for index in positions if _is_whole_elsewhere(table, index, label)]
    rows = table.y == label
    if not whole or not rows.any():
        return 0.0
    x = table.values[rows][:, whole]
    broken = (x != np.round(x)) & ~np.isnan(x)
    enough = broken.sum(axis=1) >= max(min(2, len(whole)), 0.1 * len(whole))
    share = float(enough.mean())
    least = BROKEN_SHARE if len(whole) > 1 else 4 * BROKEN_SHARE
    return share if enough.sum() >= BROKEN_ROWS and share >= least else 0.0


def _is_whole_elsewhere(table: LeakTable, index: int, label: int) -> bool:
    """Say whether a column holds whole numbers in the other class, and not only one of them."""
    column = table.columns[index]
    rows = column.by_label[:, 1 - label]
    total = int(rows.sum())
    if total - int(rows.max(initial=0)) < WHOLE_ROWS:
        return False
    return bool(rows[column.values == np.round(column.values)].sum() >= WHOLE_SHARE * total)


def _share_between(X: Floats) -> float:
    """Give the share of rows, of some that are looked at, that lie exactly between two others.

    A row, and the two it was made from, are on one line. Lines through the row are told apart by the ratio
    of two fixed projections, which is the same for every point of a line, so that neighbours need not be
    guessed. Rows of whole or rounded numbers lie on lines by chance too, but then at a simple fraction of
    the way (1/2, 3/7): those do not count. In a plane lines are crowded, so three columns must vary
    independently.
    """
    X = X[:, ~np.isnan(X).any(axis=0)]
    spread = X.std(axis=0) if len(X) else np.zeros(X.shape[1])
    X = X[:, spread > 0]
    if X.shape[1] < FEWEST_COLUMNS or len(X) < FEWEST_MADE_UP:
        return 0.0
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    if not _vary_independently(X):
        return 0.0
    rng = np.random.default_rng(0)
    others = X if len(X) <= MOST_NEIGHBOURS else X[rng.choice(len(X), MOST_NEIGHBOURS, replace=False)]
    asked = rng.choice(len(others), min(ASKED_ROWS, len(others)), replace=False)
    directions = rng.normal(size=(2, X.shape[1]))
    along = others @ directions.T
    between = sum(_is_between(others, along, int(row)) for row in asked)
    share = between / len(asked)
    return share if between >= FOUND_ROWS and share >= FOUND_SHARE else 0.0


def _vary_independently(X: Floats) -> bool:
    """Say whether three columns do: each time what the longest says of the others is taken off."""
    for _ in range(FEWEST_COLUMNS):
        length = np.linalg.norm(X, axis=0)
        most = int(length.argmax())
        if length[most] <= NEAR * len(X):
            return False
        along = X[:, most] / length[most]
        X = X - np.outer(along, along @ X)
    return True


def _is_between(X: Floats, along: Floats, row: int) -> bool:
    """Say whether a row lies between two others, at no simple fraction of the way."""
    steps = along - along[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        line = steps[:, 0] / steps[:, 1]
    usable = np.isfinite(line) & (np.abs(steps).max(axis=1) > NEAR)
    ahead, behind = (np.flatnonzero(usable & side) for side in (steps[:, 1] > 0, steps[:, 1] < 0))
    if not len(ahead) or not len(behind):
        return False
    ahead = ahead[np.argsort(line[ahead])]
    at = np.searchsorted(line[ahead], line[behind])
    for nearest in (np.maximum(at - 1, 0), np.minimum(at, len(ahead) - 1)):
        near = np.abs(line[ahead[nearest]] - line[behind]) <= NEAR * np.maximum(np.abs(line[behind]), NEAR)
        if _any_exact(X, row, ahead[nearest[near]], behind[near]):
            return True
    return False


def _any_exact(X: Floats, row: int, ahead: Positions, behind: Positions) -> bool:
    """Say whether the row is on the line from one of some rows to its partner."""
    if not len(ahead):
        return False
    one, other = X[ahead] - X[row], X[behind] - X[row]
    lengths = np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1)
    bent = np.linalg.norm(one / lengths[0][:, np.newaxis] + other / lengths[1][:, np.newaxis], axis=1)
    moved = (np.abs(one) > NEAR).sum(axis=1) >= FEWEST_COLUMNS
    return bool((moved & (bent < NEAR) & ~_is_simple(lengths[0] / (lengths[0] + lengths[1]))).any())


def _is_simple(part: Floats) -> Bools:
    """Say which parts of the way are fractions with a small denominator."""
    times = part[:, np.newaxis] * np.arange(1, LARGEST_DENOMINATOR + 1)
    return np.asarray((np.abs(times - np.round(times)) < NEAR * LARGEST_DENOMINATOR).any(axis=1))


SEGMENT_CHECKS = (
    LeakCheck(
        "made_up_rows",
        Text(zh="插值生成的行", en="Rows made up between others"),
        Text(
            zh="插值后又取整或加了噪声的行，以及带缺失值或只有类别的表格",
            en="made-up rows that were rounded or blurred, and tables of gaps or categories alone",
        ),
        find_made_up_rows,
    ),
)
