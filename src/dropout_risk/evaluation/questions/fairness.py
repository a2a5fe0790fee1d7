"""Fairness: what a model does to each group of pupils, how sure that is, and what it does not say."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.errors import EvaluationError, MissingExtraError
from dropout_risk.evaluation.model_card.charts import blank_figure
from dropout_risk.evaluation.questions.fairness_rates import (
    ALL,
    ATTRIBUTES,
    FEWEST_COMPARED,
    NONE,
    PLACES,
    RATES,
    SCHOOL,
    WORDS,
    AuditRows,
    EqualMisses,
    Gap,
    ReasonShares,
    as_words,
    audit_groups,
    compare_groups,
    equal_misses,
    group_rates,
    holm_adjusted,
    reasons_at_equal_risk,
)
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    plain_data,
)
from dropout_risk.evaluation.small_groups import FEWEST as FEW_PUPILS
from dropout_risk.evaluation.small_groups import WITHHELD, withheld_groups
from dropout_risk.evaluation.trained_model import TrainedModel
from dropout_risk.text import COLON, Language, Text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dropout_risk.evaluation.report import EvaluationReport


FEWEST = 10
BOUND = 0.10
GRADE = "grade_level"
MISSED = "missed_by_grade"


@dataclass(frozen=True, eq=False)
class FairnessReport:
    """What a model does to each group at capacity; plain aggregates, no pupil's row.

    Parameters
    ----------
    rates : dict of str to DataFrame
        By attribute, from :func:`group_rates`; groups that are too small hold no figure.
    gaps : dict of str to list of Gap
        By rate (``fnr``, ``fpr``, ``selection``).
    reasons : dict of str to dict of str to ReasonShares
        By kind (``domains``, ``causes``) and attribute: leading reasons at equal risk.
    thresholds : dict of str to EqualMisses
        By attribute of a person: what thresholds per group would cost. Never applied.
    share : float
        The share of each day's pupils that is on the list.
    fewest : int
        Fewest pupils of a class for a group to be shown.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> risks, sex = rng.uniform(size=9000), pd.DataFrame({"sex": rng.choice(["female", "male"], 9000)})
    >>> outcomes = (rng.uniform(size=9000) < risks / 4).astype(int)
    >>> report = FairnessReport.of(outcomes, risks, np.repeat("2025-03-03", 9000), sex, share=0.2)
    >>> report.frame().loc[("sex", "female"), ["positives", "fnr"]].round(2).tolist()
    [574.0, 0.63]
    >>> report.section().checks[0].passed
    True
    """

    rates: dict[str, pd.DataFrame]
    gaps: dict[str, list[Gap]]
    reasons: dict[str, dict[str, ReasonShares]]
    thresholds: dict[str, EqualMisses]
    share: float
    fewest: int = FEWEST
    bound: float = BOUND

    @classmethod
    def of(
        cls,
        outcomes: npt.ArrayLike,
        risks: npt.ArrayLike,
        as_of: npt.ArrayLike,
        groups: pd.DataFrame,
        *,
        share: float = 0.05,
        pupils: npt.ArrayLike | None = None,
        contributions: Mapping[str, pd.DataFrame] | None = None,
        fewest: int = FEWEST,
    ) -> Self:
        """Audit the test part.

        Parameters
        ----------
        outcomes, risks, as_of : array
            What happened, what the model said, and for which day; the pupils of a day share a list.
        groups : DataFrame
            One column per attribute, one row per row, as from :func:`audit_groups`.
        share : float, default=0.05
            The share of each day's rows that is on the list.
        pupils : array, optional
            Which rows are of the same pupil; by default the index level ``student_id`` of ``groups``, or
            else every row is a pupil of its own.
        contributions : mapping of str to DataFrame, optional
            ``domains`` and ``causes``: contributions summed, one column for each.
        fewest : int, default=10
            Pupils who dropped out, and pupils who stayed, below which a group gets no figure.

        Raises
        ------
        EvaluationError
            If the columns are of different lengths, or there is no attribute.
        MissingExtraError
            If fairlearn is not installed.
        """
        if pupils is None and "student_id" in groups.index.names:
            pupils = groups.index.get_level_values("student_id")
        rows = AuditRows.of(outcomes, risks, as_of, pupils, share)
        _require_same_length(rows, groups, contributions or {})
        groups = pd.DataFrame({name: as_words(groups[name]) for name in groups}, index=groups.index)
        rates = {str(name): group_rates(rows, groups[name], fewest) for name in groups}
        shown = {name: frame.index[frame["shown"]].tolist() for name, frame in rates.items()}
        reasons = {
            kind: {str(name): reasons_at_equal_risk(rows, groups[name], sums) for name in groups}
            for kind, sums in (contributions or {}).items()
        }
        persons = [name for name in groups if name not in PLACES]
        options = {str(name): equal_misses(rows, groups[name], shown[name]) for name in persons}
        return cls(
            rates=rates,
            gaps={rate: compare_groups(rates, rate) for rate in RATES},
            reasons={kind: _without_none(found) for kind, found in reasons.items()},
            thresholds=_without_none(options),
            share=share,
            fewest=fewest,
        )

    def largest(self, rate: str = "fnr") -> dict[str, Gap]:
        """Give the largest gap of each attribute that has two groups to compare."""
        found: dict[str, Gap] = {}
        for gap in self.gaps[rate]:
            found.setdefault(gap.attribute, gap)
        return found

    def beyond_chance(self, rate: str = "fnr") -> list[Gap]:
        """Give the gaps above the bound that are beyond chance among all pairs, the largest first."""
        found = [gap for gap in self.gaps[rate] if gap.beyond(self.bound)]
        return sorted(found, key=lambda gap: -gap.size)

    def frame(self) -> pd.DataFrame:
        """Give one row per attribute and group, with every figure and its interval."""
        return pd.concat(self.rates, names=["attribute"])

    def chart(self) -> Figure:
        """Draw the share missed of each group with its 95 % interval, one row per group."""
        parts = {
            name: frame[frame["shown"]].sort_values("fnr").tail(MOST_DRAWN)
            for name, frame in self.rates.items()
        }
        shown = {name: frame for name, frame in parts.items() if len(frame)}
        heights = [len(frame) + 1 for frame in shown.values()] or [1]
        figure = blank_figure(7, 1 + 0.3 * sum(heights))
        all_axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, (name, frame) in zip(all_axes, shown.items(), strict=False):
            below, above = frame["fnr"] - frame["fnr_low"], frame["fnr_high"] - frame["fnr"]
            spread = [below.clip(lower=0), above.clip(lower=0)]
            labels = [_group_word(str(group)).en for group in frame.index]
            axes.errorbar(frame["fnr"], range(len(frame)), xerr=spread, fmt="o", color="#1b4f8a", capsize=2)
            axes.set_yticks(range(len(frame)), labels, fontsize=8, parse_math=False)
            axes.set_ylim(-0.7, len(frame) - 0.3)
            axes.set_title(_attribute_word(name).en, fontsize=9, loc="left")
        all_axes[-1].set(xlim=(0, 1), xlabel="Share missed of those who dropped out, 95 % intervals")
        return figure

    def section(self) -> Section:
        """Give the part of an evaluation report: verdict, tables, figures and the check."""
        tables = [_group_table(name, frame) for name, frame in self.rates.items()]
        tables += [table for schools in (False, True) if (table := _gap_table(self, of_schools=schools)).rows]
        tables += [_distance_table(self)] if any(self.reasons.values()) else []
        tables += [
            _reason_table(kind, name, shares)
            for kind, found in self.reasons.items()
            for name, shares in found.items()
            if shares.p < WORTH_A_LOOK
        ]
        tables += [_threshold_table(self)] if self.thresholds else []
        found = (
            dict(_fairness_metrics(self)),
            [_gap_check(self)],
            {MISSED: missed_by_grade(self.rates, self.gaps)},
        )
        return FAIRNESS.section(_fairness_remarks(self), tables, *found)

    def to_markdown(self, language: Language = "en") -> str:
        """Write the report as Markdown."""
        return self.section().to_markdown(language)

    def _repr_html_(self) -> str:
        return self.section().to_html("en")


def missed_by_grade(
    rates: Mapping[str, pd.DataFrame], gaps: Mapping[str, Sequence[Gap]]
) -> list[dict[str, Any]]:
    """Give the share missed of each grade level that is large enough, the least missed first.

    ``sure`` says whether chance is ruled out as the reason why it is missed more than the first.
    """
    frame = rates.get(GRADE)
    if frame is None or not frame["shown"].any():
        return []
    shown = frame[frame["shown"]].sort_values("fnr", kind="stable")
    of_grades = [gap for gap in gaps["fnr"] if gap.attribute == GRADE and gap.low > 0]
    sure = {frozenset((gap.higher, gap.lower)) for gap in of_grades}
    return [
        {
            "grade": str(grade),
            "missed": float(line["fnr"]),
            "sure": frozenset((str(grade), str(shown.index[0]))) in sure,
        }
        for grade, line in shown.iterrows()
    ]


def missed_grades_of(report: EvaluationReport) -> list[dict[str, Any]]:
    """Read :func:`missed_by_grade` from a report; empty where it says nothing of grades."""
    section = report.section(FAIRNESS.name)
    return [] if section is None else section.points.get(MISSED, [])


def _without_none(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: item for name, item in found.items() if item is not None}


def _require_same_length(
    rows: AuditRows, groups: pd.DataFrame, contributions: Mapping[str, pd.DataFrame]
) -> None:
    lengths = {"groups": len(groups)} | {name: len(sums) for name, sums in contributions.items()}
    wrong = {name: n for name, n in lengths.items() if n != len(rows.outcomes)}
    if wrong:
        raise EvaluationError(f"The test part has {len(rows.outcomes)} rows, but {wrong}.")
    if groups.shape[1] == 0:
        raise EvaluationError(
            "There is no attribute to audit by.", hint="audit_groups gives those of the records"
        )


# --- The report in words ---

MOST_GROUPS, MOST_DRAWN = 12, 20
WORTH_A_LOOK = 0.05
"""Reasons are shown in full where groups dealt at random would differ as much less often than this."""
"""Below it not even the number of pupils of a group is told."""
GAPS = Text(zh="各分组的最大差距", en="The largest gaps")
GAPS_OF_SCHOOLS = Text(zh="各校之间的最大差距", en="The largest gaps between schools")
FNR_GAP = Question(
    "fnr_gap",
    "漏掉比例的差距",
    Text(zh="是否有的群体比别的群体更常被漏掉", en="whether some groups are missed more often than others"),
)
TOO_FEW = Text(zh="人数太少", en="too few")
LEADING: dict[str, dict[str, Text]] = {
    "domains": {str(name): label for name, label in DOMAINS.items()},
    "causes": {str(name): label for name, label in CAUSES.items()},
}
KINDS = {
    "domains": Text(zh="最主要的依据类别", en="leading domain"),
    "causes": Text(zh="最主要的原因", en="leading cause"),
}
RATE_WORDS = {
    "fnr": Text(zh="漏掉（占辍学者）", en="missed, of those who dropped out (FNR)"),
    "fpr": Text(zh="误列（占未辍学者）", en="listed, of those who stayed (FPR)"),
    "selection": Text(zh="列入名单", en="listed, of all"),
}
NOT_COMPARABLE = Text(
    zh="没有一项分组有两个以上人数足够的组（辍学与未辍学的学生各不少于{fewest}名），现有数据不足以判断公平性。",
    en="No attribute has two groups of at least {fewest} pupils who dropped out and {fewest} who stayed, so "
    "nothing can be said about fairness.",
)
NO_GAP = Text(
    zh="没有发现各组漏掉学生的比例相差超过{bound:.0%}且不能用偶然解释的情况；人数所限而排除不了的差距见“差距”表。",
    en="No gap above {bound:.2f} in the share of missed pupils is beyond chance; how large a gap the numbers "
    "cannot rule out stands in the table of gaps.",
)
A_GAP_OF_SCHOOLS = Text(
    zh="有学校的学生被漏掉的比例（{high:.0%}）高于另一所学校（{low:.0%}），不能用偶然解释（校正后的p为{p}）。",
    en="The list misses more pupils of one school ({high:.2f}) than of another ({low:.2f}), and chance does "
    "not explain it (p, adjusted {p}).",
)
A_GAP = Text(
    zh="按{attribute}分组，“{higher}”的学生被漏掉的比例（{high:.0%}）高于“{lower}”（{low:.0%}），"
    "不能用偶然解释（校正后的p为{p}）。",
    en="By {attribute}, the list misses more pupils of the group “{higher}” ({high:.2f}) than of “{lower}” "
    "({low:.2f}), and chance does not explain it (p, adjusted {p}).",
)
MEANING = Text(
    zh="名单为每个评分日风险最高的{share:.1%}的学生。比例按行计（一名学生在几个评分日出现就算几行），"
    "人数、区间和检验中同一学生只算一人。区间为95%，没有计入同校学生彼此相像，因此偏窄；"
    "同一分组内的各对比较同时成立，p值另按全部{pairs}对比较用Holm法校正。人数不足{fewest}的一类不给出数字。",
    en="The list is the top {share:.1%} of each test day. Rates are means over rows (a pupil on two days has "
    "two); numbers of pupils, intervals and tests count a pupil once. Intervals are 95 %; that pupils of "
    "one school resemble each other is not in them, so they are too narrow rather than too wide. Those of "
    "gaps hold for all pairs of an attribute at once, and p-values are also adjusted by Holm's rule for all "
    "{pairs} pairs. A group with fewer than {fewest} pupils of either outcome gets no figure.",
)
AT_EQUAL_RISK = Text(
    zh="“同等风险下的依据”比较风险最高的五分之一学生：各组内最主要的依据所占比例，与只看风险时的预期相比；p小于0.05的分组另列全表。"
    "留守、残疾等本身就是依据的分组，有差别是自然的。",
    en="“Reasons at equal risk” compares the fifth of pupils with the highest risks: for what share a reason "
    "leads in each group, beside what their risks alone would give; groups are shown in full where "
    "p is below 0.05. Where membership is itself a reason "
    "(left behind, disability), a difference is natural.",
)
OPTION = Text(
    zh="“按组设阈值”只列出各组漏掉同样比例时的名单及其代价，从不自动采用；是否采用由人依法决定。",
    en="“Thresholds per group” only shows what lists that miss the same share of each group would cost. They "
    "are never applied by the library; whether they may and should be is for people and the law to decide.",
)
REASON_TABLE = Text(
    zh="同等风险下的依据，按{attribute}：{kind}的比例（括号内为预期）；不足{fewest}人的组不列",
    en="Reasons at equal risk by {attribute}: share with each {kind} (expected); groups below {fewest} "
    "pupils left out",
)
CANNOT = Text(zh="没有两个人数足够的组可以比较", en="no two groups are large enough to compare")
ONLY_PLACES = Text(
    zh="人数足够的组只有学校或年级，没有按个人情况的分组可以比较",
    en="only schools or grade levels are large enough to compare, no groups of persons",
)
AT_MOST = Text(
    zh="按{by}的差距为{size:.2f}，可能高达{high:.2f}（区间{low:.2f}至{high:.2f}）；不超过{bound:.2f}才算通过",
    en="by {by} the gap is {size:.2f} and may be as large as {high:.2f} (interval {low:.2f} to {high:.2f}); "
    "passed only where it cannot be above {bound:.2f}",
)


def without_fairlearn(error: MissingExtraError) -> Section:
    """Give the section of an audit that could not be made, and why: its check is not passed."""
    reason = Text(zh="没有安装公平性检查所需的程序包", en=error.message)
    return FAIRNESS.section([reason], checks=[FNR_GAP.answered(None, reason)])


def _fairness_remarks(report: FairnessReport) -> Iterator[Text]:
    bad = report.beyond_chance()
    pairs = sum(gap.pairs for gap in report.largest().values())
    if not pairs:
        yield NOT_COMPARABLE.filled(fewest=report.fewest)
    elif not bad:
        yield NO_GAP.filled(bound=report.bound)
    for gap in {gap.attribute: gap for gap in reversed(bad)}.values():
        yield _gap_in_words(report, gap)
    yield MEANING.filled(share=report.share, pairs=pairs, fewest=report.fewest)
    if any(report.reasons.values()):
        yield AT_EQUAL_RISK
    if report.thresholds:
        yield OPTION


def _gap_in_words(report: FairnessReport, gap: Gap) -> Text:
    """Word a gap; schools are not named, because a check's reason leaves the report."""
    fnr = report.rates[gap.attribute]["fnr"]
    found = {"high": fnr[gap.higher], "low": fnr[gap.lower], "p": _p_in_words(gap.p_adjusted)}
    if gap.attribute == SCHOOL:
        return A_GAP_OF_SCHOOLS.filled(**found)
    attribute = _within_a_sentence(_attribute_word(gap.attribute))
    return A_GAP.filled(
        attribute=attribute, higher=_group_word(gap.higher), lower=_group_word(gap.lower), **found
    )


def _gap_check(report: FairnessReport) -> Check:
    """Fail on a gap beyond chance; pass only where the intervals leave no room for one between persons."""
    bad = report.beyond_chance()
    if not report.gaps["fnr"]:
        return FNR_GAP.answered(None, CANNOT)
    if bad:
        return FNR_GAP.answered(False, _gap_in_words(report, bad[0]))
    of_persons = [gap for gap in report.gaps["fnr"] if gap.attribute not in PLACES]
    if not of_persons:
        return FNR_GAP.answered(None, ONLY_PLACES)
    widest = max(of_persons, key=lambda gap: gap.high)
    found = {"size": widest.size, "low": widest.low, "high": widest.high, "bound": report.bound}
    said = AT_MOST.filled(by=_within_a_sentence(_attribute_word(widest.attribute)), **found)
    return FNR_GAP.answered(True if widest.high <= report.bound else None, said)


def _fairness_metrics(report: FairnessReport) -> Iterator[tuple[str, float]]:
    for rate in ("fnr", "fpr", "selection"):
        found = report.largest(rate)
        if found:
            yield f"largest_{rate}_gap", max(gap.size for gap in found.values())
        for name, gap in found.items():
            yield f"{rate}_gap.{name}", gap.size
    for name, gap in report.largest().items():
        yield f"fnr_gap_at_most.{name}", gap.high
    yield "fnr_gaps_beyond_chance", float(len(report.beyond_chance()))
    for kind, found_shares in report.reasons.items():
        for name, shares in found_shares.items():
            yield f"{kind}_distance.{name}", shares.overall
            yield f"{kind}_distance_p.{name}", shares.p
    for name, option in report.thresholds.items():
        yield f"equal_misses_precision_lost.{name}", option.precision_lost


def _group_table(name: str, frame: pd.DataFrame) -> SectionTable:
    columns = (
        _attribute_word(name),
        Text(zh="学生", en="Pupils"),
        Text(zh="辍学", en="Dropped out"),
        *RATE_WORDS.values(),
        Text(zh="平均风险", en="Mean risk"),
        Text(zh="实际比例", en="Observed"),
        Text(zh="校准偏移（收缩后）", en="Shift in log-odds (shrunk)"),
        Text(zh="组内AUC", en="AUC within"),
    )
    ordered = frame.sort_values("pupils", ascending=False, kind="stable")
    shown, small = ordered[ordered["shown"]], ordered[~ordered["shown"]]
    covers = _covering_groups(ordered)
    rows = [
        _group_row(str(group), line, counted=group not in covers)
        for group, line in shown.head(MOST_GROUPS).iterrows()
    ]
    rows += [_small_row(str(group), line) for group, line in small.head(MOST_GROUPS).iterrows()]
    left = len(ordered) - len(rows)
    if left:
        more = Text(zh="另有{left}组未列出", en="{left} more groups not listed").filled(left=left)
        rows.append((more, *[None] * (len(columns) - 1)))
    title = Text(zh="按{name}", en="By {name}").filled(name=_within_a_sentence(_attribute_word(name)))
    return SectionTable(title, columns, tuple(rows), by_school=name == SCHOOL)


def _covering_groups(frame: pd.DataFrame) -> set[Any]:
    """Name the groups that keep their rates and lose their counts: a small one would be the rest of them."""
    small = ~frame["shown"].to_numpy(dtype=bool)
    hidden = withheld_groups(frame["pupils"].to_numpy(dtype=np.float64), small=small)
    return set(frame.index[hidden & ~small])


def _group_row(group: str, line: pd.Series, *, counted: bool) -> tuple[Cell, ...]:
    rates = [_interval_in_words(line[rate], line[f"{rate}_low"], line[f"{rate}_high"]) for rate in RATE_WORDS]
    risk, observed = float(line["mean_risk"]), float(line["observed"])
    shift = f"{line['shift']:+.2f} ± {1.96 * line['shift_error']:.2f} ({line['shift_shrunk']:+.2f})"
    auc = _interval_in_words(line["auc"], line["auc_low"], line["auc_high"])
    return (
        _group_word(group),
        int(line["pupils"]) if counted else WITHHELD,
        int(line["positives"]) if counted else WITHHELD,
        *rates,
        risk if counted else round(risk, 2),
        observed if counted else round(observed, 2),
        shift,
        auc,
    )


def _small_row(group: str, line: pd.Series) -> tuple[Cell, ...]:
    pupils = int(line["pupils"]) if line["pupils"] >= FEW_PUPILS else f"< {FEW_PUPILS}"
    return (_group_word(group), pupils, TOO_FEW, *[None] * 7)


def _gap_table(report: FairnessReport, *, of_schools: bool) -> SectionTable:
    """Give the largest gap of each attribute, or, in a table that no card holds, that of schools."""
    columns = (
        Text(zh="分组", en="Attribute"),
        Text(zh="比例", en="Rate"),
        Text(zh="较高的组", en="Higher"),
        Text(zh="较低的组", en="Lower"),
        Text(zh="差距", en="Gap"),
        Text(zh="区间（各对同时成立）", en="Interval, for all pairs at once"),
        "p",
        Text(zh="校正后的p", en="p, adjusted"),
        Text(zh="比较对数", en="Pairs"),
    )
    rows = [
        (
            _attribute_word(gap.attribute),
            RATE_WORDS[rate],
            _group_word(gap.higher),
            _group_word(gap.lower),
            gap.size,
            f"{gap.low:.2f} – {gap.high:.2f}",
            _p_in_words(gap.p),
            _p_in_words(gap.p_adjusted),
            gap.pairs,
        )
        for rate in RATE_WORDS
        for name, gap in report.largest(rate).items()
        if (name == SCHOOL) is of_schools
    ]
    title = GAPS_OF_SCHOOLS if of_schools else GAPS
    return SectionTable(title, columns, tuple(rows), by_school=of_schools)


def _distance_table(report: FairnessReport) -> SectionTable:
    columns = (
        Text(zh="分组", en="Attribute"),
        Text(zh="比较", en="Compared"),
        Text(zh="学生", en="Pupils"),
        Text(zh="组数", en="Groups"),
        Text(zh="距离", en="Distance"),
        Text(zh="偶然时的距离", en="By chance"),
        "p",
        Text(zh="校正后的p", en="p, adjusted"),
    )
    found = [(kind, name, item) for kind, items in report.reasons.items() for name, item in items.items()]
    adjusted = holm_adjusted(np.array([item.p for _, _, item in found]))
    rows = [
        (
            _attribute_word(name),
            KINDS.get(kind, kind),
            int(item.pupils.sum()),
            len(item.pupils),
            item.overall,
            item.by_chance,
            _p_in_words(item.p),
            _p_in_words(p),
        )
        for (kind, name, item), p in zip(found, adjusted, strict=True)
    ]
    return SectionTable(Text(zh="同等风险下的依据", en="Reasons at equal risk"), columns, tuple(rows))


def _reason_table(kind: str, attribute: str, found: ReasonShares) -> SectionTable:
    words = LEADING.get(kind, {}) | {NONE: Text(zh="无", en="none")}
    columns = (
        _attribute_word(attribute),
        Text(zh="学生", en="Pupils"),
        *(words.get(str(name), str(name)) for name in found.shares),
        Text(zh="距离", en="Distance"),
    )
    both = found.shares.map("{:.2f}".format) + found.expected.map(" ({:.2f})".format)
    rows = [
        (_group_word(str(group)), int(found.pupils[group]), *both.loc[group], float(found.distance[group]))
        for group in found.pupils.sort_values(ascending=False, kind="stable").index[:MOST_GROUPS]
    ]
    title = REASON_TABLE.filled(
        attribute=_within_a_sentence(_attribute_word(attribute)),
        kind=KINDS.get(kind, Text(zh=kind, en=kind)),
        fewest=FEWEST_COMPARED,
    )
    return SectionTable(title, columns, tuple(rows), by_school=attribute == SCHOOL)


def _threshold_table(report: FairnessReport) -> SectionTable:
    columns = (
        Text(zh="分组", en="Group"),
        Text(zh="阈值", en="Threshold"),
        Text(zh="名额：统一阈值", en="Places, one threshold"),
        Text(zh="名额：按组阈值", en="Places, one for each"),
        Text(zh="漏掉：统一", en="Missed, one"),
        Text(zh="漏掉：按组", en="Missed, each"),
        Text(zh="准确率：统一", en="Precision, one"),
        Text(zh="准确率：按组", en="Precision, each"),
    )
    names = ("fnr_one", "fnr_each", "precision_one", "precision_each")
    rows = [
        (
            _member_word(attribute, str(group)),
            plain_data(float(line["threshold"])),
            *(round(float(line[name])) for name in ("places_one", "places_each")),
            *(plain_data(float(line[name])) for name in names),
        )
        for attribute, option in report.thresholds.items()
        for group, line in option.table.iterrows()
    ]
    title = Text(
        zh="按组设阈值的选项（未采用）：各组漏掉同样的比例",
        en="Thresholds per group as an option (not applied): the same share of each group is missed",
    )
    return SectionTable(title, columns, tuple(rows))


def _member_word(attribute: str, group: str) -> Text:
    member = Text(zh="全体", en="all") if group == ALL else _group_word(group)
    return COLON.joined((_attribute_word(attribute), member))


def _p_in_words(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _interval_in_words(middle: float, low: float, high: float) -> str:
    return f"{middle:.2f}" if math.isnan(low) else f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _attribute_word(name: str) -> Text:
    return ATTRIBUTES.get(name, Text(zh=name, en=name))


def _within_a_sentence(word: Text) -> Text:
    return Text(zh=word.zh, en=word.en.lower())


def _group_word(name: str) -> Text:
    return WORDS.get(name, Text(zh=name, en=name))


# --- The pictures; matplotlib is imported where they draw ---


GAP, AT_MOST_GAP = "fnr_gap.", "fnr_gap_at_most."


def fairness_gaps_chart(section: Section) -> Figure | None:
    """Draw the largest gap in the share missed of each attribute, and the gap that cannot be ruled out.

    None where the section compares no groups.
    """
    found = section.metrics
    largest = {name.removeprefix(GAP): gap for name, gap in found.items() if name.startswith(GAP)}
    if not largest:
        return None
    figure = blank_figure(8, 1.2 + 0.4 * len(largest))
    axes, rows = figure.subplots(), range(len(largest))
    most = [found.get(AT_MOST_GAP + name, gap) for name, gap in largest.items()]
    axes.barh(rows, most, color="#d5dde8", label="cannot be ruled out (95 %)")
    axes.barh(rows, list(largest.values()), height=0.4, color="#1b4f8a", label="found")
    axes.set_yticks(rows, [_attribute_word(name).en for name in largest], fontsize=8)
    axes.set(xlim=(0, 1), xlabel="Largest difference between two groups in the share of dropouts missed")
    axes.invert_yaxis()
    axes.legend(fontsize=8, frameon=False)
    return figure


def _section_of(trained: TrainedModel) -> Section:
    """Audit by the groups that are recorded; says so where fairlearn is not installed."""
    parts, rows = trained.parts, trained.parts.test
    try:
        report = FairnessReport.of(
            parts.y(rows),
            trained.risks,
            parts.days(rows),
            audit_groups(trained.records, parts.cohort_of(rows)),
            share=trained.settings.capacity.share,
            pupils=parts.pupils(rows),
            contributions={"domains": trained.by_domain, "causes": trained.by_cause},
        )
    except MissingExtraError as error:
        return without_fairlearn(error)
    return report.section()


FAIRNESS = SectionKind(
    name="fairness",
    title=Text(zh="公平性", en="Fairness"),
    of_model=_section_of,
    questions=(FNR_GAP,),
    required=Text(zh="公平性", en="fairness"),
    picture=fairness_gaps_chart,
)
