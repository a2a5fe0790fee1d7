from pathlib import Path

from dropout_risk.pages.errors_page import errors_page

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_errors_is_not_stale():
    assert (DOCS / "reference/errors.md").read_text(encoding="utf-8") == errors_page(), "run: make docs"


def test_every_error_code_is_used_once():
    rows = [line.split("|")[1].strip() for line in errors_page().splitlines() if line.startswith("| DR")]

    assert len(rows) == len(set(rows))
