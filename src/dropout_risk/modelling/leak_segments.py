"""Rows that were made up between two others (SMOTE and its kin) before the split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dropout_risk.modelling.leak_finding import CannotJudgeError, Leak, LeakCheck
from dropout_risk.modelling.leak_table import Bools, Floats, LeakTable
from dropout_risk.text import Text

ASKED_ROWS = 100
MOST_NEIGHBOURS, MOST_FOR_RANK = 50_000, 2000
FEWEST_COLUMNS = 3
FOUND_SHARE, FOUND_ROWS, FEWEST_ROWS = 0.05, 5, 30
LARGEST_DENOMINATOR = 100
WHOLE_SHARE, WHOLE_ROWS = 0.999, 30
BROKEN_SHARE, BROKEN_ROWS = 0.05, 10
NEAR = 1e-7
CLASSES = (Text(zh="未辍学", en="pupils who stayed"), Text(zh="辍学", en="dropouts"))


def made_up_rows(table: LeakTable) -> list[Leak]:
    """Find classes whose rows lie exactly between two others, or hold fractions of what others count.

    Made-up rows are often written back as whole numbers where a column counts. Then they are still between
    two others in the columns that measure.
    """
    places = [place for place in range(len(table.names)) if place not in table.categorical]
    if len(places) < FEWEST_COLUMNS:
        raise CannotJudgeError(
            Text(
                zh=f"数值列不足{FEWEST_COLUMNS}列",
                en=f"fewer than {FEWEST_COLUMNS} columns hold numbers",
            )
        )
    found = []
    for label in (1, 0):
        broken = _fractions(table, places, label)
        rows = table.values[:, places][table.y == label]
        measured = [column for column in range(len(places)) if not table.columns[places[column]].is_whole]
        between = _share_between(rows) or _share_between(rows[:, measured])
        if broken:
            words = Text(
                zh=f"{CLASSES[label].zh}的行中{broken:.0%}在另一类只取整数的列里有小数："
                "像是插值生成的行（如SMOTE）",
                en=f"{broken:.0%} of the rows of {CLASSES[label].en} hold fractions in columns that are "
                "whole numbers elsewhere: they look made up between others, as SMOTE does",
            )
            found.append(Leak("made_up_rows", "", words))
        elif between:
            words = Text(
                zh=f"抽查的{CLASSES[label].zh}的行中{between:.0%}恰好落在另外两行的连线上："
                "像是插值生成的行（如SMOTE）",
                en=f"{between:.0%} of the rows of {CLASSES[label].en} that were looked at lie exactly "
                "between two others: they look made up, as SMOTE does",
            )
            found.append(Leak("made_up_rows", "", words))
    return found


def _fractions(table: LeakTable, places: list[int], label: int) -> float:
    """Give the share of a class's rows with fractions in columns that are whole in the other class."""
    whole = [place for place in places if _is_whole_elsewhere(table, place, label)]
    rows = table.y == label
    if not whole or not rows.any():
        return 0.0
    x = table.values[rows][:, whole]
    broken = (x != np.round(x)) & ~np.isnan(x)
    enough = broken.sum(axis=1) >= max(min(2, len(whole)), 0.1 * len(whole))
    share = float(enough.mean())
    least = BROKEN_SHARE if len(whole) > 1 else 4 * BROKEN_SHARE
    return share if enough.sum() >= BROKEN_ROWS and share >= least else 0.0


def _is_whole_elsewhere(table: LeakTable, place: int, label: int) -> bool:
    """Say whether a column holds whole numbers in the other class, and not only one of them."""
    column = table.columns[place]
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
    if X.shape[1] < FEWEST_COLUMNS or len(X) < FEWEST_ROWS:
        return 0.0
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    if np.linalg.matrix_rank(X[:: 1 + len(X) // MOST_FOR_RANK], tol=NEAR * len(X)) < FEWEST_COLUMNS:
        return 0.0
    rng = np.random.default_rng(0)
    others = X if len(X) <= MOST_NEIGHBOURS else X[rng.choice(len(X), MOST_NEIGHBOURS, replace=False)]
    asked = rng.choice(len(others), min(ASKED_ROWS, len(others)), replace=False)
    directions = rng.normal(size=(2, X.shape[1]))
    along = others @ directions.T
    between = sum(_is_between(others, along, int(row)) for row in asked)
    share = between / len(asked)
    return share if between >= FOUND_ROWS and share >= FOUND_SHARE else 0.0


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


def _any_exact(X: Floats, row: int, ahead: NDArray[np.intp], behind: NDArray[np.intp]) -> bool:
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
        made_up_rows,
    ),
)
