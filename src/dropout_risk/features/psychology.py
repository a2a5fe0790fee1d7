"""Measures of psychological tests: for routing and support, never a diagnosis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.instrument import Instrument, band_of
from dropout_risk.features.inputs import Floats, Inputs, MeasureFunction
from dropout_risk.histories.runs import Column
from dropout_risk.histories.snapshot import Window

TOTAL = "total"


def scale_score(measure: declared.ScaleScore, window: Window, inputs: Inputs) -> Floats:
    """Latest valid score of one scale."""
    rows = _valid(inputs)
    use = np.isin(rows["instrument"], _codes_of(inputs, inputs.instruments[measure.instrument]))
    use &= rows["scale"] == inputs.known.code("scale", measure.scale)
    value = np.full(len(inputs.known), np.nan)
    order = np.flatnonzero(use)[np.argsort(rows["date"][use], kind="stable")]
    value[rows["pupil"][order]] = rows["score"][order]
    return value


def risk_band(measure: declared.RiskBand, window: Window, inputs: Inputs) -> Floats:
    """Worst band over the latest valid totals of all known instruments."""
    worst = np.full(len(inputs.known), np.nan)
    for instrument, rows in _totals_by_instrument(inputs):
        last = _last_of_pupil(rows)
        for norm, of_norm in _by_norm(inputs, rows, last):
            band = band_of(instrument, TOTAL, rows["score"][of_norm], norm)
            worst[rows["pupil"][of_norm]] = np.fmax(worst[rows["pupil"][of_norm]], band)
    return worst


def scale_change(measure: declared.ScaleChange, window: Window, inputs: Inputs) -> Floats:
    """Largest rise of a total since the test before under the same norm, as a share of the scale's range."""
    largest = np.full(len(inputs.known), np.nan)
    for instrument, rows in _totals_by_instrument(inputs):
        last = _last_of_pupil(rows)
        last = last[last > 0]
        last = last[
            (rows["pupil"][last] == rows["pupil"][last - 1]) & (rows["norm"][last] == rows["norm"][last - 1])
        ]
        for norm, of_norm in _by_norm(inputs, rows, last):
            low, high = instrument.range_of(TOTAL, norm)
            change = (rows["score"][of_norm] - rows["score"][of_norm - 1]) / (high - low)
            largest[rows["pupil"][of_norm]] = np.fmax(largest[rows["pupil"][of_norm]], change)
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
    bad = (rows["date"] == latest[rows["pupil"]]) & ~_usable(inputs)
    value = np.where(latest >= 0, 0.0, np.nan)
    value[rows["pupil"][bad]] = 1.0
    return value


def has_test(
    inputs: Inputs, instrument: str | None = None, *, refused: bool = False
) -> npt.NDArray[np.bool_]:
    """Say for whom there is a test, of one instrument or of any.

    With ``refused``, only tests that were refused, invalid or impossible count.
    """
    rows = inputs.known.wellbeing
    chosen = ~_usable(inputs) if refused else np.ones(len(rows["pupil"]), dtype=bool)
    if instrument is not None:
        chosen &= np.isin(rows["instrument"], _codes_of(inputs, inputs.instruments[instrument]))
    answer = np.zeros(len(inputs.known), dtype=bool)
    answer[rows["pupil"][chosen]] = True
    return answer


def _usable(inputs: Inputs) -> npt.NDArray[np.bool_]:
    """Say which rows count: not marked invalid, scored within the scale, and not spoilt by a lie scale."""
    return inputs.once("usable tests", lambda: _judged(inputs))


def _judged(inputs: Inputs) -> npt.NDArray[np.bool_]:
    rows = inputs.known.wellbeing
    usable = rows["valid"] & ~np.isnan(rows["score"])
    for instrument in inputs.instruments.values():
        of_it = np.isin(rows["instrument"], _codes_of(inputs, instrument))
        if of_it.any():
            usable &= ~of_it | (
                _possible(inputs, instrument, rows) & ~_spoilt(inputs, instrument, rows, of_it)
            )
    return usable


def _possible(inputs: Inputs, instrument: Instrument, rows: dict[str, Column]) -> npt.NDArray[np.bool_]:
    possible = np.ones(len(rows["pupil"]), dtype=bool)
    for scale in instrument.scales:
        of_scale = np.flatnonzero(rows["scale"] == inputs.known.code("scale", scale))
        for norm, of_norm in _by_norm(inputs, rows, of_scale):
            low, high = instrument.range_of(scale, norm)
            possible[of_norm] = (rows["score"][of_norm] >= low) & (rows["score"][of_norm] <= high)
    return possible


def _spoilt(
    inputs: Inputs, instrument: Instrument, rows: dict[str, Column], of_it: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    if instrument.validity is None:
        return np.zeros(len(of_it), dtype=bool)
    lies = of_it & (rows["scale"] == inputs.known.code("scale", instrument.validity.scale))
    lies &= ~instrument.validity.is_valid(rows["score"])
    sitting = rows["pupil"].astype(np.int64) * (1 << 32) + rows["date"]
    return np.isin(sitting, sitting[lies])


def _valid(inputs: Inputs) -> dict[str, Column]:
    rows, use = inputs.known.wellbeing, _usable(inputs)
    return inputs.once("valid tests", lambda: {name: column[use] for name, column in rows.items()})


def _totals_by_instrument(inputs: Inputs) -> list[tuple[Instrument, dict[str, Column]]]:
    """Give the valid totals of each known instrument, sorted by pupil and date."""
    rows = _valid(inputs)
    is_total = rows["scale"] == inputs.known.code("scale", TOTAL)
    result = []
    for instrument in inputs.instruments.values():
        use = np.flatnonzero(is_total & np.isin(rows["instrument"], _codes_of(inputs, instrument)))
        use = use[np.lexsort([rows["date"][use], rows["pupil"][use]])]
        result.append((instrument, {column: values[use] for column, values in rows.items()}))
    return result


def _by_norm(
    inputs: Inputs, rows: dict[str, Column], chosen: npt.NDArray[np.intp]
) -> list[tuple[str | None, npt.NDArray[np.intp]]]:
    norms = inputs.known.histories.words.get("norm", ())
    codes = rows["norm"][chosen]
    return [(norms[code] if code >= 0 else None, chosen[codes == code]) for code in np.unique(codes)]


def _last_of_pupil(rows: dict[str, Column]) -> npt.NDArray[np.intp]:
    pupil = rows["pupil"]
    return np.flatnonzero(np.append(pupil[1:] != pupil[:-1], np.ones(min(len(pupil), 1), dtype=bool)))


def _codes_of(inputs: Inputs, instrument: Instrument) -> list[int]:
    """Give the codes of all words that mean an instrument ("PHQ9", "phq-9")."""
    words = inputs.known.histories.words.get("instrument", ())
    known = inputs.instruments
    return [code for code, word in enumerate(words) if word in known and known[word] == instrument]


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.ScaleScore: scale_score,
    declared.RiskBand: risk_band,
    declared.ScaleChange: scale_change,
    declared.TestAge: test_age,
    declared.InvalidTest: invalid_test,
}
