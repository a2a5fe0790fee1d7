"""Measures of psychological tests: for routing and support, never a diagnosis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropout_risk.catalogue import measures as declared
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction
from dropout_risk.histories.runs import Column
from dropout_risk.histories.snapshot import Window

TOTAL = "total"


def scale_score(measure: declared.ScaleScore, window: Window, inputs: Inputs) -> Floats:
    """Latest valid score of one scale."""
    rows = _valid(inputs)
    use = np.isin(rows["instrument"], _instrument_codes(inputs, measure.instrument))
    use &= rows["scale"] == inputs.known.code("scale", measure.scale)
    value = np.full(len(inputs.known), np.nan)
    order = np.flatnonzero(use)[np.argsort(rows["date"][use], kind="stable")]
    value[rows["pupil"][order]] = rows["score"][order]
    return value


def risk_band(measure: declared.RiskBand, window: Window, inputs: Inputs) -> Floats:
    """Worst band over the latest valid totals of all known instruments."""
    worst = np.full(len(inputs.known), np.nan)
    for name, rows in _totals_by_instrument(inputs):
        last = _last_of_pupil(rows)
        norms = inputs.known.histories.words.get("norm", ())
        for code in np.unique(rows["norm"][last]):
            of_norm = last[rows["norm"][last] == code]
            band = inputs.instruments.band_of(name, TOTAL, rows["score"][of_norm], norm=norms[code] if code >= 0 else None)
            worst[rows["pupil"][of_norm]] = np.fmax(worst[rows["pupil"][of_norm]], band)
    return worst


def scale_change(measure: declared.ScaleChange, window: Window, inputs: Inputs) -> Floats:
    """Largest rise of a total since the test before, as a share of the scale's range."""
    largest = np.full(len(inputs.known), np.nan)
    for name, rows in _totals_by_instrument(inputs):
        low, high = inputs.instruments[name].scales[TOTAL]
        last = _last_of_pupil(rows)
        last = last[(last > 0) & (rows["pupil"][last] == rows["pupil"][last - 1])]
        change = (rows["score"][last] - rows["score"][last - 1]) / (high - low)
        largest[rows["pupil"][last]] = np.fmax(largest[rows["pupil"][last]], change)
    return largest


def test_age(measure: declared.TestAge, window: Window, inputs: Inputs) -> Floats:
    """School days since the last test, valid or not."""
    rows = inputs.known.wellbeing
    last = np.full(len(inputs.known), -np.inf)
    np.maximum.at(last, rows["pupil"], rows["day"].astype(np.float64))
    return np.where(np.isneginf(last), np.nan, np.maximum(inputs.known.end - 1 - last, 0.0))


def invalid_test(measure: declared.InvalidTest, window: Window, inputs: Inputs) -> Floats:
    """1 when any row of the latest test day is invalid or without a score."""
    rows = inputs.known.wellbeing
    latest = np.full(len(inputs.known), -1, dtype=np.int64)
    np.maximum.at(latest, rows["pupil"], rows["date"])
    bad = (rows["date"] == latest[rows["pupil"]]) & (~rows["valid"] | np.isnan(rows["score"]))
    value = np.where(latest >= 0, 0.0, np.nan)
    value[rows["pupil"][bad]] = 1.0
    return value


def refused(inputs: Inputs, instrument: str | None) -> npt.NDArray[np.bool_]:
    """Say for whom an instrument's row is there, but invalid or without a score (None: any instrument)."""
    rows = inputs.known.wellbeing
    bad = ~rows["valid"] | np.isnan(rows["score"])
    if instrument is not None:
        bad &= np.isin(rows["instrument"], _instrument_codes(inputs, instrument))
    answer = np.zeros(len(inputs.known), dtype=bool)
    answer[rows["pupil"][bad]] = True
    return answer


def _valid(inputs: Inputs) -> dict[str, Column]:
    rows = inputs.known.wellbeing
    use = rows["valid"] & ~np.isnan(rows["score"])
    return {name: column[use] for name, column in rows.items()}


def _totals_by_instrument(inputs: Inputs) -> list[tuple[str, dict[str, Column]]]:
    """Give the valid totals of each known instrument, sorted by pupil and date."""
    rows = _valid(inputs)
    is_total = rows["scale"] == inputs.known.code("scale", TOTAL)
    result = []
    for name in inputs.instruments:
        if TOTAL not in inputs.instruments[name].scales:
            continue
        use = np.flatnonzero(is_total & np.isin(rows["instrument"], _instrument_codes(inputs, name)))
        use = use[np.lexsort([rows["date"][use], rows["pupil"][use]])]
        result.append((name, {column: values[use] for column, values in rows.items()}))
    return result


def _last_of_pupil(rows: dict[str, Column]) -> npt.NDArray[np.intp]:
    pupil = rows["pupil"]
    return np.flatnonzero(np.append(pupil[1:] != pupil[:-1], np.ones(min(len(pupil), 1), dtype=bool)))


def _instrument_codes(inputs: Inputs, name: str) -> list[int]:
    """Give the codes of all words that mean an instrument ("PHQ9", "phq-9")."""
    words = inputs.known.histories.words.get("instrument", ())
    return [code for code, word in enumerate(words) if inputs.instruments.code_of(word) == name]


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.ScaleScore: scale_score,
    declared.RiskBand: risk_band,
    declared.ScaleChange: scale_change,
    declared.TestAge: test_age,
    declared.InvalidTest: invalid_test,
}
