"""Learning: how soon somebody came, who was seen before leaving, who came back, and what it took."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd

from dropout_risk.arrays import Bools, Floats
from dropout_risk.casebook.book import Book
from dropout_risk.casebook.lessons.told_cases import ToldCases
from dropout_risk.casebook.machine import LEVELS
from dropout_risk.casebook.school_days import SchoolDaysAhead
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.errors import EvaluationError
from dropout_risk.evaluation.small_groups import FEWEST, WITHHELD, withheld_groups
from dropout_risk.text import Language, Text

NO_EFFECT = Text(
    zh="有人联系过的和没有联系过的本来就不同：这里的差别不是帮扶的效果。",
    en="Those who were contacted differed from the others before anybody came: "
    "this difference is no effect of the help.",
)
ALL = "all"
LOST = "lost"
_UNKNOWN = Text(zh="（尚不能得出）", en="(not known yet)")
_CONTACT = Text(
    zh="从首个预警到首次联系上：中位数{median}个教学日，九成在{p90}个教学日内；{cases}名学生，未联系上{waiting}件",
    en="From the first sign to the first contact: median {median} school days, nine in ten within {p90}; "
    "{cases} pupils, {waiting} cases without one yet",
)
_LEAVERS = Text(
    zh="辍学学生{leavers}人（{source}）：及时立案{listed}，离校前已联系上{seen}",
    en="{leavers} pupils left ({source}): {listed} had a case in time, {seen} were reached before they left",
)
_RETURNS = Text(
    zh="缺课个案{days}个教学日内返校：联系上的{acted}，没有联系上的{others}。",
    en="Back at school within {days} school days: {acted} of those reached, {others} of the others. ",
)
_REOPENED = Text(
    zh="销号后{days}天内再次立案：{share}", en="Opened again within {days} days of being closed: {share}"
)
_MINUTES = Text(
    zh="联系{contacts}次，按各方式的时长合计{minutes}分钟",
    en="{contacts} contacts: {minutes} minutes of work",
)
_SOURCES = {
    "outcomes": Text(zh="学籍结局", en="by the outcomes"),
    LOST: Text(zh="按劝返无效销号", en="by cases closed as not brought back"),
}


@dataclass(frozen=True, eq=False)
class CasebookReport:
    """What a case book says about the work until a day; figures of small groups are missing (``withheld``).

    Parameters
    ----------
    until : date
    contact : pandas.DataFrame
        By all, school, and level of the opening: ``median`` and ``p90`` of the school days from the first
        sign to the first contact. Who waits still, or was closed without one, waited that long at least; NaN
        where so many were not reached. ``waiting`` counts cases without a contact.
    leavers : pandas.DataFrame
        By ``group`` (``outcomes``, or ``lost`` for cases so closed of whom no outcome was given): the shares
        ``listed`` (with a case before they left) and ``seen`` (reached before).
    returns : pandas.DataFrame
        The share ``returned`` of pupils who were absent, by whether somebody was ``reached`` before. It is no
        effect: :data:`NO_EFFECT` stands beside it wherever it is told.
    reopened : pandas.DataFrame
        By school: the share of closed cases whose pupil had another one within ``again_days``.
    minutes : pandas.DataFrame
        By school and by way: ``contacts`` and ``minutes``.
    return_days, again_days : int
    wrong : int
        Cases of the wrong pupil, which are left out.
    """

    until: dt.date
    contact: pd.DataFrame
    leavers: pd.DataFrame
    returns: pd.DataFrame
    reopened: pd.DataFrame
    minutes: pd.DataFrame
    return_days: int
    again_days: int
    wrong: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Write it as JSON; a figure that is withheld, or not there, is null."""
        names = ("contact", "leavers", "returns", "reopened", "minutes")
        tables = {name: json.loads(getattr(self, name).to_json(orient="records")) for name in names}
        return {"until": self.until.isoformat(), "wrong": self.wrong, "no_effect": NO_EFFECT.en} | tables

    def text(self, language: Language) -> str:
        """Word the figures of all schools together."""

        def told(row: pd.Series, form: str = "{:.0%}", **names: str) -> dict[str, str]:
            missing = (WITHHELD if row["withheld"] else _UNKNOWN).to(language)
            return {
                name: missing if pd.isna(row[column]) else form.format(row[column])
                for name, column in names.items()
            }

        contact = told(
            self.contact.iloc[0], "{:g}", cases="pupils", median="median", p90="p90", waiting="waiting"
        )
        lines = [_CONTACT.fill(language, **contact)]
        for _, row in self.leavers[self.leavers["withheld"] | (self.leavers["pupils"] != 0)].iterrows():
            shares = told(row, listed="listed", seen="seen") | told(row, "{:g}", leavers="pupils")
            lines.append(_LEAVERS.fill(language, source=_SOURCES[row["group"]].to(language), **shares))
        acted, others = (told(row, share="returned")["share"] for _, row in self.returns.iterrows())
        returns = _RETURNS.fill(language, days=self.return_days, acted=acted, others=others)
        lines.append(returns + NO_EFFECT.to(language))
        share = told(self.reopened.iloc[0], share="reopened")
        lines.append(_REOPENED.fill(language, days=self.again_days, **share))
        work = told(self.minutes.iloc[0], "{:g}", contacts="contacts", minutes="minutes")
        return "\n".join([*lines, _MINUTES.fill(language, **work)])


def casebook_report(
    book: Book,
    *,
    leavers: pd.DataFrame | None = None,
    days: SchoolDaysAhead | None = None,
    until: dt.date | None = None,
    within_days: int = 90,
    return_days: int = 20,
    again_days: int = 60,
    fewest: int = FEWEST,
) -> CasebookReport:
    """Report on the work that a case book tells of; of counsellors' cases nothing is counted.

    Parameters
    ----------
    book : Book
        Its settings say how many minutes each way of contact takes.
    leavers : pandas.DataFrame, optional
        Who left and when: ``student_id`` and ``date``, such as the dropouts among the outcomes.
    days : SchoolDaysAhead, optional
        By default the ordinary week.
    until : date, optional
        By default the last morning.
    within_days : int, default=90
        A case closed so many school days before somebody left counts as none.
    return_days : int, default=20
        Within how many school days of the opening a return counts.
    again_days : int, default=60
        Within how many days of being closed a new case counts.
    fewest : int, default=10
        Groups of fewer pupils have no figures of their own.

    Examples
    --------
    >>> day = dt.date(2025, 3, 3)
    >>> book = Book.open("sqlite://")
    >>> case = book.write("open", day, "t-1", "worry-1", today=day, data={
    ...     "pupil": "p-1", "school": "s-1", "line": "school", "rule": "worry", "level": 0, "owner": "t-1",
    ...     "due": "2025-03-03"})
    >>> report = casebook_report(book, until=day)
    >>> report.contact["withheld"].tolist()  # one pupil is no group
    [True, True, True]
    """
    told, days = ToldCases.of_book(book), days or SchoolDaysAhead(week=book.settings.week)
    until = until or book.today() or max(told.cases["opened"], default=dt.date.min)
    work = _Work(told, days, until, fewest)
    return CasebookReport(
        until,
        work.contact(),
        work.leavers(_checked_leavers(leavers), within_days),
        work.returns(return_days),
        work.reopened(again_days),
        work.minutes(book.settings.minutes.model_dump()),
        return_days,
        again_days,
        told.wrong,
    )


def _checked_leavers(leavers: pd.DataFrame | None) -> pd.DataFrame:
    if leavers is None:
        return pd.DataFrame({"student_id": [], "date": []})
    missing = [name for name in ("student_id", "date") if name not in leavers]
    if missing:
        raise EvaluationError(f"The leavers have no column {missing[0]!r}.", hint="student_id and date")
    return leavers[["student_id", "date"]].assign(
        student_id=leavers["student_id"].astype(str), date=pd.to_datetime(leavers["date"]).dt.date
    )


def waiting_quantile(waited: Floats, reached: Bools, share: float) -> float:
    """Give after how many days a share has been reached, by Kaplan and Meier; NaN if so many have not.

    >>> waiting_quantile(np.array([0.0, 1.0, 2.0, 2.0]), np.array([True, True, True, False]), 0.5)
    1.0
    >>> waiting_quantile(np.array([0.0, 1.0, 2.0, 2.0]), np.array([True, True, True, False]), 0.9)
    nan
    """
    if not reached.any():
        return np.nan
    from scipy.stats import CensoredData, ecdf

    left = ecdf(CensoredData(waited[reached], right=waited[~reached])).sf
    enough = np.flatnonzero(left.probabilities <= 1 - share + 1e-12)
    return float(left.quantiles[enough[0]]) if len(enough) else np.nan


@dataclass(frozen=True, eq=False)
class _Work:
    told: ToldCases
    days: SchoolDaysAhead
    until: dt.date
    fewest: int

    @cached_property
    def cases(self) -> pd.DataFrame:
        """The cases opened by then; what came of them later has not happened."""
        cases = self.told.cases[self.told.cases["opened"] <= self.until].copy()
        for name in ("contacted", "returned", "closed"):
            known = [day if day is not None and day <= self.until else None for day in cases[name]]
            cases[name] = pd.Series(known, index=cases.index, dtype=object)
        return cases

    def _table(self, rows: pd.DataFrame, by: str, measure: Measure, groups: list[str]) -> list[Row]:
        """Measure each group, and withhold the small ones, and those that would give them back."""
        parts = [rows if by == ALL else rows[rows[by] == group] for group in groups]
        hidden = withheld_groups([part["pupil"].nunique() for part in parts], self.fewest)
        return [
            {"by": by, "group": group, "pupils": part["pupil"].nunique(), **measure(part)}
            | ({"pupils": pd.NA, **dict.fromkeys(measure(part), pd.NA)} if withheld else {})
            | {"withheld": bool(withheld)}
            for group, part, withheld in zip(groups, parts, hidden, strict=True)
        ]

    def _tables(self, rows: pd.DataFrame, measure: Measure, *by: str) -> pd.DataFrame:
        levels = [level for level in LEVELS if level in set(rows.get("level", ()))]
        tables = self._table(rows, ALL, measure, [ALL])
        for name in by:
            tables += self._table(rows, name, measure, levels if name == "level" else sorted(set(rows[name])))
        return pd.DataFrame(tables)

    def contact(self) -> pd.DataFrame:
        cases = self.cases
        ends = [
            (row.contacted or row.closed or self.until, row.contacted is not None)
            for row in cases.itertuples()
        ]
        told = zip(cases["school"], cases["signalled"], ends, strict=True)
        waited = [self.days.between(school, since, max(since, end)) for school, since, (end, _) in told]
        cases = cases.assign(waited=waited, reached=[reached for _, reached in ends])
        return self._tables(cases, _contact_figures, "school", "level")

    def leavers(self, leavers: pd.DataFrame, within: int) -> pd.DataFrame:
        cases = self.cases
        lost = cases[(cases["outcome"] == LOST) & cases["closed"].notna()]
        lost = lost[~lost["pupil"].isin(leavers["student_id"])]
        gone = {
            "outcomes": [*zip(leavers["student_id"], leavers["date"], strict=True)],
            LOST: [*zip(lost["pupil"], lost["closed"], strict=True)],
        }
        of_pupil = dict([*cases.groupby("pupil")])
        rows = [
            (source, pupil, *self._seen_before(of_pupil.get(pupil), day, within))
            for source, pairs in gone.items()
            for pupil, day in pairs
            if day <= self.until
        ]
        frame = pd.DataFrame(rows, columns=["source", "pupil", "listed", "seen"])
        return pd.DataFrame(
            self._table(frame, "source", partial(_shares_of, listed="listed", seen="seen"), [*gone])
        )

    def _seen_before(self, cases: pd.DataFrame | None, left: dt.date, within: int) -> tuple[bool, bool]:
        if cases is None:
            return False, False
        known = [
            row
            for row in cases.itertuples()
            if row.opened < left
            and (row.closed is None or self.days.between(row.school, row.closed, left) <= within)
        ]
        return bool(known), any(row.contacted is not None and row.contacted < left for row in known)

    def returns(self, return_days: int) -> pd.DataFrame:
        """Compare, among pupils who were absent, those who were reached in time with the others."""
        rows = []
        for row in self.cases[self.cases["absent"]].itertuples():
            last = self.days.later(row.school, row.opened, return_days)
            if last <= self.until:
                back = row.returned is not None and row.returned <= last
                acted = row.contacted is not None and row.contacted <= (row.returned if back else last)
                rows.append((row.pupil, "reached" if acted else "others", back))
        frame = pd.DataFrame(rows, columns=["pupil", "group", "back"])
        measure: Measure = partial(_shares_of, returned="back")
        return pd.DataFrame(self._table(frame, "group", measure, ["reached", "others"]))

    def reopened(self, again_days: int) -> pd.DataFrame:
        again = dt.timedelta(days=again_days)
        opened = self.cases.groupby("pupil")["opened"].agg(list).to_dict()
        rows = [
            (row.pupil, row.school, any(row.opened < day and row.closed <= day <= row.closed + again
                                        for day in opened[row.pupil]))
            for row in self.cases.itertuples()
            if row.closed is not None and row.closed + again <= self.until
        ]  # fmt: skip
        frame = pd.DataFrame(rows, columns=["pupil", "school", "again"])
        return self._tables(frame, partial(_shares_of, reopened="again"), "school")

    def minutes(self, minutes: dict[str, int]) -> pd.DataFrame:
        contacts = self.told.contacts[self.told.contacts["day"] <= self.until]
        rows = contacts.merge(self.told.cases[["case", "pupil", "school"]], on="case")
        rows = rows.assign(minutes=[minutes[way] for way in rows["way"]])
        tables = self._tables(rows, _work_figures, "school")
        ways = self._table(rows, "way", _work_figures, list(QUESTIONS["way"].keys))
        return pd.concat([tables, pd.DataFrame(ways)], ignore_index=True)


Row = dict[str, Any]
Measure = Callable[[pd.DataFrame], Row]


def _contact_figures(part: pd.DataFrame) -> Row:
    waited = part["waited"].to_numpy(dtype=np.float64)
    reached = part["reached"].to_numpy(dtype=np.bool_)
    return {
        "median": waiting_quantile(waited, reached, 0.5),
        "p90": waiting_quantile(waited, reached, 0.9),
        "waiting": int((~reached).sum()),
    }


def _shares_of(part: pd.DataFrame, **columns: str) -> Row:
    return {name: float(part[column].mean()) if len(part) else np.nan for name, column in columns.items()}


def _work_figures(part: pd.DataFrame) -> Row:
    return {"contacts": len(part), "minutes": int(part["minutes"].sum())}
