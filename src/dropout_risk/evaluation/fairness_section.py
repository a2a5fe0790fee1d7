"""The fairness report in words: a verdict in one sentence, tables, figures and the check."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dropout_risk.catalogue.feature import CAUSES, DOMAINS
from dropout_risk.errors import DropoutRiskError
from dropout_risk.evaluation.fairness import ALL, holm
from dropout_risk.evaluation.fairness_rates import (
    ATTRIBUTES,
    FEWEST,
    NONE,
    PLACES,
    SCHOOL,
    WORDS,
    ReasonShares,
)
from dropout_risk.evaluation.result import plain
from dropout_risk.evaluation.section import Cell, Check, Section, SectionTable
from dropout_risk.text import COLON, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.fairness import FairnessReport, Gap


MOST_GROUPS = 12
WORTH_A_LOOK = 0.05
"""Reasons are shown in full where groups dealt at random would differ as much less often than this."""
FEW_PUPILS = 10
"""Below it not even the number of pupils of a group is told."""
GAPS = Text(zh="各分组的最大差距", en="The largest gaps")
GAPS_OF_SCHOOLS = Text(zh="各校之间的最大差距", en="The largest gaps between schools")
TITLE = Text(zh="公平性", en="Fairness")
TOO_FEW = Text(zh="人数太少", en="too few")
LEADING: dict[str, dict[str, Text]] = {
    "domains": {str(name): label for name, label in DOMAINS.items()},
    "causes": {str(name): label for name, label in CAUSES.items()},
}
KINDS = {
    "domains": Text(zh="最主要的理由类别", en="leading domain"),
    "causes": Text(zh="最主要的原因", en="leading cause"),
}
RATE_WORDS = {
    "fnr": Text(zh="漏掉（占辍学者）", en="missed, of those who dropped out (FNR)"),
    "fpr": Text(zh="误列（占未辍学者）", en="listed, of those who stayed (FPR)"),
    "selection": Text(zh="列入名单", en="listed, of all"),
}
NOT_COMPARABLE = Text(
    zh="没有一项分组有两个以上人数足够的组（辍学与未辍学的学生各不少于{fewest}名），公平性无法判断。",
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
    zh="“同等风险下的理由”比较风险最高的五分之一学生：各组内最主要的理由所占比例，与只看风险时的预期相比；p小于0.05的分组另列全表。"
    "留守、残疾等本身就是理由的分组，有差别是自然的。",
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


def fairness_section(report: FairnessReport) -> Section:
    """Word a fairness report."""
    tables = [_group_table(name, frame) for name, frame in report.rates.items()]
    tables += [table for table in (_gap_table(report, of_schools=of) for of in (False, True)) if table.rows]
    tables += [_distance_table(report)] if any(report.reasons.values()) else []
    tables += [
        _reason_table(kind, name, shares)
        for kind, found in report.reasons.items()
        for name, shares in found.items()
        if shares.p < WORTH_A_LOOK
    ]
    tables += [_threshold_table(report)] if report.thresholds else []
    return Section(
        name="fairness",
        title=TITLE,
        remarks=tuple(_remarks(report)),
        tables=tuple(tables),
        metrics=dict(_metrics(report)),
        checks=(_check(report),),
    )


def not_made(error: DropoutRiskError) -> Section:
    """Give the section of an audit that could not be made, and why: its check is not passed."""
    reason = Text(zh="没有安装fairlearn（dropout-risk[train]）", en=error.message)
    return Section("fairness", TITLE, remarks=(reason,), checks=(Check("fnr_gap", None, reason),))


def _remarks(report: FairnessReport) -> Iterator[Text]:
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
    found = {"high": fnr[gap.higher], "low": fnr[gap.lower], "p": _p(gap.p_adjusted)}
    if gap.attribute == SCHOOL:
        return A_GAP_OF_SCHOOLS.filled(**found)
    own = _attribute(gap.attribute)
    words = {"attribute": Text(zh=own.zh, en=own.en.lower())}
    return A_GAP.filled(**words, higher=_group(gap.higher), lower=_group(gap.lower), **found)


def _check(report: FairnessReport) -> Check:
    """Fail on a gap beyond chance; pass only where the intervals leave no room for one between persons."""
    bad = report.beyond_chance()
    if not report.gaps["fnr"]:
        return Check("fnr_gap", None, CANNOT)
    if bad:
        return Check("fnr_gap", False, _gap_in_words(report, bad[0]))
    of_persons = [gap for gap in report.gaps["fnr"] if gap.attribute not in PLACES]
    if not of_persons:
        return Check("fnr_gap", None, ONLY_PLACES)
    widest = max(of_persons, key=lambda gap: gap.high)
    found = {"size": widest.size, "low": widest.low, "high": widest.high, "bound": report.bound}
    own = _attribute(widest.attribute)
    words = Text(zh=own.zh, en=own.en.lower())
    return Check("fnr_gap", True if widest.high <= report.bound else None, AT_MOST.filled(by=words, **found))


def _metrics(report: FairnessReport) -> Iterator[tuple[str, float]]:
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
        _attribute(name),
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
    rows = [_group_row(str(group), line) for group, line in shown.head(MOST_GROUPS).iterrows()]
    rows += [_small_row(str(group), line) for group, line in small.head(MOST_GROUPS).iterrows()]
    left = len(ordered) - len(rows)
    if left:
        more = Text(zh="另有{left}组未列出", en="{left} more groups not listed").filled(left=left)
        rows.append((more, *[None] * (len(columns) - 1)))
    title = Text(zh="按{zh}", en="By {en}").filled(zh=_attribute(name).zh, en=_attribute(name).en.lower())
    return SectionTable(title, columns, tuple(rows), by_school=name == SCHOOL)


def _group_row(group: str, line: pd.Series) -> tuple[Cell, ...]:
    rates = [_interval(line[rate], line[f"{rate}_low"], line[f"{rate}_high"]) for rate in RATE_WORDS]
    risk, observed = float(line["mean_risk"]), float(line["observed"])
    shift = f"{line['shift']:+.2f} ± {1.96 * line['shift_error']:.2f} ({line['shift_shrunk']:+.2f})"
    auc = _interval(line["auc"], line["auc_low"], line["auc_high"])
    return (_group(group), int(line["pupils"]), int(line["positives"]), *rates, risk, observed, shift, auc)


def _small_row(group: str, line: pd.Series) -> tuple[Cell, ...]:
    pupils = int(line["pupils"]) if line["pupils"] >= FEW_PUPILS else f"< {FEW_PUPILS}"
    return (_group(group), pupils, TOO_FEW, *[None] * 7)


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
            _attribute(gap.attribute),
            RATE_WORDS[rate],
            _group(gap.higher),
            _group(gap.lower),
            gap.size,
            f"{gap.low:.2f} – {gap.high:.2f}",
            _p(gap.p),
            _p(gap.p_adjusted),
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
    adjusted = holm(np.array([item.p for _, _, item in found]))
    rows = [
        (
            _attribute(name),
            KINDS.get(kind, kind),
            int(item.pupils.sum()),
            len(item.pupils),
            item.overall,
            item.by_chance,
            _p(item.p),
            _p(p),
        )
        for (kind, name, item), p in zip(found, adjusted, strict=True)
    ]
    return SectionTable(Text(zh="同等风险下的理由", en="Reasons at equal risk"), columns, tuple(rows))


def _reason_table(kind: str, attribute: str, found: ReasonShares) -> SectionTable:
    words = LEADING.get(kind, {}) | {NONE: Text(zh="无", en="none")}
    columns = (
        _attribute(attribute),
        Text(zh="学生", en="Pupils"),
        *(words.get(str(name), str(name)) for name in found.shares),
        Text(zh="距离", en="Distance"),
    )
    both = found.shares.map("{:.2f}".format) + found.expected.map(" ({:.2f})".format)
    rows = [
        (_group(str(group)), int(found.pupils[group]), *both.loc[group], float(found.distance[group]))
        for group in found.pupils.sort_values(ascending=False, kind="stable").index[:MOST_GROUPS]
    ]
    title = Text(
        zh=f"同等风险下的理由，按{{zh}}：{{kind_zh}}的比例（括号内为预期）；不足{FEWEST}人的组不列",
        en="Reasons at equal risk by {en}: share with each {kind_en} (expected); groups below "
        f"{FEWEST} pupils left out",
    )
    own, of_kind = _attribute(attribute), KINDS.get(kind, Text(zh=kind, en=kind))
    told = {"zh": own.zh, "en": own.en.lower(), "kind_zh": of_kind.zh, "kind_en": of_kind.en}
    return SectionTable(title.filled(**told), columns, tuple(rows), by_school=attribute == SCHOOL)


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
    names = ("places_one", "places_each", "fnr_one", "fnr_each", "precision_one", "precision_each")
    rows = [
        (_of(attribute, str(group)), plain(float(line["threshold"])), *_figures(line, names))
        for attribute, option in report.thresholds.items()
        for group, line in option.table.iterrows()
    ]
    title = Text(
        zh="按组设阈值的选项（未采用）：各组漏掉同样的比例",
        en="Thresholds per group as an option (not applied): the same share of each group is missed",
    )
    return SectionTable(title, columns, tuple(rows))


def _of(attribute: str, group: str) -> Text:
    own = _attribute(attribute)
    member = Text(zh="全体", en="all") if group == ALL else _group(group)
    return COLON.joined((own, member))


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _figures(line: pd.Series, names: tuple[str, ...]) -> list[Cell]:
    return [
        round(float(line[name])) if name.startswith("places") else plain(float(line[name])) for name in names
    ]


def _interval(middle: float, low: float, high: float) -> str:
    return f"{middle:.2f}" if math.isnan(low) else f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _attribute(name: str) -> Text:
    return ATTRIBUTES.get(name, Text(zh=name, en=name))


def _group(name: str) -> Text:
    return WORDS.get(name, Text(zh=name, en=name))
