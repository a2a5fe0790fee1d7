"""Measures of attendance over packed days against plain loops over lists of days."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dropout_risk.alerts.rules import SILENCE_SCHOOL_DAYS
from dropout_risk.catalogue import measures as m
from dropout_risk.features.attendance import MEASURES
from dropout_risk.features.inputs import Inputs
from dropout_risk.histories.day_words import current_run
from dropout_risk.kernels import THREADS, blocks, in_threads
from support.agreement import same_bits
from support.oracle import LOOPS
from support.packed_days import PackedDistrict, date_at

KINDS = ("absent", "unexcused", "late", "suspended", "present")
DAY_MEASURES = (
    *(
        measure(of=kind)
        for kind in KINDS
        for measure in (m.Share, m.Count, m.CurrentStreak, m.LongestStreak, m.Spells, m.DaysSince)
    ),
    *(m.ShareTrend(of="absent", before=before) for before in (1, 8, 50, 64)),
    *(m.WeekdayExcess(of="absent", weekdays=weekdays) for weekdays in ((0, 4), (2, 6, 9), ())),
)
# at the borders of bytes and of words of 64 days, and beyond
borders = st.sampled_from((0, 1, 7, 8, 9, 20, 60, 63, 64, 65, 127, 128, 129, 140))
windows = st.sampled_from((None, "year", 1, 7, 8, 9, 20, 56, 60, 63, 64, 65, 128, 129, 500))
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def districts(draw):
    """A district, its histories and a date."""
    lengths = draw(st.lists(borders, min_size=1, max_size=3))
    district = PackedDistrict(
        seed=draw(st.integers(0, 10_000)),
        lengths=lengths,
        n_pupils=draw(st.integers(1, 6)),
        late=draw(st.sampled_from((0.0, 0.2))),
        hidden=draw(st.booleans()),
    )
    histories = district.histories()
    school = draw(st.integers(0, len(lengths) - 1))
    return district, histories, date_at(histories, school, min(draw(borders), lengths[school]))


def measured(known, window):
    """Every measure of days, one column each."""
    inputs = Inputs(known, None, None)
    columns = [MEASURES[type(measure)](measure, window, inputs) for measure in DAY_MEASURES]
    return np.column_stack(columns)


@few
@given(districts(), windows)
def test_every_measure_equals_a_plain_loop_bit_by_bit(drawn, window):
    district, histories, as_of = drawn
    expected = [
        [float(LOOPS[type(measure)](measure, pupil, window)) for measure in DAY_MEASURES]
        for pupil in district.on(as_of)
    ]

    assert same_bits(measured(histories.on(as_of), window), expected)


@few
@given(districts(), windows)
def test_days_are_those_of_a_plain_walk_with_the_last_school_day_in_the_last_column(drawn, window):
    district, histories, as_of = drawn
    known = histories.on(as_of)
    for kind in ("recorded", *KINDS):
        days = known.days(kind, window)
        expected = np.zeros((len(known), days.shape[1]), dtype=bool)
        for row, pupil in enumerate(district.on(as_of)):
            for day, kinds in pupil.window_days(window):
                if kind in kinds:
                    expected[row, days.shape[1] - pupil.end + pupil.index(day)] = True

        assert days.tolist() == expected.tolist()
        assert known.count(kind, window).tolist() == expected.sum(axis=1).tolist()


@few
@given(districts())
def test_the_last_record_is_the_last_recorded_day(drawn):
    district, histories, as_of = drawn
    last = histories.on(as_of).last_record("attendance")

    expected = [pupil.days[-1][0].toordinal() if pupil.days else None for pupil in district.on(as_of)]
    epoch = 719163
    assert [day + epoch if day >= 0 else None for day in last.tolist()] == expected


def plain_run(pupil, silence):
    """Length, first and last age of the current run of unexplained absence."""
    run = []
    for day, kinds in reversed(pupil.days):
        age = pupil.end - pupil.index(day)
        if "unexcused" not in kinds or (run and age - run[-1] > silence + 1):
            break
        run.append(age)
    return [len(run), run[-1], run[0]] if run else [0, 0, 0]


@few
@given(districts(), st.sampled_from((0, 1, 3, SILENCE_SCHOOL_DAYS, 1000)))
def test_the_current_run_ends_with_another_kind_of_day_or_a_long_silence(drawn, silence):
    district, histories, as_of = drawn
    known = histories.on(as_of)
    found = current_run(known.words("unexcused"), known.words("recorded"), known.ages(None), silence)

    assert found.T.tolist() == [plain_run(pupil, silence) for pupil in district.on(as_of)]


@few
@given(districts(), windows, st.integers(1, 4), st.sampled_from("13"))
def test_neither_blocks_nor_threads_nor_the_others_change_a_bit(drawn, window, size, threads):
    _, histories, as_of = drawn
    whole = measured(histories.on(as_of), window)

    def of_block(block):
        return measured(histories.take(np.arange(block.start, block.stop)).on(as_of), window)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(THREADS, threads)
        in_blocks = np.concatenate(in_threads(of_block, blocks(len(histories), size)))
    backwards = np.arange(len(histories))[::-1]

    assert same_bits(in_blocks, whole)
    assert same_bits(measured(histories.take(backwards).on(as_of), window), whole[backwards])
