import datetime as dt
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Event, Timer

import pytest
import sqlalchemy as sa

from dropout_risk.access import audit as audit_room
from dropout_risk.access.audit import AUDIT, Audit
from dropout_risk.casebook.book import Book, book_engine
from dropout_risk.errors import AuditError
from dropout_risk.exchange.pseudonyms import Pseudonyms
from support import machine
from support.postgres import _FAST, started_server

NAMES = Pseudonyms(b"a key of the audit, long enough for it")
PUPILS = {f"p-{number}": "principal" for number in range(3)}


@pytest.fixture
def audit(book_url):
    return Audit.open(book_url, NAMES)


def noted(audit, person="h-1", pupils=PUPILS, act="/score", request="r-1"):
    audit.note(person, act, pupils, model="county 1 abc", request=request)
    return audit


def engine_of(audit):
    return audit._database.engine


def without_guards(audit):
    """What whoever owns the database can do: take the triggers away first."""
    connection = engine_of(audit).connect().execution_options(writes=True)
    names = ["audit_same"] + (["audit_stays", "audit_new"] if connection.dialect.name == "sqlite" else [])
    for name in names:
        on = "" if connection.dialect.name == "sqlite" else " ON audit"
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")
    return connection


def test_who_saw_a_pupil_is_told_with_when_role_and_model(audit):
    noted(audit, pupils={"p-1": "principal"})
    noted(audit, "c-1", {"p-1": "counsellor", "p-2": "counsellor"}, act="/review/pupil")
    rows = audit.who_saw("p-1")
    assert [(row.person, row.role, row.act, row.model) for row in rows] == [
        ("h-1", "principal", "/score", "county 1 abc"),
        ("c-1", "counsellor", "/review/pupil", "county 1 abc"),
    ]
    assert abs(rows[0].at - dt.datetime.now(dt.UTC).replace(tzinfo=None)) < dt.timedelta(minutes=1)
    assert [row.person for row in audit.who_saw("p-2")] == ["c-1"]
    assert audit.who_saw("p-3") == []


def test_a_page_of_many_is_told_of_every_pupil(audit):
    noted(audit, pupils={"": "principal"}, act="/review")
    assert [row.act for row in audit.who_saw("p-1")] == ["/review"]


def test_no_pupil_is_named_and_other_keys_find_nobody(audit, book_url):
    noted(audit, pupils={"ZHANGSAN": "principal"})
    with engine_of(audit).connect() as connection:
        assert "ZHANGSAN" not in str(connection.execute(sa.select(AUDIT)).all())
    assert Audit.open(book_url, Pseudonyms(b"another key that is long enough too")).who_saw("ZHANGSAN") == []


def test_names_that_differ_in_their_letters_alone_are_two_pupils(audit):
    noted(audit, pupils={"p-a": "principal"})
    assert audit.who_saw("P-A") == []


def test_a_chain_as_it_was_written_holds(audit):
    for number in range(5):
        noted(audit, request=str(number))
    rows, head, broken = audit.check()
    assert (rows, broken, audit.holds(head), audit.holds("x")) == (15, [], True, False)


@pytest.mark.parametrize("column", ["person", "role", "act", "pupil", "model", "request", "at"])
def test_a_row_of_which_anything_is_changed_is_named(audit, column):
    noted(noted(audit))
    other = dt.datetime(2025, 1, 1) if column == "at" else "other"
    with without_guards(audit) as connection:
        connection.execute(AUDIT.update().where(AUDIT.c.id == 2).values({column: other}))
        connection.commit()
    assert audit.check().broken == [2]


def test_rows_that_are_taken_out_are_told_by_the_next_one(audit):
    noted(noted(audit))
    with without_guards(audit) as connection:
        connection.execute(AUDIT.delete().where(AUDIT.c.id.in_([3, 4])))
        connection.commit()
    assert audit.check().broken == [5]


def test_an_end_that_is_cut_off_is_told_by_a_head_that_was_kept(audit):
    head = noted(noted(audit)).check().head
    with without_guards(audit) as connection:
        connection.execute(AUDIT.delete().where(AUDIT.c.id > 4))
        connection.commit()
    assert audit.check().broken == []
    assert not audit.holds(head)


@pytest.mark.parametrize(
    "statement",
    [
        AUDIT.update().values(person="x"),
        AUDIT.delete(),
        AUDIT.delete().where(AUDIT.c.id == 1),
    ],
)
def test_the_database_itself_refuses_to_change_or_delete(audit, statement):
    noted(audit)
    writing = engine_of(audit).connect().execution_options(writes=True)
    with writing as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(statement)
    assert audit.check().rows == 3


def test_a_failure_writes_nothing_of_anybody_who_waits(audit, monkeypatch):
    """One writes for all who wait: all of them are told that nothing was written."""
    begun, go = Event(), Event()
    append = audit_room.append_rows

    def late(connection, table, rows):
        begun.set()
        assert go.wait(20)
        append(connection, table, rows)
        if len(rows) > 3:
            raise sa.exc.OperationalError("x", {}, OSError())

    monkeypatch.setattr(audit_room, "append_rows", late)
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(noted, audit)
        assert begun.wait(20)
        others = [threads.submit(noted, audit, request=str(number)) for number in range(3)]
        while len(audit._waiting.rows) < 9:
            pass
        go.set()
    assert first.exception() is None
    assert [type(other.exception()) for other in others] == [AuditError] * 3
    assert audit.check()[::2] == (3, [])


def test_a_person_of_any_name_is_written_down(audit):
    noted(audit, person="t\x001" + "x" * 300)
    assert audit.who_saw("p-1")[0].person.startswith("t1xx")


def test_writers_at_the_same_time_make_one_chain(audit, book_url):
    others = [Audit.open(book_url, NAMES) for _ in range(3)]
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: noted(others[number % 3], request=str(number)), range(30)))
    rows, _, broken = audit.check()
    assert (rows, broken) == (90, [])


def test_two_that_begin_an_audit_at_once_begin_one(book_url):
    with ThreadPoolExecutor(4) as threads:
        opened = list(threads.map(lambda _: Audit.open(book_url, NAMES), range(4)))
    assert [noted(audit).check().broken for audit in opened] == [[]] * 4


def test_who_opens_a_file_while_another_writes_its_first_row_waits(tmp_path):
    """Of all that SQLite does it does not wait for a writer when the journal is chosen."""
    with closing(
        sqlite3.connect(tmp_path / "audit.db", isolation_level=None, check_same_thread=False)
    ) as first:
        first.execute("begin immediate")
        done = Timer(0.3, first.commit)
        done.start()
        assert Audit.open(f"sqlite:///{tmp_path}/audit.db", NAMES).check().rows == 0
        done.join()


def test_an_audit_that_is_not_there_is_no_empty_one(tmp_path):
    with pytest.raises(AuditError, match="no audit there"):
        Audit.open(f"sqlite:///{tmp_path}/none.db", NAMES, create=False)
    assert not (tmp_path / "none.db").exists()


def test_an_audit_may_lie_in_the_database_of_the_case_book(book_url):
    Book.open(book_url)
    noted(Audit.open(book_url, NAMES))
    assert Audit.open(book_url, NAMES, create=False).check().rows == 3
    assert sa.inspect(book_engine(book_url)).has_table("entry")


def test_a_database_that_is_away_is_an_error_of_ours_without_a_value(tmp_path):
    audit = Audit.open(f"sqlite:///{tmp_path}/audit.db", NAMES)
    (tmp_path / "audit.db").unlink()  # what is open could still be written to, and nobody would find it
    with pytest.raises(AuditError) as caught:
        noted(audit, pupils={"ZHANGSAN": "principal"})
    assert "ZHANGSAN" not in str(caught.value)


@pytest.mark.slow
def test_a_server_that_goes_away_is_an_error_and_one_that_comes_back_goes_on():
    machine.require(machine.POSTGRES)
    with started_server() as server:
        audit = noted(Audit.open(server.new_url(), NAMES))
        server.run("pg_ctl", "-D", "data", "-m", "immediate", "stop")
        with pytest.raises(AuditError):
            noted(audit)
        server.run("pg_ctl", "-D", "data", "-l", "log", "-w", "-o", f"-k {server.folder} {_FAST}", "start")
        assert noted(audit).check()[::2] == (6, [])


def test_a_word_counts_once_for_all_who_share_the_audit_and_again_when_its_time_is_over(book_url):
    moment = [dt.datetime(2025, 3, 3)]
    workers = [Audit(Audit.open(book_url, NAMES)._database, NAMES, now=lambda: moment[0]) for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda turn: workers[turn % 2].take_once("n-1", 60), range(8)))
    assert sorted(taken) == [False] * 7 + [True]
    assert workers[0].take_once("n-2", 60)
    moment[0] += dt.timedelta(seconds=61)
    assert workers[1].take_once("n-1", 60)
    with engine_of(workers[0]).connect() as connection:
        words = connection.execute(sa.select(audit_room.TAKEN.c.word)).scalars().all()
    assert len(words) == 1
    assert "n-1" not in words


def test_an_audit_of_before_is_given_the_table_of_what_counts_once(book_url):
    audit = Audit.open(book_url, NAMES)
    with engine_of(audit).connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql("DROP TABLE audit_taken")
        connection.commit()
    assert Audit.open(book_url, NAMES).take_once("n-1", 60)
