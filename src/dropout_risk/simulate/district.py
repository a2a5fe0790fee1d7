"""A simulated county's schools, from hidden causes to the records that a library like this reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.errors import SettingsError
from dropout_risk.records.days.calendar import date_of
from dropout_risk.records.files.readers import mark_outcomes_to, mark_synthetic
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.simulate.attendance import attendance_table, draw_attendance
from dropout_risk.simulate.columns import dates_column, words_column
from dropout_risk.simulate.dirt import spoil_tables
from dropout_risk.simulate.family import family_table
from dropout_risk.simulate.grades import draw_grades
from dropout_risk.simulate.hazards import outcomes_table, truth_frame
from dropout_risk.simulate.hidden import draw_hidden
from dropout_risk.simulate.pupils import District, students_table
from dropout_risk.simulate.school_year import school_years
from dropout_risk.simulate.shocks import draw_shocks
from dropout_risk.simulate.wellbeing import draw_wellbeing

LATE_SHARE = 0.03


@dataclass(frozen=True)
class SimulatedTables:
    """Tables as a county would hand them over, and the truth that no county knows.

    They are the public tables of the data contract as drawn on ``last_day``, each marked as synthetic, and
    the truth is that of :func:`simulate_district`.
    """

    tables: dict[str, pa.Table]
    truth: pd.DataFrame
    last_day: dt.date


def simulate_district(
    n_students: int = 3000,
    seed: int = 0,
    *,
    n_days: int = 360,
    start: str | dt.date = "2024-09-02",
    dirty: bool = False,
    late_share: float = LATE_SHARE,
    shocks: bool = False,
) -> SchoolRecords:
    """Simulate the records of a county's junior-secondary schools. Nobody in them is real.

    Dropping out comes from hidden weekly hazards, a sum of one contribution per cause: learning, poverty,
    distance, well-being, family and disengagement. Each cause moves in time and leaves noisy traces in the
    records. No feature takes part in it. Rates follow published ones of rural China: about 5 % of grade 7
    and 8 % of grade 8 leave within a year; the rate of grade 9, about 5 %, is assumed.

    Parameters
    ----------
    n_students : int, default=3000
        Pupils over the whole time: three grades at first, and a new grade 7 every school year.
    seed : int, default=0
        The same seed gives the same records, bit by bit.
    n_days : int, default=360
        School days, about 185 to a school year. Grade 9 graduates at the end of each year.
    start : date, default="2024-09-02"
        Simulation begins on the first school day from here on.
    dirty : bool, default=False
        Spoil about 0.5 % of the rows, as real tables are: see :mod:`dropout_risk.simulate.dirt`.
    late_share : float, default=0.03
        Share of the registers of a class and day that are entered 1 to 10 days late.
    shocks : bool, default=False
        Let epidemics, harvests, blocked roads and careless registers hit whole classes and schools: see
        :mod:`dropout_risk.simulate.shocks`. They change attendance and nobody's hazard;
        ``truth.attrs["shocks"]`` lists them.

    Returns
    -------
    SchoolRecords
        With ``synthetic`` True and ``truth``, one row per pupil: ``student_id``, ``cause`` and
        ``dropout_date`` (missing for those who did not drop out), ``abrupt`` (no growing absence before),
        ``mean_<cause>`` (the hidden state, about mean 0 and variance 1, more is worse) and
        ``hazard_<cause>`` (mean weekly contribution to the hazard); of a single day:
        :func:`dropout_risk.simulate.hidden.truth_as_of`.

    Raises
    ------
    SettingsError
        If a number is out of range.
    DateError
        If ``start`` is no date.

    Examples
    --------
    >>> records = simulate_district(n_students=200, seed=7, n_days=60)
    >>> records.synthetic, records.table("students").num_rows, records.check().ok
    (True, 200, True)
    """
    simulated = simulate_tables(
        n_students, seed, n_days=n_days, start=start, late_share=late_share, shocks=shocks
    )
    tables, truth = simulated.tables, simulated.truth
    if dirty:
        tables, planted = spoil_tables(tables, simulated.last_day, np.random.default_rng([seed, 1]))
        truth.attrs["planted"] = planted
    last_day = simulated.last_day
    return SchoolRecords.from_tables(
        **tables, today=last_day, truth=truth, synthetic=True, outcomes_to=last_day
    )


def simulate_tables(
    n_students: int = 3000,
    seed: int = 0,
    *,
    n_days: int = 360,
    start: str | dt.date = "2024-09-02",
    late_share: float = LATE_SHARE,
    shocks: bool = False,
) -> SimulatedTables:
    """Simulate the tables of :func:`simulate_district`, before they become records.

    >>> sorted(simulate_tables(100, n_days=30).tables)
    ['attendance', 'calendar', 'family', 'grades', 'outcomes', 'students', 'wellbeing']
    """
    if n_students < 1:
        raise SettingsError(f"n_students is {n_students}; a district has at least one pupil.")
    if not 0 <= late_share <= 1:
        raise SettingsError(f"late_share is {late_share}; it is a share between 0 and 1.")
    years = school_years(start, n_days)
    rng = iter(np.random.default_rng(seed).spawn(11))
    hidden = draw_hidden(n_students, years, rng)
    district, family, causes, exits = hidden.district, hidden.family, hidden.causes, hidden.exits
    left_on = exits.left_on(years)
    status = draw_attendance(district, causes, exits, next(rng))
    truth = truth_frame(district, exits, causes)
    if shocks:
        truth.attrs["shocks"] = draw_shocks(status, district, np.random.default_rng([seed, 2]))
    tables = {
        "students": students_table(district, left_on, exits.last_day),
        "attendance": attendance_table(status, district, late_share, next(rng)),
        "grades": draw_grades(status, district, causes, next(rng)),
        "wellbeing": draw_wellbeing(status, district, causes, next(rng)),
        "family": family_table(family, district, left_on, next(rng)),
        "outcomes": outcomes_table(district, exits, next(rng)),
        "calendar": _calendar_table(district),
    }
    last_day = date_of(years.days[-1])
    tables = {name: mark_synthetic(table) for name, table in tables.items()}
    tables["outcomes"] = mark_outcomes_to(tables["outcomes"], last_day)
    return SimulatedTables(tables, truth, last_day)


def _calendar_table(district: District) -> pa.Table:
    """Tell for every school and every date from the first to the last whether there is school."""
    years, schools = district.years, district.schools
    dates = np.arange(years.days[0], years.days[-1] + 1)
    held = np.tile(np.isin(dates, years.days), (len(schools), 1))
    snowed = np.flatnonzero(schools.snow_day >= 0)
    held[snowed, years.days[schools.snow_day[snowed]] - dates[0]] = False
    return pa.table(
        {
            "school_id": words_column(np.repeat(np.arange(len(schools)), len(dates)), schools.ids),
            "date": dates_column(np.tile(dates, len(schools))),
            "is_school_day": pa.array(held.ravel()),
        }
    )
