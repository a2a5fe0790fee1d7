"""Schools, classes and pupils of a county: who is enrolled where, from when and until when."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.simulate.columns import Floats, Ints, dates_column, numbers_column, words_column
from dropout_risk.simulate.school_year import SchoolYears

PUPILS_PER_SCHOOL = 600
PUPILS_PER_CLASS = 43
GRADES = (7, 8, 9)
ETHNICITIES = ("Han", "Yi", "Hui", "Miao", "Bai")
_ETHNIC_SHARES = (0.68, 0.16, 0.04, 0.07, 0.05)


@dataclass(frozen=True)
class Schools:
    """What differs between schools, one value per school.

    ``size`` is the share of the county's pupils. ``remote`` runs from 0 in the county town to 1 in the
    mountains: longer ways, more boarders, poorer families. ``forgetful`` is the probability that a class has
    no register for a day. ``hardness`` is how much lower the school's own papers are marked, as a share of
    the maximum, which is ``core_maximum`` for Chinese, maths and English. The second ``instrument`` beside
    MHT is 0 none, 1 PHQ-9, 2 SDQ. ``risk`` is a factor on every hazard, ``snow_day`` the position of a day
    without school, or -1.
    """

    size: Floats
    remote: Floats
    forgetful: Floats
    hardness: Floats
    core_maximum: Ints
    instrument: Ints
    risk: Floats
    snow_day: Ints

    def __len__(self) -> int:
        """Count the schools."""
        return len(self.size)

    @property
    def ids(self) -> list[str]:
        """The schools' names."""
        return [f"s-{number + 1:03d}" for number in range(len(self))]


def _draw_schools(n_students: int, years: SchoolYears, rng: np.random.Generator) -> Schools:
    """Draw a county's schools: a large one in town, smaller ones in the hills."""
    count = min(n_students, max(2, round(n_students / PUPILS_PER_SCHOOL)))
    size = rng.uniform(0.5, 2.0, count)
    winter_days = np.flatnonzero(years.winter)
    snow_day = np.full(count, -1)
    if len(winter_days) > 20:
        snowed = rng.choice(count, size=min(count, 1 + (count > 4)), replace=False)
        snow_day[snowed] = rng.choice(winter_days, size=len(snowed), replace=False)
    return Schools(
        size=size / size.sum(),
        remote=rng.beta(1.5, 1.5, count),
        forgetful=np.where(rng.random(count) < 0.3, 0.02, 0.002),
        hardness=rng.normal(0, 0.05, count),
        core_maximum=rng.choice([100, 120, 150], count, p=[0.2, 0.6, 0.2]),
        instrument=rng.permutation(np.arange(count) % 3),
        risk=np.exp(rng.normal(0, 0.2, count)),
        snow_day=snow_day,
    )


@dataclass(frozen=True)
class Pupils:
    """One value per pupil; positions of days count school days of the simulation.

    A class, by its position within the county, keeps its name while its pupils move up. ``intake`` is the
    school year of entering grade 7, counted from the first simulated one (-2 is grade 9 then). ``boarding``
    is on weekdays. ``distance_km`` is NaN where it was never asked; the true one acts on the pupil.
    ``ethnicity`` is a position in ``ETHNICITIES``, and dates are days since 1970-01-01. ``first_day`` is the
    first school day enrolled, ``end_day`` the first one no longer: graduation or the end of the simulation.
    """

    school: Ints
    classroom: Ints
    class_ids: list[str]
    intake: Ints
    boarding: Bools
    female: Bools
    distance_km: Floats
    true_distance_km: Floats
    ethnicity: Ints
    birth_date: Ints
    enrolled_on: Ints
    first_day: Ints
    end_day: Ints

    def __len__(self) -> int:
        """Count the pupils."""
        return len(self.school)

    @cached_property
    def ids(self) -> pa.Array:
        """The pupils' identifiers, such as ``p-000123``."""
        return pa.array([f"p-{number + 1:06d}" for number in range(len(self))], pa.string())

    def id_column(self, pupil: Ints) -> pa.DictionaryArray:
        """Encode pupil positions as identifiers."""
        return pa.DictionaryArray.from_arrays(pa.array(pupil.astype(np.int32)), self.ids)

    def over_age(self) -> Floats:
        """Years above the usual age of the intake."""
        return np.maximum(0.0, (self.enrolled_on - self.birth_date) / 365.25 - 13.0)


def _draw_pupils(n_students: int, schools: Schools, years: SchoolYears, rng: np.random.Generator) -> Pupils:
    """Draw the pupils of every intake that meets the simulated years, sorted by intake, school and class."""
    intakes = np.arange(-2, years.n_years)
    intake = np.repeat(intakes, np.diff(np.linspace(0, n_students, len(intakes) + 1).round().astype(int)))
    school = _spread_over_schools(intake, schools, rng)
    classroom, class_ids = _form_classes(intake, school, schools, years)
    remote = schools.remote[school]
    distance = np.exp(rng.normal(0.6 + 1.6 * remote, 0.75))
    boarding = rng.random(n_students) < 1 / (1 + np.exp(-(distance - 7) / 2.5))
    first_day, enrolled_on = _enrol_pupils(intake, years, rng)
    late_start = rng.gamma(0.5, 0.9, n_students)
    entered = _first_of_september(years, intake)
    return Pupils(
        school=school,
        classroom=classroom,
        class_ids=class_ids,
        intake=intake,
        boarding=boarding,
        female=rng.random(n_students) < 0.48,
        distance_km=np.where(rng.random(n_students) < 0.08, np.nan, distance.round(1)),
        true_distance_km=distance,
        ethnicity=rng.choice(len(ETHNICITIES), n_students, p=_ETHNIC_SHARES),
        birth_date=(entered - 365.25 * (12 + rng.random(n_students) + late_start)).astype(np.int32),
        enrolled_on=enrolled_on,
        first_day=first_day,
        end_day=_graduation_days(intake, years),
    )


@dataclass(frozen=True)
class District:
    """What every part of the simulation reads: the calendar, the schools and the pupils."""

    years: SchoolYears
    schools: Schools
    pupils: Pupils


def draw_district(n_students: int, years: SchoolYears, rng: np.random.Generator) -> District:
    """Draw schools and pupils."""
    schools = _draw_schools(n_students, years, rng)
    return District(years, schools, _draw_pupils(n_students, schools, years, rng))


def _spread_over_schools(intake: Ints, schools: Schools, rng: np.random.Generator) -> Ints:
    school = rng.choice(len(schools), len(intake), p=schools.size)
    school[: len(schools)] = np.arange(len(schools))  # no school stays empty
    return np.sort(intake * len(schools) + school) % len(schools)


def _form_classes(intake: Ints, school: Ints, schools: Schools, years: SchoolYears) -> tuple[Ints, list[str]]:
    """Deal the pupils of a school's intake into classes of about 43."""
    classroom = np.empty(len(intake), np.int32)
    names: list[str] = []
    starts = np.flatnonzero(np.r_[True, (np.diff(intake) != 0) | (np.diff(school) != 0)])
    for start, stop in zip(starts, np.r_[starts[1:], len(intake)], strict=True):
        count = max(1, round((stop - start) / PUPILS_PER_CLASS))
        classroom[start:stop] = len(names) + np.arange(stop - start) * count // (stop - start)
        prefix = f"{schools.ids[school[start]]}-{years.first_year + intake[start]}"
        names += [f"{prefix}-{number + 1:02d}" for number in range(count)]
    return classroom, names


def _first_of_september(years: SchoolYears, intake: Ints) -> Ints:
    months = (years.first_year - 1970 + intake) * 12 + 8
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)


def _enrol_pupils(intake: Ints, years: SchoolYears, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Enrol on the first of September of the intake's year; one in a hundred moves in during a year."""
    firsts = np.array([years.first_of_year(max(0, year)) for year in range(-2, years.n_years)])
    first_day = firsts[intake + 2]
    moved_in = rng.random(len(intake)) < 0.01
    later = np.minimum(first_day + rng.integers(10, 150, len(intake)), years.n_days - 1)
    first_day = np.where(moved_in, later, first_day)
    enrolled_on = np.where(moved_in, years.days[first_day], _first_of_september(years, intake))
    return first_day.astype(np.int32), enrolled_on.astype(np.int32)


def _graduation_days(intake: Ints, years: SchoolYears) -> Ints:
    """Give the day after the last one of grade 9, or the end of the simulation."""
    ends = np.array([*years.year_ends, -1, -1])[intake + 2]
    return np.where(ends >= 0, ends + 1, years.n_days).astype(np.int32)


def students_table(district: District, left_on: Ints, last_day: Ints) -> pa.Table:
    """Write the school register: the grade is that of the last day enrolled."""
    pupils, schools = district.pupils, district.schools
    grade = np.clip(7 + district.years.year[last_day] - pupils.intake, GRADES[0], GRADES[-1])
    teachers = [f"t-{number + 1:04d}" for number in range(len(pupils.class_ids))]
    return pa.table(
        {
            "student_id": pupils.ids,
            "school_id": words_column(pupils.school, schools.ids),
            "class_id": words_column(pupils.classroom, pupils.class_ids),
            "grade_level": pa.array(grade.astype(np.int32)),
            "enrolled_on": dates_column(pupils.enrolled_on),
            "left_on": dates_column(left_on),
            "responsible_id": words_column(pupils.classroom, teachers),
            "birth_date": dates_column(pupils.birth_date),
            "boarding": pa.array(pupils.boarding),
            "distance_km": numbers_column(pupils.distance_km),
            "sex": words_column(pupils.female.astype(np.int8), ["male", "female"]),
            "ethnicity": words_column(pupils.ethnicity, ETHNICITIES),
        }
    )
