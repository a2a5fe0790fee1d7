"""Transfer: how far risks are off in schools that the model has not seen, in later days, and in both."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dropout_risk.arrays import Array, Floats, Positions
from dropout_risk.evaluation.questions.calibration import CalibrationFigures, TestRows
from dropout_risk.evaluation.section import Cell, Section, SectionKind, SectionTable
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.modelling.folds.group_folds import GroupFolds
from dropout_risk.text import Text

FOLDS, FEWEST_SCHOOLS, FEWEST_DROPOUTS = 3, 4, 20
BOUNDS = (0.9, 1.1)
"""Slopes within which risks are taken as they are."""
CELLS = {
    "school": Text(zh="没有见过的学校", en="Schools not seen"),
    "time": Text(zh="后来的日子", en="Later days"),
    "both": Text(zh="没有见过的学校、后来的日子", en="Schools not seen, later days"),
}
COLUMNS = (
    "",
    Text(zh="行数", en="Rows"),
    Text(zh="辍学", en="Dropouts"),
    Text(zh="斜率", en="Slope"),
    Text(zh="下限", en="Low"),
    Text(zh="上限", en="High"),
    Text(zh="偏移", en="Shift"),
    Text(zh="下限", en="Low"),
    Text(zh="上限", en="High"),
)
HOW = Text(
    zh="把学校分成{folds}组，轮流用其余各组按同样设置重新训练；重训所用的学生较少，因此偏差略有高估。",
    en="Schools were dealt into {folds} parts, and the model refitted in the same setting on the others in "
    "turn; refits learn from fewer pupils, so they are a little worse than the model.",
)
GOOD = Text(
    zh="斜率都在{least}至{most}之间：换学校、换时间，风险仍可照用。",
    en="All slopes lie within {least} to {most}: risks may be taken as they are in other schools and later "
    "days.",
)
OFF = Text(
    zh="{where}：斜率{slope:.2f}，不在{least}至{most}之间，风险{how}。用于这样的情况之前，请重新校准："
    "RiskModel.recalibrated，给出当地的辍学比例（base_rate）或若干学生的结果（y）；排序不受影响。",
    en="{where}: slope {slope:.2f}, outside {least} to {most}: risks are {how}. Recalibrate before using "
    "them there: RiskModel.recalibrated with the local share of dropouts (base_rate) or with what became of "
    "some pupils (y); the order of pupils stays the same.",
)
TOO_EXTREME = Text(zh="过于极端", en="too extreme")
TOO_CAUTIOUS = Text(zh="过于居中", en="too close to the mean")
TITLE = Text(zh="离开训练的学校和时间", en="Out of school, out of time, out of both")


def transfer_section(cells: Mapping[str, TestRows], folds: int) -> Section:
    """Give slope and shift of each cell, and offer recalibration in words where a slope leaves the bounds."""
    remarks, metrics = [HOW.filled(folds=folds)], dict[str, float]()
    rows: list[tuple[Cell, ...]] = []
    least, most = BOUNDS
    for name, asked in cells.items():
        dropouts = int(np.sum(asked.outcomes))
        if dropouts < FEWEST_DROPOUTS or dropouts == len(asked.outcomes):
            rows.append((CELLS[name], len(asked.outcomes), dropouts, *[None] * 6))
            continue
        found = CalibrationFigures.of(asked)
        told: tuple[Cell, ...] = (found.slope, *found.slope_bounds)
        told = (*told, found.in_the_large, *found.in_the_large_bounds)
        rows.append((CELLS[name], len(asked.outcomes), dropouts, *told))
        metrics |= {f"{name}_slope": found.slope, f"{name}_shift": found.in_the_large}
        if not least <= found.slope <= most:
            how = TOO_EXTREME if found.slope < least else TOO_CAUTIOUS
            remarks.append(OFF.filled(where=CELLS[name], slope=found.slope, least=least, most=most, how=how))
    if len(remarks) == 1 and metrics:
        remarks.append(GOOD.filled(least=least, most=most))
    known = {name: value for name, value in metrics.items() if np.isfinite(value)}
    return TRANSFER.section(remarks, [SectionTable(TITLE, COLUMNS, tuple(rows))], known)


def _section_of(trained: TrainedModel) -> Section | None:
    """Refit without each part of the schools; None without refits, or with fewer than four schools."""
    parts = trained.parts
    school = trained.parts.cohort.frame["school_id"].astype(object).fillna("").astype(str).to_numpy()
    if not trained.settings.evaluation.refits or len(set(school[parts.train])) < FEWEST_SCHOOLS:
        return None
    fold_of = _folds_of_schools(trained, school[parts.train])
    if fold_of is None:
        return None
    folds = np.array([fold_of.get(name, -1) for name in school])
    risks = np.full(len(school), np.nan)
    for fold in sorted(set(fold_of.values())):
        learned = parts.train[folds[parts.train] != fold]
        model = trained.classifier.refitted(parts.X(learned), parts.y(learned))
        for rows in (parts.train, parts.test):
            asked = rows[folds[rows] == fold]
            if len(asked):
                risks[asked] = model.risk(parts.X(asked))
    known = {
        name: rows[~np.isnan(risks[rows])] for name, rows in (("school", parts.train), ("both", parts.test))
    }
    cells = {"school": _rows_of(trained, known["school"], risks[known["school"]])}
    cells["time"] = _rows_of(trained, parts.test, trained.risks)
    cells["both"] = _rows_of(trained, known["both"], risks[known["both"]])
    return transfer_section(cells, len(set(fold_of.values())))


def _folds_of_schools(trained: TrainedModel, school: Array) -> dict[str, int] | None:
    parts = trained.parts
    keys = [str(name).encode() for name in school]
    dealt = GroupFolds.dealt(keys, keys, parts.y(parts.train).astype(np.int8), FOLDS)
    return None if dealt.folds is None else dict(zip(school.tolist(), dealt.folds.tolist(), strict=True))


def _rows_of(trained: TrainedModel, rows: Positions, risks: Floats) -> TestRows:
    parts = trained.parts
    return TestRows(
        outcomes=parts.y(rows),
        risks=risks,
        pupils=parts.pupils(rows),
        schools=parts.cohorts(rows)["school_id"].to_numpy(dtype=object),
        days=parts.days(rows),
    )


TRANSFER = SectionKind(
    name="transfer",
    title=Text(zh="换学校、换时间后的校准", en="Calibration in other schools and later days"),
    of_model=_section_of,
)
