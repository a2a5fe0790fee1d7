"""Labels as a plain walk through one pupil's outcomes, as ``Cohort.with_labels`` declares them."""

from __future__ import annotations

import datetime as dt

from support.plain import school_days_before

DECIDED = ("graduated", "died")


def label_of(known, school_days, observed_to, horizon, events=("dropout",)):
    """1, 0, or the reason why there is no label: in hindsight, by all school days that became known."""

    def index(day):
        return school_days_before(school_days, day)

    def rank(event):
        """Of several outcomes on one day the one that decides most comes first."""
        return 0 if event in events else DECIDED.index(event) + 1 if event in DECIDED else 3

    stop = index(known.as_of) + horizon
    if stop > index(observed_to + dt.timedelta(1)):
        return "horizon_not_observed"
    inside = [
        row
        for row in sorted(known.pupil["outcomes"], key=lambda row: (row["date"], rank(row["event"])))
        if row["date"] >= known.as_of and index(row["date"]) < stop
    ]
    for row in inside:
        if row["event"] in (*events, "graduated"):
            break
        if row["event"] in ("transferred", "died"):
            return row["event"]
    if any(row["event"] in events for row in inside):
        return 1
    left = known.pupil["left_on"]
    graduated = any(row["event"] == "graduated" for row in inside)
    if left is not None and left >= known.as_of and index(left) < stop and not graduated:
        return "left_without_outcome"
    return 0


def answers(cohort):
    """Labels and reasons of a labelled cohort by (pupil, date)."""
    labels = {(student, day.date()): value for (student, day), value in cohort.labels.items()}
    reasons = {
        (row.student_id, row.as_of.date()): row.reason for row in cohort.censored.itertuples(index=False)
    }
    assert not labels.keys() & reasons.keys()
    return labels | reasons
