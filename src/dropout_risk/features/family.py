"""Measures of family circumstances and distance, as they hold on the day."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.factors import BURDENS, FACTORS
from dropout_risk.features.inputs import Inputs, MeasureFunction
from dropout_risk.histories.snapshot import Window
from dropout_risk.kernels import kernel


def factor_holds(measure: declared.FactorHolds, window: Window, inputs: Inputs) -> Floats:
    """1 where one of the factors holds; missing where one is in doubt, or the family was never asked."""
    rows = inputs.snapshot.family
    chosen = rows["holds"]
    if measure.values:
        chosen = chosen & inputs.named("value", measure.values)[rows["value"]]
    number = _different_factors(inputs, chosen, measure.factors, (*FACTORS, *measure.factors))
    return np.minimum(number, 1.0)


def factor_count(measure: declared.FactorCount, window: Window, inputs: Inputs) -> Floats:
    """Different burdening factors that hold; missing where none does and one is in doubt."""
    return _different_factors(inputs, inputs.snapshot.family["holds"], BURDENS)


def recent_factor(measure: declared.RecentFactor, window: Window, inputs: Inputs) -> Floats:
    """Different burdening factors that began in the window; missing where none did and one is in doubt."""
    rows, doubts = inputs.snapshot.family, inputs.snapshot.family_in_doubt
    chosen = inputs.snapshot.within(rows, window) & rows["said"]
    return _different_factors(inputs, chosen, BURDENS, recent=inputs.snapshot.within(doubts, window))


def _different_factors(
    inputs: Inputs,
    chosen: Bools,
    factors: tuple[str, ...],
    understood: tuple[str, ...] = tuple(FACTORS),
    recent: Bools | None = None,
) -> Floats:
    """Count the different factors among the chosen rows.

    Missing where no row names a known factor: a misspelt one tells nothing. So it is where none of the
    factors is counted, and a row (of the ``recent`` ones, if given) leaves one of them in doubt.
    """
    rows, doubts = inputs.snapshot.family, inputs.snapshot.family_in_doubt
    of_these, known = inputs.named("factor", factors), inputs.named("factor", understood)
    numbers = _count_different(rows.offsets, rows["factor"], chosen, of_these, known)
    if doubts.offsets[-1]:
        unsure = of_these[doubts["factor"]] & (True if recent is None else recent)
        doubted = np.zeros(len(numbers), np.bool_)
        doubted[doubts["pupil"][unsure]] = True
        numbers[doubted & (numbers == 0)] = np.nan
    return numbers


@kernel
def _count_different(offsets: Longs, factor: Ints, chosen: Bools, of_these: Bools, known: Bools) -> Floats:
    """Count; a pupil's rows are sorted by factor."""
    numbers = np.full(len(offsets) - 1, np.nan)
    for pupil in range(len(numbers)):
        number, before, asked = 0, -1, False
        for row in range(offsets[pupil], offsets[pupil + 1]):
            code = factor[row]
            asked = asked or known[code]
            if chosen[row] and of_these[code] and code != before:
                before = code
                number += 1
        if asked:
            numbers[pupil] = number
    return numbers


def student_column(measure: declared.StudentColumn, window: Window, inputs: Inputs) -> Floats:
    """Read a numeric column of the students table."""
    return inputs.snapshot.student_column(measure.column)


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.FactorHolds: factor_holds,
    declared.FactorCount: factor_count,
    declared.RecentFactor: recent_factor,
    declared.StudentColumn: student_column,
}
