"""How long before leaving a pupil first came on the list, and how long false alarms stayed on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.compute as pc

from dropout_risk.arrays import Floats
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.evaluation.baselines import BaselineRows, columns_read, fit_baselines
from dropout_risk.evaluation.model_card.charts import line_style, number_or_nan
from dropout_risk.evaluation.parts import Parts, last_days_present, teachers_of
from dropout_risk.evaluation.questions.capacity import number_groups
from dropout_risk.evaluation.resampling import REPLICATES, Interval, Resampling
from dropout_risk.evaluation.section import (
    Cell,
    Section,
    SectionKind,
    SectionTable,
    interval_figures,
    interval_in_brackets,
)
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.days.calendar import date_of, ordinal_of
from dropout_risk.settings import Settings
from dropout_risk.text import Text, iso_date_words

if TYPE_CHECKING:
    from dropout_risk.evaluation.report import EvaluationReport
    from dropout_risk.modelling.classifier import RiskClassifier


DAYS_BEFORE = (1, 5, 10, 20, 30, 45, 60, 90)
QUARTILES = (0.25, 0.5, 0.75)
FEWEST = 10
"""Pupils below which a share is not given."""
VERDICT = Text(
    zh="约每{step}个教学日一张名单，共{mornings}张（{first}至{last}）。其间辍学的{leavers}名学生中，{share:.0%}{ends}"
    "事先列入过模型的名单；首次列出距辍学的中位数为{median}个教学日。",
    en="A list was drawn up about every {step} school days, {mornings} in all ({first} to {last}). Of the "
    "{leavers} pupils who dropped out in that time, {share:.0%}{ends} had been on the model's list; from the "
    "first listing to the dropout the median was {median} school days.",
)
EVER = Text(
    zh="其间至少上过一次模型名单的学生占全部{pupils}名的{share:.1%}。",
    en="Of all {pupils} pupils, {share:.1%} were on the model's list at least once in that time.",
)
LAST_DAY = Text(
    zh="辍学日期的记载在最后一次到校之后，中位数为{gap}个教学日。算到最后到校日：{n}名学生中有{share:.0%}在还到校时就已列出，"
    "列出者首次列入距最后到校日的中位数为{median}个教学日。",
    en="The dropout is dated a median of {gap} school days after the last day at school. Counted to that "
    "day: {share:.0%} of {n} pupils were listed while they still came, and of these the median first listing "
    "was {median} school days before the last day at school.",
)
NO_LAST_DAY = Text(
    zh="没有逐日考勤，不知道学生最后到校的日子；提前量只能算到辍学日期，其中可能包括学生已不到校的日子。",
    en="Without daily attendance nobody knows the last day at school: lead times run to the date of the "
    "dropout, and may hold days on which the pupil no longer came.",
)
NOBODY = Text(
    zh="{first}至{last}之间（{mornings}张名单）没有学生辍学，无法计算提前量。",
    en="Nobody dropped out between {first} and {last} ({mornings} lists): there is no lead time.",
)
HOW = Text(
    zh="名单按风险排到人手上限，低风险的不列，同分按学号；按规则发出的预警另列，不在其中。各基准的名单与模型同样长。"
    "“≥”：有学生在第一张名单上就已列出（或在最后一张上仍未撤下），实际只会更长。",
    en="Lists hold the highest risks up to each teacher's capacity, nobody at low risk, equal risks in the "
    "order of ids; alerts by rule come on top and are not in here. Baselines have as many places as the "
    "model. “≥” where pupils were on the very first list already (or still on the last one), so that the "
    "true figure can only be longer.",
)
SAMPLED = Text(
    zh="为控制用时，只跟踪随机抽取的{schools}所学校的{pupils}名学生（全部{everybody}名）。",
    en="To keep it short, only the {pupils} pupils of {schools} schools drawn at random were followed, "
    "out of {everybody}.",
)
LEADS = Text(zh="辍学学生何时首次上名单", en="Pupils who dropped out: when they first came on the list")
LEADS_HEAD = (
    "",
    Text(zh="从未列出", en="Never listed"),
    Text(zh="下四分位（教学日）", en="Lower quartile, days"),
    Text(zh="中位数", en="Median"),
    Text(zh="上四分位", en="Upper quartile"),
    Text(zh="第一张名单上已列出", en="On the first list already"),
)
BEFORE = Text(
    zh="辍学前至少若干教学日已列入过名单的比例", en="Share that had been on the list so many days before"
)
BEFORE_LAST_DAY = Text(
    zh="最后到校日之前至少若干教学日已列入过名单的比例",
    en="Share that had been on the list so many days before the last day at school",
)
BEFORE_HEAD = (Text(zh="教学日", en="School days"), Text(zh="学生", en="Pupils"))
ALARMS = Text(zh="误报列入名单多久", en="False alarms: on how many lists they stayed")
ALARMS_HEAD = (
    "",
    Text(zh="误报学生", en="Pupils"),
    Text(zh="下四分位（名单数）", en="Lower quartile, lists"),
    Text(zh="中位数", en="Median"),
    Text(zh="上四分位", en="Upper quartile"),
    Text(zh="平均", en="Mean"),
    Text(zh="最后仍列入名单", en="Still on the last list"),
    Text(zh="结局尚不知", en="Outcome not known yet"),
)


@dataclass(frozen=True, eq=False)
class Mornings:
    """Pupils on a series of mornings, and what became of them.

    ``rows`` has one row per pupil and morning on which it was at school: ``student_id``, ``school_id``,
    ``day`` (the school-day index of the morning) and ``outcome`` (1 or 0 within the horizon, NaN where
    nobody knows yet). ``listed`` marks whom each way of listing names, the model's first. ``dropout_day``
    and ``last_present`` are the school-day indices of the first dropout and of the last day at school before
    it, by ``student_id``, where there is one and it is known. The mornings are ``step`` school days apart.
    """

    rows: pd.DataFrame
    listed: Mapping[Text, npt.NDArray[np.bool_]]
    dropout_day: pd.Series
    dates: tuple[str, ...]
    step: int
    last_present: pd.Series = field(default_factory=lambda: pd.Series(dtype=np.float64))


def top_of_groups(
    risk: Floats, groups: npt.NDArray[np.intp], places: npt.NDArray[Any], ids: npt.NDArray[Any]
) -> npt.NDArray[np.bool_]:
    """Mark the highest risks of each group; equal risks are taken in the order of their ids, as on the list.

    ``places`` says how many of each group.

    >>> top_of_groups(np.array([0.2, 0.2, 0.1]), np.array([0, 0, 1]), np.array([1, 1]), np.array([8, 7, 9]))
    array([False,  True,  True])
    """
    order = np.lexsort((ids, -risk, groups))
    size = np.bincount(groups, minlength=len(places))
    position = np.arange(len(risk)) - np.repeat(np.cumsum(size) - size, size)
    marked = np.empty(len(risk), dtype=bool)
    marked[order] = position < np.repeat(places, size)
    return marked


def leads_of_leavers(mornings: Mornings, listed: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Give one row per pupil who dropped out while the mornings went on, and when it was first listed.

    By ``student_id``: ``school_id``, ``dropout_day``, ``first_day`` (its first morning), ``lead`` (school
    days from the first listing to the dropout, NaN if never listed before it), ``censored`` (listed on its
    first morning already, so the lead is at least that) and ``last_present`` with ``lead_present`` (the same
    to the last day at school, NaN if not listed by then).
    """
    rows = mornings.rows.assign(
        listed=listed, dropout_day=mornings.rows["student_id"].map(mornings.dropout_day)
    )
    end = rows["school_id"].map(rows.groupby("school_id")["day"].max()) + mornings.step
    seen = rows[(rows["dropout_day"] > rows["day"]) & (rows["dropout_day"] < end)]
    by_pupil = seen.groupby("student_id")
    found = by_pupil[["school_id", "dropout_day"]].first().assign(first_day=by_pupil["day"].min())
    listed_day = seen[seen["listed"]].groupby("student_id")["day"].min().reindex(found.index)
    last = pd.Series(found.index.map(mornings.last_present), index=found.index, dtype=np.float64)
    return found.assign(
        lead=found["dropout_day"] - listed_day,
        censored=listed_day == found["first_day"],
        last_present=last,
        lead_present=(last - listed_day).where(last >= listed_day),
    )


def false_alarms(mornings: Mornings, listed: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """Give one row per pupil who was listed in vain, and on how many mornings.

    Each morning is judged by its own horizon: who is listed years before dropping out was listed in vain. By
    ``student_id``: ``school_id``, ``mornings`` (listed, and no dropout within the horizon as far as is
    known), ``known`` (the horizon of the first of them has been observed, so that the alarm is known to be
    false) and ``still`` (listed on its last morning, without a dropout).
    """
    rows = mornings.rows.assign(listed=listed)
    last = rows.groupby("student_id")["day"].max()
    rows = rows[rows["listed"] & (rows["outcome"] != 1)].sort_values("day")
    by_pupil = rows.groupby("student_id")
    first = rows.drop_duplicates("student_id").set_index("student_id").sort_index()
    found = by_pupil[["school_id"]].first().assign(mornings=by_pupil.size())
    return found.assign(
        known=first["outcome"].notna(), still=by_pupil["day"].max() == last.reindex(found.index)
    )


def lead_time_section(
    mornings: Mornings,
    *,
    replicates: int = REPLICATES,
    sampled: Mapping[str, int] | None = None,
) -> Section:
    """Say how early each way of listing names those who leave, and how long it names others in vain.

    ``sampled`` holds ``schools``, ``pupils`` and ``everybody``, where not everybody was followed.
    """
    gone = {label: leads_of_leavers(mornings, listed) for label, listed in mornings.listed.items()}
    alarms = {label: false_alarms(mornings, listed) for label, listed in mornings.listed.items()}
    pupils = mornings.rows.drop_duplicates("student_id").set_index("student_id").sort_index()
    drawn = Resampling.of(pupils["school_id"].to_numpy(), pupils.index.to_numpy(), replicates=replicates)
    position = pd.Series(np.arange(len(pupils)), index=pupils.index)
    first = next(iter(gone))
    ever = float(mornings.rows["student_id"][mornings.listed[first]].nunique() / len(pupils))
    said = EVER.filled(pupils=len(pupils), share=ever)
    remarks = [_lead_verdict(mornings, gone, drawn, position), *_to_last_day(gone[first]), said, HOW]
    if sampled is not None:
        remarks += [SAMPLED.filled(**sampled), *drawn.in_words()]
    before = SectionTable(BEFORE, (*BEFORE_HEAD, *gone), tuple(_before_rows(gone, "dropout_day", "lead")))
    coming = tuple(_before_rows(gone, "last_present", "lead_present"))
    lead_rows = tuple(_lead_row(label, found, drawn, position) for label, found in gone.items())
    alarm_rows = tuple(_alarm_row(label, found, drawn, position) for label, found in alarms.items())
    tables = (
        SectionTable(LEADS, LEADS_HEAD, lead_rows),
        before,
        SectionTable(ALARMS, ALARMS_HEAD, alarm_rows),
        *([SectionTable(BEFORE_LAST_DAY, (*BEFORE_HEAD, *gone), coming)] if coming else []),
    )
    metrics = {"ever_listed": ever} | _lead_metrics(gone[first], alarms[first], drawn, position)
    return LEAD_TIME.section(remarks, tables, metrics)


def _lead_verdict(
    mornings: Mornings, gone: Mapping[Text, pd.DataFrame], drawn: Resampling, position: pd.Series
) -> Text:
    model = next(iter(gone.values()))
    dates = mornings.dates
    when = {
        "mornings": len(dates),
        "first": iso_date_words(dates[0]),
        "last": iso_date_words(dates[-1]),
        "step": mornings.step,
    }
    if model.empty:
        return NOBODY.filled(**when)
    listed, ends = _mean_with_interval(model["lead"].notna(), drawn.rows(position[model.index].to_numpy()))
    median = _quantile_in_words(model["lead"], model["censored"], 0.5) or "–"
    told = "" if ends is None else f" [{ends.low:.0%}, {ends.high:.0%}]"
    return VERDICT.filled(**when, leavers=len(model), share=listed, ends=told, median=median)


def _lead_row(label: Text, gone: pd.DataFrame, drawn: Resampling, position: pd.Series) -> tuple[Cell, ...]:
    if gone.empty:
        return label, *([None] * 5)
    draws = drawn.rows(position[gone.index].to_numpy())
    never, ends = _mean_with_interval(gone["lead"].isna(), draws)
    low, middle, high = (_quantile_in_words(gone["lead"], gone["censored"], at) for at in QUARTILES)
    listed = gone["lead"].notna().to_numpy()
    ends_of_median = _median_interval(gone["lead"].to_numpy()[listed], draws.rows(listed))
    told = None if middle is None else f"{middle}{interval_in_brackets(ends_of_median, digits=0)}"
    return label, f"{never:.2f}{interval_in_brackets(ends)}", low, told, high, int(gone["censored"].sum())


def _before_rows(gone: Mapping[Text, pd.DataFrame], until: str, lead: str) -> list[tuple[Cell, ...]]:
    """Give the shares among those whose last days were all seen; too few give none."""
    found: list[tuple[Cell, ...]] = []
    for days in DAYS_BEFORE:
        seen = [pupils[pupils[until] - pupils["first_day"] >= days] for pupils in gone.values()]
        if len(seen[0]) >= FEWEST:
            found.append((days, len(seen[0]), *(float((pupils[lead] >= days).mean()) for pupils in seen)))
    return found


def _to_last_day(gone: pd.DataFrame) -> list[Text]:
    """Say how early the list was before the pupil stayed away, which is what early means to a school."""
    if gone.empty:
        return []
    if gone["last_present"].isna().all():
        return [NO_LAST_DAY]
    known = gone[gone["last_present"] >= gone["first_day"]]
    leads = known["lead_present"]
    gap = float((gone["dropout_day"] - gone["last_present"]).median())
    share = float(leads.notna().mean()) if len(known) else 0.0
    median = _quantile_in_words(leads, known["censored"], 0.5) or "–"
    return [LAST_DAY.filled(gap=f"{gap:.0f}", n=len(known), share=share, median=median)]


def _alarm_row(label: Text, alarms: pd.DataFrame, drawn: Resampling, position: pd.Series) -> tuple[Cell, ...]:
    known = alarms[alarms["known"]]
    unknown = len(alarms) - len(known)
    if known.empty:
        return label, 0, None, None, None, None, None, unknown
    low, middle, high = (_quantile_in_words(known["mornings"], known["still"], at) for at in QUARTILES)
    mean, ends = _mean_with_interval(known["mornings"], drawn.rows(position[known.index].to_numpy()))
    told = f"{mean:.1f}{interval_in_brackets(ends, digits=1)}"
    return label, len(known), low, middle, high, told, int(known["still"].sum()), unknown


def _mean_with_interval(values: pd.Series, draws: Resampling) -> tuple[float, Interval | None]:
    """Give a mean and its interval."""
    numbers = values.to_numpy(dtype=np.float64)
    ends = draws.interval(draws.means(numbers))
    same = ends is not None and ends.low == ends.high  # all or nobody: drawing again says nothing of it
    return float(numbers.mean()), None if same else ends


def _quantile_in_words(values: pd.Series, at_least: pd.Series, level: float) -> str | None:
    """Write a quantile of the values there are, with "≥" where some that may be longer reach down to it."""
    if values.isna().all():
        return None
    value = float(values.quantile(level, interpolation="lower"))
    return f"{'≥ ' if (at_least & (values <= value)).any() else ''}{value:.0f}"


def _median_interval(leads: Floats, draws: Resampling) -> Interval | None:
    """Give the interval of the median lead, each pupil counted as often as it is drawn."""
    if len(leads) < FEWEST:
        return None
    order = np.argsort(leads, kind="stable")
    reached = np.cumsum(draws.weights[:, draws.codes[order]], axis=1, dtype=np.int64)
    total = reached[:, -1]
    middle = (2 * reached >= total[:, None]).argmax(axis=1)
    return draws.interval(np.where(total > 0, leads[order][middle], np.nan))


def _lead_metrics(
    gone: pd.DataFrame, alarms: pd.DataFrame, drawn: Resampling, position: pd.Series
) -> dict[str, float]:
    known = alarms[alarms["known"]]
    found = {"leavers": float(len(gone)), "false_alarms": float(len(known))}
    if len(gone):
        never, ends = _mean_with_interval(gone["lead"].isna(), drawn.rows(position[gone.index].to_numpy()))
        found |= interval_figures("never_listed", never, ends)
    if gone["lead"].notna().any():
        quartiles: Sequence[float] = gone["lead"].quantile(list(QUARTILES), interpolation="lower").tolist()
        names = ("lower_quartile_days", "median_days", "upper_quartile_days")
        found |= dict(zip(names, quartiles, strict=True))
        found |= {"on_the_first_list": float(gone["censored"].sum())}
    coming = gone[gone["last_present"] >= gone["first_day"]]["lead_present"]
    if len(coming):
        found |= {"listed_while_coming": float(coming.notna().mean())}
    if coming.notna().any():
        found |= {"median_days_to_last_present": float(coming.quantile(0.5, interpolation="lower"))}
    if len(known):
        found |= {"false_alarm_mornings": float(known["mornings"].mean())}
    return found


# --- The mornings of the test period: weekly lists as the schools would have had them ---

MOST_PUPILS = 20_000
"""Pupils followed through the mornings; of more, whole schools are drawn."""
MOST_MORNINGS = 40
DAYS_OF_A_WEEK = 5
RIVALS = ("last_mark", "abc_rule")
MODEL = Text(zh="模型", en="Model")


def lead_time(
    classifier: RiskClassifier,
    parts: Parts,
    histories: Histories,
    catalogue: FeatureCatalogue,
    settings: Settings,
) -> Section | None:
    """Draw up a list on every week's first school day from the first test day on, and judge how early it is.

    The mornings go on to the end of the records, since a list needs no label; all of them lie after
    everything that training knew. There are none after a random split, which trains on every day.
    """
    if parts.kind == "random":
        return None
    followed, sampled = sample_of_schools(histories, settings.models.seed)
    dates = weekly_dates(followed, first=min(parts.days(parts.test)))
    cohort = Cohort.on(followed, dates)
    risks, read = _score_mornings(classifier, followed, cohort, catalogue)
    known = parts.rows_for_baselines(parts.before_test)
    rows = _morning_rows(followed, cohort, settings)
    others = {
        baseline.label: baseline.risks
        for baseline in fit_baselines(known, BaselineRows(read, rows["school_id"].to_numpy()), catalogue)
        if baseline.name in RIVALS and baseline.risks is not None
    }
    gone = dropout_days(followed, dates[0], settings.outcome.events)
    mornings = Mornings(
        rows,
        _morning_lists(risks, others, followed, cohort, settings),
        gone,
        tuple(date.isoformat() for date in dates),
        step=_days_between(dates),
        last_present=last_days_present(followed, gone, dates),
    )
    return lead_time_section(mornings, replicates=settings.evaluation.replicates, sampled=sampled)


def weekly_dates(histories: Histories, first: str) -> list[dt.date]:
    """Give each week's first day on which half of the schools are open, from a date to the last observed day.

    Of more than 40 weeks only every second (third, …) is taken.
    """
    calendar, schools = histories.calendar, np.unique(histories.calendar_row)
    last = min(calendar.last, int(np.max(histories.observed_to)))
    dates = np.arange(ordinal_of(first), last + 1)
    until = calendar.index(schools[:, None], np.append(dates, last + 1)[None, :])
    is_open = dates[(np.diff(until, axis=1) > 0).mean(axis=0) >= 0.5]
    _, position = np.unique((is_open + 3) // 7, return_index=True)  # weeks begin on Monday
    weeks = is_open[position]
    return [date_of(day) for day in weeks[:: -(-len(weeks) // MOST_MORNINGS)]]


def sample_of_schools(histories: Histories, seed: int) -> tuple[Histories, dict[str, int] | None]:
    """Draw whole schools until there are enough pupils; None beside them where everybody is followed."""
    if len(histories) <= MOST_PUPILS:
        return histories, None
    school = number_groups(pc.fill_null(histories.students["school_id"], "").to_numpy())
    size = np.bincount(school)
    order = np.random.default_rng(seed).permutation(len(size))
    chosen = order[: int(np.searchsorted(np.cumsum(size[order]), MOST_PUPILS)) + 1]
    pupils = np.flatnonzero(np.isin(school, chosen))
    counts = {"schools": len(chosen), "pupils": len(pupils), "everybody": len(histories)}
    return histories.take(pupils), counts


def dropout_days(histories: Histories, first: dt.date, events: Sequence[str]) -> pd.Series:
    """Give the school day of the first dropout on or after a date, by the pupil's row number."""
    columns, pupil = histories.outcomes.columns, histories.outcomes.pupil
    words = histories.words.get("event", ())
    counts = np.isin(columns["event"], [code for code, word in enumerate(words) if word in events])
    inside = counts & (columns["date"] >= ordinal_of(first))
    return pd.Series(columns["day"][inside].astype(np.int64)).groupby(pupil[inside]).min()


def _score_mornings(
    classifier: RiskClassifier, histories: Histories, cohort: Cohort, catalogue: FeatureCatalogue
) -> tuple[Floats, pd.DataFrame]:
    """Score morning by morning; of the features only those are kept that the baselines read."""
    names = columns_read(catalogue)
    risks, kept = np.empty(len(cohort)), np.empty((len(cohort), len(names)))
    for rows in cohort.frame.groupby("as_of", sort=True).indices.values():
        X = build_features(histories, Cohort(cohort.frame.iloc[rows]), catalogue)
        risks[rows], kept[rows] = classifier.predict_proba(X)[:, 1], X[names].to_numpy()
    return risks, pd.DataFrame(kept, columns=names)


def _morning_rows(histories: Histories, cohort: Cohort, settings: Settings) -> pd.DataFrame:
    """Give pupil, school, school day and known outcome of each row of the cohort."""
    frame = cohort.frame
    pupil, ordinal = frame["pupil"].to_numpy(), frame["as_of"].to_numpy().astype("datetime64[D]")
    labelled = cohort.with_labels(histories, settings.outcome.horizon_days, settings.outcome.events)
    keys = ["pupil", "as_of"]
    known = labelled.frame[keys].assign(outcome=np.asarray(labelled.labels, dtype=np.float64))
    return pd.DataFrame(
        {
            "student_id": pupil,
            "school_id": frame["school_id"].astype(object).fillna("").to_numpy(),
            "day": histories.calendar.index(histories.calendar_row[pupil], ordinal.astype(np.int64)),
            "outcome": frame[keys].merge(known, on=keys, how="left")["outcome"].to_numpy(),
        }
    )


def _morning_lists(
    risks: Floats,
    others: Mapping[Text, Floats],
    histories: Histories,
    cohort: Cohort,
    settings: Settings,
) -> dict[Text, npt.NDArray[np.bool_]]:
    """Draw up each teacher's list of each morning; baselines get as many places as the model takes."""
    pupil = cohort.frame["pupil"].to_numpy()
    school = cohort.frame["school_id"].astype(object).fillna("").to_numpy()
    group = number_groups(cohort.frame["as_of"].to_numpy(), school, teachers_of(histories, pupil))
    might = np.bincount(group, weights=risks >= settings.bands.watch).astype(np.int64)
    places = np.minimum(might, settings.watch_list.capacity)
    return {
        label: top_of_groups(risk, group, places, pupil)
        for label, risk in ({MODEL: risks} | dict(others)).items()
    }


def _days_between(dates: Sequence[dt.date]) -> int:
    """Give the school days between two mornings: a week, or the fewest weeks that were left between them."""
    apart = min(((later - date).days for date, later in pairwise(dates)), default=7)
    return DAYS_OF_A_WEEK * max(round(apart / 7), 1)


def _draw_lead_time(axes: Any, report: EvaluationReport) -> None:
    section = report.section(LEAD_TIME.name)
    if section is None:
        return
    table = section.tables[1]
    days = [float(str(row[0])) for row in table.rows]
    for column, label in reversed(list(enumerate(table.columns[2:], start=2))):
        name = label.en if isinstance(label, Text) else str(label)
        drawn = next((result for result in report.results if result.label == label), report.result())
        share = [number_or_nan(row[column]) for row in table.rows]  # type: ignore[arg-type]
        axes.plot(days, share, marker="o", markersize=3, label=name, **line_style(drawn))
    axes.set(xlim=(0, max(days, default=1)), ylim=(0, 1.05), xlabel="School days before dropping out")
    axes.set_ylabel("Share that had been on the list")
    axes.set_title("Lead time: pupils who dropped out", fontsize=10)
    axes.legend(fontsize=8, frameon=False)


LEAD_TIME = SectionKind(
    name="lead_time",
    title=Text(zh="提前量：名单比辍学早多少", en="Lead time: how long before leaving the list names a pupil"),
    of_model=lambda trained: lead_time(
        trained.classifier, trained.parts, trained.histories, trained.catalogue, trained.settings
    ),
    panels=(_draw_lead_time,),
)
