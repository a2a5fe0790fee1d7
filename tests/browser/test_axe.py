"""Axe finds nothing to mend on any kind of page, for each role that reads pages, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from serving.review import ReviewRoom

from dropout_risk.access.reader import LOCAL_READER
from dropout_risk.catalogue.alert_kinds import CRITICAL_ITEM
from dropout_risk.evaluation.model_card.card import card_page, model_card
from dropout_risk.evaluation.model_card.card_figures import card_figures
from dropout_risk.evaluation.model_card.caution import report_in
from dropout_risk.evaluation.model_card.versions import versions_page
from dropout_risk.features.cohort import histories_of
from dropout_risk.pages.links import pupil_page_name, served_under
from dropout_risk.pages.review import Review
from dropout_risk.scoring.readers.roles import ROLES
from dropout_risk.settings import UNKNOWN_BAND, WatchListSettings
from support.confidential import AS_OF, district

LANGUAGES = ("zh", "en")
READERS = ("class_teacher", "principal", "counsellor", "county")
A_WEEK_BEFORE = "2025-02-24"
FEW = WatchListSettings(capacity=30)


@pytest.fixture(scope="module")
def tab(browser):
    """A tab as wide as a phone, which runs no script of a page's own."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()


def violations(tab, page):
    """Give what axe finds on a page, with the elements that it is about."""
    if isinstance(page, Path):
        tab.goto(page.as_uri())
    else:
        tab.set_content(page)
    found = Axe().run(tab).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]


@pytest.fixture(scope="module")
def histories():
    return histories_of(district(240, silent=6))


@pytest.fixture(scope="module", params=[(role, language) for role in READERS for language in LANGUAGES])
def review(request, risk_model, histories):
    """The morning of one role in one language, a week after the list before."""
    role, language = request.param
    how = {"language": language, "role": ROLES[role], "settings": FEW}
    before = Review.of(risk_model, histories, A_WEEK_BEFORE, **how).watch_list
    return Review.of(risk_model, histories, AS_OF, **how, previous=before)


@pytest.fixture(scope="module")
def folder(review, tmp_path_factory):
    place = tmp_path_factory.mktemp("pages")
    review.write(place)
    return place


def pupils_of_every_kind(review):
    """Name one listed pupil of each kind: by its alerts, with a critical answer, not judged, and the rest."""
    listed = {*review.listed_ids}
    pupils = [pupil for pupil in review.scores.pupils if pupil.student_id in listed]
    crisis = [item for item in pupils if any(alert.rule == CRITICAL_ITEM for alert in item.alerts)]
    kinds = {
        "crisis": crisis,
        "alert": [item for item in pupils if item.alerts and item not in crisis],
        "not judged": [item for item in pupils if item.band == UNKNOWN_BAND],
        "calm": [item for item in pupils if not item.alerts and item.band != UNKNOWN_BAND],
    }
    return {kind: str(found[0].student_id) for kind, found in kinds.items() if found}


def test_axe_finds_nothing_on_the_pages_of_a_morning(tab, review, folder):
    pages = [folder / name for name in ("index.html", "cohort.html", "model.html")]
    lists = [[*folder.glob(pattern)] for pattern in ("school-*.html", "list-*.html")]
    pages += [max(found, key=lambda path: path.stat().st_size) for found in lists]
    pupils = pupils_of_every_kind(review)
    pages += [folder / pupil_page_name(pupil) for pupil in pupils.values()]
    found = {page.name: violations(tab, page) for page in pages}
    assert {name: rules for name, rules in found.items() if rules} == {}
    assert ("crisis" in pupils) == (review.role.name == "counsellor")
    assert {"alert", "not judged", "calm"} <= pupils.keys()


def test_axe_finds_nothing_on_the_pages_that_only_the_service_has(tab, review, risk_model):
    room = ReviewRoom(risk_model, Path(), review.role, review.language)
    room.review_for = lambda language, scope: review
    links = served_under("/review", review.language)
    asked = [("/review/pupils", None, {"sort": "class"}), ("/review/pupil", "nobody", {}),
             ("/review", None, {})]  # fmt: skip
    for path, rest, fields in asked:
        page = room._page(path, rest, (review.language, LOCAL_READER, review.scope), links, fields)
        assert violations(tab, page.html) == [], path


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_the_card_and_on_two_versions_side_by_side(tab, risk_model, language):
    report = report_in(risk_model.metrics)
    card = card_page(model_card(report, language=language), language, card_figures(report, language))
    assert violations(tab, card) == []
    assert violations(tab, versions_page(report, report, ("1", "2"), language)) == []


def test_axe_finds_a_picture_without_words(tab, review, folder):
    """Or the tests above would be green because axe looks at nothing."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert violations(tab, page.replace("</main>", '<img src="x"></main>')) != []
