"""The catalogue: features, measures and instruments, declared as plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropout_risk.public_names import given_names

if TYPE_CHECKING:
    from dropout_risk.catalogue.default import default_catalogue
    from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
    from dropout_risk.catalogue.instrument import Instrument, InstrumentRegistry
    from dropout_risk.catalogue.instruments import default_instruments
    from dropout_risk.catalogue.measures import (
        AtLeast,
        ClassMean,
        ClassZ,
        Count,
        CurrentStreak,
        DayMeasure,
        DaysSince,
        DaysSinceExam,
        FactorCount,
        FactorHolds,
        FailingCount,
        GapToClass,
        IncidentCount,
        InvalidTest,
        LargestDrop,
        LastAgainstOwnMean,
        LongestStreak,
        Measure,
        MissedExams,
        PupilFunction,
        RecentFactor,
        RiskBand,
        ScaleChange,
        ScaleScore,
        ScoreLast,
        ScoreMean,
        ScoreSlope,
        ScoreSpread,
        Share,
        ShareTrend,
        Spells,
        StudentColumn,
        TestAge,
        WeekdayExcess,
    )

__all__ = [
    "AtLeast", "ClassMean", "ClassZ", "Count", "CurrentStreak", "DayMeasure", "DaysSince", "DaysSinceExam",
    "FactorCount", "FactorHolds", "FailingCount", "Feature", "FeatureCatalogue", "GapToClass",
    "IncidentCount", "Instrument", "InstrumentRegistry", "InvalidTest", "LargestDrop", "LastAgainstOwnMean",
    "LongestStreak", "Measure", "MissedExams", "PupilFunction", "RecentFactor", "RiskBand", "ScaleChange",
    "ScaleScore", "ScoreLast", "ScoreMean", "ScoreSlope", "ScoreSpread", "Share", "ShareTrend", "Spells",
    "StudentColumn", "TestAge", "WeekdayExcess", "default_catalogue", "default_instruments",
]  # fmt: skip
_HOMES = {
    "AtLeast": "measures", "ClassMean": "measures", "ClassZ": "measures", "Count": "measures",
    "CurrentStreak": "measures", "DayMeasure": "measures", "DaysSince": "measures",
    "DaysSinceExam": "measures", "FactorCount": "measures", "FactorHolds": "measures",
    "FailingCount": "measures", "Feature": "feature", "FeatureCatalogue": "feature", "GapToClass": "measures",
    "IncidentCount": "measures", "Instrument": "instrument", "InstrumentRegistry": "instrument",
    "InvalidTest": "measures", "LargestDrop": "measures", "LastAgainstOwnMean": "measures",
    "LongestStreak": "measures", "Measure": "measures", "MissedExams": "measures",
    "PupilFunction": "measures", "RecentFactor": "measures", "RiskBand": "measures",
    "ScaleChange": "measures", "ScaleScore": "measures", "ScoreLast": "measures", "ScoreMean": "measures",
    "ScoreSlope": "measures", "ScoreSpread": "measures", "Share": "measures", "ShareTrend": "measures",
    "Spells": "measures", "StudentColumn": "measures", "TestAge": "measures", "WeekdayExcess": "measures",
    "default_catalogue": "default", "default_instruments": "instruments",
}  # fmt: skip

__getattr__, __dir__ = given_names("dropout_risk.catalogue", _HOMES)
