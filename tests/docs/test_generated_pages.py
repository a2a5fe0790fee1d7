import re
from pathlib import Path

from dropout_risk.access.access_page import access_page
from dropout_risk.pages.errors_page import error_ways, errors_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_errors_is_not_stale():
    assert (DOCS / "reference/errors.md").read_text(encoding="utf-8") == errors_page(), "run: make docs"


def test_the_page_of_access_is_not_stale():
    assert (DOCS / "reference/access.md").read_text(encoding="utf-8") == access_page(), "run: make docs"


def test_every_error_code_is_used_once():
    rows = codes_of_page()

    assert rows
    assert len(rows) == len(set(rows))


def codes_of_page():
    return re.findall(r"^\| \[(DR\d+)\]", errors_page(), re.MULTILINE)


def test_every_error_has_two_or_three_ways_in_which_it_happens():
    ways = error_ways()

    assert {code for code in codes_of_page() if len(ways.get(code, ())) not in (2, 3)} == set()


def test_ways_are_those_of_errors_that_there_are():
    assert error_ways().keys() <= set(codes_of_page())


def test_each_way_is_a_short_sentence_of_its_own():
    every = [way for ways in error_ways().values() for way in ways]

    assert [way for way in every if len(way) > 110 or not way.endswith(".") or way != way.strip()] == []


def test_the_page_tells_every_way_in_the_section_of_its_code():
    sections = dict(re.findall(r"^### (DR\d+)\n(.*?)(?=^### |\Z)", errors_page(), re.MULTILINE | re.DOTALL))

    assert sections.keys() == set(codes_of_page())
    assert all(f"- {way}\n" in sections[code] for code, ways in error_ways().items() for way in ways)
