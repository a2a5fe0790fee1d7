"""Leak checks that need school records: the future taken away or exchanged, and pupils chosen by outcome."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from dropout_risk.arrays import Bools, Floats, Longs, Positions
from dropout_risk.catalogue.feature import FeatureCatalogue
from dropout_risk.catalogue.instrument import InstrumentRegistry
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.histories.future import with_shuffled_future, without_future
from dropout_risk.histories.histories import Histories
from dropout_risk.modelling.leaks.column_checks import Leak, MadeCheck
from dropout_risk.text import Text

PUPILS, DAYS = 1000, 12
KEPT_GAP, KEPT_SIGMAS = 0.05, 4.0
WAYS: dict[str, Callable[..., Histories]] = {"removed": without_future, "shuffled": with_shuffled_future}


def future_check(
    histories: Histories,
    cohort: Cohort,
    features: pd.DataFrame,
    catalogue: FeatureCatalogue,
    *,
    instruments: InstrumentRegistry | None = None,
) -> MadeCheck:
    """Compute features again without the future, and with another pupil's: they must be equal to the bit.

    ``features`` has one row per row of the cohort. Looked at are whole schools until there are a thousand
    pupils, on at most twelve of the dates.
    """
    pupils = _whole_schools(histories.calendar_row, PUPILS)
    part = histories.take(pupils)
    index = np.full(len(histories), -1, dtype=np.int64)
    index[pupils] = np.arange(len(pupils))
    dates = pd.DatetimeIndex(sorted(cohort.frame["as_of"].unique()))
    chosen = dates[np.unique(np.linspace(0, len(dates) - 1, min(DAYS, len(dates))).round().astype(int))]
    changed = {name: np.zeros(len(catalogue), dtype=np.int64) for name in WAYS}
    compared = 0
    for day in chosen:
        rows = np.flatnonzero((cohort.frame["as_of"] == day).to_numpy())
        rows = rows[index[cohort.frame["pupil"].to_numpy()[rows]] >= 0]
        if not len(rows):
            continue
        frame = cohort.frame.iloc[rows].assign(pupil=index[cohort.frame["pupil"].to_numpy()[rows]])
        given = features[catalogue.names].to_numpy()[rows]
        compared += len(rows)
        for name, change in WAYS.items():
            again = build_features(change(part, day), Cohort(frame), catalogue, instruments=instruments)
            changed[name] += _count_differences(given, again.to_numpy())
    return MadeCheck(
        "future_read",
        Text(zh="拿走或调换未来的记录", en="The future taken away or exchanged"),
        Text(
            zh="记录本身在事后改写而没有登记日期的情况，以及不从这些记录读取的特征函数",
            en="records rewritten later without a date of entry (recorded_on), and functions that read "
            "something else than these records",
        ),
        tuple(_future_leaks(catalogue.names, changed, compared)),
    )


def _future_leaks(names: Sequence[str], changed: dict[str, Longs], compared: int) -> list[Leak]:
    found = []
    for index, name in enumerate(names):
        ways = {way: int(number[index]) for way, number in changed.items() if number[index]}
        if not ways:
            continue
        rows = max(ways.values())
        words = Text(
            zh=f"去掉或调换评分日及以后才知道的记录后，{compared}行中有{rows}行的值变了：它读到了未来",
            en=f"changes in {rows} of {compared} rows when what became known on the day or later is "
            f"{' or '.join(ways)}: it reads the future",
        )
        found.append(Leak("future_read", name, words))
    return found


def chosen_check(histories: Histories, cohort: Cohort, horizon_days: int, events: Sequence[str]) -> MadeCheck:
    """Ask whether pupils were left out of the cohort by what became of them.

    Everybody who was at school on the dates and whose outcome is known (``horizon_days`` school days ahead)
    is looked up in the cohort. Where dropouts and others are kept at different rates, somebody chose by the
    outcome: such as leaving out who is still enrolled, which makes the two classes easier to tell apart than
    they are.
    """
    dates = [pd.Timestamp(day).date() for day in sorted(cohort.frame["as_of"].unique())]
    everybody = Cohort.on(histories, dates).with_labels(histories, horizon_days, tuple(events))
    labels = everybody.frame.assign(label=np.asarray(everybody.labels))
    keys = ["pupil", "as_of"]
    kept = labels.merge(cohort.frame[keys].assign(kept=True), on=keys, how="left")["kept"].notna().to_numpy()
    return MadeCheck(
        "chosen_by_outcome",
        Text(zh="按结局挑选的学生", en="Pupils chosen by their outcome"),
        Text(
            zh="进入这些记录之前就被剔除的学生，例如已离校而被删档的人",
            en="pupils taken out before the records were handed over, such as leavers whose files are gone",
        ),
        tuple(_chosen_leaks(labels["label"].to_numpy(), kept)),
    )


def _chosen_leaks(label: Longs, kept: Bools) -> list[Leak]:
    number = np.array([(label == one).sum() for one in (0, 1)])
    if not number.all() or kept.all():
        return []
    shares = np.array([kept[label == one].mean() for one in (0, 1)])
    overall = kept.mean()
    error = np.sqrt(overall * (1 - overall) * (1 / number).sum())
    if abs(shares[1] - shares[0]) <= max(KEPT_GAP, KEPT_SIGMAS * error):
        return []
    words = Text(
        zh=f"当天在校且结局已知的人中，辍学者保留了{shares[1]:.0%}，其他人保留了{shares[0]:.0%}：样本按结局挑选过",
        en=f"of those at school on the days, {shares[1]:.0%} of the dropouts and {shares[0]:.0%} of the "
        "others are in the table: somebody chose by the outcome",
    )
    return [Leak("chosen_by_outcome", "", words)]


def _whole_schools(school: npt.NDArray[np.int32], enough: int) -> Positions:
    """Give the pupils of some schools, the same ones every time, until there are enough."""
    order = np.random.default_rng(0).permutation(int(school.max(initial=0)) + 1)
    size = np.bincount(school, minlength=len(order))[order]
    number = int(np.searchsorted(np.cumsum(size), enough)) + 1
    return np.flatnonzero(np.isin(school, order[:number]))


def _count_differences(one: Floats, other: Floats) -> Longs:
    """Count, for each column, the rows that are not equal to the bit; missing equals missing."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    return np.asarray((~same).sum(axis=0), dtype=np.int64)
