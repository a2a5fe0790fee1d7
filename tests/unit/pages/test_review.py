import datetime as dt
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from dropout_risk.errors import DateError, SettingsError, UnknownPupilError
from dropout_risk.pages.card import CardWriter
from dropout_risk.pages.links import FILES, is_our_page, pupil_page_name
from dropout_risk.pages.pupil_page import PupilPageWriter
from dropout_risk.pages.review import Review
from dropout_risk.pages.roles import as_seen_by, role_of
from dropout_risk.pages.watch_list_page import write_folder
from dropout_risk.scoring.scores import PupilScore
from dropout_risk.simulate.district import simulate_district
from support.lists import alert, pupil, reason

AS_OF = "2025-03-03"
TEST = reason("MHT total 71", 0.2, domain="psychology", feature="mht_total", cause="wellbeing")


@pytest.fixture(scope="module")
def records():
    return simulate_district(n_students=120, seed=11)


@pytest.fixture(scope="module")
def review(risk_model, records):
    return Review.of(risk_model, records, AS_OF, language="en")


@pytest.fixture(scope="module")
def known(review):
    return review.histories.take([0]).on(AS_OF)


def written(known, role="class_teacher", language="en", **changes):
    score = pupil("p-1", 0.3, base_log_odds=-3.0, log_odds=-1.0, **changes)
    seen = as_seen_by(role, score, None, language)
    return PupilPageWriter(language, role, CardWriter(language, compared=False)).write(seen, known)


def told(page):
    return repr(page)


def test_the_steps_of_both_waterfalls_are_the_numbers_of_the_reply(review, known):
    score = max(review.scores.pupils, key=lambda score: score.risk)
    page = PupilPageWriter("en", "counsellor", CardWriter("en", compared=False)).write(score, known)
    steps = page.reasons.steps[1:-1]
    given = [*score.raising, *score.lowering]
    assert [step.number for step in steps[:-1]] == [
        f"{item.contribution:+.2f}".replace("-", "−") for item in given
    ]
    assert [step.text for step in steps[:-1]] == [item.text for item in given]
    assert page.domains.steps[1].number == f"{max(score.domains.values()):+.2f}"


def test_results_of_tests_are_told_to_a_counsellor_only(known):
    how = {
        "raising": (TEST,), "domains": {"psychology": 2.0}, "missing": ("PHQ-9 refused",),
        "missing_sensitive": ("PHQ-9 refused",),
    }  # fmt: skip
    for_teacher, for_counsellor = told(written(known, **how)), told(written(known, "counsellor", **how))
    for secret in ("MHT total 71", "PHQ-9 refused"):
        assert secret not in for_teacher
        assert secret in for_counsellor
    assert "ask the counsellor" in for_teacher


def test_help_is_suggested_with_its_reasons_and_never_with_a_hidden_one(known):
    page = written(known, raising=(reason(points=0.3), TEST), alerts=(alert(),))
    because = {item.text.split(":")[0]: item.because for item in page.help}
    assert because == {
        "Home visit": "because: today's alert; Absent on 35% of the last 20 school days",
        "Counselling": "",
    }


def test_who_is_not_judged_has_no_waterfall(known):
    page = written(known, band="unknown")
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
    with pytest.raises(SettingsError, match="did you mean 'counsellor'"):
        role_of("councellor")


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


def test_pages_of_pupils_who_left_the_list_are_removed(review, tmp_path):
    (tmp_path / pupil_page_name("gone")).write_text("yesterday")
    review.write(tmp_path)
    assert not (tmp_path / pupil_page_name("gone")).exists()
    assert not is_our_page("pupil-notes.html")


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


class Answering:
    """A model that can also say why a risk changed and what would change it."""

    def __init__(self, model):
        self._model, self.asked = model, []

    def __getattr__(self, name):
        return getattr(self._model, name)

    def change(self, histories, before, now, pupils, *, language):
        self.asked.append((before, now))
        ids = [histories.student_ids[row] for row in pupils]
        return [SimpleNamespace(student_id=student, text=f"Rose {language}") for student in ids]

    def what_if(self, histories, as_of, pupils, *, language):
        option = SimpleNamespace(text="If present")
        ids = [histories.student_ids[row] for row in pupils]
        return [SimpleNamespace(student_id=of, options=[option], note="No promise", text="") for of in ids]

    def redact(self, answer, role, *, language):
        if isinstance(answer, PupilScore):
            return answer
        return SimpleNamespace(**vars(answer) | {"text": f"{answer.text} for {role}"})


def test_what_the_model_says_of_change_is_shown_as_the_role_may_read_it(review):
    model = Answering(review.model)
    asked = replace(review, model=model)
    page = asked.pupil(next(score.student_id for score in review.scores.pupils if score.band != "unknown"))
    assert "<li>Rose en for class_teacher</li>" in page
    assert page.index("What would change the risk") < page.index("If present") < page.index("No promise")
    assert model.asked == [(dt.date(2025, 2, 24), dt.date(2025, 3, 3))]


def test_what_a_role_sees_of_a_score_still_adds_up():
    raising = (reason("a", 0.3), TEST, reason("c", 0.1), reason("MHT lie 9", 0.05, domain="psychology"))
    before = pupil("p", raising=raising)
    seen = as_seen_by("class_teacher", before, None, "en")
    assert [item.text for item in seen.raising] == [
        "a",
        "Well-being test (confidential: ask the counsellor)",
        "c",
    ]
    for side in ("contribution", "points"):
        totals = [sum(getattr(item, side) for item in score.raising) for score in (before, seen)]
        assert totals[0] == pytest.approx(totals[1])
