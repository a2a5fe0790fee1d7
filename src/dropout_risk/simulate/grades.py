"""Exams: monthly tests, midterms and finals, on papers of differing difficulty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dropout_risk.simulate.attendance import LATE, LEFT_EARLY, PRESENT
from dropout_risk.simulate.causes import HiddenCauses
from dropout_risk.simulate.columns import Bools, Floats, Ints, dates_column, numbers_column, words_column
from dropout_risk.simulate.pupils import Pupils, Schools
from dropout_risk.simulate.school_year import SchoolYears

CORE = ("chinese", "maths", "english")
SUBJECTS = (*CORE, "politics", "history", "biology", "geography", "physics", "chemistry")
_TAUGHT = {7: range(7), 8: range(8), 9: (0, 1, 2, 3, 4, 7, 8)}
_SITTINGS = (("monthly-1", 0.22), ("midterm", 0.5), ("monthly-2", 0.74), ("final", 0.97))
_TERMS = ("autumn", "spring")


@dataclass(frozen=True)
class Sitting:
    """One subject of one exam: which pupils should sit it, and on which day of their school."""

    exam: int
    subject: int
    expected: Bools
    day: Ints


def exam_names(years: SchoolYears) -> list[str]:
    """Name every exam, such as ``autumn-2024-midterm``."""
    terms = [f"{_TERMS[term % 2]}-{years.first_year + (term + 1) // 2}" for term in range(years.term[-1] + 2)]
    return [f"{term}-{name}" for term in terms for name, _ in _SITTINGS]


def draw_grades(
    status: Ints,
    pupils: Pupils,
    schools: Schools,
    causes: HiddenCauses,
    years: SchoolYears,
    rng: np.random.Generator,
) -> pa.Table:
    """Write the marks: those absent on the day have none, the estranged stay away more often."""
    n = len(pupils)
    talent = rng.normal(0, 1, (len(SUBJECTS), n)).astype(np.float32)
    everyone = np.arange(n)
    parts = []
    for sitting in _sittings(pupils, schools, years, rng):
        day = np.minimum(sitting.day[pupils.school], years.n_days - 1)
        seen = status[everyone, day]
        here = (seen == PRESENT) | (seen == LATE) | (seen == LEFT_EARLY)
        estranged = causes.disengagement[years.week[day], everyone]
        skipped = rng.random(n) < 0.006 * np.exp(0.8 * estranged)
        sat = np.flatnonzero(sitting.expected & here & ~skipped & (sitting.day[pupils.school] < years.n_days))
        share = _share(sat, day[sat], sitting, talent, pupils, schools, causes, years, rng)
        core = sitting.subject < len(CORE)
        maximum = schools.core_maximum[pupils.school[sat]] if core else np.full(len(sat), 100)
        score = np.clip(np.round(2 * share * maximum) / 2, 0, maximum)
        marked = years.days[day[sat]] + rng.integers(3, 11, len(schools))[pupils.school[sat]]
        parts.append(
            (
                sat,
                day[sat],
                np.full_like(sat, sitting.subject),
                np.full_like(sat, sitting.exam),
                score,
                maximum,
                marked,
            )
        )
    return _rows(parts, pupils, years)


def _sittings(
    pupils: Pupils, schools: Schools, years: SchoolYears, rng: np.random.Generator
) -> Iterator[Sitting]:
    for term in range(years.term[-1] + 1):
        days = np.flatnonzero(years.term == term)
        year = years.year[days[0]]
        grade = 7 + year - pupils.intake
        for number, (name, place) in enumerate(_SITTINGS):
            first = days[0] + int(place * 92) + rng.integers(-2, 2, len(schools))
            subjects = range(len(CORE)) if name.startswith("monthly") else range(len(SUBJECTS))
            for subject in subjects:
                taught = [level for level, taught in _TAUGHT.items() if subject in taught]
                yield Sitting(
                    exam=len(_SITTINGS) * term + number,
                    subject=subject,
                    expected=np.isin(grade, taught),
                    day=np.minimum(first + subject // 5, _end_of_term(years, term)),
                )


def _end_of_term(years: SchoolYears, term: int) -> int:
    last = int(np.flatnonzero(years.term == term)[-1])
    return years.n_days if last == years.n_days - 1 else last


def _share(
    sat: Ints,
    day: Ints,
    sitting: Sitting,
    talent: Floats,
    pupils: Pupils,
    schools: Schools,
    causes: HiddenCauses,
    years: SchoolYears,
    rng: np.random.Generator,
) -> Floats:
    """Share of the maximum: what the pupil can, the paper's difficulty in school and grade, and luck."""
    week, school = years.week[day], pupils.school[sat]
    grade = np.clip(years.year[day] - pupils.intake[sat], 0, 2)
    paper = rng.normal(0, 0.065, (len(schools), 3)) + schools.hardness[:, None]
    can = 0.08 * causes.learning[week, sat] - 0.045 * talent[sitting.subject, sat]
    strain = 0.02 * causes.disengagement[week, sat] + 0.012 * causes.wellbeing[week, sat]
    return 0.83 - paper[school, grade] - can - strain + rng.normal(0, 0.075, len(sat))


def _rows(
    parts: list[tuple[np.ndarray[tuple[int], np.dtype[np.generic]], ...]], pupils: Pupils, years: SchoolYears
) -> pa.Table:
    pupil, day, subject, exam, score, maximum, marked = (np.concatenate(c) for c in zip(*parts, strict=True))
    known = marked <= years.days[-1]
    order = np.flatnonzero(known)[np.lexsort((subject[known], day[known], pupil[known]))]
    return pa.table(
        {
            "student_id": pupils.id_column(pupil[order]),
            "date": dates_column(years.days[day[order]]),
            "subject": words_column(subject[order], SUBJECTS),
            "exam": words_column(exam[order], exam_names(years)),
            "score": numbers_column(score[order]),
            "max_score": numbers_column(maximum[order]),
            "recorded_on": dates_column(marked[order]),
        }
    )
