"""Exams: monthly tests, midterms and finals, on papers of differing difficulty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.records.wording.exam_spellings import CORE
from dropout_risk.simulate.attendance import at_school
from dropout_risk.simulate.causes import HiddenCauses
from dropout_risk.simulate.columns import Floats, Ints, dates_column, numbers_column, words_column
from dropout_risk.simulate.pupils import District
from dropout_risk.simulate.school_year import SchoolYears

SUBJECTS = (*CORE, "politics", "history", "biology", "geography", "physics", "chemistry")
_TAUGHT = {7: range(7), 8: range(8), 9: (0, 1, 2, 3, 4, 7, 8)}
_SITTINGS = (("monthly-1", 0.22), ("midterm", 0.5), ("monthly-2", 0.74), ("final", 0.97))
_TERMS = ("autumn", "spring")
_TERM_DAYS = 92


class Sitting(NamedTuple):
    """One subject of one exam: who should sit it, and on which day in each school."""

    exam: int
    subject: int
    expected: Bools
    day: Ints


class Marks(NamedTuple):
    """What one sitting yields, one value per pupil that sat."""

    pupil: Ints
    day: Ints
    subject: Ints
    exam: Ints
    score: Floats
    maximum: Ints
    marked: Ints


def exam_names(years: SchoolYears) -> list[str]:
    """Name every exam, such as ``autumn-2024-midterm``."""
    terms = [f"{_TERMS[term % 2]}-{years.first_year + (term + 1) // 2}" for term in range(years.term[-1] + 2)]
    return [f"{term}-{name}" for term in terms for name, _ in _SITTINGS]


def draw_grades(
    status: npt.NDArray[np.int8], district: District, causes: HiddenCauses, rng: np.random.Generator
) -> pa.Table:
    """Write the marks: those absent on the day have none, the estranged stay away more often."""
    talent = rng.normal(0, 1, (len(SUBJECTS), len(district.pupils))).astype(np.float32)
    parts = []
    for sitting in _exam_sittings(district, rng):
        sat = _exam_sitters(status, district, causes, sitting, rng)
        ability = _exam_ability(district, causes, talent[sitting.subject], sitting, sat)
        parts.append(_mark_sitting(district, sitting, sat, ability, rng))
    return _grades_rows(parts, district)


def _exam_sittings(district: District, rng: np.random.Generator) -> Iterator[Sitting]:
    years = district.years
    for term in range(years.term[-1] + 1):
        days = np.flatnonzero(years.term == term)
        grade = 7 + years.year[days[0]] - district.pupils.intake
        after = years.n_days if days[-1] == years.n_days - 1 else days[-1]
        for number, (name, when) in enumerate(_SITTINGS):
            first = days[0] + int(when * _TERM_DAYS) + rng.integers(-2, 2, len(district.schools))
            for subject in range(len(CORE) if name.startswith("monthly") else len(SUBJECTS)):
                taught = [level for level, subjects in _TAUGHT.items() if subject in subjects]
                expected = np.isin(grade, taught)
                day = np.minimum(first + subject // 5, after)
                yield Sitting(len(_SITTINGS) * term + number, subject, expected, day)


def _exam_sitters(
    status: npt.NDArray[np.int8],
    district: District,
    causes: HiddenCauses,
    sitting: Sitting,
    rng: np.random.Generator,
) -> Ints:
    """Find the pupils that are there and do not skip the exam; none where it lies after the last day."""
    day = sitting.day[district.pupils.school]
    candidates = np.flatnonzero(sitting.expected & at_school(status, day))
    estranged = causes.disengagement[district.years.week[day[candidates]], candidates]
    comes = rng.random(len(candidates)) >= 0.006 * np.exp(0.8 * estranged)
    return np.asarray(candidates[comes])


def _exam_ability(
    district: District, causes: HiddenCauses, talent: Floats, sitting: Sitting, sat: Ints
) -> Floats:
    """Share of a fair paper that each pupil can do that day."""
    week = district.years.week[sitting.day[district.pupils.school[sat]]]
    strain = 0.02 * causes.disengagement[week, sat] + 0.012 * causes.wellbeing[week, sat]
    able: Floats = 0.83 - 0.08 * causes.learning[week, sat] + 0.045 * talent[sat] - strain
    return able


def _mark_sitting(
    district: District, sitting: Sitting, sat: Ints, ability: Floats, rng: np.random.Generator
) -> Marks:
    """Mark a sitting: each school sets its own paper for each grade, and luck plays its part."""
    pupils, schools, years = district.pupils, district.schools, district.years
    school, day = pupils.school[sat], sitting.day[pupils.school[sat]]
    paper = rng.normal(0, 0.065, (len(schools), 3)) + schools.hardness[:, None]
    grade = np.clip(years.year[day] - pupils.intake[sat], 0, 2)
    share = ability - paper[school, grade] + rng.normal(0, 0.075, len(sat))
    maximum = schools.core_maximum[school] if sitting.subject < len(CORE) else np.full(len(sat), 100)
    score = np.clip(np.round(2 * share * maximum) / 2, 0, maximum)
    marked = years.days[day] + rng.integers(3, 11, len(schools))[school]
    subject, exam = np.full(len(sat), sitting.subject), np.full(len(sat), sitting.exam)
    return Marks(sat, day, subject, exam, score, maximum, marked)


def _grades_rows(parts: Sequence[Marks], district: District) -> pa.Table:
    """Join the sittings by pupil and day; marks given after the last simulated day are not there yet."""
    days = district.years.days
    marks = Marks._make(np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((marks.subject, marks.day, marks.pupil))
    marks = Marks._make(column[order[marks.marked[order] <= days[-1]]] for column in marks)
    return pa.table(
        {
            "student_id": district.pupils.id_column(marks.pupil),
            "date": dates_column(days[marks.day]),
            "subject": words_column(marks.subject, SUBJECTS),
            "exam": words_column(marks.exam, exam_names(district.years)),
            "score": numbers_column(marks.score),
            "max_score": numbers_column(marks.maximum),
            "recorded_on": dates_column(marks.marked),
        }
    )
