"""Every measure as a plain loop over one pupil at a time, written from its declaration."""

from __future__ import annotations

from itertools import pairwise
from math import fsum, isnan, nan, sqrt

from dropout_risk.catalogue import measures as m
from dropout_risk.catalogue.factors import BURDENS, FACTORS
from dropout_risk.catalogue.instrument import band_of
from dropout_risk.catalogue.instruments import default_instruments
from support.plain import known_from, year_begins

SMALLEST_CLASS = 3
INSTRUMENTS = default_instruments()


class Oracle:
    """All features of all pupils on one date, as lists.

    ``functions`` holds, by name, plain versions of registered pupil functions: they take a KnownPupil.
    """

    def __init__(self, district, as_of, catalogue, functions=None):
        self.pupils = district.on(as_of)
        self.functions = functions or {}
        self.exams = exam_statistics(self.pupils)
        self.columns = {}
        for feature in catalogue.values():
            self.columns[feature.name] = self._column(feature)

    def row(self, pupil):
        return [column[pupil] for column in self.columns.values()]

    def _column(self, feature):
        measure, window = feature.measure, feature.window
        if isinstance(measure, m.GapToClass):
            return self._gap(self.columns[measure.feature])
        if isinstance(measure, m.ClassMean):
            means = self._class_means(self.columns[measure.feature])
            return [means.get(pupil.class_name, nan) for pupil in self.pupils]
        if isinstance(measure, m.AtLeast):
            values = self.columns[measure.feature]
            return [nan if isnan(value) else float(value >= measure.threshold) for value in values]
        if isinstance(measure, m.ClassZ):
            return [class_z(measure, pupil, window, self.exams) for pupil in self.pupils]
        if isinstance(measure, m.MissedExams):
            return [missed_exams(pupil, window, self.exams) for pupil in self.pupils]
        if isinstance(measure, m.PupilFunction):
            return [float(self.functions[measure.function](pupil)) for pupil in self.pupils]
        return [float(LOOPS[type(measure)](measure, pupil, window)) for pupil in self.pupils]

    def _class_means(self, values):
        mates = {}
        for pupil, value in zip(self.pupils, values, strict=True):
            if pupil.is_member and pupil.class_name is not None and not isnan(value):
                mates.setdefault(pupil.class_name, []).append(value)
        return {name: mean(them) for name, them in mates.items() if len(them) >= SMALLEST_CLASS}

    def _gap(self, values):
        means = self._class_means(values)
        return [
            value - means.get(pupil.class_name, nan) for pupil, value in zip(self.pupils, values, strict=True)
        ]


def mean(values):
    values = list(values)
    return fsum(values) / len(values) if values else nan


def divide(above, below):
    return above / below if below else nan


# --- attendance -----------------------------------------------------------------------------------


def share(measure, pupil, window):
    days = pupil.window_days(window)
    if days or not measure.totals:
        return share_of(measure.of, days)
    of_kind = enrolled = 0
    told = [row for row in pupil.totals if of_totals(measure.of, row) is not None]
    for row in sharing_no_day([row for row in told if pupil.in_window(row["period_end"], window)]):
        of_kind, enrolled = of_kind + of_totals(measure.of, row), enrolled + row["days_enrolled"]
    return divide(of_kind, enrolled)


def sharing_no_day(rows):
    """The longest periods that share no day; of equal ones the earlier."""
    kept = []
    for row in sorted(rows, key=lambda row: (row["period_start"] - row["period_end"], row["period_start"])):
        if all(
            row["period_end"] < other["period_start"] or row["period_start"] > other["period_end"]
            for other in kept
        ):
            kept.append(row)
    return kept


def of_totals(kind, row):
    if kind == "absent":
        return row["days_absent"]
    if kind == "present":
        return row["days_enrolled"] - row["days_absent"]
    if kind == "unexcused":
        return None if row["days_excused"] is None else row["days_absent"] - row["days_excused"]
    return row["days_late"] if kind == "late" else None


def share_of(kind, days):
    return divide(sum(kind in state for _, state in days), len(days))


def count(measure, pupil, window):
    days = pupil.window_days(window)
    return sum(measure.of in state for _, state in days) if days else nan


def current_streak(measure, pupil, window):
    days = pupil.window_days(window)
    streak = 0
    for _, state in reversed(days):
        if measure.of not in state:
            break
        streak += 1
    return streak if days else nan


def runs_of(kind, days):
    runs, running = [], 0
    for _, state in days:
        running = running + 1 if kind in state else 0
        if running == 1:
            runs.append(1)
        elif running:
            runs[-1] = running
    return runs


def longest_streak(measure, pupil, window):
    days = pupil.window_days(window)
    return max(runs_of(measure.of, days), default=0) if days else nan


def spells(measure, pupil, window):
    days = pupil.window_days(window)
    return len(runs_of(measure.of, days)) if days else nan


def days_since(measure, pupil, window):
    """Where there was no such day: since the day before the first record."""
    days = pupil.window_days(window)
    if not days:
        return nan
    of_kind = [day for day, state in days if measure.of in state]
    return pupil.end - 1 - pupil.index(of_kind[-1]) if of_kind else pupil.end - pupil.index(days[0][0])


def share_trend(measure, pupil, window):
    if window is None:
        return nan  # nothing lies before everything
    start = pupil.index(year_begins(pupil.as_of)) if window == "year" else pupil.end - window
    before = [(day, state) for day, state in pupil.days if start - measure.before <= pupil.index(day) < start]
    return share_of(measure.of, pupil.window_days(window)) - share_of(measure.of, before)


def weekday_excess(measure, pupil, window):
    named, others = [], []
    for day, state in pupil.window_days(window):
        (named if day.weekday() in measure.weekdays else others).append((day, state))
    return share_of(measure.of, named) - share_of(measure.of, others)


# --- grades ---------------------------------------------------------------------------------------


def percent(row):
    return row["score"] / row["max_score"]


def marks(pupil, window, subjects=()):
    """Percents in the window by subject, in the order of days (same day: by the exam's name)."""
    by_subject = {}
    for row in sorted(pupil.grades, key=lambda row: (row["subject"], row["date"], row["exam"])):
        if pupil.in_window(row["date"], window) and (not subjects or row["subject"] in subjects):
            by_subject.setdefault(row["subject"], []).append(row)
    return by_subject


def score_mean(measure, pupil, window):
    return mean(percent(row) for rows in marks(pupil, window, measure.subjects).values() for row in rows)


def score_last(measure, pupil, window):
    return mean(percent(rows[-1]) for rows in marks(pupil, window, measure.subjects).values())


def last_against_own_mean(measure, pupil, window):
    return mean(
        percent(rows[-1]) - mean(map(percent, rows[:-1]))
        for rows in marks(pupil, window).values()
        if len(rows) > 1
    )


def fitted(pupil, window):
    """Slope per school day with one level per subject, residual squares and degrees of freedom."""
    points, subjects = [], marks(pupil, window)
    for rows in subjects.values():
        days, percents = [pupil.index(row["date"]) for row in rows], [percent(row) for row in rows]
        points += [(day - mean(days), y - mean(percents)) for day, y in zip(days, percents, strict=True)]
    freedom = len(points) - len(subjects) - 1
    across = fsum(x * x for x, _ in points)
    if freedom <= 0 or across == 0:
        return nan, nan, freedom
    slope = fsum(x * y for x, y in points) / across
    return slope, fsum((y - slope * x) ** 2 for x, y in points), freedom


def score_slope(measure, pupil, window):
    return 20 * fitted(pupil, window)[0]


def score_spread(measure, pupil, window):
    _, squares, freedom = fitted(pupil, window)
    return nan if isnan(squares) else sqrt(squares / freedom)


def largest_drop(measure, pupil, window):
    falls = [
        percent(before) - percent(after)
        for rows in marks(pupil, window).values()
        for before, after in pairwise(rows)
    ]
    return max(0.0, *falls) if falls else nan


def failing_count(measure, pupil, window):
    latest = [percent(rows[-1]) for rows in marks(pupil, window, measure.subjects).values()]
    return sum(value < measure.pass_mark for value in latest) if latest else nan


def days_since_exam(measure, pupil, window):
    ages = [
        max(pupil.end - 1 - pupil.index(row["date"]), 0)
        for row in pupil.grades
        if pupil.in_window(row["date"], window)
    ]
    return min(ages, default=nan)


def exam_key(row):
    return (row["subject"], row["exam"], row["date"])


def exam_statistics(pupils):
    """Mean and spread of each exam in each class, over the members of the cohort."""
    takers = {}
    for pupil in pupils:
        if pupil.is_member and pupil.class_name is not None:
            for row in pupil.grades:
                takers.setdefault((pupil.class_name, *exam_key(row)), []).append(
                    (pupil.pupil["student_id"], percent(row))
                )
    statistics = {}
    for key, found in joined_exams(takers).items():
        values = [value for _, value in found]
        if len(values) >= SMALLEST_CLASS:
            centre = mean(values)
            spread = sqrt(mean((value - centre) ** 2 for value in values))
            statistics[key] = (centre, 0.0 if len(set(values)) == 1 else spread, len(values))
    return {key: found for key, found in statistics.items() if not is_resit(key, statistics)}


def joined_exams(takers):
    """Add marks of an exam on another day, within 30 days, to the first day, while nobody has two."""
    joined, start, last = {}, None, None
    for key in sorted(takers):
        near = last is not None and key[:3] == last[:3] and (key[3] - last[3]).days <= 30
        near = near and (key[3] - start[3]).days <= 30
        if near and not {who for who, _ in takers[key]} & {who for who, _ in joined[start]}:
            joined[start] += takers[key]
        else:
            start, joined[key] = key, list(takers[key])
        last = key
    return joined


def is_resit(key, statistics):
    """Say whether at most half as many sat it as the exam before it, within 30 days, that is none itself."""
    earlier = [other for other in statistics if other[:3] == key[:3] and other[3] < key[3]]
    last = max(earlier, key=lambda other: other[3], default=None)
    if last is None or (key[3] - last[3]).days > 30:
        return False
    while is_resit(last, statistics):
        last = max((other for other in earlier if other[3] < last[3]), key=lambda other: other[3])
    return (key[3] - last[3]).days <= 30 and 2 * statistics[key][2] <= statistics[last][2]


def exam_of(pupil, row, exams):
    """The exam that a mark belongs to: of that day, else the last within 30 days, else within the next 7."""
    of_name = [key for key in exams if key[:3] == (pupil.class_name, row["subject"], row["exam"])]
    before = [key for key in of_name if 0 <= (row["date"] - key[3]).days <= 30]
    after = [key for key in of_name if 0 < (key[3] - row["date"]).days <= 7]
    if before:
        return max(before, key=lambda key: key[3])
    return min(after, key=lambda key: key[3], default=None)


def class_z(measure, pupil, window, exams):
    def z(row):
        centre, spread, _ = exams.get(exam_of(pupil, row, exams), (nan, nan, 0))
        return divide(percent(row) - centre, spread)

    subjects = [[z(row) for row in rows] for rows in marks(pupil, window).values()]
    if measure.of == "last":
        return mean(zs[-1] for zs in subjects if not isnan(zs[-1]))
    if measure.of == "change":
        changes = [zs[-1] - zs[-2] for zs in subjects if len(zs) > 1]
        return mean(change for change in changes if not isnan(change))
    known = [value for zs in subjects for value in zs if not isnan(value)]
    return fsum(known) / (len(known) + measure.shrink) if known else nan


def missed_exams(pupil, window, exams):
    """Exams of the class since the pupil enrolled; a class without any known exam says nothing."""
    of_class = {key: sizes[2] for key, sizes in exams.items() if key[0] == pupil.class_name}
    if not of_class:
        return nan
    own = {exam_of(pupil, row, exams) for row in pupil.grades}
    enrolled = pupil.pupil["enrolled_on"]
    return float(
        sum(
            is_due(pupil, exam, of_class, own)
            for exam in of_class
            if exam not in own
            and pupil.in_window(exam[3], window)
            and (enrolled is None or exam[3] >= enrolled)
        )
    )


def is_due(pupil, exam, of_class, own):
    """Whether the pupil takes the subject: has a mark in it, or none of a day of several, or none at all."""
    if any(row["subject"] == exam[1] for row in pupil.grades):
        return True
    most = max(size for other, size in of_class.items() if other[1] == exam[1])
    if 2 * most < max(of_class.values()):
        return False
    that_day = [other for other in of_class if other[3] == exam[3]]
    away = len({other[1] for other in that_day}) > 1 and not own & set(that_day)
    return not pupil.grades or away


# --- psychology -----------------------------------------------------------------------------------


def instrument_of(row):
    return INSTRUMENTS.get(row["instrument"])


def is_valid(row, pupil):
    """Not marked invalid, answered, possible, and not spoilt by the lie scale of the same sitting."""
    if row["valid"] is False or row["score"] is None:
        return False
    instrument = instrument_of(row)
    if instrument is None:
        return True
    if row["scale"] in instrument.scales:
        low, high = instrument.range_of(row["scale"], row["norm"])
        if not low <= row["score"] <= high:
            return False
    return not any(
        instrument.validity is not None
        and instrument_of(other) == instrument
        and other["date"] == row["date"]
        and other["scale"] == instrument.validity.scale
        and other["score"] is not None
        and other["score"] >= instrument.validity.invalid_from
        for other in pupil.wellbeing
    )


def valid_rows(pupil, instrument, scale):
    rows = [
        row
        for row in pupil.wellbeing
        if instrument_of(row) == instrument and row["scale"] == scale and is_valid(row, pupil)
    ]
    return sorted(rows, key=lambda row: (row["date"], known_from(row, "date"), row["instrument"]))


def scale_score(measure, pupil, window):
    rows = valid_rows(pupil, INSTRUMENTS[measure.instrument], measure.scale)
    return rows[-1]["score"] if rows else nan


def risk_band(measure, pupil, window):
    bands = [
        band_of(instrument, "total", row["score"], row["norm"])
        for instrument in INSTRUMENTS.values()
        for row in valid_rows(pupil, instrument, "total")[-1:]
    ]
    return max((band for band in bands if not isnan(band)), default=nan)


def scale_change(measure, pupil, window):
    changes = []
    for instrument in INSTRUMENTS.values():
        rows = valid_rows(pupil, instrument, "total")[-2:]
        if len(rows) == 2 and rows[0]["norm"] == rows[1]["norm"]:
            low, high = instrument.range_of("total", rows[1]["norm"])
            changes.append((rows[1]["score"] - rows[0]["score"]) / (high - low))
    return max((change for change in changes if not isnan(change)), default=nan)


def age_of_test(measure, pupil, window):
    return min((max(pupil.end - 1 - pupil.index(row["date"]), 0) for row in pupil.wellbeing), default=nan)


def invalid_test(measure, pupil, window):
    latest = max((row["date"] for row in pupil.wellbeing), default=None)
    if latest is None:
        return nan
    return any(row["date"] == latest and not is_valid(row, pupil) for row in pupil.wellbeing)


# --- family and distance --------------------------------------------------------------------------


def was_asked(pupil, own=()):
    """Whether any row says something of a factor that somebody knows."""
    told = [row for row in pupil.family if row["value"] != "unknown"]
    return any(row["factor"] in FACTORS or row["factor"] in own for row in told)


def is_open(pupil, row):
    """Whether what a row says is valid on the day, and no later row of the factor says no."""
    later = [
        other
        for other in pupil.family
        if other["factor"] == row["factor"] and other["valid_from"] > row["valid_from"]
    ]
    return pupil.holds(row) and not any(other["value"] == "no" for other in later)


def says_yes(row):
    return row["value"] not in ("no", "unknown")


def doubted(pupil, factors):
    """The open rows by which nobody knows whether one of some factors holds."""
    return [
        row
        for row in pupil.family
        if row["factor"] in factors and row["value"] == "unknown" and is_open(pupil, row)
    ]


def factor_holds(measure, pupil, window):
    """Yes by any row that says so; else not known by any that says that; else no, if anything was asked."""
    if any(
        says_yes(row)
        and is_open(pupil, row)
        and row["factor"] in measure.factors
        and (not measure.values or row["value"] in measure.values)
        for row in pupil.family
    ):
        return 1
    if doubted(pupil, measure.factors) or not was_asked(pupil, measure.factors):
        return nan
    return 0


def is_burden(row):
    return row["factor"] in FACTORS and FACTORS[row["factor"]].burden


def factor_count(measure, pupil, window):
    holding = {row["factor"] for row in pupil.family if says_yes(row) and is_open(pupil, row)}
    number = len({factor for factor in holding if is_burden({"factor": factor})})
    return nan if not number and (doubted(pupil, BURDENS) or not was_asked(pupil)) else number


def recent_factor(measure, pupil, window):
    began = [row for row in pupil.family if pupil.in_window(row["valid_from"], window)]
    number = len({row["factor"] for row in began if is_burden(row) and says_yes(row)})
    doubts = [row for row in doubted(pupil, BURDENS) if row in began]
    return nan if not number and (doubts or not was_asked(pupil)) else number


def incident_count(measure, pupil, window):
    rows = getattr(pupil, measure.table)
    if not getattr(pupil, f"school_keeps_{measure.table}"):
        return nan
    return sum(pupil.in_window(row["date"], window) for row in rows)


def student_column(measure, pupil, window):
    value = pupil.pupil[measure.column]
    return nan if value is None else value


LOOPS = {
    m.Share: share,
    m.Count: count,
    m.CurrentStreak: current_streak,
    m.LongestStreak: longest_streak,
    m.Spells: spells,
    m.DaysSince: days_since,
    m.ShareTrend: share_trend,
    m.WeekdayExcess: weekday_excess,
    m.ScoreMean: score_mean,
    m.ScoreLast: score_last,
    m.LastAgainstOwnMean: last_against_own_mean,
    m.ScoreSlope: score_slope,
    m.ScoreSpread: score_spread,
    m.LargestDrop: largest_drop,
    m.FailingCount: failing_count,
    m.DaysSinceExam: days_since_exam,
    m.ScaleScore: scale_score,
    m.RiskBand: risk_band,
    m.ScaleChange: scale_change,
    m.TestAge: age_of_test,
    m.InvalidTest: invalid_test,
    m.FactorHolds: factor_holds,
    m.FactorCount: factor_count,
    m.RecentFactor: recent_factor,
    m.StudentColumn: student_column,
    m.IncidentCount: incident_count,
}
