"""Leak checks of one column at a time: each reads counts of values by label, and fits nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dropout_risk.modelling.inputs.audit_columns import audit_columns
from dropout_risk.modelling.leaks.table import ColumnCounts, LeakTable, auc_of
from dropout_risk.text import Text

ELSEWHERE = Text(
    zh="此处不判断：特征只由当时已知的记录算出，见“读到以后的记录”一项",
    en="not judged here: features are made of what was known on the day, which future_read checks",
)
"""Why a check was left to another one: nothing is failed or passed by it."""


Finding = tuple[str, Text]


@dataclass(frozen=True)
class Leak:
    """One finding, without any pupil's value; ``column`` is empty where it is about rows.

    What is no ``proof`` is an alarm to look at: it warns, and stops no training.
    """

    check: str
    column: str
    reason: Text
    proof: bool = True

    def __str__(self) -> str:
        """Name the place and the reason."""
        return f"column {self.column!r}: {self.reason.en}" if self.column else f"rows: {self.reason.en}"


class CannotJudgeError(Exception):
    """The data do not allow a check; the reason is shown beside it."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True)
class LeakCheck:
    """One question to the rows of a fit: what it looks for, and what it is blind to.

    ``find`` gives the findings of a table, each a column (empty where it is about rows) and the reason; it
    raises :class:`CannotJudgeError` where the table does not allow it. Findings that are no ``proof`` are
    told by what is improbable, and honest pupils may look so.
    """

    name: str
    title: Text
    blind: Text
    find: Callable[[LeakTable], Iterator[Finding]]
    proof: bool = True

    def made(self, table: LeakTable) -> MadeCheck:
        """Make the check."""
        try:
            leaks = tuple(Leak(self.name, column, reason, self.proof) for column, reason in self.find(table))
            return MadeCheck(self.name, self.title, self.blind, leaks)
        except CannotJudgeError as error:
            return MadeCheck(self.name, self.title, self.blind, (), error.reason)


@dataclass(frozen=True)
class MadeCheck:
    """A check that was made, or could not be; ``not_judged`` says why."""

    name: str
    title: Text
    blind: Text
    leaks: tuple[Leak, ...] = ()
    not_judged: Text | None = None


LARGEST_AUC = 0.95
SIGMAS = 4.5
"""Standard errors of chance, so that among many columns of few rows none is accused by accident."""
PURE_SHARE, PURE_ROWS = 0.95, 50
UNIQUE_SHARE, FEWEST_UNITS = 0.98, 50
IDENTIFIER_EFFECT = 0.05
FILLED_SHARE, FILLED_ROWS = 0.01, 10
SAME = 1e-9


def find_known_late(table: LeakTable) -> Iterator[Finding]:
    """Find the columns that are declared to be known only after the day of the forecast."""
    if table.known_late is None:
        raise CannotJudgeError(
            Text(zh="没有声明各列何时可知", en="nothing is declared about when columns were known")
        )
    for name, when in table.known_late.items():
        if name in table.names:
            words = Text(
                zh=f"声明在预测日之后才可知（{when}）",
                en=f"declared to be known only after the day of the forecast ({when})",
            )
            yield name, words


def find_telling_columns(table: LeakTable) -> Iterator[Finding]:
    """Find columns that alone tell who drops out: by their order, or by their levels."""
    for column in table.columns:
        auc = max(column.ranked(), column.as_levels())
        if auc > LARGEST_AUC and table.sigmas(auc) > SIGMAS and column.missing_alone() <= LARGEST_AUC:
            words = Text(
                zh=f"仅凭这一列就能区分辍学与否：AUC {auc:.3f}，高于{LARGEST_AUC:g}",
                en=f"alone it tells who drops out: AUC {auc:.3f}, over {LARGEST_AUC:g}",
            )
            yield column.name, words


def find_telling_gaps(table: LeakTable) -> Iterator[Finding]:
    """Find columns in which being empty, or being filled, all but tells who drops out."""
    for column in table.columns:
        auc = column.missing_alone()
        if auc > LARGEST_AUC and table.sigmas(auc) > SIGMAS:
            words = Text(
                zh=f"是否缺失本身就能区分辍学与否：AUC {auc:.3f}，高于{LARGEST_AUC:g}",
                en=f"whether it is missing tells who drops out: AUC {auc:.3f}, over {LARGEST_AUC:g}",
            )
            yield column.name, words
        elif share := _pure_share(column):
            words = Text(
                zh=f"有值（或缺失）的行中{share:.1%}辍学：像是辍学之后才填写的",
                en=f"{share:.1%} of the rows with a value, or of those without, dropped out: it looks "
                "filled in afterwards",
            )
            yield column.name, words


def _pure_share(column: ColumnCounts) -> float:
    """Give the share of dropouts where there is a value, or where there is none, if it is nearly all."""
    states = np.array([column.by_label.sum(axis=0), column.missing_by_label])
    base = states[:, 1].sum() / max(states.sum(), 1)
    for zeros, ones in states:
        rows = zeros + ones
        if rows >= PURE_ROWS and ones / rows > PURE_SHARE and base < 0.5:
            return float(ones / rows)
    return 0.0


def find_identifiers(table: LeakTable) -> Iterator[Finding]:
    """Find identifiers: columns that stand for the groups, or are different for everybody and predict."""
    for index, column in enumerate(table.columns):
        if not column.is_whole or len(column.values) < 2:
            continue
        if _names_groups(table, index, column):
            words = Text(
                zh="与分组一一对应（如学生编号、学校编号）：记住的是谁，而不是情况",
                en="stands one to one for the groups that folds keep apart: it says who, not how somebody is",
            )
            yield column.name, words
            continue
        auc = auc_of(column.by_label)
        units = min(table.n_groups, int(column.by_label.sum()))
        is_unique = units >= FEWEST_UNITS and len(column.values) >= UNIQUE_SHARE * units
        if is_unique and abs(auc - 0.5) > IDENTIFIER_EFFECT and table.sigmas(auc) > SIGMAS:
            auc = max(auc, 1 - auc)
            words = Text(
                zh=f"几乎每人一个值，像编号，其大小却能预测：AUC {auc:.3f}",
                en=f"nearly everybody has a value of their own, like an identifier, and its order predicts: "
                f"AUC {auc:.3f}",
            )
            yield column.name, words


def _names_groups(table: LeakTable, index: int, column: ColumnCounts) -> bool:
    """Say whether a column is another name of the groups."""
    rows = table.counted
    group, x = table.group[rows], table.values[rows, index]
    if not table.is_repeated or np.isnan(x).any() or len(column.values) != len(np.unique(group)):
        return False
    pairs = np.unique(np.column_stack([group, np.searchsorted(column.values, x)]), axis=0)
    return len(pairs) == len(column.values)


def find_audit_columns(table: LeakTable) -> Iterator[Finding]:
    """Find columns that check fairness and never make a score."""
    words = Text(
        zh="仅供公平性审计，不得作为特征", en="for audit only: it checks fairness and never makes a score"
    )
    yield from ((name, words) for name in audit_columns(table.names))


def find_gaps_by_outcome(table: LeakTable) -> Iterator[Finding]:
    """Find columns whose gaps were filled with one constant for dropouts and another for the others."""
    for column in table.columns:
        filled = [_filling_constant(column, label) for label in (0, 1)]
        if column.is_categorical or filled[0] is None or filled[1] is None or filled[0] == filled[1]:
            continue
        if any(column.by_label[index, 1 - label] for label, index in enumerate(filled)):
            continue
        words = Text(
            zh="辍学者与未辍学者各有一个反复出现、且等于本类均值的填补值：填补时用到了结局",
            en="dropouts and others each have a value of their own that keeps coming back and is the mean "
            "of their class: gaps were filled with the outcome known",
        )
        yield column.name, words


def _filling_constant(column: ColumnCounts, label: int) -> int | None:
    """Give the place of the commonest value of a class if it is the mean of the class's other rows."""
    rows = column.by_label[:, label]
    total = int(rows.sum())
    index = int(np.argmax(rows)) if total else 0
    others = rows.copy()
    if not total or rows[index] < max(FILLED_ROWS, FILLED_SHARE * total):
        return None
    others[index] = 0
    number = int(others.sum())
    if number < FILLED_ROWS:
        return None
    mean = float(others @ column.values) / number
    spread = float(np.sqrt(others @ (column.values - mean) ** 2 / number))
    close = abs(column.values[index] - mean) <= 4 * spread / np.sqrt(number)
    return index if spread > 0 and close else None


def find_gaps_from_test(table: LeakTable) -> Iterator[Finding]:
    """Find columns whose gaps were filled with the mean of training and test together."""
    if table.test is None or not table.test.any() or table.test.all():
        raise CannotJudgeError(
            Text(
                zh="没有说明哪些行是测试行",
                en="it was not said which rows are the test",
            )
        )
    for index, column in enumerate(table.columns):
        rows = column.by_label.sum(axis=1)
        if column.is_categorical or not len(rows) or rows.max() < FILLED_ROWS:
            continue
        value = column.values[int(np.argmax(rows))]
        x = table.values[:, index]
        others = x[(x != value) & ~np.isnan(x)]
        known = x[(x != value) & ~np.isnan(x) & ~table.test]
        if not len(known) or len(known) == len(others) or not others.std() > 0:
            continue
        scale = max(float(np.abs(others).max()), 1e-12)
        if abs(others.mean() - value) <= SAME * scale < abs(known.mean() - value):
            words = Text(
                zh="缺失处填的是训练与测试合在一起的均值：应只用训练部分计算",
                en="gaps hold the mean of training and test together: it must be learned on training alone",
            )
            yield column.name, words


COLUMN_CHECKS = (
    LeakCheck(
        "known_late",
        Text(zh="预测日之后才可知的列", en="Columns known only after the day of the forecast"),
        Text(
            zh="没有声明可知时间的列；表格本身不记录时间",
            en="columns about which nothing is declared: a table does not say when it was filled in",
        ),
        find_known_late,
    ),
    LeakCheck(
        "tells_the_outcome",
        Text(zh="单列即可区分结局", en="One column that tells the outcome"),
        Text(
            zh="预测力与正常列相当的事后信息，以及分散在几列里的泄漏",
            en="later knowledge that predicts no better than an honest column, or is spread over several",
        ),
        find_telling_columns,
    ),
    LeakCheck(
        "missing_tells",
        Text(zh="缺失与否即可区分结局", en="Missing values that tell the outcome"),
        Text(
            zh="缺失与结局有关但不明显的情况：没有记录也可能是真实的信号",
            en="gaps that go with the outcome less plainly: no record can be an honest sign too",
        ),
        find_telling_gaps,
    ),
    LeakCheck(
        "identifier",
        Text(zh="编号类列", en="Identifiers"),
        Text(
            zh="重复使用或改写成小数的编号，以及藏在编号里的学校和入学年份",
            en="identifiers that repeat or are no whole numbers, and what a school or a year in them tells",
        ),
        find_identifiers,
    ),
    LeakCheck(
        "audit_only",
        Text(zh="仅供审计的列", en="Audit-only columns"),
        Text(
            zh="改了名字的列，以及能间接反映性别、民族的列",
            en="columns under another name, and others that stand in for sex or ethnicity",
        ),
        find_audit_columns,
    ),
    LeakCheck(
        "filled_by_outcome",
        Text(zh="按结局填补的缺失", en="Gaps filled with the outcome known"),
        Text(
            zh="用模型或抽取真实值填补的缺失：填补后的值与真实值无法区分，须查看填补方法",
            en="gaps filled by a model or with drawn values, which look like any other: ask how it was done",
        ),
        find_gaps_by_outcome,
    ),
    LeakCheck(
        "filled_from_everything",
        Text(zh="用全部数据填补的缺失", en="Gaps filled from training and test together"),
        Text(
            zh="用中位数或模型填补的缺失，以及在全部数据上做的标准化、编码和特征选择",
            en="gaps filled with a median or by a model; scaling, coding or choice of columns on all rows",
        ),
        find_gaps_from_test,
    ),
)
