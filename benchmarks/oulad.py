"""OULAD through SchoolRecords: who withdraws in the rest of a presentation, trained on 2013, tested on 2014B.

``python benchmarks/oulad.py [--marked-after DAYS] [--leave-one-out] [--days 28 56 84] [--json FILE]``

Enrolments become pupils, modules schools, assessments exams, submission days attendance totals, the IMD
band a family factor, Withdrawn the outcome ``dropout``. The forecast is made on days 28, 56 and 84 for
who is registered then. A mark counts as known on the day the work was due or, if later, handed in: the day
it was marked is not published, and ``--marked-after 14`` shows what that is worth. The data lie where
``DROPOUT_RISK_DATA`` says, or in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from beside import NOT_HERE, as_rows, compare, holds, results_folder, table, write
from dropout_risk import Cohort, Feature, FeatureCatalogue, Histories, build_features, default_catalogue
from dropout_risk.catalogue.measures import GapToClass, Kind, Share
from dropout_risk.evaluation.baselines import BaselineRows
from dropout_risk.text import Text
from oulad_records import CREDITS, REGISTERED, STARTS, Oulad, read_oulad
from real_data import data_folder

DAYS = (28, 56, 84)
TRAIN, TEST = ("2013B", "2013J"), ("2014B",)
VARIANTS = ("catalogue", "catalogue and module")
BANDS = ("0-10", "10-20", "20-30", "30-40", "40-50", "50-60", "60-70", "70-80", "80-90", "90-100")


def work(name: str, of: Kind, window: int | None, *, en: str, zh: str, monotone: int = 1) -> Feature:
    """Declare a share of the work that was due, from attendance totals."""
    return Feature(
        name=name, domain="attendance", source="attendance", measure=Share(of, totals=True), window=window,
        unit=Text(zh="占应交作业的比例", en="share of the work due"), valid_range=(0, 1), monotone=monotone,
        cause="disengagement", family=f"work_{of}", actionable=True, label=Text(zh=zh, en=en),
        sentence=Text(zh=f"{{value:.0%}}{zh}", en=f"{en}: {{value:.0%}}"),
        missing_sentence=Text(zh="没有应交的作业", en="No work was due"),
    )  # fmt: skip


def missed_gap() -> Feature:
    """Declare the share of work not handed in, less the class's: modules differ in what they ask."""
    words = Text(zh="未交作业与班级之差", en="Work not handed in, against the class")
    return Feature(
        name="missed_work_gap", domain="attendance", source="attendance", measure=GapToClass("missed_work"),
        monotone=1, cause="disengagement", family="work_absent", label=words, sentence=words,
        unit=Text(zh="比例之差", en="difference of shares"),
        missing_sentence=Text(zh="无法比较", en="Cannot be compared"),
    )  # fmt: skip


def own_features() -> list[Feature]:
    """Declare, as data, what the shipped catalogue has no fitting feature for."""
    features = [
        work("missed_work", "absent", None, en="Work due and not handed in", zh="作业未交"),
        work("missed_work_35d", "absent", 35, en="Recent work not handed in", zh="近期作业未交"),
        work("late_work", "late", None, en="Work handed in late", zh="作业迟交", monotone=0),
        work("late_work_35d", "late", 35, en="Recent work handed in late", zh="近期作业迟交", monotone=0),
        missed_gap(),
    ]
    for last in (1, 3, 5, 7):
        en, zh = f"Lives in the most deprived {last}0 % of areas", f"居住于最贫困的{last}0%地区"
        features.append(holds(f"deprived_{last}0", "imd_band", *BANDS[:last], en=en, zh=zh))
    lower = ("Lower Than A Level", "No Formal quals")
    higher = ("HE Qualification", "Post Graduate Qualification")
    again = tuple(str(number) for number in range(1, 7))
    return [
        *features,
        holds("imd_unknown", "imd_band", "unknown", en="Area not known", zh="地区不详"),
        holds("below_a_level", "education", *lower, en="No A level", zh="未达A Level"),
        holds("higher_education", "education", *higher, en="Has a degree", zh="有高等学历"),
        holds("repeats", "earlier_attempts", *again, en="Has tried before", zh="曾修过本课程"),
        holds("credits_over_60", "credits", *CREDITS[2:], en="More than 60 credits", zh="超过60学分"),
        holds("credits_over_90", "credits", *CREDITS[3:], en="More than 90 credits", zh="超过90学分"),
        holds("credits_over_120", "credits", *CREDITS[4:], en="More than 120 credits", zh="超过120学分"),
        holds("studies_with_disability", "disability", en="Has a disability", zh="有残疾"),
        holds("registered_late", "registered", *REGISTERED[2:], en="Registered late", zh="注册较晚"),
        holds("registered_last", "registered", *REGISTERED[3:], en="Registered at the end", zh="最后注册"),
    ]


def oulad_catalogue() -> FeatureCatalogue:
    """Give the shipped features of grades, without those of named subjects, and one's own."""
    shipped = default_catalogue()
    marks = [name for name, one in shipped.items() if one.source == "grades" and "_core_" not in name]
    return shipped.select(marks).with_features(*own_features())


def cohort_on(
    day: int,
    presentations: tuple[str, ...],
    oulad: Oulad,
    histories: Histories,
    horizon_days: int | None = None,
) -> Cohort:
    """Give who is registered on a day of some presentations.

    The label is withdrawal in the rest of it, up to the module's own end, or within ``horizon_days``.
    """
    parts = []
    for name in presentations:
        as_of = pd.Timestamp(STARTS[name]) + pd.Timedelta(days=day)
        everyone = Cohort.on(histories, as_of).frame
        for module, here in everyone[everyone["class_id"] == name].groupby("school_id"):
            rest = oulad.lengths[module, name] - day
            cohort = Cohort(here.reset_index(drop=True))
            parts.append(cohort.with_labels(histories, horizon_days or rest))
    return Cohort(
        pd.concat([part.frame for part in parts], ignore_index=True),
        pd.concat([part.labels for part in parts]),
        pd.concat([part.censored for part in parts], ignore_index=True),
    )


def run(
    day: int,
    oulad: Oulad,
    histories: Histories,
    catalogue: FeatureCatalogue,
    left_out: tuple[str, ...] = TEST,
) -> dict[str, Any]:
    """Train on all presentations but those left out, and test on these, as known on one day."""
    seen = tuple(name for name in (*TRAIN, *TEST) if name not in left_out)
    sides = [cohort_on(day, presentations, oulad, histories) for presentations in (seen, left_out)]
    train, test = (
        as_rows(build_features(histories, side, catalogue), side.frame["school_id"], side.labels)
        for side in sides
    )
    people = [oulad.people[side.frame["student_id"]].to_numpy() for side in sides]
    subsets = {
        "people not in training": ~pd.Index(people[1]).isin(people[0]),
        "modules in training": pd.Index(test.schools).isin(train.schools),
    }
    facts = {
        "day": day, "left_out": ", ".join(left_out),
        "train": len(train.y), "test": len(test.y), "withdraw in train": int(train.y.sum()),
        "withdraw in test": int(test.y.sum()), "censored": sum(len(side.censored) for side in sides),
    }  # fmt: skip
    pairs = zip(VARIANTS, [(train, test), with_module(train, test)], strict=True)
    return facts | {name: compare(*pair, catalogue, people[0], subsets) for name, pair in pairs}


def with_module(train: BaselineRows, test: BaselineRows) -> tuple[BaselineRows, BaselineRows]:
    """Put the module beside the features; one that training never saw is missing."""
    modules = pd.CategoricalDtype(np.unique(train.schools))
    features = []
    for side in (train, test):
        module = pd.Series(side.schools, side.features.index)
        module = module.where(module.isin(modules.categories)).astype(modules)
        features.append(side.features.assign(module=module))
    return replace(train, features=features[0]), replace(test, features=features[1])


def main() -> int:
    """Run the three days, print the tables, write the figures where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--marked-after", type=int, default=0, help="days from an essay to its mark")
    parser.add_argument("--leave-one-out", action="store_true", help="test on each presentation in turn")
    parser.add_argument("--days", type=int, nargs="+", default=DAYS)
    parser.add_argument(
        "--json", type=Path, default=results_folder() / "oulad.json", help="file of the figures"
    )
    given = parser.parse_args()
    tests = [(name,) for name in (*TRAIN, *TEST)] if given.leave_one_out else [TEST]
    if not (data_folder() / "oulad").is_dir():
        print(NOT_HERE)
        return 0
    started = time.perf_counter()
    oulad = read_oulad(data_folder() / "oulad", given.marked_after)
    print("\n".join(f"{number:8,d}  {words}" for words, number in oulad.counts.items()))
    print(oulad.records.check())
    histories, catalogue = Histories.from_records(oulad.records), oulad_catalogue()
    results = []
    for day, left_out in product(given.days, tests):
        results.append(run(day, oulad, histories, catalogue, left_out))
        facts = ", ".join(f"{key} {value:,}" for key, value in results[-1].items() if isinstance(value, int))
        print(f"\n{results[-1]['left_out']}: {facts}")
        for words in VARIANTS:
            print(table(words, results[-1][words]), flush=True)
    seconds = round(time.perf_counter() - started, 1)
    print(f"{seconds} s")
    content = {
        "marked_after": given.marked_after,
        "counts": oulad.counts,
        "days": results,
        "seconds": seconds,
    }
    write(given.json, content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
