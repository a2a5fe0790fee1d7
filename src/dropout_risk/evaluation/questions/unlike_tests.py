"""Classes, schools and days of the test that look like none of the training, and how the model does there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dropout_risk.evaluation.section import Cell, Section, SectionKind, SectionTable
from dropout_risk.evaluation.small_groups import FEWEST
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.modelling.group_profiles import ALIKE, KEYS, GroupMoments, Level, codes_of_groups
from dropout_risk.text import Text

MOST_SHOWN, MOST_NAMED = 10, 3
LEVELS: dict[Level, Text] = {
    "class": Text(zh="班级", en="Classes"),
    "school": Text(zh="学校", en="Schools"),
    "day": Text(zh="测试日", en="Test days"),
}
NONE_UNLIKE = Text(
    zh="测试中的班级、学校和日期都与训练资料相像。",
    en="No class, school or day of the test is unlike the training.",
)
SOME_UNLIKE = Text(
    zh="{level}与训练资料不同的：{found}个（共{all}个，每个日期分别计）；其中学生平均风险{risk:.1%}，实际{share:.1%}。",
    en="{level} unlike the training: {found} of {all} (each day by itself); mean risk there {risk:.1%}, "
    "share {share:.1%}.",
)
TABLE = Text(zh="与训练资料不同的组", en="Groups unlike the training")
COLUMNS = (
    Text(zh="学校", en="School"),
    Text(zh="日期", en="Day"),
    Text(zh="学生", en="Pupils"),
    Text(zh="不同之处", en="What is unlike"),
)


def _section_of(trained: TrainedModel) -> Section | None:
    """Judge the groups of the test rows as scoring does; None where the training had too few groups."""
    profiles, test = trained.profiles, trained.parts.test
    if not profiles.levels or not len(test):
        return None
    values = trained.parts.X(test)[list(profiles.names)].to_numpy(dtype=np.float64)
    where, y = trained.groups_of(test), trained.parts.y(test)
    remarks, rows, metrics = [], list[tuple[Cell, ...]](), {}
    for level in profiles.levels:
        code = codes_of_groups(where, list({"day": None} | dict.fromkeys(KEYS[level])))
        n_groups = int(code.max(initial=-1)) + 1
        moments = GroupMoments.of_rows(values, code, n_groups)
        found = profiles.heavy(profiles.judge(level, moments)) != ALIKE
        odd = np.flatnonzero(found.any(axis=1))
        metrics[f"{level}_unlike"] = len(odd) / max(n_groups, 1)
        inside = np.isin(code, odd)
        if not len(odd) or inside.sum() < FEWEST:
            continue
        figures = {"risk": float(trained.risks[inside].mean()), "share": float(y[inside].mean())}
        remarks.append(SOME_UNLIKE.filled(level=LEVELS[level], found=len(odd), all=n_groups, **figures))
        rows += [_row_of(trained, where, code == group, found[group], level) for group in odd.tolist()]
    tables = [SectionTable(TABLE, COLUMNS, tuple(rows[:MOST_SHOWN]), by_school=True)] if rows else []
    return UNLIKE.section(remarks or [NONE_UNLIKE], tables, metrics)


def _row_of(
    trained: TrainedModel, where: pd.DataFrame, rows: np.ndarray, found: np.ndarray, level: Level
) -> tuple[Cell, ...]:
    first = where[rows].iloc[0]
    heavy = sorted(np.flatnonzero(found).tolist(), key=lambda at: -trained.profiles.weight[at])[:MOST_NAMED]
    labels = [trained.catalogue[trained.profiles.names[at]].label for at in heavy]
    what = Text(zh="、".join(text.zh for text in labels), en=", ".join(text.en for text in labels))
    school = "–" if level == "day" else str(first["school"])
    return school, pd.Timestamp(first["day"]).date().isoformat(), int(rows.sum()), what


UNLIKE = SectionKind(
    name="unlike",
    title=Text(zh="与训练资料不同的班级和学校", en="Classes and schools unlike the training"),
    of_model=_section_of,
)
