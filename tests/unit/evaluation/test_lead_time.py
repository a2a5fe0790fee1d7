"""Lead times and false alarms, against a plain walk through each pupil's mornings."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_risk.evaluation.questions.lead_time import (
    Mornings,
    false_alarms,
    lead_time_section,
    leads_of_leavers,
    top_of_groups,
)
from dropout_risk.text import Text

MODEL = Text(zh="模型", en="Model")
HORIZON, END = 30, 100


def _mornings(lists, dropouts, schools=None, n=12):
    """Weekly mornings 0, 5, 10, …; ``lists`` gives the mornings on which each pupil was listed."""
    rows, listed = [], []
    for pupil, named in lists.items():
        gone = dropouts.get(pupil)
        for day in range(0, 5 * n, 5):
            if gone is not None and day > gone:
                break
            within = gone is not None and day <= gone < day + HORIZON
            outcome = 1.0 if within else 0.0 if day + HORIZON <= END else np.nan
            rows.append((pupil, (schools or {}).get(pupil, "s"), day, outcome))
            listed.append(day in named)
    frame = pd.DataFrame(rows, columns=["student_id", "school_id", "day", "outcome"])
    marked = np.array(listed)
    gone = pd.Series(dropouts, dtype=np.int64)
    return Mornings(frame, {MODEL: marked}, gone, tuple(map(str, range(n))), 5), marked


def test_the_lead_runs_from_the_first_listing_to_the_dropout():
    mornings, listed = _mornings({1: {10, 40}, 2: {0, 5}, 3: set()}, {1: 47, 2: 20, 3: 33})
    found = leads_of_leavers(mornings, listed)
    assert found["lead"].tolist()[:2] == [37, 20]
    assert np.isnan(found["lead"][3])
    assert found["censored"].tolist() == [False, True, False]


def test_a_dropout_after_the_mornings_ended_is_not_judged():
    mornings, listed = _mornings({1: {10}, 2: {10}}, {1: 59, 2: 60})
    assert leads_of_leavers(mornings, listed).index.tolist() == [
        1
    ]  # the last morning is 55, the next would be 60


def test_a_listing_on_the_day_of_the_dropout_comes_too_late():
    mornings, listed = _mornings({1: {20}, 2: {15, 20}}, {1: 20, 2: 20})
    found = leads_of_leavers(mornings, listed)["lead"]
    assert np.isnan(found[1])
    assert found[2] == 5


def test_a_lead_to_the_last_day_at_school_counts_no_day_on_which_the_pupil_stayed_away():
    mornings, listed = _mornings({1: {10, 30}, 2: {30}, 3: set()}, {1: 40, 2: 40, 3: 40})
    known = replace(mornings, last_present=pd.Series({1: 18.0, 2: 18.0, 3: 18.0}))
    found = leads_of_leavers(known, listed)
    assert found["lead"].to_dict() == pytest.approx({1: 30, 2: 10, 3: np.nan}, nan_ok=True)
    assert found["lead_present"].to_dict() == pytest.approx({1: 8, 2: np.nan, 3: np.nan}, nan_ok=True)
    section = lead_time_section(known, replicates=100)
    assert "a median of 22 school days after the last day at school" in section.remarks[1].en
    assert section.metrics["listed_while_coming"] == pytest.approx(1 / 3)
    assert section.metrics["median_days_to_last_present"] == 8


def test_a_list_that_names_only_who_stays_away_is_never_early_to_the_last_day_at_school():
    gone = dict.fromkeys(range(20), 50)
    mornings, _ = _mornings({pupil: {25, 30} for pupil in range(20)}, gone)
    section = lead_time_section(
        replace(mornings, last_present=pd.Series(22.0, index=range(20))), replicates=9
    )
    until_dropout, to_last_day = section.tables[1], section.tables[3]
    assert [row[2] for row in until_dropout.rows if row[0] <= 20] == [1.0] * 4
    assert {row[2] for row in to_last_day.rows} == {0.0}


def test_without_daily_attendance_the_last_day_at_school_is_said_to_be_unknown():
    section = lead_time_section(_mornings({1: {0}}, {1: 20})[0], replicates=100)
    assert "Without daily attendance" in section.remarks[1].en
    assert "listed_while_coming" not in section.metrics


def test_the_share_of_all_pupils_ever_listed_is_said():
    section = lead_time_section(_mornings({1: {0}, 2: {5, 10}, 3: set(), 4: set()}, {1: 20})[0], replicates=9)
    assert section.metrics["ever_listed"] == 0.5
    assert any("Of all 4 pupils, 50.0% were on the model's list" in remark.en for remark in section.remarks)


def test_who_drops_out_long_after_a_listing_was_listed_in_vain_that_morning():
    mornings, listed = _mornings({1: {0, 5, 50}}, {1: 59})
    found = false_alarms(mornings, listed)  # the horizon of 30 days ends before the dropout twice
    assert found.loc[1, ["mornings", "known"]].tolist() == [2, True]


def test_a_false_alarm_counts_all_its_mornings_once_its_first_horizon_was_observed():
    mornings, listed = _mornings({1: {10, 15, 40}, 2: {55}, 3: {5}, 4: {0}}, {3: 90}, n=20)
    found = false_alarms(mornings, listed)
    assert found["mornings"].to_dict() == {1: 3, 2: 1, 3: 1, 4: 1}
    assert found["known"].all()


def test_an_alarm_whose_outcome_nobody_knows_yet_is_not_called_false():
    mornings, listed = _mornings({1: {95}, 2: {0, 95}}, {}, n=20)
    found = false_alarms(mornings, listed)
    assert found["known"].to_dict() == {1: False, 2: True}
    assert found["still"].all()


pupils = st.dictionaries(
    st.integers(0, 30),
    st.tuples(st.sets(st.sampled_from(range(0, 60, 5))), st.one_of(st.none(), st.integers(0, 80))),
    min_size=1,
    max_size=12,
)


@given(pupils)
def test_leads_and_alarms_are_those_of_a_walk_through_the_mornings(given_pupils):
    lists = {pupil: named for pupil, (named, _) in given_pupils.items()}
    gone = {pupil: day for pupil, (_, day) in given_pupils.items() if day is not None}
    mornings, listed = _mornings(lists, gone)
    leads, stays = {}, {}
    for pupil in lists:
        own = mornings.rows["student_id"] == pupil
        days = [day for day, on in zip(mornings.rows["day"][own], listed[own.to_numpy()], strict=True) if on]
        if 0 < gone.get(pupil, -1) < mornings.rows["day"].max() + 5:
            before = [day for day in days if day < gone[pupil]]
            leads[pupil] = gone[pupil] - min(before) if before else None
        vain = [day for day in days if pupil not in gone or gone[pupil] >= day + HORIZON]
        if vain:
            stays[pupil] = len(vain)
    found = leads_of_leavers(mornings, listed)["lead"]
    assert {key: None if np.isnan(value) else value for key, value in found.items()} == leads
    assert false_alarms(mornings, listed)["mornings"].to_dict() == stays


@settings(max_examples=10)
@given(st.randoms())
def test_the_order_of_rows_is_irrelevant(random):
    named = {pupil: set(range(pupil % 4 * 5, 40, 5)) for pupil in range(20)}
    mornings, listed = _mornings(named, {pupil: 30 + pupil for pupil in range(0, 20, 3)})
    order = random.sample(range(len(listed)), len(listed))
    rows = mornings.rows.iloc[order].reset_index(drop=True)
    mixed = Mornings(rows, {MODEL: listed[order]}, mornings.dropout_day, mornings.dates, 5)
    assert lead_time_section(mixed, replicates=100) == lead_time_section(mornings, replicates=100)


def test_a_perfect_list_has_leads_as_long_as_the_mornings_allow():
    every = set(range(0, 60, 5))
    gone = {pupil: 10 + pupil // 2 for pupil in range(40)}
    schools = {pupil: f"s-{pupil % 8}" for pupil in range(80)}
    lists = {pupil: every if pupil in gone else set() for pupil in range(80)}
    mornings, listed = _mornings(lists, gone, schools)
    found = leads_of_leavers(mornings, listed)
    assert (found["lead"] == found["dropout_day"] - found["first_day"]).all()
    section = lead_time_section(mornings, replicates=100)
    assert section.metrics["never_listed"] == 0
    assert section.metrics["false_alarms"] == 0
    assert all(row[2] == 1.0 for row in section.tables[1].rows)
    assert "≥" in section.tables[0].rows[0][3]


def test_only_leavers_whose_last_days_were_all_seen_count_for_that_many_days():
    lists = {pupil: {0} if pupil < 10 else set() for pupil in range(20)}
    gone = {pupil: 12 if pupil < 10 else 40 for pupil in range(20)}
    table = lead_time_section(_mornings(lists, gone)[0], replicates=100).tables[1]
    assert {row[0]: (row[1], row[2]) for row in table.rows} == {
        1: (20, 0.5),
        5: (20, 0.5),
        10: (20, 0.5),
        20: (10, 0.0),
        30: (10, 0.0),
    }


def test_without_leavers_the_section_says_so():
    section = lead_time_section(_mornings({1: {0}, 2: set()}, {})[0], replicates=100)
    assert "Nobody dropped out" in section.remarks[0].en
    assert section.metrics["leavers"] == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=30), st.integers(0, 4))
def test_the_top_of_a_group_is_the_highest_risk_then_the_lowest_id(pairs, places):
    group, risk = np.array([a for a, _ in pairs]), np.array([b / 2 for _, b in pairs])
    marked = top_of_groups(risk, group, np.full(4, places), np.arange(len(pairs)))
    for number in range(4):
        own = [place for place in range(len(pairs)) if group[place] == number]
        best = sorted(own, key=lambda place: (-risk[place], place))[:places]
        assert [place for place in own if marked[place]] == sorted(best)


def test_baselines_stand_beside_the_model_in_every_table():
    mornings, listed = _mornings({1: {0}, 2: {5}}, {1: 20})
    rule = Text(zh="规则", en="Rule")
    both = Mornings(mornings.rows, {MODEL: listed, rule: ~listed}, mornings.dropout_day, mornings.dates, 5)
    section = lead_time_section(both, replicates=100)
    assert [row[0] for row in section.tables[0].rows] == [MODEL, rule]
    assert section.tables[1].columns[2:] == (MODEL, rule)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_section_is_written_in_both_languages(language):
    mornings, _ = _mornings({pupil: {0} for pupil in range(8)}, dict.fromkeys(range(6), 20))
    assert "{" not in lead_time_section(mornings, replicates=100).to_markdown(language)
