"""Measures of psychological tests: for routing and support, never a diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from dropout_risk.arrays import Bools, Floats, Ints, Longs
from dropout_risk.catalogue import measures as declared
from dropout_risk.catalogue.instrument import Instrument, InstrumentRegistry, band_of, own_name
from dropout_risk.features.inputs import Inputs, MeasureFunction, days_since
from dropout_risk.histories.snapshot import Window, largest_of_pupils
from dropout_risk.kernels import kernel

TOTAL = "total"
Words = dict[str, tuple[str, ...]]


def scale_score(measure: declared.ScaleScore, window: Window, inputs: Inputs) -> Floats:
    """Latest valid score of one scale."""
    rows, named = inputs.snapshot.wellbeing, instrument_words(inputs, measure.instrument)
    scale = inputs.snapshot.code("scale", measure.scale)
    if scale < 0 or not named.any():
        return np.full(len(inputs.snapshot), np.nan)
    return _latest_score(
        rows.offsets, rows["instrument"], named, rows["scale"], scale, test_moments(inputs),
        usable_rows(inputs), rows["score"],
    )  # fmt: skip


def risk_band(measure: declared.RiskBand, window: Window, inputs: Inputs) -> Floats:
    """Worst band over the latest valid totals of all known instruments."""
    worst = np.full(len(inputs.snapshot), np.nan)
    score = inputs.snapshot.wellbeing["score"]
    for instrument, norm, pupils, last, _ in instrument_totals(inputs):
        worst[pupils] = np.fmax(worst[pupils], band_of(instrument, TOTAL, score[last], norm))
    return worst


def tests_at_cut_off(inputs: Inputs) -> Iterator[tuple[Instrument, Longs, Ints]]:
    """Give, by instrument, the pupils whose latest valid total reaches a cut-off, and the day of the test."""
    rows = inputs.snapshot.wellbeing
    for instrument, norm, pupils, last, _ in instrument_totals(inputs):
        reached = band_of(instrument, TOTAL, rows["score"][last], norm) >= 1
        yield instrument, pupils[reached], rows["date"][last[reached]]


def scale_change(measure: declared.ScaleChange, window: Window, inputs: Inputs) -> Floats:
    """Largest rise of a total since the test before under the same norm, as a share of the scale's range."""
    most = np.full(len(inputs.snapshot), np.nan)
    rows = inputs.snapshot.wellbeing
    for instrument, norm, pupils, last, before in instrument_totals(inputs):
        low, high = instrument.range_of(TOTAL, norm)
        two = before >= 0
        two[two] = rows["norm"][last[two]] == rows["norm"][before[two]]
        change = (rows["score"][last[two]] - rows["score"][before[two]]) / (high - low)
        most[pupils[two]] = np.fmax(most[pupils[two]], change)
    return most


def test_age(measure: declared.TestAge, window: Window, inputs: Inputs) -> Floats:
    """School days since the last test, valid or not."""
    return days_since(inputs.snapshot.wellbeing, inputs.snapshot)


def invalid_test(measure: declared.InvalidTest, window: Window, inputs: Inputs) -> Floats:
    """1 when any row of the latest test day is invalid or without a score."""
    rows = inputs.snapshot.wellbeing
    latest = largest_of_pupils(rows.offsets, rows["date"])
    bad = (rows["date"] == latest[rows["pupil"]]) & ~usable_rows(inputs)
    value = np.where(rows.offsets[1:] > rows.offsets[:-1], 0.0, np.nan)
    value[rows["pupil"][bad]] = 1.0
    return value


def has_test(inputs: Inputs, instrument: str | None = None, *, refused: bool = False) -> Bools:
    """Say for whom there is a test, of one instrument or of any.

    With ``refused``, only tests that were refused, invalid or impossible count.
    """
    rows = inputs.snapshot.wellbeing
    answer = np.zeros(len(inputs.snapshot), dtype=bool)
    chosen = ~usable_rows(inputs) if refused else None
    if instrument is not None:
        of_it = instrument_words(inputs, instrument)[rows["instrument"]]
        chosen = of_it if chosen is None else chosen & of_it
    answer[rows["pupil"] if chosen is None else rows["pupil"][chosen]] = True
    return answer


@dataclass(frozen=True)
class Ranges:
    """What the instruments say of each instrument, scale and norm that the histories name.

    ``instruments`` are those, in the registry's order, and ``of_word`` the index of each word's there: -1 for
    words that mean none, and at the end for no word. ``low`` and ``high`` are the possible scores by
    instrument, scale and norm; the last scale stands for none, the last norm for none. ``lies_from`` says by
    instrument and scale from which score on a lie scale spoils the test; infinite for other scales.
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
        indices: dict[str | None, int] = {instrument.code: index for index, instrument in enumerate(present)}
        scales, norms = words.get("scale", ()), (*words.get("norm", ()), None)
        low = np.full((len(present), len(scales) + 1, len(norms)), -np.inf)
        high, lies_from = -low, np.full(low.shape[:2], np.inf)
        for index, instrument in enumerate(present):
            for scale, word in enumerate(scales):
                name = own_name(instrument.scales, word)
                if name not in instrument.scales:
                    continue
                for norm, name_of_norm in enumerate(norms):
                    low[index, scale, norm], high[index, scale, norm] = instrument.range_of(
                        name, name_of_norm
                    )
                if instrument.validity is not None and name == instrument.validity.scale:
                    lies_from[index, scale] = instrument.validity.invalid_from
        of_word = np.array([*(indices.get(code, -1) for code in codes), -1], dtype=np.int32)
        return cls(present, of_word, low, high, lies_from)


def _instrument_ranges(inputs: Inputs) -> Ranges:
    return inputs.once_of_words(
        "ranges", lambda: Ranges.of(inputs.instruments, inputs.snapshot.histories.words)
    )


def instrument_words(inputs: Inputs, instrument: str) -> Bools:
    """Say of each word, and at the end of no word, whether it means an instrument ("PHQ9", "phq-9")."""

    def make() -> Bools:
        ranges, code = _instrument_ranges(inputs), inputs.instruments[instrument].code
        own = [index for index, item in enumerate(ranges.instruments) if item.code == code]
        return np.asarray(ranges.of_word == own[0] if own else np.zeros(len(ranges.of_word), dtype=bool))

    return inputs.once_of_words(("instrument", instrument), make)


def usable_rows(inputs: Inputs) -> Bools:
    """Say which rows count: not marked invalid, scored within the scale, and not spoilt by a lie scale."""
    rows, ranges = inputs.snapshot.wellbeing, _instrument_ranges(inputs)
    return inputs.once(
        "usable tests",
        lambda: _judge_rows(
            rows.offsets, rows["instrument"], rows["scale"], rows["norm"], rows["date"], rows["score"],
            rows["valid"], ranges.of_word, ranges.low, ranges.high, ranges.lies_from,
        ),
    )  # fmt: skip


def test_moments(inputs: Inputs) -> Longs:
    """Put tests in order by date, and by when they became known where two spellings name one test."""
    rows = inputs.snapshot.wellbeing
    return inputs.once("moments", lambda: (rows["date"].astype(np.int64) << 32) + rows["known"])


def instrument_totals(inputs: Inputs) -> Iterator[tuple[Instrument, str | None, Longs, Longs, Longs]]:
    """Give, by instrument and norm, the pupils with a valid total, their last row and the one before."""
    rows, ranges = inputs.snapshot.wellbeing, _instrument_ranges(inputs)
    norms = (*inputs.snapshot.histories.words.get("norm", ()), None)
    last, before = inputs.once("totals", lambda: _last_totals(
        rows.offsets, rows["instrument"], ranges.of_word, rows["scale"],
        inputs.snapshot.code("scale", TOTAL), test_moments(inputs), usable_rows(inputs),
        len(ranges.instruments),
    ))  # fmt: skip
    for index, instrument in enumerate(ranges.instruments):
        tested = np.flatnonzero(last[index] >= 0)
        norm_of = rows["norm"][last[index, tested]] % len(norms)
        for code in np.flatnonzero(np.bincount(norm_of, minlength=len(norms))):
            pupils = tested[norm_of == code]
            yield instrument, norms[code], pupils, last[index, pupils], before[index, pupils]


@kernel
def _judge_rows(  # noqa: PLR0917
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
    """Say which rows count: first each row by itself, then, for pupils with a lie, all rows of its test.

    A test is what one pupil took of one instrument on one day, by whatever spelling. Only where some row
    reaches the lie scale's limit (also one that is invalid itself) are the pupil's rows compared pairwise.
    """
    usable = np.empty(len(date), dtype=np.bool_)
    for pupil in range(len(offsets) - 1):
        first, last = offsets[pupil], offsets[pupil + 1]
        lies = False
        for row in range(first, last):
            test, value = of_word[instrument[row]], score[row]
            usable[row] = valid[row] and not np.isnan(value)
            if test >= 0:
                possible = low[test, scale[row], norm[row]] <= value <= high[test, scale[row], norm[row]]
                usable[row] = usable[row] and possible
                lies = lies or value >= lies_from[test, scale[row]]
        if not lies:
            continue
        for lie in range(first, last):
            test = of_word[instrument[lie]]
            if test >= 0 and score[lie] >= lies_from[test, scale[lie]]:
                for row in range(first, last):
                    if date[row] == date[lie] and of_word[instrument[row]] == test:
                        usable[row] = False
    return usable


@kernel
def _latest_score(  # noqa: PLR0917
    offsets: Longs,
    instrument: Ints,
    named: Bools,
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
            counts = scale[row] == wanted and usable[row] and named[instrument[row]]
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
            test = of_word[instrument[row]]
            if test < 0 or scale[row] != total or not usable[row]:
                continue
            if last[test, pupil] < 0 or moment[row] >= moment[last[test, pupil]]:
                before[test, pupil] = last[test, pupil]
                last[test, pupil] = row
            elif before[test, pupil] < 0 or moment[row] >= moment[before[test, pupil]]:
                before[test, pupil] = row
    return last, before


MEASURES: dict[type[declared.Measure], MeasureFunction] = {
    declared.ScaleScore: scale_score,
    declared.RiskBand: risk_band,
    declared.ScaleChange: scale_change,
    declared.TestAge: test_age,
    declared.InvalidTest: invalid_test,
}
