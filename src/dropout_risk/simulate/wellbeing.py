"""Well-being tests: MHT every year, PHQ-9 or SDQ at some schools; invalid, refused and critical answers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dropout_risk.simulate.attendance import LATE, LEFT_EARLY, PRESENT
from dropout_risk.simulate.causes import HiddenCauses
from dropout_risk.simulate.columns import Bools, Floats, Ints, dates_column, numbers_column, words_column
from dropout_risk.simulate.pupils import Pupils, Schools
from dropout_risk.simulate.school_year import SchoolYears

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
SDQ_SCALES = ("emotional", "conduct", "hyperactivity", "peer")
INSTRUMENTS = ("MHT", "PHQ-9", "SDQ")
SCALES = ("total", *MHT_SCALES, "validity", "item_9", *SDQ_SCALES, "prosocial")
REFUSED = 0.02
NORMS = ("", "sdq-cn-parent")


class Answers(NamedTuple):
    """Rows of one sitting: position of the pupil, of the scale, the score (NaN if refused), validity."""

    pupil: Ints
    scale: Ints
    score: Floats
    valid: Bools


def draw_wellbeing(
    status: Ints,
    pupils: Pupils,
    schools: Schools,
    causes: HiddenCauses,
    years: SchoolYears,
    rng: np.random.Generator,
) -> pa.Table:
    """Write the tests of every school year: MHT in late autumn, the second instrument in spring."""
    anxious = rng.normal(0, 1, len(pupils)).astype(np.float32)
    parts = []
    for year in range(years.n_years):
        first = years.first_of_year(year)
        for instrument, earliest, ask in ((0, 38, _mht), (1, 118, _phq9), (2, 112, _sdq)):
            day = first + earliest + rng.integers(0, 25, len(schools))
            uses = (schools.instrument == instrument) | (instrument == 0)
            sat = _sitters(status, pupils, day, uses, rng)
            when = day[pupils.school[sat]]
            distress = causes.wellbeing[years.week[when], sat]
            known = years.days[when] + rng.integers(7, 22, len(schools))[pupils.school[sat]]
            answers = _refuse(ask(distress, anxious[sat], rng), len(sat), rng)
            chosen = known[answers.pupil] <= years.days[-1]
            answers = Answers(*(column[chosen] for column in answers))
            parts.append((sat[answers.pupil], when[answers.pupil], known[answers.pupil], instrument, answers))
    return _rows(parts, pupils, years)


def _sitters(status: Ints, pupils: Pupils, day: Ints, uses: Bools, rng: np.random.Generator) -> Ints:
    """Find the pupils of the schools that test, who are there on their school's day."""
    here = (day < status.shape[1]) & uses
    seen = status[np.arange(len(pupils)), np.minimum(day, status.shape[1] - 1)[pupils.school]]
    there = np.isin(seen, (PRESENT, LATE, LEFT_EARLY)) & here[pupils.school]
    return np.flatnonzero(there & (rng.random(len(pupils)) < 0.97))


def _stack(scores: dict[str, Ints], valid: Bools) -> Answers:
    n = len(valid)
    return Answers(
        pupil=np.tile(np.arange(n), len(scores)),
        scale=np.repeat([SCALES.index(name) for name in scores], n),
        score=np.concatenate([score.astype(np.float64) for score in scores.values()]),
        valid=np.tile(valid, len(scores)),
    )


def _mht(distress: Floats, anxious: Floats, rng: np.random.Generator) -> Answers:
    general = 0.7 * distress + 0.42 * anxious + 0.1
    scores = {}
    for name, (items, level) in MHT_SCALES.items():
        logit = general + level + rng.normal(0, 0.55, len(distress))
        scores[name] = rng.binomial(items, 1 / (1 + np.exp(-logit)))
    validity = rng.binomial(10, rng.beta(1.6, 5.4, len(distress)))
    scores = {"total": np.sum(list(scores.values()), axis=0)} | scores | {"validity": validity}
    return _stack(scores, validity < MHT_INVALID_FROM)


def _phq9(distress: Floats, anxious: Floats, rng: np.random.Generator) -> Answers:
    logit = -1.9 + 0.65 * distress + 0.4 * anxious + rng.normal(0, 0.4, len(distress))
    others = rng.binomial(24, 1 / (1 + np.exp(-logit)))
    critical = rng.binomial(3, 1 / (1 + np.exp(3.2 - logit)))
    answers = _stack({"total": others + critical, "item_9": critical}, np.ones(len(distress), bool))
    kept = (answers.scale == SCALES.index("total")) | (answers.score > 0)
    return Answers(*(column[kept] for column in answers))


def _sdq(distress: Floats, anxious: Floats, rng: np.random.Generator) -> Answers:
    level = {"emotional": -1.4, "conduct": -1.5, "hyperactivity": -0.6, "peer": -1.0}
    scores = {}
    for name in SDQ_SCALES:
        logit = level[name] + 0.4 * distress + 0.3 * anxious + rng.normal(0, 0.4, len(distress))
        scores[name] = rng.binomial(10, 1 / (1 + np.exp(-logit)))
    kind = rng.binomial(10, 1 / (1 + np.exp(-1.2 + 0.2 * distress)))
    scores = {"total": np.sum(list(scores.values()), axis=0)} | scores | {"prosocial": kind}
    return _stack(scores, np.ones(len(distress), bool))


def _refuse(answers: Answers, n: int, rng: np.random.Generator) -> Answers:
    """Leave those who refuse one row: a total without a score, not valid."""
    refuses = (rng.random(n) < REFUSED)[answers.pupil]
    kept = ~refuses | (answers.scale == SCALES.index("total"))
    score = np.where(refuses, np.nan, answers.score)
    pupil, scale, score, valid = (
        c[kept] for c in (answers.pupil, answers.scale, score, answers.valid & ~refuses)
    )
    return Answers(pupil, scale, score, valid)


def _rows(parts: list[tuple[Ints, Ints, Ints, int, Answers]], pupils: Pupils, years: SchoolYears) -> pa.Table:
    pupil, day, known = (np.concatenate([part[index] for part in parts]) for index in range(3))
    instrument = np.concatenate([np.full(len(part[0]), part[3]) for part in parts])
    scale, score, valid = (np.concatenate([part[4][index] for part in parts]) for index in (1, 2, 3))
    order = np.lexsort((scale, instrument, day, pupil))
    norm = np.where(instrument == INSTRUMENTS.index("SDQ"), 1, 0)[order]
    return pa.table(
        {
            "student_id": pupils.id_column(pupil[order]),
            "date": dates_column(years.days[day[order]]),
            "instrument": words_column(instrument[order], INSTRUMENTS),
            "scale": words_column(scale[order], SCALES),
            "score": numbers_column(score[order]),
            "valid": pa.array(valid[order]),
            "norm": words_column(norm, NORMS, missing=norm == 0),
            "recorded_on": dates_column(known[order]),
        }
    )
