import datetime as dt
import os
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest

from dropout_risk.errors import DateError, SettingsError, UnknownPupilError, UnknownRoleError
from dropout_risk.pages.links import FILES, is_our_page, pupil_page_name
from dropout_risk.pages.pupil_page import CardWriter, PupilPageWriter
from dropout_risk.pages.reader_folders import write_morning
from dropout_risk.pages.review import Review, reader_of_pages
from dropout_risk.pages.watch_list_page import write_folder
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.settings import Settings
from dropout_risk.simulate.district import simulate_district
from support.lists import alert, fact, pupil, reason

AS_OF = "2025-03-03"
TEST = reason("MHT total 71", 0.2, domain="psychology", feature="mht_total", cause="wellbeing")


@pytest.fixture(scope="module")
def records():
    return simulate_district(n_students=120, seed=11)


@pytest.fixture(scope="module")
def review(risk_model, records):
    return Review.of(risk_model, records, AS_OF, language="en")


@pytest.fixture(scope="module")
def complete(risk_model, records):
    return risk_model.score(records, AS_OF, language="en")


@pytest.fixture(scope="module")
def known(review):
    return review.histories.take([0]).on(AS_OF)


@pytest.fixture(scope="module")
def written(risk_model, known):
    def write(role="class_teacher", **changes):
        score = pupil("p-1", 0.3, base_log_odds=-3.0, log_odds=-1.0, **changes)
        seen = risk_model.redact(score, role, language="en")
        return PupilPageWriter(ROLES[role], CardWriter("en", compared=False)).write(seen, known)

    return write


def test_the_steps_of_both_waterfalls_are_the_numbers_of_the_reply(complete, known):
    score = max(complete.pupils, key=lambda score: score.risk)
    page = PupilPageWriter(ROLES["counsellor"], CardWriter("en", compared=False)).write(score, known)
    steps = page.reasons.steps[1:-1]
    given = [*score.raising, *score.lowering]
    assert [step.number for step in steps[:-1]] == [
        f"{item.contribution:+.2f}".replace("-", "−") for item in given
    ]
    assert [step.text for step in steps[:-1]] == [item.text for item in given]
    assert page.domains.steps[1].number == f"{max(score.domains.values()):+.2f}"


def test_results_of_tests_are_told_to_a_counsellor_only(written):
    how = {
        "raising": (TEST,), "domains": {"psychology": 2.0}, "missing": ("PHQ-9 refused",),
        "missing_sensitive": ("PHQ-9 refused",),
    }  # fmt: skip
    for_teacher, for_counsellor = repr(written(**how)), repr(written("counsellor", **how))
    for secret in ("MHT total 71", "PHQ-9 refused"):
        assert secret not in for_teacher
        assert secret in for_counsellor
    assert "ask the counsellor" in for_teacher  # for everybody, whether or not there is a test


def test_help_is_suggested_with_its_reasons_and_never_with_a_hidden_one(written):
    domains = {"attendance": 1.5, "grades": 0.1, "psychology": 0.3, "family": 0.2}
    facts = (fact("low_income"), fact("test_at_cut_off", "MHT total at its cut-off"))
    told = {"raising": (reason(points=0.3), TEST), "alerts": (alert(),), "domains": domains, "facts": facts}
    because = {item.text.split(":")[0]: item.because for item in written(**told).help}
    assert because == {
        "Home visit": "because: an alert",
        "Financial aid": "because: the family is on a register of support; household on minimum allowance",
    }
    assert "Counselling" in {item.text.split(":")[0] for item in written("counsellor", **told).help}


def test_who_is_not_judged_has_no_waterfall(written):
    page = written(band="unknown")
    assert (page.judged, page.domains, page.reasons) == (False, None, None)


def test_a_page_of_nobody_is_an_error_of_its_own(review):
    with pytest.raises(UnknownPupilError, match="no pupil of that id") as raised:
        review.pupil("secret-id")
    assert "secret-id" not in str(raised.value)


def test_a_date_before_the_first_record_is_an_error_of_its_own(risk_model, records):
    histories = Review.of(risk_model, records, AS_OF).histories
    enrolled = zip(histories.student_ids, histories.students["enrolled_on"].to_pylist(), strict=True)
    late = next(student for student, date in enrolled if date and date > dt.date(2024, 9, 10))
    early = Review.of(risk_model, records, "2024-09-09")
    with pytest.raises((DateError, UnknownPupilError)) as raised:
        early.pupil(late)
    assert raised.type is DateError


def test_an_unknown_role_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownRoleError, match="did you mean 'counsellor'"):
        reader_of_pages("councellor", Settings())


@pytest.mark.parametrize("role", ["parent", "auditor"])
def test_pages_are_for_those_who_work_with_the_pupils_by_name(role):
    with pytest.raises(SettingsError, match=role):
        reader_of_pages(role, Settings())


def test_a_role_without_marks_finds_none_on_any_page(risk_model, records, complete, tmp_path):
    Review.of(risk_model, records, AS_OF, language="en", role=ROLES["township"]).write(tmp_path)
    reasons = [item for score in complete.pupils for item in (*score.raising, *score.lowering)]
    marks = {item.text for item in reasons if item.domain == "grades"}
    assert marks
    for path in tmp_path.iterdir():
        page = unescape(path.read_text(encoding="utf-8"))
        assert [text for text in marks if text in page] == []
        assert "<h2>Marks</h2>" not in page


def test_a_folder_holds_a_page_for_each_listed_pupil_and_all_links_lead_somewhere(review, tmp_path):
    index = review.write(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    listed = [entry.score.student_id for group in review.watch_list.groups for entry in group.listed]
    assert listed
    assert {pupil_page_name(student) for student in listed} | {
        "cohort.html",
        "model.html",
        index.name,
    } < names
    for path in tmp_path.iterdir():
        links = re.findall(r'href="([^"#:]+)"', path.read_text(encoding="utf-8"))
        assert set(links) <= names


def test_the_cohorts_page_is_written_in_parts_that_lead_to_each_other(review, tmp_path, monkeypatch):
    monkeypatch.setattr("dropout_risk.pages.cohort_page.ON_A_PART", 1)
    review.write(tmp_path)
    parts = sorted(path.name for path in tmp_path.glob("cohort*.html"))
    assert len(parts) > 1
    for part in parts:
        links = re.findall(r'href="(cohort[^"]*)"', (tmp_path / part).read_text(encoding="utf-8"))
        assert {*links, part} == {*parts}
    with pytest.raises(UnknownPupilError, match="no such part"):
        review.cohort(part=len(parts) + 1)
    monkeypatch.undo()
    review.write(tmp_path)
    assert not (tmp_path / parts[0]).exists() or parts[0] == "cohort.html"


def test_pages_of_pupils_who_left_the_list_are_removed(review, tmp_path):
    (tmp_path / pupil_page_name("gone")).write_text("yesterday")
    review.write(tmp_path)
    assert not (tmp_path / pupil_page_name("gone")).exists()
    assert not is_our_page("pupil-notes.html")


def test_a_morning_that_is_written_again_leaves_every_file_and_its_time_alone(review, tmp_path):
    write_morning(review, tmp_path)
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_morning(review, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert {path.stat().st_mtime for path in tmp_path.iterdir()} == {1}


def test_a_page_that_says_something_else_is_written_and_no_other(review, tmp_path):
    index = review.write(tmp_path)
    for path in tmp_path.iterdir():
        os.utime(path, (1, 1))
    index.write_text("yesterday")
    review.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_mtime != 1] == [index.name]
    assert "yesterday" not in index.read_text(encoding="utf-8")


def test_a_page_that_others_may_read_is_written_again_for_its_owner_alone(review, tmp_path):
    index = review.write(tmp_path)
    index.chmod(0o644)
    review.write(tmp_path)
    assert index.stat().st_mode & 0o077 == 0


def test_a_page_that_fails_leaves_the_folder_as_it_was(tmp_path):
    (tmp_path / "index.html").write_text("yesterday")

    def pages():
        yield "cohort.html", "today"
        raise SettingsError("broken")

    with pytest.raises(SettingsError):
        write_folder(tmp_path, pages())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"index.html": "yesterday"}


def test_two_pupils_never_share_a_file():
    names = [
        FILES.pupil(student).lower() for student in (1, "1", "A", "a", "../a", "张三", "李四", "." * 300)
    ]
    assert len(set(names)) == len(names)


def test_the_lines_of_the_how_to_run(risk_model, records, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[3] / "docs/how-to/review-pages.md").read_text(encoding="utf-8")
    known = {"run": SimpleNamespace(model=risk_model), "records": records, "yesterday": None}
    exec(re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)[1], known)  # noqa: S102
    assert (tmp_path / "morning/cohort.html").exists()
    assert known["html"].startswith("<!doctype html>")


def test_the_same_review_gives_the_same_bytes(review):
    first = review.scores.pupils[0].student_id
    assert review.pupil(first) == replace(review).pupil(first)


def test_what_changed_and_what_would_change_it_are_shown_as_the_role_may_read_them(risk_model, review):
    score = max(review.scores.pupils, key=lambda pupil: pupil.risk)
    row = [review.histories.student_ids.index(score.student_id)]
    (change,) = risk_model.change(review.histories, "2025-02-24", AS_OF, row, language="en")
    (what_if,) = risk_model.what_if(review.histories, AS_OF, row, language="en")
    page = unescape(review.pupil(score.student_id))
    assert f"<li>{risk_model.redact(change, 'class_teacher', language='en').text}</li>" in page
    for option in risk_model.redact(what_if, "class_teacher", language="en").options:
        assert f"<li>{option.text}</li>" in page
    assert page.index("What would change the risk") < page.index(what_if.note)


def test_attendance_is_told_in_words_where_its_number_would_uncover_what_is_hidden(written):
    """Nothing else that the township may see adds anything: attendance covers, and stays on the page."""
    domains = {"attendance": 1.5, "grades": 0.4, "psychology": 0.3, "family": 0.0}
    page = written("township", raising=(reason("Absent on 40% of days"),), domains=domains)
    assert (page.domains, page.reasons) == (None, None)
    assert page.told == (("Also raises the risk (no number is shown)", ("Absent on 40% of days",)),)
