"""Nothing the test could leak through: days in order, label windows closed, pupils apart."""

import datetime as dt
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dropout_risk.errors import EmptyColumnError, LabelError, SplitError, TooFewDropoutsError, TrainingError
from dropout_risk.evaluation.parts import make_parts
from dropout_risk.features.cohort import Cohort
from dropout_risk.modelling.folds.splits import calibration_part
from dropout_risk.records.days.calendar import SchoolCalendar, ordinal_of
from dropout_risk.settings import Settings

DATES = pd.to_datetime([f"2024-{month:02d}-03" for month in range(4, 13)])


def _histories(holidays=()):
    days = [day.date() for day in pd.date_range("2024-03-01", "2025-06-30")]
    calendar = SchoolCalendar.from_days({"s": days, "t": [day for day in days if day not in holidays]})
    return SimpleNamespace(
        calendar=calendar,
        calendar_row=np.array([0, 1], dtype=np.int32),
        observed_to=ordinal_of("2025-06-30"),
        complete_to=ordinal_of("2025-06-30"),
    )


def _cohort(n=700, rate=0.3, seed=0):
    frame = pd.DataFrame(
        [(f"p-{pupil:03d}", day) for day in DATES for pupil in range(n)], columns=["student_id", "as_of"]
    )
    frame["pupil"], frame["school_id"], frame["class_id"] = 0, None, None
    frame["grade_level"] = 7.0 + np.arange(len(frame)) % 3
    labels = pd.Series((np.random.default_rng(seed).random(len(frame)) < rate).astype(int))
    censored = pd.DataFrame({"reason": ["transferred", "died", "transferred"]})
    return Cohort(frame, labels, censored)


def _parts(cohort=None, horizon=60, histories=None, **split):
    cohort = _cohort() if cohort is None else cohort
    features = pd.DataFrame({"x": np.arange(len(cohort.frame), dtype=float)})
    settings = Settings(outcome={"horizon_days": horizon}, split=split)
    return make_parts(histories or _histories(), cohort, features, settings)


@pytest.mark.parametrize("horizon", [30, 60, 120])
@pytest.mark.parametrize("held", [1, 2, 3])
def test_every_training_label_was_known_before_the_first_test_day(horizon, held):
    days = _parts(horizon=horizon, test_snapshots=held).dates()
    assert days["test_as_of"] == [str(day.date()) for day in DATES[-held:]]
    first_test = pd.Timestamp(days["test_as_of"][0])
    for day in days["train_as_of"]:
        assert pd.Timestamp(day) + pd.Timedelta(days=horizon) <= first_test
    for day in days["gap_as_of"]:
        assert pd.Timestamp(day) + pd.Timedelta(days=horizon) > first_test


def test_a_school_with_a_long_holiday_widens_the_gap():
    holidays = {dt.date(2024, 9, 1) + dt.timedelta(days=day) for day in range(40)}
    assert "2024-09-03" in _parts().dates()["train_as_of"]
    assert "2024-09-03" in _parts(histories=_histories(holidays)).dates()["gap_as_of"]


def test_a_pupil_trains_or_calibrates_and_never_both():
    parts = _parts()
    train, aside = set(parts.pupils(parts.train)), set(parts.pupils(parts.calibration))
    assert not train & aside
    assert 0.1 < len(aside) / (len(train) + len(aside)) < 0.35
    assert parts.dates()["calibration"] == "pupils of their own"


def test_every_row_is_used_once_or_lies_in_the_gap():
    parts = _parts()
    used = np.concatenate([parts.train, parts.calibration, parts.test])
    assert len(np.unique(used)) == len(used)
    gap = set(parts.dates()["gap_as_of"])
    rest = np.setdiff1d(np.arange(len(parts.cohort.frame)), used)
    assert set(parts.days(rest)) == gap


def test_row_order_does_not_matter():
    def members(parts, rows):
        return set(zip(parts.pupils(rows), parts.days(rows), strict=True))

    cohort = _cohort()
    order = np.random.default_rng(1).permutation(len(cohort.frame))
    mixed = Cohort(
        cohort.frame.iloc[order].reset_index(drop=True), cohort.labels.iloc[order].reset_index(drop=True)
    )
    one, other = _parts(cohort), _parts(mixed)
    for name in ("train", "calibration", "test"):
        assert members(one, getattr(one, name)) == members(other, getattr(other, name))


def test_where_too_few_of_the_pupils_set_aside_drop_out_all_train():
    cohort = _cohort()
    aside = calibration_part(cohort.frame["student_id"], share=0.2, seed=0)
    parts = _parts(replace(cohort, labels=cohort.labels.where(~aside, 0)))
    assert len(parts.calibration) == 0
    assert parts.dates()["calibration"] == "out of fold"


@pytest.mark.parametrize(("rate", "said"), [(0.0, "0 dropouts"), (0.01, "dropouts"), (1.0, "0 who stayed")])
def test_too_few_of_a_class_are_refused_with_the_counts_and_no_name(rate, said):
    with pytest.raises(TrainingError, match=said) as raised:
        _parts(_cohort(n=20, rate=rate))
    assert raised.value.hint
    assert "p-0" not in str(raised.value)


@pytest.mark.parametrize("split", [{"test_snapshots": 9}, {"test_snapshots": 20}, {"horizon": 300}])
def test_too_few_snapshots_are_refused(split):
    with pytest.raises(SplitError, match="DR402"):
        _parts(**split)


def test_counts_are_those_of_the_rows_and_of_what_was_censored():
    parts = _parts()
    counts = parts.counts()
    rows = pd.Series(parts.y(parts.test)).groupby(parts.pupils(parts.test))
    assert counts["test"] == {
        "rows": 1400, "pupils": 700, "positives": rows.sum().sum(), "leavers": rows.max().sum()
    }  # fmt: skip
    assert counts["train"]["rows"] + counts["calibration"]["rows"] == len(parts.before_test)
    assert counts["censored"] == {"died": 1, "transferred": 2}
    assert sum(counts["population"]["test"]["grade_levels"].values()) == 700


def test_baselines_read_a_missing_school_as_its_own_group():
    parts = _parts()
    assert set(parts.rows_for_baselines(parts.test).schools) == {""}


@pytest.mark.parametrize(("dropouts", "enough"), [(49, False), (50, True)])
def test_fifty_dropouts_before_the_test_are_needed(dropouts, enough):
    cohort = _cohort(n=60)
    early = (cohort.frame["as_of"] < DATES[6]).to_numpy()
    labels = cohort.labels * 0
    labels[np.flatnonzero(early)[:: early.sum() // dropouts][:dropouts]] = 1
    labels.iloc[-1] = 1
    cohort = replace(cohort, labels=labels)
    if enough:
        assert _parts(cohort, horizon=30).counts()["train"]["positives"] == dropouts
        return
    with pytest.raises(TooFewDropoutsError, match=r"49 dropouts .* at least 50 rows") as raised:
        _parts(cohort, horizon=30)
    assert "split.fewest_dropouts" in raised.value.hint
    assert _parts(cohort, horizon=30, fewest_dropouts=40).counts()["train"]["positives"] == dropouts


def test_many_rows_of_few_pupils_are_too_few():
    cohort = _cohort(n=100)
    labels = cohort.frame["student_id"].isin([f"p-{pupil:03d}" for pupil in range(9)]).astype(int)
    with pytest.raises(TooFewDropoutsError, match="the rarer of 9 different pupils"):
        _parts(replace(cohort, labels=labels), horizon=30, fewest_dropouts=20)


@pytest.mark.parametrize("wrong", [2, -1, 0.5, np.nan])
def test_labels_that_are_neither_0_nor_1_are_counted_and_refused(wrong):
    cohort = _cohort(n=20)
    labels = cohort.labels.astype(float)
    labels[3] = wrong
    with pytest.raises(LabelError, match="1 of 180 labels") as raised:
        replace(cohort, labels=labels)
    assert raised.value.hint


def test_features_without_any_value_before_the_test_are_named():
    cohort = _cohort()
    known_late = np.where(cohort.frame["as_of"] >= DATES[-1], 1.0, np.nan)
    features = pd.DataFrame({"x": np.arange(len(cohort.frame), dtype=float), "late": known_late})
    parts = make_parts(_histories(), cohort, features, Settings(outcome={"horizon_days": 60}))
    assert parts.dates()["without_value"] == ["late"]
    with pytest.raises(EmptyColumnError, match="None of 1 features has a value before the test"):
        make_parts(_histories(), cohort, features[["late"]], Settings(outcome={"horizon_days": 60}))


def test_a_random_split_keeps_pupils_apart_and_is_named():
    parts = _parts(kind="random")
    assert parts.dates()["kind"] == "random"
    assert not set(parts.pupils(parts.before_test)) & set(parts.pupils(parts.test))
    assert len(set(parts.pupils(parts.test))) == 140
    assert parts.dates()["train_as_of"] == parts.dates()["test_as_of"]
