"""Catalogues for tests: measures under any window, without wording."""

from __future__ import annotations

from dropout_risk.catalogue import measures as m
from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.features.pupil_functions import register_pupil_function
from dropout_risk.text import Text

WORDING = Text(zh="x", en="x")


def declare(name, measure, window=None, source="attendance"):
    suffix = "_year" if window == "year" else f"_{window}d" if window else ""
    return Feature(
        name=name + suffix,
        domain="attendance",
        source=source,
        measure=measure,
        window=window,
        unit=WORDING,
        label=WORDING,
        sentence=WORDING,
        missing_sentence=WORDING,
        cause="disengagement",
        family=name,
    )


@register_pupil_function("tests: marks and absences")
def marks_and_absences(history):
    return 100 * len(history["grades"]["percent"]) + history["attendance"]["absent"].sum()


def plain_marks_and_absences(known):
    return 100 * len(known.grades) + sum("absent" in state for _, state in known.days)


KINDS = ("absent", "unexcused", "late", "suspended", "present")
WINDOWS = (None, 1, 5, 20, 500, "year")


def _attendance(windows):
    for window in windows:
        for kind in KINDS:
            yield declare(f"share_{kind}", m.Share(of=kind), window)
            yield declare(f"count_{kind}", m.Count(of=kind), window)
            yield declare(f"current_{kind}", m.CurrentStreak(of=kind), window)
            yield declare(f"longest_{kind}", m.LongestStreak(of=kind), window)
            yield declare(f"spells_{kind}", m.Spells(of=kind), window)
            yield declare(f"since_{kind}", m.DaysSince(of=kind), window)
            yield declare(f"totals_{kind}", m.Share(of=kind, totals=True), window)
        yield declare("weekday", m.WeekdayExcess(of="absent", weekdays=(0, 5)), window)
    for before in (1, 10, 400):
        for window in windows:
            yield declare(f"trend_{before}", m.ShareTrend(of="absent", before=before), window)


def _grades(windows):
    for window in windows:
        for name, measure in {
            "mean": m.ScoreMean(),
            "mean_maths": m.ScoreMean(subjects=("maths", "no such")),
            "last": m.ScoreLast(),
            "last_maths": m.ScoreLast(subjects=("maths",)),
            "own": m.LastAgainstOwnMean(),
            "slope": m.ScoreSlope(),
            "spread": m.ScoreSpread(),
            "drop": m.LargestDrop(),
            "failing": m.FailingCount(pass_mark=0.7),
            "failing_two": m.FailingCount(subjects=("maths", "english")),
            "exam_age": m.DaysSinceExam(),
            "z_last": m.ClassZ(of="last"),
            "z_change": m.ClassZ(of="change"),
            "z_mean": m.ClassZ(of="mean"),
            "z_shrunk": m.ClassZ(of="mean", shrink=2.5),
            "missed": m.MissedExams(),
        }.items():
            yield declare(name, measure, window, "grades")


def _others(windows):
    for instrument in ("MHT", "MSSMHS", "SDQ", "PHQ-9", "GAD-7", "SCL-90"):
        yield declare(f"score_{instrument}", m.ScaleScore(instrument=instrument), source="wellbeing")
    yield declare("band", m.RiskBand(), source="wellbeing")
    yield declare("change", m.ScaleChange(), source="wellbeing")
    yield declare("test_age", m.TestAge(), source="wellbeing")
    yield declare("invalid", m.InvalidTest(), source="wellbeing")
    for name, factors, values in (
        ("left", ("left_behind",), ()),
        ("left_one_parent", ("left_behind",), ("one_parent",)),
        ("several", ("bereavement", "low_income", "no such"), ()),
    ):
        yield declare(name, m.FactorHolds(factors=factors, values=values), source="family")
    yield declare("burdens", m.FactorCount(), source="family")
    for window in windows:
        yield declare("recent", m.RecentFactor(), window, "family")
    yield declare("distance", m.StudentColumn(column="distance_km"), source="students")
    yield declare("boards", m.StudentColumn(column="boarding"), source="students")
    yield declare("own_function", m.PupilFunction(function="tests: marks and absences"))


def _derived():
    for name in ("share_absent_20d", "mean_year", "burdens", "z_last"):
        yield declare(f"gap_{name}", m.GapToClass(feature=name))
        yield declare(f"class_{name}", m.ClassMean(feature=name))
    yield declare("often_absent", m.AtLeast(feature="share_absent_20d", threshold=0.25))
    yield declare("above_class", m.AtLeast(feature="gap_share_absent_20d", threshold=0.0))


def every_measure(windows=WINDOWS):
    """Every measure with every kind of parameter and window, after the default features."""
    return default_catalogue().with_features(
        *_attendance(windows), *_grades(windows), *_others(windows), *_derived()
    )


def names_of_measures(catalogue: FeatureCatalogue):
    return {type(feature.measure).__name__ for feature in catalogue.values()}
