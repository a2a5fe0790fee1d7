"""The sums behind the class context, class by class over its pupils in their order, and what is read off."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropout_risk.histories.classes import CLASSES_AT_ONCE, Classes
from dropout_risk.histories.histories import Histories
from dropout_risk.histories.runs import Places
from dropout_risk.kernels import blocks, in_threads, kernel

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]


def exam_moments(histories: Histories, members: Bools, ordinal: int) -> tuple[Floats, Floats, Counts]:
    """Give mean, spread and number of the known marks of each sitting, over the members of its class."""
    grades, classes, sittings = histories.grades, histories.classes, histories.sittings
    mean, sd = np.full(len(sittings.cls), np.nan), np.full(len(sittings.cls), np.nan)
    n = np.zeros(len(sittings.cls), dtype=np.int64)
    columns = grades.columns

    def add_up(block: slice) -> None:
        pupils = classes.offsets[block.start : block.stop + 1]
        first, last = sittings.offsets[block.start], sittings.offsets[block.stop]
        _of_sittings(
            classes.order[pupils[0] : pupils[-1]], members, grades.offsets, columns["known"],
            grades.corrected, ordinal, sittings.of_mark, columns["percent"], int(first),
            mean[first:last], sd[first:last], n[first:last],
        )  # fmt: skip

    in_threads(add_up, blocks(len(classes.names), CLASSES_AT_ONCE))
    return mean, sd, n


def feature_moments(
    classes: Classes, values: Floats, places: Places, members: Bools
) -> tuple[Floats, Floats, Counts]:
    """Give mean, spread and number of some features in each class: shape (n_features, n_classes)."""
    shape = (len(places), len(classes.names))
    mean, sd, n = np.empty(shape), np.empty(shape), np.empty(shape, dtype=np.int64)

    def add_up(block: slice) -> None:
        of_block = slice(block.start, block.stop + 1)
        _of_classes(
            classes.order, classes.offsets[of_block], members, values, places, block.start, mean, sd, n
        )

    in_threads(add_up, blocks(len(classes.names), CLASSES_AT_ONCE))
    return mean, sd, n


@kernel
def _of_sittings(  # noqa: PLR0917
    pupils: Places,
    members: Bools,
    offsets: Places,
    known: Codes,
    corrected: Bools,
    ordinal: int,
    sitting: Codes,
    percent: Floats,
    first: int,
    mean: Floats,
    sd: Floats,
    n: Counts,
) -> None:
    """Means with compensated sums, spreads about the running mean."""
    total, lost = np.zeros(len(n)), np.zeros(len(n))
    running, squares = np.zeros(len(n)), np.zeros(len(n))
    for pupil in pupils:
        if not members[pupil]:
            continue
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if known[row] >= ordinal or (corrected[row] and known[row + 1] < ordinal):
                continue
            at, value = sitting[row] - first, percent[row]
            n[at] += 1
            less = value - lost[at]
            added = total[at] + less
            lost[at] = added - total[at] - less
            total[at] = added
            before = running[at]
            running[at] += (value - before) / n[at]
            squares[at] += (value - running[at]) * (value - before)
    for at in range(len(n)):
        if n[at] > 0:
            mean[at] = total[at] / n[at]
            sd[at] = np.sqrt(squares[at] / n[at])


@kernel
def _of_classes(  # noqa: PLR0917
    order: Places,
    classes: Places,
    members: Bools,
    values: Floats,
    places: Places,
    first: int,
    mean: Floats,
    sd: Floats,
    n: Counts,
) -> None:
    n_features = len(places)
    total, squares = np.empty(n_features), np.empty(n_features)
    number = np.empty(n_features, dtype=np.int64)
    for cls in range(len(classes) - 1):
        total[:] = 0.0
        squares[:] = 0.0
        number[:] = 0
        for place in range(classes[cls], classes[cls + 1]):
            pupil = order[place]
            if members[pupil]:
                for feature in range(n_features):
                    value = values[pupil, places[feature]]
                    if not np.isnan(value):
                        total[feature] += value
                        number[feature] += 1
        for feature in range(n_features):
            total[feature] /= max(number[feature], 1)
        for place in range(classes[cls], classes[cls + 1]):
            pupil = order[place]
            if members[pupil]:
                for feature in range(n_features):
                    value = values[pupil, places[feature]]
                    if not np.isnan(value):
                        squares[feature] += (value - total[feature]) ** 2
        for feature in range(n_features):
            mean[feature, first + cls] = total[feature]
            sd[feature, first + cls] = np.sqrt(squares[feature] / max(number[feature], 1))
            n[feature, first + cls] = number[feature]


@kernel
def standing(sitting: Codes, percent: Floats, exam: Codes, mean: Floats, sd: Floats) -> Floats:
    """Give each mark its distance from its exam's mean in standard deviations; missing without an exam."""
    z = np.full(len(percent), np.nan)
    for row in range(len(percent)):
        if sitting[row] >= 0 and exam[sitting[row]] >= 0:
            at = exam[sitting[row]]
            z[row] = (percent[row] - mean[at]) / sd[at]
    return z


@kernel
def missed(  # noqa: PLR0917
    offsets: Places,
    sitting: Codes,
    date: Codes,
    exam: Codes,
    classes: Codes,
    class_offsets: Places,
    class_dates: Codes,
    since: Counts,
    ordinal: int,
) -> Floats:
    """Count the exams of each pupil's class from a date on, less the pupil's own marks in them."""
    found = np.full(len(classes), np.nan)
    for pupil in range(len(classes)):
        cls = classes[pupil]
        if cls < 0 or class_offsets[cls] == class_offsets[cls + 1]:
            continue
        number = 0
        for at in range(class_offsets[cls], class_offsets[cls + 1]):
            if since[pupil] <= class_dates[at] and class_dates[at] < ordinal:
                number += 1
        for row in range(offsets[pupil], offsets[pupil + 1]):
            if sitting[row] >= 0 and exam[sitting[row]] >= 0 and date[row] >= since[pupil]:
                number -= 1
        found[pupil] = max(number, 0)
    return found
