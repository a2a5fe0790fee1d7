"""A simulated county's schools, from hidden causes to the records that a library like this reads."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dropout_risk.errors import SettingsError
from dropout_risk.simulate.attendance import attendance_table, draw_attendance
from dropout_risk.simulate.causes import draw_causes, draw_poverty
from dropout_risk.simulate.columns import dates_column, words_column
from dropout_risk.simulate.family import draw_family, family_table
from dropout_risk.simulate.grades import draw_grades
from dropout_risk.simulate.hazards import draw_exits, outcomes_table, truth_frame
from dropout_risk.simulate.pupils import Schools, draw_pupils, draw_schools, students_table
from dropout_risk.simulate.school_year import SchoolYears, school_years
from dropout_risk.simulate.wellbeing import draw_wellbeing

LATE_SHARE = 0.03


@dataclass(frozen=True)
class SimulatedDistrict:
    """Tables as a county would hand them over, and the truth that no county knows.

    Parameters
    ----------
    tables : dict of str to pyarrow.Table
        The public tables of the data contract.
    truth : pandas.DataFrame
        One row per pupil: ``student_id``, ``cause`` and ``dropout_date`` (missing for those who did not
        drop out), whether it came ``abrupt``\\ ly, the mean of each hidden state, and the mean weekly
        hazard by cause.
    """

    tables: dict[str, pa.Table]
    truth: pd.DataFrame


def simulate_tables(
    n_students: int = 3000,
    seed: int = 0,
    *,
    n_days: int = 360,
    start: str | dt.date = "2024-09-02",
    late_share: float = LATE_SHARE,
) -> SimulatedDistrict:
    """Simulate the tables of :func:`simulate_district`, before they become records.

    Examples
    --------
    >>> sorted(simulate_tables(100, n_days=30).tables)
    ['attendance', 'calendar', 'family', 'grades', 'outcomes', 'students', 'wellbeing']
    """
    if n_students < 1:
        raise SettingsError(f"n_students is {n_students}; a district has at least one pupil.")
    if not 0 <= late_share <= 1:
        raise SettingsError(f"late_share is {late_share}; it is a share between 0 and 1.")
    years = school_years(start, n_days)
    rng = iter(np.random.default_rng(seed).spawn(10))
    schools = draw_schools(n_students, years, next(rng))
    pupils = draw_pupils(n_students, schools, years, next(rng))
    poverty = draw_poverty(pupils, schools, next(rng))
    family = draw_family(pupils, poverty, years, next(rng))
    causes = draw_causes(pupils, poverty, family, years, next(rng))
    exits = draw_exits(pupils, schools, causes, years, draws := next(rng))
    left_on = exits.left_on(years)
    status = draw_attendance(pupils, causes, exits, years, days := next(rng))
    tables = {
        "students": students_table(pupils, schools, years, left_on, exits.last_day),
        "attendance": attendance_table(status, pupils, schools, years, late_share, days),
        "grades": draw_grades(status, pupils, schools, causes, years, next(rng)),
        "wellbeing": draw_wellbeing(status, pupils, schools, causes, years, next(rng)),
        "family": family_table(family, pupils, left_on, years, next(rng)),
        "outcomes": outcomes_table(pupils, exits, years, draws),
        "calendar": _calendar_table(schools, years),
    }
    return SimulatedDistrict(tables, truth_frame(pupils, exits, causes, years))


def _calendar_table(schools: Schools, years: SchoolYears) -> pa.Table:
    """Tell for every school and every date from the first to the last whether there is school."""
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
