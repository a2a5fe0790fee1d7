"""An invalid test is missing and not low; a critical answer is a counsellor's case at once, nobody else's."""

import datetime as dt
import json
import logging
import math

import pyarrow as pa
import pytest
import sqlalchemy as sa

from dropout_risk.casebook.book import Book
from dropout_risk.casebook.lessons.feedback import feedback_counts, feedback_frame, write_feedback
from dropout_risk.casebook.lessons.learning import casebook_report
from dropout_risk.casebook.lessons.trial import assigned_frame
from dropout_risk.casebook.mornings.morning import LISTED, MorningFacts, run_morning
from dropout_risk.casebook.mornings.morning_facts import morning_facts
from dropout_risk.casebook.tables import BOOK
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.features.cohort import Cohort
from dropout_risk.features.compute import build_features
from dropout_risk.histories.histories import Histories
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.settings import CaseSettings
from dropout_risk.simulate.district import simulate_tables
from support.confidential import AS_OF, DAY, district

TODAY = dt.date.fromisoformat(AS_OF)
NOON = dt.datetime(2025, 3, 3, 12)


def records_tested(*rows):
    """A small district; pupils of ``rows`` (pupil, instrument, scale, score, valid) have those tests."""
    tables = simulate_tables(50, 11).tables
    own = {pupil for pupil, *_ in rows}
    kept = [row for row in tables["wellbeing"].to_pylist() if row["student_id"] not in own]
    blank = dict.fromkeys(tables["wellbeing"].schema.names)
    kept += [
        blank | {"student_id": pupil, "date": DAY, "recorded_on": DAY, "instrument": instrument,
                 "scale": scale, "score": score, "valid": valid}
        for pupil, instrument, scale, score, valid in rows
    ]  # fmt: skip
    return SchoolRecords.from_tables(
        **tables | {"wellbeing": pa.Table.from_pylist(kept, tables["wellbeing"].schema)}
    )


def pupils_there():
    return sorted(Cohort.on(records_tested(), AS_OF).frame["student_id"])


def features_of(records, pupil):
    from dropout_risk.catalogue.default import default_catalogue

    histories = Histories.from_records(records)
    return build_features(histories, Cohort.on(histories, AS_OF), default_catalogue()).loc[pupil].iloc[0]


INVALID = [
    pytest.param([("MHT", "total", 3.0, False)], id="marked invalid"),
    pytest.param([("MHT", "total", None, False)], id="without a score"),
    pytest.param([("MHT", "total", 3.0, True), ("MHT", "validity", 8.0, True)], id="lie scale"),
    pytest.param([("MHT", "total", -4.0, True)], id="impossible"),
]


@pytest.mark.parametrize("tests", INVALID)
def test_an_invalid_test_gives_no_score_and_no_low_band_and_is_named_as_a_thing_to_fetch(tests, risk_model):
    pupil = pupils_there()[0]
    records = records_tested(*((pupil, *test) for test in tests))
    found = features_of(records, pupil)
    (score,) = [each for each in risk_model.score(records, AS_OF).pupils if each.student_id == pupil]

    assert math.isnan(found["mht_total"])
    assert math.isnan(found["psych_risk_band"])
    assert any("有效" in text or "无效" in text for text in score.missing_sensitive)
    assert not any(
        reason.feature in ("mht_total", "psych_risk_band") for reason in (*score.raising, *score.lowering)
    )


def test_the_same_test_that_stands_gives_its_score_and_its_band():
    pupil = pupils_there()[0]
    low, high = (
        features_of(records_tested((pupil, "MHT", "total", score, True)), pupil) for score in (3.0, 70.0)
    )

    assert (low["mht_total"], low["psych_risk_band"]) == (3, 0)
    assert (high["mht_total"], high["psych_risk_band"]) == (70, 2)


def lived_morning(model, records, *, settings=None, url="sqlite://", people=None):
    book = Book.open(url, settings=settings or CaseSettings(), now=lambda: NOON)
    facts = morning_facts(model, Histories.from_records(records), TODAY, settings=book.settings)
    return book, facts, run_morning(book, facts, people)


@pytest.mark.parametrize("valid", [True, False])
def test_a_critical_answer_is_a_counsellors_case_at_once_below_one_percent_and_below_the_line(
    risk_model, valid
):
    scores = risk_model.score(records_tested(), AS_OF)
    least = min(scores.pupils, key=lambda pupil: pupil.risk)
    records = records_tested((least.student_id, "PHQ-9", "item_9", 1.0, valid))
    book, facts, _ = lived_morning(risk_model, records)
    pupil, case = str(least.student_id), book.case_of(str(least.student_id), "care")
    (scored,) = [
        each for each in risk_model.score(records, AS_OF).pupils if each.student_id == least.student_id
    ]

    assert scored.risk < 0.01
    assert not any(signal.rule == LISTED and signal.pupil == pupil for signal in facts.signals)
    assert (case.due, case.state, case.office) == (TODAY, "open", "counsellor")
    assert book.case_of(pupil) is None


def test_the_cap_of_the_first_days_holds_no_critical_answer_back(risk_model):
    answered = pupils_there()
    records = records_tested(*((pupil, "PHQ-9", "item_9", 2.0, True) for pupil in answered))
    settings = CaseSettings(first_cases=1, first_days=100)
    book, _, _ = lived_morning(risk_model, records, settings=settings)

    assert {case.pupil for case in book.cases() if case.line == "care"} == set(map(str, answered))
    assert all(case.due == TODAY for case in book.cases() if case.line == "care")


@pytest.fixture(scope="module")
def both(risk_model):
    """The same morning with six critical answers and without any."""
    return [lived_morning(risk_model, district(critical=critical)) for critical in (True, False)]


def frames_but_for_counsellors(book):
    """What everybody else may read: all tables, without the line *care* and what goes to counsellors."""
    frames = book.frames()
    care = {case.id for case in book.cases() if case.line == "care"}
    counsellors = {f"counsellor@{school}" for school in frames["school"]["school"]}
    frames["case"] = frames["case"][frames["case"]["line"] == "school"]
    frames["signal"] = frames["signal"][frames["signal"]["line"] == "school"]
    frames["entry"] = frames["entry"][~frames["entry"]["case"].isin(care)]
    frames["round"] = frames["round"][~frames["round"]["case"].isin(care)]
    frames["outbox"] = frames["outbox"][~frames["outbox"]["to"].isin(counsellors)]
    frames["clock"] = frames["clock"][["day", "recorded_at", "report"]]
    return frames


def without_numbers(frame):
    """Rows without the numbers of cases, which the desk shows nobody, and hashes of them."""
    kept = [name for name in frame.columns if name not in ("id", "case", "hash")]
    return [json.dumps(row, default=str, sort_keys=True) for row in frame[kept].to_dict("records")]


def test_whoever_is_no_counsellor_sees_the_same_whether_or_not_there_was_a_critical_answer(both):
    (with_one, _, told), (without, _, untold) = both
    one, two = map(frames_but_for_counsellors, (with_one, without))

    assert sum(case.line == "care" for case in with_one.cases()) == 6
    assert {name: without_numbers(frame) for name, frame in one.items()} == {
        name: without_numbers(frame) for name, frame in two.items()
    }
    for language in ("zh", "en"):
        assert told.text(language) == untold.text(language)
    assert told.to_dict() == untold.to_dict()
    assert casebook_report(with_one, fewest=1).to_dict() == casebook_report(without, fewest=1).to_dict()
    assert feedback_frame(with_one).equals(feedback_frame(without))
    assert assigned_frame(with_one).equals(assigned_frame(without))


def test_a_critical_case_that_nobody_answers_is_held_with_the_counsellor_and_goes_up_to_nobody(risk_model):
    book, facts, _ = lived_morning(risk_model, district())
    day, held = TODAY, []
    for _ in range(4):
        day = facts.days.later(facts.pupils[0].school, day, 1)
        report = run_morning(book, MorningFacts(day, facts.pupils, facts.days))
        held.append(report.held)
    care = [case for case in book.cases() if case.line == "care"]

    assert len(care) == 6
    assert all((case.owner.split("@")[0], case.due) == ("counsellor", TODAY) for case in care)
    assert {entry.kind for case in care for entry in book.entries(case.id)} == {"open"}
    assert held == [0] * 4, "nobody learns from a count that something is held there"


ITEMS = ("item_", "item 9", "Item", "第9题", "第九题", '"score"', "'score'")


def secret_names():
    """Every name of a test, a scale or an item, as records and pages write them."""
    instruments = default_instruments().values()
    scales = {scale for each in instruments for scale in each.scales if scale != "total"}
    return {*ITEMS, *(each.code for each in instruments), *(each.name.zh for each in instruments), *scales}


def test_no_answer_and_no_name_of_a_test_is_in_any_table_file_log_or_run(
    tmp_path, risk_model, caplog, capsys
):
    from dropout_risk.settings import TrackingSettings
    from dropout_risk.tracking.feedback_runs import log_feedback

    caplog.set_level(logging.DEBUG)
    records = district()
    url = f"sqlite:///{tmp_path}/book.db"
    book, _, report = lived_morning(risk_model, records, url=url)
    case = next(case for case in book.cases() if case.line == "school")
    answers = {"absence_share_20d": "right"}
    write_feedback(book, case, answers, run="0.1.0", day=TODAY, by="t", today=TODAY)
    store = TrackingSettings(uri=f"sqlite:///{tmp_path}/mlflow.db", artifacts=str(tmp_path / "artifacts"))
    assert len(log_feedback(feedback_counts(feedback_frame(book)), store)) == 1
    (tmp_path / "report.json").write_text(json.dumps(casebook_report(book, fewest=1).to_dict()))
    (tmp_path / "morning.txt").write_text(
        report.text("zh") + report.text("en") + json.dumps(report.to_dict())
    )
    with book.reading() as connection:
        for table in BOOK.sorted_tables:
            rows = connection.execute(sa.select(table)).mappings()
            (tmp_path / f"{table.name}.txt").write_text("\n".join(str(dict(row)) for row in rows))
    book.close()
    pupils = {str(pupil) for pupil in Cohort.on(records, AS_OF).frame["student_id"]}
    captured = capsys.readouterr()
    said = {"log": caplog.text, "out": captured.out, "err": captured.err}
    said |= {
        str(file.relative_to(tmp_path)): file.read_bytes().decode("utf-8", "replace")
        for file in tmp_path.rglob("*") if file.is_file()
    }  # fmt: skip

    assert len(said) > 15
    assert sum("critical_item" in text for text in said.values()) >= 2, (
        "the rule is there, and nothing of why"
    )
    for name, text in said.items():
        own = text.replace("critical_item", "")
        if name.startswith(("mlflow", "artifacts")):
            assert not any(word in text for word in (*pupils, *default_instruments(), "item_9")), name
            continue
        assert [word for word in secret_names() if word in own] == [], name
