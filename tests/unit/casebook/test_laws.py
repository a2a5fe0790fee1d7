"""Whoever changes a book by hand breaks a law that the check names by its number, and no other."""

from contextlib import contextmanager
from dataclasses import fields
from string import Template

import pytest
import sqlalchemy as sa

from dropout_risk.casebook.case import Case
from dropout_risk.casebook.entry import Entry
from dropout_risk.casebook.laws import LAWS, broken_laws, check_book, digest_of_standings
from dropout_risk.casebook.notes import NoteKeys
from dropout_risk.casebook.tables import CASE, CLOCK, ENTRY, STANDING
from dropout_risk.errors import CaseBookError, CaseConflictError, LawBrokenError

NAMES = {
    "last": "(SELECT max(day) FROM clock)",
    "today": "(SELECT pupil FROM signal WHERE day = $last)",
    "live": "(SELECT min(id) FROM $case WHERE state = 'open' AND line = 'school' AND level = 0 "
    "AND pupil NOT IN $today)",
    "stirred": "(SELECT min(id) FROM $case WHERE state <> 'closed' AND line = 'school' AND pupil IN "
    "(SELECT pupil FROM signal WHERE day = $last AND line = 'school') "
    "AND pupil NOT IN (SELECT pupil FROM $case WHERE state = 'closed'))",
    "noted": "note IS NOT NULL AND $case = (SELECT min($case) FROM entry WHERE note IS NOT NULL)",
    "planned": "kind = 'plan' AND $case = (SELECT min($case) FROM entry WHERE kind = 'plan')",
    "went_up": "day < $last AND fate = 'passed_up'",
    "never_met": "$case NOT IN (SELECT $case FROM entry WHERE kind IN "
    "('meet', 'returned', 'refer', 'close'))",
    "columns": "line, pupil, school, state, level, owner, due, opened, turned, moved, outcome, met, signals, "
    "referrals, seq, hash",
    "case": '"case"',
}
"""What the changes below are about, by name."""
CHANGES = {
    "what an entry says": ({4}, """UPDATE entry SET data = '{"due": "2026-01-05"}' WHERE $planned"""),
    "what an entry says, to nonsense": ({4}, "UPDATE entry SET data = '[7]' WHERE $planned"),
    "the day of an entry": ({4}, "UPDATE entry SET day = '2025-08-01' WHERE $planned"),
    "who wrote an entry": ({4}, "UPDATE entry SET \"by\" = 'x' WHERE $planned"),
    "when it was written": (
        {4}, "UPDATE entry SET recorded_at = '2025-09-01 12:00:01.000000' WHERE $planned",
    ),
    "the verb of an entry": ({4}, "UPDATE entry SET kind = 'sing' WHERE kind = 'note'"),
    "the key of an entry": ({4}, "UPDATE entry SET key = 'x' WHERE kind = 'note'"),
    "the hash of an entry": ({4}, "UPDATE entry SET hash = 'x' WHERE $planned"),
    "a note, to that of another entry": (
        {4}, "UPDATE entry SET note = (SELECT o.note FROM entry o WHERE o.note IS NOT NULL AND "
        "o.$case <> entry.$case ORDER BY o.$case, o.seq LIMIT 1) WHERE $noted",
    ),
    "a note, to another": ({4}, "UPDATE entry SET note = $bytes WHERE $noted"),
    "a note, taken out": ({4}, "UPDATE entry SET note = NULL WHERE $noted"),
    "a note, put in": ({4}, "UPDATE entry SET note = $bytes WHERE $planned AND note IS NULL"),
    "an entry, taken out": ({4, 6}, "DELETE FROM entry WHERE seq = 1 AND $case = $live"),
    "the last entry of a case, taken out": ({4, 6}, "DELETE FROM entry WHERE kind = 'note'"),
    "all entries of a case, taken out": (
        {4, 6}, "DELETE FROM entry WHERE $case = (SELECT max(id) FROM $case)",
    ),
    "a case, taken out": ({4, 5, 6}, "DELETE FROM $case WHERE id = $live"),
    "an owner, to one without a right": ({2, 4}, "UPDATE $case SET owner = 'x' WHERE id = $live"),
    "an owner, to one with a right": (
        {4}, "INSERT INTO \"grant\" (person, role, scope, scope_id, \"from\", stands_for) "
        "VALUES ('x', 'class_teacher', 'county', '*', '2025-01-01', '')",
        "UPDATE $case SET owner = 'x' WHERE id = $live",
    ),
    "a level": ({2, 4}, "UPDATE $case SET level = 3 WHERE id = $live"),
    "a level that there is not": ({4}, "UPDATE $case SET level = 9 WHERE id = $live"),
    "a due day": ({4}, "UPDATE $case SET due = '2026-01-05' WHERE id = $live"),
    "the hash of a case": ({4}, "UPDATE $case SET hash = 'x' WHERE id = $live"),
    "signals of a case": ({4}, "UPDATE $case SET signals = '{}' WHERE id = $live"),
    "a state, closed without a word": (
        {1, 4}, "UPDATE $case SET state = 'closed', due = NULL WHERE id = $stirred",
    ),
    "rights, all taken away": ({2}, 'DELETE FROM "grant"'),
    "a second open case": (
        {1, 4, 6}, "DROP INDEX one_open",
        "INSERT INTO $case (id, $columns) SELECT (SELECT max(id) + 1 FROM $case), $columns "
        "FROM $case WHERE id = $live",
    ),
    "a signal that opened nothing": (
        {1}, "INSERT INTO signal (day, pupil, rule, line, since) "
        "SELECT $last, 'new', 'listed', 'school', $last",
    ),
    "a fate, forgotten": ({3}, "UPDATE round SET fate = NULL WHERE $went_up"),
    "a fate, made up": ({3}, "UPDATE round SET fate = 'done' WHERE $went_up AND $never_met"),
    "a fate, said to be held": ({3}, "UPDATE round SET fate = 'held' WHERE $went_up"),
    "a fate that there is not": ({3}, "UPDATE round SET fate = 'lost' WHERE $went_up"),
    "a case of a round, taken out": ({3}, "DELETE FROM round WHERE $went_up"),
    "a case of a round, put in": ({3}, "INSERT INTO round VALUES ('2025-08-01', 1, 'held')"),
    "a morning, taken out": ({3}, "DELETE FROM clock WHERE day = (SELECT min(day) FROM clock)"),
    "where a pupil stands": (
        {5}, "UPDATE standing SET part = 'nothing' WHERE at_school AND part = 'in_progress'",
    ),
    "where a pupil stands, to nowhere": (
        {5}, "UPDATE standing SET part = 'x' WHERE at_school AND part = 'today'",
    ),
    "parts of two pupils, exchanged": (
        {5}, "UPDATE standing SET part = CASE part WHEN 'today' THEN 'nothing' ELSE 'today' END "
        "WHERE pupil IN "
        "((SELECT min(pupil) FROM standing WHERE part = 'today' AND at_school), "
        "(SELECT min(pupil) FROM standing WHERE part = 'nothing' AND at_school))",
    ),
    "a pupil, to another": (
        {5}, "UPDATE standing SET pupil = 'new' WHERE pupil = (SELECT min(pupil) FROM standing "
        "WHERE part = 'nothing' AND at_school)",
    ),
    "a pupil, taken out": ({5}, "DELETE FROM standing WHERE pupil = 'p-1'"),
    "a look": ({4}, "UPDATE seen SET person = 'x' WHERE id = 2"),
    "a look, taken out": ({4, 6}, "DELETE FROM seen WHERE id = 3"),
    "the last look, taken out": ({6}, "DELETE FROM seen WHERE id = (SELECT max(id) FROM seen)"),
}  # fmt: skip
GUARDED = ("entry", "seen", "trial", "assigned")
TRIGGERS = {"sqlite": 11, "postgresql": 6}


def spelled_out(statement, dialect):
    names = NAMES | {"bytes": "'x'::bytea" if dialect == "postgresql" else "x'78'"}
    while "$" in statement:
        statement = Template(statement).substitute(names)
    return statement


@contextmanager
def changed_by_hand(book, *statements, triggers=False):
    """Change a book as its owner can, with nothing in the way; all is as before afterwards."""
    dialect = book.engine.dialect.name
    with book.engine.connect().execution_options(writes=True) as connection:
        transaction = connection.begin()
        if not triggers:
            drop_triggers(connection)
        for statement in statements:
            said = spelled_out(statement, dialect)
            assert connection.exec_driver_sql(said).rowcount, "nothing was changed"
        yield connection
        transaction.rollback()


def drop_triggers(connection):
    on_table = connection.dialect.name == "postgresql"
    names = "SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = ANY(ARRAY["
    listed = (
        connection.exec_driver_sql(names + ", ".join(f"'{name}'::regclass" for name in GUARDED) + "])")
        if on_table
        else connection.exec_driver_sql("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
    )
    found = listed.all()
    assert len(found) == TRIGGERS[connection.dialect.name]
    for name, table in found:
        connection.exec_driver_sql(f"DROP TRIGGER {name}" + (f" ON {table}" if on_table else ""))


def test_the_columns_of_the_tables_stand_in_the_order_in_which_rows_are_read():
    assert [column.name for column in CASE.columns] == [field.name for field in fields(Case)]
    assert [column.name for column in ENTRY.columns] == [field.name for field in fields(Entry)]


def test_a_book_that_nobody_changed_keeps_all_laws(lived):
    assert check_book(lived) == []


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_by_hand_is_named_by_its_law_and_by_no_other(lived, change):
    laws, *statements = CHANGES[change]
    with changed_by_hand(lived, *statements) as connection:
        found = broken_laws(connection, lived.keys)

    assert {broken.law for broken in found} == laws, [str(broken) for broken in found]


def test_every_law_is_broken_by_some_of_these():
    assert {law for laws, *_ in CHANGES.values() for law in laws} == LAWS.keys()


def test_a_law_is_named_without_any_pupil(lived):
    for _, *statements in CHANGES.values():
        with changed_by_hand(lived, *statements) as connection:
            told = " ".join(map(str, broken_laws(connection, lived.keys)))
        assert "p-" not in told
        assert "new" not in told.split()


def test_law_5_says_who_beside_its_message(lived):
    _, *statements = CHANGES["parts of two pupils, exchanged"]
    with lived.reading() as connection:
        first = sa.select(sa.func.min(STANDING.c.pupil)).where(STANDING.c.at_school)
        who = {connection.scalar(first.where(STANDING.c.part == part)) for part in ("today", "nothing")}
    with changed_by_hand(lived, *statements) as connection:
        (broken,) = broken_laws(connection, lived.keys)

    assert {*broken.pupils} == who
    assert broken.number == len(who) == 2


def test_where_pupils_stand_is_asked_of_cases_and_round_and_not_of_what_the_morning_counted(lived):
    """The fingerprint is put right as well: cases and round alone tell."""
    _, *statements = CHANGES["parts of two pupils, exchanged"]
    with changed_by_hand(lived, *statements) as connection:
        stood = digest_of_standings(connection.execute(sa.select(STANDING)))
        (report,) = connection.scalars(sa.select(CLOCK.c.report).order_by(CLOCK.c.day.desc()).limit(1))
        connection.execute(CLOCK.update().values(report={**report, "stood": stood}))
        assert [broken.law for broken in broken_laws(connection)] == [5]


def test_a_row_that_is_not_json_is_named_too(lived):
    if lived.engine.dialect.name == "postgresql":
        return  # it takes none
    with changed_by_hand(lived, "UPDATE entry SET data = 'no' WHERE $planned") as connection:
        assert {broken.law for broken in broken_laws(connection, lived.keys)} == {4}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry",
        "DELETE FROM seen",
        "UPDATE entry SET data = '{}'",
        "UPDATE entry SET hash = 'x' WHERE seq = 1",
        'UPDATE entry SET "case" = "case" + 100000',
        "UPDATE entry SET note = NULL WHERE note IS NOT NULL",
        "UPDATE entry SET note = $bytes WHERE note IS NULL",
        "UPDATE seen SET person = 'x'",
        "INSERT {or} INTO entry SELECT * FROM entry {set}",
        "INSERT {or} INTO seen SELECT * FROM seen {set}",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_written(lived, statement):
    """SQLite's INSERT OR REPLACE deletes without asking the trigger of deletion."""
    sqlite = lived.engine.dialect.name == "sqlite"
    key = "id" if "seen" in statement else '"case", seq'
    said = statement.replace("{or}", "OR REPLACE" if sqlite else "").replace(
        "{set}", "" if sqlite else f"ON CONFLICT ({key}) DO UPDATE SET hash = 'x'"
    )
    with (
        pytest.raises(sa.exc.DBAPIError, match="only ever added"),
        changed_by_hand(lived, said, triggers=True),
    ):
        pass


def test_a_note_that_is_put_to_another_row_is_not_read_there(lived):
    first, second = [entry for case in lived.cases() for entry in lived.entries(case.id) if entry.note][:2]
    assert lived.note_of(first)
    moved = type(first)(**{**vars(second), "note": first.note})
    with pytest.raises(Exception, match="not the one that was written there"):
        lived.note_of(moved)


def test_a_book_whose_entries_were_changed_is_not_made_again_of_them(new_url):
    from support.casebook_county import County, open_book

    book = open_book(new_url(), NoteKeys.new())
    County(pupils=20).work(book, 2)
    with book.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(sa.text("UPDATE \"case\" SET owner = 'x' WHERE id = 1"))
    assert book.rebuild() == 1
    assert check_book(book) == []
    with book.engine.connect().execution_options(writes=True) as connection, connection.begin():
        drop_triggers(connection)
        connection.execute(sa.text("UPDATE entry SET kind = 'sing' WHERE \"case\" = 1"))
    with pytest.raises(LawBrokenError, match="law 4"):
        book.rebuild()


def test_a_key_that_names_another_act_is_refused_and_the_same_act_is_done_once(lived):
    case = next(case for case in lived.cases() if case.state == "open")
    written = {"note": "没有人在家", "case": case.id}
    day = lived.today()
    before = len(lived.entries(case.id))

    assert lived.write("note", day, case.owner, "a-note", **written).id == case.id
    assert len(lived.entries(case.id)) == before
    for verb, number in (("note", case.id + 1), ("correct", case.id)):
        with pytest.raises(Exception, match="key names another act"):
            lived.write(verb, day, case.owner, "a-note", case=number, data={"wrong": "register"})


def test_who_writes_upon_what_another_has_not_read_is_refused(lived):
    old = next(case for case in lived.cases() if case.state == "open" and case.seq > 1)
    stale = type(old)(**{**vars(old), "seq": old.seq - 1})
    with pytest.raises(CaseConflictError, match="first"):
        lived.write("note", lived.today(), old.owner, "stale", case=stale, note="x")


def test_looking_for_a_book_that_is_not_there_makes_none(tmp_path):
    from dropout_risk.casebook.book import Book

    with pytest.raises(CaseBookError, match="no case book"):
        Book.open(f"sqlite:///{tmp_path}/none.db", create=False)
    assert [*tmp_path.iterdir()] == []
