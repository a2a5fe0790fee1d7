"""What was set apart of a pupil is said at its score, and too much of it is no basis for a judgement."""

import dataclasses
import re

import pytest

from dropout_risk.errors import TooMuchRefusedError
from dropout_risk.histories.histories import Histories
from dropout_risk.scoring.population import score_blocks
from dropout_risk.scoring.readers.redaction import redact
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.scoring.request import request_of, score_request
from dropout_risk.settings import MissingnessSettings
from dropout_risk.watchlist.scores_table import ScoresTable
from dropout_risk.watchlist.watch_list import WatchList
from support.refused import AS_OF, DAYS, mark, school, told

TEST = {"student_id": "p1", "date": "2024-11-04", "instrument": "phq9", "scale": "total", "score": "much"}


def with_limits(model, **limits):
    settings = model.settings.model_copy(update={"missingness": MissingnessSettings(**limits)})
    return dataclasses.replace(model, settings=settings)


def bands(scores):
    return {pupil.student_id: pupil.band for pupil in scores.pupils}


def test_a_score_says_how_many_rows_of_which_table_were_not_used(risk_model):
    records = school({"p1": 5}, grades=[mark("p2", score=160), mark("p3")])
    said = told(risk_model.score(records, AS_OF, language="en"))

    assert "5 row(s) of attendance were not used" in said["p1"]
    assert "1 row(s) of grades were not used" in said["p2"]
    assert not re.search("not used", said["p0"] + said["p3"])


def test_chinese_sentences_name_the_table(risk_model):
    said = told(risk_model.score(school({"p1": 5}), AS_OF, language="zh"))

    assert "考勤有5条记录未使用" in said["p1"]


def test_rows_of_later_days_are_not_told(risk_model):
    records = school({"p1": 5})

    assert "not used" not in told(risk_model.score(records, "2024-11-22", language="en"))["p1"]
    assert "2 row(s)" in told(risk_model.score(records, "2024-11-26", language="en"))["p1"]


@pytest.mark.parametrize(("days", "is_judged"), [(11, True), (12, False)])
def test_who_lost_a_fifth_of_the_last_sixty_days_is_not_judged(risk_model, days, is_judged):
    scores = risk_model.score(school({"p1": days}), AS_OF, language="en")

    assert (bands(scores)["p1"] != "unknown") == is_judged
    assert ("Not judged" in told(scores)["p1"]) != is_judged
    assert bands(scores)["p0"] != "unknown"


def test_numbers_alone_do_not_judge_either(risk_model):
    histories = Histories.from_records(school({"p1": 20}))
    (batch,) = score_blocks(risk_model, histories, AS_OF, sentences=False)

    assert [band == "unknown" for band in batch["band"].to_pylist()] == [False, True, False, False]


def test_the_watch_list_says_it(risk_model):
    scores = risk_model.score(school({"p1": 20}), AS_OF, language="en")
    rows = WatchList.of(scores).frame().set_index("student_id")

    assert rows.loc["p1", "part"] == "not_scored"
    assert "20 row(s) of attendance" in rows.loc["p1", "not_scored_because"]
    limits = risk_model.settings.bands.model_copy(update={"watch": 0.0})
    listing = dataclasses.replace(
        risk_model, settings=risk_model.settings.model_copy(update={"bands": limits})
    )
    few = WatchList.of(listing.score(school({"p1": 2}), AS_OF, language="en")).frame()
    missing = few.set_index("student_id")["missing"]
    assert "2 row(s) of attendance" in missing["p1"]
    assert "not used" not in missing["p0"]


def test_files_and_lists_say_it_and_keep_psychological_tests_to_themselves(risk_model):
    records = school({"p1": 20}, wellbeing=[TEST])
    scores = risk_model.score(records, AS_OF, language="en")
    table = ScoresTable.of(risk_model, Histories.from_records(records), AS_OF, language="en")
    listed = {row["student_id"]: row["warnings"] for row in table.rows.to_pylist()}
    on_list = WatchList.of(scores).frame().set_index("student_id").loc["p1", "not_scored_because"]

    assert "well-being tests" in scores.frame().set_index("student_id").loc["p1", "warnings"]
    for text in (listed["p1"], on_list):
        assert "20 row(s) of attendance" in text
        assert "well-being tests were not used" not in text


def test_limits_are_settings(risk_model):
    records = school({"p1": 12})

    assert bands(with_limits(risk_model, pupil_share=0.5).score(records, AS_OF))["p1"] != "unknown"
    assert bands(with_limits(risk_model, window_days=10).score(school({"p1": 3}), AS_OF))["p1"] == "unknown"


def test_one_refused_test_is_told_and_pupils_are_judged_without_it(risk_model):
    scores = risk_model.score(school(wellbeing=[TEST]), AS_OF, language="en")

    assert "1 row(s) of well-being tests were not used" in told(scores)["p1"]
    assert bands(scores)["p1"] != "unknown"


def test_who_may_not_see_a_domain_does_not_learn_how_many_of_its_rows_were_refused(risk_model):
    scores = risk_model.score(school({"p1": 20}, wellbeing=[TEST]), AS_OF, language="en")
    for role, sees in (("class_teacher", False), ("counsellor", True)):
        said = told(risk_model.redact(scores, role))["p1"]
        assert ("well-being" in said) == sees
        assert "20 row(s) of attendance" in said
        assert "Not judged" in said


def test_who_sees_no_attendance_learns_no_count_of_it(risk_model):
    scores = risk_model.score(school({"p1": 20}), AS_OF, language="en")
    role = dataclasses.replace(ROLES["township"], sees=("family",))
    said = told(redact(scores, role, catalogue=risk_model.catalogue))["p1"]

    assert "Not judged" in said
    assert "attendance" not in said
    assert "33%" not in said


def test_the_endpoint_says_the_same_of_a_pupil(risk_model):
    records = school({"p1": 20})
    body = request_of(records, ["p1"], AS_OF, "en")
    rows = body["students"][0]["attendance"]
    rows += [{"date": str(day), "status": "??"} for day in DAYS[-20:]]
    (pupil,) = score_request(risk_model, body).pupils
    here = told(risk_model.score(records, AS_OF, language="en"))["p1"].split(" | ")

    assert pupil.band == "unknown"
    assert set(here[:2]) <= set(pupil.warnings)


def test_scoring_stops_where_most_rows_of_a_table_were_refused(risk_model):
    records = school({f"p{k}": 40 for k in range(4)})
    with pytest.raises(TooMuchRefusedError, match=r"6\d% of attendance; the limit is 50%") as raised:
        risk_model.score(records, AS_OF)
    assert "check()" in raised.value.hint
    assert set(bands(with_limits(risk_model, family_share=0.9).score(records, AS_OF)).values()) == {"unknown"}
