"""What measures of psychological tests stand on: the tests that gave the value."""

from __future__ import annotations

import numpy as np

from dropout_risk.arrays import Bools, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.instrument import band_of
from dropout_risk.features.footing import NO_DAY, Asked, Footing, FootingFunction, latest_chosen
from dropout_risk.features.psychology import (
    TOTAL,
    instrument_totals,
    instrument_words,
    risk_band,
    scale_change,
    test_moments,
    usable_rows,
)
from dropout_risk.histories.snapshot import Window


def scale_score(measure: declared.ScaleScore, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the latest valid test."""
    inputs = footings.inputs
    rows = inputs.snapshot.wellbeing
    chosen = instrument_words(inputs, measure.instrument)[rows["instrument"]] & usable_rows(inputs)
    chosen = chosen & (rows["scale"] == inputs.snapshot.code("scale", measure.scale))
    return _latest_test(footings, chosen, pupils)


def worst_band(measure: declared.RiskBand, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the latest tests that are in the worst band."""
    inputs = footings.inputs
    rows, worst = inputs.snapshot.wellbeing, risk_band(measure, window, inputs)
    chosen = np.zeros(len(rows["date"]), dtype=bool)
    for instrument, norm, tested, last, _ in instrument_totals(inputs):
        band = band_of(instrument, TOTAL, rows["score"][last], norm)
        chosen[last[band == worst[tested]]] = True
    return Footing.of_rows(rows, chosen, pupils)


def largest_rise(measure: declared.ScaleChange, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the two tests that the largest rise lies between."""
    inputs = footings.inputs
    rows, most = inputs.snapshot.wellbeing, scale_change(measure, window, inputs)
    chosen = np.zeros(len(rows["date"]), dtype=bool)
    for instrument, norm, tested, last, before in instrument_totals(inputs):
        low, high = instrument.range_of(TOTAL, norm)
        two = before >= 0
        two[two] = rows["norm"][last[two]] == rows["norm"][before[two]]
        change = (rows["score"][last[two]] - rows["score"][before[two]]) / (high - low)
        own = change == most[tested[two]]
        chosen[last[two][own]] = chosen[before[two][own]] = True
    return Footing.of_rows(rows, chosen, pupils)


def latest_test(measure: declared.Measure, window: Window, footings: Asked, pupils: Longs) -> Footing:
    """Find the latest test, valid or not."""
    rows = footings.inputs.snapshot.wellbeing
    return _latest_test(footings, np.ones(len(rows["date"]), dtype=bool), pupils)


def _latest_test(footings: Asked, chosen: Bools, pupils: Longs) -> Footing:
    rows = footings.inputs.snapshot.wellbeing
    row = latest_chosen(rows.offsets, pupils, chosen, test_moments(footings.inputs))
    date = np.append(rows["date"], np.int32(NO_DAY))[row]
    return Footing(date, date)


FOOTINGS: dict[type[declared.Measure], FootingFunction] = {
    declared.ScaleScore: scale_score,
    declared.RiskBand: worst_band,
    declared.ScaleChange: largest_rise,
    declared.TestAge: latest_test,
    declared.InvalidTest: latest_test,
}
