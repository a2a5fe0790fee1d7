"""Leak checks of rows: the same pupil under another id, rows drawn twice, and rows in the outcome's order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dropout_risk.modelling.leak_finding import CannotJudgeError, Leak, LeakCheck
from dropout_risk.modelling.leak_table import Bools, Ints, LeakTable, auc_of, mixed
from dropout_risk.text import Text

RARE_SHARE, RARE_VALUES = 1 / 32, 3
FEWEST_COPIES, COPIED_SHARE = 6, 0.001
CHANCE_FACTOR, DRAWS = 10.0, 4
SKEW, SKEWED_SHARE = 5.0, 0.2
SORTED_AUC, SIGMAS_OF_ORDER = 0.95, 6.0
FEWEST_ROWS = 50


@dataclass(frozen=True, eq=False)
class Copies:
    """Rows with the same content as another row, among those whose content is their own.

    A row counts only if at least three of its values are rare (in at most one row of 32): a pupil about
    whom nothing is known looks like the next one, and neither is a copy.

    Parameters
    ----------
    rows : ndarray of bool
        Rows that have an equal one.
    content : ndarray of uint64
        What each row holds, as a number.
    is_chance : bool
        Whether that many are to be expected: when half of the columns is looked at, rows that are alike
        by chance become many more, and copies do not.
    """

    rows: Bools
    content: NDArray[np.uint64]
    is_chance: bool

    @classmethod
    def of(cls, table: LeakTable) -> Copies:
        """Find them."""
        pieces = _pieces(table)
        content = np.bitwise_xor.reduce(pieces, axis=0)
        rows = _alike(content)
        if not rows.any():
            return cls(rows, content, True)
        rows &= _is_rich(table, rows)
        rng, number = np.random.default_rng(0), []
        for _ in range(DRAWS):
            half = rng.permutation(len(pieces))[: (len(pieces) + 1) // 2]
            alike = _alike(np.bitwise_xor.reduce(pieces[half], axis=0))
            number.append(int((alike & _is_rich(table, alike)).sum()))
        enough = rows.sum() >= max(FEWEST_COPIES, COPIED_SHARE * len(rows))
        return cls(rows, content, not enough or np.mean(number) > CHANCE_FACTOR * rows.sum())


def copied_pupils(table: LeakTable) -> list[Leak]:
    """Find pupils whose rows stand in the table a second time, under another id."""
    copies = _copies(table)
    if copies.is_chance:
        return []
    rows = copies.rows & _in_several_groups(copies, table.group)
    number = int(rows.sum())
    if number < FEWEST_COPIES or (table.groups is None and _skewed(copies.rows, table) is not None):
        return []
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
    return [Leak("copied_pupils", "", words)]


def repeated_rows(table: LeakTable) -> list[Leak]:
    """Find rows of one class that were drawn again and again before the split."""
    copies = _copies(table)
    label = None if copies.is_chance else _skewed(copies.rows, table)
    if label is None or (table.is_repeated and _in_several_groups(copies, table.group)[copies.rows].all()):
        return []
    share = float(copies.rows[table.y == label].mean())
    name = Text(zh="辍学" if label else "未辍学", en="dropouts" if label else "pupils who stayed")
    words = Text(
        zh=f"{name.zh}的行中{share:.0%}有完全相同的副本，另一类几乎没有：划分之前做过重采样",
        en=f"{share:.0%} of the rows of {name.en} have an equal one, and hardly any of the others do: rows "
        "were drawn again before the split",
    )
    return [Leak("repeated_rows", "", words)]


def order_tells(table: LeakTable) -> list[Leak]:
    """Find tables put together by outcome: the order of the pupils' ids tells the label."""
    if table.groups is None:
        raise CannotJudgeError(Text(zh="没有学生编号", en="the pupils' ids were not given"))
    counts = np.bincount(2 * table.group + table.y, minlength=2 * table.n_groups).reshape(-1, 2)
    auc = auc_of(counts)
    if max(auc, 1 - auc) <= SORTED_AUC or table.sigmas(auc) <= SIGMAS_OF_ORDER:
        return []
    words = Text(
        zh=f"学生编号的先后就能区分结局（AUC {max(auc, 1 - auc):.3f}）：两类学生像是分别收集后拼接的",
        en=f"the order of the pupils' ids tells the outcome (AUC {max(auc, 1 - auc):.3f}): the two classes "
        "look put together from two sources",
    )
    return [Leak("order_tells", "", words)]


def _copies(table: LeakTable) -> Copies:
    if len(table.y) < FEWEST_ROWS:
        raise CannotJudgeError(Text(zh=f"不足{FEWEST_ROWS}行", en=f"there are fewer than {FEWEST_ROWS} rows"))
    made: Copies | None = table.__dict__.get("copies")
    if made is None:
        made = table.__dict__["copies"] = Copies.of(table)
    return made


def _pieces(table: LeakTable) -> NDArray[np.uint64]:
    """Give a number for the content of each column that varies and row, shape (n_columns, n_rows)."""
    pieces = []
    for place in range(len(table.names)):
        x = table.values[:, place] + 0.0
        bits = np.where(np.isnan(x), np.nan, x).view(np.int64)
        if len(bits) and (bits != bits[0]).any():
            pieces.append(mixed(bits ^ np.int64((place + 1) * 0x5851F42D4C957F2D & 0x7FFFFFFFFFFFFFFF)))
    return np.array(pieces, dtype=np.uint64).reshape(len(pieces), len(table.y))


def _alike(content: NDArray[np.uint64]) -> Bools:
    """Say which rows have an equal one."""
    _, place, number = np.unique(content, return_inverse=True, return_counts=True)
    return np.asarray(number[place.reshape(-1)] > 1)


def _is_rich(table: LeakTable, rows: Bools) -> Bools:
    """Say which of some rows hold several rare values."""
    asked = np.flatnonzero(rows)
    rare = np.zeros(len(asked), dtype=np.int64)
    for place, column in enumerate(table.columns):
        if not len(column.values):
            continue
        number = column.by_label.sum(axis=1)
        x = table.values[asked, place]
        at = np.minimum(np.searchsorted(column.values, x), len(number) - 1)
        rare += (number[at] <= max(RARE_SHARE * (number.sum() + column.missing.sum()), 1)) & ~np.isnan(x)
    rich = np.zeros(len(rows), dtype=bool)
    rich[asked] = rare >= RARE_VALUES
    return rich


def _in_several_groups(copies: Copies, group: Ints) -> Bools:
    """Say which rows have an equal one in another group."""
    _, place = np.unique(copies.content, return_inverse=True)
    low, high = np.full(place.max() + 1, np.iinfo(np.int64).max), np.full(place.max() + 1, -1)
    np.minimum.at(low, place, group)
    np.maximum.at(high, place, group)
    return np.asarray((low != high)[place])


def _skewed(rows: Bools, table: LeakTable) -> int | None:
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
        copied_pupils,
    ),
    LeakCheck(
        "repeated_rows",
        Text(zh="划分前重复抽取的行", en="Rows drawn again before the split"),
        Text(
            zh="划分前删去某一类的行（欠采样）：表格里看不出来，只有真实的基准率知道",
            en="rows of a class thrown away before the split: only the true base rate would show it",
        ),
        repeated_rows,
    ),
    LeakCheck(
        "order_tells",
        Text(zh="学生编号的顺序", en="The order of the pupils' ids"),
        Text(
            zh="重新编号后再拼接的两个来源；行的先后不算，因为模型从不读取它",
            en="two sources whose pupils were numbered anew; the order of rows does not count, since no "
            "model reads it",
        ),
        order_tells,
    ),
)
