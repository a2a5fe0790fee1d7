from pathlib import Path

import pytest

from dropout_risk.catalogue.default import default_catalogue
from dropout_risk.catalogue.factors import FACTORS
from dropout_risk.catalogue.instruments import default_instruments
from dropout_risk.catalogue.render import catalogue_page, catalogue_table, markdown_table, write_page
from dropout_risk.text import LANGUAGES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "catalogue.md"
CATALOGUE = default_catalogue()


def test_the_reference_page_is_not_stale(tmp_path):
    write_page(str(tmp_path / "catalogue.md"))

    assert PAGE.read_text(encoding="utf-8") == (tmp_path / "catalogue.md").read_text(encoding="utf-8"), (
        "run: python -m dropout_risk.catalogue.render docs/reference/catalogue.md"
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_has_one_full_row_per_feature(language):
    rows = catalogue_table(CATALOGUE, language)

    assert [next(iter(row.values())) for row in rows] == CATALOGUE.names
    assert len({tuple(row) for row in rows}) == 1
    assert all(cell for row in rows for cell in row.values())


def test_the_page_holds_every_name_once_per_language():
    page = catalogue_page(CATALOGUE, default_instruments(), FACTORS.values())

    for name in CATALOGUE:
        assert page.count(f"\n| {name} |") == len(LANGUAGES)
    for code in default_instruments():
        assert page.count(f"### {code} ") == len(LANGUAGES)
    for code in FACTORS:
        assert page.count(f"| `{code}` |") == len(LANGUAGES)


def test_a_catalogue_with_one_domain_leaves_out_the_others():
    page = catalogue_page(CATALOGUE.select(["boarding"]), default_instruments(), ())

    assert "### Family (1)" in page
    assert "### Grades" not in page


def test_a_table_without_rows_is_empty():
    assert markdown_table([]) == ""
