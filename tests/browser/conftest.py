"""One small district with names that no page may run, one review of it, and one browser for all tests."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright
from serving.review import day_after

from dropout_risk.features.cohort import histories_of
from dropout_risk.pages.review import Review
from dropout_risk.records.school_records import SchoolRecords
from dropout_risk.simulate.district import simulate_tables
from support import machine
from support.reviewed import AS_OF, EVIL, EVIL_SCHOOL, PAGES, Watched


@pytest.fixture(scope="session")
def district(risk_model):
    """Simulated records in which a pupil at risk on both days shown has an evil name, and its school."""
    tables = {name: table.to_pandas() for name, table in simulate_tables(160, 5, n_days=200).tables.items()}
    records = SchoolRecords.from_tables(**tables)
    later = day_after(histories_of(records)).isoformat()
    then, last = ({p.student_id: p for p in risk_model.score(records, day).pupils} for day in (AS_OF, later))
    risks = {name: min(then[name].risk, last[name].risk) for name in sorted(then.keys() & last)}
    worst = then[max(risks, key=lambda name: risks[name])]
    for frame in tables.values():
        for column, old, new in (
            ("student_id", worst.student_id, EVIL),
            ("school_id", worst.school_id, EVIL_SCHOOL),
        ):
            if column in frame:
                frame[column] = frame[column].astype(object).replace(old, new)
    return SchoolRecords.from_tables(**tables, synthetic=True)


@pytest.fixture(scope="session")
def reviews(risk_model, district):
    """The review of one day in both languages, compared with the week before."""
    made = {}
    for language in ("zh", "en"):
        before = Review.of(risk_model, district, "2025-05-26", language=language).watch_list
        made[language] = Review.of(risk_model, district, AS_OF, language=language, previous=before)
    return made


@pytest.fixture(scope="session")
def folders(reviews, tmp_path_factory):
    """The pages as files, by language."""
    places = {language: tmp_path_factory.mktemp(f"pages-{language}") for language in reviews}
    for language, place in places.items():
        reviews[language].write(place)
    return places


@pytest.fixture(scope="module")
def browser():
    """The machine's Chromium; it must be gone before other tests run loops of events."""
    machine.require(machine.BROWSER, machine.FONTS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=machine.browser(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def opened(browser, folders):
    """The five kinds of page in both languages, each open in a tab of its own, and watched."""
    tabs = {}
    for language, folder in folders.items():
        for name in PAGES:
            tabs[language, name] = Watched(browser.new_page())
            tabs[language, name].page.goto((folder / name).as_uri())
    return tabs
