"""Leak checks of rows: the same pupil under another id, rows drawn twice, and rows in the outcome's order."""

from __future__ import annotations

import numpy as np

from dropout_risk.modelling.leak_copies import FEWEST_COPIES, Copies
from dropout_risk.modelling.leak_finding import CannotJudgeError, Leak, LeakCheck
from dropout_risk.modelling.leak_table import Bools, LeakTable, auc_of
from dropout_risk.text import Text

SKEW, SKEWED_SHARE = 5.0, 0.02
SORTED_AUC, SIGMAS_OF_ORDER = 0.95, 6.0
FEWEST_ROWS = 50


def copied_pupils(table: LeakTable) -> list[Leak]:
    """Find pupils whose rows stand in the table a second time, under another id."""
    copies = _copies(table)
    if not copies.rows.any():
        return []
    rows = copies.rows & copies.in_several(table.group)
    number = int(rows.sum())
    if number < FEWEST_COPIES or (table.groups is None and _skewed(copies.coarse, table) is not None):
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
    label = _skewed(copies.coarse, table)
    if label is None or (table.is_repeated and copies.in_several(table.group)[copies.coarse].all()):
        return []
    share = float(copies.coarse[table.y == label].mean())
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
