"""The page of mappings names the tables, statuses and other closed words that are declared, and no others."""

import re
from pathlib import Path

import pytest

from dropout_risk.records.tables import CLOSED_WORDS, TABLES

PAGE = Path(__file__).parents[2] / "docs/how-to/map-your-tables.md"


def words_of_row(part):
    """The words that a row of the page says may stand in a part of a mapping."""
    (row,) = re.findall(rf"^\| `\[{re.escape(part)}\]` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    return tuple(re.findall(r"`(\w+)`", row))


@pytest.mark.parametrize("kind", CLOSED_WORDS)
def test_the_page_lists_the_words_that_a_word_may_mean(kind):
    assert words_of_row(f"words.{kind}") == CLOSED_WORDS[kind]


def test_the_page_lists_the_tables_that_a_file_may_be():
    assert words_of_row("tables") == tuple(TABLES)
