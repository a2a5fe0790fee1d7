"""Well-being tests: MHT every year, PHQ-9 or SDQ at some schools; invalid, refused and critical answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dropout_risk.arrays import Bools
from dropout_risk.simulate.attendance import at_school
from dropout_risk.simulate.causes import HiddenCauses
from dropout_risk.simulate.columns import Floats, Ints, dates_column, numbers_column, words_column
from dropout_risk.simulate.pupils import District

# Subscales of MHT: number of items (yes is 1), and the log-odds of a yes at mean distress.
MHT_SCALES = {
    "learning_anxiety": (15, 0.25),
    "social_anxiety": (10, -0.45),
    "loneliness": (10, -1.0),
    "self_blame": (10, -0.1),
    "hypersensitivity": (10, -0.1),
    "physical_symptoms": (15, -0.6),
    "phobia": (10, -0.9),
    "impulsivity": (10, -0.9),
}
MHT_INVALID_FROM = 7
SDQ_SCALES = {"emotional": -1.4, "conduct": -1.5, "hyperactivity": -0.6, "peer": -1.0}
INSTRUMENTS = ("MHT", "PHQ-9", "SDQ")
SCALES = ("total", *MHT_SCALES, "validity", "item_9", *SDQ_SCALES, "prosocial")
REFUSED = 0.02
NORMS = ("", "sdq-cn-parent")


class Answers(NamedTuple):
    """Answers of a sitting by scale: position among the sitters and of the scale, score, validity."""

    pupil: Ints
    scale: Ints
    score: Floats
    valid: Bools


class AnswerRows(NamedTuple):
    """Rows of the table: ``day`` of the test and ``known``, when it became known, count school days."""

    pupil: Ints
    day: Ints
    known: Ints
    instrument: Ints
    scale: Ints
    score: Floats
    valid: Bools


def draw_wellbeing(
    status: npt.NDArray[np.int8], district: District, causes: HiddenCauses, rng: np.random.Generator
) -> pa.Table:
    """Write the tests of every school year: MHT in late autumn, the second instrument in spring."""
    anxious = rng.normal(0, 1, len(district.pupils)).astype(np.float32)
    parts = []
    for year in range(district.years.n_years):
        first = district.years.first_of_year(year)
        for instrument, (earliest, ask) in enumerate(_TESTS):
            day = first + earliest + rng.integers(0, 25, len(district.schools))
            uses = (district.schools.instrument == instrument) | (instrument == INSTRUMENTS.index("MHT"))
            day = np.where(uses, day, district.years.n_days)
            sat, when = _test_sitters(status, district, day, rng)
            distress = causes.wellbeing[district.years.week[when], sat]
            answers = _refuse_answers(ask(distress, anxious[sat], rng), rng)
            known = when + rng.integers(5, 16, len(day))[district.pupils.school[sat]]
            about = np.stack([sat, when, known, np.full_like(sat, instrument)])[:, answers.pupil]
            parts.append(AnswerRows._make((*about, answers.scale, answers.score, answers.valid)))
    return _tests_table(parts, district)


def _test_sitters(
    status: npt.NDArray[np.int8], district: District, day: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Find the pupils that are there on their school's day, and the day."""
    mine = day[district.pupils.school]
    sat = np.flatnonzero(at_school(status, mine) & (rng.random(len(mine)) < 0.97))
    return sat, mine[sat]


def _stack_answers(scores: Mapping[str, Ints], valid: Bools) -> Answers:
    n = len(valid)
    return Answers(
        pupil=np.tile(np.arange(n), len(scores)),
        scale=np.repeat([SCALES.index(name) for name in scores], n),
        score=np.concatenate([score.astype(np.float64) for score in scores.values()]),
        valid=np.tile(valid, len(scores)),
    )


def _answer_mht(distress: Floats, anxious: Floats, rng: np.random.Generator) -> Answers:
    general = 0.7 * distress + 0.42 * anxious + 0.1
    scores: dict[str, Ints] = {}
    for name, (items, level) in MHT_SCALES.items():
        logit = general + level + rng.normal(0, 0.55, len(distress))
        scores[name] = rng.binomial(items, 1 / (1 + np.exp(-logit)))
    validity = rng.binomial(10, rng.beta(1.6, 5.4, len(distress)))
    scores = {"total": np.sum(list(scores.values()), axis=0)} | scores | {"validity": validity}
    return _stack_answers(scores, validity < MHT_INVALID_FROM)


def _answer_phq9(distress: Floats, anxious: Floats, rng: np.random.Generator) -> Answers:
    logit = -1.9 + 0.65 * distress + 0.4 * anxious + rng.normal(0, 0.4, len(distress))
    others = rng.binomial(24, 1 / (1 + np.exp(-logit)))
    critical = rng.binomial(3, 1 / (1 + np.exp(3.2 - logit)))
    answers = _stack_answers({"total": others + critical, "item_9": critical}, np.ones(len(distress), bool))
    kept = (answers.scale == SCALES.index("total")) | (answers.score > 0)
    return Answers(*(column[kept] for column in answers))


def _answer_sdq(distress: Floats, anxious: Floats, rng: np.random.Generator) -> Answers:
    scores: dict[str, Ints] = {}
    for name, level in SDQ_SCALES.items():
        logit = level + 0.4 * distress + 0.3 * anxious + rng.normal(0, 0.4, len(distress))
        scores[name] = rng.binomial(10, 1 / (1 + np.exp(-logit)))
    kind = rng.binomial(10, 1 / (1 + np.exp(-1.2 + 0.2 * distress)))
    scores = {"total": np.sum(list(scores.values()), axis=0)} | scores | {"prosocial": kind}
    return _stack_answers(scores, np.ones(len(distress), bool))


_TESTS: tuple[tuple[int, Callable[[Floats, Floats, np.random.Generator], Answers]], ...] = (
    (38, _answer_mht),
    (118, _answer_phq9),
    (112, _answer_sdq),
)


def _refuse_answers(answers: Answers, rng: np.random.Generator) -> Answers:
    """Leave those who refuse one row: a total without a score, not valid."""
    refuses = (rng.random(answers.pupil.max(initial=0) + 1) < REFUSED)[answers.pupil]
    score, valid = np.where(refuses, np.nan, answers.score), answers.valid & ~refuses
    kept = ~refuses | (answers.scale == SCALES.index("total"))
    return Answers(answers.pupil[kept], answers.scale[kept], score[kept], valid[kept])


def _tests_table(parts: Sequence[AnswerRows], district: District) -> pa.Table:
    """Join the tests by pupil and day; results after the last simulated day are not there yet."""
    days = district.years.days
    rows = AnswerRows._make(np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((rows.scale, rows.instrument, rows.day, rows.pupil))
    rows = AnswerRows._make(column[order[rows.known[order] < len(days)]] for column in rows)
    norm = np.where(rows.instrument == INSTRUMENTS.index("SDQ"), 1, 0)
    return pa.table(
        {
            "student_id": district.pupils.id_column(rows.pupil),
            "date": dates_column(days[rows.day]),
            "instrument": words_column(rows.instrument, INSTRUMENTS),
            "scale": words_column(rows.scale, SCALES),
            "score": numbers_column(rows.score),
            "valid": pa.array(rows.valid),
            "norm": words_column(norm, NORMS, missing=norm == 0),
            "recorded_on": dates_column(days[rows.known]),
        }
    )
