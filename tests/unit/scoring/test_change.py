import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

import dropout_risk as dr
from dropout_risk.errors import DateError, SettingsError
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.scores import NOT_AT_SCHOOL, NOTHING_KNOWN

BEFORE, NOW = "2025-02-03", "2025-06-02"


@pytest.fixture(scope="module")
def histories():
    return dr.Histories.from_records(dr.simulate_district(n_students=300, seed=11))


@pytest.fixture(scope="module")
def changes(risk_model, histories):
    return risk_model.change(histories, BEFORE, NOW, language="en")


def most_risen(changes):
    return max(changes, key=lambda change: change.risk_now - change.risk_before)


def test_both_scores_are_those_that_scoring_gives(risk_model, histories, changes):
    for day, name in ((BEFORE, "log_odds_before"), (NOW, "log_odds_now")):
        scored = {pupil.student_id: pupil.log_odds for pupil in risk_model.score(histories, day).pupils}
        assert all(getattr(change, name) == scored[change.student_id] for change in changes)


def test_domains_and_facts_are_sums_of_the_data(changes):
    for change in changes:
        data = sum(change.data.values())
        assert sum(change.domains.values()) == pytest.approx(data, abs=1e-9)
        assert sum(fact.contribution for fact in change.facts) == pytest.approx(data, abs=1e-9)


def test_without_a_former_model_nothing_comes_from_the_model(changes):
    assert {change.model for change in changes} == {0.0}
    assert not any("new model" in change.text for change in changes)


def test_the_sentence_tells_where_a_rise_comes_from(changes):
    change = most_risen(changes)

    assert change.text.startswith("Risk rose from ")
    assert f"since {BEFORE}. Main changes: " in change.text
    label = change.facts[0].label
    assert label[:1].lower() + label[1:] in change.text
    assert change.facts[0].course in {"more", "fewer", "up", "down", "recorded"}


def test_a_fact_is_worded_on_both_dates_by_what_changed(risk_model, histories, changes):
    change = most_risen(changes)
    fact, place = change.facts[0], histories.student_ids.index(change.student_id)
    feature = risk_model.catalogue[fact.feature]
    for day, words in ((BEFORE, fact.before), (NOW, fact.now)):
        X = dr.build_features(histories, dr.Cohort.on(histories, day), risk_model.catalogue)
        value = X.loc[(histories.student_ids[place], pd.Timestamp(day)), fact.feature]
        assert words == feature.describe(value, "en")


def test_the_same_date_twice_is_no_change(risk_model, histories):
    for change in risk_model.change(histories, NOW, NOW, [0, 1, 2]):
        assert not change.facts
        assert change.log_odds_now == change.log_odds_before


def test_a_pupil_alone_gets_the_same_bits(risk_model, histories, changes):
    place = histories.student_ids.index(changes[5].student_id)

    assert risk_model.change(histories, BEFORE, NOW, [place], language="en") == (changes[5],)


def test_a_pupil_without_records_on_the_earlier_date_is_named_by_its_place(risk_model):
    students = [
        {"student_id": name, "school_id": "s", "class_id": "c", "grade_level": 8} for name in ("a", "b")
    ]
    days = [dt.date(2025, 3, 3) + dt.timedelta(number) for number in range(5)]
    attendance = [{"student_id": "a", "date": day, "status": "present"} for day in days]
    attendance += [{"student_id": "b", "date": days[-1], "status": "present"}]
    records = dr.SchoolRecords.from_tables(students=students, attendance=attendance)
    found = risk_model.change(records, days[3], dt.date(2025, 3, 10), language="en")

    assert [change.student_id for change in found] == ["a"]
    assert [(error.index, error.student_id, error.code, error.field) for error in found.errors] == [
        (1, "b", NOTHING_KNOWN, "before")
    ]
    assert "first record" in found.errors[0].message


def test_a_pupil_who_was_not_at_school_is_named_with_the_date_that_is_wrong(risk_model, histories):
    gone = np.flatnonzero(~np.isin(histories.student_ids, dr.Cohort.on(histories, NOW).frame["student_id"]))
    found = risk_model.change(histories, "2024-10-01", NOW, gone[:3])

    assert {error.code for error in found.errors} <= {NOT_AT_SCHOOL, NOTHING_KNOWN}
    assert len(found.errors) == 3
    assert not found


def test_dates_the_wrong_way_round_and_unknown_languages_are_refused(risk_model, histories):
    with pytest.raises(DateError, match="earlier date first"):
        risk_model.change(histories, NOW, BEFORE)
    with pytest.raises(SettingsError, match="Unknown language"):
        risk_model.change(histories, BEFORE, NOW, [], language="fr")


def test_a_change_is_written_as_json(changes):
    written = json.loads(json.dumps(changes[0].to_dict()))

    assert written["before"] == BEFORE
    assert written["facts"] == [fact.to_dict() for fact in changes[0].facts]


def test_a_redacted_change_still_adds_up_and_tells_nothing_hidden(risk_model, changes):
    for change in changes[:50]:
        redacted = redact(change, "parent", catalogue=risk_model.catalogue)
        assert sum(redacted.data.values()) == pytest.approx(sum(change.data.values()), abs=1e-9)
        assert set(redacted.domains) <= {"attendance", "other"}
        assert {fact.domain for fact in redacted.facts} <= {"attendance"}
