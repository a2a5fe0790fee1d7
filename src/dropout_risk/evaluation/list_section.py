"""What lists at capacity find: of the district, of each school, and of each responsible teacher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats, Longs
from dropout_risk.evaluation.baselines import Baseline
from dropout_risk.evaluation.capacity import Bounds, Lists, TopRanked, of_places, of_share, together
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
from dropout_risk.evaluation.resampling import Interval, Resampling, auc_by_replicate, list_figures
from dropout_risk.evaluation.section import Cell, Section, SectionTable, with_interval
from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.result import HeldOut


# --- How good a model is for pupils who still come: to name who already stays away is not early ---

STAYS_AWAY = 5
"""School days without the pupil after which it no longer counts as still coming."""
FEWEST_DROPOUTS = 10
STILL_COMING = Text(zh="评分日仍在到校的学生", en="Pupils who still came on the test day")
STILL_COMING_HEAD = (
    "",
    "AUC",
    Text(zh="AUC，仍在到校", en="AUC, still coming"),
    Text(zh="名单召回率", en="Recall of the list"),
    Text(zh="名单召回率，仍在到校", en="Recall of the list, still coming"),
)
SAID = Text(
    zh="辍学的{positives}人次中，评分日前{days}个上课日内仍到过校的占{share:.0%}；只在仍到校的学生中，模型AUC为{auc}，"
    "全体名单找出了其中{recall}的辍学者（全部辍学者为{of_all:.2f}）。",
    en="Of {positives} rows with a dropout, {share:.0%} are of pupils who had been at school within the last "
    "{days} school days. Among all who still came, the model's AUC is {auc}, and the overall list finds "
    "{recall} of those who dropped out ({of_all:.2f} of all who did).",
)
TOO_FEW = Text(
    zh="评分日仍在到校而后辍学的只有{dropouts}人次，无法单独评估。",
    en="Only {dropouts} rows with a dropout are of pupils who still came: too few to judge.",
)
UNKNOWN = Text(
    zh="没有逐日考勤，无法区分评分日仍在到校的学生与已不到校的学生。",
    en="Without daily attendance, pupils who still came cannot be told from those who already stayed away.",
)


def still_coming(
    held_out: HeldOut, baselines: Sequence[Baseline], lists: Lists, resampling: Resampling | None
) -> tuple[Text, SectionTable | None, dict[str, float]]:
    """Measure the rows of pupils who still came, on the lists that everybody competed for.

    Parameters
    ----------
    held_out : HeldOut
        With ``since_present``.
    baselines : sequence of Baseline
        Those without risks are passed over.
    lists : Lists
        The model's overall lists; baselines get as many places.
    resampling : Resampling, optional
        Gives the intervals.

    Returns
    -------
    tuple of Text, SectionTable or None, dict
        What must be said, the table, and the figures of the model.
    """
    since, y = held_out.since_present, held_out.y
    if since is None or np.isnan(since).all():
        return UNKNOWN, None, {}
    rows = since < STAYS_AWAY
    dropouts = int(y[rows].sum())
    found = {"still_coming_dropouts": float(dropouts), "still_coming_share": dropouts / max(y.sum(), 1.0)}
    if dropouts < FEWEST_DROPOUTS or dropouts == rows.sum():
        return TOO_FEW.filled(dropouts=dropouts), None, found
    some = None if resampling is None else resampling.rows(rows)
    auc = _auc(y[rows], held_out.p[rows], some)
    recall = _recall(y[rows], lists.chance[rows], some)
    said = SAID.filled(positives=int(y.sum()), share=found["still_coming_share"], days=STAYS_AWAY,
        auc=with_interval(*auc), recall=with_interval(*recall), of_all=lists.total().recall.expected,
    )  # fmt: skip
    table = [_still_coming_row(Text(zh="模型", en="Model"), held_out, lists.chance, rows, resampling)]
    for baseline in baselines:
        if baseline.risks is not None:
            same = held_out.with_risks(np.asarray(baseline.risks, dtype=np.float64))
            chance = Lists.of(y, same.p, same.as_of, lambda _: lists.listed).chance
            table.append(_still_coming_row(baseline.label, same, chance, rows, resampling))
    found |= {"still_coming_auc": auc[0], "still_coming_recall": recall[0]}
    return said, SectionTable(STILL_COMING, STILL_COMING_HEAD, tuple(table)), found


def _still_coming_row(
    label: Text | str, held_out: HeldOut, chance: Floats, rows: Any, resampling: Resampling | None
) -> tuple[Cell, ...]:
    y, p = held_out.y, held_out.p
    some = None if resampling is None else resampling.rows(rows)
    return (
        label,
        with_interval(*_auc(y, p, resampling)),
        with_interval(*_auc(y[rows], p[rows], some)),
        with_interval(*_recall(y, chance, resampling)),
        with_interval(*_recall(y[rows], chance[rows], some)),
    )


def _auc(y: Floats, p: Floats, resampling: Resampling | None) -> tuple[float, Interval | None]:
    drawn = None if resampling is None else resampling.interval(auc_by_replicate(y, p, resampling))
    return float(ranking_and_probability_metrics(y, p)["auc"]), drawn


def _recall(y: Floats, chance: Floats, resampling: Resampling | None) -> tuple[float, Interval | None]:
    value = float(chance @ y / y.sum())
    if resampling is None:
        return value, None
    return value, resampling.interval(list_figures(y, chance, resampling)["recall"])


"""Rows with a dropout below which a school is not shown by itself: a figure of so few says nothing."""
SCHOOLS_SHOWN = 12
NO_RIVALS = ("base_rate",)
SAME_WITHIN_A_SCHOOL = ("base_rate", "school_only")
FIGURES = ("precision", "recall", "lift")
TITLE = Text(zh="按人手能看的名单", en="Lists at capacity")
DISTRICT = Text(
    zh="全体：每个评分日风险最高的{share:.0%}（共{listed}人次，占{part:.1%}）",
    en="Overall: the top {share:.0%} of each test day ({listed} listed, {part:.1%} of rows)",
)
SCHOOL = Text(
    zh="各校分别：每个评分日本校风险最高的{share:.0%}（共{listed}人次，占{part:.1%}）",
    en="Each school for itself: its top {share:.0%} of each test day ({listed} listed, {part:.1%} of rows)",
)
TEACHER = Text(
    zh="各责任教师分别：至多{capacity}人，低风险的不列（共{listed}人次，占{part:.1%}）",
    en="Each responsible teacher: at most {capacity} pupils, nobody at low risk ({listed} listed, "
    "{part:.1%} of rows)",
)
HEAD = (
    "",
    Text(zh="精确率", en="Precision"),
    Text(zh="召回率", en="Recall"),
    Text(zh="提升度", en="Lift"),
    Text(zh="同分时的召回率", en="Recall, ties"),
)
SAME_LENGTH = Text(
    zh="每张名单中，模型与基准列出的人数相同。末位同分时按随机取舍计，最后一列是最差与最好的情形。",
    en="On every list model and baselines have the same number of places. Equal risks at the end of a list "
    "count as if ordered by lot; the last column gives the worst and the best order.",
)
BETWEEN = Text(
    zh="{n}所辍学人次不少于{fewest}的学校中，各校名单召回率的四分位数为{low:.2f}、{middle:.2f}、{high:.2f}。",
    en="Among the {n} schools with at least {fewest} dropouts (rows), recall on the school's own list has "
    "the quartiles {low:.2f}, {middle:.2f}, {high:.2f}.",
)
BY_SCHOOL = Text(zh="各校名单（模型）", en="The model's list in each school")
SCHOOL_HEAD = (
    Text(zh="学校", en="School"),
    Text(zh="人次", en="Rows"),
    Text(zh="辍学", en="Dropouts"),
    Text(zh="列出", en="Listed"),
    *HEAD[1:],
)
OTHERS = Text(zh="其余学校合计（{n}所）", en="Other schools together ({n})")
FEWER = Text(
    zh="辍学不足{fewest}人次的学校合计（{n}所）", en="Schools with fewer than {fewest} dropouts ({n})"
)


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of list: who competes for it, and how long it is.

    Parameters
    ----------
    name : str
        ``district``, ``school`` or ``teacher``.
    title : Text
        To be filled with ``fields``, ``listed`` and ``part``.
    fields : dict
        The share or the capacity.
    groups : array
        The list for which each row competes.
    lengths : callable
        See :meth:`Lists.of`.
    """

    name: str
    title: Text
    fields: dict[str, float]
    groups: npt.NDArray[Any]
    lengths: Callable[[Longs], Longs]

    def lists(self, y: Floats, p: Floats) -> Lists:
        """Draw up the lists."""
        return Lists.of(y, p, self.groups, self.lengths)


def kinds_of_lists(held_out: HeldOut, *, share: float, capacity: int, lowest: float) -> list[Kind]:
    """Give the kinds of lists that the test part can be judged by.

    Parameters
    ----------
    held_out : HeldOut
        Without schools only the district's list, without teachers no teacher's list.
    share : float
        The share of a day's cohort, or of a school's, that can be seen.
    capacity : int
        How many pupils one teacher can see.
    lowest : float
        Nobody below this risk is on a teacher's list.
    """
    days, schools, teachers = held_out.as_of, held_out.schools, held_out.teachers
    kinds = [Kind("district", DISTRICT, {"share": share}, together(days), of_share(share))]
    if schools is None:
        return kinds
    kinds.append(Kind("school", SCHOOL, {"share": share}, together(days, schools), of_share(share)))
    if teachers is not None:
        groups, lengths = together(days, schools, teachers), of_places(capacity, held_out.p >= lowest)
        kinds.append(Kind("teacher", TEACHER, {"capacity": capacity}, groups, lengths))
    return kinds


def capacity_section(
    held_out: HeldOut,
    baselines: Sequence[Baseline],
    kinds: Sequence[Kind],
    resampling: Resampling | None = None,
) -> Section:
    """Measure each kind of list, of the model and of each baseline with as many places.

    Parameters
    ----------
    held_out : HeldOut
        The test part with the model's risks.
    baselines : sequence of Baseline
        Those without risks are passed over, and so are those that cannot order a list.
    kinds : sequence of Kind
        From :func:`kinds_of_lists`.
    resampling : Resampling, optional
        Gives the intervals.
    """
    tables: list[SectionTable] = []
    metrics: dict[str, float] = {}
    remarks = [SAME_LENGTH]
    for kind in kinds:
        lists = kind.lists(held_out.y, held_out.p)
        tables.append(_table(kind, lists, held_out, baselines, resampling))
        metrics |= _metrics(kind.name, lists, held_out.y, resampling)
        if kind.name == "district":
            said, table, figures = still_coming(held_out, baselines, lists, resampling)
            remarks.append(said)
            tables += [] if table is None else [table]
            metrics |= figures
        if kind.name == "school" and held_out.schools is not None:
            by_school = _by_school(lists, kind.groups, held_out.schools)
            remarks += _spread(by_school)
            tables.append(_school_table(by_school))
    return Section("capacity", TITLE, tuple(remarks), tuple(tables), metrics)


def _table(
    kind: Kind,
    lists: Lists,
    held_out: HeldOut,
    baselines: Sequence[Baseline],
    resampling: Resampling | None,
) -> SectionTable:
    passed_over = NO_RIVALS if kind.name == "district" else SAME_WITHIN_A_SCHOOL
    rows = [_row(Text(zh="模型", en="Model"), lists, held_out.y, resampling)]
    for baseline in baselines:
        if baseline.risks is not None and baseline.name not in passed_over:
            risks = np.asarray(baseline.risks, dtype=np.float64)
            same = Lists.of(held_out.y, risks, kind.groups, lambda _: lists.listed)
            rows.append(_row(baseline.label, same, held_out.y, resampling))
    listed = int(lists.listed.sum())
    title = kind.title.filled(**kind.fields, listed=listed, part=listed / held_out.y.size)
    return SectionTable(title, HEAD, tuple(rows))


def _row(label: Text | str, lists: Lists, y: Floats, resampling: Resampling | None) -> tuple[Cell, ...]:
    top, ends = lists.total(), _intervals(lists, y, resampling)
    cells = [with_interval(getattr(top, name).expected, ends.get(name)) for name in FIGURES]
    return label, *cells, _ties(top.recall)


def _intervals(lists: Lists, y: Floats, resampling: Resampling | None) -> dict[str, Any]:
    if resampling is None:
        return {}
    drawn = list_figures(y, lists.chance, resampling)
    return {name: resampling.interval(of) for name, of in drawn.items()}


def _metrics(name: str, lists: Lists, y: Floats, resampling: Resampling | None) -> dict[str, float]:
    top, ends = lists.total(), _intervals(lists, y, resampling)
    found: dict[str, float] = {f"{name}_listed": float(top.listed)}
    for figure in FIGURES:
        bounds, interval = getattr(top, figure), ends.get(figure)
        found |= {f"{name}_{figure}": bounds.expected}
        found |= {f"{name}_{figure}_worst": bounds.worst, f"{name}_{figure}_best": bounds.best}
        if interval is not None:
            found |= {f"{name}_{figure}_low": interval.low, f"{name}_{figure}_high": interval.high}
    return {key: value for key, value in found.items() if np.isfinite(value)}


def _by_school(
    lists: Lists, groups: npt.NDArray[Any], schools: npt.NDArray[Any]
) -> list[tuple[str, TopRanked]]:
    """Put each school's lists of all test days together; the largest schools first."""
    first = np.unique(groups, return_index=True)[1]
    owner = np.asarray(schools).astype(str)[first]
    found = [(str(name), lists.total(owner == name)) for name in np.unique(owner)]
    return sorted(found, key=lambda item: (-item[1].n, item[0]))


def _spread(by_school: Sequence[tuple[str, TopRanked]]) -> list[Text]:
    recall = [top.recall.expected for _, top in by_school if top.positives >= FEWEST_DROPOUTS]
    if len(recall) < 4:
        return []
    low, middle, high = np.quantile(recall, [0.25, 0.5, 0.75]).tolist()
    return [BETWEEN.filled(n=len(recall), fewest=FEWEST_DROPOUTS, low=low, middle=middle, high=high)]


def _school_table(by_school: Sequence[tuple[str, TopRanked]]) -> SectionTable:
    enough = [item for item in by_school if item[1].positives >= FEWEST_DROPOUTS]
    fewer = [item for item in by_school if item[1].positives < FEWEST_DROPOUTS]
    shown, others = enough[:SCHOOLS_SHOWN], enough[SCHOOLS_SHOWN:]
    rows = [_school_row(name, top) for name, top in shown]
    if others:
        rows.append(_school_row(OTHERS.filled(n=len(others)), _sum(others)))
    if fewer:
        rows.append(_school_row(FEWER.filled(n=len(fewer), fewest=FEWEST_DROPOUTS), _sum(fewer)))
    return SectionTable(BY_SCHOOL, SCHOOL_HEAD, tuple(rows), by_school=True)


def _school_row(name: Text | str, top: TopRanked) -> tuple[Cell, ...]:
    figures = [with_interval(getattr(top, figure).expected, None) for figure in FIGURES]
    return name, top.n, top.positives, top.listed, *figures, _ties(top.recall)


def _sum(schools: Sequence[tuple[str, TopRanked]]) -> TopRanked:
    tops = [top for _, top in schools]
    hits = Bounds(*(sum(getattr(top.hits, end) for top in tops) for end in ("worst", "expected", "best")))
    listed, n, positives = (sum(getattr(top, of) for top in tops) for of in ("listed", "n", "positives"))
    return TopRanked(listed, n, positives, hits)


def _ties(bounds: Bounds) -> str:
    if not bounds.best - bounds.worst >= 0.005:
        return "–"
    return f"{bounds.worst:.2f}–{bounds.best:.2f}"
