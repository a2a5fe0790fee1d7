"""Measures of psychological tests: for routing and support, never a diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.instrument import Instrument, InstrumentRegistry, band_of
from dropout_risk.features.inputs import Inputs, MeasureFunction, days_since
from dropout_risk.histories.snapshot import Window, largest
from dropout_risk.kernels import kernel

TOTAL = "total"
Words = dict[str, tuple[str, ...]]


def scale_score(measure: declared.ScaleScore, window: Window, inputs: Inputs) -> Floats:
    """Latest valid score of one scale."""
    rows, of = inputs.known.wellbeing, _named(inputs, measure.instrument)
    scale = inputs.known.code("scale", measure.scale)
    if scale < 0 or not of.any():
        return np.full(len(inputs.known), np.nan)
    return _latest_score(
        rows.offsets, rows["instrument"], of, rows["scale"], scale, _moments(inputs), _usable(inputs),
        rows["score"],
    )  # fmt: skip


def risk_band(measure: declared.RiskBand, window: Window, inputs: Inputs) -> Floats:
    """Worst band over the latest valid totals of all known instruments."""
    worst = np.full(len(inputs.known), np.nan)
    score = inputs.known.wellbeing["score"]
    for instrument, norm, pupils, last, _ in _totals(inputs):
        worst[pupils] = np.fmax(worst[pupils], band_of(instrument, TOTAL, score[last], norm))
    return worst


def scale_change(measure: declared.ScaleChange, window: Window, inputs: Inputs) -> Floats:
    """Largest rise of a total since the test before under the same norm, as a share of the scale's range."""
    most = np.full(len(inputs.known), np.nan)
    rows = inputs.known.wellbeing
    for instrument, norm, pupils, last, before in _totals(inputs):
        low, high = instrument.range_of(TOTAL, norm)
        two = before >= 0
        two[two] = rows["norm"][last[two]] == rows["norm"][before[two]]
        change = (rows["score"][last[two]] - rows["score"][before[two]]) / (high - low)
        most[pupils[two]] = np.fmax(most[pupils[two]], change)
    return most


def test_age(measure: declared.TestAge, window: Window, inputs: Inputs) -> Floats:
    """School days since the last test, valid or not."""
    return days_since(inputs.known.wellbeing, inputs.known)


def invalid_test(measure: declared.InvalidTest, window: Window, inputs: Inputs) -> Floats:
    """1 when any row of the latest test day is invalid or without a score."""
    rows = inputs.known.wellbeing
    latest = largest(rows.offsets, rows["date"])
    bad = (rows["date"] == latest[rows["pupil"]]) & ~_usable(inputs)
    value = np.where(rows.offsets[1:] > rows.offsets[:-1], 0.0, np.nan)
    value[rows["pupil"][bad]] = 1.0
    return value


def has_test(inputs: Inputs, instrument: str | None = None, *, refused: bool = False) -> Bools:
    """Say for whom there is a test, of one instrument or of any.

    With ``refused``, only tests that were refused, invalid or impossible count.
    """
    rows = inputs.known.wellbeing
    answer = np.zeros(len(inputs.known), dtype=bool)
    chosen = ~_usable(inputs) if refused else None
    if instrument is not None:
        of_it = _named(inputs, instrument)[rows["instrument"]]
        chosen = of_it if chosen is None else chosen & of_it
    answer[rows["pupil"] if chosen is None else rows["pupil"][chosen]] = True
    return answer


@dataclass(frozen=True)
class Ranges:
    """What the instruments say of each instrument, scale and norm that the histories name.

    Parameters
    ----------
    instruments : list of Instrument
        Those that the histories name, in the registry's order.
    of_word : int32 array
        The place of each word's instrument there; -1 for words that mean none, and at the end for no word.
    low, high : float64 arrays of shape (n_instruments, n_scales + 1, n_norms + 1)
        The possible scores; the last scale stands for none, the last norm for none.
    lies_from : float64 array of shape (n_instruments, n_scales + 1)
        From which score on a lie scale spoils the test; infinite for other scales.
    """

    instruments: list[Instrument]
    of_word: Ints
    low: Floats
    high: Floats
    lies_from: Floats

    @classmethod
    def of(cls, registry: InstrumentRegistry, words: Words) -> Self:
        """Look up every word once."""
        named = words.get("instrument", ())
        codes = [registry[word].code if word in registry else None for word in named]
        present = [instrument for instrument in registry.values() if instrument.code in codes]
        places: dict[str | None, int] = {instrument.code: place for place, instrument in enumerate(present)}
        scales, norms = words.get("scale", ()), (*words.get("norm", ()), None)
        low = np.full((len(present), len(scales) + 1, len(norms)), -np.inf)
        high, lies_from = -low, np.full(low.shape[:2], np.inf)
        for place, instrument in enumerate(present):
            for scale, name in enumerate(scales):
                if name not in instrument.scales:
                    continue
                for norm, of in enumerate(norms):
                    low[place, scale, norm], high[place, scale, norm] = instrument.range_of(name, of)
                if instrument.validity is not None and name == instrument.validity.scale:
                    lies_from[place, scale] = instrument.validity.invalid_from
        of_word = np.array([*(places.get(code, -1) for code in codes), -1], dtype=np.int32)
        return cls(present, of_word, low, high, lies_from)


def _ranges(inputs: Inputs) -> Ranges:
    return inputs.once_for_all("ranges", lambda: Ranges.of(inputs.instruments, inputs.known.histories.words))


def _named(inputs: Inputs, instrument: str) -> Bools:
    """Say of each word, and at the end of no word, whether it means an instrument ("PHQ9", "phq-9")."""

    def make() -> Bools:
        ranges, code = _ranges(inputs), inputs.instruments[instrument].code
        own = [place for place, of in enumerate(ranges.instruments) if of.code == code]
        return np.asarray(ranges.of_word == own[0] if own else np.zeros(len(ranges.of_word), dtype=bool))

    return inputs.once_for_all(("instrument", instrument), make)


def _usable(inputs: Inputs) -> Bools:
    """Say which rows count: not marked invalid, scored within the scale, and not spoilt by a lie scale."""
    rows, ranges = inputs.known.wellbeing, _ranges(inputs)
    return inputs.once(
        "usable tests",
        lambda: _judge(
            rows.offsets, rows["instrument"], rows["scale"], rows["norm"], rows["date"], rows["score"],
            rows["valid"], ranges.of_word, ranges.low, ranges.high, ranges.lies_from,
        ),
    )  # fmt: skip


def _moments(inputs: Inputs) -> Longs:
    """Put tests in order by date, and by when they became known where two spellings name one test."""
    rows = inputs.known.wellbeing
    return inputs.once("moments", lambda: (rows["date"].astype(np.int64) << 32) + rows["known"])


def _totals(inputs: Inputs) -> Iterator[tuple[Instrument, str | None, Longs, Longs, Longs]]:
    """Give, by instrument and norm, the pupils with a valid total, their last row and the one before."""
    rows, ranges = inputs.known.wellbeing, _ranges(inputs)
    norms = (*inputs.known.histories.words.get("norm", ()), None)
    last, before = inputs.once("totals", lambda: _last_totals(
        rows.offsets, rows["instrument"], ranges.of_word, rows["scale"],
        inputs.known.code("scale", TOTAL), _moments(inputs), _usable(inputs), len(ranges.instruments),
    ))  # fmt: skip
    for place, instrument in enumerate(ranges.instruments):
        tested = np.flatnonzero(last[place] >= 0)
        norm_of = rows["norm"][last[place, tested]] % len(norms)
        for code in np.flatnonzero(np.bincount(norm_of, minlength=len(norms))):
            pupils = tested[norm_of == code]
            yield instrument, norms[code], pupils, last[place, pupils], before[place, pupils]


@kernel
def _judge(  # noqa: PLR0917
    offsets: Longs,
    instrument: Ints,
    scale: Ints,
    norm: Ints,
    date: Ints,
    score: Floats,
    valid: Bools,
    of_word: Ints,
    low: Floats,
    high: Floats,
    lies_from: Floats,
) -> Bools:
    usable = np.empty(len(date), dtype=np.bool_)
    for pupil in range(len(offsets) - 1):
        first, last = offsets[pupil], offsets[pupil + 1]
        lies = False
        for row in range(first, last):
            of, value = of_word[instrument[row]], score[row]
            usable[row] = valid[row] and not np.isnan(value)
            if of >= 0:
                possible = low[of, scale[row], norm[row]] <= value <= high[of, scale[row], norm[row]]
                usable[row] = usable[row] and possible
                lies = lies or value >= lies_from[of, scale[row]]
        if not lies:
            continue
        for lie in range(first, last):
            of = of_word[instrument[lie]]
            if of >= 0 and score[lie] >= lies_from[of, scale[lie]]:
                for row in range(first, last):
                    if date[row] == date[lie] and of_word[instrument[row]] == of:
                        usable[row] = False
    return usable


@kernel
def _latest_score(  # noqa: PLR0917
    offsets: Longs,
    instrument: Ints,
    of: Bools,
    scale: Ints,
    wanted: int,
    moment: Longs,
    usable: Bools,
    score: Floats,
) -> Floats:
    scores = np.full(len(offsets) - 1, np.nan)
    for pupil in range(len(scores)):
        latest = -1
        for row in range(offsets[pupil], offsets[pupil + 1]):
            counts = scale[row] == wanted and usable[row] and of[instrument[row]]
            if counts and (latest < 0 or moment[row] >= moment[latest]):
                latest = row
        if latest >= 0:
            scores[pupil] = score[latest]
    return scores


@kernel
def _last_totals(  # noqa: PLR0917
    offsets: Longs,
    instrument: Ints,
    of_word: Ints,
    scale: Ints,
    total: int,
    moment: Longs,
    usable: Bools,
    n_instruments: int,
) -> tuple[Longs, Longs]:
    """Find each pupil's last valid total of each instrument, and the one before; -1 for none."""
    last = np.full((n_instruments, len(offsets) - 1), -1, dtype=np.int64)
    before = np.full((n_instruments, len(offsets) - 1), -1, dtype=np.int64)
    for pupil in range(len(offsets) - 1):
        for row in range(offsets[pupil], offsets[pupil + 1]):
            of = of_word[instrument[row]]
            if of < 0 or scale[row] != total or not usable[row]:
                continue
            if last[of, pupil] < 0 or moment[row] >= moment[last[of, pupil]]:
                before[of, pupil] = last[of, pupil]
                last[of, pupil] = row
            elif before[of, pupil] < 0 or moment[row] >= moment[before[of, pupil]]:
                before[of, pupil] = row
    return last, before


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.ScaleScore: scale_score,
    declared.RiskBand: risk_band,
    declared.ScaleChange: scale_change,
    declared.TestAge: test_age,
    declared.InvalidTest: invalid_test,
}
