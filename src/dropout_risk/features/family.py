"""Measures of family circumstances and distance, as they hold on the day."""

from __future__ import annotations

import numpy as np

from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.factors import BURDENS, FACTORS
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction, count_by, sum_by
from dropout_risk.histories.snapshot import Bools, Window


def factor_holds(measure: declared.FactorHolds, window: Window, inputs: Inputs) -> Floats:
    """1 where one of the factors holds; missing for pupils whose family was never asked."""
    rows = inputs.known.family
    chosen = rows["holds"] & np.isin(rows["factor"], inputs.known.codes("factor", measure.factors))
    if measure.values:
        chosen &= np.isin(rows["value"], inputs.known.codes("value", measure.values))
    holds = sum_by(rows["pupil"], chosen, len(inputs.known)) > 0
    return _where_asked(holds.astype(np.float64), inputs, measure.factors)


def factor_count(measure: declared.FactorCount, window: Window, inputs: Inputs) -> Floats:
    """Different burdening factors that hold."""
    return _different_factors(inputs.known.family["holds"], inputs)


def recent_factor(measure: declared.RecentFactor, window: Window, inputs: Inputs) -> Floats:
    """Different burdening factors that began in the window."""
    return _different_factors(inputs.known.within(inputs.known.family, window), inputs)


def _different_factors(chosen: Bools, inputs: Inputs) -> Floats:
    rows, n = inputs.known.family, len(inputs.known)
    chosen = chosen & np.isin(rows["factor"], inputs.known.codes("factor", BURDENS))
    n_words = len(inputs.known.histories.words.get("factor", ())) + 1
    pairs = np.unique(rows["pupil"][chosen].astype(np.int64) * n_words + rows["factor"][chosen])
    return _where_asked(count_by(pairs // n_words, n).astype(np.float64), inputs)


def _where_asked(value: Floats, inputs: Inputs, own: tuple[str, ...] = ()) -> Floats:
    """Leave the value missing where no row names a known factor: a misspelt one tells nothing."""
    rows = inputs.known.family
    understood = np.isin(rows["factor"], inputs.known.codes("factor", (*FACTORS, *own)))
    return np.where(count_by(rows["pupil"][understood], len(inputs.known)) > 0, value, np.nan)


def student_column(measure: declared.StudentColumn, window: Window, inputs: Inputs) -> Floats:
    """Read a numeric column of the students table."""
    return inputs.known.student_column(measure.column)


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.FactorHolds: factor_holds,
    declared.FactorCount: factor_count,
    declared.RecentFactor: recent_factor,
    declared.StudentColumn: student_column,
}
