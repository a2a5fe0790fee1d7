"""What lists at capacity find: of the district, of each school, and of each responsible teacher."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dropout_risk.arrays import Floats, Longs
from dropout_risk.evaluation.baselines import LIST_RECALL, Baseline
from dropout_risk.evaluation.metrics import ranking_and_probability_metrics
from dropout_risk.evaluation.model_card.charts import COLOURS, GUIDE, line_style, number_or_nan
from dropout_risk.evaluation.questions.capacity import (
    Lists,
    TieBounds,
    TopRanked,
    number_groups,
    of_places,
    of_share,
)
from dropout_risk.evaluation.resampling import Interval, Resampling, auc_by_replicate, list_figures
from dropout_risk.evaluation.section import (
    Cell,
    Section,
    SectionKind,
    SectionTable,
    interval_figures,
    with_interval,
)
from dropout_risk.evaluation.small_groups import withheld_groups
from dropout_risk.text import Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.evaluation.result import HeldOut, Measured, Result


# --- How good a model is for pupils who still come: to name who already stays away is not early ---

STAYS_AWAY = 5
"""School days without the pupil after which it no longer counts as still coming."""
FEWEST_DROPOUTS = 10
"""Rows with a dropout below which a school is not shown by itself: a figure of so few says nothing."""
STILL_COMING = Text(zh="评分日仍在到校的学生", en="Pupils who still came on the test day")
STILL_COMING_HEAD = (
    "",
    "AUC",
    Text(zh="AUC，仍在到校", en="AUC, still coming"),
    LIST_RECALL,
    Text(zh="名单召回率，仍在到校", en="Recall of the list, still coming"),
)
SAID = Text(
    zh="辍学的{positives}人次中，评分日前{days}个教学日内仍到过校的占{share:.0%}；只在仍到校的学生中，模型AUC为{auc}，"
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
    held_out: HeldOut, baselines: Sequence[Baseline], lists: Lists, resampling: Resampling
) -> tuple[Text, SectionTable | None, dict[str, float]]:
    """Measure the rows of pupils who still came, on the lists that everybody competed for.

    Baselines get as many places as the model's ``lists`` have. Gives what must be said, the table, and the
    figures of the model.
    """
    since, y = held_out.since_present, held_out.y
    if since is None or np.isnan(since).all():
        return UNKNOWN, None, {}
    rows = since < STAYS_AWAY
    dropouts = int(y[rows].sum())
    found = {"still_coming_dropouts": float(dropouts), "still_coming_share": dropouts / max(y.sum(), 1.0)}
    if dropouts < FEWEST_DROPOUTS or dropouts == rows.sum():
        return TOO_FEW.filled(dropouts=dropouts), None, found
    some = resampling.rows(rows)
    auc = _auc_with_interval(y[rows], held_out.p[rows], some)
    recall = _recall_with_interval(y[rows], lists.chance[rows], some)
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
    label: Text | str, held_out: HeldOut, chance: Floats, rows: Any, resampling: Resampling
) -> tuple[Cell, ...]:
    y, p = held_out.y, held_out.p
    some = resampling.rows(rows)
    return (
        label,
        with_interval(*_auc_with_interval(y, p, resampling)),
        with_interval(*_auc_with_interval(y[rows], p[rows], some)),
        with_interval(*_recall_with_interval(y, chance, resampling)),
        with_interval(*_recall_with_interval(y[rows], chance[rows], some)),
    )


def _auc_with_interval(y: Floats, p: Floats, resampling: Resampling) -> tuple[float, Interval | None]:
    ends = resampling.interval(auc_by_replicate(y, p, resampling))
    return float(ranking_and_probability_metrics(y, p)["auc"]), ends


def _recall_with_interval(y: Floats, chance: Floats, resampling: Resampling) -> tuple[float, Interval | None]:
    drawn = list_figures(y, chance, resampling)["recall"]
    return float(chance @ y / y.sum()), resampling.interval(drawn)


# --- The lists of the district, of schools and of teachers ---

SCHOOLS_SHOWN = 12
NO_RIVALS = ("base_rate",)
SAME_WITHIN_A_SCHOOL = ("base_rate", "school_only")
FIGURES = ("precision", "recall", "lift")
DISTRICT = Text(
    zh="全体：每个评分日风险最高的{share:.0%}（共{listed}人次，占{part:.1%}）",
    en="Overall: the top {share:.0%} of each test day ({listed} listed, {part:.1%} of rows)",
)
SCHOOL = Text(
    zh="各校分别：每个评分日本校风险最高的{share:.0%}（共{listed}人次，占{part:.1%}）",
    en="Each school for itself: its top {share:.0%} of each test day ({listed} listed, {part:.1%} of rows)",
)
TEACHER = Text(
    zh="各包保责任人分别：至多{capacity}人，低风险的不列（共{listed}人次，占{part:.1%}）",
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
class ListKind:
    """One kind of list, ``district``, ``school`` or ``teacher``: who competes for it, and how long it is.

    The title is filled with ``fields`` (the share or the capacity), ``listed`` and ``part``; ``lengths`` is
    that of :meth:`Lists.of`.
    """

    name: str
    title: Text
    fields: dict[str, float]
    groups: npt.NDArray[Any]
    lengths: Callable[[Longs], Longs]

    def lists(self, y: Floats, p: Floats) -> Lists:
        """Draw up the lists."""
        return Lists.of(y, p, self.groups, self.lengths)


def kinds_of_lists(held_out: HeldOut, *, share: float, capacity: int, lowest: float) -> list[ListKind]:
    """Give the kinds of lists that the test part can be judged by.

    Without schools there is only the district's list, without teachers no teacher's list. Nobody below the
    ``lowest`` risk is on a teacher's list, and at most ``capacity`` pupils are.
    """
    days, schools, teachers = held_out.as_of, held_out.schools, held_out.teachers
    kinds = [ListKind("district", DISTRICT, {"share": share}, number_groups(days), of_share(share))]
    if schools is None:
        return kinds
    kinds.append(ListKind("school", SCHOOL, {"share": share}, number_groups(days, schools), of_share(share)))
    if teachers is not None:
        groups, lengths = number_groups(days, schools, teachers), of_places(capacity, held_out.p >= lowest)
        kinds.append(ListKind("teacher", TEACHER, {"capacity": capacity}, groups, lengths))
    return kinds


def capacity_section(
    held_out: HeldOut,
    baselines: Sequence[Baseline],
    kinds: Sequence[ListKind],
    resampling: Resampling | None = None,
) -> Section:
    """Measure each kind of list, of the model and of each baseline with as many places.

    Baselines without risks are passed over, and so are those that cannot order a list.
    """
    resampling = resampling or Resampling.once(held_out.y.size)
    tables: list[SectionTable] = []
    metrics: dict[str, float] = {}
    remarks = [SAME_LENGTH]
    for kind in kinds:
        lists = kind.lists(held_out.y, held_out.p)
        tables.append(_list_table(kind, lists, held_out, baselines, resampling))
        metrics |= _list_metrics(kind.name, lists, held_out.y, resampling)
        if kind.name == "district":
            said, table, figures = still_coming(held_out, baselines, lists, resampling)
            remarks.append(said)
            tables += [] if table is None else [table]
            metrics |= figures
        if kind.name == "school" and held_out.schools is not None:
            by_school = _lists_by_school(lists, kind.groups, held_out.schools)
            remarks += _school_spread(by_school)
            tables.append(_school_table(by_school))
    return CAPACITY.section(remarks, tables, metrics)


def _list_table(
    kind: ListKind, lists: Lists, held_out: HeldOut, baselines: Sequence[Baseline], resampling: Resampling
) -> SectionTable:
    passed_over = NO_RIVALS if kind.name == "district" else SAME_WITHIN_A_SCHOOL
    rows = [_list_row(Text(zh="模型", en="Model"), lists, held_out.y, resampling)]
    for baseline in baselines:
        if baseline.risks is not None and baseline.name not in passed_over:
            risks = np.asarray(baseline.risks, dtype=np.float64)
            same = Lists.of(held_out.y, risks, kind.groups, lambda _: lists.listed)
            rows.append(_list_row(baseline.label, same, held_out.y, resampling))
    listed = int(lists.listed.sum())
    title = kind.title.filled(**kind.fields, listed=listed, part=listed / held_out.y.size)
    return SectionTable(title, HEAD, tuple(rows))


def _list_row(label: Text | str, lists: Lists, y: Floats, resampling: Resampling) -> tuple[Cell, ...]:
    top, ends = lists.total(), _list_intervals(lists, y, resampling)
    cells = [with_interval(getattr(top, name).expected, ends[name]) for name in FIGURES]
    return label, *cells, _ties_in_words(top.recall)


def _list_intervals(lists: Lists, y: Floats, resampling: Resampling) -> dict[str, Interval | None]:
    drawn = list_figures(y, lists.chance, resampling)
    return {name: resampling.interval(values) for name, values in drawn.items()}


def _list_metrics(name: str, lists: Lists, y: Floats, resampling: Resampling) -> dict[str, float]:
    top, ends = lists.total(), _list_intervals(lists, y, resampling)
    found: dict[str, float] = {f"{name}_listed": float(top.listed)}
    for figure in FIGURES:
        bounds, key = getattr(top, figure), f"{name}_{figure}"
        found |= {key: bounds.expected, f"{key}_worst": bounds.worst, f"{key}_best": bounds.best}
        found |= interval_figures(key, None, ends[figure])
    return {key: value for key, value in found.items() if np.isfinite(value)}


def _lists_by_school(
    lists: Lists, groups: npt.NDArray[Any], schools: npt.NDArray[Any]
) -> list[tuple[str, TopRanked]]:
    """Put each school's lists of all test days together; the largest schools first."""
    first = np.unique(groups, return_index=True)[1]
    owner = np.asarray(schools).astype(str)[first]
    found = [(str(name), lists.total(owner == name)) for name in np.unique(owner)]
    return sorted(found, key=lambda item: (-item[1].n, item[0]))


def _school_spread(by_school: Sequence[tuple[str, TopRanked]]) -> list[Text]:
    recall = [top.recall.expected for _, top in by_school if top.positives >= FEWEST_DROPOUTS]
    if len(recall) < 4:
        return []
    low, middle, high = np.quantile(recall, [0.25, 0.5, 0.75]).tolist()
    return [BETWEEN.filled(n=len(recall), fewest=FEWEST_DROPOUTS, low=low, middle=middle, high=high)]


def _school_table(by_school: Sequence[tuple[str, TopRanked]]) -> SectionTable:
    small = [top.positives < FEWEST_DROPOUTS for _, top in by_school]
    hidden = _hidden_schools(by_school)
    enough = [item for item, away in zip(by_school, hidden, strict=True) if not away]
    fewer = [item for item, away in zip(by_school, hidden, strict=True) if away]
    shown, others = enough[:SCHOOLS_SHOWN], enough[SCHOOLS_SHOWN:]
    if sum(small) < sum(hidden):  # some are not small themselves: they keep company
        others, fewer = others + fewer, []
    rows = [_school_row(name, top) for name, top in shown]
    if others:
        rows.append(_school_row(OTHERS.filled(n=len(others)), _sum_of_lists(others)))
    if fewer:
        rows.append(_school_row(FEWER.filled(n=len(fewer), fewest=FEWEST_DROPOUTS), _sum_of_lists(fewer)))
    return SectionTable(BY_SCHOOL, SCHOOL_HEAD, tuple(rows), by_school=True)


def _hidden_schools(by_school: Sequence[tuple[str, TopRanked]]) -> list[bool]:
    """Say which schools have no row: those with few dropouts, and who must stand with them in one row."""
    positives = np.array([top.positives for _, top in by_school], dtype=np.float64)
    hidden = withheld_groups(positives, FEWEST_DROPOUTS, positives < FEWEST_DROPOUTS)
    found: list[bool] = hidden.tolist()
    return found


def _school_row(name: Text | str, top: TopRanked) -> tuple[Cell, ...]:
    figures = [with_interval(getattr(top, figure).expected, None) for figure in FIGURES]
    return name, top.n, top.positives, top.listed, *figures, _ties_in_words(top.recall)


def _sum_of_lists(schools: Sequence[tuple[str, TopRanked]]) -> TopRanked:
    tops = [top for _, top in schools]
    hits = TieBounds(*(sum(getattr(top.hits, end) for top in tops) for end in ("worst", "expected", "best")))
    listed, n, positives = (sum(getattr(top, name) for top in tops) for name in ("listed", "n", "positives"))
    return TopRanked(listed, n, positives, hits)


def _ties_in_words(bounds: TieBounds) -> str:
    if not bounds.best - bounds.worst >= 0.005:
        return "–"
    return f"{bounds.worst:.2f}–{bounds.best:.2f}"


# --- The panels of the report's chart: lists of every length ---


def _draw_capacity(axes: Any, report: EvaluationReport) -> None:
    model, rule = report.result(), report.at_rule
    share = [100 * point["share"] for point in model.by_capacity]
    for name, label, style in (("recall_expected", "Recall", "-"), ("precision", "Precision", ":")):
        values = [number_or_nan(point[name]) for point in model.by_capacity]
        axes.plot(share, values, style, color=COLOURS["model"], label=f"{label}, model")
    worst, best = (
        [number_or_nan(point[f"recall_{end}"]) for point in model.by_capacity] for end in ("worst", "best")
    )
    axes.fill_between(share, worst, best, color=COLOURS["model"], alpha=0.15, linewidth=0)
    if rule is not None:
        flagged = 100 * rule["flagged"] / rule["n"]
        for name, marker in (("recall", "s"), ("precision", "x")):
            value, label = number_or_nan(rule["rule"][name]), f"{name.capitalize()}, ABC rule"
            axes.plot([flagged], [value], marker, color=COLOURS["abc_rule"], label=label)
    axes.axvline(100 * report.capacity_share, **GUIDE)
    axes.set(ylim=(0, 1), xlim=(0, max(share)), xlabel="Share of each day's cohort on the list, %")
    axes.set_title(f"Precision and recall by capacity (line: {report.capacity_share:.0%})", fontsize=10)
    axes.legend(fontsize=8, frameon=False)


def _draw_roc(axes: Any, report: EvaluationReport) -> None:
    axes.plot([0, 1], [0, 1], **GUIDE)
    for result in reversed(report.results):
        if result.roc.get("false_positive_rate"):
            rates = result.roc["false_positive_rate"], result.roc["true_positive_rate"]
            axes.plot(*rates, label=_roc_label(result), **line_style(result))
    axes.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="Share of those who stayed", ylabel="Share of those who dropped out"
    )
    axes.set_title("ROC", fontsize=10)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], fontsize=8, frameon=False, loc="lower right")


def _roc_label(result: Result) -> str:
    auc = result.metrics.get("auc")
    return result.label.en if auc is None else f"{result.label.en}, AUC {auc:.3f}"


def _section_of(measured: Measured) -> Section:
    held_out = measured.held_out
    kinds = kinds_of_lists(
        held_out,
        share=measured.share,
        capacity=measured.teacher_capacity,
        lowest=measured.lowest_risk,
    )
    return capacity_section(held_out, measured.baselines, kinds, measured.resampling)


CAPACITY = SectionKind(
    name="capacity",
    title=Text(zh="按人手能看的名单", en="Lists at capacity"),
    of_figures=_section_of,
    panels=(_draw_capacity, _draw_roc),
)
