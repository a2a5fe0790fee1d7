import datetime as dt
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.alerts.rules import RECENT_DAYS, SILENCE_SCHOOL_DAYS, alerts_on
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import AlertSettings, WatchListSettings
from dropout_risk.watchlist.group import Unscored
from dropout_risk.watchlist.watch_list import WatchList
from support.lists import alert, pupil, scores

AS_OF = dt.date(2025, 3, 3)
DAYS = [day for back in range(60, 0, -1) if (day := AS_OF - dt.timedelta(days=back)).weekday() < 5]

cell = st.none() | st.tuples(
    st.sampled_from(["absent"] * 6 + ["present", "excused", "late", "suspended"]),
    st.sampled_from([0] * 8 + [1, 3, 70]),
)
one_pupil = st.lists(cell, max_size=len(DAYS))
ladder = st.sets(st.integers(1, 30), max_size=5).map(tuple)


def run_by_hand(rows):
    """Walk back from the last known day for as long as each known day is an unexcused absence."""
    run, silent = [], 0
    known = [(day, status) for day, status, recorded in rows if max(day, recorded) < AS_OF]
    states = dict(known)
    for day in reversed([day for day in DAYS if known and day <= known[-1][0]]):
        if day not in states:
            silent += 1
            continue
        if states[day] != "absent" or silent > SILENCE_SCHOOL_DAYS:
            break
        run, silent = [*run, day], 0
    return run if run and (AS_OF - run[0]).days <= RECENT_DAYS else []


@given(pupils=st.lists(one_pupil, min_size=1, max_size=5), steps=ladder)
@settings(max_examples=30, deadline=None)
def test_the_ladder_equals_a_walk_back_through_the_days(pupils, steps):
    everybody = {f"p-{n}": cells for n, cells in enumerate(pupils)}
    rows = {name: _rows(cells) for name, cells in everybody.items()}
    found = _alerts(rows, AlertSettings(unexplained_days=steps))
    for name, own in rows.items():
        run = run_by_hand(own)
        reached = [step for step in steps if step <= len(run)]
        expected = [(max(reached), run[-1], len(run))] if reached else []
        assert [(int(item.rule.split("_")[1]), item.since, item.days) for item in found[name]] == expected


def _rows(cells):
    days = DAYS[len(DAYS) - len(cells) :]
    return [
        (day, cell[0], day + dt.timedelta(days=cell[1]))
        for day, cell in zip(days, cells, strict=True)
        if cell is not None
    ]


def _alerts(rows, alert_settings):
    anchor = {"z": [(day, "present", day) for day in DAYS]}
    students = [
        {"student_id": name, "school_id": "s", "class_id": "c", "grade_level": 8} for name in rows | anchor
    ]
    attendance = [
        {"student_id": name, "date": day, "status": status, "recorded_on": recorded}
        for name, own in (rows | anchor).items()
        for day, status, recorded in own
    ]
    records = SchoolRecords.from_tables(students=students, attendance=attendance, today=dt.date(2026, 1, 1))
    histories = Histories.from_records(records)
    found = alerts_on(histories.on(AS_OF), alert_settings, default_instruments(), "en")
    return dict(zip(histories.student_ids, found, strict=True))


pupils = st.lists(
    st.builds(
        lambda number, risk, alerted, unknown, teacher, school: pupil(
            f"p-{number}",
            risk / 20,
            alerts=(alert(),) if alerted else (),
            responsible_id=teacher,
            school_id=school,
            **({"band": "unknown"} if unknown else {}),
        ),
        st.integers(0, 60),
        st.integers(0, 20),
        st.booleans(),
        st.sampled_from([True, False, False, False]),
        st.sampled_from(["t-1", "t-2", None]),
        st.sampled_from(["s-1", "s-2", None]),
    ),
    max_size=25,
    unique_by=lambda item: item.student_id,
)


@given(today=pupils, before=pupils, capacity=st.integers(1, 4), lost=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_everybody_is_in_exactly_one_part_and_no_alert_is_cut(today, before, capacity, lost):
    how = WatchListSettings(capacity=capacity)
    last = WatchList.of(scores(*before, as_of=AS_OF - dt.timedelta(days=7)), settings=how)
    unscored = [Unscored(f"q-{number}", "no row") for number in range(lost)]
    watch_list = WatchList.of(scores(*today, as_of=AS_OF), settings=how, previous=last, unscored=unscored)
    counts, frame = watch_list.counts(), watch_list.frame()
    assert (
        counts["listed"] + counts["below_line"] + counts["not_scored"]
        == counts["cohort"]
        == len(today) + lost
    )
    assert sorted(frame["student_id"]) == sorted(
        [item.student_id for item in today] + [f"q-{n}" for n in range(lost)]
    )
    listed = set(frame.loc[frame["part"] == "alert", "student_id"])
    assert listed == {item.student_id for item in today if item.alerts}
    for group in watch_list.groups:
        assert len(group.risks) <= capacity
        lowest = min((entry.score.risk for entry in group.risks), default=1.0)
        assert len(group.risks) < capacity or all(item.risk <= lowest for item in group.below)


@given(today=pupils, order=st.randoms())
@settings(max_examples=30, deadline=None)
def test_the_order_of_the_scores_never_changes_the_list(today, order):
    shuffled = list(today)
    order.shuffle(shuffled)
    lists = [
        WatchList.of(scores(*some), settings=WatchListSettings(capacity=2)) for some in (today, shuffled)
    ]
    assert lists[0].groups == lists[1].groups


@given(before=pupils, today=pupils)
@settings(max_examples=30, deadline=None)
def test_a_saved_state_compares_as_the_list_itself(before, today, tmp_path_factory):
    how = WatchListSettings(capacity=3)
    last = WatchList.of(scores(*before, as_of=AS_OF), settings=how)
    path = last.save_state(tmp_path_factory.mktemp("state") / "state.json")
    json.loads(path.read_text())
    tomorrow = scores(*today, as_of=AS_OF + dt.timedelta(days=1))
    lists = [
        WatchList.of(tomorrow, settings=how, previous=previous)
        for previous in (last, WatchList.load_state(path))
    ]
    assert lists[0].groups == lists[1].groups
