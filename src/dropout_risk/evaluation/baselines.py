"""The baselines that stand beside every model: without them no figure means anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import Feature, FeatureCatalogue
from dropout_risk.catalogue.measures import Count, FailingCount, ScoreLast, Share
from dropout_risk.errors import EvaluationError, UnknownFeatureError
from dropout_risk.evaluation.questions.capacity import number_groups
from dropout_risk.evaluation.resampling import Interval, Resampling, auc_by_replicate
from dropout_risk.evaluation.section import (
    Cell,
    Check,
    Question,
    Section,
    SectionKind,
    SectionTable,
    interval_figures,
    with_interval,
)
from dropout_risk.text import COMMA, Text

if TYPE_CHECKING:
    from dropout_risk.evaluation.result import HeldOut, Result

ABSENT_LIMIT = 0.20
SCHOOL_PRIOR_ROWS = 20.0
GROUP_PRIOR_ROWS = 1.0


@dataclass(frozen=True)
class BaselineRows:
    """Rows of features with what the baselines need beside them.

    One row per pupil and as-of date; outcomes (0 or 1) are needed to fit, not to predict.
    """

    features: pd.DataFrame
    schools: npt.NDArray[Any]
    outcomes: npt.NDArray[Any] | None = None

    @property
    def y(self) -> Floats:
        """The outcomes; EvaluationError if there are none."""
        if self.outcomes is None or len(self.outcomes) == 0:
            raise EvaluationError("A baseline needs outcomes to be fitted on.")
        return np.asarray(self.outcomes, dtype=np.float64)


@dataclass(frozen=True)
class Baseline:
    """What one baseline says about the test rows.

    ``name`` is a stable key. ``risks`` are None where it is not available, for which ``unavailable`` gives
    the reason; ``flagged`` holds whom it names, where the baseline is a rule.
    """

    name: str
    label: Text
    description: Text
    risks: Floats | None = None
    flagged: npt.NDArray[np.bool_] | None = None
    unavailable: Text | None = None


class LackingFeatureError(UnknownFeatureError):
    """The catalogue declares nothing a baseline could read; becomes "not available because …"."""

    def __init__(self, needed: Text) -> None:
        super().__init__(f"The catalogue declares no {needed.en}.")
        self.reason = Text(zh=f"特征目录中没有{needed.zh}", en=f"the catalogue declares no {needed.en}")


def fit_baselines(
    train: BaselineRows, test: BaselineRows, catalogue: FeatureCatalogue
) -> tuple[Baseline, ...]:
    """Fit the four baselines on the training rows and apply them to the test rows.

    Outcomes of the test rows are not read. Features are found by what they measure and not by their names; a
    baseline that the catalogue cannot carry says why.
    """
    return (
        _base_rate(train, test),
        _last_mark(train, test, catalogue),
        _abc_rule(train, test, catalogue),
        _school_only(train, test),
    )


def columns_read(catalogue: FeatureCatalogue) -> list[str]:
    """Name the features that the baselines read, as far as the catalogue declares them."""
    columns: list[str] = []
    for find in (last_mark_column, abc_columns):
        try:
            found = find(catalogue)
        except LackingFeatureError:
            continue
        columns += [found] if isinstance(found, str) else list(vars(found).values())
    return sorted(set(columns))


def last_mark_column(catalogue: FeatureCatalogue) -> str:
    """Find the last mark by what it measures."""
    return find_feature(
        catalogue,
        lambda f: isinstance(f.measure, ScoreLast) and not f.measure.subjects,
        Text(zh="最近一次成绩", en="last mark (measure ScoreLast)"),
    )


def _base_rate(train: BaselineRows, test: BaselineRows) -> Baseline:
    return Baseline(
        name="base_rate",
        label=Text(zh="基准率", en="Base rate"),
        description=Text(
            zh="每名学生的风险都取训练期的辍学比例", en="Everyone gets the share that dropped out in training"
        ),
        risks=np.full(len(test.schools), train.y.mean()),
    )


def _last_mark(train: BaselineRows, test: BaselineRows, catalogue: FeatureCatalogue) -> Baseline:
    label = Text(zh="最近成绩", en="Last mark")
    description = Text(
        zh="只用最近一次成绩的逻辑回归，在训练期拟合；没有成绩的学生取训练期无成绩者的辍学比例",
        en="Logistic regression on the last mark alone, fitted on training; pupils without a mark get the "
        "training rate of pupils without a mark",
    )
    try:
        column = last_mark_column(catalogue)
    except LackingFeatureError as lack:
        return Baseline("last_mark", label, description, unavailable=lack.reason)
    risks = last_mark_risks(train.features[column], train.y, test.features[column])
    return Baseline("last_mark", label, description, risks=risks)


def last_mark_risks(train_marks: pd.Series, y: Floats, test_marks: pd.Series) -> Floats:
    """Fit the last mark alone on training rows and give the risks of test rows."""
    known, wanted = train_marks.to_numpy(dtype=np.float64), test_marks.to_numpy(dtype=np.float64)
    seen, asked = ~np.isnan(known), ~np.isnan(wanted)
    risks = np.full(len(wanted), _drawn_to(y.mean(), y[~seen], GROUP_PRIOR_ROWS))
    if asked.any():
        risks[asked] = _logistic_risks(known[seen], y[seen], wanted[asked], otherwise=float(y.mean()))
    return risks


def _logistic_risks(x: Floats, y: Floats, wanted: Floats, *, otherwise: float) -> Floats:
    if y.size == 0 or y.min() == y.max() or x.std() == 0:
        return np.full(len(wanted), _drawn_to(otherwise, y, GROUP_PRIOR_ROWS))
    from sklearn.linear_model import LogisticRegression

    middle, spread = x.mean(), x.std()
    fitted = LogisticRegression(solver="newton-cholesky").fit(((x - middle) / spread)[:, None], y)
    return np.asarray(fitted.predict_proba(((wanted - middle) / spread)[:, None])[:, 1], dtype=np.float64)


def _abc_rule(train: BaselineRows, test: BaselineRows, catalogue: FeatureCatalogue) -> Baseline:
    label = Text(zh="ABC规则", en="ABC rule")
    description = Text(
        zh="缺课达20%、每门不及格的主科、受过停学处分各算一个标记；缺失不算标记；"
        "风险取训练期同样标记数的辍学比例；有任一标记即被点名",
        en="One flag for absence of 20 % or more in the year, one per core subject failed, one for a "
        "suspension; missing raises no flag; the risk is the training rate of the same number of flags; "
        "one flag names a pupil",
    )
    try:
        columns = abc_columns(catalogue)
    except LackingFeatureError as lack:
        return Baseline("abc_rule", label, description, unavailable=lack.reason)
    before, now = (abc_flags(rows.features, columns) for rows in (train, test))
    risks = rates_by_group(before, train.y, now, prior_rows=GROUP_PRIOR_ROWS)
    return Baseline("abc_rule", label, description, risks=risks, flagged=now > 0)


@dataclass(frozen=True)
class AbcColumns:
    """The three columns the ABC rule reads: attendance, behaviour, course marks."""

    absence: str
    suspension: str
    failing: str


def abc_columns(catalogue: FeatureCatalogue) -> AbcColumns:
    """Find the three columns of the ABC rule by what they measure."""
    return AbcColumns(
        absence=find_feature(
            catalogue,
            lambda f: isinstance(f.measure, Share) and f.measure.of == "absent" and f.window == "year",
            Text(zh="本学年缺课率", en="absence share in the year (measure Share of absent)"),
        ),
        suspension=find_feature(
            catalogue,
            lambda f: isinstance(f.measure, Count | Share) and f.measure.of == "suspended",
            Text(zh="停学天数或比例", en="suspension (measure Count or Share of suspended)"),
        ),
        failing=find_feature(
            catalogue,
            lambda f: isinstance(f.measure, FailingCount) and bool(f.measure.subjects),
            Text(zh="不及格主科数", en="failing core subjects (measure FailingCount with subjects)"),
        ),
    )


def abc_flags(features: pd.DataFrame, columns: AbcColumns) -> npt.NDArray[np.int64]:
    """Count the flags of the ABC rule; a missing value raises none."""
    absent = features[columns.absence].to_numpy(dtype=np.float64) >= ABSENT_LIMIT - 1e-12
    suspended = features[columns.suspension].to_numpy(dtype=np.float64) > 0
    failing = np.nan_to_num(features[columns.failing].to_numpy(dtype=np.float64), nan=0.0)
    return np.asarray(absent.astype(np.int64) + suspended + failing.astype(np.int64), dtype=np.int64)


LAST_MODEL = Text(zh="去年的模型", en="Last year's model")


def last_model(risks: Floats | None, about: str = "", *, unavailable: Text | None = None) -> Baseline:
    """Put a former model beside the new one, on the same rows.

    ``about`` holds its name and version, and the day to which it was trained.
    """
    description = Text(
        zh=f"上一次的模型{about}，用它自己的特征目录给同样的测试行打分，不重新拟合",
        en=f"A former model{about}, which scored the same test rows through its own catalogue, not refitted",
    )
    return Baseline("last_model", LAST_MODEL, description, risks=risks, unavailable=unavailable)


def _school_only(train: BaselineRows, test: BaselineRows) -> Baseline:
    return Baseline(
        name="school_only",
        label=Text(zh="仅学校", en="School only"),
        description=Text(
            zh=f"训练期该校的辍学比例，以{SCHOOL_PRIOR_ROWS:g}行基准率平滑；训练期没有的学校取基准率",
            en=f"The school's training rate, smoothed with {SCHOOL_PRIOR_ROWS:g} rows of the base rate; "
            "schools not seen in training get the base rate",
        ),
        risks=rates_by_group(train.schools, train.y, test.schools, prior_rows=SCHOOL_PRIOR_ROWS),
    )


def rates_by_group(
    before: npt.NDArray[Any], y: Floats, now: npt.NDArray[Any], *, prior_rows: float
) -> Floats:
    """Give each test row the training rate of its group, drawn towards the base rate.

    So many ``prior_rows`` of the base rate are added to each group; a group never seen gets the base rate.

    >>> before, now = np.array(["a", "a", "b"]), np.array(["a", "c"])
    >>> rates_by_group(before, np.array([1.0, 1.0, 0.0]), now, prior_rows=1)
    array([0.88888889, 0.66666667])
    """
    base = float(y.mean())
    codes, names = pd.factorize(pd.Series(before), use_na_sentinel=False)
    rows, dropouts = np.bincount(codes), np.bincount(codes, weights=y)
    rates = (dropouts + prior_rows * base) / (rows + prior_rows)
    position = pd.Index(names).get_indexer(pd.Index(now))
    return np.where(position >= 0, rates[position], base)


def _drawn_to(base: float, y: Floats, prior_rows: float) -> float:
    return float((y.sum() + prior_rows * base) / (len(y) + prior_rows))


def find_feature(catalogue: FeatureCatalogue, fits: Callable[[Feature], bool], needed: Text) -> str:
    """Find the feature that measures something, the one over the longest time where several do.

    LackingFeatureError if the catalogue declares none.
    """
    found = [feature for feature in catalogue.values() if fits(feature)]
    if not found:
        raise LackingFeatureError(needed)
    return max(found, key=lambda feature: {None: 2e9, "year": 1e9}.get(feature.window, feature.window)).name  # type: ignore[arg-type,return-value]


# --- Is the model better than what costs nothing: differences to each baseline, and what publishing asks ---

MUST_NOT_LOSE_TO = ("last_mark", "abc_rule", "school_only")
BETTER_THAN_BASE_RATE = Question(
    "better_than_base_rate",
    "优于基准率",
    Text(zh="是否比给每人同一个平均风险更准", en="whether it tells more than the average risk"),
)
NOT_BELOW_BASELINES = Question(
    "not_below_baselines",
    "不低于各基准",
    Text(
        zh="是否不差于只看成绩或缺课的简单办法",
        en="whether it is no worse than looking at marks or absence alone",
    ),
)
BETTER = Text(zh="AUC比“{name}”高{by}。", en='Better than "{name}" by {by} in AUC.')
WORSE = Text(zh="AUC比“{name}”低{by}。", en='Worse than "{name}" by {by} in AUC.')
ALIKE = Text(
    zh="AUC与“{name}”之差为{by}：看不出差别。",
    en='Not told apart from "{name}" in AUC: a difference of {by}.',
)
WITHIN = Text(
    zh="在同一所学校、同一评分日内任取一名辍学和一名未辍学的学生，模型有{share}的机会把辍学的排在前面；"
    "只知道学校则为50%。{verdict}",
    en="Of a pupil who dropped out and one who stayed in the same school on the same day, the model puts the "
    "right one first {share} of the time; knowing only the school, 50 %. {verdict}",
)
SAYS_MORE = Text(
    zh="因此模型说出的不只是“在哪所学校”。", en="So the model says more than which school it is."
)
SAYS_NO_MORE = Text(
    zh="因此不能说模型说出的比“在哪所学校”更多。",
    en="So it cannot be said that the model says more than which school it is.",
)
TABLE = Text(zh="模型减去基准（成对区间）", en="Model minus baseline, paired")
LIST_RECALL = Text(zh="名单召回率", en="Recall of the list")
HEAD = (
    "",
    "AUC",
    Text(zh="平均精确率", en="AP"),
    Text(zh="对数损失（负为好）", en="Log loss (less is better)"),
    LIST_RECALL,
)
LOG_LOSS = Text(
    zh="对数损失与基准率之差为{by}，区间须全部小于0",
    en="log loss less that of the base rate is {by}; the whole interval must lie below 0",
)
NOT_BELOW = Text(
    zh="AUC之差：{by}；区间不得全部小于0", en="differences in AUC: {by}; none may lie wholly below 0"
)
RIVAL = Text(zh="{label}{by}", en="{label} {by}")
NO_INTERVAL = Text(
    zh="没有区间：测试期没有学校和学生的名称，或辍学太少",
    en="there is no interval: the test part names no schools and pupils, or too few dropped out",
)
NOTHING_TO_COMPARE = Text(zh="没有可比的基准", en="no such baseline is available")


def baseline_section(
    held_out: HeldOut, results: Sequence[Result], resampling: Resampling | None = None
) -> Section:
    """Compare the model with each baseline, and with nothing but the school."""
    resampling = resampling or Resampling.once(held_out.y.size)
    others = [result for result in results[1:] if result.differences]
    rivals = [result for result in others if "auc" in result.differences]
    remarks = [_difference_in_words(rival) for rival in rivals if rival.name != "base_rate"]
    metrics = {
        f"{result.name}.{figure}_{end}": value
        for result in others
        for figure, difference in result.differences.items()
        for end, value in difference.items()
        if value is not None
    }
    auc, interval = auc_within_schools(held_out, resampling)
    if auc is not None:
        remarks.append(_within_schools(auc, interval))
        metrics |= interval_figures("auc_within_schools", auc, interval)
    remarks += resampling.in_words()
    table = SectionTable(TABLE, HEAD, tuple(_difference_row(result) for result in others))
    checks = (_better_than_base_rate(others), _not_below(rivals))
    return BASELINES.section(remarks, [table], metrics, checks)


def auc_within_schools(held_out: HeldOut, resampling: Resampling) -> tuple[float | None, Interval | None]:
    """Give the AUC over pairs of one school and one day, with its interval.

    Knowing only the school orders no such pair, so 0.5 is what a model gets that knows no more (Perdomo et
    al. 2023, *Difficult lessons on social prediction from Wisconsin public schools*). None without schools,
    or where no school holds both classes on one day.
    """
    if held_out.schools is None:
        return None, None
    y, p = held_out.y, held_out.p
    groups = number_groups(held_out.as_of, held_out.schools)
    auc = float(auc_by_replicate(y, p, Resampling.once(y.size), groups)[0])
    if not np.isfinite(auc):
        return None, None
    return auc, resampling.interval(auc_by_replicate(y, p, resampling, groups))


def _difference_in_words(result: Result) -> Text:
    found = result.differences["auc"]
    gap, low, high = found["difference"], found["low"], found["high"]
    if low is not None and high is not None and high < 0:
        return WORSE.filled(name=result.label, by=with_interval(-(gap or 0.0), Interval(-high, -low)))
    wording = BETTER if low is not None and low > 0 else ALIKE
    return wording.filled(name=result.label, by=with_interval(gap, found))


def _within_schools(auc: float, interval: Interval | None) -> Text:
    says_more = interval is not None and interval.low > 0.5
    ends = "" if interval is None else f" [{interval.low:.0%}, {interval.high:.0%}]"
    return WITHIN.filled(share=f"{auc:.0%}{ends}", verdict=SAYS_MORE if says_more else SAYS_NO_MORE)


def _difference_row(result: Result) -> tuple[Cell, ...]:
    digits = {"auc": 2, "average_precision": 2, "log_loss": 4, "recall_at_capacity": 2}
    gaps = [result.differences.get(name, {"difference": None}) for name in digits]
    return result.label, *(
        with_interval(gap["difference"], gap, digits=some, form="+")
        for gap, some in zip(gaps, digits.values(), strict=True)
    )


def _better_than_base_rate(others: Sequence[Result]) -> Check:
    rate = next((result for result in others if result.name == "base_rate"), None)
    gap = None if rate is None else rate.differences.get("log_loss")
    if gap is None:
        return BETTER_THAN_BASE_RATE.answered(None, NOTHING_TO_COMPARE)
    if gap["high"] is None:
        return BETTER_THAN_BASE_RATE.answered(None, NO_INTERVAL)
    by = with_interval(gap["difference"], gap, digits=4, form="+")
    return BETTER_THAN_BASE_RATE.answered(gap["high"] < 0, LOG_LOSS.filled(by=by))


def _not_below(rivals: Sequence[Result]) -> Check:
    gaps = [(rival.label, rival.differences["auc"]) for rival in rivals if rival.name in MUST_NOT_LOSE_TO]
    if not gaps:
        return NOT_BELOW_BASELINES.answered(None, NOTHING_TO_COMPARE)
    highs = [gap["high"] for _, gap in gaps]
    if None in highs:
        return NOT_BELOW_BASELINES.answered(None, NO_INTERVAL)
    each = [
        RIVAL.filled(label=label, by=with_interval(gap["difference"], gap, form="+")) for label, gap in gaps
    ]
    passed = all(high is not None and high >= 0 for high in highs)
    return NOT_BELOW_BASELINES.answered(passed, NOT_BELOW.filled(by=COMMA.joined(each)))


BASELINES = SectionKind(
    name="baselines",
    title=Text(zh="与基准相比", en="Beside the baselines"),
    of_figures=lambda measured: (
        baseline_section(measured.held_out, measured.results, measured.resampling)
        if measured.baselines
        else None
    ),
    questions=(BETTER_THAN_BASE_RATE, NOT_BELOW_BASELINES),
    required=Text(zh="与基线的比较", en="comparison with the baselines"),
)
