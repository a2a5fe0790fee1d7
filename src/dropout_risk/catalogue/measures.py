"""The closed set of measures: what a feature computes, declared as plain data.

A measure says *what*; ``dropout_risk.features`` holds the one vectorised function behind each.
Windows belong to the feature, not to the measure, and are counted in school days.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Literal

from dropout_risk.errors import FeatureDeclarationError, nearest
from dropout_risk.records.statuses import STATUSES

Kind = str
KINDS = (*STATUSES.kinds[1:], "present")


class Measure:
    """Base class of all measures; a subclass is a frozen dataclass of plain parameters."""

    def to_dict(self) -> dict[str, Any]:
        """Write the measure as plain data, its class name under ``kind``."""
        return {"kind": type(self).__name__} | asdict(self)  # type: ignore[call-overload, no-any-return]

    @property
    def of_records_kept(self) -> bool:
        """Whether 0 means that nothing is on record: then it is no reason, since nobody may have asked."""
        return False

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the features this one is derived from."""
        return ()

    @property
    def needs_class(self) -> bool:
        """Whether the value needs class-mates, and so a class context."""
        return False

    @property
    def tells_of_pupil(self) -> bool:
        """Whether the value says anything of the pupil itself, and not of the class alone."""
        return True


class DayMeasure(Measure):
    """Base class of the measures of days of one kind."""

    of: Kind

    def __post_init__(self) -> None:
        """Check that the kind of day is one of those that histories tell apart."""
        if self.of not in KINDS:
            raise FeatureDeclarationError(
                f"{type(self).__name__} does not know days of the kind {self.of!r}.",
                hint=nearest(str(self.of), KINDS),
            )


@dataclass(frozen=True)
class Share(DayMeasure):
    """Days of a kind over days recorded in the window.

    With ``totals``, a pupil without a single recorded day in the window falls back on attendance
    totals: days of the kind over days enrolled.
    """

    of: Kind
    totals: bool = False


@dataclass(frozen=True)
class Count(DayMeasure):
    """Days of a kind in the window."""

    of: Kind


@dataclass(frozen=True)
class CurrentStreak(DayMeasure):
    """Days of a kind without a break up to the last recorded day; days without a record are passed over."""

    of: Kind


@dataclass(frozen=True)
class LongestStreak(DayMeasure):
    """Longest run of days of a kind in the window; days without a record are passed over."""

    of: Kind


@dataclass(frozen=True)
class Spells(DayMeasure):
    """Number of separate runs of days of a kind in the window."""

    of: Kind


@dataclass(frozen=True)
class DaysSince(DayMeasure):
    """School days since the last day of a kind: 0 when the last school day was one."""

    of: Kind


@dataclass(frozen=True)
class ShareTrend(DayMeasure):
    """Share of days of a kind in the window, less the share in the ``before`` school days before it."""

    of: Kind
    before: int


@dataclass(frozen=True)
class WeekdayExcess(DayMeasure):
    """Share of days of a kind on the given weekdays (0 is Monday), less the share on the others."""

    of: Kind
    weekdays: tuple[int, ...] = (0, 4)


@dataclass(frozen=True)
class IncidentCount(Measure):
    """Rows of a table of incidents in the window; missing where the school keeps no such table."""

    table: str


@dataclass(frozen=True)
class AtLeast(Measure):
    """1 where another feature reaches a threshold, 0 where it does not."""

    feature: str
    threshold: float

    @property
    def needs(self) -> tuple[str, ...]:
        """The feature that is compared."""
        return (self.feature,)


@dataclass(frozen=True)
class GapToClass(Measure):
    """Another feature, less its mean in the pupil's class."""

    feature: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The feature that is compared."""
        return (self.feature,)

    @property
    def needs_class(self) -> bool:
        """True: it compares with class-mates."""
        return True


@dataclass(frozen=True)
class ClassMean(Measure):
    """The mean of another feature in the pupil's class, the pupil counted; missing under three pupils."""

    feature: str

    @property
    def needs(self) -> tuple[str, ...]:
        """The feature that is averaged."""
        return (self.feature,)

    @property
    def needs_class(self) -> bool:
        """True: it is of the class."""
        return True

    @property
    def tells_of_pupil(self) -> bool:
        """False: whoever is in the class has the same."""
        return False


@dataclass(frozen=True)
class ScoreMean(Measure):
    """Mean percent over all marks in the window; ``subjects`` limits which (empty: all)."""

    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScoreLast(Measure):
    """Latest percent of each subject, averaged over subjects."""

    subjects: tuple[str, ...] = ()


@dataclass(frozen=True)
class LastAgainstOwnMean(Measure):
    """Latest percent of each subject less the mean of its earlier ones, averaged over subjects."""


@dataclass(frozen=True)
class ScoreSlope(Measure):
    """Least-squares slope of percent over time within subjects, per 20 school days."""


@dataclass(frozen=True)
class ScoreSpread(Measure):
    """Standard deviation of percents about that slope: fluctuation that is not trend."""


@dataclass(frozen=True)
class LargestDrop(Measure):
    """Largest fall of percent between one mark and the next of the same subject; 0 when none fell."""


@dataclass(frozen=True)
class FailingCount(Measure):
    """Subjects whose latest percent lies below the pass mark."""

    subjects: tuple[str, ...] = ()
    pass_mark: float = 0.6


@dataclass(frozen=True)
class DaysSinceExam(Measure):
    """School days since the last mark."""


@dataclass(frozen=True)
class ClassZ(Measure):
    """Standing within class and exam, in standard deviations of the class.

    ``last``: the latest of each subject, averaged. ``change``: the latest less the one before.
    ``mean``: all marks in the window, drawn towards 0 as if ``shrink`` average marks were added.
    """

    of: Literal["last", "change", "mean"]
    shrink: float = 0.0

    @property
    def needs_class(self) -> bool:
        """True: it compares with class-mates."""
        return True


@dataclass(frozen=True)
class MissedExams(Measure):
    """Exams that the class sat in the window and the pupil has no mark for."""

    @property
    def needs_class(self) -> bool:
        """True: only class-mates' marks show that there was an exam."""
        return True


@dataclass(frozen=True)
class ScaleScore(Measure):
    """Latest valid score of one scale of one instrument."""

    instrument: str
    scale: str = "total"


@dataclass(frozen=True)
class RiskBand(Measure):
    """Worst band (0 none, 1 watch, 2 high) over the latest valid totals of all known instruments."""


@dataclass(frozen=True)
class ScaleChange(Measure):
    """Change of the total since the test before, as a share of the scale's range; largest rise counts."""


@dataclass(frozen=True)
class TestAge(Measure):
    """School days since the last psychological test, valid or not."""


@dataclass(frozen=True)
class InvalidTest(Measure):
    """1 when the latest psychological test was invalid or refused, 0 when it was valid."""


@dataclass(frozen=True)
class FactorHolds(Measure):
    """1 when one of the family factors holds on the day, 0 when known others were recorded and it was not.

    ``values`` limits which values count (empty: all).
    """

    factors: tuple[str, ...]
    values: tuple[str, ...] = ()

    @property
    def of_records_kept(self) -> bool:
        """What holds of a family is written down, and seldom what does not."""
        return True


@dataclass(frozen=True)
class FactorCount(Measure):
    """Number of different burdening family factors that hold on the day."""

    @property
    def of_records_kept(self) -> bool:
        """What holds of a family is written down, and seldom what does not."""
        return True


@dataclass(frozen=True)
class RecentFactor(Measure):
    """Number of burdening family factors that began in the window."""

    @property
    def of_records_kept(self) -> bool:
        """What holds of a family is written down, and seldom what does not."""
        return True


@dataclass(frozen=True)
class StudentColumn(Measure):
    """A column of the students table that is a predictor: ``distance_km`` or ``boarding``."""

    column: Literal["distance_km", "boarding"]


@dataclass(frozen=True)
class PupilFunction(Measure):
    """A registered Python function of one pupil's known history, for what no measure can express.

    Only the registered name is written to a bundle, never code.
    """

    function: str


MEASURES: dict[str, type[Measure]] = {
    cls.__name__: cls for base in (Measure, DayMeasure) for cls in base.__subclasses__() if is_dataclass(cls)
}


def measure_from_dict(data: dict[str, Any]) -> Measure:
    """Read a measure written by :meth:`Measure.to_dict`; FeatureDeclarationError if it is none.

    >>> measure_from_dict({"kind": "Share", "of": "absent"})
    Share(of='absent', totals=False)
    """
    kind = str(data.get("kind"))
    if kind not in MEASURES:
        raise FeatureDeclarationError(f"No measure is called {kind!r}.", hint=nearest(kind, MEASURES))
    cls = MEASURES[kind]
    known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    parameters = {key: value for key, value in data.items() if key != "kind"}
    unknown = sorted(set(parameters) - known)
    if unknown:
        raise FeatureDeclarationError(
            f"Measure {kind} has no parameter {unknown[0]!r}.", hint=nearest(unknown[0], known)
        )
    return cls(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in parameters.items()}
    )
