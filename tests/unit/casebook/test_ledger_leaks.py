"""Role by ledger by confidential word: no file holds what its reader may not see, on any line of a case."""

import itertools

import pytest
from python_calamine import CalamineWorkbook

from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.paperwork import ledger_rows, ledger_values
from dropout_risk.casebook.paperwork.county_list import CountyList
from dropout_risk.casebook.paperwork.ledger_rows import LedgerRow, read_everybody
from dropout_risk.casebook.paperwork.ledgers import LEDGERS, ledger_sheets, write_ledgers
from dropout_risk.casebook.rights import CASE_ROLES, RIGHTS, Part, may
from dropout_risk.casebook.tables import CASE
from dropout_risk.casebook.words import QUESTIONS
from dropout_risk.errors import CaseRightError
from dropout_risk.text import LANGUAGES
from support.ledger_county import PEOPLE, THIRD, lived_book, write_roll

PERSONS = {grant.role: grant.person for grant in PEOPLE.grants}
NOTE = "奶奶说在镇上姑姑家"
ON_NO_PAPER = [
    NOTE,
    "（学号 gone）",
    "(id gone)",
    *(
        word.text.to(language)
        for language in LANGUAGES
        for question, key in (
            ("difficulty", "mental_health"),
            ("way", "counselling"),
            ("result", "unwilling"),
        )
        for word in QUESTIONS[question].words
        if word.key == key
    ),
]
"""What no reader may find: a note, whom the book knows by a counsellor's case alone, what it talked of."""


@pytest.fixture(scope="module")
def book():
    made = lived_book()
    made.keys = NoteKeys.new()
    made.write("note", THIRD, "head-1", "a note", case=made.case_of("month"), note=NOTE, today=THIRD)
    return made


@pytest.fixture(scope="module")
def roll(tmp_path_factory):
    return CountyList.from_file(write_roll(tmp_path_factory.mktemp("roll")))


def told_cells(book, roll, ledger, language):
    """What each part of a ledger tells of anybody at all, by the cells of whoever reads everything."""
    told: dict[Part, set[str]] = {}
    for row in ledger.rows(read_everybody(book, THIRD, roll).rows):
        for column in ledger.columns:
            told.setdefault(column.part, set()).add(column.cell(row, language))
    return told


def secret_words(book, roll, role, ledger, language):
    """What a role may not find in a ledger: the cells of the parts that it may not see, and of no other."""
    told = told_cells(book, roll, ledger, language)
    seen = {part for part in told if may([role], "see", part)}
    open_text = "\n".join([THIRD.isoformat(), *(cell for part in seen for cell in told[part])])
    hidden = {cell for part in told.keys() - seen for cell in told[part] if len(cell) > 1}
    return {cell for cell in hidden if cell not in open_text} | {*ON_NO_PAPER}


def cells_of_files(folder, title):
    """Every cell of a ledger's workbook, and its CSV files whole."""
    workbook = CalamineWorkbook.from_path(folder / f"{title}.xlsx")
    sheets = [workbook.get_sheet_by_name(name).to_python() for name in workbook.sheet_names]
    yield from (str(cell) for rows in sheets for row in rows for cell in row)
    yield from (path.read_text(encoding="utf-8-sig") for path in folder.glob(f"{title}*.csv"))


def found_words(book, roll, folder):
    """Every (role, ledger, word) that stands in a file and may not."""
    found = set()
    for role, language in itertools.product(CASE_ROLES, LANGUAGES):
        out = folder / f"{role}-{language}"
        secrets = {
            ledger.title.to(language): secret_words(book, roll, role, ledger, language) for ledger in LEDGERS
        }
        try:
            everybody = read_everybody(book, THIRD, roll, person=PERSONS[role])
        except CaseRightError:
            continue
        write_ledgers(everybody, out, THIRD, language)
        for title, words in secrets.items():
            text = "\n".join(cells_of_files(out, title))
            found |= {(role, title, word) for word in words if word in text}
    return found


def test_no_file_of_a_ledger_holds_a_word_that_its_reader_may_not_see(book, roll, tmp_path):
    assert found_words(book, roll, tmp_path) == set()
    written = {path.name.partition("-")[0] for path in tmp_path.iterdir()}
    assert written == {
        role for role in CASE_ROLES if any((role, part, "see") in RIGHTS for part in ("where", "plan"))
    }


def test_every_column_of_a_part_that_somebody_may_not_see_is_searched_for(book, roll):
    """The words come of the declared columns: of each hidden part that tells anything there are some."""
    for role, ledger in itertools.product(CASE_ROLES, LEDGERS):
        told = told_cells(book, roll, ledger, "zh")
        hidden = [
            part for part in told if not may([role], "see", part) and any(len(c) > 3 for c in told[part])
        ]
        words = secret_words(book, roll, role, ledger, "zh") - {*ON_NO_PAPER}
        assert bool(words) >= bool(hidden), (role, ledger.title.en)


FOLDED = [
    part
    for part in dict.fromkeys(column.part for ledger in LEDGERS for column in ledger.columns)
    if part != "plan"  # which only a parent may not see, who reads no ledger
]


@pytest.mark.parametrize("part", FOLDED)
def test_a_part_that_is_not_folded_away_is_found(book, roll, tmp_path, monkeypatch, part):
    folded = LedgerRow.shows
    monkeypatch.setattr(
        LedgerRow, "shows", lambda row, asked: (asked == part and bool(row.roles)) or folded(row, asked)
    )

    assert {role for role, _, _ in found_words(book, roll, tmp_path)} == {
        role for role in CASE_ROLES if (role, part, "see") not in RIGHTS
    }


FOLDS_OF_CARE = {
    "the words for moods": lambda patch: patch.setattr(ledger_values, "_NOT_ON_PAPER", ()),
    "the counsellor's contacts": lambda patch: patch.setattr(ledger_rows, "_COUNSELLING", "no way"),
    "the line of a case": lambda patch: patch.setattr(ledger_rows, "SCHOOL_LINE", CASE.c.line != "no line"),
}


@pytest.mark.parametrize("fold", FOLDS_OF_CARE)
def test_what_only_counsellors_know_is_found_where_one_fold_is_taken_out(
    book, roll, tmp_path, monkeypatch, fold
):
    FOLDS_OF_CARE[fold](monkeypatch)

    assert {word for _, _, word in found_words(book, roll, tmp_path)} & {*ON_NO_PAPER}


def test_the_sheets_that_are_searched_are_those_of_every_declared_ledger(book, roll):
    rows = read_everybody(book, THIRD, roll).rows
    assert all(any(sheet.rows for sheet in ledger_sheets(ledger, rows, THIRD)) for ledger in LEDGERS)
